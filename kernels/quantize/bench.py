"""Timings of quantization."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.common.timing import Timing, measure
from cosmati.kernels.quantize.host import dequantize, quantize
from cosmati.kernels.quantize.spec import QuantSpec

SPECS = (
    QuantSpec("int8", "row"),
    QuantSpec("int8", "group", 32, symmetric=False),
    QuantSpec("e4m3", "group", 128),
    QuantSpec("e5m2", "tensor"),
)


def bench(rows: int = 64, cols: int = 1024, repeats: int = 5) -> list[Timing]:
    """Times quantization and its inverse on host arrays; one read and one write are counted."""
    x = np.random.default_rng(0).standard_normal((rows, cols), dtype=np.float32)
    timings = []
    for spec in SPECS:
        name = f"{spec.format} per {spec.granularity} {rows}x{cols}"
        quantized = quantize(x, spec)
        out = np.empty_like(x)

        def forward(spec: QuantSpec = spec) -> None:
            quantize(x, spec)

        def back(quantized: object = quantized, out: np.ndarray = out) -> None:
            dequantize(quantized, out=out)  # type: ignore[arg-type]

        traffic = 5 * x.size
        timings.append(measure(f"quantize {name}", forward, bytes=traffic, repeats=repeats))
        timings.append(measure(f"dequantize {name}", back, bytes=traffic, repeats=repeats))
    return timings
