"""Normalisation: RMS, layer, group, batch and L2 norms, forward and backward."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide

CAST_NONE = tl.constexpr(0)
CAST_EARLY = tl.constexpr(1)


@triton.jit
def rms_norm_forward_kernel(
    y_ptr, y_stride, x_ptr, x_stride, w_ptr, rstd_ptr, n_cols, eps, offset,
    CASTING: tl.constexpr, BLOCK_SIZE: tl.constexpr,
):  # fmt: skip
    """A row a program; ``offset`` is added to the weight (1 where weights are stored around 0)."""
    row = tl.program_id(0).to(tl.int64)
    cols = tl.arange(0, BLOCK_SIZE)
    mask = cols < n_cols
    raw = tl.load(x_ptr + row * x_stride + cols, mask=mask, other=0)
    x = raw.to(tl.float32)
    rstd = tl.rsqrt(tl.sum(x * x, axis=0) / n_cols + eps)
    tl.store(rstd_ptr + row, rstd)
    x = x * rstd
    if CASTING == CAST_EARLY:
        x = x.to(raw.dtype)
    if w_ptr is not None:
        x = x * (offset + tl.load(w_ptr + cols, mask=mask, other=0).to(tl.float32))
    tl.store(y_ptr + row * y_stride + cols, x.to(y_ptr.dtype.element_ty), mask=mask)


@triton.jit
def rms_norm_backward_kernel(
    dy_ptr, dy_stride, dx_ptr, dx_stride, x_ptr, x_stride, w_ptr, rstd_ptr, dw_ptr, dw_stride,
    n_rows, n_cols, offset, rows_per_program, BLOCK_SIZE: tl.constexpr,
):  # fmt: skip
    """Each program walks through some rows and leaves one row of partial sums for ``dw``."""
    pid = tl.program_id(0)
    first = pid * rows_per_program
    last = min((pid + 1) * rows_per_program, n_rows)
    cols = tl.arange(0, BLOCK_SIZE)
    mask = cols < n_cols
    w = tl.load(w_ptr + cols, mask=mask, other=0.0).to(tl.float32) + offset
    dw = tl.zeros((BLOCK_SIZE,), dtype=tl.float32)
    x_ptr += first * x_stride
    dy_ptr += first * dy_stride
    dx_ptr += first * dx_stride
    for row in range(first, last):
        x = tl.load(x_ptr + cols, mask=mask, other=0.0).to(tl.float32)
        dy = tl.load(dy_ptr + cols, mask=mask, other=0.0).to(tl.float32)
        rstd = tl.load(rstd_ptr + row)
        m = dy * w
        dx = rstd * m - (rstd * rstd * rstd / n_cols) * tl.sum(m * x, axis=0) * x
        dw += dy * (x * rstd)
        tl.store(dx_ptr + cols, dx.to(dx_ptr.dtype.element_ty), mask=mask)
        x_ptr += x_stride
        dy_ptr += dy_stride
        dx_ptr += dx_stride
    tl.store(dw_ptr + pid * dw_stride + cols, dw, mask=mask)


@triton.jit
def fused_add_rms_norm_kernel(x_ptr, residual_ptr, w_ptr, n_cols, eps, BLOCK_SIZE: tl.constexpr):
    """In place: ``residual += x`` and ``x = rms_norm(residual) * w``, walking along the row."""
    row = tl.program_id(0)
    x_ptr += row * n_cols
    residual_ptr += row * n_cols
    squares = tl.zeros([BLOCK_SIZE], tl.float32)
    for start in tl.range(0, n_cols, BLOCK_SIZE, num_stages=2):
        cols = start + tl.arange(0, BLOCK_SIZE)
        mask = cols < n_cols
        total = tl.load(x_ptr + cols, mask, 0.0).to(tl.float32)
        total += tl.load(residual_ptr + cols, mask, 0.0).to(tl.float32)
        squares += total * total
        tl.store(residual_ptr + cols, total, mask)
    rstd = 1.0 / tl.sqrt(tl.sum(squares) / n_cols + eps)
    tl.debug_barrier()
    for start in tl.range(0, n_cols, BLOCK_SIZE):
        cols = start + tl.arange(0, BLOCK_SIZE)
        mask = cols < n_cols
        total = tl.load(residual_ptr + cols, mask, 0.0).to(tl.float32)
        weight = tl.load(w_ptr + cols, mask, 0.0, eviction_policy="evict_last")
        tl.store(x_ptr + cols, total * rstd * weight, mask)


@triton.autotune(
    configs=[triton.Config({}, num_warps=warps) for warps in (1, 4)], key=["n_cols", "HAS_BIAS"]
)
@triton.heuristics(
    {
        "HAS_BIAS": lambda args: args["b_ptr"] is not None,
        "HAS_GATE": lambda args: args["z_ptr"] is not None,
    }
)
@triton.jit
def layer_norm_forward_kernel(
    x_ptr, y_ptr, w_ptr, b_ptr, z_ptr, mean_ptr, rstd_ptr, stride, n_cols, eps,
    BLOCK_SIZE: tl.constexpr, HAS_BIAS: tl.constexpr, HAS_GATE: tl.constexpr,
):  # fmt: skip
    """Layer norm of a row, times ``silu(z)`` where there is a gate."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK_SIZE)
    mask = cols < n_cols
    x = tl.load(x_ptr + row * stride + cols, mask=mask, other=0.0).to(tl.float32)
    mean = tl.sum(x, axis=0) / n_cols
    centred = tl.where(mask, x - mean, 0.0)
    rstd = 1 / tl.sqrt(tl.sum(centred * centred, axis=0) / n_cols + eps)
    tl.store(mean_ptr + row, mean)
    tl.store(rstd_ptr + row, rstd)
    y = centred * rstd * tl.load(w_ptr + cols, mask=mask).to(tl.float32)
    if HAS_BIAS:
        y += tl.load(b_ptr + cols, mask=mask).to(tl.float32)
    if HAS_GATE:
        z = tl.load(z_ptr + row * stride + cols, mask=mask, other=0.0).to(tl.float32)
        y *= z * tl.sigmoid(z)
    tl.store(y_ptr + row * stride + cols, y, mask=mask)


@triton.jit
def layer_norm_backward_kernel(
    dx_ptr, dy_ptr, dw_ptr, db_ptr, x_ptr, w_ptr, mean_ptr, rstd_ptr, locks_ptr, stride, n_cols,
    GROUP_SIZE_M: tl.constexpr, BLOCK_SIZE_N: tl.constexpr,
):  # fmt: skip
    """dx of a row; dw and db are added to one of GROUP_SIZE_M partial sums under a lock."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK_SIZE_N)
    mask = cols < n_cols
    lock = locks_ptr + row % GROUP_SIZE_M
    count = lock + GROUP_SIZE_M
    dw_ptrs = dw_ptr + (row % GROUP_SIZE_M) * n_cols + cols
    db_ptrs = db_ptr + (row % GROUP_SIZE_M) * n_cols + cols
    x = tl.load(x_ptr + row * stride + cols, mask=mask, other=0).to(tl.float32)
    dy = tl.load(dy_ptr + row * stride + cols, mask=mask, other=0).to(tl.float32)
    w = tl.load(w_ptr + cols, mask=mask, other=0).to(tl.float32)
    rstd = tl.load(rstd_ptr + row)
    normal = tl.where(mask, (x - tl.load(mean_ptr + row)) * rstd, 0.0)
    wdy = tl.where(mask, w * dy, 0.0)
    c1 = tl.sum(normal * wdy, axis=0) / n_cols
    c2 = tl.sum(wdy, axis=0) / n_cols
    tl.store(dx_ptr + row * stride + cols, (wdy - (normal * c1 + c2)) * rstd, mask=mask)
    partial_dw = dy * normal
    partial_db = dy
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    if tl.load(count) == 0:
        tl.atomic_xchg(count, 1)
    else:
        partial_dw += tl.load(dw_ptrs, mask=mask)
        partial_db += tl.load(db_ptrs, mask=mask)
    tl.store(dw_ptrs, partial_dw, mask=mask)
    tl.store(db_ptrs, partial_db, mask=mask)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0)


@triton.jit
def column_sum_kernel(partial_ptr, final_ptr, M, N, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr):
    """final[n] = sum over m of partial[m, n]."""
    cols = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    total = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for i in range(0, M, BLOCK_M):
        rows = i + tl.arange(0, BLOCK_M)
        mask = (rows[:, None] < M) & (cols[None, :] < N)
        total += tl.load(partial_ptr + rows[:, None] * N + cols[None, :], mask=mask, other=0.0)
    tl.store(final_ptr + cols, tl.sum(total, axis=0), mask=cols < N)


@triton.jit
def welford_combine(mean_1, m2_1, weight_1, mean_2, m2_2, weight_2):
    """Mean and squared deviations of two parts together."""
    delta = mean_2 - mean_1
    weight = weight_1 + weight_2
    ratio = tl.where(weight == 0.0, 0.0, weight_2 / weight)
    return (
        mean_1 + delta * ratio,
        m2_1 + m2_2 + delta * delta * weight_1 * ratio,
        weight,
    )


@triton.jit
def group_norm_kernel(
    x_ptr, y_ptr, w_ptr, b_ptr, channels, spatial, groups, eps,
    BLOCK: tl.constexpr, ACTIVATION: tl.constexpr = None,
):  # fmt: skip
    """A program normalises one group of one sample; x is [N, C, spatial]."""
    sample = tl.program_id(0)
    group = tl.program_id(1)
    per_group = channels // groups
    size = per_group * spatial
    base = (sample * channels + group * per_group).to(tl.int64) * spatial
    lane_mean = tl.zeros((BLOCK,), tl.float32)
    lane_m2 = tl.zeros((BLOCK,), tl.float32)
    lane_weight = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, size, BLOCK):
        offsets = start + tl.arange(0, BLOCK)
        mask = offsets < size
        x = tl.load(x_ptr + base + offsets, mask=mask, other=0.0).to(tl.float32)
        new_mean, new_m2, new_weight = welford_combine(
            lane_mean, lane_m2, lane_weight, x, tl.zeros_like(x), mask.to(tl.float32)
        )
        lane_mean = tl.where(mask, new_mean, lane_mean)
        lane_m2 = tl.where(mask, new_m2, lane_m2)
        lane_weight = tl.where(mask, new_weight, lane_weight)
    mean, m2, weight = tl.reduce((lane_mean, lane_m2, lane_weight), 0, welford_combine)
    rstd = tl.rsqrt(m2 / weight + eps)
    for start in range(0, size, BLOCK):
        offsets = start + tl.arange(0, BLOCK)
        mask = offsets < size
        channel = group * per_group + offsets // spatial
        x = tl.load(x_ptr + base + offsets, mask=mask, other=0.0).to(tl.float32)
        y = (x - mean) * rstd
        y = y * tl.load(w_ptr + channel, mask=mask) + tl.load(b_ptr + channel, mask=mask)
        if ACTIVATION == "silu":
            y = y * tl.sigmoid(y.to(tl.float32))
        tl.store(y_ptr + base + offsets, y, mask=mask)


@triton.jit
def batch_norm_kernel(
    x_ptr, y_ptr, w_ptr, b_ptr, mean_ptr, rstd_ptr, running_mean_ptr, running_var_ptr,
    batch, spatial, momentum, eps, stride_n, stride_c, stride_s,
    TRAINING: tl.constexpr, AFFINE: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_S: tl.constexpr,
):  # fmt: skip
    """A channel a program; in training its statistics are formed and the running ones moved."""
    c = tl.program_id(0)
    x_ptr += c * stride_c
    y_ptr += c * stride_c
    count = batch * spatial
    if TRAINING:
        mean = 0.0
        square = 0.0
        for n0 in range(0, batch, BLOCK_N):
            n = n0 + tl.arange(0, BLOCK_N)
            for s0 in range(0, spatial, BLOCK_S):
                s = s0 + tl.arange(0, BLOCK_S)
                mask = (n < batch)[:, None] & (s < spatial)[None, :]
                where = n[:, None] * stride_n + s[None, :] * stride_s
                x = tl.load(x_ptr + where, mask=mask, other=0.0).to(tl.float32)
                mean += tl.sum(x) / count
                square += tl.sum(x * x) / count
        var = square - mean * mean
        rstd = tl.rsqrt(var + eps)
        tl.store(mean_ptr + c, mean)
        tl.store(rstd_ptr + c, rstd)
        unbiased = var * count / (count - 1)
        old_mean = tl.load(running_mean_ptr + c)
        old_var = tl.load(running_var_ptr + c)
        tl.store(running_mean_ptr + c, (1 - momentum) * old_mean + momentum * mean)
        tl.store(running_var_ptr + c, (1 - momentum) * old_var + momentum * unbiased)
    else:
        mean = tl.load(running_mean_ptr + c)
        rstd = tl.rsqrt(tl.load(running_var_ptr + c) + eps)
    weight = 1.0
    bias = 0.0
    if AFFINE:
        weight = tl.load(w_ptr + c)
        bias = tl.load(b_ptr + c)
    for n0 in range(0, batch, BLOCK_N):
        n = n0 + tl.arange(0, BLOCK_N)
        for s0 in range(0, spatial, BLOCK_S):
            s = s0 + tl.arange(0, BLOCK_S)
            mask = (n < batch)[:, None] & (s < spatial)[None, :]
            where = n[:, None] * stride_n + s[None, :] * stride_s
            x = tl.load(x_ptr + where, mask=mask, other=0.0).to(tl.float32)
            tl.store(y_ptr + where, weight * (x - mean) * rstd + bias, mask=mask)


@triton.jit(do_not_specialize=["T"])
def l2_norm_kernel(x, y, eps, T, D: tl.constexpr, BT: tl.constexpr, BD: tl.constexpr):
    """Rows of length 1, BT at a time, through block pointers."""
    i_t = tl.program_id(0)
    p_x = tl.make_block_ptr(x, (T, D), (D, 1), (i_t * BT, 0), (BT, BD), (1, 0))
    p_y = tl.make_block_ptr(y, (T, D), (D, 1), (i_t * BT, 0), (BT, BD), (1, 0))
    b_x = tl.load(p_x, boundary_check=(0, 1), padding_option="zero").to(tl.float32)
    b_rstd = 1 / tl.sqrt(tl.sum(b_x * b_x, 1) + eps)
    b_y = b_x * b_rstd[:, None]
    tl.store(p_y, b_y.to(p_y.dtype.element_ty), boundary_check=(0, 1))


def rms_norm(x, w, eps=1e-6, offset=0.0, casting=CAST_NONE):
    rows, cols = x.shape
    y = np.empty_like(x)
    rstd = np.empty(rows, np.float32)
    rms_norm_forward_kernel[(rows,)](
        y, strides(y)[0], x, strides(x)[0], w, rstd, cols, eps, offset,
        CASTING=casting, BLOCK_SIZE=triton.next_power_of_2(cols), num_warps=2,
    )  # fmt: skip
    return y, rstd


def rms_norm_backward(dy, x, w, rstd, offset=0.0, programs=3):
    rows, cols = x.shape
    dx = np.empty_like(x)
    partial = np.empty((programs, cols), np.float32)
    rms_norm_backward_kernel[(programs,)](
        dy, strides(dy)[0], dx, strides(dx)[0], x, strides(x)[0], w, rstd, partial,
        strides(partial)[0], rows, cols, offset, triton.cdiv(rows, programs),
        BLOCK_SIZE=triton.next_power_of_2(cols),
    )  # fmt: skip
    return dx, partial.sum(axis=0)


def rms_norm_reference(x, w, eps=1e-6, offset=0.0):
    x = wide(x)
    y = x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    return y if w is None else y * (wide(w) + offset)


def rms_norm_backward_reference(dy, x, w, eps=1e-6, offset=0.0):
    dy, x, w = wide(dy, x, w)
    rstd = 1 / np.sqrt((x * x).mean(-1, keepdims=True) + eps)
    m, normal = dy * (w + offset), x * rstd
    return rstd * (m - normal * (m * normal).mean(-1, keepdims=True)), (dy * normal).sum(0)


def fused_add_rms_norm(x, residual, w, eps=1e-6, block=32):
    fused_add_rms_norm_kernel[(x.shape[0],)](
        x, residual, w, x.shape[1], eps, BLOCK_SIZE=block, num_warps=1
    )


def layer_norm(x, w, b=None, z=None, eps=1e-5):
    rows, cols = x.shape
    y, mean, rstd = np.empty_like(x), np.empty(rows, np.float32), np.empty(rows, np.float32)
    layer_norm_forward_kernel[(rows,)](
        x, y, w, b, z, mean, rstd, strides(x)[0], cols, eps,
        BLOCK_SIZE=triton.next_power_of_2(cols),
    )  # fmt: skip
    return y, mean, rstd


def layer_norm_backward(dy, x, w, mean, rstd, group=2):
    rows, cols = x.shape
    dx, locks = np.empty_like(x), np.zeros(2 * group, np.int32)
    dw_parts, db_parts = np.zeros((group, cols), np.float32), np.zeros((group, cols), np.float32)
    layer_norm_backward_kernel[(rows,)](
        dx, dy, dw_parts, db_parts, x, w, mean, rstd, locks, strides(x)[0], cols,
        GROUP_SIZE_M=group, BLOCK_SIZE_N=triton.next_power_of_2(cols), num_warps=2,
    )  # fmt: skip
    dw, db = np.empty(cols, np.float32), np.empty(cols, np.float32)
    grid = lambda meta: (triton.cdiv(cols, meta["BLOCK_N"]),)  # noqa: E731
    column_sum_kernel[grid](dw_parts, dw, min(group, rows), cols, BLOCK_M=4, BLOCK_N=32)
    column_sum_kernel[grid](db_parts, db, min(group, rows), cols, BLOCK_M=4, BLOCK_N=32)
    return dx, dw, db


def layer_norm_backward_reference(dy, x, w, eps=1e-5):
    dy, x, w = wide(dy, x, w)
    rstd = 1 / np.sqrt(x.var(-1, keepdims=True) + eps)
    normal, wdy = (x - x.mean(-1, keepdims=True)) * rstd, w * dy
    c1 = (normal * wdy).mean(-1, keepdims=True)
    dx = (wdy - normal * c1 - wdy.mean(-1, keepdims=True)) * rstd
    return dx, (dy * normal).sum(0), dy.sum(0)


def group_norm(x, w, b, groups, eps=1e-5, activation=None):
    n, c, spatial = x.shape
    y = np.empty_like(x)
    group_norm_kernel[(n, groups)](
        x, y, w, b, c, spatial, groups, eps, BLOCK=32, ACTIVATION=activation, num_warps=1
    )
    return y


def batch_norm(x, w, b, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    n, c, s = x.shape
    y, mean, rstd = np.empty_like(x), np.empty(c, np.float32), np.empty(c, np.float32)
    batch_norm_kernel[(c,)](
        x, y, w, b, mean, rstd, running_mean, running_var, n, s, momentum, eps, *strides(x),
        TRAINING=training, AFFINE=w is not None, BLOCK_N=2, BLOCK_S=16, num_warps=1,
    )  # fmt: skip
    return y, mean, rstd


def l2_norm(x, eps=1e-6):
    rows, cols = x.shape
    y, block = np.empty_like(x), 8
    grid = (triton.cdiv(rows, block),)
    l2_norm_kernel[grid](x, y, eps, rows, D=cols, BT=block, BD=triton.next_power_of_2(cols))
    return y
