"""Timings of pruning and of products with a sparse matrix."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.common.timing import Timing, measure
from cosmati.kernels.sparse.host import SparseConfig, sparse_gemm
from cosmati.kernels.sparse.prune import prune


def bench(
    m: int = 256,
    n: int = 256,
    k: int = 256,
    dtypes: tuple[str, ...] = ("float32", "float16", "int8"),
    config: SparseConfig | None = None,
    repeats: int = 5,
) -> list[Timing]:
    """Times pruning and the product of host arrays of N(0, 1) elements (int8: uniform).

    Of the product's operations those with elements that are not stored are not counted.
    """
    rng = np.random.default_rng(0)
    timings = []
    for dtype in dtypes:
        if dtype == "int8":
            a = rng.integers(-128, 128, (m, k), dtype=np.int8)
            b = rng.integers(-128, 128, (k, n), dtype=np.int8)
        else:
            a = rng.standard_normal((m, k)).astype(dtype)
            b = rng.standard_normal((k, n)).astype(dtype)
        values, metadata = prune(a)
        out = sparse_gemm(values, metadata, b, config=config)

        def call_prune(
            a: np.ndarray = a, values: np.ndarray = values, metadata: np.ndarray = metadata
        ) -> None:
            prune(a, values=values, metadata=metadata)

        def call(
            values: np.ndarray = values, metadata: np.ndarray = metadata, b: np.ndarray = b,
            out: np.ndarray = out,
        ) -> None:  # fmt: skip
            sparse_gemm(values, metadata, b, out=out, config=config)

        moved = a.nbytes + values.nbytes + metadata.nbytes
        timings.append(measure(f"prune {dtype} {m}x{k}", call_prune, bytes=moved, repeats=repeats))
        timings.append(
            measure(f"sparse gemm {dtype} {m}x{n}x{k}", call, flops=m * n * k, repeats=repeats)
        )
    return timings
