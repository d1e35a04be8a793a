"""The definitions of spec.py in NumPy, written independently of the kernels."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from cosmati.kernels.quantize.spec import FLT_MAX, FP8_MAX, MIN_NORMAL, QTensor, QuantSpec

_MANTISSA_AND_BIAS = {"e4m3": (3, 7), "e5m2": (2, 15)}


@functools.cache
def fp8_values(format: str) -> np.ndarray:
    """The numbers of the 256 codes, as float32 (every one is exact)."""
    mantissa_bits, bias = _MANTISSA_AND_BIAS[format]
    values = np.empty(256, np.float32)
    for code in range(256):
        exponent = (code & 0x7F) >> mantissa_bits
        fraction = (code & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
        if exponent == 0:
            magnitude = fraction * 2.0 ** (1 - bias)
        else:
            magnitude = (1.0 + fraction) * 2.0 ** (exponent - bias)
        if format == "e4m3" and code & 0x7F == 0x7F:
            magnitude = np.nan
        if format == "e5m2" and exponent == 31:
            magnitude = np.inf if fraction == 0 else np.nan
        values[code] = -magnitude if code & 0x80 else magnitude
    return values


def encode_fp8(x: np.ndarray, format: str, overflow: str = "saturate") -> np.ndarray:
    """Codes of float32 numbers: the nearest value, the even code of two that are as near."""
    largest = FP8_MAX[format]
    top = 0x7E if format == "e4m3" else 0x7B
    magnitudes = fp8_values(format)[: top + 1].astype(np.float64)
    step = magnitudes[top] - magnitudes[top - 1]
    magnitude = np.abs(x.astype(np.float64))
    upper = np.clip(np.searchsorted(magnitudes, magnitude), 1, top)
    middle = (magnitudes[upper - 1] + magnitudes[upper]) / 2
    goes_up = (magnitude > middle) | ((magnitude == middle) & (upper % 2 == 0))
    code = np.where(goes_up, upper, upper - 1)
    # The code after `top` would be even for E5M2 (a tie goes up) and odd for E4M3 (it stays).
    limit = largest + step / 2
    beyond = magnitude > limit if format == "e4m3" else magnitude >= limit
    if overflow == "nonfinite":
        code = np.where(beyond, 0x7F if format == "e4m3" else 0x7C, code)
    code = code | np.where(np.signbit(x), 0x80, 0)
    return np.where(np.isnan(x), 0x7F, code).astype(np.uint8)


def _groups(x: np.ndarray, spec: QuantSpec) -> tuple[np.ndarray, np.ndarray]:
    """(elements as [groups, length], filled up with 0; which of them are elements of x)."""
    if spec.granularity == "tensor":
        flat = x.reshape(1, -1)
        return flat, np.ones(flat.shape, bool)
    cols = x.shape[-1]
    rows = x.reshape(-1, cols) if cols else np.zeros((int(np.prod(x.shape[:-1])), 0), x.dtype)
    length = max(spec.group_length(cols), 1)
    pad = -cols % length
    inside = np.pad(np.ones(rows.shape, bool), ((0, 0), (0, pad)))
    width = rows.shape[0] * ((cols + pad) // length)
    if spec.granularity == "row" and cols == 0:
        return np.zeros((rows.shape[0], 0), x.dtype), np.zeros((rows.shape[0], 0), bool)
    return (
        np.pad(rows, ((0, 0), (0, pad))).reshape(width, length),
        inside.reshape(width, length),
    )


def _choose(groups: np.ndarray, spec: QuantSpec) -> tuple[np.ndarray, np.ndarray]:
    """(scales, zero points as float32) of groups [groups, length]."""
    finite = np.where(np.isfinite(groups), groups, np.float32(0))
    lo = finite.min(axis=1, initial=0).astype(np.float32)
    hi = finite.max(axis=1, initial=0).astype(np.float32)
    with np.errstate(over="ignore", under="ignore"):
        if spec.symmetric:
            extent = np.maximum(hi, -lo)
            scale = extent / np.float32(FP8_MAX.get(spec.format, 127.0))
        else:
            extent = np.minimum(hi - lo, np.float32(FLT_MAX))
            scale = extent / np.float32(255)
        scale = np.maximum(scale, np.float32(MIN_NORMAL))
        scale = np.where(extent == 0, np.float32(1), scale)
        if spec.symmetric:
            return scale, np.zeros_like(scale)
        zero = np.clip(np.float32(-128) - lo / scale, -128, 127)
    return scale, np.rint(zero).astype(np.float32)


def reference(
    x: np.ndarray, spec: QuantSpec, scales: Any = None, zero_points: Any = None
) -> QTensor:
    """Quantizes as spec.py says; bit for bit what quantize() gives."""
    groups, inside = _groups(x.astype(np.float32), spec)
    shape = spec.scale_shape(x.shape)
    if scales is None:
        scale, zero = _choose(groups, spec)
    else:
        scale = scales.reshape(-1)
        zero = np.zeros_like(scale)
        if zero_points is not None:
            zero = zero_points.reshape(-1).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        y = groups / scale[:, None]
        if spec.format == "int8":
            steps = np.rint(np.clip(y, -1024, 1024))
            steps = np.where(np.isnan(y), 0, steps) + zero[:, None]
            code = np.clip(steps, -127 if spec.symmetric else -128, 127).astype(np.int8)
        else:
            code = encode_fp8(y, spec.format, spec.overflow)
    zeros = None if spec.symmetric else zero.astype(np.int8).reshape(shape)
    return QTensor(code[inside].reshape(x.shape), scale.reshape(shape), zeros, spec)


def reference_dequantize(quantized: QTensor) -> np.ndarray:
    """float32 numbers of the codes; bit for bit what dequantize() gives."""
    spec = quantized.spec
    codes, inside = _groups(quantized.data, spec)
    scale = quantized.scales.reshape(-1, 1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if spec.format == "int8":
            steps = codes.astype(np.int32)
            if quantized.zero_points is not None:
                steps = steps - quantized.zero_points.reshape(-1, 1).astype(np.int32)
            values = steps.astype(np.float32) * scale
        else:
            values = fp8_values(spec.format)[codes] * scale
    return values[inside].reshape(quantized.data.shape)
