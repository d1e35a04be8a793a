"""Quantization with explicit rounding and overflow, and 4-bit codes.

The functions of this module are Cosmati's own. They compute on float32, each operation rounded to
nearest even, so results are the same on every device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmati.language.compute import PropagateNan, clamp, minimum, where
from cosmati.language.constexpr import unwrap
from cosmati.language.context import builtin, generator
from cosmati.language.dtypes import (
    dtype,
    float32,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
)
from cosmati.language.math import abs as absolute
from cosmati.language.math import ceil, div_rn, floor
from cosmati.language.shapes import arange, reshape
from cosmati.language.tensor import cast, tensor, to_tensor
from cosmati.language.tuples import Tuple


@dataclass(frozen=True)
class _Float:
    """A format: bits of mantissa, smallest normal exponent, largest number, first magnitude that
    rounds (to nearest) beyond it, whether a tie there does, and the code of infinity or NaN.
    """

    mantissa: int
    least: int
    largest: float
    bound: float = 0.0
    tie_overflows: bool = False
    special: int = 0


_FLOATS = {
    "fp8e4nv": _Float(3, -6, 448.0, 464.0, False, 0x7F),
    "fp8e5": _Float(2, -14, 57344.0, 61440.0, True, 0x7C),
    "fp16": _Float(10, -14, 65504.0),
    "bf16": _Float(7, -126, 3.3895313892515355e38),
}
_INTEGERS: dict[str, tuple[dtype, int]] = {
    "int4": (int8, 4), "uint4": (uint8, 4), "int8": (int8, 8), "uint8": (uint8, 8),
    "int16": (int16, 16), "uint16": (uint16, 16),
}  # fmt: skip
_ROUNDINGS = ("rtne", "rtz", "rtp", "rtn", "stochastic")
_SPLIT_LAYOUTS = ("low_first", "high_first", "split")
_CLAMP_ALL = PropagateNan.ALL


@builtin
def quantize(
    x: Any,
    dtype: Any,
    scale: Any = None,
    zero_point: Any = None,
    rounding: Any = "rtne",
    overflow: Any = "saturate",
    narrow: Any = False,
    seed: Any = None,
    offsets: Any = None,
) -> tensor:
    """Codes of ``x``: ``round(x / scale) + zero_point`` as integers, without the sum as floats.

    Parameters
    ----------
    x : block or scalar of float32, float16 or bfloat16
    dtype : dtype or {"int4", "uint4"}
        float8e4nv, float8e5, float16, bfloat16, int8, uint8, int16, uint16. 4-bit codes are int8
        or uint8 elements of -8 to 7 or 0 to 15; pack_int4() packs them.
    scale : block or scalar, optional
        Broadcast with ``x``; the quotient is rounded to float32 once.
    zero_point : block or scalar of integers, or of floats with integral values, optional
        Broadcast; for integer codes only.
    rounding : {"rtne", "rtz", "rtp", "rtn", "stochastic"}
        To nearest, ties to even; toward zero; up; down; to one of the two neighbours, each with
        the probability of its nearness: away from zero (integers: up) if
        ``(uint32(randint(seed, offsets)) >> 8) * 2**-24`` is below the distance from the other
        neighbour, in steps of the format.
    overflow : {"saturate", "wrap", "nonfinite"}
        What becomes of a value that is rounded beyond the largest one. "saturate": the largest
        one of its sign, also of infinities. "wrap" (integers): the low bits. "nonfinite"
        (floats): infinity where the format has one, else NaN (float8e4nv). Toward zero no finite
        value overflows; nor does "rtp" below, or "rtn" above zero.
    narrow : bool
        Signed integers: the smallest code is that of ``-max``, so -127 instead of -128.
    seed, offsets
        For "stochastic": as those of ``tl.randint``; give each element an offset of its own.

    Notes
    -----
    NaN: integers give the zero point (0 without one), floats a positive NaN. -0 stays -0.

    Raises ValueError for a rounding or overflow that the type doesn't have.

    Examples
    --------
    ``tl.quantize(x, tl.int8, scale[:, None], narrow=True)``,
    ``tl.quantize(g, tl.float8e5, rounding="stochastic", seed=seed, offsets=offs)``

    >>> evaluate("tl.quantize(x, tl.int8, 0.5)", x=np.array([1.0, 1.25, -90.0, 0.7], np.float32))
    array([   2,    2, -128,    1], dtype=int8)
    """
    target, how, beyond = unwrap(dtype), unwrap(rounding), unwrap(overflow)
    name = target if isinstance(target, str) else getattr(target, "name", str(target))
    _check(name, how, beyond)
    value = to_tensor(x)
    if not value.dtype.is_floating() or value.dtype.primitive_bitwidth > 32:
        raise TypeError(f"quantize: x is {value.dtype}; it takes float32, float16 and bfloat16")
    value = cast(value, float32)
    if unwrap(scale) is not None:
        value = div_rn(value, cast(to_tensor(scale), float32))
    chance = _chance(how, seed, offsets)
    if name in _FLOATS:
        if unwrap(zero_point) is not None:
            raise ValueError(f"quantize: {name} has no zero point; it is for integer codes")
        return _to_float(value, name, target, how, beyond == "saturate", chance)
    zero = None if unwrap(zero_point) is None else to_tensor(zero_point)
    return _to_integer(value, name, zero, how, beyond, bool(unwrap(narrow)), chance)


def _check(name: str, rounding: Any, overflow: Any) -> None:
    if name not in _FLOATS and name not in _INTEGERS:
        known = ", ".join([*_FLOATS, *_INTEGERS])
        raise ValueError(f"quantize: dtype is {name}; there are {known}")
    if rounding not in _ROUNDINGS:
        raise ValueError(f"quantize: rounding is {rounding!r}; there are {', '.join(_ROUNDINGS)}")
    allowed = ("saturate", "nonfinite" if name in _FLOATS else "wrap")
    if overflow not in allowed:
        raise ValueError(f"quantize: overflow is {overflow!r}; {name} has {' and '.join(allowed)}")


def _chance(rounding: str, seed: Any, offsets: Any) -> tensor | None:
    """Numbers from 0 up to 1, in steps of 2^-24, for stochastic rounding."""
    if rounding != "stochastic":
        return None
    if unwrap(seed) is None or unwrap(offsets) is None:
        raise ValueError("quantize: stochastic rounding needs seed= and offsets=")
    from cosmati.language.random import randint

    word = cast(generator().call_function(randint, [seed, offsets]), uint32, bitcast=True)
    result: tensor = cast(word >> 8, float32) * 2.0**-24
    return result


def _to_integer(
    y: Any, name: str, zero: Any, rounding: str, overflow: str, narrow: bool, chance: Any
) -> tensor:
    holder, bits = _INTEGERS[name]
    signed = not name.startswith("u")
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    low = -high if narrow and signed else low
    if overflow == "saturate":
        bound = float(4 << bits)  # beyond it the code is clamped whatever the zero point is
        y = clamp(where(y != y, 0.0, y), -bound, bound)
        steps = _rounded(y, rounding, chance, small=True)
        if zero is not None:
            steps = steps + cast(zero, float32)
        return cast(clamp(steps, float(low), float(high)), holder)
    steps = cast(where(y != y, 0.0, _rounded(y, rounding, chance, small=False)), int64)
    if zero is not None:
        steps = steps + cast(zero, int64)
    if bits == 4:
        steps = ((steps & 15) ^ 8) - 8 if signed else steps & 15
    return cast(steps, holder)


def _rounded(y: Any, rounding: str, chance: Any, small: bool) -> Any:
    """The integer next to ``y``. small: its magnitude is at most 2^22."""
    if rounding == "rtne" and small:
        # The last bit of numbers from 2^23 to 2^24 is worth 1, so the addition rounds.
        return (y + 12582912.0) - 12582912.0
    if rounding == "rtne":
        size = absolute(y)
        size = where(size < 8388608.0, (size + 8388608.0) - 8388608.0, size)
        return where(y < 0, -size, size)
    if rounding == "rtp":
        return ceil(y)
    below = floor(y)
    if rounding == "rtn":
        return below
    if rounding == "stochastic":
        return where(chance < y - below, below + 1.0, below)
    return where(y < 0, ceil(y), below)


def _to_float(y: Any, name: str, target: Any, rounding: str, saturate: bool, chance: Any) -> tensor:
    spec = _FLOATS[name]
    eight = name.startswith("fp8")
    if rounding in ("rtne", "rtz"):
        return _converted(y, spec, target, eight, rounding, saturate)
    bits = cast(y, uint32, bitcast=True)
    negative = (bits >> 31) != 0
    r = _directed(y, bits & 0x7FFFFFFF, negative, spec, rounding, chance)
    infinite = absolute(y) == float("inf")
    if rounding != "stochastic":  # toward zero nothing overflows
        inward = negative if rounding == "rtp" else ~negative
        r = where(inward & ~infinite, minimum(r, spec.largest), r)
    r = where(infinite, float("inf"), r)
    beyond = r > spec.largest
    signed = where(negative, -r, r)
    if saturate:
        signed = clamp(signed, -spec.largest, spec.largest)
    code = cast(where(y != y, y, signed), target)
    return _special(code, y, beyond, spec, target, saturate) if eight else code


def _converted(y: Any, spec: _Float, target: Any, eight: bool, how: str, saturate: bool) -> tensor:
    """To nearest or toward zero: the conversions of the target."""
    if not eight:
        if saturate:
            y = clamp(y, -spec.largest, spec.largest, propagate_nan=_CLAMP_ALL)
        elif how == "rtz":
            return cast(where(absolute(y) < float("inf"), cast(y, target, how), y), target)
        return cast(y, target, None if how == "rtne" else how)
    code = cast(y, target, None if how == "rtne" else how)
    size = absolute(y)
    if how == "rtz":
        beyond = size == float("inf")
    else:
        beyond = size >= spec.bound if spec.tie_overflows else size > spec.bound
    return _special(code, y, beyond, spec, target, saturate)


def _special(code: Any, y: Any, beyond: Any, spec: _Float, target: Any, saturate: bool) -> tensor:
    """NaN is 0x7f; without saturation what overflows is infinity, or NaN with its sign."""
    bits = cast(code, uint8, bitcast=True)
    if not saturate:
        sign = cast(where(y < 0, 0x80, 0), uint8)
        bits = where(beyond, sign | spec.special, bits)
    return cast(where(y != y, 0x7F, bits), target, bitcast=True)


def _directed(
    y: Any, magnitude: Any, negative: Any, spec: _Float, rounding: str, chance: Any
) -> Any:
    """|y| rounded up, down or at random to a multiple of the format's step there, in float32."""

    def away(fraction: Any) -> Any:
        if rounding == "stochastic":
            return chance < fraction
        return (fraction > 0.0) & (~negative if rounding == "rtp" else negative)

    if spec.least == -126:  # bfloat16 has the exponents of float32: its codes are the upper halves
        up = away(cast(magnitude & 0xFFFF, float32) * 2.0**-16)
        code = (magnitude & 0xFFFF0000) + where(up, cast(0x10000, uint32), cast(0, uint32))
        return cast(code, float32, bitcast=True)
    exponent = cast(magnitude >> 23, uint32)
    least = cast(to_tensor(spec.least + 127), uint32)
    exponent = where(exponent < least, least, exponent) - spec.mantissa
    step = cast(exponent << 23, float32, bitcast=True)  # powers of two: the products are exact
    steps = absolute(y) * cast((254 - exponent) << 23, float32, bitcast=True)
    whole = floor(steps)
    return where(away(steps - whole), whole + 1.0, whole) * step


@builtin
def dequantize(
    q: Any, scale: Any = None, zero_point: Any = None, dtype: Any = None, bits: Any = None
) -> tensor:
    """The numbers that codes stand for: ``(q - zero_point) * scale``.

    Parameters
    ----------
    q : block or scalar of 8- or 16-bit integers, or of 8- or 16-bit floats
    scale : block or scalar of float32, float16 or bfloat16, optional
        Broadcast with ``q``.
    zero_point : block or scalar of 8- or 16-bit integers, optional
        Broadcast with ``q``; for integer codes only.
    dtype : dtype, optional
        Of the result; default: that of ``scale``, else float32.
    bits : int, optional
        Codes and zero points are from ``-2**(bits - 1)`` to ``2**bits - 1``; up to 6 makes the
        difference cheaper. Larger ones give wrong numbers then.

    Notes
    -----
    The difference is exact, also in float16 and bfloat16 where codes have 8 bits. It is multiplied
    in the scale's type, with one rounding; 16-bit integers in float32. Then it is converted to
    ``dtype``. Without a scale nothing is multiplied.

    Examples
    --------
    >>> evaluate("tl.dequantize(q, 0.5, 10)", q=np.array([10, 12, 0, 255], np.uint8))
    array([  0. ,   1. ,  -5. , 122.5], dtype=float32)
    """
    code = to_tensor(q)
    factor = None if unwrap(scale) is None else to_tensor(scale)
    kind = code.dtype
    if kind.primitive_bitwidth > 16 or kind.is_bool():
        raise TypeError(f"dequantize: codes are {kind}; they have 8 or 16 bits")
    wanted = unwrap(dtype)
    holds = wanted is not None and wanted.is_floating() and wanted.primitive_bitwidth >= 16
    work = wanted if holds else float32
    if factor is not None:
        work = factor.dtype if factor.dtype.is_floating() else float32
    if kind.is_int() and kind.primitive_bitwidth == 16:
        work = float32
    if unwrap(zero_point) is not None:
        if not kind.is_int():
            raise ValueError(f"dequantize: {kind} has no zero point; it is for integer codes")
        small = unwrap(bits) is not None and int(unwrap(bits)) <= 6
        wide = int8 if small else int16 if kind.primitive_bitwidth == 8 else int32
        zero = unwrap(zero_point)
        code = cast(code, wide) - (cast(zero, wide) if isinstance(zero, tensor) else zero)
    value = cast(code, work)
    if factor is not None:
        value = value * cast(factor, work)
        wanted = factor.dtype if wanted is None and factor.dtype.is_floating() else wanted
    return value if wanted is None else cast(value, wanted)


@builtin
def unpack_int4(x: Any, signed: Any = False, layout: Any = "low_first") -> Any:
    """The 4-bit codes in the words of a block.

    Parameters
    ----------
    x : block [..., n] of 8- or 32-bit integers
        Each has 2 or 8 codes.
    signed : bool
        Codes are -8 to 7 (two's complement), as int8; else 0 to 15, as uint8.
    layout : {"low_first", "high_first", "split"}
        Order of a word's codes along the last dimension, which becomes 2 or 8 times as long: the
        lowest bits first, or the highest (bitsandbytes). "split": a tuple of blocks [..., n], the
        lowest codes, then the next: nothing moves between threads.

    Examples
    --------
    >>> evaluate("tl.unpack_int4(x, signed=True)", x=np.array([0x21, 0xF3], np.uint8))
    array([ 1,  2,  3, -1], dtype=int8)
    """
    word, order = to_tensor(x), unwrap(layout)
    width = word.dtype.primitive_bitwidth
    if not word.dtype.is_int() or width not in (8, 32):
        raise TypeError(f"unpack_int4: x is {word.dtype}; it takes 8- and 32-bit integers")
    if order not in _SPLIT_LAYOUTS:
        raise ValueError(f"unpack_int4: layout is {order!r}; there are {', '.join(_SPLIT_LAYOUTS)}")
    count, is_signed = width // 4, bool(unwrap(signed))
    word = cast(word, uint8 if width == 8 else uint32, bitcast=True)
    if order == "split":
        parts = [word & 15]
        for k in range(1, count):
            part = word >> (4 * k)  # the last one has no bits above
            parts.append(part if k == count - 1 else part & 15)
        return Tuple([_code(part, is_signed) for part in parts])
    if not word.shape:
        raise ValueError("unpack_int4: x is a scalar; use layout='split'")
    return _code(_spread(word, count, order == "high_first") & 15, is_signed)


def _spread(word: Any, count: int, high_first: bool) -> Any:
    """[..., n] words as [..., n * count], each shifted to one of its codes."""
    shape = [int(unwrap(extent)) for extent in word.shape]
    places = arange(0, count)
    if high_first:
        places = (count - 1) - places
    shifts = reshape(cast(places * 4, word.dtype), [1] * len(shape) + [count])
    shifted = reshape(word, [*shape, 1]) >> shifts
    return reshape(shifted, [*shape[:-1], shape[-1] * count])


def _code(word: Any, signed: bool) -> Any:
    code = cast(word, uint8)
    return cast(code ^ 8, int8, bitcast=True) - 8 if signed else code


@builtin
def pack_int4(low: Any, high: Any) -> tensor:
    """Bytes (uint8) with one 4-bit code in the low and one in the high half; inverse of
    ``unpack_int4(x, layout="split")``. Bits of the codes beyond the lowest four don't count.

    Examples
    --------
    >>> evaluate("tl.pack_int4(x, x + 1)", x=np.array([1, 3], np.uint8))
    array([33, 67], dtype=uint8)
    """
    word: tensor = (cast(to_tensor(low), uint8) & 15) | (cast(to_tensor(high), uint8) << 4)
    return word


# The quantiles of Dettmers, Pagnoni, Holtzman, Zettlemoyer, "QLoRA", 2023, appendix E.
_NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0,
)  # fmt: skip


@builtin
def dequantize_nf4(codes: Any, absmax: Any = None, dtype: Any = None) -> tensor:
    """The numbers that NF4 codes stand for: ``NF4[code] * absmax``.

    Parameters
    ----------
    codes : block or scalar of integers
        0 to 15, as unpack_int4() gives them; higher bits don't count.
    absmax : block or scalar of float32, float16 or bfloat16, optional
        The scale, broadcast with ``codes``.
    dtype : dtype, optional
        Of the result; default: that of ``absmax``, else float32.

    Notes
    -----
    The table's value is rounded to the type of ``absmax``, then multiplied with one rounding. It is
    chosen bit by bit: 15 selects, no table in memory.

    Examples
    --------
    >>> evaluate("tl.dequantize_nf4(x, 2.0)", x=np.array([0, 7, 15, 15], np.uint8))
    array([-2.,  0.,  2.,  2.], dtype=float32)
    """
    code = to_tensor(codes)
    if not code.dtype.is_int():
        raise TypeError(f"dequantize_nf4: codes are {code.dtype}; they are integers")
    values: list[Any] = list(_NF4)
    for bit in (1, 2, 4, 8):
        is_set = (code & bit) != 0
        values = [where(is_set, b, a) for a, b in zip(values[::2], values[1::2], strict=True)]
    value = values[0]
    factor = None if unwrap(absmax) is None else to_tensor(absmax)
    if factor is not None:
        value = cast(value, factor.dtype) * factor
    wanted = unwrap(dtype)
    return cast(value, wanted) if wanted is not None else value


@builtin
def quantize_nf4(x: Any, absmax: Any = None) -> tensor:
    """The NF4 codes (uint8, 0 to 15) nearest to ``x / absmax``, the lower one in ties.

    The quotient is rounded to float32, and compared with the midpoints of the table in float32. NaN
    has the code 0, as in bitsandbytes.

    Examples
    --------
    >>> evaluate("tl.quantize_nf4(x)", x=np.array([-1.0, 0.0, 0.1, 1.0], np.float32))
    array([ 0,  7,  8, 15], dtype=uint8)
    """
    value = cast(to_tensor(x), float32)
    if unwrap(absmax) is not None:
        value = div_rn(value, cast(to_tensor(absmax), float32))
    code: tensor = cast(value > _midpoint(0), uint8)
    for k in range(1, 15):
        code = code + cast(value > _midpoint(k), uint8)
    return code


def _midpoint(k: int) -> float:
    return (_NF4[k] + _NF4[k + 1]) / 2


__all__ = [
    "dequantize",
    "dequantize_nf4",
    "pack_int4",
    "quantize",
    "quantize_nf4",
    "unpack_int4",
]
