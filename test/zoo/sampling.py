"""Sampling from logits, sorting and counting."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides


@triton.jit
def argmax_kernel(x_ptr, out_ptr, value_ptr, n_cols, BLOCK: tl.constexpr):
    """Index and value of the largest of a row, the first of equals, block after block."""
    row = tl.program_id(0)
    best = -float("inf")
    best_at = 0
    for i in range(0, n_cols, BLOCK):
        cols = i + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + row * n_cols + cols, mask=cols < n_cols, other=-float("inf"))
        value, at = tl.max(x.to(tl.float32), axis=0, return_indices=True)
        better = value > best
        best_at = tl.where(better, i + at, best_at)
        best = tl.where(better, value, best)
    tl.store(out_ptr + row, best_at.to(tl.int64))
    tl.store(value_ptr + row, best)


@triton.jit
def gumbel_sample_kernel(
    logits_ptr, temperatures_ptr, seeds_ptr, out_ptr, stride, vocab, BLOCK: tl.constexpr,
):  # fmt: skip
    """A token of softmax(logits / temperature) by the Gumbel trick; greedy at temperature 0."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK)
    mask = cols < vocab
    logits = tl.load(logits_ptr + row * stride + cols, mask=mask, other=float("-inf"))
    logits = logits.to(tl.float32)
    temperature = tl.load(temperatures_ptr + row)
    if temperature != 0.0:
        seed = tl.load(seeds_ptr + row)
        u = tl.maximum(tl.rand(seed, cols), 1e-7)
        logits = logits / temperature - tl.log(-tl.log(u))
    tl.store(out_ptr + row, tl.argmax(tl.where(mask, logits, float("-inf")), axis=0))


@triton.jit
def penalties_kernel(
    logits_ptr, tokens_ptr, counts_ptr, repetition_ptr, frequency_ptr, presence_ptr,
    n_tokens, stride, BLOCK: tl.constexpr,
):  # fmt: skip
    """Logits of tokens that occurred are divided or multiplied, and lowered by how often."""
    row = tl.program_id(0)
    at = tl.arange(0, BLOCK)
    mask = at < n_tokens
    token = tl.load(tokens_ptr + row * n_tokens + at, mask=mask, other=0)
    count = tl.load(counts_ptr + row * n_tokens + at, mask=mask, other=0)
    ptrs = logits_ptr + row * stride + token
    logit = tl.load(ptrs, mask=mask, other=0.0).to(tl.float32)
    repetition = tl.load(repetition_ptr + row)
    logit = tl.where(logit > 0, logit / repetition, logit * repetition)
    logit -= count * tl.load(frequency_ptr + row) + tl.where(count > 0, 1.0, 0.0) * tl.load(
        presence_ptr + row
    )
    tl.store(ptrs, logit.to(logits_ptr.dtype.element_ty), mask=mask)


@triton.jit
def pack_key(x, index):
    """One uint64 that orders as x does, and by smaller index among equals."""
    bits = x.to(tl.float32).to(tl.uint32, bitcast=True)
    ordered = tl.where(bits >> 31 != 0, ~bits, bits | 0x80000000)
    return (ordered.to(tl.uint64) << 32) | (0xFFFFFFFF - index.to(tl.uint64))


@triton.jit
def topk_kernel(
    x_ptr, values_ptr, indices_ptr, stride, n_cols, K: tl.constexpr, BLOCK: tl.constexpr
):
    """The K largest of a row with their indices, in one sort of packed keys."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK)
    mask = cols < n_cols
    x = tl.load(x_ptr + row * stride + cols, mask=mask, other=float("-inf"))
    keys = tl.where(mask, pack_key(x, cols), 0)
    best = tl.topk(keys, K)
    index = (0xFFFFFFFF - (best & 0xFFFFFFFF)).to(tl.int32)
    ordered = (best >> 32).to(tl.uint32)
    bits = tl.where(ordered >> 31 != 0, ordered ^ 0x80000000, ~ordered)
    out = tl.arange(0, K)
    tl.store(indices_ptr + row * K + out, index)
    tl.store(values_ptr + row * K + out, bits.to(tl.float32, bitcast=True))


@triton.jit
def top_p_mask_kernel(logits_ptr, out_ptr, p_ptr, stride, n_cols, BLOCK: tl.constexpr):
    """-inf for all but the smallest set of largest logits whose probability reaches p."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK)
    mask = cols < n_cols
    x = tl.load(logits_ptr + row * stride + cols, mask=mask, other=-float("inf")).to(tl.float32)
    probability = tl.softmax(x)
    descending = tl.sort(probability, descending=True)
    before = tl.cumsum(descending, 0) - descending
    kept = tl.where(before < tl.load(p_ptr + row), descending, float("inf"))
    threshold = tl.min(kept, axis=0)
    tl.store(
        out_ptr + row * stride + cols, tl.where(probability >= threshold, x, -float("inf")), mask
    )


@triton.jit
def histogram_kernel(x_ptr, out_ptr, n, low, high, BINS: tl.constexpr, BLOCK: tl.constexpr):
    """Counts of numbers in equal bins; what lies outside is not counted."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + at, mask=at < n, other=0.0)
    inside = (at < n) & (x >= low) & (x < high)
    bin_of = ((x - low) / (high - low) * BINS).to(tl.int32)
    bin_of = tl.minimum(tl.maximum(bin_of, 0), BINS - 1)
    counts = tl.histogram(tl.where(inside, bin_of, 0), BINS, mask=inside)
    tl.atomic_add(out_ptr + tl.arange(0, BINS), counts)


@triton.jit
def compare_and_swap(x, ids, flip, i: tl.constexpr, n_dims: tl.constexpr):
    """Exchanges partners at distance 2^(n_dims - 1 - i) that are in the wrong order."""
    n_outer: tl.constexpr = x.numel >> n_dims
    shape: tl.constexpr = [n_outer * 2**i, 2, 2 ** (n_dims - i - 1)]
    int_type = tl.core.get_int_dtype(bitwidth=x.dtype.primitive_bitwidth, signed=True)
    bits = x.to(int_type, bitcast=True)
    y = tl.reshape(bits, shape)
    second = tl.arange(0, 2)[None, :, None]
    left = tl.broadcast_to(tl.sum(y * (1 - second), 1)[:, None, :], shape)
    right = tl.broadcast_to(tl.sum(y * second, 1)[:, None, :], shape)
    left, right = tl.reshape(left, x.shape), tl.reshape(right, x.shape)
    y_id = tl.reshape(ids, shape)
    left_id = tl.broadcast_to(tl.sum(y_id * (1 - second), 1)[:, None, :], shape)
    right_id = tl.broadcast_to(tl.sum(y_id * second, 1)[:, None, :], shape)
    left_id, right_id = tl.reshape(left_id, x.shape), tl.reshape(right_id, x.shape)
    larger = left.to(x.dtype, bitcast=True) > right.to(x.dtype, bitcast=True)
    swap = (larger != flip).to(tl.int1)
    new = bits ^ tl.where(swap, left ^ right, tl.zeros_like(bits))
    new_ids = ids ^ tl.where(swap, left_id ^ right_id, tl.zeros_like(ids))
    return new.to(x.dtype, bitcast=True), new_ids


@triton.jit
def bitonic_stage(x, ids, stage: tl.constexpr, n_dims: tl.constexpr, DESCENDING: tl.constexpr):
    """Makes runs of 2^stage elements in alternating order, the last stage in the order asked."""
    if stage < n_dims:
        shape: tl.constexpr = [x.numel // 2 ** (stage + 1), 2, 2**stage]
        direction = tl.broadcast_to(tl.arange(0, 2)[None, :, None], shape)
        flip = (tl.reshape(direction, x.shape) != 0) ^ DESCENDING
    else:
        flip = tl.full(x.shape, DESCENDING, tl.int1)
    for i in tl.static_range(stage):
        x, ids = compare_and_swap(x, ids, flip, i + (n_dims - stage), n_dims)
    return x, ids


@triton.jit
def argsort_kernel(
    x_ptr, ids_ptr, out_ptr, n_cols, BLOCK: tl.constexpr, LOG: tl.constexpr,
    DESCENDING: tl.constexpr,
):  # fmt: skip
    """Bitonic sort of rows together with the indices."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK)
    filler = -float("inf") if DESCENDING else float("inf")
    x = tl.load(x_ptr + row * n_cols + cols, mask=cols < n_cols, other=filler)
    ids = cols
    for stage in tl.static_range(1, LOG + 1):
        x, ids = bitonic_stage(x, ids, stage, LOG, DESCENDING)
    tl.store(out_ptr + row * n_cols + cols, x, mask=cols < n_cols)
    tl.store(ids_ptr + row * n_cols + cols, ids, mask=cols < n_cols)


@triton.jit
def init_kernel(
    out_ptr, n, seed, a, b, NORMAL: tl.constexpr, TRUNCATE: tl.constexpr, BLOCK: tl.constexpr
):
    """Uniform in [a, b), or normal of mean a and deviation b, cut at two deviations if asked."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if NORMAL:
        value = tl.randn(seed, at)
        if TRUNCATE:
            value = tl.clamp(value, -2.0, 2.0)
        value = value * b + a
    else:
        value = tl.rand(seed, at) * (b - a) + a
    tl.store(out_ptr + at, value, mask=at < n)


@triton.jit
def randint_kernel(out_ptr, n, seed, low, span, BLOCK: tl.constexpr):
    """Four integers in [low, low + span) from each call."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    numbers = tl.randint4x(seed, at)
    for j in tl.static_range(4):
        value = numbers[j].to(tl.uint32, bitcast=True) % span.to(tl.uint32)
        tl.store(out_ptr + at * 4 + j, low + value.to(tl.int32), mask=at * 4 + j < n)


def argmax(x):
    at, value = np.empty(len(x), np.int64), np.empty(len(x), np.float32)
    argmax_kernel[(len(x),)](x, at, value, x.shape[1], BLOCK=32, num_warps=1)
    return at, value


def gumbel_sample(logits, temperatures, seeds):
    out = np.empty(len(logits), np.int32)
    gumbel_sample_kernel[(len(logits),)](
        logits, temperatures, seeds, out, strides(logits)[0], logits.shape[1],
        BLOCK=triton.next_power_of_2(logits.shape[1]), num_warps=1,
    )  # fmt: skip
    return out


def penalties(logits, tokens, counts, repetition, frequency, presence):
    penalties_kernel[(len(logits),)](
        logits, tokens, counts, repetition, frequency, presence, tokens.shape[1],
        strides(logits)[0], BLOCK=triton.next_power_of_2(tokens.shape[1]), num_warps=1,
    )  # fmt: skip


def topk(x, k):
    values, indices = np.empty((len(x), k), np.float32), np.empty((len(x), k), np.int32)
    topk_kernel[(len(x),)](
        x, values, indices, strides(x)[0], x.shape[1], K=k,
        BLOCK=max(k, triton.next_power_of_2(x.shape[1])), num_warps=1,
    )  # fmt: skip
    return values, indices


def top_p_mask(logits, p):
    out = np.empty(logits.shape, np.float32)
    top_p_mask_kernel[(len(logits),)](
        logits, out, p, strides(logits)[0], logits.shape[1],
        BLOCK=triton.next_power_of_2(logits.shape[1]), num_warps=1,
    )  # fmt: skip
    return out


def histogram(x, bins, low, high):
    out = np.zeros(bins, np.int32)
    histogram_kernel[(triton.cdiv(x.size, 64),)](
        x, out, x.size, low, high, BINS=bins, BLOCK=64, num_warps=2
    )
    return out


def argsort(x, descending):
    ids, out = np.empty(x.shape, np.int32), np.empty_like(x)
    block = max(2, triton.next_power_of_2(x.shape[1]))
    argsort_kernel[(len(x),)](
        x, ids, out, x.shape[1], BLOCK=block, LOG=block.bit_length() - 1,
        DESCENDING=descending, num_warps=1,
    )  # fmt: skip
    return out, ids


def init(n, dtype, seed, a, b, normal, truncate=False):
    out = np.empty(n, dtype)
    init_kernel[(triton.cdiv(n, 64),)](
        out, n, seed, a, b, NORMAL=normal, TRUNCATE=truncate, BLOCK=64, num_warps=1
    )
    return out


def randint(n, seed, low, span):
    out = np.empty(n, np.int32)
    randint_kernel[(triton.cdiv(n, 128),)](out, n, seed, low, span, BLOCK=32, num_warps=1)
    return out
