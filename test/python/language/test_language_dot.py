"""tl.dot: every combination of types, shapes, warps and places in a kernel.

Whole numbers make products and sums exact in every type, whatever the order; random values are
held to c * eps * sqrt(K) * sum |a| |b|.
"""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import FORMATS, NUM_WARPS, assert_same, exact, np_type, tl_type

# types of a and b, of the result, out_dtype
COMBINATIONS = [
    ("float16", "float16", "float32", None), ("float16", "float16", "float16", "float16"),
    ("float16", "float16", "float32", "float32"), ("bfloat16", "bfloat16", "float32", None),
    ("float32", "float32", "float32", None), ("float64", "float64", "float64", None),
    ("int8", "int8", "int32", None), ("int8", "int8", "int32", "int32"),
    ("float8e4nv", "float8e4nv", "float32", None), ("float8e5", "float8e5", "float32", None),
    ("float8e4nv", "float8e5", "float32", None), ("float8e5", "float8e4nv", "float32", None),
    ("float8e5", "float8e5", "float16", "float16"),
]  # fmt: skip


@cosmati.jit
def dot_kernel(
    a, b, c, out, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, OUT: tl.constexpr,
    PRECISION: tl.constexpr,
):  # fmt: skip
    i, j, k = tl.arange(0, M)[:, None], tl.arange(0, N)[None, :], tl.arange(0, K)
    x = tl.load(a + i * K + k[None, :])
    y = tl.load(b + k[:, None] * N + j)
    if c is None:
        result = tl.dot(x, y, out_dtype=OUT, input_precision=PRECISION)
    else:
        acc = tl.load(c + i * N + j)
        result = tl.dot(x, y, acc, out_dtype=OUT, input_precision=PRECISION)
    tl.static_assert(result.dtype == out.dtype.element_ty)
    tl.store(out + i * N + j, result)


def whole(shape: tuple[int, ...], name: str, seed: int, high: int = 3) -> np.ndarray:
    values = np.random.default_rng(seed).integers(-high, high + 1, shape)
    return values.astype(np_type(name))


def product(a: np.ndarray, b: np.ndarray, out: str, acc: np.ndarray | None = None,
            out_dtype: str | None = None, precision: str | None = None,
            **options: int) -> np.ndarray:  # fmt: skip
    result = np.zeros((a.shape[0], b.shape[1]), np_type(out))
    dot_kernel[(1,)](
        a, b, acc, result, M=a.shape[0], N=b.shape[1], K=a.shape[1],
        OUT=tl_type(out_dtype) if out_dtype else None, PRECISION=precision, **options,
    )  # fmt: skip
    return result


def _exact_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return exact(a).astype(np.float64) @ exact(b).astype(np.float64)


@pytest.mark.parametrize("left, right, out, out_dtype", COMBINATIONS)
@pytest.mark.parametrize(
    "shape", [(16, 16, 16), (32, 16, 64), (16, 128, 32), (64, 64, 16)], ids=str
)
def test_every_combination_of_types(left, right, out, out_dtype, shape):
    m, n, k = shape
    a, b = whole((m, k), left, 1), whole((k, n), right, 2)
    acc = whole((m, n), out, 3, 20)
    for given in (None, acc):
        got = product(a, b, out, given, out_dtype)
        expected = _exact_product(a, b) + (0 if given is None else exact(acc).astype(np.float64))
        assert_same(got, expected.astype(np_type(out)), "with acc" if given is not None else "")


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", [
    (1, 1, 16), (1, 16, 16), (16, 1, 32), (2, 4, 16), (8, 8, 64), (16, 16, 128), (64, 16, 32),
    (32, 64, 32),
], ids=str)  # fmt: skip
def test_every_shape_by_any_number_of_warps(shape, num_warps):
    m, n, k = shape
    for name, out in (("float16", "float32"), ("int8", "int32")):
        a, b, acc = whole((m, k), name, 1), whole((k, n), name, 2), whole((m, n), out, 3)
        got = product(a, b, out, acc, num_warps=num_warps)
        assert_same(got, (_exact_product(a, b) + acc).astype(out), name)


@pytest.mark.parametrize(
    "shape, num_warps",
    [((128, 64, 32), 4), ((128, 128, 16), 8), ((16, 128, 128), 4), ((64, 64, 128), 8)],
    ids=str,
)
def test_large_shapes(shape, num_warps):
    m, n, k = shape
    a, b = whole((m, k), "bfloat16", 1), whole((k, n), "bfloat16", 2)
    assert_same(product(a, b, "float32", num_warps=num_warps), _exact_product(a, b).astype("f4"))


@pytest.mark.parametrize("left, right, out, out_dtype", [c for c in COMBINATIONS if c[0] != "int8"])
def test_random_values_stay_within_the_bound(left, right, out, out_dtype):
    rng = np.random.default_rng(0)
    a = rng.standard_normal((32, 64)).astype(np_type(left))
    b = rng.standard_normal((64, 32)).astype(np_type(right))
    got = product(a, b, out, None, out_dtype, "ieee")
    eps = 2.0 ** -(FORMATS[out].mantissa + 1)
    bound = 2 * eps * np.sqrt(64) * _exact_product(abs(a), abs(b))
    assert (np.abs(exact(got) - _exact_product(a, b)) <= bound).all()


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("m", [4, 64])
@pytest.mark.parametrize("left, right", [("uint8", "uint8"), ("int8", "uint8"), ("uint8", "int8")])
def test_bytes_of_any_signs(left, right, m, target):
    rng = np.random.default_rng(m)
    a = rng.integers(0, 256, (m, 64), np.uint8).view(np_type(left))
    b = rng.integers(0, 256, (64, 32), np.uint8).view(np_type(right))
    with cosmati.options(target=target):
        assert_same(product(a, b, "int32"), a.astype(np.int32) @ b.astype(np.int32))


def test_int8_sums_do_not_saturate():
    a, b = np.full((16, 128), -128, np.int8), np.full((128, 16), -128, np.int8)
    assert (product(a, b, "int32") == 128 * 128 * 128).all()
    acc = np.full((16, 16), 2**31 - 1, np.int32)
    assert (product(a, b, "int32", acc) == 128**3 - 2**31 - 1).all()


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64", "float8e5"])
def test_infinities_and_nans_spread(name):
    a, b = whole((16, 16), name, 1), np.ones((16, 16), np_type(name))
    a[0, 3], a[1, 5] = np.inf, np.nan
    a[2, 0], a[2, 1] = np.inf, -np.inf
    got = product(a, b, "float64" if name == "float64" else "float32")
    assert np.isposinf(got[0]).all() and np.isnan(got[1]).all() and np.isnan(got[2]).all()
    assert_same(got[3:], _exact_product(a[3:], b).astype(got.dtype))


@pytest.mark.parametrize("precision", ["tf32", "tf32x3", "ieee", "bf16x3", "bf16x6", None])
def test_input_precision_keeps_whole_numbers_exact(precision):
    a, b = whole((16, 32), "float32", 1, 100), whole((32, 16), "float32", 2, 100)
    assert_same(product(a, b, "float32", precision=precision), _exact_product(a, b).astype("f4"))


@pytest.mark.parametrize("precision, bits", [("ieee", 23), ("tf32x3", 21), ("tf32", 10)])
def test_input_precision_is_at_least_what_it_says(precision, bits):
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((32, 32)).astype(np.float32) for _ in range(2))
    got = product(a, b, "float32", precision=precision)
    bound = 4 * 2.0 ** -(bits + 1) * np.sqrt(32) * _exact_product(abs(a), abs(b))
    assert (np.abs(got - _exact_product(a, b)) <= bound).all()


@cosmati.jit
def chained_kernel(q, k, v, out, M: tl.constexpr, N: tl.constexpr, D: tl.constexpr):
    """(q k^T) v, with the second product's operand made by the first one."""
    i, j, d = tl.arange(0, M), tl.arange(0, N), tl.arange(0, D)
    x = tl.load(q + i[:, None] * D + d[None, :])
    y = tl.load(k + j[:, None] * D + d[None, :])
    z = tl.load(v + j[:, None] * D + d[None, :])
    scores = tl.dot(x, tl.trans(y))
    largest = tl.max(scores, 1)
    result = tl.dot((scores - largest[:, None]).to(z.dtype), z)
    tl.store(out + i[:, None] * D + d[None, :], result)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("name", ["float16", "float32"])
def test_products_of_products(name, num_warps):
    q, k, v = (whole((32, 16), name, seed) for seed in (1, 2, 3))
    out = np.zeros((32, 16), np.float32)
    chained_kernel[(1,)](q, k, v, out, M=32, N=32, D=16, num_warps=num_warps)
    scores = _exact_product(q, k.T)
    expected = (scores - scores.max(1)[:, None]) @ v.astype(np.float64)
    assert_same(out, expected.astype(np.float32))


@cosmati.jit
def batched_kernel(a, b, out, B: tl.constexpr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr):
    batch, i, j, k = tl.arange(0, B), tl.arange(0, M), tl.arange(0, N), tl.arange(0, K)
    x = tl.load(a + (batch[:, None, None] * M + i[None, :, None]) * K + k[None, None, :])
    y = tl.load(b + (batch[:, None, None] * K + k[None, :, None]) * N + j[None, None, :])
    place = (batch[:, None, None] * M + i[None, :, None]) * N + j[None, None, :]
    tl.store(out + place, tl.dot(x, y))


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", [(1, 16, 16, 16), (4, 16, 32, 16), (2, 8, 8, 32)], ids=str)
def test_batches(shape, num_warps):
    batch, m, n, k = shape
    a, b = whole((batch, m, k), "float16", 1), whole((batch, k, n), "float16", 2)
    out = np.zeros((batch, m, n), np.float32)
    batched_kernel[(1,)](a, b, out, B=batch, M=m, N=n, K=k, num_warps=num_warps)
    assert_same(out, (a.astype("f8") @ b.astype("f8")).astype("f4"))


@cosmati.jit
def looped_kernel(a, b, out, M, N, K, TRANSPOSED: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
                  BK: tl.constexpr):  # fmt: skip
    i = tl.program_id(0) * BM + tl.arange(0, BM)
    j = tl.program_id(1) * BN + tl.arange(0, BN)
    acc = tl.zeros((BM, BN), tl.int32 if a.dtype.element_ty == tl.int8 else tl.float32)
    for start in range(0, K, BK):
        k = start + tl.arange(0, BK)
        x = tl.load(a + i[:, None] * K + k[None, :], (i[:, None] < M) & (k[None, :] < K), 0)
        if TRANSPOSED:
            y = tl.load(b + j[:, None] * K + k[None, :], (j[:, None] < N) & (k[None, :] < K), 0).T
        else:
            y = tl.load(b + k[:, None] * N + j[None, :], (k[:, None] < K) & (j[None, :] < N), 0)
        acc += tl.dot(x, y)
    tl.store(out + i[:, None] * N + j[None, :], acc, (i[:, None] < M) & (j[None, :] < N))


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("name", ["float8e4nv", "int8", "float16"])
def test_loops_over_any_extents(name, transposed):
    for m, n, k in [(1, 1, 1), (31, 33, 17), (32, 32, 32), (37, 5, 100)]:
        a, b = whole((m, k), name, 1), whole((k, n), name, 2)
        out = np.zeros((m, n), np.int32 if name == "int8" else np.float32)
        right = np.ascontiguousarray(b.T) if transposed else b
        grid = (cosmati.cdiv(m, 32), cosmati.cdiv(n, 32))
        looped_kernel[grid](a, right, out, m, n, k, TRANSPOSED=transposed, BM=32, BN=32, BK=32)
        assert_same(out, _exact_product(a, b).astype(out.dtype))


@cosmati.jit
def refused(A: tl.constexpr, B: tl.constexpr, M: tl.constexpr, K: tl.constexpr, L: tl.constexpr,
            OUT: tl.constexpr):  # fmt: skip
    tl.dot(tl.zeros((M, K), A), tl.zeros((L, M), B), out_dtype=OUT)


@pytest.mark.parametrize(
    "a, b, k, inner, out, message",
    [
        ("float16", "bfloat16", 16, 16, None, "must be same dtype"),
        ("int32", "int32", 16, 16, None, "Unsupported lhs dtype"),
        ("uint8", "float16", 16, 16, None, "must be same dtype"),
        ("float16", "float16", 8, 8, None, "K >= 16"),
        ("float16", "float16", 16, 32, None, "not compatible"),
        ("float16", "float16", 16, 16, "bfloat16", "out_dtype=bfloat16 is unsupported"),
    ],
)
def test_what_is_refused(a, b, k, inner, out, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        refused[(1,)](A=tl_type(a), B=tl_type(b), M=16, K=k, L=inner, OUT=out and tl_type(out))
