"""The main job: kernels on N(0, 1) inputs, compiled at run time, run, and compared with NumPy.

``cosmati run`` prints what it reports.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from cosmati.kernels.attention import AttentionConfig
from cosmati.kernels.attention import reference as attention_reference
from cosmati.kernels.attention.host import launch as launch_attention
from cosmati.kernels.common.device_array import to_device, to_numpy
from cosmati.kernels.common.timing import device_name, median_microseconds
from cosmati.kernels.gemm import GemmConfig
from cosmati.kernels.gemm import reference as gemm_reference
from cosmati.kernels.gemm.activations import gelu
from cosmati.kernels.gemm.host import launch as launch_gemm
from cosmati.kernels.quantize import QTensor, QuantSpec, reference_dequantize
from cosmati.kernels.quantize import reference as quantize_reference
from cosmati.kernels.quantize.host import launch as launch_quantize
from cosmati.kernels.quantize.host import launch_back


@dataclass(frozen=True)
class KernelReport:
    """What happened to one kernel of the job.

    Attributes
    ----------
    name : str
        Kernel, types and extents.
    device : str
        "vm", or the GPU's name.
    compile_ms : dict of str to float
        Milliseconds of each stage of the compilation; empty where a cache had the kernel.
    cache : {"compiled", "disk", "memory"}
        Where the kernel came from; the last two are cache hits.
    first_ms : float
        Wall time of the first call, with everything that it had to do.
    launch_us : float
        Median wall time of a further launch, until the device is idle.
    error, bound : float
        Largest absolute difference from the float64 reference, and the largest that is accepted (0:
        every byte must agree).
    """

    name: str
    device: str
    cache: str
    first_ms: float
    launch_us: float
    error: float
    bound: float
    compile_ms: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the kernel agrees with NumPy."""
        return bool(self.error <= self.bound)

    def __str__(self) -> str:
        where = "cache miss" if self.cache == "compiled" else f"cache hit ({self.cache})"
        stages = ", ".join(f"{name} {ms:.1f}" for name, ms in self.compile_ms.items() if ms >= 0.05)
        verdict = "ok" if self.ok else "WRONG"
        agreed = f"{self.error:.2g}"
        allowed = f"{self.bound:.2g}"
        return (
            f"{self.name} on {self.device}\n"
            f"    {where}; compile ms: {stages or 'none'}; first call {self.first_ms:.0f} ms\n"
            f"    launch {self.launch_us:.0f} us; "
            f"largest error {agreed} (allowed: {allowed}): {verdict}"
        )


@dataclass(frozen=True)
class Job:
    """A launch that gives its compiled kernel, and what it must have made afterwards."""

    name: str
    launch: Callable[[], Any]
    compare: Callable[[], tuple[float, float]]  # (error, bound)


def _gemm_job(rng: np.random.Generator) -> Job:
    """gelu(a @ b + bias) of extents that no block divides."""
    m, n, k = 200, 136, 120
    a, b = (rng.standard_normal(shape).astype(np.float16) for shape in ((m, k), (k, n)))
    bias = rng.standard_normal(n).astype(np.float16)
    out = to_device(np.empty((m, n), np.float32))
    parts = [to_device(x) for x in (a, b, bias)]

    def launch() -> Any:
        return launch_gemm(parts[0], parts[1], out, parts[2], gelu, "ieee", GemmConfig())

    def compare() -> tuple[float, float]:
        want = gemm_reference(a, b, bias, "gelu")
        scale = np.sqrt(k) * gemm_reference(np.abs(a), np.abs(b), np.abs(bias))
        bound = 4.0 * np.finfo(np.float32).eps * (1.2 * scale + np.abs(want) + 1).max()
        return float(np.abs(to_numpy(out) - want).max()), float(bound)

    return Job(f"gemm + bias + gelu float16 {m}x{n}x{k}", launch, compare)


def _attention_job(rng: np.random.Generator) -> Job:
    """Causal, with two query heads to a head of keys."""
    length, dim = 150, 64
    q = rng.standard_normal((1, 2, length, dim)).astype(np.float16)
    k, v = rng.standard_normal((2, 1, 1, length, dim)).astype(np.float16)
    out = to_device(np.empty(q.shape, np.float16))
    lse = to_device(np.empty(q.shape[:3], np.float32))
    parts = [to_device(x) for x in (q, k, v)]

    def launch() -> Any:
        config = AttentionConfig()
        return launch_attention(*parts, out, lse, True, dim**-0.5, "ieee", config)

    def compare() -> tuple[float, float]:
        want, _ = attention_reference(q, k, v, causal=True)
        magnitude, _ = attention_reference(q, k, np.abs(v), causal=True)
        bound = 2.0 * np.finfo(np.float16).eps * magnitude.max()
        return float(np.abs(to_numpy(out).astype(np.float64) - want).max()), float(bound)

    return Job(f"attention causal float16 2x{length}x{dim}", launch, compare)


def _quantize_jobs(rng: np.random.Generator) -> Iterator[Job]:
    """There and back; both must agree byte by byte."""
    x = rng.standard_normal((64, 1000)).astype(np.float32)
    for spec in (QuantSpec("int8", "row", symmetric=False), QuantSpec("e4m3", "group", 128)):
        shape = spec.scale_shape(x.shape)
        data = np.empty(x.shape, np.int8 if spec.format == "int8" else np.uint8)
        zeros = None if spec.symmetric else to_device(np.empty(shape, np.int8))
        quantized = QTensor(to_device(data), to_device(np.empty(shape, np.float32)), zeros, spec)
        source, back = to_device(x), to_device(np.empty_like(x))
        want = quantize_reference(x, spec)
        name = f"{spec.format} per {spec.granularity} {x.shape[0]}x{x.shape[1]}"

        def forward(source: Any = source, quantized: QTensor = quantized) -> Any:
            return launch_quantize(source, quantized, False, 4)

        def codes(quantized: QTensor = quantized, want: QTensor = want) -> tuple[float, float]:
            got = to_numpy(quantized.data).astype(np.int32)
            scales = to_numpy(quantized.scales).astype(np.float64)
            wrong = np.abs(got - want.data).max() + np.abs(scales - want.scales).max()
            return float(wrong), 0.0

        def backward(quantized: QTensor = quantized, back: Any = back) -> Any:
            return launch_back(quantized, back, 4)

        def values(back: Any = back, want: QTensor = want) -> tuple[float, float]:
            return float(np.abs(to_numpy(back) - reference_dequantize(want)).max()), 0.0

        yield Job(f"quantize {name}", forward, codes)
        yield Job(f"dequantize {name}", backward, values)


def jobs() -> Iterator[Job]:
    """The kernels of the main job, in order."""
    rng = np.random.default_rng(0)
    yield _gemm_job(rng)
    yield _attention_job(rng)
    yield from _quantize_jobs(rng)


def run(job: Job, repeats: int = 5) -> KernelReport:
    """Launches a job once as a user's first call would, compares, and times further launches."""
    start = time.perf_counter()
    compiled = job.launch()
    first_ms = (time.perf_counter() - start) * 1e3
    launch_us = median_microseconds(job.launch, repeats, warmup=0)
    error, bound = job.compare()
    return KernelReport(
        job.name, device_name(), compiled.origin, first_ms, launch_us, error, bound,
        dict(compiled.times),
    )  # fmt: skip


def main_job(report: Callable[[KernelReport], None]) -> bool:
    """Runs every job, reporting each as it is done; whether all agree with NumPy."""
    ok = True
    for job in jobs():
        made = run(job)
        report(made)
        ok = ok and made.ok
    return ok


def main() -> int:
    """Runs the job and prints its report; an exit status."""
    if main_job(print):
        print("all kernels agree with NumPy")
        return 0
    print("some kernels do NOT agree with NumPy")
    return 1


if __name__ == "__main__":
    sys.exit(main())
