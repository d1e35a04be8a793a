"""Arithmetic of shapes and dimensions, done while a kernel is compiled."""

from __future__ import annotations

from typing import Any

from cosmati.language import core
from cosmati.language.constexpr import constexpr, constexpr_function
from cosmati.runtime.jit import jit


@constexpr_function
def _log2(i: Any) -> int:
    """Exponent of a power of two."""
    return int(i).bit_length() - 1


@constexpr_function
def _is_power_of_two(i: Any) -> bool:
    return int(i) > 0 and int(i) & (int(i) - 1) == 0


@constexpr_function
def _axis(axis: Any, rank: Any) -> int:
    """A dimension counted from 0; None means the last one."""
    axis = rank - 1 if axis is None else axis
    if not -rank <= axis < rank:
        raise ValueError(f"invalid axis {axis} of a block of rank {rank}")
    return int(axis % rank)


@constexpr_function
def _numel(shape: Any) -> int:
    product = 1
    for extent in shape:
        product *= int(extent)
    return product


@constexpr_function
def _replaced(shape: Any, axis: Any, extents: Any) -> tuple[int, ...]:
    """``shape`` with the dimension ``axis`` replaced by ``extents``."""
    plain = [int(extent) for extent in shape]
    return (*plain[:axis], *(int(extent) for extent in extents), *plain[axis + 1 :])


@constexpr_function
def _moved_last(rank: Any, axis: Any) -> tuple[int, ...]:
    """Order of dimensions that puts ``axis`` last."""
    return (*(dim for dim in range(rank) if dim != axis), axis)


@constexpr_function
def _moved_back(rank: Any, axis: Any) -> tuple[int, ...]:
    """Order of dimensions that puts the last one at ``axis``."""
    return (*range(axis), rank - 1, *range(axis, rank - 1))


@jit
def _indices(x, axis: constexpr):
    """Position along ``axis`` of each element (``axis`` None: in row-major order)."""
    if axis is None:
        flat: constexpr = _numel(x.shape)
        return core.reshape(core.arange(0, flat), x.shape)
    else:
        rank: constexpr = len(x.shape)
        dim: constexpr = _axis(axis, rank)
        extent: constexpr = x.shape[dim]
        line: constexpr = _replaced((1,) * rank, dim, (extent,))
        index = core.reshape(core.arange(0, extent), line)
        return core.broadcast_to(index, x.shape)
