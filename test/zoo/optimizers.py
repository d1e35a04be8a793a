"""Optimisers and norms of gradients: Adam, Lion, factored and 8-bit moments, clipping."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import wide


@triton.jit
def adamw_kernel(
    p_ptr, g_ptr, m_ptr, v_ptr, lr, beta1, beta2, eps, weight_decay, correction1, correction2,
    grad_scale_ptr, n, MAXIMIZE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Adam with decoupled decay; gradients may be scaled by a number that lies in memory."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    p = tl.load(p_ptr + at, mask=mask).to(tl.float32)
    g = tl.load(g_ptr + at, mask=mask).to(tl.float32)
    m = tl.load(m_ptr + at, mask=mask)
    v = tl.load(v_ptr + at, mask=mask)
    if grad_scale_ptr is not None:
        g /= tl.load(grad_scale_ptr)
    if MAXIMIZE:
        g = -g
    m = beta1 * m + (1.0 - beta1) * g
    v = tl.fma(beta2, v, (1.0 - beta2) * g * g)
    p *= 1.0 - lr * weight_decay
    denominator = tl.sqrt(v) / tl.sqrt(correction2) + eps
    p -= lr / correction1 * (m / denominator)
    tl.store(p_ptr + at, p.to(p_ptr.dtype.element_ty), mask=mask)
    tl.store(m_ptr + at, m, mask=mask)
    tl.store(v_ptr + at, v, mask=mask)


@triton.autotune(
    configs=[
        triton.Config({"BLOCK_SIZE": 64}, num_warps=1),
        triton.Config({"BLOCK_SIZE": 128}, num_warps=2),
    ],
    key=["n_elements"],
    restore_value=["p_ptr", "exp_avg_ptr"],
)
@triton.jit
def lion_kernel(p_ptr, grad_ptr, exp_avg_ptr, lr, wd, beta1, beta2, n_elements, BLOCK_SIZE: tl.constexpr):  # noqa: E501  # fmt: skip
    """Steps of one size in the sign of the moment; the tuner restores what a trial changed."""
    start = tl.program_id(axis=0) * BLOCK_SIZE
    offsets = start + tl.arange(0, BLOCK_SIZE)
    mask = offsets < n_elements
    p = tl.load(p_ptr + offsets, mask=mask)
    grad = tl.load(grad_ptr + offsets, mask=mask)
    exp_avg = tl.load(exp_avg_ptr + offsets, mask=mask)
    p = p * (1 - lr * wd)
    update = exp_avg * beta1 + grad * (1 - beta1)
    can_update = update != 0
    signed = tl.where(update > 0, -lr, lr)
    p = p + tl.where(can_update, signed, 0.0)
    exp_avg = exp_avg * beta2 + grad * (1 - beta2)
    tl.store(p_ptr + offsets, p, mask=mask)
    tl.store(exp_avg_ptr + offsets, exp_avg, mask=mask)


@triton.jit
def factored_moments_kernel(
    g_ptr, row_ptr, col_ptr, M, N, beta, eps, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr
):
    """Means of the squares along rows and columns, moved towards; columns by atomics."""
    rows = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    row_sum = tl.zeros((BLOCK_M,), tl.float32)
    for start in range(0, N, BLOCK_N):
        cols = start + tl.arange(0, BLOCK_N)
        mask = (rows < M)[:, None] & (cols < N)[None, :]
        g = tl.load(g_ptr + rows[:, None] * N + cols[None, :], mask=mask, other=0.0).to(tl.float32)
        square = tl.where(mask, g * g + eps, 0.0)
        row_sum += tl.sum(square, axis=1)
        tl.atomic_add(col_ptr + cols, tl.sum(square, axis=0) * (1 - beta) / M, mask=cols < N)
    old = tl.load(row_ptr + rows, mask=rows < M)
    tl.store(row_ptr + rows, beta * old + (1 - beta) * row_sum / N, mask=rows < M)


@triton.jit
def factored_update_kernel(
    p_ptr, g_ptr, row_ptr, col_ptr, mean_ptr, M, N, lr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr
):
    """p -= lr * g / sqrt(row * col / mean of rows)."""
    rows = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)[:, None]
    cols = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)[None, :]
    mask = (rows < M) & (cols < N)
    r = tl.load(row_ptr + rows, mask=rows < M, other=1.0) / tl.load(mean_ptr)
    c = tl.load(col_ptr + cols, mask=cols < N, other=1.0)
    g = tl.load(g_ptr + rows * N + cols, mask=mask, other=0.0).to(tl.float32)
    p = tl.load(p_ptr + rows * N + cols, mask=mask, other=0.0).to(tl.float32)
    tl.store(p_ptr + rows * N + cols, p - lr * g * tl.rsqrt(r * c), mask=mask)


@triton.jit(do_not_specialize=["step"])
def adam_8bit_kernel(
    p_ptr, g_ptr, m_ptr, v_ptr, m_scale_ptr, v_scale_ptr, lr, beta1, beta2, eps, step, n,
    BLOCK: tl.constexpr,
):  # fmt: skip
    """Moments as bytes with a scale a block: m signed, the root of v unsigned."""
    pid = tl.program_id(0)
    at = pid * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    p = tl.load(p_ptr + at, mask=mask, other=0.0).to(tl.float32)
    g = tl.load(g_ptr + at, mask=mask, other=0.0).to(tl.float32)
    m = tl.load(m_ptr + at, mask=mask, other=0).to(tl.float32) * tl.load(m_scale_ptr + pid)
    root = tl.load(v_ptr + at, mask=mask, other=0).to(tl.float32) * tl.load(v_scale_ptr + pid)
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * root * root + (1 - beta2) * g * g
    root = tl.sqrt(v)
    correction1 = 1.0 - tl.exp2(step.to(tl.float32) * tl.log2(beta1))
    correction2 = 1.0 - tl.exp2(step.to(tl.float32) * tl.log2(beta2))
    p -= lr * (m / correction1) / (root / tl.sqrt_rn(correction2) + eps)
    m_scale = tl.max(tl.abs(m)) / 127.0
    v_scale = tl.max(root) / 255.0
    m_safe = tl.where(m_scale == 0, 1.0, m_scale)
    v_safe = tl.where(v_scale == 0, 1.0, v_scale)
    tl.store(m_ptr + at, tl.floor(m / m_safe + 0.5).to(tl.int8), mask=mask)
    tl.store(v_ptr + at, tl.floor(root / v_safe + 0.5).to(tl.uint8), mask=mask)
    tl.store(m_scale_ptr + pid, m_scale)
    tl.store(v_scale_ptr + pid, v_scale)
    tl.store(p_ptr + at, p, mask=mask)


@triton.jit
def square_sum_kernel(x_ptr, out_ptr, n, BLOCK: tl.constexpr, PROGRAMS: tl.constexpr):
    """Sum of squares by a fixed number of programs, and one atomic addition each."""
    total = tl.zeros((BLOCK,), tl.float32)
    for start in tl.range(tl.program_id(0) * BLOCK, n, PROGRAMS * BLOCK):
        at = start + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + at, mask=at < n, other=0.0).to(tl.float32)
        total += x * x
    tl.atomic_add(out_ptr, tl.sum(total, axis=0))


@triton.jit
def clip_kernel(x_ptr, norm2_ptr, max_norm, n, BLOCK: tl.constexpr):
    """Scales by max_norm / norm where the norm is larger; no program writes if it is not."""
    norm = tl.sqrt(tl.load(norm2_ptr))
    scale = max_norm / (norm + 1e-6)
    if scale < 1.0:
        at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + at, mask=at < n)
        tl.store(x_ptr + at, x * scale, mask=at < n)


def adamw(p, g, m, v, step, lr=1e-2, betas=(0.9, 0.99), eps=1e-8, decay=0.1, scale=None):
    adamw_kernel[(triton.cdiv(p.size, 64),)](
        p, g, m, v, lr, *betas, eps, decay, 1 - betas[0] ** step, 1 - betas[1] ** step, scale,
        p.size, MAXIMIZE=False, BLOCK=64, num_warps=1,
    )  # fmt: skip


def adamw_reference(p, g, m, v, step, lr=1e-2, betas=(0.9, 0.99), eps=1e-8, decay=0.1, scale=1.0):
    p, g, m, v = wide(p, g, m, v)
    g = g / scale
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g * g
    change = lr * m / (1 - betas[0] ** step) / (np.sqrt(v / (1 - betas[1] ** step)) + eps)
    return p * (1 - lr * decay) - change, m, v, change


def lion(p, g, m, lr=1e-2, decay=0.1, betas=(0.9, 0.99)):
    grid = lambda meta: (triton.cdiv(p.size, meta["BLOCK_SIZE"]),)  # noqa: E731
    lion_kernel[grid](p, g, m, lr, decay, *betas, p.size)


def factored(p, g, row, col, lr=1e-2, beta=0.9, eps=1e-30):
    m, n = p.shape
    col *= np.float32(beta)
    factored_moments_kernel[(triton.cdiv(m, 8),)](
        g, row, col, m, n, beta, eps, BLOCK_M=8, BLOCK_N=16, num_warps=1
    )
    mean = row.mean(keepdims=True)
    factored_update_kernel[(triton.cdiv(m, 8), triton.cdiv(n, 16))](
        p, g, row, col, mean, m, n, lr, BLOCK_M=8, BLOCK_N=16, num_warps=1
    )


def adam_8bit(p, g, m, v, m_scale, v_scale, step, lr=1e-2, betas=(0.9, 0.99), eps=1e-8, block=32):
    adam_8bit_kernel[(triton.cdiv(p.size, block),)](
        p, g, m, v, m_scale, v_scale, lr, *betas, eps, step, p.size, BLOCK=block, num_warps=1
    )


def clip_by_norm(x, limit):
    total = np.zeros(1, np.float32)
    square_sum_kernel[(3,)](x, total, x.size, BLOCK=32, PROGRAMS=3, num_warps=1)
    clip_kernel[(triton.cdiv(x.size, 64),)](x, total, limit, x.size, BLOCK=64, num_warps=1)
    return total
