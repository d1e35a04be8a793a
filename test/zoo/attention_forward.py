"""Attention forward: dense with many options, and packed sequences of several lengths."""

from __future__ import annotations

import math

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide

RCP_LN2 = tl.constexpr(1.4426950408889634)


@triton.jit
def softcap_scores(s, cap):
    """cap * tanh(s / cap), by exponentials of negative numbers only."""
    e = tl.exp(-2 * tl.abs(s / cap))
    t = (1 - e) / (1 + e)
    return cap * tl.where(s < 0, -t, t)


@triton.jit
def attention_inner(
    acc, l_i, m_i, q, k_ptrs, v_ptrs, stride_kn, stride_vn, offs_m, lo, hi, len_k, shift,
    scale, slope, cap, window,
    MASKED: tl.constexpr, CAUSAL: tl.constexpr, HAS_ALIBI: tl.constexpr, HAS_CAP: tl.constexpr,
    HAS_WINDOW: tl.constexpr, BLOCK_N: tl.constexpr, EVEN_D: tl.constexpr, dim_mask,
):  # fmt: skip
    """Keys lo to hi; ``shift`` is how much later the keys' positions start than the queries'."""
    k_ptrs += lo * stride_kn
    v_ptrs += lo * stride_vn
    for start_n in range(lo, hi, BLOCK_N):
        start_n = tl.multiple_of(start_n, BLOCK_N)
        offs_n = start_n + tl.arange(0, BLOCK_N)
        if MASKED:
            k = tl.load(k_ptrs, mask=(offs_n < len_k)[None, :] & dim_mask[:, None], other=0.0)
            v = tl.load(v_ptrs, mask=(offs_n < len_k)[:, None] & dim_mask[None, :], other=0.0)
        elif EVEN_D:
            k = tl.load(k_ptrs)
            v = tl.load(v_ptrs)
        else:
            k = tl.load(k_ptrs, mask=dim_mask[:, None], other=0.0)
            v = tl.load(v_ptrs, mask=dim_mask[None, :], other=0.0)
        s = tl.dot(q, k, input_precision="ieee") * scale
        if HAS_CAP:
            s = softcap_scores(s, cap)
        distance = offs_m[:, None] + shift - offs_n[None, :]
        if HAS_ALIBI:
            s -= slope * tl.abs(distance).to(tl.float32)
        if MASKED:
            s = tl.where((offs_n < len_k)[None, :], s, float("-inf"))
            if CAUSAL:
                s = tl.where(distance >= 0, s, float("-inf"))
        if HAS_WINDOW:
            s = tl.where(distance < window, s, float("-inf"))
        m_new = tl.maximum(m_i, tl.max(s, 1))
        # Rows that see nothing so far keep a finite base.
        base = tl.where(m_new == float("-inf"), 0.0, m_new)
        p = tl.math.exp2((s - base[:, None]) * RCP_LN2)
        alpha = tl.math.exp2((m_i - base) * RCP_LN2)
        l_i = l_i * alpha + tl.sum(p, 1)
        acc = acc * alpha[:, None]
        acc = tl.dot(p.to(v.dtype), v, acc, input_precision="ieee")
        m_i = m_new
        k_ptrs += BLOCK_N * stride_kn
        v_ptrs += BLOCK_N * stride_vn
    return acc, l_i, m_i


@triton.autotune(
    configs=[
        triton.Config({"BLOCK_M": 16, "BLOCK_N": 16}, num_warps=1, num_stages=1),
        triton.Config({"BLOCK_M": 16, "BLOCK_N": 32}, num_warps=2, num_stages=2),
    ],
    key=["CAUSAL", "HEAD_DIM"],
)
@triton.heuristics({"EVEN_D": lambda args: args["HEAD_DIM"] == args["BLOCK_D"]})
@triton.jit
def attention_forward_kernel(
    q_ptr, k_ptr, v_ptr, o_ptr, lse_ptr, slopes_ptr, scale, cap, window,
    stride_qb, stride_qh, stride_qm, stride_kb, stride_kh, stride_kn,
    stride_vb, stride_vh, stride_vn, stride_ob, stride_oh, stride_om,
    len_q, len_k, heads, GROUP: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK_D: tl.constexpr,
    CAUSAL: tl.constexpr, HAS_CAP: tl.constexpr, HAS_WINDOW: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, EVEN_D: tl.constexpr,
):  # fmt: skip
    """A block of queries of one head: first the keys that all rows see, then the masked ones."""
    start_m = tl.program_id(0)
    batch = tl.program_id(1) // heads
    head = tl.program_id(1) % heads
    kv_head = head // GROUP
    q_ptr += batch * stride_qb + head * stride_qh
    k_ptr += batch * stride_kb + kv_head * stride_kh
    v_ptr += batch * stride_vb + kv_head * stride_vh
    o_ptr += batch * stride_ob + head * stride_oh
    offs_m = start_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offs_n = tl.arange(0, BLOCK_N)
    offs_d = tl.arange(0, BLOCK_D)
    dim_mask = offs_d < HEAD_DIM
    q_mask = (offs_m < len_q)[:, None] & dim_mask[None, :]
    q = tl.load(q_ptr + offs_m[:, None] * stride_qm + offs_d[None, :], mask=q_mask, other=0.0)
    k_ptrs = k_ptr + offs_n[None, :] * stride_kn + offs_d[:, None]
    v_ptrs = v_ptr + offs_n[:, None] * stride_vn + offs_d[None, :]
    HAS_ALIBI: tl.constexpr = slopes_ptr is not None
    slope = 0.0
    if HAS_ALIBI:
        slope = tl.load(slopes_ptr + head)
    shift = len_k - len_q
    m_i = tl.full([BLOCK_M], float("-inf"), tl.float32)
    l_i = tl.zeros([BLOCK_M], dtype=tl.float32)
    acc = tl.zeros([BLOCK_M, BLOCK_D], dtype=tl.float32)
    end = len_k
    whole = len_k // BLOCK_N * BLOCK_N
    if CAUSAL:
        end = tl.clamp(0.0 + (start_m + 1) * BLOCK_M + shift, 0.0, 0.0 + len_k).to(tl.int32)
        whole = tl.minimum(whole, tl.maximum(start_m * BLOCK_M + shift + 1, 0) // BLOCK_N * BLOCK_N)
    begin = 0
    if HAS_WINDOW:
        begin = tl.maximum(start_m * BLOCK_M + shift - window + 1, 0) // BLOCK_N * BLOCK_N
        begin = tl.minimum(begin, whole)
    acc, l_i, m_i = attention_inner(
        acc, l_i, m_i, q, k_ptrs, v_ptrs, stride_kn, stride_vn, offs_m, begin, whole, len_k, shift,
        scale, slope, cap, window, False, CAUSAL, HAS_ALIBI, HAS_CAP, HAS_WINDOW, BLOCK_N, EVEN_D,
        dim_mask,
    )  # fmt: skip
    acc, l_i, m_i = attention_inner(
        acc, l_i, m_i, q, k_ptrs, v_ptrs, stride_kn, stride_vn, offs_m, whole, end, len_k, shift,
        scale, slope, cap, window, True, CAUSAL, HAS_ALIBI, HAS_CAP, HAS_WINDOW, BLOCK_N, EVEN_D,
        dim_mask,
    )  # fmt: skip
    acc = acc / tl.where(l_i == 0.0, 1.0, l_i)[:, None]
    lse_ptrs = lse_ptr + tl.program_id(1) * len_q + offs_m
    tl.store(lse_ptrs, m_i + tl.log(l_i), mask=offs_m < len_q)
    o_ptrs = o_ptr + offs_m[:, None] * stride_om + offs_d[None, :]
    tl.store(o_ptrs, acc.to(o_ptr.type.element_ty), mask=q_mask)


@triton.jit
def attention_varlen_kernel(
    Q, K, V, Out, cu_q, cu_k, scale, stride_t, stride_h, stride_kt, stride_kh,
    GROUP: tl.constexpr, HEAD_DIM: tl.constexpr, CAUSAL: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Sequences packed along one dimension, [total, heads, dim]; cu_* are where each starts."""
    start_m = tl.program_id(0)
    head = tl.program_id(1)
    sequence = tl.program_id(2)
    q_start = tl.load(cu_q + sequence)
    q_len = tl.load(cu_q + sequence + 1) - q_start
    if start_m * BLOCK_M >= q_len:
        return
    k_start = tl.load(cu_k + sequence)
    k_len = tl.load(cu_k + sequence + 1) - k_start
    Q_block = tl.make_block_ptr(
        base=Q + q_start * stride_t + head * stride_h, shape=(q_len, HEAD_DIM),
        strides=(stride_t, 1), offsets=(start_m * BLOCK_M, 0),
        block_shape=(BLOCK_M, HEAD_DIM), order=(1, 0),
    )  # fmt: skip
    K_block = tl.make_block_ptr(
        base=K + k_start * stride_kt + (head // GROUP) * stride_kh, shape=(HEAD_DIM, k_len),
        strides=(1, stride_kt), offsets=(0, 0), block_shape=(HEAD_DIM, BLOCK_N), order=(0, 1),
    )  # fmt: skip
    V_block = tl.make_block_ptr(
        base=V + k_start * stride_kt + (head // GROUP) * stride_kh, shape=(k_len, HEAD_DIM),
        strides=(stride_kt, 1), offsets=(0, 0), block_shape=(BLOCK_N, HEAD_DIM), order=(1, 0),
    )  # fmt: skip
    O_block = tl.make_block_ptr(
        base=Out + q_start * stride_t + head * stride_h, shape=(q_len, HEAD_DIM),
        strides=(stride_t, 1), offsets=(start_m * BLOCK_M, 0),
        block_shape=(BLOCK_M, HEAD_DIM), order=(1, 0),
    )  # fmt: skip
    q = tl.load(Q_block, boundary_check=(0,), padding_option="zero")
    offs_m = start_m * BLOCK_M + tl.arange(0, BLOCK_M)
    m_i = tl.zeros([BLOCK_M], dtype=tl.float32) - 1.0e6
    l_i = tl.zeros([BLOCK_M], dtype=tl.float32)
    acc = tl.zeros([BLOCK_M, HEAD_DIM], dtype=tl.float32)
    stop = k_len
    if CAUSAL:
        stop = min(k_len, (start_m + 1) * BLOCK_M + k_len - q_len)
    for start_n in tl.range(0, stop, BLOCK_N, num_stages=2):
        k = tl.load(K_block, boundary_check=(1,), padding_option="zero")
        s = tl.dot(q, k, input_precision="ieee")
        offs_n = start_n + tl.arange(0, BLOCK_N)
        visible = offs_n[None, :] < k_len
        if CAUSAL:
            visible = visible & (offs_n[None, :] <= offs_m[:, None] + (k_len - q_len))
        s = s * scale * RCP_LN2 + tl.where(visible, 0, -1.0e6)
        m_new = tl.maximum(m_i, tl.max(s, 1))
        p = tl.math.exp2(s - m_new[:, None])
        alpha = tl.math.exp2(m_i - m_new)
        v = tl.load(V_block, boundary_check=(0,), padding_option="zero")
        acc = tl.dot(p.to(v.dtype), v, acc * alpha[:, None], input_precision="ieee")
        l_i = l_i * alpha + tl.sum(p, 1)
        m_i = m_new
        K_block = tl.advance(K_block, (0, BLOCK_N))
        V_block = tl.advance(V_block, (BLOCK_N, 0))
    acc /= l_i[:, None]
    tl.store(O_block, acc.to(Out.type.element_ty), boundary_check=(0,))


def attention(q, k, v, causal=False, slopes=None, cap=None, window=None, scale=None):
    """[B, H, M, D] and [B, Hk, N, D]: (output, log-sum-exp of the scores)."""
    batch, heads, len_q, dim = q.shape
    scale = 1 / math.sqrt(dim) if scale is None else scale
    o, lse = np.empty_like(q), np.empty((batch, heads, len_q), np.float32)

    def grid(meta):
        return triton.cdiv(len_q, meta["BLOCK_M"]), batch * heads

    attention_forward_kernel[grid](
        q, k, v, o, lse, slopes, scale, cap, window,
        *strides(q)[:3], *strides(k)[:3], *strides(v)[:3], *strides(o)[:3],
        len_q, k.shape[2], heads, GROUP=heads // k.shape[1], HEAD_DIM=dim,
        BLOCK_D=max(16, triton.next_power_of_2(dim)), CAUSAL=causal, HAS_CAP=cap is not None,
        HAS_WINDOW=window is not None,
    )  # fmt: skip
    return o, lse


def scores_reference(q, k, causal=False, slopes=None, cap=None, window=None, scale=None):
    """Masked scores of one head, [M, N] in float64."""
    q, k = wide(q, k)
    s = q @ k.T * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if cap is not None:
        s = cap * np.tanh(s / cap)
    distance = np.arange(len(q))[:, None] + len(k) - len(q) - np.arange(len(k))[None, :]
    if slopes is not None:
        s = s - slopes * np.abs(distance)
    if causal:
        s = np.where(distance >= 0, s, -np.inf)
    return s if window is None else np.where(distance < window, s, -np.inf)


def attention_reference(s, v):
    """(output, log-sum-exp, weights) from scores; a row that sees nothing gives 0."""
    top = s.max(-1, keepdims=True, initial=-np.inf)
    e = np.exp(s - np.where(np.isneginf(top), 0, top))
    total = e.sum(-1, keepdims=True)
    with np.errstate(divide="ignore"):
        lse = (np.where(np.isneginf(top), 0, top) + np.log(total))[..., 0]
    p = e / np.where(total == 0, 1, total)
    return p @ wide(v), lse, p


def attention_varlen(q, k, v, cu_q, cu_k, causal):
    """q [total, H, D], k and v [total, Hk, D]; every sequence has a query."""
    o, block = np.empty_like(q), 16
    longest = int(np.diff(cu_q).max())
    grid = (triton.cdiv(longest, block), q.shape[1], len(cu_q) - 1)
    attention_varlen_kernel[grid](
        q, k, v, o, cu_q, cu_k, 1 / math.sqrt(q.shape[-1]), *strides(q)[:2], *strides(k)[:2],
        GROUP=q.shape[1] // k.shape[1], HEAD_DIM=q.shape[-1], CAUSAL=causal,
        BLOCK_M=block, BLOCK_N=block, num_warps=1,
    )  # fmt: skip
    return o
