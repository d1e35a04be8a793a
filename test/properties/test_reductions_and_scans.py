"""Reductions and scans with combinations of one's own, and the errors of float sums."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from drawing import arrays, examples, run, without_nan
from hypothesis import given
from hypothesis import strategies as st
from language_support import (
    FLOATS,
    FORMATS,
    INTEGERS,
    NUMBERS,
    assert_same,
    cast,
    exact,
    extremum_type,
    is_float,
    np_type,
    sum_type,
)

SHAPES = [((1,), 0), ((2,), 0), ((16,), 0), ((128,), 0), ((1, 16), 0), ((1, 16), 1), ((16, 1), 1),
          ((16, 8), 0), ((8, 16), 1), ((2, 1, 64), 2), ((4, 8, 4), 1), ((1, 1, 1), 0)]  # fmt: skip
shapes = st.sampled_from(SHAPES)
warps = st.sampled_from([1, 2, 4, 8])


@cosmati.jit
def compose(a, b, c, d):
    """x -> c (a x + b) + d: the map of the left, then that of the right."""
    return a * c, b * c + d


@cosmati.jit
def statistics(n, low, high, at, n2, low2, high2, at2):
    """Counts, extrema and where the largest is, of two groups."""
    later = (high2 > high) | ((high2 == high) & (at2 < at))
    return (n + n2, tl.minimum(low, low2), tl.maximum(high, high2), tl.where(later, at2, at))


@cosmati.jit
def last(a, b):
    return b


@cosmati.jit
def product(a, b):
    return a * b


def lines_of(x: np.ndarray, axis: int) -> np.ndarray:
    return np.moveaxis(x, axis, 0)


def without(shape: tuple[int, ...], axis: int, keep: bool) -> tuple[int, ...]:
    return tuple(1 if d == axis else n for d, n in enumerate(shape) if keep or d != axis)


@pytest.mark.parametrize("name", ["int8", "uint16", "int32", "uint64"])
@examples(5)
@given(st.data(), shapes, st.booleans(), warps)
def test_a_scan_keeps_the_order_of_maps_that_do_not_commute(name, data, shape, reverse, num_warps):
    extents, axis = shape
    a, b = data.draw(arrays(name, extents)), data.draw(arrays(name, extents))
    got = run(f"tl.associative_scan((a, b), {axis}, compose, reverse={reverse})",
              *[(name, extents)] * 2, functions=(compose,), num_warps=num_warps, a=a,
              b=b)  # fmt: skip
    p, q = lines_of(a, axis), lines_of(b, axis)
    if reverse:
        p, q = p[::-1], q[::-1]
    factors, terms = [p[0]], [q[0]]
    with np.errstate(all="ignore"):
        for factor, term in zip(p[1:], q[1:], strict=True):
            factors.append(factors[-1] * factor)
            terms.append(terms[-1] * factor + term)
    for found, wanted in zip(got, (factors, terms), strict=True):
        stacked = np.stack(wanted).astype(np_type(name))
        stacked = stacked[::-1] if reverse else stacked
        assert_same(found, np.moveaxis(stacked, 0, axis).copy())


@pytest.mark.parametrize("name", ["int16", "uint32", "int64", "float16", "float32", "float64"])
@examples(5)
@given(st.data(), shapes, st.booleans(), warps)
def test_a_reduction_of_four_blocks_at_once(name, data, shape, keep, num_warps):
    extents, axis = shape
    x = without_nan(data.draw(arrays(name, extents)))
    x = np.where(x == 0, np.zeros((), x.dtype), x)
    at = np.arange(x.size, dtype=np.int32).reshape(extents)
    result = without(extents, axis, keep)
    text = f"tl.reduce((tl.full(x.shape, 1, tl.int32), x, x, at), {axis}, statistics, " \
        f"keep_dims={keep})"  # fmt: skip
    got = run(text, ("int32", result), (name, result), (name, result), ("int32", result),
              functions=(statistics,), num_warps=num_warps, x=x, at=at)  # fmt: skip
    wide = exact(x) if is_float(name) else x
    largest = np.take_along_axis(at, np.expand_dims(wide.argmax(axis), axis), axis)
    expected = [np.full(result, extents[axis], np.int32), x.min(axis).reshape(result),
                x.max(axis).reshape(result), largest.reshape(result)]  # fmt: skip
    for found, wanted in zip(got, expected, strict=True):
        assert_same(found.reshape(result), np.asarray(wanted, found.dtype))


@pytest.mark.parametrize("name", NUMBERS)
@examples(4)
@given(st.data(), shapes, st.booleans(), warps)
def test_extrema_and_sums_of_every_type(name, data, shape, keep, num_warps):
    extents, axis = shape
    x = data.draw(arrays(name, extents))
    result, wide = without(extents, axis, keep), extremum_type(name)
    numbers = exact(x) if is_float(name) else x
    with np.errstate(all="ignore"):
        largest, smallest = np.fmax.reduce(numbers, axis), np.fmin.reduce(numbers, axis)
    text = f"tl.max(x, {axis}, keep_dims={keep}) + 0, tl.min(x, {axis}, keep_dims={keep}) + 0"
    got = run(text, (wide, result), (wide, result), num_warps=num_warps, x=x)
    for found, wanted in zip(got, (largest, smallest), strict=True):
        wanted = np.asarray(wanted).reshape(result or (1,))
        np.testing.assert_array_equal(exact(found), wanted.astype(np.longdouble))
    if not is_float(name):
        kind = sum_type(name)
        (total,) = run(f"tl.sum(x, {axis}, keep_dims={keep})", (kind, result), x=x)
        wanted = cast(x, kind).sum(axis, dtype=np_type(kind)).reshape(result or (1,))
        assert_same(total, wanted)


@pytest.mark.parametrize("name", FLOATS)
@examples(4)
@given(st.data(), shapes, st.booleans(), warps)
def test_float_sums_err_by_less_than_a_unit_for_each_addition(name, data, shape, reverse,
                                                              num_warps):  # fmt: skip
    extents, axis = shape
    x = without_nan(data.draw(arrays(name, extents)))
    limit = {"float16": 64.0}.get(name, 1e6)
    x = np.where(np.abs(exact(x)) <= limit, x, np.ones((), x.dtype))
    count, scan = extents[axis], "float32" if name == "bfloat16" else name
    result = without(extents, axis, False)
    total, running = run(
        f"tl.sum(x, {axis}), tl.cumsum(x, {axis}, reverse={reverse})",
        (name, result), (scan, extents), num_warps=num_warps, x=x)  # fmt: skip
    p = lines_of(exact(x), axis)
    p = p[::-1] if reverse else p
    size = np.abs(p).sum(0)
    for kind, found, wanted in [(name, total, p.sum(0)), (scan, running, p.cumsum(0))]:
        fmt = FORMATS[kind]
        unit = 2.0 ** -(fmt.mantissa + 1)
        bound = count * unit * size * 1.1 + 2.0 ** (fmt.emin - fmt.mantissa)
        values = exact(found)
        if found is running:
            values = lines_of(values, axis)
            values = values[::-1] if reverse else values
        assert (np.abs(values.reshape(np.shape(wanted)) - wanted) <= bound).all()


@pytest.mark.parametrize("name", NUMBERS)
@examples(3)
@given(st.data(), shapes, st.booleans(), warps)
def test_the_last_of_a_scan_is_each_element_and_of_all_the_first(name, data, shape, reverse,
                                                                 num_warps):  # fmt: skip
    """``last`` is associative but does not commute: an exchanged pair shows."""
    extents, axis = shape
    x = data.draw(arrays(name, extents))
    (got,) = run(f"tl.associative_scan(x, {axis}, last, reverse={reverse})", (name, extents),
                 functions=(last,), num_warps=num_warps, x=x)  # fmt: skip
    assert_same(got, x)


@pytest.mark.parametrize("name", INTEGERS)
@examples(3)
@given(st.data(), shapes, warps)
def test_products_keep_a_narrow_type_and_sums_take_the_one_that_is_asked(name, data, shape,
                                                                         num_warps):  # fmt: skip
    extents, axis = shape
    x = data.draw(arrays(name, extents))
    result = without(extents, axis, False)
    products, wide, running = run(
        f"tl.reduce(x, {axis}, product), tl.sum(x, {axis}, dtype=tl.int64), tl.cumprod(x, {axis})",
        (name, result), ("int64", result), (name, extents), functions=(product,),
        num_warps=num_warps, x=x)  # fmt: skip
    shape_or_one = result or (1,)
    with np.errstate(all="ignore"):
        assert_same(products, x.prod(axis, dtype=x.dtype).reshape(shape_or_one))
        assert_same(wide, x.astype(np.int64).sum(axis, dtype=np.int64).reshape(shape_or_one))
        assert_same(running, x.cumprod(axis, dtype=x.dtype))


@pytest.mark.parametrize("name", ["float32", "bfloat16", "int8"])
@examples(3)
@given(st.data(), st.sampled_from([(1, 1), (16, 1), (1, 16), (16, 16)]), warps)
def test_a_column_of_running_maxima_stays_a_column(name, data, shape, num_warps):
    """[M, 1] values carried by a loop, updated by reductions that keep their dimensions."""
    x = without_nan(data.draw(arrays(name, shape)))
    x = np.where(x == 0, np.zeros((), x.dtype), x)
    wide, m = extremum_type(name), shape[0]
    lowest = "-float('inf')" if is_float(name) else "-128"
    text = f"""
        top = tl.full(({m}, 1), {lowest}, tl.{wide})
        seen = tl.zeros(({m}, 1), tl.int32)
        for i in range(0, 3):
            top = tl.maximum(top, tl.max(x, 1, keep_dims=True))
            seen += tl.sum((x.to(tl.{wide}) >= top).to(tl.int32), 1, keep_dims=True)
        top, seen
    """
    top, seen = run(text, (wide, (m, 1)), ("int32", (m, 1)), num_warps=num_warps, x=x)
    values = cast(x, wide)
    assert_same(top, values.max(1, keepdims=True))
    assert_same(seen, (3 * (values == values.max(1, keepdims=True)).sum(1, keepdims=True))
                .astype(np.int32))  # fmt: skip
