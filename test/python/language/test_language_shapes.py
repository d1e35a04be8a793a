"""Making blocks and changing their shape, for every type and any number of warps."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import (
    ALL_TYPES,
    INTEGERS,
    NUM_WARPS,
    assert_same,
    np_type,
    on_block,
    samples,
    tl_type,
)


@cosmati.jit
def transpose(x):
    return tl.trans(x)


@cosmati.jit
def transpose_attribute(x):
    return x.T


@cosmati.jit
def permute_201(x):
    return tl.permute(x, 2, 0, 1)


@cosmati.jit
def permute_tuple(x):
    return x.permute((1, 0, 2))


@cosmati.jit
def trans_dims(x):
    return tl.trans(x, 2, 1, 0)


@cosmati.jit
def reshape_flat(x):
    return tl.reshape(x, (x.numel,))


@cosmati.jit
def reshape_halves(x):
    return x.reshape(x.shape[0] // 2, 2 * x.shape[1])


@cosmati.jit
def ravel(x):
    return tl.ravel(x)


@cosmati.jit
def flip_last(x):
    return tl.flip(x)


@cosmati.jit
def flip_first(x):
    return x.flip(0)


@cosmati.jit
def expand_and_broadcast(x):
    return tl.broadcast_to(tl.expand_dims(x, 0), (2, x.shape[0], x.shape[1]))


@cosmati.jit
def expand_end(x):
    return x.expand_dims(-1)


@cosmati.jit
def index_with_none(x):
    return x[:, None, :]


@cosmati.jit
def unsqueeze_and_squeeze(x):
    return tl.squeeze(tl.unsqueeze(x, 1), 1)


@cosmati.jit
def join_with_itself(x):
    return tl.join(x, x[:, :])


@cosmati.jit
def split_even_odd(x):
    first, second = tl.split(tl.reshape(x, (x.shape[0], x.shape[1] // 2, 2)))
    return tl.join(second, first)


@cosmati.jit
def interleave_reversed(x):
    return tl.interleave(x, tl.flip(x))


@cosmati.jit
def cat_with_itself(x):
    return tl.cat(tl.ravel(x), tl.flip(tl.ravel(x)), can_reorder=False)


@cosmati.jit
def where_diagonal(x):
    rows = tl.arange(0, x.shape[0])[:, None]
    columns = tl.arange(0, x.shape[1])[None, :]
    return tl.where(rows == columns, x, tl.zeros_like(x))


def _interleaved(x: np.ndarray) -> np.ndarray:
    return np.stack([x, x[:, ::-1]], -1).reshape(x.shape[0], -1)


def _pairs_swapped(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.reshape(x.shape[0], -1, 2)[..., ::-1])


def _on_diagonal(x: np.ndarray) -> np.ndarray:
    return np.where(np.eye(*x.shape, dtype=bool), x, np.zeros_like(x))


PLANE = {
    transpose: lambda x: x.T,
    transpose_attribute: lambda x: x.T,
    reshape_flat: lambda x: x.reshape(-1),
    reshape_halves: lambda x: x.reshape(x.shape[0] // 2, -1),
    ravel: lambda x: x.reshape(-1),
    flip_last: lambda x: x[:, ::-1],
    flip_first: lambda x: x[::-1],
    expand_and_broadcast: lambda x: np.stack([x, x]),
    expand_end: lambda x: x[..., None],
    index_with_none: lambda x: x[:, None, :],
    unsqueeze_and_squeeze: lambda x: x,
    join_with_itself: lambda x: np.stack([x, x], -1),
    split_even_odd: _pairs_swapped,
    interleave_reversed: _interleaved,
    cat_with_itself: lambda x: np.concatenate([x.reshape(-1), x.reshape(-1)[::-1]]),
    where_diagonal: _on_diagonal,
}
CUBE = {
    permute_201: lambda x: x.transpose(2, 0, 1),
    permute_tuple: lambda x: x.transpose(1, 0, 2),
    trans_dims: lambda x: x.transpose(2, 1, 0),
}


def _check(fn, reference, shape: tuple[int, ...], name: str, num_warps: int) -> None:
    size = int(np.prod(shape))
    if name == "bool":
        x = samples(name, size).reshape(shape)
    else:  # all values differ, as far as the type allows
        bits = np.arange(size, dtype=np.uint64) * np.uint64(0x0101010101010101)
        x = bits.astype(f"u{np_type(name).itemsize}").view(np_type(name)).reshape(shape)
    expected = np.ascontiguousarray(reference(x))
    got = on_block(fn, x, expected.shape, name, num_warps=num_warps)
    assert got.tobytes() == expected.tobytes()


def _name(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("fn", PLANE, ids=_name)
def test_plane_shapes(fn, num_warps):
    for shape in [(2, 2), (16, 16), (4, 64), (64, 4), (2, 1024)]:
        _check(fn, PLANE[fn], shape, "int32", num_warps)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("fn", CUBE, ids=_name)
def test_cube_shapes(fn, num_warps):
    for shape in [(2, 4, 8), (1, 16, 8), (8, 1, 32), (4, 32, 2)]:
        _check(fn, CUBE[fn], shape, "float32", num_warps)


@pytest.mark.parametrize("name", ALL_TYPES)
def test_shapes_of_every_type(name):
    for fn in (transpose, flip_first, split_even_odd, interleave_reversed, cat_with_itself,
               where_diagonal):  # fmt: skip
        _check(fn, PLANE[fn], (8, 32), name, 4)


@pytest.mark.parametrize("num_warps", [1, 4])
@pytest.mark.parametrize("shape", [(1, 1), (1, 32), (32, 1)], ids=str)
def test_shapes_with_an_extent_of_one(shape, num_warps):
    for fn in (transpose, reshape_flat, ravel, expand_and_broadcast, expand_end, index_with_none,
               join_with_itself, cat_with_itself, where_diagonal):  # fmt: skip
        _check(fn, PLANE[fn], shape, "int16", num_warps)
    for fn in (flip_first, flip_last):
        _check(fn, PLANE[fn], shape, "int32", num_warps)


@cosmati.jit
def cat_columns(x):
    return tl.cat(x, tl.flip(x), dim=1)


@cosmati.jit
def cat_rows(x):
    return tl.cat(x, tl.flip(x), dim=0)


@cosmati.jit
def expand_two(x):
    return tl.expand_dims(x, (0, -1))


@cosmati.jit
def item_of_sum(x):
    total = tl.sum(tl.sum(x, 1, keep_dims=True), 0, keep_dims=True)
    return x - total.item()


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_concatenation_and_single_items(num_warps):
    for shape in [(1, 8), (8, 1), (4, 32)]:
        _check(cat_columns, lambda x: np.concatenate([x, x[:, ::-1]], 1), shape, "int32", num_warps)
        _check(cat_rows, lambda x: np.concatenate([x, x[:, ::-1]], 0), shape, "int32", num_warps)
        _check(expand_two, lambda x: x[None, ..., None], shape, "int32", num_warps)
        _check(item_of_sum, lambda x: x - x.sum(dtype=x.dtype), shape, "int32", num_warps)


@cosmati.jit
def reordered(x):
    """Elements in any order, but all of them."""
    return tl.sort(tl.cat(tl.ravel(x), tl.view(x, (x.numel,)), can_reorder=True))


def test_operations_that_may_reorder_lose_nothing():
    x = np.random.default_rng(0).permutation(128).astype(np.int32).reshape(4, 32)
    got = on_block(reordered, x, (256,), "int32")
    np.testing.assert_array_equal(got, np.repeat(np.arange(128), 2))


# Blocks from nothing.


@cosmati.jit
def make_kernel(o0, o1, o2, o3, value, START: tl.constexpr, N: tl.constexpr, TYPE: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(o0 + offs, tl.arange(START, START + N))
    tl.store(o1 + offs, tl.full((N,), value, TYPE))
    tl.store(o2 + offs, tl.zeros([N], dtype=TYPE))
    made = tl.full([N], 0 if TYPE == tl.int1 else 3, TYPE)
    tl.static_assert(made.dtype == TYPE)
    tl.store(o3 + offs, tl.zeros_like(made) + made)


@pytest.mark.parametrize("name", ALL_TYPES)
@pytest.mark.parametrize("n", [1, 2, 128, 1024])
def test_arange_full_and_zeros(name, n):
    outs = [np.ones(n, t) for t in (np.int32, *[np_type(name)] * 3)]
    make_kernel[(1,)](*outs, 1, START=7, N=n, TYPE=tl_type(name))
    np.testing.assert_array_equal(outs[0], np.arange(7, 7 + n))
    assert_same(outs[1], np.ones(n, np_type(name)))
    assert_same(outs[2], np.zeros(n, np_type(name)))
    assert_same(outs[3], np.full(n, 0 if name == "bool" else 3).astype(np_type(name)))


@cosmati.jit
def broadcast_kernel(x, y, out, R: tl.constexpr, C: tl.constexpr):
    rows, columns = tl.arange(0, R), tl.arange(0, C)
    a, b = tl.broadcast(tl.load(x + rows)[:, None], tl.load(y + columns)[None, :])
    tl.store(out + rows[:, None] * C + columns[None, :], a - b)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (64, 1), (16, 16), (128, 8)], ids=str)
def test_broadcast(shape, num_warps):
    x, y = (np.arange(n, dtype=np.int32) * k for n, k in zip(shape, (100, 7), strict=True))
    out = np.zeros(shape, np.int32)
    broadcast_kernel[(1,)](x, y, out, R=shape[0], C=shape[1], num_warps=num_warps)
    np.testing.assert_array_equal(out, x[:, None] - y[None, :])


@cosmati.jit
def scalar_with_block(x, scale, out, N: tl.constexpr):
    offs = tl.arange(0, N)
    first = tl.load(x)
    tl.store(out + offs, tl.load(x + offs) * scale + first)
    tl.store(out + N + offs, tl.where(offs % 2 == 0, first, scale))


def test_scalars_broadcast_to_blocks():
    x = np.arange(5, 69, dtype=np.int32)
    out = np.zeros(128, np.int32)
    scalar_with_block[(1,)](x, 3, out, N=64)
    np.testing.assert_array_equal(out[:64], x * 3 + 5)
    np.testing.assert_array_equal(out[64:], [5, 3] * 32)


# Gather, sort, top k.


@cosmati.jit
def gather_kernel(x, index, out, R: tl.constexpr, C: tl.constexpr, COUNT: tl.constexpr,
                  AXIS: tl.constexpr):  # fmt: skip
    rows, columns = tl.arange(0, R)[:, None], tl.arange(0, C)[None, :]
    source = tl.load(x + rows * C + columns)
    if AXIS == 0:
        place = tl.arange(0, COUNT)[:, None] * C + columns
    else:
        place = rows * COUNT + tl.arange(0, COUNT)[None, :]
    tl.store(out + place, tl.gather(source, tl.load(index + place), AXIS))


@pytest.mark.parametrize("name", ALL_TYPES)
def test_gather_of_every_type(name):
    x = samples(name, 8 * 16).reshape(8, 16)
    for axis in (0, 1):
        shape = (4, 16) if axis == 0 else (8, 32)
        index = np.random.default_rng(0).integers(0, x.shape[axis], shape).astype(np.int32)
        out = np.zeros(shape, x.dtype)
        gather_kernel[(1,)](x, index, out, R=8, C=16, COUNT=shape[axis], AXIS=axis)
        assert out.tobytes() == np.take_along_axis(x, index.astype(np.int64), axis).tobytes()


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("extents", [(2, 2, 2), (16, 16, 64), (1, 64, 16)], ids=str)
def test_gather_by_any_number_of_warps(extents, num_warps):
    rows, columns, count = extents
    x = np.random.default_rng(1).standard_normal((rows, columns)).astype(np.float32)
    index = np.random.default_rng(2).integers(0, columns, (rows, count)).astype(np.int32)
    out = np.zeros((rows, count), np.float32)
    gather_kernel[(1,)](x, index, out, R=rows, C=columns, COUNT=count, AXIS=1, num_warps=num_warps)
    np.testing.assert_array_equal(out, np.take_along_axis(x, index.astype(np.int64), 1))


@cosmati.jit
def sort_up(x):
    return tl.sort(x)


@cosmati.jit
def sort_down(x):
    return x.sort(descending=True)


@cosmati.jit
def sort_columns(x):
    return tl.sort(x, 0)


@cosmati.jit
def top_four(x):
    return tl.topk(x, 4)


@pytest.mark.parametrize("name", [*INTEGERS, "float16", "float32", "float64", "bool"])
def test_sort_of_every_type(name):
    x = samples(name, 4 * 32, 3).reshape(4, 32)
    if x.dtype.kind == "f":
        x = np.nan_to_num(x, nan=1.0) + 0  # zeros of one sign
    for fn, expected in [
        (sort_up, np.sort(x, 1)),
        (sort_down, np.sort(x, 1)[:, ::-1]),
        (sort_columns, np.sort(x, 0)),
        (top_four, np.sort(x, 1)[:, ::-1][:, :4]),
    ]:
        expected = np.ascontiguousarray(expected)
        assert_same(on_block(fn, x, expected.shape, name), expected, fn.__name__)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", [(1,), (2,), (128,), (2, 64), (64, 2), (1, 1)], ids=str)
def test_sort_of_every_shape_by_any_number_of_warps(shape, num_warps):
    x = np.random.default_rng(4).integers(-50, 50, shape).astype(np.int32)
    got = on_block(sort_up, x, shape, "int32", num_warps=num_warps)
    np.testing.assert_array_equal(got, np.sort(x, -1))


def test_sort_puts_nan_at_the_end():
    x = samples("float32", 64)
    got = on_block(sort_up, x, (64,), "float32")
    np.testing.assert_array_equal(got, np.sort(x))


# What is refused.


@cosmati.jit
def arange_of_three():
    tl.arange(0, 3)


@cosmati.jit
def arange_of_value(n):
    tl.arange(0, n)


@cosmati.jit
def too_many_elements():
    tl.zeros((2048, 1024), tl.int8)


@cosmati.jit
def broadcast_mismatch():
    tl.zeros((4, 8), tl.int32) + tl.zeros((4, 16), tl.int32)


@cosmati.jit
def reshape_to_other_size():
    tl.reshape(tl.zeros((4, 8), tl.int32), (4, 4))


@cosmati.jit
def permute_twice_the_same():
    tl.permute(tl.zeros((4, 8), tl.int32), 0, 0)


@cosmati.jit
def split_of_four():
    tl.split(tl.zeros((4, 4), tl.int32))


@cosmati.jit
def full_out_of_range():
    tl.full((4,), 300, tl.int8)


@cosmati.jit
def index_with_number():
    tl.zeros((4,), tl.int32)[0]


@pytest.mark.parametrize(
    "kernel, arguments, message",
    [
        (arange_of_three, (), "power of 2"),
        (arange_of_value, (5,), "constexpr"),
        (too_many_elements, (), "exceeds"),
        (broadcast_mismatch, (), "(?i)incompatible|broadcast"),
        (reshape_to_other_size, (), "(?i)reshape|elements"),
        (permute_twice_the_same, (), "(?i)permut"),
        (split_of_four, (), "2"),
        (full_out_of_range, (), "300"),
        (index_with_number, (), "unsupported tensor index"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_refused(kernel, arguments, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        kernel[(1,)](*arguments)
