"""tl.dot against NumPy, for each combination of types that the language allows."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import np_dtype, samples, tl_dtype


@cosmati.jit
def product(a, b, c, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, OUT: tl.constexpr):
    i, j, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    x = tl.load(a + i[:, None] * K + k[None, :])
    y = tl.load(b + k[:, None] * N + j[None, :])
    tl.store(c + i[:, None] * N + j[None, :], tl.dot(x, y, input_precision="ieee", out_dtype=OUT))


_TYPES = [
    ("int8", "int32"), ("float16", "float32"), ("float16", "float16"), ("bfloat16", "float32"),
    ("float32", "float32"), ("float64", "float64"), ("float8_e4m3fn", "float32"),
    ("float8_e5m2", "float32"),
]  # fmt: skip
_EPS = {"float32": 2.0**-24, "float16": 2.0**-11, "float64": 2.0**-53}


def _operands(name, m, n, k):
    a = samples(name, m * k, 1).reshape(m, k)
    b = samples(name, k * n, 2).reshape(k, n)
    return a, b


@pytest.mark.parametrize("shape", [(16, 16, 16), (32, 64, 16), (64, 32, 32)], ids=str)
@pytest.mark.parametrize("name, out", _TYPES)
def test_product(name, out, shape):
    m, n, k = shape
    a, b = _operands(name, m, n, k)
    c = np.zeros((m, n), out)
    product[(1,)](a, b, c, M=m, N=n, K=k, OUT=tl_dtype(out))
    if out == "int32":
        np.testing.assert_array_equal(c, a.astype(np.int32) @ b.astype(np.int32))
        return
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    bound = 4 * _EPS[out] * np.sqrt(k) * (np.abs(wide_a) @ np.abs(wide_b))
    assert (np.abs(c.astype(np.float64) - wide_a @ wide_b) <= bound + 1e-300).all()


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
