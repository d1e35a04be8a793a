"""Block pointers: windows of strided tensors, checked at the border."""

from __future__ import annotations

from typing import Any

from cosmati.language.base import base_value
from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin, must_use_result
from cosmati.language.dtypes import block_type, pointer_type, type_from_core
from cosmati.language.tensor import member, operand, scalar_shape, tensor


class block_pointer(base_value):
    """What make_block_ptr gives: base, shape, strides and offsets of a window.

    It is a value of the kernel: loops may carry it. ``handle`` is the compiler's BlockPointer.
    """

    __slots__ = ("handle",)
    __cosmati_runtime__ = True

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    @property
    def block(self) -> block_type:
        """Type of the block that the window shows."""
        return type_from_core(self.handle.block_type)  # type: ignore[return-value]

    @property
    def type(self) -> Any:
        """Type of a pointer to the window's block."""
        return pointer_type(self.block)

    @property
    def dtype(self) -> Any:
        return self.type

    @must_use_result("It does not change the pointer: write `pointer = pointer.advance(offsets)`.")
    @builtin
    def advance(self, offsets: Any) -> block_pointer:
        """Same as ``tl.advance(pointer, offsets)``."""
        return advance(self, offsets)

    @builtin
    def store(self, value: Any, **options: Any) -> None:
        """Same as ``tl.store(pointer, value, ...)``."""
        from cosmati.language.memory import store

        store(self, value, **options)

    def __repr__(self) -> str:
        return f"a block pointer to {self.block}"

    # How control flow takes the value apart and puts it together again.
    def parts(self) -> list[Any]:
        """Base, shape, strides and offsets."""
        return self.handle.flatten()  # type: ignore[no-any-return]

    def with_parts(self, parts: list[Any]) -> block_pointer:
        """The same kind of pointer around other parts."""
        return block_pointer(self.handle.with_values(parts))

    def pattern(self) -> Any:
        """What two block pointers must share to stand in one variable."""
        return ("block_pointer", self.block)


def _offsets(offsets: Any, what: str) -> list[Any]:
    if isinstance(offsets, tensor) or isinstance(unwrap(offsets), int):
        offsets = (offsets,)
    values = [operand(offset) for offset in unwrap(offsets)]
    if not values:
        raise ValueError(f"{what} are empty")
    return values


def checked_dims(boundary_check: Any, rank: int) -> list[int]:
    """The ``boundary_check`` argument as a list of dimensions."""
    check = unwrap(boundary_check)
    if check is None:
        return []
    dims = [check] if isinstance(check, int) else [unwrap(dim) for dim in check]
    for dim in dims:
        if not isinstance(dim, int) or not 0 <= dim < rank:
            raise ValueError(f"boundary_check names dimension {dim} of a block of rank {rank}")
    if len(set(dims)) != len(dims):
        raise ValueError(f"Duplicate dimension in `boundary_check`: {dims}")
    return dims


@builtin
def make_block_ptr(
    base: Any, shape: Any, strides: Any, offsets: Any, block_shape: Any, order: Any
) -> block_pointer:
    """A pointer to a window of ``block_shape`` at ``offsets`` of a tensor.

    Parameters
    ----------
    base : pointer scalar
        Address of the tensor's first element.
    shape, strides, offsets : tuple of integers
        Extents, and strides counted in elements, as wide as 64 bits; the window's first index.
    block_shape : tuple of constexpr int
    order : tuple of constexpr int
        Dimensions from fastest to slowest. A hint; the compiler looks at the strides itself.

    Notes
    -----
    Indices and addresses are computed in int64. load() and store() check the dimensions that their
    ``boundary_check`` names; along the others they may reach outside of the tensor.

    Examples
    --------
    >>> evaluate('''
    ...     rows = tl.make_block_ptr(x_ptr, (3, 4), (4, 1), (2, 0), (2, 4), (1, 0))
    ...     tl.load(rows, boundary_check=(0,), padding_option="zero")
    ... ''', x=np.arange(16, dtype=np.int32).reshape(4, 4))
    array([[ 8,  9, 10, 11],
           [ 0,  0,  0,  0]], dtype=int32)
    """
    if not isinstance(base, tensor) or not base.type.is_ptr():
        raise TypeError("Expected `base` to be a scalar pointer")
    extents = scalar_shape(block_shape)
    order_dims = sorted(int(unwrap(dim)) for dim in unwrap(order))
    if order_dims != list(range(len(extents))):
        raise ValueError(
            f"Expected `order` to be a permutation of 0..{len(extents) - 1}, got {unwrap(order)}"
        )
    pointer = builder().make_block_ptr(
        base.handle,
        _offsets(shape, "the shape's extents"),
        _offsets(strides, "the strides"),
        _offsets(offsets, "the offsets"),
        extents,
    )
    return block_pointer(pointer)


@must_use_result("It does not change its argument: write `pointer = tl.advance(pointer, offsets)`.")
@builtin
def advance(base: Any, offsets: Any) -> block_pointer:
    """The window moved by ``offsets``, one per dimension, in elements; they may be negative.

    ``base`` itself does not change; a result that isn't used is an error.

    Examples
    --------
    >>> evaluate('''
    ...     window = tl.make_block_ptr(x_ptr, (8,), (1,), (0,), (4,), (0,))
    ...     window = tl.advance(window, (4,))
    ...     tl.load(window)
    ... ''', x=np.arange(8, dtype=np.int32))
    array([4, 5, 6, 7], dtype=int32)
    """
    if not isinstance(base, block_pointer):
        raise TypeError("tl.advance takes a block pointer made by tl.make_block_ptr")
    return block_pointer(builder().advance(base.handle, _offsets(offsets, "the offsets")))


member("advance", advance)

__all__ = ["advance", "block_pointer", "make_block_ptr"]
