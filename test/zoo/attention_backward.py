"""Backward of attention: row sums of o * do, then dk and dv by blocks of keys, dq by queries."""

from __future__ import annotations

import math

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide

LN2 = tl.constexpr(0.6931471805599453)


@triton.jit
def preprocess_kernel(
    o_ptr, do_ptr, delta_ptr, n_ctx, BLOCK_M: tl.constexpr, HEAD_DIM: tl.constexpr
):
    """delta = rowsum(o * do)."""
    off_m = tl.program_id(0) * BLOCK_M + tl.arange(0, BLOCK_M)
    off_hz = tl.program_id(1)
    off_n = tl.arange(0, HEAD_DIM)
    at = off_hz * HEAD_DIM * n_ctx + off_m[:, None] * HEAD_DIM + off_n[None, :]
    inside = (off_m < n_ctx)[:, None]
    o = tl.load(o_ptr + at, mask=inside, other=0.0)
    do = tl.load(do_ptr + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(delta_ptr + off_hz * n_ctx + off_m, tl.sum(o * do, axis=1), mask=off_m < n_ctx)


@triton.jit
def dkdv_inner(
    dk, dv, Q, k, v, sm_scale, DO, M, D, stride_tok, stride_d, n_ctx,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, HEAD_DIM: tl.constexpr,
    start_n, start_m, num_steps, MASK: tl.constexpr,
):  # fmt: skip
    """Adds what ``num_steps`` blocks of queries give to dk and dv."""
    offs_m = start_m + tl.arange(0, BLOCK_M)
    offs_n = start_n + tl.arange(0, BLOCK_N)
    offs_k = tl.arange(0, HEAD_DIM)
    qT_ptrs = Q + offs_m[None, :] * stride_tok + offs_k[:, None] * stride_d
    do_ptrs = DO + offs_m[:, None] * stride_tok + offs_k[None, :] * stride_d
    curr_m = start_m
    for _ in range(num_steps):
        offs_m = curr_m + tl.arange(0, BLOCK_M)
        inside = offs_m < n_ctx
        qT = tl.load(qT_ptrs, mask=inside[None, :], other=0.0)
        m = tl.load(M + offs_m, mask=inside, other=float("inf"))
        pT = tl.math.exp2(tl.dot(k, qT, input_precision="ieee") - m[None, :])
        if MASK:
            pT = tl.where(offs_m[None, :] >= offs_n[:, None], pT, 0.0)
        do = tl.load(do_ptrs, mask=inside[:, None], other=0.0)
        dv += tl.dot(pT.to(do.dtype), do, input_precision="ieee")
        Di = tl.load(D + offs_m, mask=inside, other=0.0)
        dpT = tl.dot(v, tl.trans(do), input_precision="ieee").to(tl.float32)
        dsT = (pT * (dpT - Di[None, :])).to(qT.dtype)
        dk += tl.dot(dsT, tl.trans(qT), input_precision="ieee")
        curr_m += BLOCK_M
        qT_ptrs += BLOCK_M * stride_tok
        do_ptrs += BLOCK_M * stride_tok
    return dk, dv


@triton.jit
def dkdv_kernel(
    Q, K, V, sm_scale, DO, DK, DV, M, D, stride_z, stride_h, stride_tok, stride_d, H, N_CTX,
    CAUSAL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, HEAD_DIM: tl.constexpr,
):  # fmt: skip
    """dk and dv of a block of keys; K holds keys times scale / ln 2."""
    bhid = tl.program_id(2)
    adj = (stride_h * (bhid % H) + stride_z * (bhid // H)).to(tl.int64)
    Q += adj
    K += adj
    V += adj
    DO += adj
    DK += adj
    DV += adj
    M += (bhid * N_CTX).to(tl.int64)
    D += (bhid * N_CTX).to(tl.int64)
    start_n = tl.program_id(0) * BLOCK_N
    offs_n = start_n + tl.arange(0, BLOCK_N)
    offs_k = tl.arange(0, HEAD_DIM)
    kv_at = offs_n[:, None] * stride_tok + offs_k[None, :] * stride_d
    kv_mask = (offs_n < N_CTX)[:, None]
    k = tl.load(K + kv_at, mask=kv_mask, other=0.0)
    v = tl.load(V + kv_at, mask=kv_mask, other=0.0)
    dv = tl.zeros([BLOCK_N, HEAD_DIM], dtype=tl.float32)
    dk = tl.zeros([BLOCK_N, HEAD_DIM], dtype=tl.float32)
    start_m = 0
    if CAUSAL:
        start_m = start_n
        MASK_BLOCK: tl.constexpr = BLOCK_M // 2
        dk, dv = dkdv_inner(
            dk, dv, Q, k, v, sm_scale, DO, M, D, stride_tok, stride_d, N_CTX,
            MASK_BLOCK, BLOCK_N, HEAD_DIM, start_n, start_m, BLOCK_N // MASK_BLOCK, MASK=True,
        )  # fmt: skip
        start_m += BLOCK_N
    num_steps = tl.cdiv(N_CTX - start_m, BLOCK_M)
    dk, dv = dkdv_inner(
        dk, dv, Q, k, v, sm_scale, DO, M, D, stride_tok, stride_d, N_CTX,
        BLOCK_M, BLOCK_N, HEAD_DIM, start_n, start_m, num_steps, MASK=False,
    )  # fmt: skip
    tl.store(DV + kv_at, dv, mask=kv_mask)
    tl.store(DK + kv_at, dk * sm_scale, mask=kv_mask)


@triton.jit
def dq_kernel(
    Q, K, V, DO, DQ, M, D, stride_z, stride_h, stride_tok, stride_d, H, N_CTX,
    CAUSAL: tl.constexpr, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, HEAD_DIM: tl.constexpr,
):  # fmt: skip
    """dq of a block of queries through block pointers."""
    bhid = tl.program_id(2)
    adj = (stride_h * (bhid % H) + stride_z * (bhid // H)).to(tl.int64)
    start_m = tl.program_id(0) * BLOCK_M
    rows = (start_m, 0)
    q_block = tl.make_block_ptr(
        Q + adj, (N_CTX, HEAD_DIM), (stride_tok, stride_d), rows, (BLOCK_M, HEAD_DIM), (1, 0)
    )
    do_block = tl.make_block_ptr(
        DO + adj, (N_CTX, HEAD_DIM), (stride_tok, stride_d), rows, (BLOCK_M, HEAD_DIM), (1, 0)
    )
    dq_block = tl.make_block_ptr(
        DQ + adj, (N_CTX, HEAD_DIM), (stride_tok, stride_d), rows, (BLOCK_M, HEAD_DIM), (1, 0)
    )
    kT_block = tl.make_block_ptr(
        K + adj, (HEAD_DIM, N_CTX), (stride_d, stride_tok), (0, 0), (HEAD_DIM, BLOCK_N), (0, 1)
    )
    vT_block = tl.make_block_ptr(
        V + adj, (HEAD_DIM, N_CTX), (stride_d, stride_tok), (0, 0), (HEAD_DIM, BLOCK_N), (0, 1)
    )
    q = tl.load(q_block, boundary_check=(0,), padding_option="zero")
    do = tl.load(do_block, boundary_check=(0,), padding_option="zero")
    offs_m = start_m + tl.arange(0, BLOCK_M)
    m = tl.load(M + bhid * N_CTX + offs_m, mask=offs_m < N_CTX, other=float("inf"))[:, None]
    Di = tl.load(D + bhid * N_CTX + offs_m, mask=offs_m < N_CTX, other=0.0)[:, None]
    dq = tl.zeros([BLOCK_M, HEAD_DIM], dtype=tl.float32)
    end = tl.minimum(start_m + BLOCK_M, N_CTX) if CAUSAL else N_CTX
    for start_n in range(0, end, BLOCK_N):
        kT = tl.load(kT_block, boundary_check=(1,), padding_option="zero")
        vT = tl.load(vT_block, boundary_check=(1,), padding_option="zero")
        p = tl.math.exp2(tl.dot(q, kT, input_precision="ieee") - m)
        offs_n = start_n + tl.arange(0, BLOCK_N)
        if CAUSAL:
            p = tl.where(offs_m[:, None] >= offs_n[None, :], p, 0.0)
        dp = tl.dot(do, vT, input_precision="ieee").to(tl.float32)
        ds = (p * (dp - Di)).to(kT.dtype)
        dq = tl.dot(ds, tl.trans(kT), dq, input_precision="ieee")
        kT_block = tl.advance(kT_block, (0, BLOCK_N))
        vT_block = tl.advance(vT_block, (0, BLOCK_N))
    tl.store(dq_block, (dq * LN2).to(DQ.type.element_ty), boundary_check=(0,))


def attention_backward(do, q, k, v, o, lse, causal, block_m=32, block_n=32):
    """(dq, dk, dv); all arrays [B, H, N, D] of the same strides, lse by the natural logarithm."""
    batch, heads, n, dim = q.shape
    scale = 1 / math.sqrt(dim)
    delta, m = np.empty_like(lse), (lse / math.log(2)).astype(np.float32)
    preprocess_kernel[(triton.cdiv(n, 16), batch * heads)](
        o, do, delta, n, BLOCK_M=16, HEAD_DIM=dim, num_warps=1
    )
    scaled = (k.astype(np.float32) * (scale / math.log(2))).astype(k.dtype)
    dq, dk, dv = np.empty_like(q), np.empty_like(k), np.empty_like(v)
    common = (m, delta, *strides(q), heads, n)
    dkdv_kernel[(triton.cdiv(n, block_n), 1, batch * heads)](
        q, scaled, v, scale, do, dk, dv, *common, CAUSAL=causal,
        BLOCK_M=block_m, BLOCK_N=block_n, HEAD_DIM=dim, num_warps=2,
    )  # fmt: skip
    dq_kernel[(triton.cdiv(n, block_m), 1, batch * heads)](
        q, scaled, v, do, dq, *common, CAUSAL=causal,
        BLOCK_M=block_m, BLOCK_N=block_n, HEAD_DIM=dim, num_warps=2,
    )  # fmt: skip
    return dq, dk, dv


def attention_backward_reference(do, q, k, v, causal):
    """(dq, dk, dv) of one head and what they would be if nothing cancelled."""
    do, q, k, v = wide(do, q, k, v)
    scale = 1 / math.sqrt(q.shape[-1])
    s = q @ k.T * scale
    if causal:
        s = np.where(np.tri(len(q), dtype=bool), s, -np.inf)
    p = np.exp(s - s.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    dp = do @ v.T
    ds = p * (dp - (p * dp).sum(-1, keepdims=True))
    size_dp = np.abs(do) @ np.abs(v).T
    size_ds = p * (size_dp + (p * size_dp).sum(-1, keepdims=True))
    exact = ds @ k * scale, ds.T @ q * scale, p.T @ do
    size = size_ds @ np.abs(k) * scale, size_ds.T @ np.abs(q) * scale, p.T @ np.abs(do)
    return exact, size
