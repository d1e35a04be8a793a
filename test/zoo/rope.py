"""Rotary embeddings: half-split and interleaved, forward and backward."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide


@triton.jit
def rotate(x1, x2, cos, sin, BACKWARD: tl.constexpr):
    """The pair turned by the angle, backward by minus the angle."""
    if BACKWARD:
        sin = -sin
    return x1 * cos - x2 * sin, x2 * cos + x1 * sin


@triton.jit
def rope_half_kernel(
    q_ptr, q_stride_b, q_stride_s, k_ptr, k_stride_b, k_stride_s, cos_ptr, sin_ptr, cos_stride,
    seq_len, n_q_heads: tl.constexpr, n_kv_heads: tl.constexpr, head_dim: tl.constexpr,
    PAD_Q: tl.constexpr, PAD_KV: tl.constexpr, PAD_DIM: tl.constexpr,
    BACKWARD: tl.constexpr = False,
):  # fmt: skip
    """In place for all heads of q and k of one token; dimension i turns with i + head_dim / 2."""
    pid = tl.program_id(0).to(tl.int64)
    batch = pid // seq_len
    position = pid % seq_len
    q_ptr = q_ptr + batch * q_stride_b + position * q_stride_s
    k_ptr = k_ptr + batch * k_stride_b + position * k_stride_s
    half: tl.constexpr = head_dim // 2
    dims = tl.arange(0, PAD_DIM // 2)
    inside = dims < half
    cos = tl.load(cos_ptr + position * cos_stride + dims, mask=inside, other=0)
    sin = tl.load(sin_ptr + position * cos_stride + dims, mask=inside, other=0)

    q_heads = tl.arange(0, PAD_Q)
    q_first = q_heads[:, None] * head_dim + dims[None, :]
    q_mask = (q_heads < n_q_heads)[:, None] & inside[None, :]
    q1 = tl.load(q_ptr + q_first, mask=q_mask, other=0).to(sin.dtype)
    q2 = tl.load(q_ptr + q_first + half, mask=q_mask, other=0).to(sin.dtype)
    q1, q2 = rotate(q1, q2, cos[None, :], sin[None, :], BACKWARD)
    tl.store(q_ptr + q_first, q1, mask=q_mask)
    tl.store(q_ptr + q_first + half, q2, mask=q_mask)

    k_heads = tl.arange(0, PAD_KV)
    k_first = k_heads[:, None] * head_dim + dims[None, :]
    k_mask = (k_heads < n_kv_heads)[:, None] & inside[None, :]
    k1 = tl.load(k_ptr + k_first, mask=k_mask, other=0).to(sin.dtype)
    k2 = tl.load(k_ptr + k_first + half, mask=k_mask, other=0).to(sin.dtype)
    k1, k2 = rotate(k1, k2, cos[None, :], sin[None, :], BACKWARD)
    tl.store(k_ptr + k_first, k1, mask=k_mask)
    tl.store(k_ptr + k_first + half, k2, mask=k_mask)


@triton.jit
def rope_interleaved_kernel(
    x_ptr, out_ptr, positions_ptr, base, n_tokens, stride_t, stride_h, out_stride_t, out_stride_h,
    ROTARY_DIM: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK_T: tl.constexpr,
    BACKWARD: tl.constexpr,
):  # fmt: skip
    """Neighbouring dimensions turn together; angles are computed here, a tail is only copied."""
    head = tl.program_id(1)
    tokens = tl.program_id(0) * BLOCK_T + tl.arange(0, BLOCK_T)
    valid = tokens < n_tokens
    position = tl.load(positions_ptr + tokens, mask=valid, other=0)
    pair = tl.arange(0, ROTARY_DIM // 2)
    frequency = tl.exp2(-(2.0 * pair / ROTARY_DIM) * tl.log2(base))
    angle = position.to(tl.float32)[:, None] * frequency[None, :]
    cos, sin = tl.cos(angle), tl.sin(angle)
    dims = tl.arange(0, ROTARY_DIM)
    x_ptr += head * stride_h
    out_ptr += head * out_stride_h
    x = tl.load(
        x_ptr + tokens[:, None] * stride_t + dims[None, :], mask=valid[:, None], other=0.0
    ).to(tl.float32)
    even, odd = tl.split(tl.reshape(x, (BLOCK_T, ROTARY_DIM // 2, 2)))
    even, odd = rotate(even, odd, cos, sin, BACKWARD)
    out = tl.interleave(even, odd)
    at = out_ptr + tokens[:, None] * out_stride_t
    tl.store(at + dims[None, :], out, mask=valid[:, None])
    if HEAD_DIM > ROTARY_DIM:
        rest = ROTARY_DIM + tl.arange(0, HEAD_DIM - ROTARY_DIM)
        tail = tl.load(
            x_ptr + tokens[:, None] * stride_t + rest[None, :], mask=valid[:, None], other=0.0
        )
        tl.store(at + rest[None, :], tail, mask=valid[:, None])


def rope_half(q, k, cos, sin, backward=False):
    """q [B, S, Hq, D] and k [B, S, Hk, D] are changed in place; cos and sin are [S, D / 2]."""
    batch, seq, heads, dim = q.shape
    rope_half_kernel[(batch * seq,)](
        q, strides(q)[0], strides(q)[1], k, strides(k)[0], strides(k)[1], cos, sin,
        strides(cos)[0], seq, heads, k.shape[2], dim,
        PAD_Q=triton.next_power_of_2(heads), PAD_KV=triton.next_power_of_2(k.shape[2]),
        PAD_DIM=triton.next_power_of_2(dim), BACKWARD=backward, num_warps=1,
    )  # fmt: skip


def rope_half_reference(x, cos, sin, backward=False):
    x, c, s = wide(x, cos[None, :, None], sin[None, :, None])
    s = -s if backward else s
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * c - b * s, b * c + a * s], axis=-1)


def rope_interleaved(x, positions, rotary, base=10000.0, backward=False):
    tokens, heads, dim = x.shape
    out, block = np.empty_like(x), 4
    rope_interleaved_kernel[(triton.cdiv(tokens, block), heads)](
        x, out, positions, base, tokens, *strides(x)[:2], *strides(out)[:2],
        ROTARY_DIM=rotary, HEAD_DIM=dim, BLOCK_T=block, BACKWARD=backward, num_warps=1,
    )  # fmt: skip
    return out


def rope_interleaved_reference(x, positions, rotary, base=10000.0, backward=False):
    out = wide(x).copy()
    angle = positions[:, None] * base ** (-2.0 * np.arange(rotary // 2) / rotary)
    c, s = np.cos(angle)[:, None], np.sin(angle)[:, None] * (-1 if backward else 1)
    even, odd = wide(x[..., 0:rotary:2]), wide(x[..., 1:rotary:2])
    out[..., 0:rotary:2], out[..., 1:rotary:2] = even * c - odd * s, odd * c + even * s
    return out
