"""Products of half-precision activations with weights of 8 bits: int8, E4M3, E5M2.

A weight becomes the activations' type on the way to the product, exactly: int8 and both 8-bit
floats are numbers of float16 and of bfloat16. A scale for each column is applied to the sums.
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
from cosmati.kernels.gemm.host import FP8, GemmConfig
from cosmati.kernels.gemm.kernel import output_block

HALVES = ("float16", "bfloat16")
BYTES = ("int8", *FP8)


@cosmati.jit
def mixed_kernel(
    a_ptr, w_ptr, scale_ptr, c_ptr, M, N, K,
    stride_am, stride_ak, stride_wk, stride_wn, stride_s, stride_cm, stride_cn,
    WIDE: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    """C = (A @ W) * scale; one program makes one BLOCK_M x BLOCK_N block of C."""
    rows, cols = output_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    ks = tl.arange(0, BLOCK_K)
    in_rows = rows < M
    in_cols = cols < N
    if WIDE:
        rows = rows.to(tl.int64)
        cols = cols.to(tl.int64)
        ks = ks.to(tl.int64)
    a_ptrs = a_ptr + rows[:, None] * stride_am + ks[None, :] * stride_ak
    w_ptrs = w_ptr + ks[:, None] * stride_wk + cols[None, :] * stride_wn
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, K, BLOCK_K):
        in_k = ks < K - k
        a = tl.load(a_ptrs, mask=in_rows[:, None] & in_k[None, :], other=0.0)
        w = tl.load(w_ptrs, mask=in_k[:, None] & in_cols[None, :], other=0.0)
        acc = tl.dot(a, w.to(a.dtype), acc)
        a_ptrs += BLOCK_K * stride_ak
        w_ptrs += BLOCK_K * stride_wk
    if scale_ptr is not None:
        acc *= tl.load(scale_ptr + cols * stride_s, mask=in_cols, other=0.0)[None, :]
    c_ptrs = c_ptr + rows[:, None] * stride_cm + cols[None, :] * stride_cn
    tl.store(c_ptrs, acc, mask=in_rows[:, None] & in_cols[None, :])


def gemm_mixed(
    a: Any,
    weights: Any,
    scales: Any = None,
    *,
    out: Any = None,
    out_dtype: str | None = None,
    config: GemmConfig | None = None,
) -> Any:
    """``(a @ weights) * scales``, with weights of 8 bits.

    Parameters
    ----------
    a : array [M, K]
        float16 or bfloat16.
    weights : array [K, N]
        int8, float8_e4m3fn or float8_e5m2; any strides, but columns should be contiguous.
    scales : float32 array [N], optional
        Of the columns.
    out, out_dtype
        Where the result goes, or its type: float16, bfloat16 or float32; default: that of ``a``.

    Returns
    -------
    array [M, N]
        Summed and scaled in float32.
    """
    config = config or GemmConfig()
    config.check()
    require_dtype(a, HALVES, "a")
    require_dtype(weights, BYTES, "weights")
    for array, what in ((a, "a"), (weights, "weights")):
        shape = shape_of(array)
        require(len(shape) == 2, f"{what} has the shape {shape}; a matrix has 2 dimensions")
        require(
            max(shape) <= INT32_MAX - 256,
            f"{what} has the shape {shape}; extents must be below {INT32_MAX - 256}: split it",
        )
    (m, k), n = shape_of(a), shape_of(weights)[1]
    require(
        shape_of(weights)[0] == k,
        f"inner extents differ: a is {shape_of(a)}, weights are {shape_of(weights)}; a's second "
        "must be the weights' first",
    )
    if scales is not None:
        require_dtype(scales, ("float32",), "scales")
        require(
            shape_of(scales) == (n,),
            f"scales have the shape {shape_of(scales)}; weights of {n} columns need ({n},)",
        )
    allowed = (*HALVES, "float32")
    name = out_dtype or (dtype_name(out) if out is not None else dtype_name(a))
    require(name in allowed, f"out_dtype is {name}; use one of {allowed}")
    out = result(out, a, (m, n), name)
    require_dtype(out, (name,), "out")
    if m and n:
        launch(a, weights, scales, out, config)
    return out


def launch(a: Any, weights: Any, scales: Any, out: Any, config: GemmConfig) -> Any:
    """Launches the kernel on checked arguments; gives the compiled kernel."""
    (m, k), n = shape_of(a), shape_of(weights)[1]
    programs = cosmati.cdiv(m, config.block_m) * cosmati.cdiv(n, config.block_n)
    require(programs <= INT32_MAX, f"{programs} blocks of C exceed {INT32_MAX}; use larger blocks")
    return mixed_kernel[(programs,)](
        a, weights, scales, out, m, n, k,
        *strides_of(a), *strides_of(weights), 0 if scales is None else strides_of(scales)[0],
        *strides_of(out), WIDE=is_wide(a, weights, out),
        BLOCK_M=config.block_m, BLOCK_N=config.block_n, BLOCK_K=config.block_k,
        GROUP_M=config.group_m, num_warps=config.num_warps, num_stages=config.num_stages,
    )  # fmt: skip
