"""What a quantization is: the definitions that kernels and reference both follow, bit for bit.

Every operation below is one on float32, rounded to nearest even, in the order that is written.

int8, symmetric
    scale = amax / 127; q = clamp(rne(x / scale), -127, 127); zero point 0.
int8, asymmetric (ONNX DynamicQuantizeLinear, with int8 in place of uint8)
    lo = min(0, min x), hi = max(0, max x); scale = min(hi - lo, FLT_MAX) / 255;
    zero = rne(clamp(-128 - lo / scale, -128, 127)); q = clamp(rne(x / scale) + zero, -128, 127).
    Zero is exactly representable.
e4m3, e5m2 (OCP 8-bit Floating Point Specification 1.0; E4M3 is E4M3FN: no infinity, largest 448;
E5M2 as in IEEE 754, largest 57344)
    scale = amax / 448 or amax / 57344; q = cvt(x / scale), rounded to nearest even.
    overflow="saturate" (ONNX saturate=1, PTX cvt.rn.satfinite): beyond the largest number, and
    infinities, give the largest of that sign. overflow="nonfinite" (ONNX saturate=0): E4M3 gives
    NaN (0x7F or 0xFF, by the sign), E5M2 infinity. A NaN gives 0x7F.
back
    (q - zero) * scale, or float32(q) * scale; then rounded once to the wanted type.

amax, lo and hi are taken over the finite elements of a group. Infinities then saturate, and NaN
gives the zero point in int8. amax = 0 (also: no finite element, or none at all) gives scale 1; a
scale below the smallest normal number 2^-126 is raised to it, so that it is never 0.
rne is rounding to the nearest integer, ties to even.

Granularities of an array [..., n]: "tensor" has one scale; "row" one for each row; "group" one for
each run of group_size elements of a row, of which the last may be shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmati.kernels.common.arrays import require

FORMATS = ("int8", "e4m3", "e5m2")
GRANULARITIES = ("tensor", "row", "group")
OVERFLOWS = ("saturate", "nonfinite")

FP8_MAX = {"e4m3": 448.0, "e5m2": 57344.0}
FLT_MAX = 3.4028234663852886e38
MIN_NORMAL = 2.0**-126


@dataclass(frozen=True)
class QuantSpec:
    """How an array is quantized; see the module's text for the definitions.

    Parameters
    ----------
    format : {"int8", "e4m3", "e5m2"}
    granularity : {"tensor", "row", "group"}
    group_size : int
        Elements that share a scale, for "group".
    symmetric : bool
        False: int8 with a zero point.
    overflow : {"saturate", "nonfinite"}
        What 8-bit floats do with what is too large.
    """

    format: str = "int8"
    granularity: str = "tensor"
    group_size: int = 128
    symmetric: bool = True
    overflow: str = "saturate"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("format", self.format, FORMATS),
            ("granularity", self.granularity, GRANULARITIES),
            ("overflow", self.overflow, OVERFLOWS),
        ):
            require(value in known, f"{name} is {value!r}; use one of {', '.join(known)}")
        require(self.group_size >= 1, f"group_size is {self.group_size}; it must be at least 1")
        require(
            self.symmetric or self.format == "int8",
            f"{self.format} has no zero point; use symmetric=True, or format='int8'",
        )
        require(
            self.overflow == "saturate" or self.format != "int8",
            "int8 always saturates; use overflow='saturate'",
        )

    def group_length(self, cols: int) -> int:
        """Elements of a row that share a scale."""
        return self.group_size if self.granularity == "group" else cols

    def scale_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape of the scales of an array of ``shape``."""
        if self.granularity == "tensor":
            return (1,)
        if self.granularity == "row":
            return (*shape[:-1], 1)
        return (*shape[:-1], -(-shape[-1] // self.group_size))


@dataclass(frozen=True)
class QTensor:
    """A quantized array.

    Attributes
    ----------
    data : array of the original shape
        int8, or the bytes of 8-bit floats as uint8.
    scales : float32 array, see QuantSpec.scale_shape
    zero_points : int8 array like ``scales``, or None
    spec : QuantSpec
    """

    data: Any
    scales: Any
    zero_points: Any
    spec: QuantSpec
