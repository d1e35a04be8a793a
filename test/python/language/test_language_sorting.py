"""sort, topk, bitonic_merge, flip, histogram and gather over types, shapes, dims and directions."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.errors import CompilationError
from language_support import NUM_WARPS, np_type

NAMES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float16",
         "bfloat16", "float32", "float64"]  # fmt: skip


def values(shape: tuple[int, ...], name: str, seed: int = 0) -> np.ndarray:
    """Extreme values, repeated ones and (floats) both zeros, infinities and NaN."""
    rng = np.random.default_rng(seed)
    if name.startswith(("int", "uint")):
        limits = np.iinfo(name)
        x = rng.integers(limits.min, limits.max, shape, np.dtype(name), endpoint=True)
        return np.where(rng.random(shape) < 0.3, x % np.asarray(5, name), x).astype(name)
    x = (rng.standard_normal(shape) * 10).round(1)
    special = rng.choice([np.inf, -np.inf, np.nan, 0.0, -0.0, 1.5], shape)
    return np.where(rng.random(shape) < 0.3, special, x).astype(np_type(name))


def ordered(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """Sorted, NaNs as the largest."""
    wide = x.astype(np.float64) if x.dtype.kind not in "iub" else x
    result = np.sort(wide, axis=axis)
    return (np.flip(result, axis) if descending else result).astype(x.dtype)


def same(got: np.ndarray, expected: np.ndarray) -> None:
    if got.dtype.kind not in "iub":
        got, expected = got.astype(np.float64), expected.astype(np.float64)
    np.testing.assert_array_equal(got, expected)


@cosmati.jit
def place(M: tl.constexpr, N: tl.constexpr):
    return tl.arange(0, M)[:, None] * N + tl.arange(0, N)[None, :]


@cosmati.jit
def sort_kernel(X, Y, DIM: tl.constexpr, DOWN: tl.constexpr, M: tl.constexpr, N: tl.constexpr):
    x = tl.load(X + place(M, N))
    if DIM is None:
        y = x.sort(descending=DOWN)
    else:
        y = tl.sort(x, DIM, descending=DOWN)
    tl.static_assert(y.dtype == x.dtype)
    tl.store(Y + place(M, N), y)


@pytest.mark.parametrize("name", NAMES)
def test_sort_of_every_type(name):
    x, y = values((4, 16), name), np.zeros((4, 16), np_type(name))
    down = NAMES.index(name) % 2 == 1
    sort_kernel[(1,)](x, y, None, down, 4, 16)
    same(y, ordered(x, -1, down))


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", [(1, 1), (2, 32), (16, 4)])
def test_sort_along_every_dimension(shape, num_warps):
    x, y = values(shape, "float32"), np.zeros(shape, np.float32)
    for dim in (0, 1):
        sort_kernel[(1,)](x, y, dim, dim == 1, *shape, num_warps=num_warps)
        same(y, ordered(x, dim, dim == 1))


@cosmati.jit
def row_kernel(X, Y, N: tl.constexpr):
    tl.store(Y + tl.arange(0, N), tl.sort(tl.load(X + tl.arange(0, N))))


def test_sort_of_one_dimension():
    x, y = values((512,), "int32"), np.zeros(512, np.int32)
    row_kernel[(1,)](x, y, 512)
    same(y, np.sort(x))


@cosmati.jit
def topk_kernel(X, Y, K: tl.constexpr, DOWN: tl.constexpr, M: tl.constexpr, N: tl.constexpr):
    y = tl.topk(tl.load(X + place(M, N)), K, descending=DOWN)
    tl.static_assert(y.shape[0] == M and y.shape[1] == K)
    tl.store(Y + place(M, K), y)


@pytest.mark.parametrize("name", ["int16", "uint32", "int64", "float16", "bfloat16", "float64"])
@pytest.mark.parametrize(("k", "down"), [(1, True), (4, True), (4, False), (32, True)])
def test_topk_gives_the_first_of_the_order(name, k, down):
    x, y = values((4, 32), name, 3), np.zeros((4, k), np_type(name))
    topk_kernel[(1,)](x, y, k, down, 4, 32, num_warps=2)
    same(y, ordered(x, -1, down)[:, :k])


@cosmati.jit
def merge_kernel(X, Y, DOWN: tl.constexpr, M: tl.constexpr, N: tl.constexpr):
    y = tl.standard.bitonic_merge(tl.load(X + place(M, N)), descending=DOWN)
    tl.store(Y + place(M, N), y)


@cosmati.jit
def flip_kernel(X, Y, DIM: tl.constexpr, M: tl.constexpr, N: tl.constexpr):
    tl.store(Y + place(M, N), tl.flip(tl.load(X + place(M, N)), DIM))


@pytest.mark.parametrize("name", ["int8", "float16", "int64"])
def test_merge_and_flip(name):
    x = values((4, 16), name, 5)
    x = np.where(x == x, x, np.zeros_like(x))
    bitonic = np.concatenate([np.sort(x[:, :8]), np.sort(x[:, 8:])[:, ::-1]], axis=1)
    y = np.zeros_like(x)
    for down in (False, True):
        merge_kernel[(1,)](bitonic, y, down, 4, 16)
        same(y, ordered(x, -1, down))
    for dim in (None, 0, 1):
        flip_kernel[(1,)](x, y, dim, 4, 16)
        same(y, np.flip(x, -1 if dim is None else dim))


@cosmati.jit
def histogram_kernel(X, Y, mask, N: tl.constexpr, BINS: tl.constexpr, MASKED: tl.constexpr):
    i = tl.arange(0, N)
    x = tl.load(X + i)
    if MASKED:
        y = tl.histogram(x, BINS, mask=tl.load(mask + i))
    else:
        y = x.histogram(BINS)
    tl.static_assert(y.dtype == tl.int32)
    tl.store(Y + tl.arange(0, BINS), y)


@pytest.mark.parametrize(
    ("name", "size", "bins"),
    [
        ("int8", 64, 2),
        ("uint8", 256, 64),
        ("int16", 1, 1),
        ("int32", 2048, 64),
        ("int64", 256, 8),
        ("uint32", 32, 16),
    ],
)
def test_histograms_count_what_is_in_range(name, size, bins):
    rng = np.random.default_rng(bins)
    low = -5 if name.startswith("int") else 0
    x = rng.integers(low, min(bins + 10, 120), size).astype(name)
    mask = rng.random(size) < 0.5
    inside = (x >= 0) & (x < bins)
    for masked in (False, True):
        y = np.full(bins, -1, np.int32)
        histogram_kernel[(1,)](x, y, mask, size, bins, masked)
        chosen = x[inside & mask] if masked else x[inside]
        np.testing.assert_array_equal(y, np.bincount(chosen.astype(int), minlength=bins))


@cosmati.jit
def gather_kernel(X, index, Y, AXIS: tl.constexpr, M: tl.constexpr, N: tl.constexpr,
                  P: tl.constexpr, Q: tl.constexpr):  # fmt: skip
    y = tl.load(X + place(M, N)).gather(tl.load(index + place(P, Q)), AXIS)
    tl.static_assert(y.dtype == X.dtype.element_ty)
    tl.store(Y + place(P, Q), y)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["uint8", "int16", "float16", "bfloat16", "float32", "float64"])
def test_gather_takes_elements_along_an_axis(name, axis):
    for shape, extent, itype in (((8, 16), 4, "int8"), ((32, 64), 64, "int64")):
        x = values(shape, name, 9)
        out = (extent, shape[1]) if axis == 0 else (shape[0], extent)
        index = np.random.default_rng(1).integers(0, shape[axis], out).astype(itype)
        y = np.zeros(out, x.dtype)
        gather_kernel[(1,)](x, index, y, axis, *shape, *out, num_warps=2)
        same(y, np.take_along_axis(x, index.astype(np.int64), axis))


def test_indices_out_of_range_give_zero():
    x, index = np.ones((64, 64), np.float32), np.full((64, 64), 64, np.int32)
    index[::2] = -1
    y = np.full((64, 64), 7, np.float32)
    gather_kernel[(1,)](x, index, y, 1, 64, 64, 64, 64)
    assert not y.any()


@cosmati.jit
def faulty_kernel(X, WHAT: tl.constexpr):
    x = tl.load(X + tl.arange(0, 64))
    if WHAT == "bins":
        tl.histogram(x.to(tl.int32), 5)
    elif WHAT == "type":
        tl.histogram(x, 4)
    elif WHAT == "rank":
        tl.histogram(x.to(tl.int32)[:, None], 4)
    elif WHAT == "mask":
        tl.histogram(x.to(tl.int32), 4, mask=x.to(tl.int32))
    elif WHAT == "index":
        tl.gather(x, x, 0)
    else:
        tl.gather(x, x.to(tl.int32)[:, None], 0)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("bins", "num_bins is 5; it must be a power of 2"),
        ("type", "histogram only supports integer input, got fp32"),
        ("rank", "histogram only supports 1D input"),
        ("mask", "Mask must have boolean scalar type, got int32"),
        ("index", "the index of gather holds integers, not fp32"),
        ("ranks", "source and index of gather must have the same rank"),
    ],
)
def test_what_is_refused(what, message):
    with pytest.raises(CompilationError, match=message):
        faulty_kernel[(1,)](np.zeros(64, np.float32), what)
