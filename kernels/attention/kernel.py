"""Attention's kernel: scores, softmax and the weighted sum of the values in one pass over the keys.

Dao, Fu, Ermon, Rudra, Re, "FlashAttention", 2022: the scores of a block of queries never leave the
program. For each query it keeps the maximum m of the scores so far, the total of exp(score - m) and
the weighted sum acc of the values; when the maximum grows, both are rescaled by exp(m_old - m_new).
Maxima are kept in units of log 2, so that exp is one exp2.

SUM_BY_PRODUCT takes the totals from tensor cores, too: the weights times a block of ones. Then no
thread holds the weights in float32 beside the rounded ones, which is what makes 128 queries with a
head dim of 128 fit the registers of four warps.
"""

from __future__ import annotations

import cosmati
import cosmati.language as tl

# Maximum of no scores. It is finite, so that what is subtracted from a hidden score of -infinity
# never makes a NaN.
NO_SCORE = tl.constexpr(-3.4028234663852886e38)
# Columns of the block of ones: the least of a tensor core instruction.
ONES_COLUMNS = tl.constexpr(8)


@cosmati.jit
def _attend(
    acc, total, m, q, k_ptrs, v_ptrs, stride_kn, stride_vn, begin, end, rows, in_dims,
    scale, n_keys, last_key,
    CAUSAL: tl.constexpr, MASKED: tl.constexpr, EVEN_D: tl.constexpr, BLOCK_N: tl.constexpr,
    NEGATED: tl.constexpr, PRECISION: tl.constexpr, SUM_BY_PRODUCT: tl.constexpr,
):  # fmt: skip
    """Adds the keys ``begin`` to ``end`` to the state (acc, total, m).

    total: [BLOCK_M]; SUM_BY_PRODUCT: [BLOCK_M, ONES_COLUMNS], each column the sum of the weights as
    they are rounded for the product with ``v``.
    MASKED: some of these keys are outside of the sequence or hidden by the causal mask.
    """
    cols = tl.arange(0, BLOCK_N)
    k_ptrs += begin * stride_kn
    v_ptrs += begin * stride_vn
    for start in range(begin, end, BLOCK_N):
        keys = start + cols
        in_keys = keys < n_keys
        if MASKED:
            mask_k = in_keys[None, :] if EVEN_D else in_keys[None, :] & in_dims[:, None]
            mask_v = in_keys[:, None] if EVEN_D else in_keys[:, None] & in_dims[None, :]
            k = tl.load(k_ptrs, mask=mask_k, other=0.0)
            v = tl.load(v_ptrs, mask=mask_v, other=0.0)
        elif EVEN_D:
            k = tl.load(k_ptrs)
            v = tl.load(v_ptrs)
        else:
            k = tl.load(k_ptrs, mask=in_dims[:, None], other=0.0)
            v = tl.load(v_ptrs, mask=in_dims[None, :], other=0.0)
        scores = tl.dot(q, k, input_precision=PRECISION)
        if NEGATED:
            scores = -scores
        if MASKED:
            visible = in_keys[None, :]
            if CAUSAL:
                visible = visible & (keys[None, :] <= (rows + last_key)[:, None])
            scores = tl.where(visible, scores, -float("inf"))
        # The scale is positive, so it may wait until the maximum is found: what is left of it for
        # each score is part of a multiply-add.
        m_new = tl.maximum(m, tl.max(scores, axis=1) * scale)
        p = tl.exp2(scores * scale - m_new[:, None])
        alpha = tl.exp2(m - m_new)
        if SUM_BY_PRODUCT:
            ones = tl.full((BLOCK_N, ONES_COLUMNS), 1.0, v.dtype)
            total = tl.dot(p.to(v.dtype), ones, total * alpha[:, None])
        else:
            total = total * alpha + tl.sum(p, axis=1)
        acc = tl.dot(p.to(v.dtype), v, acc * alpha[:, None], input_precision=PRECISION)
        m = m_new
        k_ptrs += BLOCK_N * stride_kn
        v_ptrs += BLOCK_N * stride_vn
    return acc, total, m


@cosmati.jit
def attention_kernel(
    q_ptr, k_ptr, v_ptr, o_ptr, lse_ptr,
    stride_qb, stride_qh, stride_qn, stride_qd,
    stride_kb, stride_kh, stride_kn, stride_kd,
    stride_vb, stride_vh, stride_vn, stride_vd,
    stride_ob, stride_oh, stride_on, stride_od,
    scale, n_queries, n_keys, heads_per_group,
    HEAD_DIM: tl.constexpr, CAUSAL: tl.constexpr, NEGATED: tl.constexpr, PRECISION: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_D: tl.constexpr,
    SUM_BY_PRODUCT: tl.constexpr = False,
):  # fmt: skip
    """One program does BLOCK_M queries of one head (grid: blocks of queries, heads, batch).

    scale: magnitude of the softmax scale, times log2(e), above 0; NEGATED: it is negative.
    heads_per_group: query heads that share a head of keys.
    lse_ptr: [batch, heads, queries], contiguous, or None.
    SUM_BY_PRODUCT: the totals are of the weights as rounded for the product with v; see above.
    """
    block = tl.program_id(0)
    head = tl.program_id(1)
    batch = tl.program_id(2).to(tl.int64)
    group = head // heads_per_group
    rows = block * BLOCK_M + tl.arange(0, BLOCK_M)
    cols = tl.arange(0, BLOCK_N)
    dims = tl.arange(0, BLOCK_D)
    EVEN_D: tl.constexpr = HEAD_DIM == BLOCK_D
    in_dims = dims < HEAD_DIM
    in_rows = rows < n_queries
    mask_q = in_rows[:, None] if EVEN_D else in_rows[:, None] & in_dims[None, :]
    q_ptr += batch * stride_qb + head.to(tl.int64) * stride_qh
    k_ptr += batch * stride_kb + group.to(tl.int64) * stride_kh
    v_ptr += batch * stride_vb + group.to(tl.int64) * stride_vh
    o_ptr += batch * stride_ob + head.to(tl.int64) * stride_oh
    q = tl.load(
        q_ptr + rows[:, None] * stride_qn + dims[None, :] * stride_qd, mask=mask_q, other=0.0
    )
    k_ptrs = k_ptr + dims[:, None] * stride_kd + cols[None, :] * stride_kn
    v_ptrs = v_ptr + cols[:, None] * stride_vn + dims[None, :] * stride_vd
    acc = tl.zeros((BLOCK_M, BLOCK_D), tl.float32)
    if SUM_BY_PRODUCT:
        total = tl.zeros((BLOCK_M, ONES_COLUMNS), tl.float32)
    else:
        total = tl.zeros((BLOCK_M,), tl.float32)
    m = tl.full((BLOCK_M,), NO_SCORE, tl.float32)
    # Query i sees the keys up to i + last_key; the last query sees them all.
    last_key = n_keys - n_queries
    if CAUSAL:
        full = max(min(block * BLOCK_M + last_key + 1, n_keys), 0) // BLOCK_N * BLOCK_N
        end = max(min((block + 1) * BLOCK_M + last_key, n_keys), 0)
    else:
        full = n_keys // BLOCK_N * BLOCK_N
        end = n_keys
    acc, total, m = _attend(
        acc, total, m, q, k_ptrs, v_ptrs, stride_kn, stride_vn, 0, full, rows, in_dims,
        scale, n_keys, last_key, CAUSAL, False, EVEN_D, BLOCK_N, NEGATED, PRECISION,
        SUM_BY_PRODUCT,
    )  # fmt: skip
    acc, total, m = _attend(
        acc, total, m, q, k_ptrs, v_ptrs, stride_kn, stride_vn, full, end, rows, in_dims,
        scale, n_keys, last_key, CAUSAL, True, EVEN_D, BLOCK_N, NEGATED, PRECISION,
        SUM_BY_PRODUCT,
    )  # fmt: skip
    if SUM_BY_PRODUCT:
        total = tl.max(total, axis=1)
    # A query that sees no key: output 0, log-sum-exp -infinity.
    o = acc / tl.where(total == 0.0, 1.0, total)[:, None]
    # Computed anew: masks of the load above would be kept in registers all through the loops.
    out_rows = tl.arange(0, BLOCK_M) < n_queries - block * BLOCK_M
    mask_o = out_rows[:, None] if EVEN_D else out_rows[:, None] & in_dims[None, :]
    tl.store(o_ptr + rows[:, None] * stride_on + dims[None, :] * stride_od, o, mask=mask_o)
    if lse_ptr is not None:
        lse = (m + tl.log2(total)) * 0.6931471805599453
        lse_row = (batch * tl.num_programs(1) + head) * n_queries
        tl.store(lse_ptr + lse_row + rows, lse, mask=out_rows)
