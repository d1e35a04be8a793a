"""A product in loops over boundary shapes; types and shapes of one dot: test/python/language."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import np_dtype


@cosmati.jit
def gemm(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    i = tl.program_id(0) * BM + tl.arange(0, BM)
    j = tl.program_id(1) * BN + tl.arange(0, BN)
    k = tl.arange(0, BK)
    acc = tl.zeros((BM, BN), dtype=tl.float32)
    for k0 in range(0, K, BK):
        x = tl.load(
            a + i[:, None] * K + (k0 + k)[None, :],
            mask=(i[:, None] < M) & ((k0 + k)[None, :] < K),
            other=0.0,
        )
        y = tl.load(
            b + (k0 + k)[:, None] * N + j[None, :],
            mask=((k0 + k)[:, None] < K) & (j[None, :] < N),
            other=0.0,
        )
        acc = tl.dot(x, y, acc, input_precision="ieee")
    tl.store(c + i[:, None] * N + j[None, :], acc, mask=(i[:, None] < M) & (j[None, :] < N))


@pytest.mark.parametrize("shape", [(1, 1, 1), (16, 16, 16), (33, 17, 50), (64, 65, 40)], ids=str)
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_gemm_over_boundary_shapes(name, shape):
    m, n, k = shape
    rng = np.random.default_rng(0)
    a = rng.standard_normal((m, k)).astype(np_dtype(name))
    b = rng.standard_normal((k, n)).astype(np_dtype(name))
    c = np.zeros((m, n), np.float32)
    gemm[(cosmati.cdiv(m, 16), cosmati.cdiv(n, 16))](a, b, c, m, n, k, BM=16, BN=16, BK=16)
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    bound = 4 * 2.0**-24 * np.sqrt(k) * (np.abs(wide_a) @ np.abs(wide_b))
    assert (np.abs(c - wide_a @ wide_b) <= bound + 1e-7).all()
