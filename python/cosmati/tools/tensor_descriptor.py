"""Host descriptors of tensors, which kernels receive as ``tl.tensor_descriptor``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cosmati import _core
from cosmati.language.constexpr import constexpr
from cosmati.language.descriptor import MAX_RANK, from_launch
from cosmati.language.dtypes import parse_type, signature_text

_MOST_ELEMENTS = 1 << 20


class _LaunchItems(NamedTuple):
    """What a launch passes for a descriptor."""

    base: Any
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    block_shape: constexpr
    padding: constexpr
    round_f32_to_tf32: constexpr


_LaunchItems._kernel_value = staticmethod(from_launch)  # type: ignore[attr-defined]


@dataclass
class TensorDescriptor:
    """A tensor from which a kernel loads and stores blocks.

    Pass it to a kernel as an argument; the parameter then has ``load(offsets)``,
    ``store(offsets, value)`` and the other methods of ``tl.tensor_descriptor``. Its fields may be
    changed between launches: a new ``block_shape`` compiles a new variant.

    Parameters
    ----------
    base : array
        Its address is a multiple of 16.
    shape : sequence of int
        Extents, positive; 1 to 5 of them.
    strides : sequence of int
        In elements. The last one is 1, the others are multiples of 16 bytes.
    block_shape : sequence of int
        Powers of two.
    padding : {"zero", "nan"}
        What elements outside of the tensor are when they are loaded; "nan" for floats only.
    round_f32_to_tf32 : bool
        Loads of float32 give the nearest values of tf32, ties away from zero.

    Raises ValueError, naming the field, its value and the rule.
    """

    base: Any
    shape: Sequence[int]
    strides: Sequence[int]
    block_shape: Sequence[int]
    padding: str = "zero"
    round_f32_to_tf32: bool = False

    def __post_init__(self) -> None:
        rank = len(self.shape)
        _require(rank > 0, "rank must not be zero: the shape is empty")
        _require(rank <= MAX_RANK, f"rank cannot be more than {MAX_RANK}, got shape {self.shape}")
        for name in ("strides", "block_shape"):
            given = getattr(self, name)
            _require(
                len(given) == rank, f"rank mismatch: shape {self.shape} has {rank}, {name} {given}"
            )
        if type(self.base).__name__ not in ("FakeTensor", "FunctionalTensor"):
            address = _address(self.base)
            _require(address % 16 == 0, f"base must be 16-byte aligned, is at {address:#x}")
        for index, extent in enumerate(self.block_shape):
            power = isinstance(extent, int) and extent > 0 and extent & (extent - 1) == 0
            _require(power, f"Shape element {index} must be a power of 2, got {extent}")
        size = _product(self.block_shape)
        _require(
            size <= _MOST_ELEMENTS,
            f"numel ({size}) exceeds triton maximum tensor numel ({_MOST_ELEMENTS})",
        )
        bytes_each = self.base.dtype.itemsize
        for index, stride in enumerate(self.strides[:-1]):
            _require(
                stride * bytes_each % 16 == 0,
                f"strides must be 16-byte aligned: stride {index} is {stride} * {bytes_each} = "
                f"{stride * bytes_each} bytes",
            )
        for index, extent in enumerate(self.shape):
            _require(extent > 0, f"shape must be positive: extent {index} is {extent}")
        _require(
            self.strides[-1] == 1, f"Last dimension must be contiguous, its stride is "
            f"{self.strides[-1]}",
        )  # fmt: skip
        _require(
            self.padding in ("zero", "nan"),
            f"Illegal value for padding: {self.padding!r}; it is 'zero' or 'nan'",
        )
        if self.padding == "nan":
            _require(
                _is_float(self.base.dtype),
                "Padding option `nan` is only supported for floating point tensors, not for "
                f"{self.base.dtype}",
            )
        if self.round_f32_to_tf32:
            _require(
                str(self.base.dtype).endswith("float32"),
                f"round_f32_to_tf32 is only supported for float32 tensors, not for "
                f"{self.base.dtype}",
            )

    @staticmethod
    def from_tensor(
        tensor: Any,
        block_shape: Sequence[int],
        padding: str = "zero",
        round_f32_to_tf32: bool = False,
    ) -> TensorDescriptor:
        """The descriptor of an array: torch's, or one with NumPy's attributes."""
        if hasattr(tensor, "stride"):
            strides = list(tensor.stride())
        else:
            strides = [step // tensor.dtype.itemsize for step in tensor.strides]
        shape = list(tensor.shape)
        return TensorDescriptor(tensor, shape, strides, block_shape, padding, round_f32_to_tf32)

    def _launch_items(self) -> _LaunchItems:
        """What the launcher passes; it asks at each launch, as fields may change."""
        return _LaunchItems(
            self.base,
            tuple(self.shape),
            tuple(self.strides),
            constexpr(tuple(self.block_shape)),
            constexpr(self.padding),
            constexpr(self.round_f32_to_tf32),
        )


_TYPE = re.compile(r"tensordesc<\s*(\w+)\s*\[([\d\s,]+)\]\s*>")


def described_argument(text: str) -> tuple[Any, Any, Any]:
    """What a compilation is told of a descriptor of the type ``"tensordesc<fp16[64, 32]>"``.

    (value, type text, bits) as a launch gives them: extents are int32, strides int64, nothing is
    known of them but that the last stride is 1 and the base is divisible by 16. ValueError if the
    text is no such type.
    """
    found = _TYPE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no type of a descriptor, such as 'tensordesc<fp16[64, 32]>'")
    element = signature_text(parse_type(found[1]))
    block = tuple(int(extent) for extent in found[2].split(","))
    rank = len(block)
    unknown = (None,) * rank
    value = _LaunchItems(None, unknown, (*unknown[1:], 1), block, "zero", False)  # type: ignore[arg-type]
    texts = ("*" + element, ("i32",) * rank, (*("i64",) * (rank - 1), None), None, None, None)
    return value, texts, (1, (0,) * rank, (*(0,) * (rank - 1), 2), 0, 0, 0)


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise ValueError(text)


def _product(extents: Sequence[int]) -> int:
    size = 1
    for extent in extents:
        size *= extent
    return size


def _address(array: Any) -> int:
    if hasattr(array, "data_ptr"):
        return int(array.data_ptr())
    if hasattr(array, "__array_interface__"):
        return int(array.__array_interface__["data"][0])
    if hasattr(array, "__cuda_array_interface__"):
        return int(array.__cuda_array_interface__["data"][0])
    raise ValueError(f"base is a {type(array).__name__}, which is no array")


def _is_float(element: Any) -> bool:
    return bool(getattr(element, "is_floating_point", "float" in str(element)))


_core.register_itemized(TensorDescriptor)

__all__ = ["TensorDescriptor"]
