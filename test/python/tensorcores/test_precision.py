"""input_precision and sums of narrow types: the bounds of error_bounds.py on hostile operands."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from error_bounds import dot_bound, gamma
from tensorcore_support import (
    TARGETS,
    TYPES,
    Types,
    assert_equal,
    assert_within,
    np_type,
    run,
    tl_type,
    unwritten,
    wide,
)

PRECISIONS = ["ieee", "tf32", "tf32x3", "bf16x3", "bf16x6"]


@cosmati.jit
def dots_kernel(a, b, out, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, BK: tl.constexpr,
                PRECISION: tl.constexpr, OUT: tl.constexpr, IMPRECISE: tl.constexpr):  # fmt: skip
    i, j, k = tl.arange(0, M), tl.arange(0, N), tl.arange(0, BK)
    acc = tl.zeros((M, N), OUT)
    for start in range(0, K, BK):
        x = tl.load(a + i[:, None] * K + (start + k)[None, :])
        y = tl.load(b + (start + k)[:, None] * N + j[None, :])
        acc = tl.dot(x, y, acc, input_precision=PRECISION, out_dtype=OUT,
                     max_num_imprecise_acc=IMPRECISE)  # fmt: skip
    tl.store(out + i[:, None] * N + j[None, :], acc)


def product(a, b, types, block_k=32, imprecise=None, **options) -> np.ndarray:
    m, k, n = *a.shape, b.shape[1]
    [got] = run(
        dots_kernel, (1,), [a, b, unwritten((m, n), types.out)], [2], M=m, N=n, K=k, BK=block_k,
        PRECISION=types.precision, OUT=tl_type(types.out), IMPRECISE=imprecise, **options,
    )  # fmt: skip
    return got


def _f32(precision: str | None) -> Types:
    return Types("float32", "float32", "float32", precision)


def _just_below_rounding(bits: int, shape, seed: int) -> np.ndarray:
    """Positive; behind the first ``bits`` bits follow 0111...: rounding up or cutting shows."""
    rng = np.random.default_rng(seed)
    head = 1 + rng.integers(0, 2 ** (bits - 1), shape) * 2.0 ** (1 - bits)
    tail = np.where(rng.random(shape) < 0.5, 2.0**-bits - 2.0**-23, 2.0 ** (1 - bits) - 2.0**-23)
    return (head + tail).astype(np.float32)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_bound_holds_where_rounding_is_worst(precision, target):
    for bits in (11, 8, 22, 16):
        a = _just_below_rounding(bits, (32, 64), bits)
        b = _just_below_rounding(bits, (64, 32), bits + 50)
        got = product(a, b, _f32(precision), target=target)
        bound = dot_bound(wide(a), wide(b), None, "float32", "float32", precision)
        assert_within(got, wide(a) @ wide(b), bound, f"{bits} bits")


@pytest.mark.parametrize("warps", [1, 4])
@pytest.mark.parametrize(
    "precision, bits", [("ieee", 24), ("tf32", 11), ("tf32x3", 22), ("bf16x3", 16), ("bf16x6", 24)]
)
def test_numbers_of_so_many_bits_are_kept(precision, bits, warps):
    """A product with the identity gives the operand back, on either side."""
    rng = np.random.default_rng(0)
    a = rng.integers(-(2**bits) + 1, 2**bits, (32, 32)).astype(np.float32)
    one = np.eye(32, dtype=np.float32)
    assert_equal(product(a, one, _f32(precision), num_warps=warps), a)
    assert_equal(product(one, a, _f32(precision), num_warps=warps), a)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_infinities_and_nans_are_those_of_the_exact_product(precision):
    a, b = np.ones((16, 32), np.float32), np.full((32, 16), 1.5, np.float32)
    a[0, 3], a[1, 4], a[2, 5], a[3, 6], a[3, 7] = np.inf, -np.inf, np.nan, np.inf, -np.inf
    b[9, 5] = np.inf
    got = product(a, b, _f32(precision))
    with np.errstate(invalid="ignore"):
        expected = (wide(a) @ wide(b)).astype(np.float32)
    assert (np.isnan(got) == np.isnan(expected)).all()
    known = ~np.isnan(expected)
    assert_equal(got[known], expected[known])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_magnitudes_from_small_to_large(precision):
    rng = np.random.default_rng(3)
    scale = 2.0 ** rng.integers(-40, 41, (32, 1))
    a = (rng.standard_normal((32, 64)) * scale).astype(np.float32)
    b = (rng.standard_normal((64, 32)) * 2.0 ** rng.integers(-40, 41, (1, 32))).astype(np.float32)
    got = product(a, b, _f32(precision))
    bound = dot_bound(wide(a), wide(b), None, "float32", "float32", precision)
    assert_within(got, wide(a) @ wide(b), bound)


def test_the_default_is_tf32_or_better():
    a, b = _just_below_rounding(11, (16, 64), 1), _just_below_rounding(11, (64, 16), 2)
    bound = dot_bound(wide(a), wide(b), None, "float32", "float32", "tf32")
    assert_within(product(a, b, _f32(None)), wide(a) @ wide(b), bound)


def test_precisions_are_ordered_by_their_bounds():
    bounds = [gamma("float32", "float32", 64, p) for p in ("tf32", "bf16x3")]
    more = [gamma("float32", "float32", 64, p) for p in ("tf32x3", "ieee")]
    assert bounds[0] > bounds[1] > max(more)


@pytest.mark.parametrize("types", [t for t in TYPES if t.name not in ("float32", "int8")], ids=str)
def test_sums_that_cancel_stay_within_the_bound(types):
    """Each product comes again with the other sign; what is left is small."""
    rng = np.random.default_rng(1)
    half = rng.standard_normal((32, 64)).astype(np_type(types.a))
    a = np.concatenate([half, half], 1)
    b = rng.standard_normal((64, 32)).astype(np_type(types.b))
    small = (rng.standard_normal((64, 32)) * 2.0**-4).astype(np_type(types.b))
    b = np.concatenate([b, (small.astype(np.float32) - b.astype(np.float32)).astype(b.dtype)])
    for target in TARGETS:
        got = product(a, b, types, target=target)
        bound = dot_bound(wide(a), wide(b), None, types.name, types.out, None)
        assert_within(got, wide(a) @ wide(b), bound, target)


@pytest.mark.parametrize("imprecise", [0, 16, 32, 64])
@pytest.mark.parametrize("target", TARGETS)
def test_imprecise_sums_stay_within_the_bound(imprecise, target):
    types = Types("float8e4nv", "float8e5", "float32")
    rng = np.random.default_rng(2)
    a = rng.standard_normal((32, 256)).astype(np_type(types.a))
    b = rng.standard_normal((256, 32)).astype(np_type(types.b))
    got = product(a, b, types, block_k=64, imprecise=imprecise, target=target)
    bound = dot_bound(wide(a), wide(b), None, types.name, types.out)
    assert_within(got, wide(a) @ wide(b), bound)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float8e4nv", "float8e5"])
def test_subnormal_operands_count(name):
    info = {"float16": -24, "bfloat16": -133, "float8e4nv": -9, "float8e5": -16}
    rng = np.random.default_rng(5)
    # Whole multiples of the smallest subnormal number.
    tiny = (rng.integers(0, 4, (16, 32)) * 2.0 ** info[name]).astype(np_type(name))
    b = rng.integers(-2, 3, (32, 16)).astype(np_type(name))
    got = product(tiny, b, Types(name, name, "float32"))
    assert_equal(got, (wide(tiny) @ wide(b)).astype(np.float32))


@pytest.mark.parametrize("name", ["float8e4nv", "float8e5", "float16", "bfloat16"])
def test_every_value_of_a_type_reaches_the_product(name):
    """All bit patterns of the 8-bit types, a sample of the 16-bit ones, times the identity."""
    size = np_type(name).itemsize
    codes = np.arange(256) if size == 1 else np.random.default_rng(0).integers(0, 65536, 1024)
    values = codes.astype(f"u{size}").view(np_type(name))
    values = np.where(np.isfinite(wide(values)), values, np.ones((), values.dtype))
    one = np.eye(32).astype(values.dtype)
    for target in TARGETS:
        for block in values.astype(np_type(name)).reshape(-1, 8, 32):
            a = np.concatenate([block, block[::-1]])
            assert_equal(product(a, one, Types(name, name, "float32"), target=target), wide(a))
