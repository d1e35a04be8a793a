"""Normalisation of rows by their root mean square."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati.kernels.common.arrays import require
from cosmati.kernels.norm.rows import plan, require_weight


@cosmati.jit
def rms_norm_kernel(
    x_ptr, w_ptr, y_ptr, n_cols, stride_x, stride_y, eps,
    BLOCK: tl.constexpr, ONE_BLOCK: tl.constexpr,
):  # fmt: skip
    """One program normalises one row."""
    row = tl.program_id(0).to(tl.int64)
    x_ptr += row * stride_x
    y_ptr += row * stride_y
    cols = tl.arange(0, BLOCK)
    if ONE_BLOCK:
        mask = cols < n_cols
        x = tl.load(x_ptr + cols, mask=mask, other=0.0).to(tl.float32)
        normal = x * (1.0 / tl.sqrt(tl.sum(x * x, axis=0) / n_cols + eps))
        if w_ptr is not None:
            normal *= tl.load(w_ptr + cols, mask=mask, other=0.0).to(tl.float32)
        tl.store(y_ptr + cols, normal, mask=mask)
    else:
        squares = tl.zeros((BLOCK,), tl.float32)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            x = tl.load(x_ptr + start + cols, mask=mask, other=0.0).to(tl.float32)
            squares += x * x
        scale = 1.0 / tl.sqrt(tl.sum(squares, axis=0) / n_cols + eps)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            normal = tl.load(x_ptr + start + cols, mask=mask, other=0.0).to(tl.float32) * scale
            if w_ptr is not None:
                normal *= tl.load(w_ptr + start + cols, mask=mask, other=0.0).to(tl.float32)
            tl.store(y_ptr + start + cols, normal, mask=mask)


def rms_norm(
    x: Any,
    weight: Any = None,
    eps: float = 1e-6,
    out: Any = None,
    *,
    block: int | None = None,
    num_warps: int | None = None,
) -> Any:
    """``x / sqrt(mean(x * x) + eps) * weight`` along the last dimension, computed in float32."""
    require(eps >= 0, f"eps is {eps}; it is added to a mean square and must be at least 0")
    p = plan(x, out, block, num_warps)
    require_weight(weight, p.cols, "weight")
    if p.rows and p.cols:
        rms_norm_kernel[(p.rows,)](
            p.x, weight, p.y, p.cols, p.stride_x, p.stride_y, float(eps),
            BLOCK=p.block, ONE_BLOCK=p.one_block, num_warps=p.num_warps,
        )  # fmt: skip
    return p.out


def reference(x: np.ndarray, weight: Any = None, eps: float = 1e-6) -> np.ndarray:
    """RMS norm along the last dimension in float64."""
    wide = x.astype(np.float64)
    if wide.size == 0:
        return wide
    y = wide / np.sqrt((wide**2).mean(axis=-1, keepdims=True) + eps)
    return y if weight is None else y * weight.astype(np.float64)
