"""Sorting and reversing, written in the language itself."""

from __future__ import annotations

from cosmati.language import core
from cosmati.language.constexpr import constexpr
from cosmati.language.extents import (
    _axis,
    _indices,
    _is_power_of_two,
    _log2,
    _moved_back,
    _moved_last,
    _replaced,
)
from cosmati.runtime.jit import jit

# Order along one dimension, whose extent is a power of two: its index is taken apart bit by bit.


@jit
def _pairs(x, stride: constexpr):
    """Elements of the last dimension whose indices differ in the bit ``stride``, as two blocks.

    Both have the shape [..., n / (2 * stride), stride].
    """
    rank: constexpr = len(x.shape)
    n: constexpr = x.shape[rank - 1]
    apart: constexpr = _replaced(x.shape, rank - 1, (n // (2 * stride), 2, stride))
    order: constexpr = _moved_last(rank + 2, rank)
    return core.split(core.permute(core.reshape(x, apart), order))


@jit
def _merge_pairs(low, high, shape: constexpr):
    """Inverse of _pairs."""
    rank: constexpr = len(shape)
    order: constexpr = _moved_back(rank + 2, rank)
    return core.reshape(core.permute(core.join(low, high), order), shape)


@jit
def _flip_last(x):
    n: constexpr = x.shape[len(x.shape) - 1]
    for bit in core.static_range(_log2(n)):
        low, high = _pairs(x, 1 << bit)
        x = _merge_pairs(high, low, x.shape)
    return x


@jit
def flip(x, dim=None):
    """``x`` with the elements along ``dim`` (default: the last) in reverse order.

    Examples
    --------
    >>> evaluate("tl.flip(x)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 1,  4, -1,  3], dtype=int32)
    """
    rank: constexpr = len(x.shape)
    axis: constexpr = _axis(dim, rank)
    moved = core.permute(x, _moved_last(rank, axis))
    return core.permute(_flip_last(moved), _moved_back(rank, axis))


@jit
def _in_wrong_order(low, high, down):
    """Where two blocks are to be exchanged; ``down``: the larger comes first."""
    # NaNs count as larger than any number, so that they gather at one end.
    greater = (low > high) | ((low != low) & (high == high))
    less = (low < high) | ((high != high) & (low == low))
    return core.where(down, less, greater)


@jit
def _exchange(x, block: constexpr, stride: constexpr, descending: constexpr):
    """One step of a bitonic network: orders the pairs at distance ``stride``.

    The direction alternates between runs of ``block`` elements; ``block`` 0: one direction for all.
    """
    low, high = _pairs(x, stride)
    if block == 0:
        down = core.full(low.shape, descending, core.int1)
    else:
        index, _ = _pairs(_indices(x, len(x.shape) - 1), stride)
        down = ((index // block) % 2 == 1) ^ core.full(low.shape, descending, core.int1)
    swap = _in_wrong_order(low, high, down)
    return _merge_pairs(core.where(swap, high, low), core.where(swap, low, high), x.shape)


@jit
def _merge_last(x, block: constexpr, size: constexpr, descending: constexpr):
    for step in core.static_range(_log2(size)):
        x = _exchange(x, block, size >> (step + 1), descending)
    return x


@jit
def _sort_last(x, descending: constexpr):
    n: constexpr = x.shape[len(x.shape) - 1]
    for stage in core.static_range(_log2(n)):
        size: constexpr = 2 << stage
        x = _merge_last(x, size if size < n else 0, size, descending)
    return x


@jit
def sort(x, dim: constexpr = None, descending: constexpr = 0):
    """``x`` sorted along ``dim`` (default: the last), by a bitonic network.

    NaNs count as larger than every number. -0 equals +0, and their order is open. Any number type;
    elements keep their bits.

    Examples
    --------
    >>> evaluate("tl.sort(x)", x=np.array([3, -1, 4, 1], np.int32))
    array([-1,  1,  3,  4], dtype=int32)
    >>> evaluate("tl.sort(x, descending=True)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 4,  3,  1, -1], dtype=int32)
    """
    rank: constexpr = len(x.shape)
    axis: constexpr = _axis(dim, rank)
    down: constexpr = True if descending else False
    moved = core.permute(x, _moved_last(rank, axis))
    return core.permute(_sort_last(moved, down), _moved_back(rank, axis))


@jit
def bitonic_merge(x, dim: constexpr = None, descending: constexpr = 0):
    """Sorts ``x`` along ``dim`` where its halves are sorted in opposite directions already.

    Examples
    --------
    >>> evaluate("tl.standard.bitonic_merge(x)", x=np.array([1, 3, 4, 2], np.int32))
    array([1, 2, 3, 4], dtype=int32)
    """
    rank: constexpr = len(x.shape)
    axis: constexpr = _axis(dim, rank)
    down: constexpr = True if descending else False
    moved = core.permute(x, _moved_last(rank, axis))
    n: constexpr = x.shape[axis]
    return core.permute(_merge_last(moved, 0, n, down), _moved_back(rank, axis))


@jit
def topk(x, k: constexpr, dim: constexpr = None, descending: constexpr = True):
    """The first ``k`` (a power of two) elements of ``x`` sorted along its last dimension.

    Order as in sort(), so NaNs come first unless ``descending=False``.

    Runs of ``k`` are sorted in alternating directions; of two such neighbours, the better of each
    pair at distance ``k`` are the best ``k`` of both, in bitonic order.

    Examples
    --------
    >>> evaluate("tl.topk(x, 2)", x=np.array([3, -1, 4, 1], np.int32))
    array([4, 3], dtype=int32)
    """
    rank: constexpr = len(x.shape)
    axis: constexpr = _axis(dim, rank)
    core.static_assert(axis == rank - 1, "topk works along the last dimension")
    core.static_assert(_is_power_of_two(k), "topk needs a power of two for k")
    n: constexpr = x.shape[axis]
    core.static_assert(k <= n, "topk: k exceeds the number of elements along the last dimension")
    down: constexpr = True if descending else False
    for stage in core.static_range(_log2(k)):
        size: constexpr = 2 << stage
        x = _merge_last(x, size if size < n else 0, size, down)
    for step in core.static_range(_log2(n // k)):
        left: constexpr = n >> (step + 1)
        low, high = _pairs(x, k)
        wrong = _in_wrong_order(low, high, core.full(low.shape, down, core.int1))
        x = core.reshape(core.where(wrong, high, low), _replaced(x.shape, axis, (left,)))
        x = _merge_last(x, k if k < left else 0, k, down)
    return x


__all__ = ["bitonic_merge", "flip", "sort", "topk"]
