"""Peaks of the GPU that is there, from what its driver says."""

from __future__ import annotations

import math
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.profile.gpus import Gpu, gpu_of_target
from cosmati.runtime.device import cuda_device, get_device

# PTX's names of tensor core operands by the names of element types. 32-bit floats count as tf32.
_OPERANDS = {
    "float16": "f16", "bfloat16": "bf16", "float32": "tf32", "int8": "s8", "uint8": "u8",
    "float8_e4m3fn": "e4m3", "float8_e5m2": "e5m2", "fp16": "f16", "bf16": "bf16", "fp32": "tf32",
    "fp8e4nv": "e4m3", "fp8e5": "e5m2", "fp8e4b15": "e4m3", "float64": "f64", "fp64": "f64",
    "int32": "tf32", "int16": "f16",
}  # fmt: skip


def _gpu(device: Any) -> Any:
    """The device, its number, or None for the current one."""
    if device is None:
        return get_device()
    if hasattr(device, "properties"):
        return device
    index = getattr(device, "index", device)
    return cuda_device(int(index or 0))


def _real(device: Any) -> Any:
    """The device, if it is a GPU; CosmatiError for the virtual machine."""
    chosen = _gpu(device)
    if chosen.on_host:
        raise CosmatiError(
            f"{chosen.properties['name']} has no peak performance; cosmati.profile.GPUS has the "
            "makers' figures of GPUs"
        )
    return chosen


def _name(dtype: Any) -> str:
    return str(getattr(dtype, "name", None) or dtype).removeprefix("torch.")


def _per_clock(peak: float, gpu: Gpu) -> float:
    """Operations per clock of a quarter of a multiprocessor: a power of two, as in hardware."""
    return 2.0 ** round(math.log2(peak / (gpu.multiprocessors * gpu.clock * 4)))


def get_dram_gbps(device: Any = None) -> float:
    """Peak bandwidth of a GPU's memory in GB/s: two transfers per clock.

    Raises CosmatiError where the driver doesn't say its memory clock, and on the virtual machine.

    Examples
    --------
    >>> round(cosmati.testing.get_dram_gbps())  # doctest: +SKIP
    3352
    """
    chosen = _real(device)
    clock = chosen.properties["memory_clock_khz"]
    width = chosen.properties["memory_bus_bits"]
    if not clock or not width:
        raise CosmatiError(
            f"the driver of {chosen.properties['name']} says no memory clock or bus width, so its "
            "bandwidth isn't known; cosmati.profile.GPUS has the makers' figures"
        )
    return float(clock * width * 2 / 1e6 / 8)


def get_max_tensorcore_tflops(dtype: Any, clock_rate: float, device: Any = None) -> float:
    """Peak of the tensor cores at ``clock_rate`` kHz in TFLOP/s, without sparsity.

    ``dtype``: of the operands, by torch's, NumPy's or the language's name. Raises CosmatiError for
    one that the tensor cores lack. Operations per clock: from profile/gpus.py.

    Examples
    --------
    >>> round(cosmati.testing.get_max_tensorcore_tflops("float16", 1.83e6))  # doctest: +SKIP
    989
    """
    chosen = _real(device)
    gpu = gpu_of_target(chosen.target)
    kind = _OPERANDS.get(_name(dtype), _name(dtype))
    if kind not in gpu.tensor_peaks:
        raise CosmatiError(
            f"the tensor cores of {chosen.target} have no peak for {_name(dtype)}; known: "
            f"{', '.join(gpu.tensor_peaks)}"
        )
    ops = _per_clock(gpu.tensor_peaks[kind], gpu)
    return float(chosen.properties["multiprocessor_count"] * 4 * clock_rate * ops * 1e-9)


def get_max_simd_tflops(dtype: Any, clock_rate: float, device: Any = None) -> float:
    """Peak outside of tensor cores at ``clock_rate`` kHz in TFLOP/s; 16-bit floats count twice.

    Raises CosmatiError for a type other than float32, float16 and bfloat16.

    Examples
    --------
    >>> round(cosmati.testing.get_max_simd_tflops("float32", 1.98e6))  # doctest: +SKIP
    67
    """
    shares = {"float32": 1, "fp32": 1, "float16": 2, "fp16": 2, "bfloat16": 2, "bf16": 2}
    chosen = _real(device)
    gpu = gpu_of_target(chosen.target)
    if _name(dtype) not in shares:
        raise CosmatiError(f"there is no peak for {_name(dtype)}; use float32, float16 or bfloat16")
    ops = _per_clock(gpu.float_peak, gpu) * shares[_name(dtype)]
    return float(chosen.properties["multiprocessor_count"] * 4 * clock_rate * ops * 1e-9)
