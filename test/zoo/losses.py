"""Softmax and losses: forward and backward, in one pass or online along long rows."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from triton.language.math import exp, log
from zoo_tools import strides, wide

LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def softmax_kernel(
    out_ptr, in_ptr, in_stride, out_stride, n_rows, n_cols, temperature,
    BLOCK_SIZE: tl.constexpr, num_stages: tl.constexpr,
):  # fmt: skip
    """Programs take every num_programs-th row."""
    start = tl.program_id(0)
    step = tl.num_programs(0)
    for row in tl.range(start, n_rows, step, num_stages=num_stages):
        cols = tl.arange(0, BLOCK_SIZE)
        mask = cols < n_cols
        x = tl.load(in_ptr + row * in_stride + cols, mask=mask, other=-float("inf"))
        x = x.to(tl.float32) / temperature
        numerator = tl.exp(x - tl.max(x, axis=0))
        tl.store(out_ptr + row * out_stride + cols, numerator / tl.sum(numerator, axis=0), mask)


@triton.jit
def softmax_backward_kernel(
    dx_ptr, dy_ptr, y_ptr, n_rows, n_cols, LOG: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """dx of softmax, or of its logarithm, from the outputs; several rows a program."""
    rows = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    row_mask = rows < n_rows
    total = tl.zeros([BLOCK_M], dtype=tl.float32)
    for start in range(0, n_cols, BLOCK_N):
        cols = start + tl.arange(0, BLOCK_N)
        mask = row_mask[:, None] & (cols < n_cols)[None, :]
        at = rows[:, None] * n_cols + cols[None, :]
        dy = tl.load(dy_ptr + at, mask, 0.0).to(tl.float32)
        if not LOG:
            dy *= tl.load(y_ptr + at, mask, 0.0).to(tl.float32)
        total += tl.sum(dy, 1)
    # Backwards, as the last block is still in the cache.
    for start in range((tl.cdiv(n_cols, BLOCK_N) - 1) * BLOCK_N, -1, -BLOCK_N):
        cols = start + tl.arange(0, BLOCK_N)
        mask = row_mask[:, None] & (cols < n_cols)[None, :]
        at = rows[:, None] * n_cols + cols[None, :]
        dy = tl.load(dy_ptr + at, mask, 0.0, eviction_policy="evict_first").to(tl.float32)
        y = tl.load(y_ptr + at, mask, 0.0, eviction_policy="evict_first").to(tl.float32)
        if LOG:
            dx = dy - exp(y) * total[:, None]
        else:
            dx = y * (dy - total[:, None])
        tl.store(dx_ptr + at, dx, mask)


@triton.jit
def log_softmax_kernel(x_ptr, y_ptr, n_cols, BLOCK: tl.constexpr):
    """Online: maximum and sum of exponentials are kept together along the row."""
    row = tl.program_id(0)
    x_ptr += row * n_cols
    y_ptr += row * n_cols
    m = float("-inf")
    d = 0.0
    for i in range(0, n_cols, BLOCK):
        cols = i + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + cols, mask=cols < n_cols, other=float("-inf")).cast(tl.float32)
        m_new = tl.maximum(m, tl.max(x))
        d = d * tl.exp2((m - m_new) * LOG2E) + tl.sum(tl.exp2((x - m_new) * LOG2E))
        m = m_new
    lse = m + log(d)
    for i in range(0, n_cols, BLOCK):
        cols = i + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + cols, mask=cols < n_cols, other=float("-inf")).cast(tl.float32)
        tl.store(y_ptr + cols, x - lse, mask=cols < n_cols)


@triton.jit
def cross_entropy_kernel(
    x_ptr, x_stride, y_ptr, weight_ptr, loss_ptr, z_loss_ptr, n_cols, n_valid, ignore_index,
    lse_scale, label_smoothing, softcap,
    RETURN_Z_LOSS: tl.constexpr, HAS_WEIGHT: tl.constexpr, HAS_SOFTCAP: tl.constexpr,
    HAS_GRADIENTS: tl.constexpr, BLOCK_SIZE: tl.constexpr,
):  # fmt: skip
    """Loss of a row of logits, whose place the gradient takes; mean over the valid rows."""
    row = tl.program_id(0).to(tl.int64)
    y = tl.load(y_ptr + row)
    x_ptr += row * x_stride
    if y == ignore_index:
        for i in range(0, n_cols, BLOCK_SIZE):
            cols = i + tl.arange(0, BLOCK_SIZE)
            tl.store(x_ptr + cols, 0.0, mask=cols < n_cols)
        tl.store(loss_ptr + row, 0.0)
        return
    if HAS_WEIGHT:
        weight = tl.load(weight_ptr + y).cast(tl.float32)
    m = float("-inf")
    d = 0.0
    x_y = tl.load(x_ptr + y).cast(tl.float32)
    if HAS_SOFTCAP:
        x_y = softcap * (2 * tl.sigmoid(2 * x_y / softcap) - 1)
    smooth_sum = 0.0
    eps = label_smoothing / n_cols
    for i in range(0, n_cols, BLOCK_SIZE):
        cols = i + tl.arange(0, BLOCK_SIZE)
        x = tl.load(x_ptr + cols, mask=cols < n_cols, other=float("-inf")).cast(tl.float32)
        if HAS_SOFTCAP:
            x = softcap * (2 * tl.sigmoid(2 * x / softcap) - 1)
            x = tl.where(cols < n_cols, x, float("-inf"))
        if label_smoothing > 0:
            smooth_sum += tl.sum(tl.where(cols < n_cols, -eps * x, 0.0))
        m_new = tl.maximum(m, tl.max(x))
        d = d * tl.exp(m - m_new) + tl.sum(tl.exp(x - m_new))
        m = m_new
    lse = m + tl.log(d)
    if HAS_GRADIENTS:
        for i in range(0, n_cols, BLOCK_SIZE):
            cols = i + tl.arange(0, BLOCK_SIZE)
            x = tl.load(x_ptr + cols, mask=cols < n_cols, other=float("-inf")).cast(tl.float32)
            if HAS_SOFTCAP:
                t = 2 * tl.sigmoid(2 * x / softcap) - 1
                x = tl.where(cols < n_cols, softcap * t, float("-inf"))
            p = tl.exp(x - m) / d
            g = p * (1 + 2 * lse_scale * lse) - eps
            g = tl.where(cols != y, g, g - (1 - label_smoothing)) / n_valid
            if HAS_SOFTCAP:
                g = g * (1 - t * t)
            if HAS_WEIGHT:
                g *= weight
            tl.store(x_ptr + cols, g, mask=cols < n_cols)
        # Gradients replaced the logits: nothing may be read before all are written.
        tl.debug_barrier()
    loss = lse - x_y
    if label_smoothing > 0:
        loss = loss * (1 - label_smoothing) + smooth_sum + label_smoothing * lse
    z_loss = lse_scale * lse * lse
    loss += z_loss
    if HAS_WEIGHT:
        loss *= weight
    tl.store(loss_ptr + row, loss / n_valid)
    if RETURN_Z_LOSS:
        tl.store(z_loss_ptr + row, z_loss / n_valid)


@triton.jit
def kl_div_kernel(
    log_p_ptr, target_ptr, loss_ptr, grad_ptr, n_cols, eps, BLOCK_SIZE: tl.constexpr,
    LOG_TARGET: tl.constexpr = False, REDUCTION: tl.constexpr = "sum",
):  # fmt: skip
    """KL(target || p) of a row and its gradient by log p."""
    pid = tl.program_id(0).to(tl.int64)
    log_p_ptr += pid * n_cols
    target_ptr += pid * n_cols
    grad_ptr += pid * n_cols
    total = 0.0
    for i in range(0, n_cols, BLOCK_SIZE):
        cols = i + tl.arange(0, BLOCK_SIZE)
        mask = cols < n_cols
        log_p = tl.load(log_p_ptr + cols, mask=mask, other=0.0)
        t = tl.load(target_ptr + cols, mask=mask, other=0.0)
        if not LOG_TARGET:
            loss = t * (tl.log(tl.maximum(t, eps)) - log_p)
            grad = -t
        else:
            t = tl.where(mask, t, -float("inf"))
            loss = tl.where(mask, tl.exp(t) * (t - log_p), 0.0)
            grad = -tl.exp(t)
        tl.store(grad_ptr + cols, grad, mask=mask)
        if REDUCTION == "none":
            tl.store(loss_ptr + pid * n_cols + cols, loss, mask=mask)
        else:
            total += tl.sum(loss, axis=0)
    if REDUCTION != "none":
        tl.store(loss_ptr + pid, total)


@triton.jit
def jsd_kernel(x_ptr, y_ptr, loss_ptr, dx_ptr, n_cols, beta: tl.constexpr, BLOCK: tl.constexpr):
    """Generalised Jensen-Shannon divergence of log p = x and log q = y, elementwise, and dx."""
    pid = tl.program_id(0).to(tl.int64)
    for i in range(0, n_cols, BLOCK):
        cols = i + tl.arange(0, BLOCK)
        mask = cols < n_cols
        at = pid * n_cols + cols
        x = tl.load(x_ptr + at, mask=mask, other=float("-inf")).to(tl.float32)
        y = tl.load(y_ptr + at, mask=mask, other=float("-inf")).to(tl.float32)
        if beta == 0.0:
            y_prob = tl.exp(y)
            loss = y_prob * (y - x)
            dx = -y_prob
        elif beta == 1.0:
            x_prob = tl.exp(x)
            loss = x_prob * (x - y)
            dx = loss + x_prob
        else:
            q = tl.exp(y)
            p = tl.exp(x)
            mixture = beta * q + (1 - beta) * p
            log_m = tl.log(mixture)
            loss = beta * q * (y - log_m) + (1 - beta) * p * (x - log_m)
            dx = (1 - beta) * p * (x - log_m)
        tl.store(loss_ptr + at, loss, mask=mask)
        tl.store(dx_ptr + at, dx, mask=mask)


def softmax(x, temperature=1.0, programs=2):
    rows, cols = x.shape
    y = np.empty_like(x)
    block = triton.next_power_of_2(cols)
    softmax_kernel[(min(programs, rows), 1, 1)](
        y, x, strides(x)[0], strides(y)[0], rows, cols, temperature, block, 2, num_warps=2
    )
    return y


def softmax_backward(dy, y, log=False):
    dx = np.empty_like(dy)
    grid = lambda meta: (triton.cdiv(dy.shape[0], meta["BLOCK_M"]),)  # noqa: E731
    softmax_backward_kernel[grid](dx, dy, y, *dy.shape, LOG=log, BLOCK_M=2, BLOCK_N=32)
    return dx


def log_softmax(x):
    y = np.empty_like(x)
    log_softmax_kernel[(x.shape[0],)](x, y, x.shape[1], BLOCK=32, num_warps=1)
    return y


def softmax_reference(x, log=False):
    shifted = wide(x) - wide(x).max(-1, keepdims=True)
    y = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return y if log else np.exp(y)


def cross_entropy(x, y, weight=None, ignore=-100, lse_scale=0.0, smoothing=0.0, softcap=None):
    """(losses, z losses); x becomes the gradient of the mean."""
    rows, cols = x.shape
    loss, z_loss = np.empty(rows, np.float32), np.zeros(rows, np.float32)
    cross_entropy_kernel[(rows,)](
        x, strides(x)[0], y, weight, loss, z_loss, cols, int((y != ignore).sum()), ignore,
        lse_scale, smoothing, softcap, RETURN_Z_LOSS=lse_scale > 0, HAS_WEIGHT=weight is not None,
        HAS_SOFTCAP=softcap is not None, HAS_GRADIENTS=True, BLOCK_SIZE=32, num_warps=1,
    )  # fmt: skip
    return loss, z_loss


def cross_entropy_reference(x, y, weight, ignore, lse_scale, smoothing, softcap):
    """(losses, z losses, gradient)."""
    raw = wide(x)
    t = np.tanh(raw / softcap) if softcap else np.zeros_like(raw)
    x = softcap * t if softcap else raw
    rows, cols = x.shape
    valid = y != ignore
    label = np.where(valid, y, 0)
    w = np.where(valid, 1.0 if weight is None else wide(weight)[label], 0.0) / valid.sum()
    lse = x.max(-1) + np.log(np.exp(x - x.max(-1, keepdims=True)).sum(-1))
    target = np.full_like(x, smoothing / cols)
    target[np.arange(rows), label] += 1 - smoothing
    z = lse_scale * lse**2
    loss = (lse - (target * x).sum(-1) + z) * w
    p = np.exp(x - lse[:, None])
    grad = (p * (1 + 2 * lse_scale * lse[:, None]) - target) * (1 - t * t) * w[:, None]
    return loss, np.where(valid, z / valid.sum(), 0), grad


def kl_div(log_p, target, log_target=False, reduction="sum"):
    rows, cols = log_p.shape
    loss = np.empty((rows, cols) if reduction == "none" else rows, np.float32)
    grad = np.empty_like(log_p)
    kl_div_kernel[(rows,)](
        log_p, target, loss, grad, cols, 1e-10, BLOCK_SIZE=32,
        LOG_TARGET=log_target, REDUCTION=reduction, num_warps=1,
    )  # fmt: skip
    return loss, grad


def jsd(x, y, beta):
    loss, dx = np.empty(x.shape, np.float32), np.empty_like(x)
    jsd_kernel[(x.shape[0],)](x, y, loss, dx, x.shape[1], beta=beta, BLOCK=32, num_warps=1)
    return loss, dx
