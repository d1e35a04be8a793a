"""Tensor descriptors: tensors of which blocks are loaded and stored, checked at every border."""

from __future__ import annotations

from typing import Any

from cosmati.language.base import base_type, base_value
from cosmati.language.block_pointer import block_pointer, make_block_ptr
from cosmati.language.constexpr import constexpr, unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.dtypes import (
    bfloat16,
    block_type,
    float16,
    float32,
    float64,
    int16,
    int32,
    int64,
    pointer_type,
    uint32,
    uint64,
)
from cosmati.language.tensor import operand, scalar_shape, tensor, to_tensor
from cosmati.language.tuples import Tuple

MAX_RANK = 5
_ATOMIC_TYPES: dict[str, tuple[Any, ...]] = {
    "add": (uint32, int32, uint64, int64, float16, bfloat16, float32, float64),
    "min": (uint32, int32, uint64, int64, float32, float64),
    "max": (uint32, int32, uint64, int64, float32, float64),
    "and": (uint32, int32, uint64, int64),
    "or": (uint32, int32, uint64, int64),
    "xor": (uint32, int32, uint64, int64),
}


class tensor_descriptor_type(base_type):
    """Type of a descriptor: that of the blocks, and the padding."""

    __slots__ = ("block_type", "padding")

    def __init__(self, block_type: block_type, padding: str = "zero") -> None:
        self.block_type = block_type
        self.padding = padding

    def __eq__(self, other: object) -> bool:
        return isinstance(other, tensor_descriptor_type) and (self.block_type, self.padding) == (
            other.block_type,
            other.padding,
        )

    def __hash__(self) -> int:
        return hash((self.block_type, self.padding))

    def __str__(self) -> str:
        extents = ", ".join(str(unwrap(extent)) for extent in self.block_type.shape)
        return f"tensor_descriptor<{self.block_type.scalar}[{extents}]>"

    __repr__ = __str__


class tensor_descriptor(base_value):
    """What make_tensor_descriptor gives, or a kernel receives for a host ``TensorDescriptor``.

    It is a value of the kernel: loops carry it, functions take and return it. Offsets are counted
    in elements and may lie outside of the tensor.
    """

    __slots__ = ("padding", "round_to_tf32", "window")
    __cosmati_runtime__ = True

    def __init__(
        self, window: block_pointer, padding: str = "zero", round_to_tf32: bool = False
    ) -> None:
        self.window = window
        self.padding = padding
        self.round_to_tf32 = round_to_tf32

    @property
    def type(self) -> tensor_descriptor_type:
        return tensor_descriptor_type(self.block_type, self.padding)

    @property
    def block_type(self) -> block_type:
        """Type of the blocks that are loaded and stored."""
        return self.window.block

    @property
    def dtype(self) -> Any:
        """Type of one element."""
        return self.block_type.scalar

    @property
    def block_shape(self) -> Tuple:
        return Tuple([constexpr(extent) for extent in self._extents])

    @property
    def shape(self) -> Tuple:
        """Extents of the tensor; int32."""
        extents = self.parts()[1 : 1 + self._rank]
        return Tuple([tensor(builder().cast(extent, int32.core, None)) for extent in extents])

    @property
    def strides(self) -> Tuple:
        """Strides of the tensor, in elements; int64."""
        rank = self._rank
        return Tuple([tensor(stride) for stride in self.parts()[1 + rank : 1 + 2 * rank]])

    @property
    def _extents(self) -> list[int]:
        return [int(unwrap(extent)) for extent in self.block_type.shape]

    @property
    def _rank(self) -> int:
        return len(self._extents)

    @builtin
    def load(self, offsets: Any) -> tensor:
        """The block at ``offsets``; elements outside of the tensor are the padding.

        ``offsets``: one integer per dimension, counted in int64; negative ones lie outside.
        """
        emit = builder()
        block = emit.load_block(self._at(offsets), self._dims, self.padding, "", "", False)
        return self._rounded(tensor(block))

    @builtin
    def store(self, offsets: Any, value: Any) -> None:
        """Writes ``value``, converted to the tensor's type; what lies outside is dropped."""
        pointer = self._at(offsets)
        self._check_value(value)
        builder().store_block(pointer, operand(value), self._dims, "", "")

    @builtin
    def atomic_add(self, offsets: Any, value: Any) -> None:
        """Adds ``value`` to the block at ``offsets``, each element atomically.

        Relaxed, for the device; float sums come in no defined order. What lies outside of the
        tensor is dropped. TypeError for element types that have no such operation.
        """
        self._atomic("add", offsets, value)

    @builtin
    def atomic_min(self, offsets: Any, value: Any) -> None:
        """The block at ``offsets`` becomes its minimum with ``value``; NaN as in tl.atomic_min."""
        self._atomic("min", offsets, value)

    @builtin
    def atomic_max(self, offsets: Any, value: Any) -> None:
        """The block at ``offsets`` becomes its maximum with ``value``; NaN as in tl.atomic_max."""
        self._atomic("max", offsets, value)

    @builtin
    def atomic_and(self, offsets: Any, value: Any) -> None:
        """The block at ``offsets`` becomes its bitwise and with ``value``."""
        self._atomic("and", offsets, value)

    @builtin
    def atomic_or(self, offsets: Any, value: Any) -> None:
        """The block at ``offsets`` becomes its bitwise or with ``value``."""
        self._atomic("or", offsets, value)

    @builtin
    def atomic_xor(self, offsets: Any, value: Any) -> None:
        """The block at ``offsets`` becomes its bitwise exclusive or with ``value``."""
        self._atomic("xor", offsets, value)

    @builtin
    def gather(self, *args: Any) -> tensor:
        """``gather(x_offsets, y_offset)``: the rows ``x_offsets``, from column ``y_offset`` on.

        ``x_offsets``: int16 or int32 block of rank 1. The descriptor's block is one row. Rows and
        columns outside of the tensor give the padding.
        """
        rows, column = self._row_arguments("gather", args)
        emit = builder()
        pointers, mask = self._rows(rows, column)
        other = None
        if self.padding == "nan":
            other = float("nan")
        return self._rounded(tensor(emit.load(pointers, mask, other, "", "", False)))

    @builtin
    def scatter(self, value: Any, *args: Any) -> None:
        """``scatter(value, x_offsets, y_offset)``: writes row i of ``value`` to row x_offsets[i].

        What lies outside of the tensor is dropped. Where rows repeat, one of them wins.
        """
        rows, column = self._row_arguments("scatter", args)
        expected = [_extent(rows.shape[0]), self._extents[1]]
        if _shape(value) != expected:
            raise ValueError(
                f"descriptor scatter: the value has shape {_shape(value)}, expected {expected}"
            )
        pointers, mask = self._rows(rows, column)
        builder().store(pointers, operand(value), mask, "", "")

    # Pieces.
    @property
    def _dims(self) -> list[int]:
        return list(range(self._rank))

    def _rounded(self, block: tensor) -> tensor:
        """tf32's bits of float32, where the host's descriptor asks for them."""
        if not self.round_to_tf32:
            return block
        emit = builder()
        bits = emit.bitcast(block.handle, uint32.core)
        rounded = emit.and_(emit.add(bits, 0x1000), 0xFFFFE000)
        finite = emit.lt(emit.and_(bits, 0x7FFFFFFF), 0x7F800000)
        return tensor(emit.bitcast(emit.where(finite, rounded, bits), block.dtype.core))

    def _at(self, offsets: Any) -> Any:
        """The window at ``offsets``."""
        values = offsets if isinstance(offsets, (Tuple, list, tuple)) else unwrap(offsets)
        given = list(values) if isinstance(values, (Tuple, list, tuple)) else [values]
        if len(given) != self._rank:
            raise ValueError(f"expected {self._rank} offsets, but got {len(given)}")
        return builder().advance(self.window.handle, [operand(offset) for offset in given])

    def _check_value(self, value: Any) -> None:
        if _shape(value) != self._extents:
            raise ValueError(f"expected value shape {self._extents}, got {_shape(value)}")

    def _atomic(self, name: str, offsets: Any, value: Any) -> None:
        pointer = self._at(offsets)
        self._check_value(value)
        allowed = _ATOMIC_TYPES[name]
        if self.dtype not in allowed:
            names = ", ".join(str(item) for item in allowed)
            raise TypeError(
                f"Unsupported dtype {self.dtype}: the descriptor's atomic_{name} takes {names}"
            )
        emit = builder()
        pointers, mask = emit.block_addresses(pointer, self._dims)
        converted = emit.cast(operand(value), self.dtype.core, None)
        getattr(emit, f"atomic_{name}")(pointers, converted, mask, "relaxed", "gpu")

    def _row_arguments(self, name: str, args: Any) -> tuple[tensor, Any]:
        if len(args) != 2:
            raise ValueError(f"descriptor {name} only supports 2D indexing, but got {len(args)}")
        if self._rank != 2:
            raise ValueError(f"descriptor must be 2D, but got {self._extents}")
        if self._extents[0] != 1:
            raise ValueError(f"descriptor block must have 1 row, but got {self._extents}")
        rows = to_tensor(args[0])
        if len(rows.shape) != 1:
            raise ValueError(f"x offsets must be 1D, but got {_shape(rows)}")
        if rows.dtype not in (int16, int32):
            raise TypeError(f"x offsets must have dtype int16 or int32, but got {rows.dtype}")
        return rows, args[1]

    def _rows(self, rows: tensor, column: Any) -> tuple[Any, Any]:
        """Addresses of some rows' elements from ``column`` on, and which of them exist."""
        emit = builder()
        base, height, width, row_step, column_step, *_ = self.parts()
        lines = emit.expand_dims(emit.cast(rows.handle, int64.core, None), 1)
        lane = emit.cast(emit.arange(0, self._extents[1]), int64.core, None)
        places = emit.expand_dims(emit.add(lane, operand(column)), 0)
        steps = emit.add(emit.mul(lines, row_step), emit.mul(places, column_step))
        inside = emit.and_(
            emit.and_(emit.ge(lines, 0), emit.lt(lines, height)),
            emit.and_(emit.ge(places, 0), emit.lt(places, width)),
        )
        return emit.add(base, steps), inside

    # How control flow takes the value apart and puts it together again.
    def parts(self) -> list[Any]:
        """Base, shape, strides and offsets (which are zeros)."""
        return self.window.parts()

    def with_parts(self, parts: list[Any]) -> tensor_descriptor:
        return tensor_descriptor(self.window.with_parts(parts), self.padding, self.round_to_tf32)

    def pattern(self) -> Any:
        return ("tensor_descriptor", self.window.block, self.padding, self.round_to_tf32)


tensor_descriptor_base = tensor_descriptor


def from_launch(items: Tuple) -> tensor_descriptor:
    """The value of a kernel's parameter for which a host descriptor was passed."""
    base, shape, strides, block_shape, padding, round_to_tf32 = items.values
    extents = scalar_shape(block_shape)
    if len(extents) != len(shape.values):
        raise ValueError(
            f"the descriptor's block_shape {extents} has {len(extents)} dimensions, its shape "
            f"{len(shape.values)}"
        )
    order, zeros = list(reversed(range(len(extents)))), [0] * len(extents)
    steps = _aligned(base, list(strides))
    window = make_block_ptr(base, shape, steps, zeros, extents, order)
    return tensor_descriptor(window, unwrap(padding), bool(unwrap(round_to_tf32)))


def _extent(extent: Any) -> int:
    return int(unwrap(extent))


def _shape(value: Any) -> list[int]:
    return [_extent(extent) for extent in getattr(value, "shape", ())]


@builtin
def make_tensor_descriptor(
    base: Any, shape: Any, strides: Any, block_shape: Any, padding_option: Any = "zero"
) -> tensor_descriptor:
    """Describes a tensor from which blocks of ``block_shape`` are loaded and stored.

    Parameters
    ----------
    base : pointer scalar
        Address of the first element; 16-byte aligned, so that the same kernel may use the
        hardware's copies of tensors.
    shape, strides : tuples of 1 to 5 integers
        Extents, and strides counted in elements: the last one is 1, the others are multiples of 16
        bytes, which compiled code relies on.
    block_shape : tuple of constexpr int
        Powers of two; at least 16 bytes along the last dimension.
    padding_option : {"zero", "nan"}
        What elements outside of the tensor are; "nan" for floats only.

    Notes
    -----
    Every access is checked against ``shape`` in each dimension, and addresses are formed in 64
    bits: loads give the padding, stores and atomics drop what lies outside.

    Examples
    --------
    >>> evaluate('''
    ...     desc = tl.make_tensor_descriptor(x_ptr, [3, 4], [4, 1], [2, 4])
    ...     desc.load([2, 0])
    ... ''', x=np.arange(16, dtype=np.int32).reshape(4, 4))
    array([[ 8,  9, 10, 11],
           [ 0,  0,  0,  0]], dtype=int32)
    """
    padding = unwrap(padding_option)
    if padding not in ("zero", "nan"):
        raise ValueError(f"padding_option {padding!r} is not 'zero' or 'nan'")
    extents, sizes, steps = scalar_shape(block_shape), list(unwrap(shape)), list(unwrap(strides))
    rank = len(sizes)
    if not 1 <= rank <= MAX_RANK:
        raise ValueError(f"Expected 1 <= ndim <= {MAX_RANK} but got {rank} dimensions")
    if len(steps) != rank:
        raise ValueError(f"Expected {rank} strides but got {len(steps)}")
    if len(extents) != rank:
        raise ValueError(
            f"Expected block_shape to have {rank} dimensions but got {len(extents)}: {extents}"
        )
    if not isinstance(base, tensor) or not base.type.is_ptr():
        given = base.type if isinstance(base, tensor) else base
        raise TypeError(f"base must be a pointer type, got {given}")
    assert isinstance(base.type, pointer_type)
    element = base.type.element_ty
    size = element.primitive_bitwidth // 8
    if extents[-1] * size < 16:
        raise ValueError(
            "Descriptor block shape must have at least 16 bytes in the last dimension, but got "
            f"{extents[-1]} * {size} = {extents[-1] * size} bytes"
        )
    last = unwrap(steps[-1])
    if isinstance(last, int) and last != 1:
        raise ValueError(f"Tensor descriptor last dim must be 1 but got {last}")
    if isinstance(last, tensor):
        raise ValueError(
            f"Tensor descriptor last dim must be 1 but got a value of type {last.type} that is "
            "known only when the kernel runs; write 1"
        )
    if padding == "nan" and not element.is_floating():
        raise ValueError("Padding option `nan` is not supported for integer blocks")
    for index, stride in enumerate(steps[:-1]):
        number = unwrap(stride)
        if isinstance(number, int) and number * size % 16:
            raise ValueError(
                f"Tensor descriptor stride {index} must be a multiple of 16 bytes but got "
                f"{number} * {size} = {number * size} bytes"
            )
    order = list(reversed(range(rank)))
    window = make_block_ptr(base, sizes, _aligned(base, steps), [0] * rank, extents, order)
    return tensor_descriptor(window, padding)


def _aligned(base: tensor, strides: list[Any]) -> list[Any]:
    """The strides with what descriptors promise: all but the last are multiples of 16 bytes."""
    emit = builder()
    assert isinstance(base.type, pointer_type)
    elements = 16 * 8 // max(base.type.element_ty.primitive_bitwidth, 8)
    return [
        tensor(emit.multiple_of(emit.cast(stride.handle, int64.core, None), [elements]))
        if isinstance(stride, tensor) and index + 1 < len(strides)
        else stride
        for index, stride in enumerate(strides)
    ]


@builtin
def load_tensor_descriptor(desc: Any, offsets: Any) -> tensor:
    """Same as ``desc.load(offsets)``.

    Examples
    --------
    >>> evaluate('''
    ...     desc = tl.make_tensor_descriptor(x_ptr, [4, 4], [4, 1], [1, 4])
    ...     tl.load_tensor_descriptor(desc, [1, 0])
    ... ''', x=np.arange(16, dtype=np.int32).reshape(4, 4))
    array([[4, 5, 6, 7]], dtype=int32)
    """
    return _checked(desc).load(offsets)


@builtin
def store_tensor_descriptor(desc: Any, offsets: Any, value: Any) -> None:
    """Same as ``desc.store(offsets, value)``.

    Examples
    --------
    >>> evaluate('''
    ...     desc = tl.make_tensor_descriptor(x_ptr, [4, 4], [4, 1], [1, 4])
    ...     tl.store_tensor_descriptor(desc, [1, 0], tl.full((1, 4), 9, tl.int32))
    ...     tl.debug_barrier()
    ...     desc.load([1, 0])
    ... ''', x=np.arange(16, dtype=np.int32).reshape(4, 4))
    array([[9, 9, 9, 9]], dtype=int32)
    """
    _checked(desc).store(offsets, value)


def _checked(desc: Any) -> tensor_descriptor:
    if not isinstance(desc, tensor_descriptor):
        raise TypeError(f"expected a tensor descriptor, got {type(desc).__name__}")
    return desc


__all__ = [
    "load_tensor_descriptor", "make_tensor_descriptor", "store_tensor_descriptor",
    "tensor_descriptor", "tensor_descriptor_base", "tensor_descriptor_type",
]  # fmt: skip
