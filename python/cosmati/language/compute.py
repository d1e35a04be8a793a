"""Selection, products, reductions, scans and hints."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin, generator
from cosmati.language.dtypes import float32, int32
from cosmati.language.tensor import (
    cast,
    member,
    operand,
    optional,
    scalar_shape,
    tensor,
    to_tensor,
)
from cosmati.language.tuples import Tuple


class PropagateNan(enum.Enum):
    """What minimum, maximum and clamp do with a NaN operand."""

    NONE = 0x0
    ALL = 0xFFFF


PROPAGATE_NAN = PropagateNan


@builtin
def where(condition: Any, x: Any, y: Any) -> tensor:
    """``x`` where ``condition`` is true, else ``y``, elementwise after broadcasting.

    Both are computed everywhere; what isn't chosen has no effect on the result, NaN included.
    ``condition`` may be a number: what isn't 0 is true, a NaN, too. The types of ``x`` and ``y``
    are promoted as for ``+``; pointers are of one type. A scalar condition chooses a whole.

    Examples
    --------
    >>> evaluate("tl.where(x > 2, x, 0)", x=np.array([3, -1, 4, 1], np.int32))
    array([3, 0, 4, 0], dtype=int32)
    """
    return tensor(builder().where(operand(condition), operand(x), operand(y)))


@builtin
def expect_zero(x: Any, mask: Any) -> Any:
    """``x``, with the statement that it is 0 wherever ``mask`` is set.

    Kernels compiled with ``debug=True`` check it; see device_assert.

    Examples
    --------
    >>> evaluate("tl.expect_zero(x, x > 5)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 3, -1,  4,  1], dtype=int32)
    """
    if generator().debug:
        from cosmati.language.program import device_assert

        holds = tensor(builder().logical_or(operand(x == 0), (~to_tensor(mask)).handle))
        device_assert(holds, "expect_zero expected x == 0 where mask is true")
    return x


@builtin
def add(x: Any, y: Any, sanitize_overflow: Any = True) -> tensor:
    """``x + y``. Integers wrap around, whatever ``sanitize_overflow`` is.

    Examples
    --------
    >>> evaluate("tl.add(x, 1)", x=np.array([3, -1, 4, 1], np.int32))
    array([4, 0, 5, 2], dtype=int32)
    """
    return tensor(builder().add(operand(x), operand(y)))


@builtin
def sub(x: Any, y: Any, sanitize_overflow: Any = True) -> tensor:
    """``x - y``. Integers wrap around, whatever ``sanitize_overflow`` is.

    Examples
    --------
    >>> evaluate("tl.sub(x, 1)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 2, -2,  3,  0], dtype=int32)
    """
    return tensor(builder().sub(operand(x), operand(y)))


@builtin
def mul(x: Any, y: Any, sanitize_overflow: Any = True) -> tensor:
    """``x * y``. Integers wrap around, whatever ``sanitize_overflow`` is.

    Examples
    --------
    >>> evaluate("tl.mul(x, x)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 9,  1, 16,  1], dtype=int32)
    """
    return tensor(builder().mul(operand(x), operand(y)))


def _propagates(propagate_nan: Any) -> bool:
    choice = unwrap(propagate_nan)
    if not isinstance(choice, PropagateNan):
        raise TypeError(f"propagate_nan is {choice}, not a tl.PropagateNan")
    return choice is PropagateNan.ALL


@builtin
def minimum(x: Any, y: Any, propagate_nan: Any = PropagateNan.NONE) -> tensor:
    """The smaller of two elements, after broadcasting; -0 is below +0. See maximum().

    Examples
    --------
    >>> evaluate("tl.minimum(x, 2)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 2, -1,  2,  1], dtype=int32)
    >>> evaluate("tl.minimum(x, 2.0, propagate_nan=tl.PropagateNan.ALL)",
    ...          x=np.array([np.nan, 1.0], np.float32))
    array([nan,  1.], dtype=float32)
    """
    return tensor(builder().minimum(operand(x), operand(y), _propagates(propagate_nan)))


@builtin
def maximum(x: Any, y: Any, propagate_nan: Any = PropagateNan.NONE) -> tensor:
    """The larger of two elements, after broadcasting; +0 is above -0.

    NaN: the other operand wins unless ``propagate_nan=tl.PropagateNan.ALL``. Types are promoted as
    for ``+``, but bfloat16 gives float32, and a Python number counts as an int32 or float32 rather
    than take the other's type: with an int8 block, 0 gives int32; with float16, 0.0 gives float32.

    Examples
    --------
    >>> evaluate("tl.maximum(x, 2)", x=np.array([3, -1, 4, 1], np.int32))
    array([3, 2, 4, 2], dtype=int32)
    >>> evaluate("tl.maximum(x, 2.0)", x=np.array([np.nan, 1.0], np.float32))
    array([2., 2.], dtype=float32)
    """
    return tensor(builder().maximum(operand(x), operand(y), _propagates(propagate_nan)))


@builtin
def clamp(x: Any, min: Any, max: Any, propagate_nan: Any = PropagateNan.NONE) -> tensor:
    """``min(max(x, min), max)`` of floats; where ``min > max`` the result is ``max``.

    NaN in ``x`` gives ``min``, and a NaN as a bound doesn't bound, unless
    ``propagate_nan=tl.PropagateNan.ALL``. Types as in maximum(): a float16 block with numbers as
    bounds gives float32. Integers are an error: use minimum() and maximum().

    Examples
    --------
    >>> evaluate("tl.clamp(x, 0.0, 1.0)", x=np.array([1.0, 4.0, -2.0, 0.5], np.float32))
    array([1. , 1. , 0. , 0.5], dtype=float32)
    """
    return tensor(
        builder().clamp(operand(x), operand(min), operand(max), _propagates(propagate_nan))
    )


@builtin
def dot(
    input: Any,
    other: Any,
    acc: Any = None,
    input_precision: Any = None,
    allow_tf32: Any = None,
    max_num_imprecise_acc: Any = None,
    out_dtype: Any = None,
) -> tensor:
    """Matrix product ``input @ other (+ acc)``.

    Parameters
    ----------
    input, other : blocks [M, K] and [K, N], or [B, M, K] and [B, K, N]
        One type for both (fp8 types, int8 and uint8 may differ). Bytes give int32; bfloat16 and
        float32 give float32; float64 gives float64; float16 and fp8 give ``out_dtype``. K is 16 or
        more.
    acc : block [M, N], optional
        Added to the product; has the result's type.
    input_precision : {"tf32", "tf32x3", "ieee", "bf16x3", "bf16x6"}, optional
        How float32 operands are fed to tensor cores: rounded to tf32 (the default), as sums of
        2 or 3 parts, or, "ieee", not at all. ``allow_tf32`` is its older spelling.
    max_num_imprecise_acc : int, optional
        fp8 with a float32 result only: how many products along K the hardware may sum by itself,
        at less than float32's precision, before the sum is added in float32. Any number by default.
    out_dtype : dtype, optional
        float32 by default.

    Notes
    -----
    Products of 8- and 16-bit floats are exact in float32; the order of the sum is the hardware's,
    hence not that of a loop over K, but the same in every run of the same compiled kernel. int32
    sums wrap. Infinities and NaNs go the way of IEEE arithmetic. Where no tensor core fits, fused
    multiply-adds form the sum in the order of K, and a remark says so.

    Raises CompilationError for types that differ or have no product, K below 16, an ``acc`` of
    another type than the result's, and an unknown precision.

    Examples
    --------
    >>> x = np.full((16, 16), 2, np.float16)
    >>> evaluate("tl.dot(x, x)", x=x)[0, :4]
    array([64., 64., 64., 64.], dtype=float32)
    """
    out = unwrap(out_dtype)
    return tensor(
        builder().dot(
            operand(input),
            operand(other),
            None if unwrap(acc) is None else operand(acc),
            unwrap(input_precision) or "",
            unwrap(allow_tf32),
            unwrap(max_num_imprecise_acc),
            None if out is None else out.core,
        )
    )


@builtin
def dot_scaled(
    lhs: Any,
    lhs_scale: Any,
    lhs_format: Any,
    rhs: Any,
    rhs_scale: Any,
    rhs_format: Any,
    acc: Any = None,
    fast_math: Any = False,
    lhs_k_pack: Any = True,
    rhs_k_pack: Any = True,
    out_dtype: Any = float32,
) -> tensor:
    """Matrix product of blocks in the microscaling formats of OCP's MX specification 1.0.

    ``acc[m, n] + sum_k (lhs[m, k] * lhs_scale[m, k // 32]) * (rhs[k, n] * rhs_scale[n, k // 32])``,
    made of casts, bit operations and one dot with a float32 accumulator.

    Parameters
    ----------
    lhs, rhs : blocks [M, K] and [K, N], or [B, M, K] and [B, K, N]
        Elements of the formats' types, or unsigned integers with their bits. "e2m1": uint8, each
        with two elements of the packed dimension (which has half its extent), the first in the low
        four bits.
    lhs_scale, rhs_scale : blocks [M, K / 32] and [N, K / 32] (both by rows of K), or None
        uint8 in E8M0: ``2 ** (s - 127)``, 255 is NaN. None: no scale. A float8e4nv block of
        [M, K / 16] or [N, K / 16] scales "e2m1", "e4m3" and "e5m2" (NVFP4).
    lhs_format, rhs_format : {"e2m1", "e4m3", "e5m2", "bf16", "fp16"}
    acc : float32 block [M, N], optional
        Added to the product.
    fast_math : bool
        Promises that no scale is 255; one that is counts as infinity.
    lhs_k_pack, rhs_k_pack : bool
        "e2m1": packed along K; False: ``lhs`` along M, ``rhs`` along N.
    out_dtype : dtype
        float32.

    Notes
    -----
    An element times its scale is computed in bfloat16; if one format is "fp16", in float32, fed to
    the dot as tf32 (in float16 if there are no scales and the other format is not "bf16"). Each of
    these holds the scaled element exactly as long as it is in range: from 2**128 on it becomes
    infinity, and below 2**-126 it is rounded to a multiple of 2**-133 (bfloat16) or 2**-136 (tf32).
    A launch with ``ftz=True`` may take what is below 2**-126, scales among them, for zero.

    Examples
    --------
    >>> a = np.full((16, 32), 0x22, np.uint8)  # e2m1: 0x2 is 1.0; two to the byte
    >>> b = np.full((32, 16), 0x22, np.uint8)
    >>> scale = np.full((16, 2), 128, np.uint8)  # 2 ** (128 - 127), for 32 elements each
    >>> evaluate("tl.dot_scaled(a, s, 'e2m1', b, s, 'e2m1')", a=a, b=b, s=scale)[0, :4]
    array([256., 256., 256., 256.], dtype=float32)
    """
    return tensor(
        builder().dot_scaled(
            operand(lhs),
            optional(lhs_scale),
            unwrap(lhs_format),
            operand(rhs),
            optional(rhs_scale),
            unwrap(rhs_format),
            optional(acc),
            bool(unwrap(fast_math)),
            bool(unwrap(lhs_k_pack)),
            bool(unwrap(rhs_k_pack)),
            unwrap(out_dtype).core,
        )
    )


def _combined(function: Any, arguments: list[Any]) -> list[Any]:
    """Calls the combine function inside of the open region."""
    result = generator().call_function(unwrap(function), arguments)
    values = list(result) if isinstance(result, Tuple) else [result]
    if len(values) * 2 != len(arguments):
        raise ValueError(
            f"the combine function returns {len(values)} values; it must return as many as are "
            f"combined: {len(arguments) // 2}"
        )
    return [operand(value) for value in values]


def _dimension(axis: Any, function: str, or_none: bool) -> int | None:
    """The one dimension that ``axis`` names; TypeError for anything else."""
    dim = unwrap(axis)
    if isinstance(dim, int) or (dim is None and or_none):
        return dim
    given = f"a value of type {dim.type}" if isinstance(dim, tensor) else str(dim)
    every = ", or None for all of them; call it once for each dimension" if or_none else ""
    raise TypeError(f"the axis of {function} is {given}; it is one compile-time integer{every}")


@builtin
def reduce(input: Any, axis: Any, combine_fn: Any, keep_dims: Any = False) -> Any:
    """Combines all elements along ``axis``.

    Parameters
    ----------
    input : block, or tuple of blocks of one shape
    axis : int or None
        Counted from either end. None combines all elements, and gives a scalar.
    combine_fn : jit function
        Takes two scalars (or two groups of scalars) and gives one of the same types. Associative
        and commutative: the order is the compiler's.
    keep_dims : bool
        Keep reduced dimensions with extent 1.

    Notes
    -----
    Elements are combined in a tree whose form depends on shape, types, ``num_warps`` and target,
    not on the run: the same compiled kernel gives the same bits, but another ``num_warps`` may
    round a float sum differently.

    Examples
    --------
    >>> evaluate("tl.reduce(x, 0, tl.standard._sum_combine)",
    ...          x=np.array([3, -1, 4, 1], np.int32))
    np.int32(7)
    """
    single = not isinstance(input, (Tuple, tuple, list))
    blocks = [to_tensor(input)] if single else [to_tensor(item) for item in input]
    dim = _dimension(axis, "reduce", or_none=True)
    rank = len(blocks[0].shape)
    emit = builder()
    arguments = emit.begin_reduce([block.handle for block in blocks], dim)
    combined = _combined(combine_fn, [tensor(argument) for argument in arguments])
    results = [tensor(handle) for handle in emit.end_reduce(combined)]
    if bool(unwrap(keep_dims)):
        results = [_restore(result, dim, rank) for result in results]
    return results[0] if single else Tuple(results)


def _restore(value: tensor, axis: int | None, rank: int) -> tensor:
    """Puts reduced dimensions back with extent 1."""
    if axis is None or rank == 1:
        return tensor(builder().full([1] * rank, value.handle, value.dtype.core))
    return tensor(builder().expand_dims(value.handle, axis % rank))


@builtin
def _promote_bfloat16_to_float32(t: Any) -> tensor:
    """bfloat16 as float32, other types as they are; libraries' own reductions call it."""
    value = to_tensor(t)
    return cast(value, float32) if value.dtype.is_bf16() else value


@builtin
def _reduce_with_indices(input: Any, axis: Any, combine_fn: Any, keep_dims: Any = False) -> Tuple:
    """reduce() of a block and the int32 positions of its elements along ``axis``."""
    value = to_tensor(input)
    extents = [int(extent) for extent in value.shape]
    dim = unwrap(axis)
    emit = builder()
    count = value.numel.value if dim is None else extents[dim]
    line = extents if dim is None else [1] * len(extents)
    if dim is not None:
        line[dim] = count
    index = emit.broadcast_to(emit.reshape(emit.arange(0, count), line, False), extents)
    return reduce(Tuple([value, tensor(index)]), axis, combine_fn, keep_dims)  # type: ignore[no-any-return]


@builtin
def associative_scan(input: Any, axis: Any, combine_fn: Any, reverse: Any = False) -> Any:
    """Running combination along ``axis``: element i combines the elements 0..i in order.

    ``input`` is a block or a tuple of blocks of one shape, as the result; ``axis`` an int, counted
    from either end. ``reverse=True`` runs from the end: element i combines n-1..i. ``combine_fn``
    is associative and need not be commutative; how it is bracketed is the compiler's, and the same
    in each run; see reduce().

    Examples
    --------
    >>> evaluate("tl.associative_scan(x, 0, tl.standard._sum_combine)",
    ...          x=np.array([3, -1, 4, 1], np.int32))
    array([3, 2, 6, 7], dtype=int32)
    """
    single = not isinstance(input, (Tuple, tuple, list))
    blocks = [to_tensor(input)] if single else [to_tensor(item) for item in input]
    emit = builder()
    handles = [block.handle for block in blocks]
    dim = _dimension(axis, "associative_scan", or_none=False)
    arguments = emit.begin_scan(handles, dim, bool(unwrap(reverse)))
    combined = _combined(combine_fn, [tensor(argument) for argument in arguments])
    results = [tensor(handle) for handle in emit.end_scan(combined)]
    return results[0] if single else Tuple(results)


def reduce_with(value: tensor, axis: int, combine: Callable[[Any, Any, Any], Any]) -> tensor:
    """reduce() whose combination is one call of the builder."""
    emit = builder()
    lhs, rhs = emit.begin_reduce([value.handle], axis)
    return tensor(emit.end_reduce([combine(emit, lhs, rhs)])[0])


def reduce_with_xor(value: tensor, axis: int) -> tensor:
    return reduce_with(value, axis, lambda emit, lhs, rhs: emit.xor(lhs, rhs))


@builtin
def histogram(input: Any, num_bins: Any, mask: Any = None) -> tensor:
    """How often each of 0..num_bins-1 occurs in a rank-1 integer block; int32.

    ``num_bins`` is a power of two; ``mask`` holds truth values and is broadcast to ``input``. Made
    of comparisons with every bin and sums. Elements that are masked off or outside of the bins
    count nowhere.

    Examples
    --------
    >>> evaluate("tl.histogram(x, 4)", x=np.array([0, 3, 3, 1], np.int32))
    array([1, 1, 0, 2], dtype=int32)
    """
    from cosmati.language.shapes import _MOST_AT_ONCE

    if not isinstance(input, tensor) or len(input.shape) != 1:
        raise ValueError("histogram only supports 1D input; flatten it with tl.ravel")
    if not input.dtype.is_int():
        raise TypeError(f"histogram only supports integer input, got {input.dtype}")
    bins, size = int(unwrap(num_bins)), int(input.shape[0])
    if bins < 1 or bins & (bins - 1):
        raise ValueError(f"num_bins is {bins}; it must be a power of 2, as a block's extent")
    emit = builder()
    values = emit.expand_dims(input.handle, 0)
    counted = None
    if unwrap(mask) is not None:
        given = to_tensor(mask)
        if not given.dtype.is_bool():
            raise ValueError(f"Mask must have boolean scalar type, got {given.dtype}")
        counted = emit.expand_dims(emit.broadcast_to(given.handle, [size]), 0)
    at_once = min(bins, max(1, _MOST_AT_ONCE // size))
    positions = emit.expand_dims(emit.arange(0, at_once), 1)
    if at_once == bins:
        return _counts(values, positions, counted)
    # at_once bins in each iteration: a row of the counts.
    rows = emit.expand_dims(emit.arange(0, bins // at_once), 1)
    zero = emit.full([bins // at_once, at_once], 0, int32.core)
    row, (counts,) = emit.begin_for(0, bins // at_once, 1, [("counts", zero)])
    made = _counts(values, emit.add(positions, emit.mul(row, at_once)), counted)
    found = emit.where(emit.eq(rows, row), emit.expand_dims(made.handle, 0), counts)
    (result,) = emit.end_for([found])
    return tensor(emit.reshape(result, [bins], False))


def _counts(values: Any, positions: Any, counted: Any) -> tensor:
    """How many of the (counted) ``values`` [1, n] are each of ``positions`` [k, 1]."""
    emit = builder()
    hits = emit.eq(positions, values)
    if counted is not None:
        hits = emit.and_(hits, counted)
    numbers = tensor(emit.cast(hits, int32.core, None))
    return reduce_with(numbers, 1, lambda e, lhs, rhs: e.add(lhs, rhs))


def _hint(method: str, value: Any, numbers: Any) -> tensor:
    return tensor(getattr(builder(), method)(operand(value), scalar_shape(numbers)))


@builtin
def multiple_of(input: Any, values: Any) -> tensor:
    """``input``, with the promise that each run's first element is a multiple of ``values``.

    Runs are what max_contiguous() and the compiler know of. ``values`` has a number for each
    dimension. Accesses are widened on the strength of it: a promise that doesn't hold makes them
    fault, or reach other elements. ``COSMATI_CHECK=all`` finds that.

    Examples
    --------
    >>> evaluate("tl.multiple_of(x, 1)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 3, -1,  4,  1], dtype=int32)
    """
    return _hint("multiple_of", input, values)


@builtin
def max_contiguous(input: Any, values: Any) -> tensor:
    """``input``, with the promise that runs of ``values`` elements are consecutive integers.

    ``values`` has a number for each dimension; see multiple_of() for promises that don't hold.

    Examples
    --------
    >>> evaluate("tl.max_contiguous(x, 1)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 3, -1,  4,  1], dtype=int32)
    """
    return _hint("max_contiguous", input, values)


@builtin
def max_constancy(input: Any, values: Any) -> tensor:
    """``input``, with the promise that the elements of each run of ``values`` are equal.

    ``values`` has a number for each dimension; see multiple_of() for promises that don't hold.

    Examples
    --------
    >>> evaluate("tl.max_constancy(x, 1)", x=np.array([3, -1, 4, 1], np.int32))
    array([ 3, -1,  4,  1], dtype=int32)
    """
    return _hint("max_constancy", input, values)


for _name, _function in {
    "reduce": reduce, "associative_scan": associative_scan, "histogram": histogram,
}.items():  # fmt: skip
    member(_name, _function)

__all__ = [
    "PROPAGATE_NAN", "PropagateNan", "add", "associative_scan", "clamp", "dot", "dot_scaled",
    "expect_zero", "histogram", "max_constancy", "max_contiguous", "maximum", "minimum", "mul",
    "multiple_of", "reduce", "sub", "where",
]  # fmt: skip
