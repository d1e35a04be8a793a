"""sort, topk, bitonic_merge, flip, gather and histogram on drawn values."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import arrays, examples, run
from hypothesis import given
from hypothesis import strategies as st
from language_support import FP8, INTEGERS, NUMBERS, assert_same, bytes_of, exact, is_float, np_type

SHAPES = [((1,), 0), ((2,), 0), ((64,), 0), ((1, 16), 0), ((16, 1), 1), ((4, 16), 1), ((8, 8), 0),
          ((2, 4, 8), 1)]  # fmt: skip
shapes = st.sampled_from(SHAPES)
warps = st.sampled_from([1, 2, 4, 8])


def order(x: np.ndarray) -> np.ndarray:
    return exact(x) if x.dtype.kind not in "iub" else x


@pytest.mark.parametrize("name", [*NUMBERS, *FP8])
@examples(3)
@given(st.data(), shapes, st.booleans(), warps)
def test_sort_keeps_every_element_and_puts_nan_behind_the_largest(name, data, shape, down,
                                                                  num_warps):  # fmt: skip
    extents, axis = shape
    x = data.draw(arrays(name, extents))
    (got,) = run(f"tl.sort(x, {axis}, descending={down})", (name, extents), num_warps=num_warps,
                 x=x)  # fmt: skip
    wanted = np.sort(order(x), axis)
    np.testing.assert_array_equal(order(got), np.flip(wanted, axis) if down else wanted)
    # -0 and 0, and NaNs, are the elements that were there
    bits = [np.sort(bytes_of(np.moveaxis(v, axis, -1)), -1) for v in (got, x)]
    np.testing.assert_array_equal(*bits)


@pytest.mark.parametrize("name", ["int8", "uint32", "int64", "float16", "bfloat16", "float64"])
@examples(3)
@given(st.data(), st.sampled_from([1, 2, 8, 32]), st.booleans(), warps)
def test_topk_is_the_head_of_the_order_and_merge_finishes_a_bitonic_run(name, data, k, down,
                                                                        num_warps):  # fmt: skip
    x = data.draw(arrays(name, (4, 32)))
    ordered = np.sort(order(x), -1)
    (top,) = run(f"tl.topk(x, {k}, descending={down})", (name, (4, k)), num_warps=num_warps, x=x)
    np.testing.assert_array_equal(order(top), (ordered[:, ::-1] if down else ordered)[:, :k])
    halves = np.sort(order(x).reshape(4, 2, 16), -1)
    halves[:, 1] = halves[:, 1, ::-1]
    bitonic = halves.reshape(4, 32).astype(np.float64 if is_float(name) else x.dtype).astype(
        np_type(name))  # fmt: skip
    (merged,) = run(f"tl.standard.bitonic_merge(x, 1, {down})", (name, (4, 32)), x=bitonic)
    np.testing.assert_array_equal(order(merged), ordered[:, ::-1] if down else ordered)


@pytest.mark.parametrize("index", INTEGERS)
@examples(5)
@given(st.data(), st.sampled_from([*NUMBERS, *FP8]), shapes, warps)
def test_gather_takes_elements_and_gives_0_out_of_range(index, data, name, shape, num_warps):
    extents, axis = shape
    x, i = data.draw(arrays(name, extents)), data.draw(arrays(index, extents))
    few = data.draw(st.booleans())
    i = i % i.dtype.type(extents[axis] + 1) if few and extents[axis] < 127 else i
    (got,) = run(f"tl.gather(x, i, {axis})", (name, extents), num_warps=num_warps, x=x, i=i)
    inside = (i >= 0) & (i.astype(np.float64) < extents[axis])
    taken = np.take_along_axis(x, np.where(inside, i, np.zeros((), i.dtype)).astype(int), axis)
    assert_same(got, np.where(inside, taken, np.zeros((), x.dtype)))


@pytest.mark.parametrize("name", INTEGERS)
@examples(3)
@given(st.data(), st.sampled_from([1, 2, 16, 64]), warps)
def test_histogram_counts_what_is_in_range_and_not_masked(name, data, bins, num_warps):
    x, mask = data.draw(arrays(name, 64)), data.draw(arrays("bool", 64))
    every, some = run(f"tl.histogram(x, {bins}), tl.histogram(x, {bins}, mask=mask)",
                      *[("int32", (bins,))] * 2, num_warps=num_warps, x=x, mask=mask)  # fmt: skip
    for found, counted in ((every, np.ones(64, bool)), (some, mask)):
        inside = [int(v) for v, c in zip(x.tolist(), counted, strict=True) if c and 0 <= v < bins]
        assert_same(found, np.bincount(inside, minlength=bins).astype(np.int32))


@pytest.mark.parametrize("name", ["bool", "int16", "float8e5", "float64"])
@examples(4)
@given(st.data(), shapes, warps)
def test_shape_operations_undo_each_other(name, data, shape, num_warps):
    extents, axis = shape
    x = data.draw(arrays(name, extents))
    reverse = tuple(reversed(range(len(extents))))
    text = f"""
        a, b = tl.split(tl.join(x, x))
        tl.flip(tl.flip(x, {axis}), {axis}), tl.permute(tl.permute(x, {reverse}), {reverse}), a, \
        tl.split(tl.join(x, b))[1], tl.reshape(tl.ravel(x), x.shape), \
        tl.squeeze(tl.unsqueeze(x, {axis}), {axis}), tl.flip(x, {axis}), tl.interleave(x, x), \
        tl.cat(x, x, dim={axis})
    """
    wide = (*extents[:-1], extents[-1] * 2)
    twice = tuple(n * 2 if d == axis else n for d, n in enumerate(extents))
    kinds = [(name, extents)] * 7 + [(name, wide), (name, twice)]
    got = run(text, *kinds, num_warps=num_warps, x=x)
    wanted = [x] * 6 + [np.flip(x, axis).copy(), np.repeat(x, 2, -1), np.concatenate([x, x], axis)]
    for index, (found, value) in enumerate(zip(got, wanted, strict=True)):
        assert_same(found, value, str(index))
