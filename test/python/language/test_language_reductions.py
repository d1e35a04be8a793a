"""Reductions along every axis, of every type, on boundary shapes and numbers of warps."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.testing import evaluate
from language_support import (
    ALL_TYPES,
    FLOATS,
    FORMATS,
    INTEGERS,
    NUM_WARPS,
    assert_same,
    cast,
    exact,
    exactly_summable,
    extremum_type,
    is_float,
    np_type,
    on_block,
    samples,
    sum_type,
)

SHAPES = [
    (1,), (2,), (16,), (32,), (64,), (128,), (1024,), (1, 32), (32, 1), (1, 1), (2, 256), (16, 64),
    (64, 16), (2, 4, 8), (4, 1, 32),
]  # fmt: skip


@cosmati.jit
def put(out, value, SIZE: tl.constexpr):
    """Stores a block of SIZE elements, or a scalar."""
    if len(value.shape) == 0:
        tl.store(out, value)
    else:
        tl.store(out + tl.arange(0, SIZE), tl.reshape(value, (SIZE,)))


@cosmati.jit
def reduce_kernel(
    x, sums, largest, smallest, argmax, argmin, xors, ors,
    SHAPE: tl.constexpr, NUMEL: tl.constexpr, SIZE: tl.constexpr, AXIS: tl.constexpr,
    KEEP: tl.constexpr, RANK: tl.constexpr,
):  # fmt: skip
    block = tl.reshape(tl.load(x + tl.arange(0, NUMEL)), SHAPE)
    if sums is not None:
        total = tl.sum(block, AXIS, keep_dims=KEEP)
        tl.static_assert(total.dtype == sums.dtype.element_ty)
        tl.static_assert(len(total.shape) == RANK)
        put(sums, total, SIZE)
    high = tl.max(block, AXIS, keep_dims=KEEP)
    tl.static_assert(high.dtype == largest.dtype.element_ty)
    tl.static_assert(len(high.shape) == RANK)
    put(largest, high, SIZE)
    put(smallest, block.min(AXIS, keep_dims=KEEP), SIZE)
    if AXIS is not None:
        position = tl.argmax(block, AXIS, keep_dims=KEEP)
        tl.static_assert(position.dtype == tl.int32)
        put(argmax, position, SIZE)
        put(argmin, block.argmin(AXIS, keep_dims=KEEP), SIZE)
    if xors is not None:
        put(xors, tl.xor_sum(block, AXIS, keep_dims=KEEP), SIZE)
    if ors is not None:
        put(ors, tl.reduce_or(block, AXIS, keep_dims=KEEP), SIZE)


def check_reductions(
    name: str, shape: tuple[int, ...], axis: int | None, keep: bool, num_warps: int
) -> None:
    x = exactly_summable(name, int(np.prod(shape)), len(shape)).reshape(shape)
    rank = 0 if axis is None else len(shape) - 1
    rank = len(shape) if keep else rank
    size = x.size // shape[axis] if axis is not None else 1
    sums = np.zeros(size, np_type(sum_type(name))) if "float8" not in name else None
    largest, smallest = (np.zeros(size, np_type(extremum_type(name))) for _ in range(2))
    argmax, argmin = (np.full(size, -7, np.int32) for _ in range(2))
    xors, ors = (np.zeros(size, np_type(name)) if name in INTEGERS else None for _ in range(2))
    reduce_kernel[(1,)](
        x.reshape(-1), sums, largest, smallest, argmax, argmin, xors,
        ors if axis is not None else None, SHAPE=shape, NUMEL=x.size, SIZE=size, AXIS=axis,
        KEEP=keep, RANK=rank, num_warps=num_warps,
    )  # fmt: skip
    wide = exact(x)
    if sums is not None:
        if is_float(name):
            assert_same(sums, wide.sum(axis).reshape(-1).astype(np_type(name)), "sum")
        else:
            total = cast(x, sum_type(name)).sum(axis, dtype=sums.dtype)
            assert_same(sums, np.asarray(total).reshape(-1), "sum")
    as_result = cast(x, extremum_type(name))
    np.testing.assert_array_equal(largest, np.max(as_result, axis).reshape(-1), "max")
    np.testing.assert_array_equal(smallest, np.min(as_result, axis).reshape(-1), "min")
    if axis is not None:
        np.testing.assert_array_equal(argmax, wide.argmax(axis).reshape(-1), "argmax")
        np.testing.assert_array_equal(argmin, wide.argmin(axis).reshape(-1), "argmin")
    if xors is not None:
        assert_same(xors, np.asarray(np.bitwise_xor.reduce(x, axis)).reshape(-1), "xor_sum")
        if axis is not None:
            assert_same(ors, np.asarray(np.bitwise_or.reduce(x, axis)).reshape(-1), "reduce_or")


@pytest.mark.parametrize("name", ALL_TYPES)
@pytest.mark.parametrize("shape, axis, keep", [
    ((64,), 0, False), ((16, 32), 0, True), ((16, 32), 1, False), ((16, 32), None, False),
])  # fmt: skip
def test_reductions_of_every_type(name, shape, axis, keep):
    check_reductions(name, shape, axis, keep, num_warps=4)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_reductions_of_every_shape_by_any_number_of_warps(shape, num_warps):
    for axis in [None, *range(len(shape))]:
        name = ["int32", "float32", "float16", "int64"][(len(shape) + num_warps) % 4]
        check_reductions(name, shape, axis, False, num_warps)


@pytest.mark.parametrize("shape, axis", [((8, 32), -1), ((8, 32), -2), ((2, 4, 8), -2)])
def test_negative_axes_count_from_the_end(shape, axis):
    check_reductions("float32", shape, axis, True, 4)


@pytest.mark.parametrize("shape", [(32,), (4, 8)])
def test_keep_dims_without_an_axis(shape):
    check_reductions("int32", shape, None, True, 2)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("num_warps", [1, 4])
def test_sums_of_random_floats_stay_within_the_bound(name, num_warps):
    """Any order of n additions: n * eps * sum |x|; a tree needs log2 n, which is asked for."""
    x = np.random.default_rng(1).standard_normal((4, 1024)).astype(np_type(name))
    got = on_block(sum_rows, x, (4,), name, num_warps=num_warps)
    eps = 2.0 ** -(FORMATS[name].mantissa + 1)
    bound = 10 * eps * np.abs(exact(x)).sum(1)
    assert (np.abs(exact(got) - exact(x).sum(1)) <= bound * 1.01).all()


@cosmati.jit
def sum_rows(x):
    return tl.sum(x, 1)


@cosmati.jit
def sum_in_float32(x):
    return tl.sum(x, 1, dtype=tl.float32)


@cosmati.jit
def sum_in_int64(x):
    return x.sum(axis=1, dtype=tl.int64)


def test_sum_in_another_type():
    x = np.full((2, 256), 0.1, np.float16)
    expected = np.full(2, np.float32(np.float16(0.1)) * 256, np.float32)
    assert_same(on_block(sum_in_float32, x, (2,), "float32"), expected)
    y = np.full((2, 64), 2**31 - 1, np.int32)
    assert_same(on_block(sum_in_int64, y, (2,), "int64"), y.sum(1, dtype=np.int64))


# NaN, ties, indices.


@cosmati.jit
def extrema_kernel(x, values, indices, LEFT: tl.constexpr, R: tl.constexpr, C: tl.constexpr):
    rows = tl.arange(0, R)
    block = tl.load(x + rows[:, None] * C + tl.arange(0, C)[None, :])
    high, high_index = tl.max(block, 1, return_indices=True, return_indices_tie_break_left=LEFT)
    low, low_index = tl.min(block, 1, return_indices=True, return_indices_tie_break_left=LEFT)
    tl.static_assert(high.dtype == values.dtype.element_ty)
    tl.store(values + rows, high)
    tl.store(values + R + rows, low)
    tl.store(indices + rows, high_index)
    tl.store(indices + R + rows, low_index)


def _extrema(x: np.ndarray, out: str, left: bool, num_warps: int) -> tuple[np.ndarray, np.ndarray]:
    values, indices = np.zeros((2, len(x)), np_type(out)), np.zeros((2, len(x)), np.int32)
    extrema_kernel[(1,)](x, values, indices, LEFT=left, R=len(x), C=x.shape[1],
                         num_warps=num_warps)  # fmt: skip
    return values, indices


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_ties_go_to_the_left(num_warps):
    x = np.random.default_rng(3).integers(0, 3, (8, 256)).astype(np.int32)
    values, indices = _extrema(x, "int32", True, num_warps)
    np.testing.assert_array_equal(values, [x.max(1), x.min(1)])
    np.testing.assert_array_equal(indices, [x.argmax(1), x.argmin(1)])


@pytest.mark.parametrize("num_warps", [1, 4])
def test_without_tie_break_the_index_is_one_of_the_largest(num_warps):
    x = np.random.default_rng(3).integers(0, 3, (8, 256)).astype(np.float32)
    values, indices = _extrema(x, "float32", False, num_warps)
    rows = np.arange(8)
    np.testing.assert_array_equal(values, [x.max(1), x.min(1)])
    np.testing.assert_array_equal(x[rows, indices[0]], x.max(1))
    np.testing.assert_array_equal(x[rows, indices[1]], x.min(1))


@pytest.mark.parametrize("name", ALL_TYPES)
def test_with_indices_only_bfloat16_changes_its_type(name):
    x = exactly_summable(name, 4 * 32, 0).reshape(4, 32)
    out = "float32" if name == "bfloat16" else name
    values, indices = _extrema(x, out, True, 4)
    wide = exact(x)
    np.testing.assert_array_equal(exact(values), [wide.max(1), wide.min(1)])
    np.testing.assert_array_equal(indices, [wide.argmax(1), wide.argmin(1)])


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16"])
@pytest.mark.parametrize("num_warps", [1, 4])
def test_extrema_ignore_nan_unless_there_is_nothing_else(name, num_warps):
    x = np.random.default_rng(4).standard_normal((8, 64)).astype(np_type(name))
    x[0, ::2] = np.nan
    x[1, 1::2] = np.nan
    x[2, :-1] = np.nan
    x[3, 1:] = np.nan
    x[4] = np.nan
    x[5, ::3], x[5, 1::3] = np.inf, np.nan
    x[6, ::3], x[6, 1::3] = -np.inf, np.nan
    wide = x.astype(np.float64)
    values, indices = _extrema(x, "float32" if name == "bfloat16" else name, True, num_warps)
    with np.errstate(all="ignore"):
        high, low = np.fmax.reduce(wide, 1), np.fmin.reduce(wide, 1)
    np.testing.assert_array_equal(values.astype(np.float64), [high, low])
    some = ~np.isnan(wide).all(1)
    np.testing.assert_array_equal(indices[0][some], np.nanargmax(wide[some], 1))
    np.testing.assert_array_equal(indices[1][some], np.nanargmin(wide[some], 1))
    assert indices[:, 4].tolist() == [0, 0]
    plain = [on_block(fn, x, (8,), extremum_type(name), num_warps=num_warps)
             for fn in (max_rows, min_rows)]  # fmt: skip
    np.testing.assert_array_equal(np.array(plain, np.float64), [high, low])


@cosmati.jit
def max_rows(x):
    return tl.max(x, 1)


@cosmati.jit
def min_rows(x):
    return tl.min(x, 1)


# Combinations of the user's.


@cosmati.jit
def multiply(a, b):
    return a * b


@cosmati.jit
def product_columns(x):
    return tl.reduce(x, 0, multiply, keep_dims=True)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_reduce_with_a_combination_of_ones_own(num_warps):
    x = samples("uint32", 16 * 64).reshape(16, 64)
    got = on_block(product_columns, x, (1, 64), "uint32", num_warps=num_warps)
    assert_same(got, np.multiply.reduce(x, 0, np.uint32, keepdims=True))


@cosmati.jit
def welford(mean1, m2_1, count1, mean2, m2_2, count2):
    delta = mean2 - mean1
    count = count1 + count2
    ratio = tl.where(count == 0.0, 0.0, count2 / count)
    return mean1 + delta * ratio, m2_1 + m2_2 + delta * delta * count1 * ratio, count


@cosmati.jit
def welford_kernel(x, out, R: tl.constexpr, C: tl.constexpr):
    rows = tl.arange(0, R)
    block = tl.load(x + rows[:, None] * C + tl.arange(0, C)[None, :])
    zeros = tl.zeros((R, C), tl.float32)
    mean, m2, count = tl.reduce((block, zeros, zeros + 1), 1, welford)
    tl.store(out + rows, mean)
    tl.store(out + R + rows, m2 / count)
    tl.store(out + 2 * R + rows, count)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_reduce_of_several_blocks_at_once(num_warps):
    x = np.random.default_rng(5).standard_normal((8, 128)).astype(np.float32) + 10
    out = np.zeros((3, 8), np.float32)
    welford_kernel[(1,)](x, out, R=8, C=128, num_warps=num_warps)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(out[0], wide.mean(1), rtol=1e-6)
    np.testing.assert_allclose(out[1], wide.var(1), rtol=1e-5)
    assert (out[2] == 128).all()


@cosmati.jit
def mixed(value1, index1, value2, index2):
    take = value1 >= value2
    return tl.where(take, value1, value2), tl.where(take, index1, index2)


@cosmati.jit
def mixed_types_kernel(x, values, indices, N: tl.constexpr):
    offs = tl.arange(0, N)
    value, index = tl.reduce((tl.load(x + offs), offs.to(tl.int64) * 2**33), 0, mixed)
    tl.store(values, value)
    tl.store(indices, index)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_reduce_of_blocks_of_different_types(num_warps):
    x = np.random.default_rng(6).permutation(512).astype(np.float16)
    value, index = np.zeros(1, np.float16), np.zeros(1, np.int64)
    mixed_types_kernel[(1,)](x, value, index, N=512, num_warps=num_warps)
    assert value[0] == 511 and index[0] == int(x.argmax()) * 2**33


@cosmati.jit
def chained_kernel(x, out, R: tl.constexpr, C: tl.constexpr):
    block = tl.load(x + tl.arange(0, R)[:, None] * C + tl.arange(0, C)[None, :])
    centred = block - tl.sum(block, 1)[:, None] // C
    scaled = centred + tl.max(centred, 0)[None, :]
    tl.store(out, tl.sum(tl.sum(scaled, 0), 0))


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_reductions_of_reductions(num_warps):
    x = np.random.default_rng(7).integers(-999, 999, (32, 64)).astype(np.int32)
    out = np.zeros(1, np.int32)
    chained_kernel[(1,)](x, out, R=32, C=64, num_warps=num_warps)
    total = x.sum(1)
    centred = x - (np.sign(total) * (abs(total) // 64))[:, None]
    assert out[0] == (centred + centred.max(0)[None, :]).sum()


@cosmati.jit
def softmax_rows(x):
    return tl.softmax(x, 1, keep_dims=True)


@cosmati.jit
def softmax_first(x):
    return tl.softmax(x)


@pytest.mark.parametrize("shape, fn, axis", [
    ((8, 64), softmax_rows, 1), ((128,), softmax_first, 0), ((16, 8), softmax_first, 0),
])  # fmt: skip
def test_softmax(shape, fn, axis):
    x = np.random.default_rng(8).standard_normal(shape).astype(np.float32) * 5
    got = on_block(fn, x, shape, "float32")
    wide = np.exp(x.astype(np.float64) - x.max(axis, keepdims=True))
    np.testing.assert_allclose(got, wide / wide.sum(axis, keepdims=True), rtol=2e-6, atol=1e-9)


@cosmati.jit
def histogram_kernel(x, out, masked, n, N: tl.constexpr, BINS: tl.constexpr):
    offs = tl.arange(0, N)
    value = tl.load(x + offs)
    tl.store(out + tl.arange(0, BINS), tl.histogram(value, BINS))
    tl.store(masked + tl.arange(0, BINS), tl.histogram(value, BINS, mask=offs < n))


@pytest.mark.parametrize("n", [0, 1, 255, 256])
def test_histogram(n):
    x = np.random.default_rng(9).integers(-2, 20, 256).astype(np.int32)
    out, masked = np.zeros(16, np.int32), np.zeros(16, np.int32)
    histogram_kernel[(1,)](x, out, masked, n, N=256, BINS=16)
    for got, values in ((out, x), (masked, x[:n])):
        inside = values[(values >= 0) & (values < 16)]
        np.testing.assert_array_equal(got, np.bincount(inside, minlength=16))


@pytest.mark.parametrize(
    "expression",
    ["tl.sum(x, axis=(0, 1))", "tl.max(x, axis=tl.program_id(0))", "tl.cumsum(x, None)"],
)
def test_an_axis_that_is_no_compile_time_integer_is_refused_by_name(expression: str) -> None:
    with pytest.raises(cosmati.CompilationError, match="it is one compile-time integer"):
        evaluate(expression, x=np.ones((2, 2), np.float32))
