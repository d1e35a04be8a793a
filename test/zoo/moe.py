"""Mixtures of experts: routing, alignment to blocks, permutation and grouped products."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide


@triton.jit
def topk_softmax_kernel(
    logits_ptr, weights_ptr, ids_ptr, n_tokens, n_experts, K: tl.constexpr,
    RENORMALIZE: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_E: tl.constexpr,
):  # fmt: skip
    """The K largest softmax weights of each token, by K rounds of argmax."""
    tokens = tl.program_id(0) * BLOCK_T + tl.arange(0, BLOCK_T)
    experts = tl.arange(0, BLOCK_E)
    mask = (tokens < n_tokens)[:, None] & (experts < n_experts)[None, :]
    x = tl.load(
        logits_ptr + tokens[:, None] * n_experts + experts, mask=mask, other=-float("inf")
    ).to(tl.float32)
    x = tl.where((tokens < n_tokens)[:, None], x, tl.where(experts == 0, 0.0, -float("inf")))
    p = tl.softmax(x, dim=1, keep_dims=True)
    chosen_sum = tl.zeros((BLOCK_T,), tl.float32)
    left = p
    for i in tl.static_range(K):
        value, index = tl.max(left, axis=1, return_indices=True)
        chosen_sum += value
        left = tl.where(experts[None, :] == index[:, None], -1.0, left)
        tl.store(ids_ptr + tokens * K + i, index, mask=tokens < n_tokens)
        tl.store(weights_ptr + tokens * K + i, value, mask=tokens < n_tokens)
    if RENORMALIZE:
        tl.debug_barrier()
        for i in tl.static_range(K):
            value = tl.load(weights_ptr + tokens * K + i, mask=tokens < n_tokens)
            tl.store(weights_ptr + tokens * K + i, value / chosen_sum, mask=tokens < n_tokens)


@triton.jit
def expert_count_kernel(ids_ptr, counts_ptr, n, BINS: tl.constexpr, BLOCK: tl.constexpr):
    """How many assignments each expert has, by histograms that are added atomically."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    ids = tl.load(ids_ptr + at, mask=at < n, other=0)
    counts = tl.histogram(ids, BINS, mask=at < n)
    tl.atomic_add(counts_ptr + tl.arange(0, BINS), counts, sem="relaxed")


@triton.jit
def align_blocks_kernel(
    counts_ptr, offsets_ptr, expert_of_block_ptr, total_ptr,
    n_experts, BLOCK_SIZE: tl.constexpr, BINS: tl.constexpr,
):  # fmt: skip
    """Where each expert's rows begin if its share is padded to whole blocks."""
    experts = tl.arange(0, BINS)
    counts = tl.load(counts_ptr + experts, mask=experts < n_experts, other=0)
    padded = tl.cdiv(counts, BLOCK_SIZE) * BLOCK_SIZE
    ends = tl.cumsum(padded, axis=0)
    tl.store(offsets_ptr + experts, ends - padded, mask=experts < n_experts)
    tl.store(total_ptr, tl.sum(padded))
    first = (ends - padded) // BLOCK_SIZE
    most = tl.max(padded) // BLOCK_SIZE
    for i in range(most):
        inside = i < padded // BLOCK_SIZE
        tl.store(expert_of_block_ptr + first + i, experts, mask=inside & (experts < n_experts))


@triton.jit
def sort_by_expert_kernel(ids_ptr, cursor_ptr, sorted_ptr, n, BLOCK: tl.constexpr):
    """Each assignment takes the next free row of its expert."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    expert = tl.load(ids_ptr + at, mask=at < n, other=0)
    row = tl.atomic_add(cursor_ptr + expert, 1, mask=at < n)
    tl.store(sorted_ptr + row, at, mask=at < n)


@triton.jit
def permute_kernel(
    x_ptr, out_ptr, sorted_ptr, n_assigned, n_cols, TOP_K: tl.constexpr, BLOCK: tl.constexpr
):
    """Rows of tokens in the experts' order; padding rows become 0."""
    row = tl.program_id(0).to(tl.int64)
    source = tl.load(sorted_ptr + row)
    cols = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    mask = cols < n_cols
    valid = source < n_assigned
    x = tl.load(x_ptr + (source // TOP_K) * n_cols + cols, mask=mask & valid, other=0.0)
    tl.store(out_ptr + row * n_cols + cols, x, mask=mask)


@triton.jit
def unpermute_kernel(
    y_ptr, weights_ptr, row_of_ptr, out_ptr, n_cols, TOP_K: tl.constexpr, BLOCK: tl.constexpr
):
    """out[t] = sum over the token's experts of weight * y[row of the assignment]."""
    token = tl.program_id(0).to(tl.int64)
    cols = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    total = tl.zeros((BLOCK,), tl.float32)
    for k in tl.static_range(TOP_K):
        row = tl.load(row_of_ptr + token * TOP_K + k)
        weight = tl.load(weights_ptr + token * TOP_K + k)
        total += weight * tl.load(y_ptr + row * n_cols + cols, mask=cols < n_cols, other=0.0)
    tl.store(out_ptr + token * n_cols + cols, total, mask=cols < n_cols)


@triton.jit
def fused_moe_kernel(
    a_ptr, b_ptr, c_ptr, topk_weights_ptr, sorted_ptr, experts_ptr, total_ptr,
    N, K, num_valid, stride_am, stride_be, stride_bn, stride_cm,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
    MUL_ROUTED_WEIGHT: tl.constexpr, top_k: tl.constexpr, compute_type: tl.constexpr,
):  # fmt: skip
    """c[assignment] = a[token] @ b[expert].T, blocks of rows of one expert each."""
    pid = tl.program_id(axis=0)
    total = tl.load(total_ptr)
    num_pid_m = tl.cdiv(total, BLOCK_M)
    num_pid_n = tl.cdiv(N, BLOCK_N)
    if pid >= num_pid_m * num_pid_n:
        return
    num_pid_in_group = GROUP_M * num_pid_n
    group_id = pid // num_pid_in_group
    first_pid_m = group_id * GROUP_M
    group_size_m = min(num_pid_m - first_pid_m, GROUP_M)
    pid_m = first_pid_m + ((pid % num_pid_in_group) % group_size_m)
    pid_n = (pid % num_pid_in_group) // group_size_m
    offs_token = tl.load(sorted_ptr + pid_m * BLOCK_M + tl.arange(0, BLOCK_M)).to(tl.int64)
    token_mask = offs_token < num_valid
    expert = tl.load(experts_ptr + pid_m).to(tl.int64)
    offs_bn = (pid_n * BLOCK_N + tl.arange(0, BLOCK_N).to(tl.int64)) % N
    offs_k = tl.arange(0, BLOCK_K)
    a_ptrs = a_ptr + (offs_token[:, None] // top_k * stride_am + offs_k[None, :])
    b_ptrs = b_ptr + expert * stride_be + (offs_k[:, None] + offs_bn[None, :] * stride_bn)
    accumulator = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for k in range(tl.cdiv(K, BLOCK_K)):
        a_mask = token_mask[:, None] & (offs_k[None, :] < K - k * BLOCK_K)
        a = tl.load(a_ptrs, mask=a_mask, other=0.0)
        b = tl.load(b_ptrs, mask=offs_k[:, None] < K - k * BLOCK_K, other=0.0)
        accumulator = tl.dot(a, b, acc=accumulator)
        a_ptrs += BLOCK_K
        b_ptrs += BLOCK_K
    if MUL_ROUTED_WEIGHT:
        weight = tl.load(topk_weights_ptr + offs_token, mask=token_mask, other=0)
        accumulator = accumulator * weight[:, None]
    accumulator = accumulator.to(compute_type)
    offs_cn = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    c_ptrs = c_ptr + stride_cm * offs_token[:, None] + offs_cn[None, :]
    tl.store(c_ptrs, accumulator, mask=token_mask[:, None] & (offs_cn[None, :] < N))


@triton.jit
def grouped_gemm_kernel(
    base_ptr, places_ptr, sizes_ptr, group_count, DTYPE: tl.constexpr, NUM_PROGRAMS: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Products of several sizes; where A, B and C of each begin, in bytes, lies in memory."""
    tile_idx = tl.program_id(0)
    base = base_ptr.to(tl.int64)
    last_problem_end = 0
    for g in range(group_count):
        gm = tl.load(sizes_ptr + g * 3)
        gn = tl.load(sizes_ptr + g * 3 + 1)
        gk = tl.load(sizes_ptr + g * 3 + 2)
        num_n_tiles = tl.cdiv(gn, BLOCK_N)
        num_tiles = tl.cdiv(gm, BLOCK_M) * num_n_tiles
        while tile_idx >= last_problem_end and tile_idx < last_problem_end + num_tiles:
            a_ptr = (base + tl.load(places_ptr + g * 3)).to(tl.pointer_type(DTYPE))
            b_ptr = (base + tl.load(places_ptr + g * 3 + 1)).to(tl.pointer_type(DTYPE))
            c_ptr = (base + tl.load(places_ptr + g * 3 + 2)).to(tl.pointer_type(DTYPE))
            tile = tile_idx - last_problem_end
            offs_m = (tile // num_n_tiles) * BLOCK_M + tl.arange(0, BLOCK_M)
            offs_n = (tile % num_n_tiles) * BLOCK_N + tl.arange(0, BLOCK_N)
            offs_k = tl.arange(0, BLOCK_K)
            acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
            for kk in range(0, gk, BLOCK_K):
                k = kk + offs_k
                a_mask = (offs_m[:, None] < gm) & (k[None, :] < gk)
                b_mask = (k[:, None] < gk) & (offs_n[None, :] < gn)
                a = tl.load(a_ptr + offs_m[:, None] * gk + k[None, :], mask=a_mask, other=0.0)
                b = tl.load(b_ptr + k[:, None] * gn + offs_n[None, :], mask=b_mask, other=0.0)
                acc += tl.dot(a, b)
            c_mask = (offs_m[:, None] < gm) & (offs_n[None, :] < gn)
            tl.store(c_ptr + offs_m[:, None] * gn + offs_n[None, :], acc.to(DTYPE), mask=c_mask)
            tile_idx += NUM_PROGRAMS
        last_problem_end = last_problem_end + num_tiles


def topk_softmax(logits, k, renormalize):
    tokens, experts = logits.shape
    weights, ids = np.empty((tokens, k), np.float32), np.empty((tokens, k), np.int32)
    topk_softmax_kernel[(triton.cdiv(tokens, 4),)](
        logits, weights, ids, tokens, experts, K=k, RENORMALIZE=renormalize, BLOCK_T=4,
        BLOCK_E=triton.next_power_of_2(experts), num_warps=1,
    )  # fmt: skip
    return weights, ids


def align(ids, experts, block):
    """(rows by expert, the expert of each block, number of rows); padding points past ids."""
    n, bins = ids.size, max(2, triton.next_power_of_2(experts))
    counts, offsets = np.zeros(bins, np.int32), np.zeros(experts, np.int32)
    total = np.zeros(1, np.int32)
    most = triton.cdiv(n + experts * (block - 1), block)
    expert_of_block = np.full(most, -1, np.int32)
    rows = np.full(most * block, n, np.int32)
    grid = (triton.cdiv(n, 32),)
    expert_count_kernel[grid](ids, counts, n, BINS=bins, BLOCK=32, num_warps=1)
    align_blocks_kernel[(1,)](
        counts, offsets, expert_of_block, total, experts, BLOCK_SIZE=block, BINS=bins, num_warps=1
    )
    sort_by_expert_kernel[grid](ids, offsets, rows, n, BLOCK=32, num_warps=1)
    return rows, expert_of_block, total


def fused_moe(a, b, weights, rows, experts, total, top_k, triton_type, routed=True):
    """a [T, K], b [E, N, K] -> [T * top_k, N]."""
    n, k = b.shape[1:]
    c = np.zeros((len(a) * top_k, n), a.dtype)
    grid = lambda META: (triton.cdiv(len(rows), META["BLOCK_M"]) * triton.cdiv(n, META["BLOCK_N"]),)  # noqa: E731, E501
    fused_moe_kernel[grid](
        a, b, c, weights, rows, experts, total, n, k, len(a) * top_k,
        strides(a)[0], *strides(b)[:2], strides(c)[0], BLOCK_M=16, BLOCK_N=16, BLOCK_K=16,
        GROUP_M=2, MUL_ROUTED_WEIGHT=routed, top_k=top_k, compute_type=triton_type, num_warps=1,
    )  # fmt: skip
    return c


def grouped_gemm(problems, triton_type, programs):
    """Products of pairs of matrices whose sizes differ, by one launch."""
    dtype = problems[0][0].dtype
    sizes = [(a.shape[0], b.shape[1], a.shape[1]) for a, b in problems]
    parts = [p for a, b in problems for p in (a, b, np.zeros((len(a), b.shape[1]), dtype))]
    places = np.cumsum([0, *(p.nbytes for p in parts)]).astype(np.int64)
    memory = np.concatenate([p.ravel() for p in parts])
    grouped_gemm_kernel[(programs,)](
        memory, places[:-1].copy(), np.array(sizes, np.int32), len(problems), DTYPE=triton_type,
        NUM_PROGRAMS=programs, BLOCK_M=16, BLOCK_N=16, BLOCK_K=16, num_warps=1,
    )  # fmt: skip
    ends = places[1:] // dtype.itemsize
    return [
        memory[ends[3 * i + 1] : ends[3 * i + 2]].reshape(m, n) for i, (m, n, _) in enumerate(sizes)
    ]


def permute(x, rows, top_k):
    out = np.empty((len(rows), x.shape[1]), x.dtype)
    grid = (len(rows), triton.cdiv(x.shape[1], 32))
    permute_kernel[grid](
        x, out, rows, len(x) * top_k, x.shape[1], TOP_K=top_k, BLOCK=32, num_warps=1
    )
    return out


def unpermute(y, weights, row_of, top_k):
    tokens, cols = len(weights) // top_k, y.shape[1]
    out = np.empty((tokens, cols), y.dtype)
    unpermute_kernel[(tokens, triton.cdiv(cols, 32))](
        y, weights, row_of, out, cols, TOP_K=top_k, BLOCK=32, num_warps=1
    )
    return out


def softmax_reference(x):
    e = np.exp(wide(x) - wide(x).max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
