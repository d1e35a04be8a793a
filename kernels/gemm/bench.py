"""Timings of the matrix product."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.common.timing import Timing, measure
from cosmati.kernels.gemm.host import GemmConfig, gemm


def bench(
    m: int = 256,
    n: int = 256,
    k: int = 256,
    dtypes: tuple[str, ...] = ("float32", "float16", "int8"),
    config: GemmConfig | None = None,
    repeats: int = 5,
) -> list[Timing]:
    """Times ``a @ b`` on host arrays of N(0, 1) elements (int8: uniform)."""
    rng = np.random.default_rng(0)
    timings = []
    for dtype in dtypes:
        if dtype == "int8":
            a = rng.integers(-128, 128, (m, k), dtype=np.int8)
            b = rng.integers(-128, 128, (k, n), dtype=np.int8)
        else:
            a = rng.standard_normal((m, k)).astype(dtype)
            b = rng.standard_normal((k, n)).astype(dtype)
        out = gemm(a, b, config=config)

        def call(a: np.ndarray = a, b: np.ndarray = b, out: np.ndarray = out) -> None:
            gemm(a, b, out=out, config=config)

        timings.append(
            measure(f"gemm {dtype} {m}x{n}x{k}", call, flops=2 * m * n * k, repeats=repeats)
        )
    return timings
