"""How 4-bit weights lie in memory, and what they mean.

Packing. The K rows of a weight matrix are taken in units of 64. Byte r of a unit (0 <= r < 32)
holds row r of the unit in its low half and row r + 32 in its high half:

    packed[32 * u + r, n] = code[64 * u + r, n] | code[64 * u + r + 32, n] << 4

So the low halves of a block of 32 rows of bytes are 32 neighbouring rows of the weights, the high
halves are the next 32, and a kernel unpacks a block by a mask and a shift in the registers that
hold it, for two products of 32 steps each; nothing moves between threads. A half belongs to one
group of scales, as groups have 32, 64 or 128 rows.

Bytes are stored column by column (``packed.strides[0]`` is 1): neighbouring rows, which is what a
thread of a matrix instruction holds, are then neighbours in memory.

Formats. "int4": the weight is (code - zero) * scale, codes 0 to 15, zero 8 where there are no zero
points. "nf4": the weight is NF4[code] * scale (Dettmers, Pagnoni, Holtzman, Zettlemoyer, "QLoRA",
2023, appendix E). The difference is exact in the type of the activations; the product is rounded to
it once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from cosmati.kernels.common.arrays import require

UNIT = 64
HALF = UNIT // 2
GROUP_SIZES = (32, 64, 128)
FORMATS = ("int4", "nf4")
ZERO = 8

# The 16 quantiles of QLoRA's appendix E.
NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0,
)  # fmt: skip


def pack_int4(codes: Any) -> np.ndarray:
    """Codes 0 to 15 ([K, N], K a multiple of 64) as bytes [K / 2, N], columns contiguous."""
    codes = np.asarray(codes)
    require(codes.ndim == 2, f"codes have the shape {codes.shape}; a matrix has 2 dimensions")
    k, n = codes.shape
    require(k % UNIT == 0, f"codes have {k} rows; the packing needs a multiple of {UNIT}: pad them")
    low, high = (int(codes.min()), int(codes.max())) if codes.size else (0, 0)
    require(0 <= low and high <= 15, f"codes span {low} to {high}; 4 bits hold 0 to 15")
    units = codes.astype(np.uint8).reshape(k // UNIT, 2, HALF, n)
    packed = (units[:, 0] | units[:, 1] << 4).reshape(k // 2, n)
    return np.asfortranarray(packed)


def unpack_int4(packed: Any) -> np.ndarray:
    """The codes that pack_int4 packed."""
    packed = np.asarray(packed)
    rows, n = packed.shape
    units = packed.reshape(rows // HALF, 1, HALF, n)
    return np.concatenate([units & 15, units >> 4], axis=1).reshape(2 * rows, n)


def quantize_int4(
    weights: Any, group_size: int = 128, *, symmetric: bool = True, format: str = "int4",
    dtype: Any = np.float16,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:  # fmt: skip
    """(packed, scales, zero points or None) of float weights [K, N], by the extent of each group.

    Symmetric: scale = amax / 7, code = round(w / scale) + 8. Asymmetric: scale = (max - min) / 15,
    zero = round(-min / scale), with 0 between min and max. "nf4": scale = amax, the nearest code.
    Scales are [K / group_size, N] of ``dtype``, zero points uint8 of the same shape.
    """
    _check_format(format, group_size)
    weights = np.asarray(weights, np.float32)
    k, n = weights.shape
    require(k % UNIT == 0, f"weights have {k} rows; they need a multiple of {UNIT}: pad them")
    require(k % group_size == 0, f"{k} rows are no multiple of group_size={group_size}: pad them")
    groups = weights.reshape(k // group_size, group_size, n)
    zero = None
    if format == "int4" and not symmetric:
        low = np.minimum(groups.min(axis=1, initial=0), 0)
        high = np.maximum(groups.max(axis=1, initial=0), 0)
        scales = _scales((high - low) / 15, dtype)
        wide = scales.astype(np.float32)
        zero = np.clip(np.rint(-low / wide), 0, 15).astype(np.uint8)
        codes = np.clip(np.rint(groups / wide[:, None]) + zero[:, None], 0, 15)
    else:
        extent = np.abs(groups).max(axis=1, initial=0)
        scales = _scales(extent if format == "nf4" else extent / 7, dtype)
        relative = groups / scales.astype(np.float32)[:, None]
        if format == "nf4":
            middles = np.convolve(np.array(NF4, np.float32), [0.5, 0.5], "valid")
            codes = np.searchsorted(middles, relative)
        else:
            codes = np.clip(np.rint(relative) + ZERO, 0, 15)
    return pack_int4(codes.reshape(k, n)), scales, zero


def dequantize_int4(
    packed: Any, scales: Any, zero_points: Any = None, *, format: str = "int4"
) -> np.ndarray:
    """The weights [K, N] in the type of ``scales``, as the kernel forms them bit for bit."""
    codes = unpack_int4(packed)
    size = codes.shape[0] // max(scales.shape[0], 1)
    wide = np.repeat(np.asarray(scales).astype(np.float32), size, axis=0)
    if format == "nf4":
        steps = np.array(NF4, np.float32).astype(scales.dtype).astype(np.float32)[codes]
    else:
        zero = ZERO if zero_points is None else np.repeat(zero_points, size, axis=0)
        steps = codes.astype(np.float32) - np.asarray(zero, np.float32)
    # The product of two numbers of at most 11 bits is exact in float32, so this rounds once.
    return (steps * wide).astype(scales.dtype)


def _scales(extent: np.ndarray, dtype: Any) -> np.ndarray:
    scales = extent.astype(dtype)
    return np.where(scales == 0, np.ones_like(scales), scales)


def _check_format(format: str, group_size: int) -> None:
    require(format in FORMATS, f"format is {format!r}; use one of {FORMATS}")
    require(
        group_size in GROUP_SIZES, f"group_size is {group_size}; the kernel takes {GROUP_SIZES}"
    )
