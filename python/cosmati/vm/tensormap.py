"""Tensor maps for cp.async.bulk.tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cosmati.vm.arguments import place_of

# CUtensorMapDataType, CUtensorMapSwizzle, CUtensorMapInterleave, CUtensorMapL2promotion and
# CUtensorMapFloatOOBfill of the CUDA driver.
_DATA_TYPES = {
    "uint8": 0, "uint16": 1, "uint32": 2, "int32": 3, "uint64": 4, "int64": 5, "float16": 6,
    "float32": 7, "float64": 8, "bfloat16": 9, "float32_ftz": 10, "tfloat32": 11,
    "tfloat32_ftz": 12,
}  # fmt: skip
_SWIZZLES = {None: 0, 32: 1, 64: 2, 128: 3}
_INTERLEAVES = {None: 0, 16: 1, 32: 2}
_PROMOTIONS = {None: 0, 64: 1, 128: 2, 256: 3}
_FILLS = {"zero": 0, "nan": 1}
# Element types that differ from a tensor map's only in how numbers are read.
_SAME_BITS = {
    "int8": "uint8", "bool": "uint8", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8",
    "int16": "uint16",
}  # fmt: skip


class TensorMap:
    """A tensor in host memory and the box of it that one instruction moves.

    As the CUDA driver's cuTensorMapEncodeTiled, but with dimensions in NumPy's order: the last is
    the innermost.

    Parameters
    ----------
    array : array of 1 to 5 dimensions
        Its innermost stride is one element, the others multiples of 16 bytes.
    box : sequence of int
        Extents of the box, 1 to 256 elements each.
    element_strides : sequence of int, optional
        Steps within the box, 1 to 8.
    swizzle : {None, 32, 64, 128}
        Bytes of the swizzle's span.
    interleave : {None, 16, 32}
    l2_promotion : {None, 64, 128, 256}
        Without effect here.
    fill : {"zero", "nan"}
        What elements outside of the array are loaded as.
    dtype : str, optional
        "float16", "bfloat16", "tfloat32", ...; by default that of the array.

    Examples
    --------
    >>> import numpy as np
    >>> TensorMap(np.zeros((64, 128), np.float16), box=(8, 64), swizzle=128)
    TensorMap(64x128 float16, box 8x64)
    """

    def __init__(
        self,
        array: Any,
        *,
        box: Sequence[int],
        element_strides: Sequence[int] | None = None,
        swizzle: int | None = None,
        interleave: int | None = None,
        l2_promotion: int | None = None,
        fill: str = "zero",
        dtype: str | None = None,
    ) -> None:
        place = place_of(array)
        rank = len(place.shape)
        if not 1 <= rank <= 5:
            raise ValueError(f"array has {rank} dimensions; a tensor map has 1 to 5")
        steps = tuple(element_strides) if element_strides is not None else (1,) * rank
        for what, values in (("box", tuple(box)), ("element_strides", steps)):
            if len(values) != rank:
                raise ValueError(f"{what} has {len(values)} extents, but the array {rank}")
        strides = place.full_strides()
        if place.shape[-1] > 1 and strides[-1] != place.itemsize:
            raise ValueError(
                f"the array's innermost stride is {strides[-1]} bytes; it must be one element "
                f"({place.itemsize} bytes): pass a contiguous copy"
            )
        self.array, self.box, self.shape = array, tuple(box), place.shape
        self.dtype = dtype or _element_name(array)
        self._fields = {
            "data_type": _number("dtype", self.dtype, _DATA_TYPES),
            "rank": rank,
            "dims": list(reversed(place.shape)),
            "strides": list(reversed(strides[:-1])),
            "box": list(reversed(self.box)),
            "element_strides": list(reversed(steps)),
            "interleave": _number("interleave", interleave, _INTERLEAVES),
            "swizzle": _number("swizzle", swizzle, _SWIZZLES),
            "l2_promotion": _number("l2_promotion", l2_promotion, _PROMOTIONS),
            "fill": _number("fill", fill, _FILLS),
        }

    def fields(self) -> dict[str, Any]:
        """The driver's parameters, innermost dimension first."""
        return self._fields

    def __repr__(self) -> str:
        extents = ("x".join(map(str, values)) for values in (self.shape, self.box))
        return "TensorMap({0} {2}, box {1})".format(*extents, self.dtype)


def _element_name(array: Any) -> str:
    dtype = getattr(array, "dtype", None)
    name = str(getattr(dtype, "name", None) or dtype).removeprefix("torch.")
    return _SAME_BITS.get(name, name)


def _number(what: str, value: Any, known: dict[Any, int]) -> int:
    if value not in known:
        raise ValueError(f"{what}={value!r}: use one of {', '.join(map(str, known))}")
    return known[value]
