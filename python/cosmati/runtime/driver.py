"""The device that kernels run on, as libraries ask for it: ``cosmati.runtime.driver.active``.

Everything is looked up when it is asked for: importing this module touches no device. It works
without torch; where torch is loaded, its current device and stream are followed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.runtime.target import GPUTarget, c_type, target_of

# What the virtual machine's GPU is like where its device does not say: the data sheet's numbers of
# the first GPU with that architecture, in kHz and bits.
_CLOCKS = {
    "80": (1410000, 1215000, 5120),  # A100 SXM 40 GB
    "86": (1695000, 6251000, 384),  # A10
    "89": (2520000, 9001000, 384),  # L40S
    "90": (1980000, 2619000, 5120),  # H100 SXM
    "100": (1965000, 3996000, 8192),  # B200
    "120": (2407000, 14001000, 512),  # RTX 5090
}


class DriverBase:
    """What ``cosmati.runtime.driver.set_active`` takes."""

    @classmethod
    def is_active(cls) -> bool:
        return True

    def get_current_target(self) -> Any:
        raise NotImplementedError

    def get_active_torch_device(self) -> Any:
        raise NotImplementedError

    def get_benchmarker(self) -> Callable[..., Sequence[float]]:
        raise NotImplementedError


class DeviceUtils:
    """``driver.active.utils``."""

    def get_device_properties(self, device: int = 0) -> dict[str, int]:
        """Properties of GPU number ``device``, or of the GPU that the virtual machine models.

        Keys: max_shared_mem (bytes of a CTA), multiprocessor_count, max_num_regs (of a CTA),
        warpSize, sm_clock_rate and mem_clock_rate (kHz), mem_bus_width (bits).
        """
        from cosmati.runtime.device import cuda_device, get_device

        current = get_device()
        if current.kind == "cuda" and device != current.ordinal:
            current = cuda_device(device)
        facts = current.properties
        number = "".join(c for c in current.target if c.isdigit())
        clock, memory, width = _CLOCKS.get(number, (0, 0, 0))
        return {
            "max_shared_mem": facts["max_shared_mem"],
            "multiprocessor_count": facts["multiprocessor_count"],
            "max_num_regs": facts["registers_per_block"] or 65536,
            "warpSize": 32,
            "sm_clock_rate": facts["clock_khz"] or clock,
            "mem_clock_rate": facts["memory_clock_khz"] or memory,
            "mem_bus_width": facts["memory_bus_bits"] or width,
        }

    def load_binary(self, *args: Any) -> Any:
        raise NotImplementedError(
            "load_binary: images are loaded by cosmati.compile(...) or a launch; for PTX from "
            "elsewhere use cosmati.compile('FILE.ptx')"
        )

    def unload_module(self, module: Any) -> None:
        """Does nothing: an image is unloaded with the last CompiledKernel of it."""


class Driver(DriverBase):
    """The driver of whatever device kernels run on: a GPU, or the virtual machine."""

    def __init__(self) -> None:
        self.utils = DeviceUtils()

    def get_current_target(self) -> GPUTarget:
        """``GPUTarget("cuda", 90, 32)``: of the device, or of the GPU that the VM models."""
        from cosmati.runtime.device import get_device

        return target_of(get_device().target)

    def get_device_capability(self, device: int | None = None) -> tuple[int, int]:
        """(9, 0) for sm_90a."""
        arch = int(self.get_current_target().arch)
        return arch // 10, arch % 10

    def get_current_device(self) -> int:
        """Number of the GPU that kernels of torch's current device run on; 0 on the VM."""
        from cosmati.runtime.device import get_device

        current = get_device()
        if current.kind != "cuda":
            return 0
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            return int(torch.cuda.current_device())
        return int(current.ordinal)

    def set_current_device(self, device: int) -> None:
        from cosmati.runtime.device import get_device, set_device

        if get_device().kind != "cuda":
            if device != 0:
                raise CosmatiError(f"there is no GPU {device}: kernels run on the virtual machine")
            return
        set_device(device)
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_available():
            torch.cuda.set_device(device)

    def get_current_stream(self, device: int | None = None) -> int:
        """The stream that launches go to, as a number: torch's current one, else 0."""
        torch = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_available() or self._on_vm():
            return 0
        ordinal = self.get_current_device() if device is None else device
        return int(torch.cuda.current_stream(ordinal).cuda_stream)

    @staticmethod
    def _on_vm() -> bool:
        from cosmati.runtime.device import get_device

        return bool(get_device().kind != "cuda")

    def get_active_torch_device(self) -> Any:
        """``torch.device("cuda", N)``; ``torch.device("cpu")`` where kernels run on the VM."""
        torch = _torch("get_active_torch_device")
        if self._on_vm():
            return torch.device("cpu")
        return torch.device("cuda", self.get_current_device())

    def get_device_interface(self) -> Any:
        """``torch.cuda``; ``torch.cpu`` where kernels run on the VM."""
        torch = _torch("get_device_interface")
        return torch.cpu if self._on_vm() else torch.cuda

    def get_benchmarker(self) -> Callable[..., Any]:
        """``cosmati.testing.do_bench``."""
        from cosmati.testing import do_bench

        return do_bench

    def get_empty_cache_for_benchmark(self) -> Any:
        """256 MB that a benchmark writes between runs to flush the L2 cache; 1 kB on the VM."""
        size = 1 << 10 if self._on_vm() else 256 << 20
        torch = sys.modules.get("torch")
        if torch is None:
            import numpy as np

            if not self._on_vm():
                _torch("get_empty_cache_for_benchmark")
            return np.zeros(size // 4, np.int32)
        return torch.empty(size // 4, dtype=torch.int32, device=self.get_active_torch_device())

    def clear_cache(self, cache: Any) -> None:
        """Writes zeros over what get_empty_cache_for_benchmark() gave."""
        if hasattr(cache, "zero_"):
            cache.zero_()
        else:
            cache[...] = 0

    def map_python_to_cpp_type(self, ty: str) -> str:
        """C's type for a signature's: "CUdeviceptr" for ``"*fp32"``."""
        return c_type(ty)


def _torch(what: str) -> Any:
    try:
        import torch
    except ImportError:
        raise CosmatiError(
            f"{what} gives objects of torch, which is not installed: pip install torch"
        ) from None
    return torch


class DriverConfig:
    """The driver that libraries ask about the device."""

    def __init__(self) -> None:
        self._default: Any = None
        self._active: Any = None

    @property
    def default(self) -> Any:
        """A Driver: the device that kernels run on."""
        if self._default is None:
            self._default = Driver()
        return self._default

    @property
    def active(self) -> Any:
        return self.default if self._active is None else self._active

    def set_active(self, driver: Any) -> None:
        """Answers what libraries ask with ``driver``. Launches go where ``set_device`` says."""
        self._active = driver

    def reset_active(self) -> None:
        self._active = None


driver = DriverConfig()
