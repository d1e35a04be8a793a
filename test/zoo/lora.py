"""Low-rank adapters: each token, or each segment of tokens, has an adapter of its own."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide


@triton.jit
def bgmv_shrink_kernel(
    x_ptr, a_ptr, out_ptr, N, K, indices_ptr, scaling, xm_stride, l_stride, n_stride, cm_stride,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, SPLIT_K: tl.constexpr,
):  # fmt: skip
    """out[t] += scaling * A[index of t] @ x[t]: a vector each, K split over programs."""
    split = tl.program_id(axis=0)
    token = tl.program_id(axis=1)
    index = tl.load(indices_ptr + token)
    if index == -1:
        return
    offset_n = tl.arange(0, BLOCK_N)
    offset_k = tl.arange(0, BLOCK_K) + split * BLOCK_K
    x_ptrs = x_ptr + token * xm_stride
    a_ptrs = a_ptr + l_stride * index
    accumulator = tl.zeros((BLOCK_N,), dtype=tl.float32)
    for k in range(0, K, BLOCK_K * SPLIT_K):
        at = k + offset_k
        x = tl.load(x_ptrs + at, mask=at < K, other=0.0)
        mask = (offset_n[:, None] < N) & (at[None, :] < K)
        a = tl.load(a_ptrs + offset_n[:, None] * n_stride + at[None, :], mask=mask, other=0.0)
        accumulator += tl.sum(x[None, :].to(tl.float32) * a, 1)
    accumulator *= scaling
    c_ptrs = out_ptr + token * cm_stride + offset_n
    if SPLIT_K == 1:
        tl.store(c_ptrs, accumulator, mask=offset_n < N)
    else:
        tl.atomic_add(c_ptrs, accumulator, mask=offset_n < N)


@triton.jit
def sgmv_expand_kernel(
    x_ptr, b_ptr, out_ptr, starts_ptr, lengths_ptr, indices_ptr, N, K,
    xm_stride, l_stride, n_stride, cm_stride, slice_offset,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    ADD_INPUTS: tl.constexpr, CAST_TYPE: tl.constexpr,
):  # fmt: skip
    """out[segment] (+)= x[segment] @ B[adapter of the segment].T, in a slice of the columns."""
    pid = tl.program_id(axis=0)
    segment = tl.program_id(axis=1)
    blocks_n = tl.cdiv(N, BLOCK_N)
    pid_m, pid_n = pid // blocks_n, pid % blocks_n
    length = tl.load(lengths_ptr + segment)
    index = tl.load(indices_ptr + segment)
    if (pid_m * BLOCK_M >= length) | (index == -1):
        return
    start = tl.load(starts_ptr + segment)
    offset_m = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offset_n = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    offset_k = tl.arange(0, BLOCK_K)
    rows = tl.max_contiguous(tl.multiple_of(offset_m % length, BLOCK_M), BLOCK_M) * 0 + (
        offset_m % length
    )
    x_ptrs = x_ptr + (start + rows)[:, None] * xm_stride + offset_k[None, :]
    cols = offset_n % N
    b_ptrs = b_ptr + index * l_stride + cols[None, :] * n_stride + offset_k[:, None]
    accumulator = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for k in range(tl.cdiv(K, BLOCK_K)):
        left = K - k * BLOCK_K
        x = tl.load(x_ptrs, mask=offset_k[None, :] < left, other=0)
        b = tl.load(b_ptrs, mask=offset_k[:, None] < left, other=0)
        if CAST_TYPE:
            x = x.to(b_ptr.dtype.element_ty)
        accumulator += tl.dot(x, b, input_precision="ieee")
        x_ptrs += BLOCK_K
        b_ptrs += BLOCK_K
    result = accumulator.to(out_ptr.dtype.element_ty)
    c_ptrs = out_ptr + (start + offset_m)[:, None] * cm_stride + (slice_offset + offset_n)[None, :]
    mask = (offset_m < length)[:, None] & (offset_n < N)[None, :]
    if ADD_INPUTS:
        result += tl.load(c_ptrs, mask=mask)
    tl.store(c_ptrs, result, mask=mask)


def shrink(x, a, indices, scaling, splits):
    """x [T, K], a [L, R, K] -> [T, R] in float32; index -1 leaves a token out."""
    out = np.zeros((len(x), a.shape[1]), np.float32)
    bgmv_shrink_kernel[(splits, len(x))](
        x, a, out, a.shape[1], a.shape[2], indices, scaling,
        strides(x)[0], *strides(a)[:2], strides(out)[0],
        BLOCK_N=triton.next_power_of_2(a.shape[1]), BLOCK_K=32, SPLIT_K=splits, num_warps=1,
    )  # fmt: skip
    return out


def shrink_reference(x, a, indices, scaling):
    want = np.einsum("trk,tk->tr", wide(a)[indices], wide(x)) * scaling
    size = np.einsum("trk,tk->tr", np.abs(wide(a))[indices], np.abs(wide(x))) * abs(scaling)
    used = (indices >= 0)[:, None]
    return want * used, size * used


def expand(x, b, out, starts, lengths, indices, offset=0, add=True):
    """x [T, R], b [L, N, R] into columns offset to offset + N of out [T, ...]."""
    n, k = b.shape[1:]
    grid = (triton.cdiv(int(lengths.max()), 16) * triton.cdiv(n, 32), len(starts))
    sgmv_expand_kernel[grid](
        x, b, out, starts, lengths, indices, n, k,
        strides(x)[0], *strides(b)[:2], strides(out)[0], offset, BLOCK_M=16, BLOCK_N=32,
        BLOCK_K=16, ADD_INPUTS=add, CAST_TYPE=x.dtype != b.dtype, num_warps=1,
    )  # fmt: skip
