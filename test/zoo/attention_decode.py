"""Decoding: one query a sequence, the keys split over programs, in a dense or a paged cache."""

from __future__ import annotations

import math

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides


@triton.jit
def decode_split_kernel(
    q_ptr, k_ptr, v_ptr, part_ptr, lse_ptr, lengths_ptr, scale,
    stride_qb, stride_qh, stride_kb, stride_kn, stride_kh, stride_pb, stride_ph, stride_ps,
    HEADS: tl.constexpr, GROUP: tl.constexpr, SPLITS: tl.constexpr, HEAD_DIM: tl.constexpr,
    BLOCK_H: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """One split of the keys for all query heads of one key head; partial sums and their lse."""
    batch = tl.program_id(0)
    kv_head = tl.program_id(1)
    split = tl.program_id(2)
    length = tl.load(lengths_ptr + batch)
    per_split = tl.cdiv(tl.cdiv(length, SPLITS), BLOCK_N) * BLOCK_N
    begin = per_split * split
    end = tl.minimum(begin + per_split, length)
    heads = kv_head * GROUP + tl.arange(0, BLOCK_H)
    head_mask = tl.arange(0, BLOCK_H) < GROUP
    dims = tl.arange(0, HEAD_DIM)
    q = tl.load(
        q_ptr + batch * stride_qb + heads[:, None] * stride_qh + dims[None, :],
        mask=head_mask[:, None], other=0.0,
    )  # fmt: skip
    if end > begin:
        peak = tl.zeros([BLOCK_H], dtype=tl.float32) - float("inf")
        total = tl.zeros([BLOCK_H], dtype=tl.float32)
        acc = tl.zeros([BLOCK_H, HEAD_DIM], dtype=tl.float32)
        for n in range(begin, end, BLOCK_N):
            keys = n + tl.arange(0, BLOCK_N)
            at = batch * stride_kb + keys.to(tl.int64) * stride_kn + kv_head * stride_kh
            k = tl.load(k_ptr + at[None, :] + dims[:, None], mask=keys[None, :] < end, other=0.0)
            s = tl.dot(q, k, input_precision="ieee") * scale
            s = tl.where(head_mask[:, None] & (keys[None, :] < end), s, float("-inf"))
            v = tl.load(v_ptr + at[:, None] + dims[None, :], mask=keys[:, None] < end, other=0.0)
            new_peak = tl.maximum(tl.max(s, 1), peak)
            new_peak = tl.where(head_mask, new_peak, 0.0)
            rescale = tl.exp(peak - new_peak)
            p = tl.exp(s - new_peak[:, None])
            acc *= rescale[:, None]
            acc += tl.dot(p.to(v.dtype), v, input_precision="ieee")
            total = total * rescale + tl.sum(p, 1)
            peak = new_peak
        part = batch * stride_pb + heads * stride_ph + split * stride_ps
        tl.store(
            part_ptr + part[:, None] + dims[None, :], acc / total[:, None], mask=head_mask[:, None]
        )
        tl.store(lse_ptr + part // HEAD_DIM, peak + tl.log(total), mask=head_mask)


@triton.jit
def decode_reduce_kernel(
    part_ptr, lse_ptr, out_ptr, lengths_ptr, stride_pb, stride_ph, stride_ps, stride_ob, stride_oh,
    SPLITS: tl.constexpr, HEAD_DIM: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Weighs the splits that had keys by their lse."""
    batch = tl.program_id(0)
    head = tl.program_id(1)
    length = tl.load(lengths_ptr + batch)
    per_split = tl.cdiv(tl.cdiv(length, SPLITS), BLOCK_N) * BLOCK_N
    dims = tl.arange(0, HEAD_DIM)
    peak = -float("inf")
    total = 0.0
    acc = tl.zeros([HEAD_DIM], dtype=tl.float32)
    for split in tl.static_range(0, SPLITS):
        if per_split * split < length:
            at = batch * stride_pb + head * stride_ph + split * stride_ps
            value = tl.load(part_ptr + at + dims)
            lse = tl.load(lse_ptr + at // HEAD_DIM)
            new_peak = tl.maximum(lse, peak)
            old = tl.exp(peak - new_peak)
            new = tl.exp(lse - new_peak)
            acc = acc * old + new * value
            total = total * old + new
            peak = new_peak
    tl.store(out_ptr + batch * stride_ob + head * stride_oh + dims, acc / total)


@triton.jit
def paged_decode_kernel(
    out_ptr, q_ptr, k_cache_ptr, v_cache_ptr, tables_ptr, lengths_ptr, slopes_ptr, scale,
    k_scale_ptr, v_scale_ptr, table_stride, stride_q0, stride_q1, stride_c0, stride_c1, stride_c2,
    GROUP: tl.constexpr, BLOCK_SIZE: tl.constexpr, HEAD_DIM: tl.constexpr,
    USE_ALIBI: tl.constexpr,
):  # fmt: skip
    """Pages [page, BLOCK_SIZE, kv heads, dim] in the order of a block table; a query head each."""
    sequence = tl.program_id(0)
    head = tl.program_id(1)
    kv_head = head // GROUP
    length = tl.load(lengths_ptr + sequence)
    dims = tl.arange(0, HEAD_DIM)
    slots = tl.arange(0, BLOCK_SIZE)
    q = tl.load(q_ptr + sequence * stride_q0 + head * stride_q1 + dims).to(tl.float32) * scale
    if USE_ALIBI:
        slope = tl.load(slopes_ptr + head)
    k_scale = 1.0
    v_scale = 1.0
    if k_scale_ptr is not None:
        k_scale = tl.load(k_scale_ptr)
        v_scale = tl.load(v_scale_ptr)
    m = float("-inf")
    l = 0.0  # noqa: E741
    acc = tl.zeros([HEAD_DIM], tl.float32)
    for page in range(tl.cdiv(length, BLOCK_SIZE)):
        physical = tl.load(tables_ptr + sequence * table_stride + page).to(tl.int64)
        at = physical * stride_c0 + slots[:, None] * stride_c1 + kv_head * stride_c2 + dims[None, :]
        position = page * BLOCK_SIZE + slots
        inside = position < length
        k = tl.load(k_cache_ptr + at, mask=inside[:, None], other=0.0).to(tl.float32) * k_scale
        v = tl.load(v_cache_ptr + at, mask=inside[:, None], other=0.0).to(tl.float32) * v_scale
        s = tl.sum(q[None, :] * k, axis=1)
        if USE_ALIBI:
            s += slope * (position - length + 1)
        s = tl.where(inside, s, float("-inf"))
        m_new = tl.maximum(m, tl.max(s, axis=0))
        p = tl.exp(s - m_new)
        alpha = tl.exp(m - m_new)
        acc = acc * alpha + tl.sum(p[:, None] * v, axis=0)
        l = l * alpha + tl.sum(p, axis=0)  # noqa: E741
        m = m_new
    tl.store(out_ptr + sequence * stride_q0 + head * stride_q1 + dims, acc / l)


def decode(q, k, v, lengths, splits=3, block=16):
    """q [B, H, D]; k and v [B, N, Hk, D], of which each sequence uses its length (at least 1)."""
    batch, heads, dim = q.shape
    group = heads // k.shape[2]
    part = np.empty((batch, heads, splits, dim), np.float32)
    lse = np.empty((batch, heads, splits), np.float32)
    out = np.empty_like(q)
    decode_split_kernel[(batch, k.shape[2], splits)](
        q, k, v, part, lse, lengths, 1 / math.sqrt(dim), *strides(q)[:2], *strides(k)[:3],
        *strides(part)[:3], HEADS=heads, GROUP=group, SPLITS=splits, HEAD_DIM=dim,
        BLOCK_H=max(16, triton.next_power_of_2(group)), BLOCK_N=block, num_warps=1, num_stages=2,
    )  # fmt: skip
    decode_reduce_kernel[(batch, heads)](
        part, lse, out, lengths, *strides(part)[:3], *strides(out)[:2],
        SPLITS=splits, HEAD_DIM=dim, BLOCK_N=block, num_warps=1,
    )  # fmt: skip
    return out


def paged_decode(q, k_cache, v_cache, tables, lengths, slopes=None, scales=(None, None)):
    """Caches [page, slot, Hk, D] of q's type or of 8 bits with scales."""
    out = np.empty_like(q)
    sequences, heads, dim = q.shape
    paged_decode_kernel[(sequences, heads)](
        out, q, k_cache, v_cache, tables, lengths, slopes, 1 / math.sqrt(dim), *scales,
        strides(tables)[0], *strides(q)[:2], *strides(k_cache)[:3],
        GROUP=heads // k_cache.shape[2], BLOCK_SIZE=k_cache.shape[1], HEAD_DIM=dim,
        USE_ALIBI=slopes is not None, num_warps=1,
    )  # fmt: skip
    return out
