"""Softmax of rows of any length."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati.kernels.norm.rows import plan


@cosmati.jit
def _finite_base(m):
    """``m``, with 0 for -infinity: what may be subtracted without making NaN of -infinity."""
    return tl.where(m == -float("inf"), 0.0, m)


@cosmati.jit
def softmax_kernel(
    x_ptr, y_ptr, n_cols, stride_x, stride_y, BLOCK: tl.constexpr, ONE_BLOCK: tl.constexpr
):
    """One program normalises one row.

    A row that fits BLOCK is read once. A longer one is read twice: each position of the block
    keeps the maximum m of the elements that it saw and the sum of exp(x - m), rescaled by
    exp(m_old - m_new) when the maximum grows; the positions are combined at the end (Milakov and
    Gimelshein, "Online normalizer calculation for softmax", 2018).
    """
    row = tl.program_id(0).to(tl.int64)
    x_ptr += row * stride_x
    y_ptr += row * stride_y
    cols = tl.arange(0, BLOCK)
    if ONE_BLOCK:
        mask = cols < n_cols
        x = tl.load(x_ptr + cols, mask=mask, other=-float("inf")).to(tl.float32)
        e = tl.exp(x - _finite_base(tl.max(x, axis=0)))
        tl.store(y_ptr + cols, e / tl.sum(e, axis=0), mask=mask)
    else:
        m = tl.full((BLOCK,), -float("inf"), tl.float32)
        s = tl.zeros((BLOCK,), tl.float32)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            x = tl.load(x_ptr + start + cols, mask=mask, other=-float("inf")).to(tl.float32)
            m_new = tl.maximum(m, x)
            base = _finite_base(m_new)
            s = s * tl.exp(m - base) + tl.exp(x - base)
            m = m_new
        m_row = _finite_base(tl.max(m, axis=0))
        s_row = tl.sum(s * tl.exp(m - m_row), axis=0)
        for start in range(0, n_cols, BLOCK):
            mask = start + cols < n_cols
            x = tl.load(x_ptr + start + cols, mask=mask, other=-float("inf")).to(tl.float32)
            tl.store(y_ptr + start + cols, tl.exp(x - m_row) / s_row, mask=mask)


def softmax(
    x: Any, out: Any = None, *, block: int | None = None, num_warps: int | None = None
) -> Any:
    """``exp(x - max) / sum(exp(x - max))`` along the last dimension, computed in float32.

    A row that has a NaN or +infinity, or is -infinity throughout, becomes NaN. ``block``: columns
    that a program holds at a time (a power of two); by default the row, up to 4096.
    """
    p = plan(x, out, block, num_warps)
    if p.rows and p.cols:
        softmax_kernel[(p.rows,)](
            p.x, p.y, p.cols, p.stride_x, p.stride_y, BLOCK=p.block, ONE_BLOCK=p.one_block,
            num_warps=p.num_warps,
        )  # fmt: skip
    return p.out


def reference(x: np.ndarray) -> np.ndarray:
    """Softmax along the last dimension in float64."""
    wide = x.astype(np.float64)
    if wide.size == 0:
        return wide
    with np.errstate(invalid="ignore"):
        e = np.exp(wide - wide.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
