"""Products with weights of 4 bits, which become the activations' type on the way to the product.

The packing and the formats are in packing.py.
"""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
from cosmati.kernels.common.arrays import (
    INT32_MAX,
    dtype_name,
    is_wide,
    require,
    require_dtype,
    result,
    shape_of,
    strides_of,
)
from cosmati.kernels.gemm.host import GemmConfig
from cosmati.kernels.gemm.kernel import output_block
from cosmati.kernels.gemm.packing import FORMATS, GROUP_SIZES, UNIT

HALVES = ("float16", "bfloat16")


@cosmati.jit
def _weights(code, zero, scale, FORMAT: tl.constexpr):
    """The weights of one half of the bytes, in the type of ``scale``."""
    if FORMAT == "nf4":
        steps = tl.dequantize_nf4(code, dtype=scale.dtype)
    elif zero is None:
        steps = tl.dequantize(code, None, 8, scale.dtype, bits=4)
    else:
        steps = tl.dequantize(code, None, zero[None, :], scale.dtype, bits=4)
    # Only now is the scale spread along the columns: the registers of the steps come first.
    return steps * scale[None, :]


@cosmati.jit
def int4_kernel(
    a_ptr, w_ptr, scale_ptr, zero_ptr, c_ptr, M, N, K,
    stride_am, stride_ak, stride_wk, stride_wn, stride_sk, stride_sn, stride_cm, stride_cn,
    FORMAT: tl.constexpr, GROUP_SIZE: tl.constexpr, WIDE: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    """C = A @ weights; one program makes one BLOCK_M x BLOCK_N block of C, 64 rows of K at a time.

    K is a multiple of 64. zero_ptr: zero points like the scales, or None.
    """
    rows, cols = output_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    ks = tl.arange(0, 32)
    in_rows = (rows < M)[:, None]
    in_cols = cols < N
    if WIDE:
        rows = rows.to(tl.int64)
        cols = cols.to(tl.int64)
        ks = ks.to(tl.int64)
    a_ptrs = a_ptr + rows[:, None] * stride_am + ks[None, :] * stride_ak
    w_ptrs = w_ptr + ks[:, None] * stride_wk + cols[None, :] * stride_wn
    scale_ptrs = scale_ptr + cols * stride_sn
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, K, 64):
        a_low = tl.load(a_ptrs, mask=in_rows, other=0.0)
        a_high = tl.load(a_ptrs + 32 * stride_ak, mask=in_rows, other=0.0)
        codes = tl.load(w_ptrs, mask=in_cols[None, :], other=0)
        low, high = tl.unpack_int4(codes, layout="split")
        group = k // GROUP_SIZE
        scale = tl.load(scale_ptrs + group * stride_sk, mask=in_cols, other=0.0)
        if zero_ptr is not None:
            zero = tl.load(zero_ptr + cols * stride_sn + group * stride_sk, mask=in_cols, other=0)
        else:
            zero = None
        acc = tl.dot(a_low, _weights(low, zero, scale, FORMAT), acc)
        if GROUP_SIZE == 32:
            group = group + 1
            scale = tl.load(scale_ptrs + group * stride_sk, mask=in_cols, other=0.0)
            if zero_ptr is not None:
                zero = tl.load(
                    zero_ptr + cols * stride_sn + group * stride_sk, mask=in_cols, other=0
                )
        acc = tl.dot(a_high, _weights(high, zero, scale, FORMAT), acc)
        a_ptrs += 64 * stride_ak
        w_ptrs += 32 * stride_wk
    c_ptrs = c_ptr + rows[:, None] * stride_cm + cols[None, :] * stride_cn
    tl.store(c_ptrs, acc, mask=in_rows & in_cols[None, :])


def gemm_int4(
    a: Any,
    packed: Any,
    scales: Any,
    zero_points: Any = None,
    *,
    format: str = "int4",
    out: Any = None,
    out_dtype: str | None = None,
    config: GemmConfig | None = None,
) -> Any:
    """``a @ weights``, where the weights have 4 bits and a scale for each group of rows.

    Parameters
    ----------
    a : array [M, K]
        float16 or bfloat16; K is a multiple of 64.
    packed : uint8 array [K / 2, N]
        As ``pack_int4`` makes it; any strides, but columns should be contiguous.
    scales : array [K / g, N]
        Of the type of ``a``; the rows g of a group are 32, 64 or 128.
    zero_points : uint8 array [K / g, N], optional
        0 to 15, with the strides of ``scales``; without them 8. "nf4" has none.
    format : {"int4", "nf4"}
        What the codes mean.
    out, out_dtype
        Where the result goes, or its type: float16, bfloat16 or float32; default: that of ``a``.

    Returns
    -------
    array [M, N]
        Summed in float32.
    """
    config = config or GemmConfig(block_k=UNIT)
    config.check()
    require(
        config.block_k == UNIT,
        f"block_k is {config.block_k}; 4-bit weights are packed in units of {UNIT} rows: use that",
    )
    group_size = check_operands(a, packed, scales, zero_points, format)
    allowed = (*HALVES, "float32")
    name = out_dtype or (dtype_name(out) if out is not None else dtype_name(a))
    require(name in allowed, f"out_dtype is {name}; use one of {allowed}")
    m, n = shape_of(a)[0], shape_of(packed)[1]
    out = result(out, a, (m, n), name)
    require_dtype(out, (name,), "out")
    if m and n:
        launch(a, packed, scales, zero_points, out, format, group_size, config)
    return out


def launch(
    a: Any, packed: Any, scales: Any, zero_points: Any, out: Any, format: str, group_size: int,
    config: GemmConfig,
) -> Any:  # fmt: skip
    """Launches the kernel on checked arguments; gives the compiled kernel."""
    (m, k), n = shape_of(a), shape_of(packed)[1]
    programs = cosmati.cdiv(m, config.block_m) * cosmati.cdiv(n, config.block_n)
    require(programs <= INT32_MAX, f"{programs} blocks of C exceed {INT32_MAX}; use larger blocks")
    return int4_kernel[(programs,)](
        a, packed, scales, zero_points, out, m, n, k,
        *strides_of(a), *strides_of(packed), *strides_of(scales), *strides_of(out),
        FORMAT=format, GROUP_SIZE=group_size, WIDE=is_wide(a, packed, scales, out),
        BLOCK_M=config.block_m, BLOCK_N=config.block_n, GROUP_M=config.group_m,
        num_warps=config.num_warps, num_stages=config.num_stages,
    )  # fmt: skip


def check_operands(a: Any, packed: Any, scales: Any, zero_points: Any, format: str) -> int:
    """The rows of a group."""
    name = require_dtype(a, HALVES, "a")
    require_dtype(packed, ("uint8",), "packed")
    require_dtype(scales, (name,), "scales")
    for array, what in ((a, "a"), (packed, "packed"), (scales, "scales")):
        shape = shape_of(array)
        require(len(shape) == 2, f"{what} has the shape {shape}; a matrix has 2 dimensions")
        require(
            max(shape) <= INT32_MAX - 256,
            f"{what} has the shape {shape}; extents must be below {INT32_MAX - 256}: split it",
        )
    k, n = shape_of(a)[1], shape_of(packed)[1]
    require(k % UNIT == 0, f"a has {k} columns; 4-bit weights need a multiple of {UNIT}: pad it")
    require(
        shape_of(packed)[0] * 2 == k,
        f"packed is {shape_of(packed)}; {k} columns of a need {k // 2} rows of bytes",
    )
    require(format in FORMATS, f"format is {format!r}; use one of {FORMATS}")
    if k == 0:
        return GROUP_SIZES[-1]
    sizes = [size for size in GROUP_SIZES if shape_of(scales) == (k // size, n) and k % size == 0]
    require(
        bool(sizes),
        f"scales are {shape_of(scales)}; {k} rows of {n} columns need one row for each group of "
        f"{GROUP_SIZES} rows",
    )
    if zero_points is not None:
        require(format == "int4", f"{format} has no zero points: pass None")
        require_dtype(zero_points, ("uint8",), "zero_points")
        require(
            shape_of(zero_points) == shape_of(scales)
            and strides_of(zero_points) == strides_of(scales),
            f"zero_points are {shape_of(zero_points)} with strides {strides_of(zero_points)}; "
            f"scales are {shape_of(scales)} with strides {strides_of(scales)}: make them alike",
        )
    return sizes[0]
