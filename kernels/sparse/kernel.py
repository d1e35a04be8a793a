"""The kernel of products with a 2:4 sparse matrix."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
from cosmati.kernels.gemm.kernel import output_block


@cosmati.jit
def sparse_kernel(
    a_ptr, e_ptr, b_ptr, c_ptr, M, N, K, K_WORDS,
    stride_am, stride_ak, stride_em, stride_ek, stride_bk, stride_bn, stride_cm, stride_cn,
    ACC: tl.constexpr, WORD: tl.constexpr, WIDE: tl.constexpr,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
):  # fmt: skip
    """C = A @ B; one program makes one BLOCK_M x BLOCK_N block of C.

    ``a_ptr`` and ``e_ptr`` are values and metadata of A (``form.py``), whose columns beyond K are
    zero up to the K_WORDS words, each of WORD columns, that a row of the metadata has. Masks guard
    every edge. K_WORDS is an argument so that the compiler knows whether rows keep their alignment.
    """
    rows, cols = output_block(M, N, BLOCK_M, BLOCK_N, GROUP_M)
    ks = tl.arange(0, BLOCK_K)
    stored = tl.arange(0, BLOCK_K // 2)
    words = tl.arange(0, BLOCK_K // WORD)
    in_rows = rows < M
    in_cols = cols < N
    if WIDE:
        rows = rows.to(tl.int64)
        cols = cols.to(tl.int64)
        ks = ks.to(tl.int64)
        stored = stored.to(tl.int64)
        words = words.to(tl.int64)
    a_ptrs = a_ptr + rows[:, None] * stride_am + stored[None, :] * stride_ak
    e_ptrs = e_ptr + rows[:, None] * stride_em + words[None, :] * stride_ek
    b_ptrs = b_ptr + ks[:, None] * stride_bk + cols[None, :] * stride_bn
    acc = tl.zeros((BLOCK_M, BLOCK_N), ACC)
    for k in range(0, K, BLOCK_K):
        left = K_WORDS - k // WORD
        in_stored = stored < left * (WORD // 2)
        a = tl.load(a_ptrs, mask=in_rows[:, None] & in_stored[None, :], other=0.0)
        e = tl.load(e_ptrs, mask=in_rows[:, None] & (words < left)[None, :], other=0)
        # No code is 0. Where there is no matrix, another one: the first two of four.
        e = tl.where(e == 0, 0x4444, e)
        b = tl.load(b_ptrs, mask=(ks < K - k)[:, None] & in_cols[None, :], other=0.0)
        acc = tl.dot_sparse(a, e, b, acc)
        a_ptrs += BLOCK_K // 2 * stride_ak
        e_ptrs += BLOCK_K // WORD * stride_ek
        b_ptrs += BLOCK_K * stride_bk
    c_ptrs = c_ptr + rows[:, None] * stride_cm + cols[None, :] * stride_cn
    tl.store(c_ptrs, acc, mask=in_rows[:, None] & in_cols[None, :])
