"""Making blocks, and changing their shape."""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.dtypes import dtype as dtype_class
from cosmati.language.tensor import (
    cast,
    member,
    operand,
    scalar_shape,
    tensor,
    to_tensor,
    variadic,
)
from cosmati.language.tuples import Tuple


@builtin
def arange(start: Any, end: Any) -> tensor:
    """The integers ``start, ..., end - 1`` as an int32 block.

    Both are constexpr within int32, ``end > start``, and their distance is a power of two. For
    offsets that go beyond 2**31 cast it: ``tl.arange(0, B).to(tl.int64) * stride``.

    Examples
    --------
    >>> evaluate("tl.arange(0, 4)")
    array([0, 1, 2, 3], dtype=int32)
    """
    bounds = [unwrap(start), unwrap(end)]
    if any(isinstance(bound, tensor) for bound in bounds):
        raise ValueError(
            "arange's arguments must be of type tl.constexpr; a parameter or a local variable is "
            "one when it is annotated: `N: tl.constexpr`"
        )
    if any(not isinstance(bound, int) for bound in bounds):
        raise TypeError(f"arange's arguments are {bounds[0]} and {bounds[1]}, not integers")
    return tensor(builder().arange(bounds[0], bounds[1]))


@builtin
def full(shape: Any, value: Any, dtype: Any) -> tensor:
    """A block of ``shape`` whose elements are all ``value``, as ``dtype``.

    ``value`` is a number or a scalar of the kernel, cast to ``dtype``; an integer that has no room
    in it is an error. Extents are powers of two, with at most 2**20 elements.

    Examples
    --------
    >>> evaluate("tl.full((2, 2), 7, tl.int16)")
    array([[7, 7],
           [7, 7]], dtype=int16)
    """
    extents = scalar_shape(shape)
    element = unwrap(dtype)
    if not isinstance(element, dtype_class):
        raise TypeError(f"the dtype of tl.full is {element}, not a type of cosmati.language")
    return tensor(builder().full(extents, operand(value), element.core))


@builtin
def broadcast(input: Any, other: Any) -> Tuple:
    """Both blocks at their common shape, as operators broadcast: aligned at the last dimensions.

    CompilationError where extents differ and none of them is 1.

    Examples
    --------
    >>> evaluate("tl.broadcast(x[:, None], x[None, :])", x=np.array([1, 2], np.int32))
    (array([[1, 1],
           [2, 2]], dtype=int32), array([[1, 2],
           [1, 2]], dtype=int32))
    """
    first, second = builder().broadcast(operand(to_tensor(input)), operand(to_tensor(other)))
    return Tuple([tensor(first), tensor(second)])


@builtin
def broadcast_to(input: Any, *shape: Any) -> tensor:
    """``input`` repeated along its dimensions of extent 1 until it has ``shape``.

    A scalar takes any shape; the rank of a block stays: insert dimensions first.

    Examples
    --------
    >>> evaluate("tl.broadcast_to(x[None, :], 2, 2)", x=np.array([1, 2], np.int32))
    array([[1, 2],
           [1, 2]], dtype=int32)
    """
    return tensor(builder().broadcast_to(operand(to_tensor(input)), variadic(shape)))


@builtin
def expand_dims(input: Any, axis: Any) -> tensor:
    """Inserts dimensions of extent 1.

    ``axis``: an int or several; counted in the result, negative from its end.

    Examples
    --------
    >>> evaluate("tl.expand_dims(x, 0)", x=np.array([1, 2], np.int32))
    array([[1, 2]], dtype=int32)
    """
    value = to_tensor(input)
    axes = unwrap(axis)
    axes = [unwrap(item) for item in axes] if not isinstance(axes, int) else [axes]
    rank = len(value.shape) + len(axes)
    wrapped = [_wrap_axis(item, rank) for item in axes]
    if len(set(wrapped)) != len(wrapped):
        raise ValueError(f"expand_dims received duplicate axes, normalized axes = {wrapped}")
    for item in sorted(wrapped):
        value = tensor(builder().expand_dims(value.handle, item))
    return value


def _wrap_axis(axis: Any, rank: int) -> int:
    """A dimension counted from either end as one counted from 0; ValueError outside of it."""
    axis = unwrap(axis)
    if not isinstance(axis, int):
        raise TypeError(f"a dimension is a compile-time integer, not {axis}")
    if not -rank <= axis < rank:
        raise ValueError(f"invalid axis {axis}. Expected {-rank} <= axis < {rank}")
    return axis + rank if axis < 0 else axis


@builtin
def reshape(input: Any, *shape: Any, can_reorder: Any = False) -> tensor:
    """The same elements in row-major order with other extents.

    All extents are given (there is no -1), and have the same product. ``can_reorder=True`` lets the
    compiler put the elements in any order.

    Examples
    --------
    >>> evaluate("tl.reshape(x, 2, 2)", x=np.array([3, -1, 4, 1], np.int32))
    array([[ 3, -1],
           [ 4,  1]], dtype=int32)
    """
    return tensor(
        builder().reshape(operand(to_tensor(input)), variadic(shape), bool(unwrap(can_reorder)))
    )


@builtin
def view(input: Any, *shape: Any) -> tensor:
    """reshape() that may put the elements in any order.

    Examples
    --------
    >>> evaluate("tl.sum(tl.view(x, 2, 2))", x=np.array([3, -1, 4, 1], np.int32))
    np.int32(7)
    """
    return tensor(builder().reshape(operand(to_tensor(input)), variadic(shape), True))


@builtin
def permute(input: Any, *dims: Any) -> tensor:
    """Result dimension ``d`` is the input's dimension ``dims[d]``; all are named, from 0.

    Examples
    --------
    >>> evaluate("tl.permute(x, 1, 0)", x=np.arange(4, dtype=np.int32).reshape(2, 2))
    array([[0, 2],
           [1, 3]], dtype=int32)
    """
    return tensor(builder().permute(operand(input), variadic(dims)))


@builtin
def trans(input: Any, *dims: Any) -> tensor:
    """permute(); without ``dims`` the last two dimensions change places.

    Examples
    --------
    >>> evaluate("tl.trans(x)", x=np.arange(4, dtype=np.int32).reshape(2, 2))
    array([[0, 2],
           [1, 3]], dtype=int32)
    """
    if not dims:
        rank = len(input.shape)
        if rank < 2:
            raise ValueError("trans needs a block of at least 2 dimensions, or `dims`")
        dims = (*range(rank - 2), rank - 1, rank - 2)
    return permute(input, *dims)


@builtin
def join(a: Any, b: Any) -> tensor:
    """Stacks two blocks along a new last dimension of extent 2, after broadcasting.

    The blocks have one type; integers that differ in their sign only take the first's.

    Examples
    --------
    >>> evaluate("tl.join(x, x + 10)", x=np.array([1, 2], np.int32))
    array([[ 1, 11],
           [ 2, 12]], dtype=int32)
    """
    first = to_tensor(a)
    return tensor(builder().join(first.handle, _of_sign(first, to_tensor(b)).handle))


@builtin
def split(a: Any) -> Tuple:
    """The two halves of a block along its last dimension, whose extent is 2. Inverse of join().

    Scalars of a block [2].

    Examples
    --------
    >>> evaluate("tl.split(x)", x=np.arange(4, dtype=np.int32).reshape(2, 2))
    (array([0, 2], dtype=int32), array([1, 3], dtype=int32))
    """
    first, second = builder().split(operand(a))
    return Tuple([tensor(first), tensor(second)])


@builtin
def cat(input: Any, other: Any, can_reorder: Any = False, dim: Any = 0) -> tensor:
    """Concatenates two blocks of one shape along dimension ``dim``.

    ``can_reorder=True`` leaves the order of the elements open (one dimension only). Types are those
    of join().

    Examples
    --------
    >>> evaluate("tl.cat(x, x + 10)", x=np.array([1, 2], np.int32))
    array([ 1,  2, 11, 12], dtype=int32)
    """
    if bool(unwrap(can_reorder)) and unwrap(dim) != 0:
        raise ValueError(f"tl.cat with can_reorder=True concatenates dimension 0, not {dim}")
    reorder = bool(unwrap(can_reorder))
    first = to_tensor(input)
    second = _of_sign(first, to_tensor(other))
    return tensor(builder().cat(first.handle, second.handle, reorder, int(unwrap(dim))))


def _of_sign(first: tensor, second: tensor) -> tensor:
    """``second`` with the first's type where both are integers of one width."""
    types = first.dtype, second.dtype
    if types[0].is_int() and types[1].is_int() and types[0] != types[1]:
        if types[0].primitive_bitwidth == types[1].primitive_bitwidth:
            return cast(second, types[0], bitcast=True)
    return second


@builtin
def gather(src: Any, index: Any, axis: Any) -> tensor:
    """``r[.., i, ..] = src[.., index[.., i, ..], ..]`` along ``axis``.

    ``index``: integers of any width; its shape is that of ``src`` but for ``axis``, and the
    result's. Indices out of range, negative ones among them, give 0. Elements keep their bits. Made
    of a comparison with every source index and a reduction, so it costs ``src.shape[axis]``
    operations per element.

    Examples
    --------
    >>> evaluate("tl.gather(x, (x + 1) & 3, axis=0)", x=np.array([3, 0, 2, 1], np.int32))
    array([3, 0, 1, 2], dtype=int32)
    """
    from cosmati.language.compute import reduce_with_xor

    rank = len(src.shape)
    axis = _wrap_axis(axis, rank)
    if len(index.shape) != rank:
        raise ValueError("source and index of gather must have the same rank")
    for dim in range(rank):
        if dim != axis and int(src.shape[dim]) != int(index.shape[dim]):
            raise ValueError(f"index dim {dim} must match the corresponding source dim")
    if not index.dtype.is_int():
        raise TypeError(f"the index of gather holds integers, not {index.dtype}")
    extent = int(src.shape[axis])
    if int(index.numel) * extent > _MOST_AT_ONCE:
        return _gather_by_loop(src, index, axis)
    # Compare index[.., i, 1, ..] with the positions [.., 1, k, ..] of src[.., 1, k, ..].
    positions = arange(0, extent)
    for dim in range(rank + 1):
        if dim != axis + 1:
            positions = expand_dims(positions, dim)
    chosen = expand_dims(index, axis + 1) == positions
    bits = _as_bits(src)
    spread = expand_dims(bits, axis)
    zero = full([1] * (rank + 1), 0, bits.dtype)
    picked = tensor(builder().where(chosen.handle, spread.handle, zero.handle))
    return cast(reduce_with_xor(picked, axis + 1), src.dtype, bitcast=not src.dtype.is_int())


# Comparisons that gather and histogram make in one block. More are made in a loop, since the code
# grows with the elements that a thread holds.
_MOST_AT_ONCE = 1 << 14


def _gather_by_loop(src: tensor, index: tensor, axis: int) -> tensor:
    """gather() one source position after the other: its slice, where the index names it."""
    from cosmati.language.compute import reduce_with_xor

    emit = builder()
    extent, bits = int(src.shape[axis]), _as_bits(src)
    positions = arange(0, extent)
    for dim in range(len(src.shape)):
        if dim != axis:
            positions = expand_dims(positions, dim)
    zero = emit.full(scalar_shape(index.shape), 0, bits.dtype.core)
    nothing = emit.full(scalar_shape(src.shape), 0, bits.dtype.core)
    position, (found,) = emit.begin_for(0, extent, 1, [("gathered", zero)])
    alone = emit.where(emit.eq(positions.handle, position), bits.handle, nothing)
    piece = reduce_with_xor(tensor(alone), axis)
    spread = (
        expand_dims(piece, axis).handle
        if len(src.shape) > 1
        else emit.full([1], piece.handle, bits.dtype.core)
    )
    hit = emit.eq(index.handle, position)
    (result,) = emit.end_for([emit.where(hit, spread, found)])
    return cast(tensor(result), src.dtype, bitcast=not src.dtype.is_int())


def _as_bits(value: tensor) -> tensor:
    """The elements' bits as integers of the same width."""
    from cosmati.language.dtypes import get_int_dtype

    if value.dtype.is_int():
        return value
    return cast(value, get_int_dtype(value.dtype.primitive_bitwidth, True), bitcast=True)


for _name, _function in {
    "broadcast_to": broadcast_to, "expand_dims": expand_dims, "reshape": reshape, "view": view,
    "permute": permute, "trans": trans, "split": split, "gather": gather, "cast": cast,
}.items():  # fmt: skip
    member(_name, _function)

__all__ = [
    "arange", "broadcast", "broadcast_to", "cat", "expand_dims", "full", "gather", "join",
    "permute", "reshape", "split", "trans", "view",
]  # fmt: skip
