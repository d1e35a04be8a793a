"""Kernels of quantization. The definitions are in spec.py."""

from __future__ import annotations

import cosmati
import cosmati.language as tl


@cosmati.jit
def _round_half_even(x):
    """``x`` rounded to the nearest integer, ties to even, for |x| <= 2^22.

    The last bit of numbers from 2^23 to 2^24 is worth 1, so the addition rounds to an integer.
    """
    return (x + 12582912.0) - 12582912.0


@cosmati.jit
def _finite_or_zero(x):
    return tl.where(tl.abs(x) < float("inf"), x, 0.0)


@cosmati.jit
def _choose_scale(lo, hi, LARGEST: tl.constexpr, SYMMETRIC: tl.constexpr):
    """(scale, zero point) of groups whose finite elements, and 0, span lo to hi."""
    if SYMMETRIC:
        extent = tl.maximum(hi, -lo)
        scale = tl.div_rn(extent, LARGEST)
    else:
        extent = tl.minimum(hi - lo, 3.4028234663852886e38)
        scale = tl.div_rn(extent, 255.0)
    scale = tl.maximum(scale, 1.1754943508222875e-38)
    scale = tl.where(extent == 0.0, 1.0, scale)
    if SYMMETRIC:
        zero = scale * 0.0
    else:
        zero = _round_half_even(tl.clamp(-128.0 - tl.div_rn(lo, scale), -128.0, 127.0))
    return scale, zero


@cosmati.jit
def _encode(x, scale, zero, FORMAT: tl.constexpr, SYMMETRIC: tl.constexpr, SATURATE: tl.constexpr):
    """The codes of ``x``: int8, or the bits of 8-bit floats as uint8."""
    if FORMAT == "int8":
        return tl.quantize(x, tl.int8, scale, zero, narrow=SYMMETRIC)
    else:
        kind: tl.constexpr = tl.float8e4nv if FORMAT == "e4m3" else tl.float8e5
        overflow: tl.constexpr = "saturate" if SATURATE else "nonfinite"
        return tl.quantize(x, kind, scale, overflow=overflow).to(tl.uint8, bitcast=True)


@cosmati.jit
def quantize_kernel(
    x_ptr, q_ptr, scale_ptr, zero_ptr, n_groups, groups_per_row, group_size, n_cols, stride_x,
    FORMAT: tl.constexpr, LARGEST: tl.constexpr, SYMMETRIC: tl.constexpr, SATURATE: tl.constexpr,
    GIVEN: tl.constexpr, SHARED: tl.constexpr, ONE_BLOCK: tl.constexpr,
    GROUPS: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One program quantizes GROUPS groups, BLOCK columns of each at a time.

    GIVEN: scales and zero points are read, not chosen and stored; SHARED: there is one for all.
    ONE_BLOCK: a group fits BLOCK, so it is read once. Rows of x are ``stride_x`` elements apart; q
    is contiguous.
    """
    group = tl.program_id(0).to(tl.int64) * GROUPS + tl.arange(0, GROUPS)
    valid = group < n_groups
    row = group // groups_per_row
    first = (group % groups_per_row) * group_size
    length = tl.where(valid, tl.minimum(n_cols - first, group_size), 0)[:, None]
    x_ptrs = x_ptr + (row * stride_x + first)[:, None]
    q_ptrs = q_ptr + (row * n_cols + first)[:, None]
    cols = tl.arange(0, BLOCK)[None, :]
    if ONE_BLOCK:
        mask = cols < length
        x = tl.load(x_ptrs + cols, mask=mask, other=0.0).to(tl.float32)
    if GIVEN:
        index = group * 0 if SHARED else group
        scale = tl.load(scale_ptr + index, mask=valid, other=1.0)
        if zero_ptr is not None:
            zero = tl.load(zero_ptr + index, mask=valid, other=0).to(tl.float32)
        else:
            zero = tl.zeros((GROUPS,), tl.float32)
    else:
        if ONE_BLOCK:
            finite = _finite_or_zero(x)
            lo = tl.minimum(tl.min(finite, axis=1), 0.0)
            hi = tl.maximum(tl.max(finite, axis=1), 0.0)
        else:
            lows = tl.zeros((GROUPS, BLOCK), tl.float32)
            highs = tl.zeros((GROUPS, BLOCK), tl.float32)
            for start in range(0, group_size, BLOCK):
                mask = start + cols < length
                y = tl.load(x_ptrs + start + cols, mask=mask, other=0.0).to(tl.float32)
                finite = _finite_or_zero(y)
                lows = tl.minimum(lows, finite)
                highs = tl.maximum(highs, finite)
            lo = tl.min(lows, axis=1)
            hi = tl.max(highs, axis=1)
        scale, zero = _choose_scale(lo, hi, LARGEST, SYMMETRIC)
        tl.store(scale_ptr + group, scale, mask=valid)
        if zero_ptr is not None:
            tl.store(zero_ptr + group, zero.to(tl.int8), mask=valid)
    if ONE_BLOCK:
        code = _encode(x, scale[:, None], zero[:, None], FORMAT, SYMMETRIC, SATURATE)
        tl.store(q_ptrs + cols, code, mask=mask)
    else:
        for start in range(0, group_size, BLOCK):
            mask = start + cols < length
            z = tl.load(x_ptrs + start + cols, mask=mask, other=0.0).to(tl.float32)
            code = _encode(z, scale[:, None], zero[:, None], FORMAT, SYMMETRIC, SATURATE)
            tl.store(q_ptrs + start + cols, code, mask=mask)


@cosmati.jit
def range_kernel(x_ptr, lo_ptr, hi_ptr, n_rows, n_cols, stride_x, BLOCK: tl.constexpr):
    """Smallest and largest finite element (and 0) of a row piece by piece: lo[p], hi[p].

    Program p takes the rows p, p + programs, ...
    """
    program = tl.program_id(0)
    cols = tl.arange(0, BLOCK)
    lows = tl.zeros((BLOCK,), tl.float32)
    highs = tl.zeros((BLOCK,), tl.float32)
    for row in range(program, n_rows, tl.num_programs(0)):
        x_row = x_ptr + row.to(tl.int64) * stride_x
        for start in range(0, n_cols, BLOCK):
            x = tl.load(x_row + start + cols, mask=start + cols < n_cols, other=0.0)
            finite = _finite_or_zero(x.to(tl.float32))
            lows = tl.minimum(lows, finite)
            highs = tl.maximum(highs, finite)
    tl.store(lo_ptr + program, tl.min(lows, axis=0))
    tl.store(hi_ptr + program, tl.max(highs, axis=0))


@cosmati.jit
def scale_kernel(
    lo_ptr, hi_ptr, scale_ptr, zero_ptr, n, LARGEST: tl.constexpr, SYMMETRIC: tl.constexpr,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """The one scale (and zero point) of n partial ranges, n <= BLOCK; one program."""
    parts = tl.arange(0, BLOCK)
    lo = tl.min(tl.load(lo_ptr + parts, mask=parts < n, other=0.0), axis=0)
    hi = tl.max(tl.load(hi_ptr + parts, mask=parts < n, other=0.0), axis=0)
    scale, zero = _choose_scale(lo, hi, LARGEST, SYMMETRIC)
    tl.store(scale_ptr, scale)
    if zero_ptr is not None:
        tl.store(zero_ptr, zero.to(tl.int8))


@cosmati.jit
def dequantize_kernel(
    q_ptr, scale_ptr, zero_ptr, x_ptr, n, n_cols, groups_per_row, group_size,
    FORMAT: tl.constexpr, SHARED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """x = (q - zero) * scale; one program does BLOCK elements of the contiguous arrays."""
    index = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = index < n
    code = tl.load(q_ptr + index, mask=mask, other=0)
    group = index // n_cols * groups_per_row + index % n_cols // group_size
    if SHARED:
        group = index * 0
    scale = tl.load(scale_ptr + group, mask=mask, other=1.0)
    if FORMAT == "int8":
        if zero_ptr is not None:
            zero = tl.load(zero_ptr + group, mask=mask, other=0)
        else:
            zero = None
        value = tl.dequantize(code, scale, zero)
    else:
        kind: tl.constexpr = tl.float8e4nv if FORMAT == "e4m3" else tl.float8e5
        value = tl.dequantize(code.to(kind, bitcast=True), scale)
    tl.store(x_ptr + index, value, mask=mask)
