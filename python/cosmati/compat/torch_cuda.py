"""``torch.cuda``, ``torch.accelerator`` and autocast for the device that the virtual machine plays.

What can't be played (CUDA graphs, memory pools, peer access) raises an error that says so.
"""

from __future__ import annotations

import contextlib
import functools
import os
import time
import types
from collections.abc import Callable
from typing import Any

import torch

CAPABILITY = (9, 0)
NAME = "Cosmati PTX virtual machine (NVIDIA H100 instruction set)"
_TOTAL_MEMORY = 80 << 30
_TORCH_GENERATOR: Any = torch.Generator


def check_device(device: Any = None) -> int:
    """0, the only GPU there is; ValueError for others."""
    from cosmati.compat.torch_vm import is_cuda

    if device is None or isinstance(device, types.SimpleNamespace):
        return 0
    if isinstance(device, int) and device < 0:
        return 0
    if not is_cuda(device):
        raise ValueError(f"expected a cuda device, but got {device!r}")
    return 0


def properties(device: Any = None) -> Any:
    """What ``torch.cuda.get_device_properties`` says: an H100's limits, which the VM keeps."""
    check_device(device)
    return types.SimpleNamespace(
        name=NAME, major=CAPABILITY[0], minor=CAPABILITY[1], total_memory=_TOTAL_MEMORY,
        multi_processor_count=_processors(), warp_size=32, max_threads_per_multi_processor=2048,
        max_threads_per_block=1024, regs_per_multiprocessor=65536,
        shared_memory_per_block=49152, shared_memory_per_block_optin=232448,
        shared_memory_per_multiprocessor=233472, L2_cache_size=50 << 20, clock_rate=1980000,
        memory_clock_rate=2619000, memory_bus_width=5120, is_integrated=0, is_multi_gpu_board=0,
        pci_bus_id=0, pci_device_id=0, pci_domain_id=0, uuid="vm", gcnArchName="sm_90",
    )  # fmt: skip


def _processors() -> int:
    """What the driver of kernels says, so that both agree; an H100's without one."""
    try:
        from cosmati.runtime.driver import driver

        return int(driver.active.utils.get_device_properties(0)["multiprocessor_count"])
    except (ImportError, AttributeError, KeyError):
        return 132


class Stream:
    """A stream has nothing to hold: on the virtual machine a launch returns when it is done."""

    def __init__(self, device: Any = None, priority: int = 0, **unused: Any) -> None:
        self.device_index = check_device(device)
        self.priority = priority
        self.cuda_stream = 0
        self.stream_id = 0
        self.device_type = 1

    @property
    def device(self) -> torch.device:
        return torch.device("cuda", 0)

    @property
    def _as_parameter_(self) -> int:
        return 0

    def query(self) -> bool:
        return True

    def is_capturing(self) -> bool:
        return False

    def synchronize(self) -> None:
        """Everything is done already."""

    def wait_stream(self, stream: Any) -> None:
        """Everything is done already."""

    def wait_event(self, event: Any) -> None:
        """Everything is done already."""

    def record_event(self, event: Event | None = None) -> Event:
        event = event or Event()
        event.record(self)
        return event

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing to leave."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream)

    def __hash__(self) -> int:
        return hash(self.cuda_stream)


class Event:
    """A point in time on the host's clock."""

    def __init__(self, enable_timing: bool = False, **unused: Any) -> None:
        self.time: float | None = None

    def record(self, stream: Any = None) -> None:
        self.time = time.perf_counter()

    def query(self) -> bool:
        return True

    def wait(self, stream: Any = None) -> None:
        """Everything is done already."""

    def synchronize(self) -> None:
        """Everything is done already."""

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds of the host's clock: they say nothing of a GPU."""
        if self.time is None or end.time is None:
            raise RuntimeError("both events must be recorded before elapsed_time()")
        return (end.time - self.time) * 1000.0


class _GeneratorType(type(_TORCH_GENERATOR)):  # type: ignore[misc]
    """All of torch's generators are instances, also those that torch makes itself."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _TORCH_GENERATOR)


class Generator(_TORCH_GENERATOR, metaclass=_GeneratorType):  # type: ignore[misc]
    """A CPU generator, also where ``device="cuda"`` is asked for."""

    def __new__(cls, device: Any = "cpu") -> Any:
        from cosmati.compat.torch_vm import is_cuda

        return super().__new__(cls, device="cpu" if is_cuda(device) else device)


class _Device(contextlib.AbstractContextManager[Any]):
    """``torch.cuda.device(i)``, ``device_of`` and ``stream``."""

    def __init__(self, device: Any = None) -> None:
        if not isinstance(device, (torch.Tensor, Stream)):
            check_device(device)
        self.idx = self.prev_idx = 0

    def __exit__(self, *error: object) -> None:
        """Nothing to go back to."""


class _Refused:
    """Something that the virtual machine has no counterpart of."""

    what = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{self.what} needs a GPU: torch's cuda device is Cosmati's virtual machine here, "
            "which has no counterpart (docs/compat.md)"
        )


def _refuse(name: str) -> type[_Refused]:
    return type(name, (_Refused,), {"what": f"torch.cuda.{name}"})


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Accepted; there is nothing to do."""


def _answer(value: Any) -> Callable[..., Any]:
    return lambda *args, **kwargs: value


def _seed(seed: int) -> None:
    torch.default_generator.manual_seed(int(seed))


def _memory_stats(*args: Any, **kwargs: Any) -> dict[str, int]:
    return {}


def _functions() -> dict[str, Any]:
    capability = CAPABILITY
    stream = Stream()
    found: dict[str, Any] = {
        "is_available": _answer(True), "is_initialized": _answer(True), "init": _nothing,
        "_lazy_init": _nothing, "_is_in_bad_fork": _answer(False), "device_count": _answer(1),
        "_device_count_nvml": _answer(1), "current_device": _answer(0), "set_device": check_device,
        "get_device_capability": lambda device=None: (check_device(device), capability)[1],
        "get_device_name": lambda device=None: (check_device(device), NAME)[1],
        "get_device_properties": properties, "get_arch_list": _answer(["sm_90"]),
        "is_bf16_supported": _answer(True), "is_tf32_supported": _answer(True),
        "can_device_access_peer": _answer(False), "synchronize": _nothing,
        "current_stream": lambda device=None: stream, "default_stream": lambda device=None: stream,
        "set_stream": _nothing, "stream": _Device, "StreamContext": _Device, "device": _Device,
        "device_of": _Device, "_DeviceGuard": _Device, "Stream": Stream, "Event": Event,
        "ExternalStream": Stream, "empty_cache": _nothing, "ipc_collect": _nothing,
        "mem_get_info": _answer((_free_memory(), _TOTAL_MEMORY)), "memory_stats": _memory_stats,
        "memory_allocated": _answer(0), "max_memory_allocated": _answer(0),
        "memory_reserved": _answer(0), "max_memory_reserved": _answer(0),
        "reset_peak_memory_stats": _nothing, "reset_accumulated_memory_stats": _nothing,
        "memory_summary": _answer("the virtual machine uses host memory"),
        "set_per_process_memory_fraction": _nothing, "manual_seed": _seed, "manual_seed_all": _seed,
        "seed": lambda: _seed(torch.seed()), "seed_all": lambda: _seed(torch.seed()),
        "initial_seed": lambda: torch.initial_seed(),
        "get_rng_state": lambda device=None: torch.get_rng_state(),
        "set_rng_state": lambda state, device=None: torch.set_rng_state(state),
        "get_rng_state_all": lambda: [torch.get_rng_state()],
        "set_rng_state_all": lambda states: torch.set_rng_state(states[0]),
        "is_current_stream_capturing": _answer(False), "utilization": _answer(0),
    }  # fmt: skip
    for name in ("CUDAGraph", "graph", "graph_pool_handle", "make_graphed_callables", "MemPool"):
        found[name] = _refuse(name)
    return found


def _free_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def _accelerator() -> dict[str, Any]:
    stream = Stream()
    return {
        "is_available": _answer(True), "device_count": _answer(1),
        "current_accelerator": _answer(torch.device("cuda")), "current_device_index": _answer(0),
        "current_device_idx": _answer(0), "set_device_index": check_device,
        "set_device_idx": check_device, "synchronize": _nothing, "set_stream": _nothing,
        "current_stream": lambda device=None: stream, "empty_cache": _nothing,
        "memory_allocated": _answer(0), "max_memory_allocated": _answer(0),
        "reset_peak_memory_stats": _nothing,
    }  # fmt: skip


def replace() -> None:
    """Puts all of it into torch. There is no way back: other modules will have taken names."""
    for name, value in _functions().items():
        setattr(torch.cuda, name, value)
    for name, value in _accelerator().items():
        if hasattr(torch.accelerator, name):
            setattr(torch.accelerator, name, value)
    torch.cuda.nvtx.range_push = _nothing
    torch.cuda.nvtx.range_pop = _nothing
    torch.cuda.nvtx.mark = _nothing
    torch.Generator = Generator
    if not hasattr(torch._C, "_cuda_getCurrentRawStream"):
        torch._C._cuda_getCurrentRawStream = _answer(0)
    torch.compile = _uncompiled
    if torch.version.cuda is None:
        torch.version.cuda = "13.0"  # libraries take None for a build for another vendor
    _translate_devices()
    _translate_autocast()


def _uncompiled(model: Any = None, **options: Any) -> Any:
    """``torch.compile``: the function as it is. Inductor would make code for a GPU that is not."""
    return model if model is not None else lambda function: function


def _translate_devices() -> None:
    """Functions that take a device and are no part of what a mode sees."""
    from cosmati.compat.torch_vm import is_cuda

    load, set_default = torch.load, torch.set_default_device

    @functools.wraps(load)
    def load_to_cpu(f: Any, map_location: Any = None, **options: Any) -> Any:
        named = isinstance(map_location, (str, torch.device)) and is_cuda(map_location)
        return load(f, map_location="cpu" if named or map_location is None else map_location,
                    **options)  # fmt: skip

    torch.load = load_to_cpu

    @functools.wraps(set_default)
    def set_default_device(device: Any) -> None:
        # The default device's mode lies below ours, where cuda is not known any more. Tensors
        # without a device are marked as the host's; on a default of cuda they are not.
        from cosmati.compat import torch_vm

        torch_vm.default_is_cuda = device is not None and is_cuda(device)
        set_default("cpu" if torch_vm.default_is_cuda else device)

    torch.set_default_device = set_default_device


def _cpu_for_cuda(device_type: Any) -> Any:
    return "cpu" if device_type == "cuda" else device_type


def _translate_autocast() -> None:
    """Autocasting for cuda becomes that for the CPU, with cuda's default, float16."""
    autocast = torch.amp.autocast_mode.autocast
    start = autocast.__init__

    @functools.wraps(start)
    def init(
        self: Any,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: Any = None,
    ) -> None:
        if device_type == "cuda" and dtype is None:
            dtype = torch.get_autocast_dtype("cuda")
        start(self, _cpu_for_cuda(device_type), dtype, enabled, cache_enabled)

    autocast.__init__ = init
    is_enabled, set_enabled = torch.is_autocast_enabled, torch.set_autocast_enabled
    get_dtype, set_dtype = torch.get_autocast_dtype, torch.set_autocast_dtype
    dtypes = {"cuda": torch.float16}

    def enabled_for(device_type: str = "cuda") -> bool:
        return bool(is_enabled(_cpu_for_cuda(device_type)))

    def enable_for(device_type: Any, enabled: Any = None) -> None:
        if enabled is None:
            device_type, enabled = "cuda", device_type
        set_enabled(_cpu_for_cuda(device_type), enabled)

    def dtype_for(device_type: str) -> Any:
        if device_type == "cuda" and not is_enabled("cpu"):
            return dtypes["cuda"]
        return get_dtype(_cpu_for_cuda(device_type))

    def set_dtype_for(device_type: str, dtype: Any) -> None:
        if device_type == "cuda":
            dtypes["cuda"] = dtype
        set_dtype(_cpu_for_cuda(device_type), dtype)

    torch.is_autocast_enabled = enabled_for
    torch.set_autocast_enabled = enable_for
    torch.get_autocast_dtype = dtype_for
    torch.set_autocast_dtype = set_dtype_for
    torch.get_autocast_gpu_dtype = lambda: dtype_for("cuda")
    torch.set_autocast_gpu_dtype = lambda dtype: set_dtype_for("cuda", dtype)
