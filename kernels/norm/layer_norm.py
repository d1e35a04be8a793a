"""Layer normalisation of rows."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati.kernels.common.arrays import require
from cosmati.kernels.norm.rows import plan, require_weight


@cosmati.jit
def _scale_and_store(normal, w_ptr, b_ptr, y_ptr, cols, mask):
    if w_ptr is not None:
        normal *= tl.load(w_ptr + cols, mask=mask, other=0.0).to(tl.float32)
    if b_ptr is not None:
        normal += tl.load(b_ptr + cols, mask=mask, other=0.0).to(tl.float32)
    tl.store(y_ptr + cols, normal, mask=mask)


@cosmati.jit
def layer_norm_kernel(
    x_ptr, w_ptr, b_ptr, y_ptr, n_cols, stride_x, stride_y, eps,
    BLOCK: tl.constexpr, ONE_BLOCK: tl.constexpr,
):  # fmt: skip
    """One program normalises one row: mean first, then the mean square of the differences.

    The two passes keep the precision that sum(x*x) - mean*mean would lose.
    """
    row = tl.program_id(0).to(tl.int64)
    x_ptr += row * stride_x
    y_ptr += row * stride_y
    cols = tl.arange(0, BLOCK)
    if ONE_BLOCK:
        mask = cols < n_cols
        x = tl.load(x_ptr + cols, mask=mask, other=0.0).to(tl.float32)
        mean = tl.sum(x, axis=0) / n_cols
        centred = tl.where(mask, x - mean, 0.0)
        variance = tl.sum(centred * centred, axis=0) / n_cols
        normal = centred * (1.0 / tl.sqrt(variance + eps))
        _scale_and_store(normal, w_ptr, b_ptr, y_ptr, cols, mask)
    else:
        total = tl.zeros((BLOCK,), tl.float32)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            total += tl.load(x_ptr + start + cols, mask=mask, other=0.0).to(tl.float32)
        mean = tl.sum(total, axis=0) / n_cols
        squares = tl.zeros((BLOCK,), tl.float32)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            x = tl.load(x_ptr + start + cols, mask=mask, other=0.0).to(tl.float32)
            centred = tl.where(mask, x - mean, 0.0)
            squares += centred * centred
        rstd = 1.0 / tl.sqrt(tl.sum(squares, axis=0) / n_cols + eps)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            x = tl.load(x_ptr + start + cols, mask=mask, other=0.0).to(tl.float32)
            _scale_and_store((x - mean) * rstd, w_ptr, b_ptr, y_ptr, start + cols, mask)


def layer_norm(
    x: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    out: Any = None,
    *,
    block: int | None = None,
    num_warps: int | None = None,
) -> Any:
    """``(x - mean) / sqrt(variance + eps) * weight + bias`` along the last dimension.

    The variance is the mean of the squared differences (not the unbiased estimate). Computed in
    float32. ``weight`` and ``bias``: vectors with an element for each column, or None.
    """
    require(eps >= 0, f"eps is {eps}; it is added to a variance and must be at least 0")
    p = plan(x, out, block, num_warps)
    require_weight(weight, p.cols, "weight")
    require_weight(bias, p.cols, "bias")
    if p.rows and p.cols:
        layer_norm_kernel[(p.rows,)](
            p.x, weight, bias, p.y, p.cols, p.stride_x, p.stride_y, float(eps),
            BLOCK=p.block, ONE_BLOCK=p.one_block, num_warps=p.num_warps,
        )  # fmt: skip
    return p.out


def reference(
    x: np.ndarray, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> np.ndarray:
    """Layer norm along the last dimension in float64."""
    wide = x.astype(np.float64)
    if wide.size == 0:
        return wide
    centred = wide - wide.mean(axis=-1, keepdims=True)
    y = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    if weight is not None:
        y = y * weight.astype(np.float64)
    return y if bias is None else y + bias.astype(np.float64)
