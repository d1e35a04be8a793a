"""Embeddings and indexing: gathering rows, adding gradients to them, selecting along dimensions."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides


@triton.jit
def embedding_forward_kernel(
    table_ptr, indices_ptr, output_ptr, n_elements, dim: tl.constexpr, padding_idx,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Rows of the table; the padding index gives zeros."""
    pid_m, pid_n = tl.program_id(0), tl.program_id(1)
    rows = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    row_mask = rows < n_elements
    indices = tl.load(indices_ptr + rows, mask=row_mask, other=0)
    cols = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    kept = row_mask & (indices != padding_idx)
    values = tl.load(
        table_ptr + indices[:, None] * dim + cols[None, :],
        mask=kept[:, None] & (cols[None, :] < dim), other=0.0,
    )  # fmt: skip
    tl.store(
        output_ptr + rows[:, None] * dim + cols[None, :], values,
        mask=row_mask[:, None] & (cols[None, :] < dim),
    )  # fmt: skip


@triton.jit
def embedding_backward_kernel(
    grad_ptr, indices_ptr, out_ptr, n_elements, dim: tl.constexpr, padding_idx,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr,
):  # fmt: skip
    """Rows of the gradient are added to the rows that were read."""
    pid_m, pid_n = tl.program_id(0), tl.program_id(1)
    rows = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    cols = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    indices = tl.load(indices_ptr + rows, mask=rows < n_elements, other=padding_idx)
    mask = (indices != padding_idx)[:, None] & (cols < dim)[None, :]
    grad = tl.load(grad_ptr + rows[:, None] * dim + cols[None, :], mask=mask, other=0.0)
    tl.atomic_add(
        out_ptr + indices[:, None] * dim + cols[None, :], grad.to(tl.float32), mask=mask,
        sem="relaxed", scope="gpu",
    )  # fmt: skip


@triton.jit
def segment_sum_kernel(
    x_ptr, keys_ptr, out_ptr, n, dim, BLOCK: tl.constexpr, BLOCK_D: tl.constexpr
):
    """Sums of runs of equal sorted keys, by a segmented scan; ends of runs are added."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    cols = tl.arange(0, BLOCK_D)
    key = tl.load(keys_ptr + at, mask=at < n, other=-1)
    following = tl.load(keys_ptr + at + 1, mask=at + 1 < n, other=-1)
    mask = (at < n)[:, None] & (cols < dim)[None, :]
    x = tl.load(x_ptr + at[:, None] * dim + cols[None, :], mask=mask, other=0.0).to(tl.float32)
    keys = tl.broadcast_to(key[:, None], (BLOCK, BLOCK_D))
    sums, _ = tl.associative_scan((x, keys), 0, segment_combine)
    last = (key != following) | (tl.arange(0, BLOCK) == BLOCK - 1)
    tl.atomic_add(out_ptr + keys * dim + cols[None, :], sums, mask=mask & last[:, None])


@triton.jit
def segment_combine(x1, key1, x2, key2):
    return tl.where(key1 == key2, x1 + x2, x2), key2


@triton.jit
def index_select_kernel(
    x_ptr, out_ptr, index_ptr, outer, n_index, inner, n_dim, BLOCK: tl.constexpr
):
    """out[o, j, i] = x[o, index[j], i] with negative indices from the end."""
    at = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    mask = at < outer * n_index * inner
    i = at % inner
    j = at // inner % n_index
    o = at // (n_index * inner)
    index = tl.load(index_ptr + j, mask=mask, other=0)
    index = tl.where(index < 0, index + n_dim, index)
    tl.device_assert((index >= 0) & (index < n_dim), "index out of range", mask=mask)
    tl.store(out_ptr + at, tl.load(x_ptr + (o * n_dim + index) * inner + i, mask=mask), mask=mask)


@triton.jit
def scatter_reduce_kernel(
    src_ptr, index_ptr, out_ptr, n_rows, n_cols, out_cols, stride_src,
    REDUCE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """out[r, index[r, c]] is reduced with src[r, c] by the reduction named."""
    row = tl.program_id(0)
    for start in range(0, n_cols, BLOCK):
        cols = start + tl.arange(0, BLOCK)
        mask = cols < n_cols
        value = tl.load(src_ptr + row * stride_src + cols, mask=mask)
        to = out_ptr + row * out_cols + tl.load(index_ptr + row * n_cols + cols, mask=mask, other=0)
        if REDUCE == "sum":
            tl.atomic_add(to, value, mask=mask)
        elif REDUCE == "amax":
            tl.atomic_max(to, value, mask=mask)
        elif REDUCE == "amin":
            tl.atomic_min(to, value, mask=mask)
        else:
            tl.static_assert(False, f"no reduction {REDUCE}")


def embedding(table, indices, padding=-1):
    n, dim = indices.size, table.shape[1]
    out = np.empty((*indices.shape, dim), table.dtype)
    embedding_forward_kernel[(triton.cdiv(n, 8), triton.cdiv(dim, 32))](
        table, indices, out, n, dim, padding, BLOCK_M=8, BLOCK_N=32, num_warps=1
    )
    return out


def embedding_backward(grad, indices, rows, padding=-1):
    n, dim = indices.size, grad.shape[-1]
    out = np.zeros((rows, dim), np.float32)
    embedding_backward_kernel[(triton.cdiv(n, 8), triton.cdiv(dim, 32))](
        grad, indices, out, n, dim, padding, BLOCK_M=8, BLOCK_N=32, num_warps=1
    )
    return out


def segment_sum(x, keys, segments):
    out = np.zeros((segments, x.shape[1]), np.float32)
    segment_sum_kernel[(triton.cdiv(len(x), 16),)](
        x, keys, out, *x.shape, BLOCK=16, BLOCK_D=triton.next_power_of_2(x.shape[1]), num_warps=1
    )
    return out


def index_select(x, index, axis):
    outer, inner = int(np.prod(x.shape[:axis])), int(np.prod(x.shape[axis + 1 :]))
    out = np.empty((*x.shape[:axis], len(index), *x.shape[axis + 1 :]), x.dtype)
    if out.size:
        index_select_kernel[(triton.cdiv(out.size, 64),)](
            x, out, index, outer, len(index), inner, x.shape[axis], BLOCK=64, debug=True
        )
    return out


def scatter_reduce(out, index, src, reduce):
    scatter_reduce_kernel[(len(src),)](
        src,
        index,
        out,
        *src.shape,
        out.shape[1],
        strides(src)[0],
        REDUCE=reduce,
        BLOCK=32,
        num_warps=1,
    )
