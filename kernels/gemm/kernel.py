"""The matrix product's kernel."""

from __future__ import annotations

import cosmati
import cosmati.language as tl


@cosmati.jit
def _grouped_order(pid, blocks_m, blocks_n, GROUP_M: tl.constexpr):
    """Which block of C a program makes.

    Programs that run at the same time make GROUP_M rows of blocks, column by column, so that they
    read the same rows of A and columns of B from the cache.
    """
    per_group = GROUP_M * blocks_n
    first = pid // per_group * GROUP_M
    rows = min(blocks_m - first, GROUP_M)
    within = pid % per_group
    return first + within % rows, within // rows


@cosmati.jit
def output_block(
    M, N, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, GROUP_M: tl.constexpr
):  # fmt: skip
    """Rows and columns, [BLOCK_M] and [BLOCK_N], of the block of C (M x N) that a program makes."""
    block_m, block_n = _grouped_order(
        tl.program_id(0), tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N), GROUP_M
    )
    rows = block_m * BLOCK_M + tl.arange(0, BLOCK_M)
    cols = block_n * BLOCK_N + tl.arange(0, BLOCK_N)
    return rows, cols


@cosmati.jit
def gemm_kernel(
    a_ptr, b_ptr, c_ptr, bias_ptr, M, N, K,
    stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn, stride_bias,
    ACC: tl.constexpr, ACTIVATION: tl.constexpr, PRECISION: tl.constexpr, WIDE: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    """C = ACTIVATION(A @ B + bias); one program makes one BLOCK_M x BLOCK_N block of C.

    ACC is the accumulator's type, ACTIVATION a jit function of the accumulator or None, WIDE tells
    that offsets need 64 bits. Masks guard every edge, so that extents and strides are free.
    """
    rows, cols = output_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    ks = tl.arange(0, BLOCK_K)
    in_rows = rows < M
    in_cols = cols < N
    if WIDE:
        rows = rows.to(tl.int64)
        cols = cols.to(tl.int64)
        ks = ks.to(tl.int64)
    a_ptrs = a_ptr + rows[:, None] * stride_am + ks[None, :] * stride_ak
    b_ptrs = b_ptr + ks[:, None] * stride_bk + cols[None, :] * stride_bn
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for k in range(0, K, BLOCK_K):
        in_k = ks < K - k
        a = tl.load(a_ptrs, mask=in_rows[:, None] & in_k[None, :], other=0.0)
        b = tl.load(b_ptrs, mask=in_k[:, None] & in_cols[None, :], other=0.0)
        acc = tl.dot(a, b, acc, input_precision=PRECISION, out_dtype=ACC)
        a_ptrs += BLOCK_K * stride_ak
        b_ptrs += BLOCK_K * stride_bk
    if bias_ptr is not None:
        bias = tl.load(bias_ptr + cols * stride_bias, mask=in_cols, other=0.0)
        acc += bias.to(ACC)[None, :]
    if ACTIVATION is not None:
        acc = ACTIVATION(acc)
    c_ptrs = c_ptr + rows[:, None] * stride_cm + cols[None, :] * stride_cn
    tl.store(c_ptrs, acc, mask=in_rows[:, None] & in_cols[None, :])
