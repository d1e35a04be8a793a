"""Convolutions, interpolation and transposition."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide


@triton.jit
def causal_conv1d_kernel(
    x_ptr, w_ptr, bias_ptr, state_ptr, o_ptr, T, D,
    W: tl.constexpr, BT: tl.constexpr, BD: tl.constexpr,
    ACTIVATION: tl.constexpr, USE_INITIAL_STATE: tl.constexpr,
):  # fmt: skip
    """Depthwise along time: o[t] = sum over i of w[i] x[t - W + 1 + i]; x is [B, T, D]."""
    i_d, i_t, i_b = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    o_d = i_d * BD + tl.arange(0, BD)
    m_d = o_d < D
    b_y = tl.zeros((BT, BD), dtype=tl.float32)
    for i_w in tl.static_range(-W + 1, 1):
        b_w = tl.load(w_ptr + o_d * W + (i_w + W - 1), mask=m_d, other=0).to(tl.float32)
        p_x = tl.make_block_ptr(
            x_ptr + i_b * T * D, (T, D), (D, 1), (i_t * BT + i_w, i_d * BD), (BT, BD), (1, 0)
        )
        b_x = tl.load(p_x, boundary_check=(0, 1), padding_option="zero").to(tl.float32)
        if USE_INITIAL_STATE:
            # Before the sequence lies the state [B, W - 1, D].
            o_t = i_t * BT + i_w + tl.arange(0, BT)
            at = (i_b * (W - 1) + W - 1 + o_t)[:, None] * D + o_d[None, :]
            before = (o_t < 0)[:, None] & m_d[None, :]
            b_x += tl.load(state_ptr + at, mask=before, other=0)
        b_y += b_x * b_w[None, :]
    if bias_ptr is not None:
        b_y += tl.load(bias_ptr + o_d, mask=m_d, other=0).to(tl.float32)[None, :]
    if ACTIVATION == "silu" or ACTIVATION == "swish":
        b_y = b_y * tl.sigmoid(b_y)
    p_o = tl.make_block_ptr(
        o_ptr + i_b * T * D, (T, D), (D, 1), (i_t * BT, i_d * BD), (BT, BD), (1, 0)
    )
    tl.store(p_o, tl.cast(b_y, dtype=p_o.dtype.element_ty), boundary_check=(0, 1))


@triton.jit
def causal_conv1d_update_kernel(
    x_ptr, state_ptr, indices_ptr, w_ptr, o_ptr, dim, state_len,
    KERNEL_WIDTH: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """One token a sequence; the window of the last inputs moves on in the state."""
    batch = tl.program_id(0)
    feats = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    mask = feats < dim
    slot = tl.load(indices_ptr + batch).to(tl.int64)
    if slot < 0:
        return
    base = state_ptr + (slot * dim + feats) * state_len
    x = tl.load(x_ptr + batch * dim + feats, mask=mask, other=0.0)
    if KERNEL_WIDTH >= 2:
        col0 = tl.load(base, mask=mask, other=0.0)
    if KERNEL_WIDTH >= 3:
        col1 = tl.load(base + 1, mask=mask, other=0.0)
    if KERNEL_WIDTH >= 4:
        col2 = tl.load(base + 2, mask=mask, other=0.0)
    acc = tl.zeros((BLOCK_N,), tl.float32)
    matrix = x
    for j in tl.static_range(KERNEL_WIDTH):
        w = tl.load(w_ptr + feats * KERNEL_WIDTH + j, mask=mask, other=0.0)
        if KERNEL_WIDTH == 2:
            matrix = col0 if j == 0 else x
        elif KERNEL_WIDTH == 3:
            matrix = col0 if j == 0 else (col1 if j == 1 else x)
        elif KERNEL_WIDTH == 4:
            matrix = col0 if j == 0 else (col1 if j == 1 else (col2 if j == 2 else x))
        acc += matrix * w
    if KERNEL_WIDTH == 2:
        tl.store(base, x, mask=mask)
    elif KERNEL_WIDTH == 3:
        tl.store(base, col1, mask=mask)
        tl.store(base + 1, x, mask=mask)
    elif KERNEL_WIDTH == 4:
        tl.store(base, col1, mask=mask)
        tl.store(base + 1, col2, mask=mask)
        tl.store(base + 2, x, mask=mask)
    tl.store(o_ptr + batch * dim + feats, acc, mask=mask)


@triton.jit
def conv2d_kernel(
    x_ptr, w_ptr, o_ptr, N, C, H, W, F, P, Q, stride, padding,
    R: tl.constexpr, S: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Implicit product: rows are output pixels, columns filters, K runs over r, s and channels.

    x is [N, H, W, C], w [R, S, C, F], o [N, P, Q, F].
    """
    pixel = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    filters = tl.program_id(1) * BLOCK_N + tl.arange(0, BLOCK_N)
    n = pixel // (P * Q)
    p = pixel % (P * Q) // Q
    q = pixel % Q
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for r in tl.static_range(R):
        for s in tl.static_range(S):
            row = p * stride - padding + r
            col = q * stride - padding + s
            inside = (pixel < N * P * Q) & (row >= 0) & (row < H) & (col >= 0) & (col < W)
            for c in range(0, C, BLOCK_K):
                channels = c + tl.arange(0, BLOCK_K)
                x = tl.load(
                    x_ptr + (((n * H + row) * W + col) * C)[:, None] + channels[None, :],
                    mask=inside[:, None] & (channels < C)[None, :], other=0.0,
                )  # fmt: skip
                w = tl.load(
                    w_ptr + ((r * S + s) * C + channels)[:, None] * F + filters[None, :],
                    mask=(channels < C)[:, None] & (filters < F)[None, :], other=0.0,
                )  # fmt: skip
                acc = tl.dot(x, w, acc, input_precision="ieee")
    tl.store(
        o_ptr + pixel[:, None] * F + filters[None, :], acc,
        mask=(pixel < N * P * Q)[:, None] & (filters < F)[None, :],
    )  # fmt: skip


@triton.jit
def bilinear_kernel(
    x_ptr, o_ptr, IH, IW, OH, OW, scale_h, scale_w, ALIGN: tl.constexpr, BLOCK: tl.constexpr
):
    """Resizes one image a program row; corners aligned or half-pixel centres."""
    image = tl.program_id(1)
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = at < OH * OW
    oy, ox = at // OW, at % OW
    if ALIGN:
        y = oy * scale_h
        x = ox * scale_w
    else:
        y = tl.maximum((oy + 0.5) * scale_h - 0.5, 0.0)
        x = tl.maximum((ox + 0.5) * scale_w - 0.5, 0.0)
    y0 = tl.minimum(tl.floor(y).to(tl.int32), IH - 1)
    x0 = tl.minimum(tl.floor(x).to(tl.int32), IW - 1)
    y1 = tl.minimum(y0 + 1, IH - 1)
    x1 = tl.minimum(x0 + 1, IW - 1)
    fy = y - y0
    fx = x - x0
    base = x_ptr + image * IH * IW
    v00 = tl.load(base + y0 * IW + x0, mask=mask).to(tl.float32)
    v01 = tl.load(base + y0 * IW + x1, mask=mask).to(tl.float32)
    v10 = tl.load(base + y1 * IW + x0, mask=mask).to(tl.float32)
    v11 = tl.load(base + y1 * IW + x1, mask=mask).to(tl.float32)
    top = v00 * (1 - fx) + v01 * fx
    bottom = v10 * (1 - fx) + v11 * fx
    tl.store(o_ptr + image * OH * OW + at, top * (1 - fy) + bottom * fy, mask=mask)


@triton.jit
def transpose_kernel(
    x_ptr, y_ptr, M, N, stride_b, stride_m, stride_n, BM: tl.constexpr, BN: tl.constexpr
):
    """y[b, n, m] = x[b, m, n] by tiles, for any strides of x."""
    pid_m, pid_n, b = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    m = pid_m * BM + tl.arange(0, BM)
    n = pid_n * BN + tl.arange(0, BN)
    mask = (m[:, None] < M) & (n[None, :] < N)
    tile = tl.load(x_ptr + b * stride_b + m[:, None] * stride_m + n[None, :] * stride_n, mask)
    to = y_ptr + b * M * N + n[:, None] * M + m[None, :]
    tl.store(to, tl.trans(tile), tl.trans(mask))


def causal_conv1d(x, w, bias=None, state=None, activation=None):
    """x [B, T, D], w [D, W], state [B, W - 1, D]."""
    o, (batch, steps, dim) = np.empty_like(x), x.shape
    grid = lambda meta: (  # noqa: E731
        triton.cdiv(dim, meta["BD"]), triton.cdiv(steps, meta["BT"]), batch,
    )  # fmt: skip
    causal_conv1d_kernel[grid](
        x, w, bias, state, o, steps, dim, W=w.shape[1], BT=8, BD=16, ACTIVATION=activation,
        USE_INITIAL_STATE=state is not None, num_warps=1,
    )  # fmt: skip
    return o


def causal_conv1d_update(x, state, indices, w):
    o, (batch, dim) = np.zeros_like(x), x.shape
    causal_conv1d_update_kernel[(batch, triton.cdiv(dim, 32))](
        x,
        state,
        indices,
        w,
        o,
        dim,
        state.shape[2],
        KERNEL_WIDTH=w.shape[1],
        BLOCK_N=32,
        num_warps=1,
    )
    return o


def conv2d(x, w, stride, padding):
    (n, h, width, c), (r, s, _, f) = x.shape, w.shape
    p, q = (h + 2 * padding - r) // stride + 1, (width + 2 * padding - s) // stride + 1
    o = np.empty((n, p, q, f), x.dtype)
    conv2d_kernel[(triton.cdiv(n * p * q, 16), triton.cdiv(f, 16))](
        x, w, o, n, c, h, width, f, p, q, stride, padding, R=r, S=s,
        BLOCK_M=16, BLOCK_N=16, BLOCK_K=16, num_warps=1,
    )  # fmt: skip
    return o


def conv2d_reference(x, w, stride, padding):
    x, w = wide(x, w)
    x = np.pad(x, [(0, 0), (padding, padding), (padding, padding), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[:2], (1, 2))
    return np.einsum("npqcrs,rscf->npqf", windows[:, ::stride, ::stride], w)


def bilinear(x, height, width, align):
    images, ih, iw = x.shape
    o = np.empty((images, height, width), x.dtype)
    if align:
        scale = [(a - 1) / (b - 1) if b > 1 else 0.0 for a, b in ((ih, height), (iw, width))]
    else:
        scale = [ih / height, iw / width]
    bilinear_kernel[(triton.cdiv(height * width, 64), images)](
        x, o, ih, iw, height, width, *scale, ALIGN=align, BLOCK=64, num_warps=1
    )
    return o


def bilinear_reference(x, height, width, align):
    """Also the largest neighbour of each pixel and the positions' sizes."""
    x = wide(x)
    axes = []
    for size, out in ((x.shape[1], height), (x.shape[2], width)):
        if align:
            at = np.arange(out) * ((size - 1) / (out - 1) if out > 1 else 0.0)
        else:
            at = np.maximum((np.arange(out) + 0.5) * size / out - 0.5, 0)
        low = np.minimum(np.floor(at + 1e-9).astype(int), size - 1)
        axes.append((low, np.minimum(low + 1, size - 1), at - low))
    (y0, y1, fy), (x0, x1, fx) = axes
    rows = x[:, y0] * (1 - fy)[:, None] + x[:, y1] * fy[:, None]
    return rows[:, :, x0] * (1 - fx) + rows[:, :, x1] * fx


def transpose(x):
    batch, m, n = x.shape
    y = np.empty((batch, n, m), x.dtype)
    transpose_kernel[(triton.cdiv(m, 16), triton.cdiv(n, 32), batch)](
        x, y, m, n, *strides(x), BM=16, BN=32, num_warps=2
    )
    return y
