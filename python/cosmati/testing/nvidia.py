"""What NVIDIA's tools say and do: clocks, and the memory checker."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cosmati.errors import CosmatiError


def _run(command: Sequence[str]) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise CosmatiError(
            f"{command[0]} was not found; it comes with NVIDIA's driver or CUDA toolkit"
        ) from None
    except subprocess.CalledProcessError as error:
        text = (error.stderr or error.stdout or "").strip()
        raise CosmatiError(f"`{' '.join(command)}` failed: {text}") from None


def nvsmi(attrs: Sequence[str]) -> list[int]:
    """Numbers that ``nvidia-smi --query-gpu`` gives for the first GPU.

    Examples
    --------
    >>> cosmati.testing.nvsmi(["clocks.sm", "clocks.mem"])  # doctest: +SKIP
    [1980, 2619]
    """
    query = "--query-gpu=" + ",".join(attrs)
    text = _run(["nvidia-smi", "-i", "0", query, "--format=csv,noheader,nounits"])
    return [int(item) for item in text.split(",")]


@contextmanager
def set_gpu_clock(
    ref_sm_clock: int = 1350, ref_mem_clock: int = 1215
) -> Iterator[tuple[float, float]]:
    """Fixes the first GPU's clocks (MHz) inside of the ``with`` block; needs the right to do so.

    Gives the peaks at these clocks of that GPU: TFLOP/s of f16 tensor cores, and GB/s of its
    memory. Raises CosmatiError if the GPU doesn't follow.

    Examples
    --------
    >>> with cosmati.testing.set_gpu_clock(1350, 1215) as (tflops, gbps):  # doctest: +SKIP
    ...     cosmati.testing.do_bench(call)
    """
    from cosmati.testing.peaks import get_max_tensorcore_tflops

    smi = ["nvidia-smi", "-i", "0"]
    try:
        _run([*smi, "-pm", "1"])
        _run([*smi, f"--lock-gpu-clocks={ref_sm_clock},{ref_sm_clock}"])
        _run([*smi, f"--lock-memory-clocks={ref_mem_clock},{ref_mem_clock}"])
        names = ("clocks.current.sm", "clocks.current.memory")
        for name, wanted in zip(names, (ref_sm_clock, ref_mem_clock), strict=True):
            (now,) = nvsmi([name])
            if abs(now - wanted) >= 10:
                raise CosmatiError(f"the GPU's {name} is {now} MHz, not {wanted} MHz as was asked")
        from cosmati.runtime.device import cuda_device

        device = cuda_device(0)
        width = device.properties["memory_bus_bits"]
        tflops = get_max_tensorcore_tflops("float16", ref_sm_clock * 1e3, device)
        yield tflops, width / 8 * 2 * ref_mem_clock * 1e-3
    finally:
        for option in (["-pm", "0"], ["-rgc"], ["-rmc"]):
            _run([*smi, *option])


def cuda_memcheck(**target_kwargs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a pytest test: runs it under ``compute-sanitizer`` where the arguments match.

    The test needs the fixture ``request``. The virtual machine checks every access by itself.

    Examples
    --------
    >>> @cosmati.testing.cuda_memcheck(dtype="float32")
    ... def test_copy(dtype, request): ...
    """

    def decorate(test: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(test)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            is_inside = os.environ.get("COSMATI_IN_MEMCHECK") == "1"
            if is_inside or not target_kwargs.items() <= kwargs.items():
                return test(*args, **kwargs)
            if "request" not in kwargs:
                raise CosmatiError(f"{test.__name__} needs the pytest fixture `request`")
            path = Path(test.__globals__["__file__"]).resolve()
            name = f"{path}::{test.__name__}[{kwargs['request'].node.callspec.id}]"
            command = ["compute-sanitizer", sys.executable, "-m", "pytest", "-q", name]
            environment = {
                **os.environ, "COSMATI_IN_MEMCHECK": "1", "PYTORCH_NO_CUDA_MEMORY_CACHING": "1",
            }  # fmt: skip
            try:
                done = subprocess.run(command, capture_output=True, text=True, env=environment)
            except FileNotFoundError:
                raise CosmatiError(
                    "compute-sanitizer was not found; it comes with the CUDA toolkit"
                ) from None
            assert done.returncode == 0, done.stdout + done.stderr
            assert "ERROR SUMMARY: 0 errors" in done.stdout, done.stdout
            return None

        return wrapper

    return decorate
