"""Functions written in the language itself: reductions, scans, softmax and kin."""

from __future__ import annotations

from typing import Any

from cosmati.language import core, math
from cosmati.language.constexpr import constexpr, constexpr_function
from cosmati.language.extents import _axis, _indices, _replaced
from cosmati.language.extents import _log2 as _log2
from cosmati.language.sorting import bitonic_merge, flip, sort, topk
from cosmati.language.tensor import member
from cosmati.runtime.jit import jit


@constexpr_function
def cdiv(x: Any, div: Any) -> Any:
    """``x / div`` rounded up, for ``div > 0`` and ``x >= 0``; numbers or integer values.

    Of values of the kernel ``x + div - 1`` may wrap.

    Examples
    --------
    >>> evaluate("tl.cdiv(x, 4)", x=np.array([7, 8], np.int32))
    array([2, 2], dtype=int32)
    >>> cosmati.cdiv(1000, 128)
    8
    """
    return (x + (div - 1)) // div


@jit
def zeros(shape, dtype):
    """A block of ``shape`` filled with 0 of ``dtype``.

    Examples
    --------
    >>> evaluate("tl.zeros((2, 2), tl.float32)")
    array([[0., 0.],
           [0., 0.]], dtype=float32)
    """
    return core.full(shape, 0, dtype)


@jit
def zeros_like(input):
    """A block of zeros with the shape and dtype of ``input``.

    Examples
    --------
    >>> evaluate("tl.zeros_like(x)", x=np.arange(4, dtype=np.int32).reshape(2, 2))
    array([[0, 0],
           [0, 0]], dtype=int32)
    """
    return core.full(input.shape, 0, input.dtype)


@jit
def sigmoid(x):
    """``1 / (1 + exp(-x))``; float32 and float64. 0 from about -88.7 down; NaN stays NaN.

    Examples
    --------
    >>> evaluate("tl.sigmoid(x)", x=np.array([0.0, np.inf], np.float32))
    array([0.5, 1. ], dtype=float32)
    """
    return 1 / (1 + math.exp(-x))


@jit
def softmax(x, dim=None, keep_dims: constexpr = False, ieee_rounding: constexpr = False):
    """``exp(x - max) / sum(exp(x - max))`` along ``dim`` (default: the first dimension).

    float32 and float64. A row whose maximum is infinite, and a row with a NaN, is NaN.

    Examples
    --------
    >>> evaluate("tl.softmax(x)", x=np.zeros(4, np.float32))
    array([0.25, 0.25, 0.25, 0.25], dtype=float32)
    """
    axis: constexpr = 0 if dim is None else dim
    z = x - max(x, axis, keep_dims=True)
    numerator = math.exp(z)
    denominator = sum(numerator, axis, keep_dims=True)
    return math.fdiv(numerator, denominator, ieee_rounding)


@jit
def ravel(x, can_reorder: constexpr = False):
    """The elements of ``x`` as a block of rank 1, row after row unless ``can_reorder``.

    Examples
    --------
    >>> evaluate("tl.ravel(x)", x=np.arange(4, dtype=np.int32).reshape(2, 2))
    array([0, 1, 2, 3], dtype=int32)
    """
    return core.reshape(x, (x.numel,), can_reorder=can_reorder)


@jit
def squeeze(x, dim: constexpr):
    """``x`` without its dimension ``dim``, whose extent is 1.

    Examples
    --------
    >>> evaluate("tl.squeeze(x, 1)", x=np.ones((2, 1), np.int32))
    array([1, 1], dtype=int32)
    """
    axis: constexpr = _axis(dim, len(x.shape))
    core.static_assert(x.shape[axis] == 1, "squeeze removes a dimension of extent 1")
    return core.reshape(x, _replaced(x.shape, axis, ()))


@jit
def unsqueeze(x, dim: constexpr):
    """``x`` with a dimension of extent 1 inserted at ``dim``.

    Examples
    --------
    >>> evaluate("tl.unsqueeze(x, 0)", x=np.array([3, -1, 4, 1], np.int32))
    array([[ 3, -1,  4,  1]], dtype=int32)
    """
    return core.expand_dims(x, dim)


@jit
def interleave(a, b):
    """``a0 b0 a1 b1 ...`` along the last dimension; types as in join().

    Examples
    --------
    >>> evaluate("tl.interleave(x, x + 10)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 3, 13, -1,  9,  4, 14,  1, 11], dtype=int32)
    """
    c = core.join(a, b)
    last: constexpr = len(c.shape) - 2
    if last < 0:
        return c
    else:
        merged: constexpr = _replaced(c.shape[:-1], last, (2 * c.shape[last],))
        return core.reshape(c, merged)


@jit
def swizzle2d(i, j, size_i, size_j, size_g):
    """Maps row-major indices to an order that walks column by column in groups of ``size_g`` rows.

    For the index (i, j) of a size_i x size_j matrix; gives the new (i, j).

    Examples
    --------
    >>> evaluate("tl.swizzle2d(x // 2, x % 2, 4, 2, 2)", x=np.arange(8, dtype=np.int32))
    (array([0, 1, 0, 1, 2, 3, 2, 3], dtype=int32), array([0, 0, 1, 1, 0, 0, 1, 1], dtype=int32))
    """
    linear = i * size_j + j
    group_size = size_g * size_j
    group = linear // group_size
    first_row = group * size_g
    rows = core.minimum(size_i - first_row, size_g)
    within = linear % group_size
    return first_row + within % rows, within // rows


# Reductions.


@jit
def _sum_combine(a, b):
    return a + b


@jit
def _prod_combine(a, b):
    return a * b


@jit
def _xor_combine(a, b):
    return a ^ b


@jit
def _or_combine(a, b):
    return a | b


@jit
def _elementwise_max(a, b):
    return core.maximum(a, b)


@jit
def _elementwise_min(a, b):
    return core.minimum(a, b)


# The winner's value and index. A NaN never wins against a number, as in maximum and minimum; of
# equal values (NaNs count as equal) the smaller index wins where ties break to the left.
@jit
def _argmax_combine_tie_break_left(value1, index1, value2, index2):
    first = (value1 > value2) | ((value2 != value2) & (value1 == value1))
    equal = (value1 == value2) | ((value1 != value1) & (value2 != value2))
    take = first | (equal & (index1 < index2))
    return core.where(take, value1, value2), core.where(take, index1, index2)


@jit
def _argmax_combine_tie_break_fast(value1, index1, value2, index2):
    take = (value1 > value2) | (value2 != value2)
    return core.where(take, value1, value2), core.where(take, index1, index2)


@jit
def _argmin_combine_tie_break_left(value1, index1, value2, index2):
    first = (value1 < value2) | ((value2 != value2) & (value1 == value1))
    equal = (value1 == value2) | ((value1 != value1) & (value2 != value2))
    take = first | (equal & (index1 < index2))
    return core.where(take, value1, value2), core.where(take, index1, index2)


@jit
def _argmin_combine_tie_break_fast(value1, index1, value2, index2):
    take = (value1 < value2) | (value2 != value2)
    return core.where(take, value1, value2), core.where(take, index1, index2)


@jit
def _argmax_combine(value1, index1, value2, index2, tie_break_left):
    if tie_break_left:
        return _argmax_combine_tie_break_left(value1, index1, value2, index2)
    else:
        return _argmax_combine_tie_break_fast(value1, index1, value2, index2)


@jit
def _argmin_combine(value1, index1, value2, index2, tie_break_left):
    if tie_break_left:
        return _argmin_combine_tie_break_left(value1, index1, value2, index2)
    else:
        return _argmin_combine_tie_break_fast(value1, index1, value2, index2)


@jit
def _bf16_widened(x):
    """bfloat16 as float32; other types as they are."""
    if x.dtype.is_bf16():
        return x.to(core.float32)
    else:
        return x


@jit
def _widened(x):
    """Types below 32 bits as float32 or int32, for comparisons."""
    if x.dtype.primitive_bitwidth >= 32:
        return x
    elif x.dtype.is_floating():
        return x.to(core.float32)
    else:
        return x.to(core.int32)


@jit
def max(
    input,
    axis=None,
    return_indices: constexpr = False,
    return_indices_tie_break_left: constexpr = True,
    keep_dims: constexpr = False,
):
    """Largest element along ``axis`` (None: of all).

    Types below 32 bits give float32 or int32. NaN: ignored; a NaN is the result only where every
    element is one. +0 is above -0. ``return_indices``: also its int32 position, see argmax; then
    only bfloat16 changes its type, to float32, and -0 equals +0.

    Examples
    --------
    >>> evaluate("tl.max(x)", x=np.array([3, -1, 4, 1], np.int32))
    np.int32(4)
    >>> evaluate("tl.max(x, axis=1, return_indices=True)",
    ...          x=np.arange(4, dtype=np.int32).reshape(2, 2))
    (array([1, 3], dtype=int32), array([1, 1], dtype=int32))
    """
    if return_indices:
        x = _bf16_widened(input)
        index = _indices(x, axis)
        if return_indices_tie_break_left:
            return core.reduce(
                (x, index), axis, _argmax_combine_tie_break_left, keep_dims=keep_dims
            )
        else:
            return core.reduce(
                (x, index), axis, _argmax_combine_tie_break_fast, keep_dims=keep_dims
            )
    else:
        return core.reduce(_widened(input), axis, _elementwise_max, keep_dims=keep_dims)


@jit
def min(
    input,
    axis=None,
    return_indices: constexpr = False,
    return_indices_tie_break_left: constexpr = True,
    keep_dims: constexpr = False,
):
    """Smallest element along ``axis`` (None: of all). Types, NaN and indices as in max.

    Examples
    --------
    >>> evaluate("tl.min(x)", x=np.array([3, -1, 4, 1], np.int32))
    np.int32(-1)
    """
    if return_indices:
        x = _bf16_widened(input)
        index = _indices(x, axis)
        if return_indices_tie_break_left:
            return core.reduce(
                (x, index), axis, _argmin_combine_tie_break_left, keep_dims=keep_dims
            )
        else:
            return core.reduce(
                (x, index), axis, _argmin_combine_tie_break_fast, keep_dims=keep_dims
            )
    else:
        return core.reduce(_widened(input), axis, _elementwise_min, keep_dims=keep_dims)


@jit
def argmax(input, axis, tie_break_left: constexpr = True, keep_dims: constexpr = False):
    """int32 position of the largest element along ``axis`` (None: in row-major order).

    Of equal elements (-0 equals +0) the first, unless ``tie_break_left=False`` (then any of them).
    NaN: ignored as in max; where every element is NaN the first position.

    Examples
    --------
    >>> evaluate("tl.argmax(x, 0)", x=np.array([3, -1, 4, 1], np.int32))
    np.int32(2)
    """
    _, index = max(input, axis, True, tie_break_left, keep_dims)
    return index


@jit
def argmin(input, axis, tie_break_left: constexpr = True, keep_dims: constexpr = False):
    """int32 position of the smallest element along ``axis``; see argmax.

    Examples
    --------
    >>> evaluate("tl.argmin(x, 0)", x=np.array([3, -1, 4, 1], np.int32))
    np.int32(1)
    """
    _, index = min(input, axis, True, tie_break_left, keep_dims)
    return index


@constexpr_function
def _pick_sum_dtype(source: Any, wanted: Any) -> Any:
    """Type that a sum is formed in: integers below 32 bits widen, floats keep their type."""
    if wanted is not None:
        return wanted
    if source.is_int_signed() and source.primitive_bitwidth < 32:
        return core.int32
    if source.is_int_unsigned() and source.primitive_bitwidth < 32:
        return core.uint32
    return None


@jit
def sum(input, axis=None, keep_dims: constexpr = False, dtype: constexpr = None):
    """Sum along ``axis`` (None: of all elements), formed in ``dtype``.

    Without ``dtype``, integers below 32 bits are summed as int32 or uint32 (int1, too), and floats
    in their own type: a long float16 or bfloat16 sum loses less with ``dtype=tl.float32``. Integers
    wrap. The order is that of reduce(): fixed for a compiled kernel, not that of a loop.

    Examples
    --------
    >>> evaluate("tl.sum(x)", x=np.array([3, -1, 4, 1], np.int32))
    np.int32(7)
    >>> evaluate("tl.sum(x, axis=0)", x=np.arange(4, dtype=np.int32).reshape(2, 2))
    array([2, 4], dtype=int32)
    """
    wanted: constexpr = _pick_sum_dtype(input.dtype, dtype)
    if wanted is not None:
        return core.reduce(input.to(wanted), axis, _sum_combine, keep_dims=keep_dims)
    else:
        return core.reduce(input, axis, _sum_combine, keep_dims=keep_dims)


@jit
def xor_sum(input, axis=None, keep_dims: constexpr = False):
    """Bitwise exclusive or of the integers along ``axis`` (None: of all), in their type.

    Examples
    --------
    >>> evaluate("tl.xor_sum(x, 0)", x=np.array([1, 4, 0, 1], np.int32))
    np.int32(4)
    """
    core.static_assert(input.dtype.is_int(), "xor_sum only supported for integers")
    return core.reduce(input, axis, _xor_combine, keep_dims=keep_dims)


@jit
def reduce_or(input, axis, keep_dims: constexpr = False):
    """Bitwise or of the integers along ``axis`` (None: of all), in their type.

    Examples
    --------
    >>> evaluate("tl.reduce_or(x, 0)", x=np.array([1, 4, 0, 1], np.int32))
    np.int32(5)
    """
    core.static_assert(input.dtype.is_int(), "reduce_or only supported for integers")
    return core.reduce(input, axis, _or_combine, keep_dims=keep_dims)


# Scans.


@jit
def cumsum(input, axis=0, reverse: constexpr = False, dtype: constexpr = None):
    """Running sum along ``axis``; types as in sum, but bfloat16 is summed as float32.

    ``reverse`` sums from the end. Integers wrap; sums are bracketed as in associative_scan().

    Examples
    --------
    >>> evaluate("tl.cumsum(x)", x=np.array([3, -1, 4, 1], np.int32))
    array([3, 2, 6, 7], dtype=int32)
    >>> evaluate("tl.cumsum(x, reverse=True)", x=np.array([3, -1, 4, 1], np.int32))
    array([7, 4, 5, 1], dtype=int32)
    """
    x = _bf16_widened(input)
    wanted: constexpr = _pick_sum_dtype(x.dtype, dtype)
    if wanted is not None:
        return core.associative_scan(x.to(wanted), axis, _sum_combine, reverse)
    else:
        return core.associative_scan(x, axis, _sum_combine, reverse)


@jit
def cumprod(input, axis=0, reverse: constexpr = False):
    """Running product along ``axis``; bfloat16 is multiplied as float32. Integers wrap.

    Examples
    --------
    >>> evaluate("tl.cumprod(x)", x=np.array([3, -1, 4, 1], np.int32))
    array([  3,  -3, -12, -12], dtype=int32)
    """
    return core.associative_scan(_bf16_widened(input), axis, _prod_combine, reverse)


for _name in (
    "cdiv", "sigmoid", "softmax", "ravel", "max", "argmax", "min", "argmin", "sum", "xor_sum",
    "reduce_or", "cumsum", "cumprod", "sort", "flip",
):  # fmt: skip
    member(_name, globals()[_name])

__all__ = [
    "argmax", "argmin", "bitonic_merge", "cdiv", "cumprod", "cumsum", "flip", "interleave", "max",
    "min", "ravel", "reduce_or", "sigmoid", "softmax", "sort", "squeeze", "sum", "swizzle2d",
    "topk", "unsqueeze", "xor_sum", "zeros", "zeros_like",
]  # fmt: skip
