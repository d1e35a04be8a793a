"""Quantised weights and activations: scales per token and group, 8-, 4-bit and NF4 numbers."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import triton
import triton.language as tl
from zoo_tools import strides, wide

NF4 = np.array(
    [-1.0, -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.0910500, 0.0,
     0.0795803, 0.1609302, 0.2461123, 0.3379152, 0.4407098, 0.5626170, 0.7229568, 1.0],
    np.float32,
)  # fmt: skip


@triton.jit
def round_to_int8(x):
    """Nearest, halves away from zero, as addition of half a step and truncation."""
    return (x + 0.5 * tl.where(x >= 0, 1, -1)).to(tl.int8)


@triton.jit
def quantize_per_token_kernel(
    x_ptr, xq_ptr, scale_ptr, sum_ptr, stride_x, stride_xq, N, BLOCK: tl.constexpr,
    CAL_SUM: tl.constexpr,
):  # fmt: skip
    """int8 rows whose largest number becomes 127; the rows' sums where asked for."""
    row = tl.program_id(0)
    cols = tl.arange(0, BLOCK)
    mask = cols < N
    x = tl.load(x_ptr + row * stride_x + cols, mask=mask, other=0.0).to(tl.float32)
    absmax = tl.maximum(tl.max(tl.abs(x)), 1e-10)
    scale = absmax / 127
    xq = round_to_int8(x * (127 / absmax))
    if CAL_SUM:
        tl.store(sum_ptr + row, tl.sum(x, axis=0))
    tl.store(xq_ptr + row * stride_xq + cols, xq, mask=mask)
    tl.store(scale_ptr + row, scale.to(scale_ptr.dtype.element_ty))


@triton.jit
def quantize_group_fp8_kernel(
    y_ptr, q_ptr, s_ptr, y_stride, groups_per_row, eps, fp8_min, fp8_max, s_col_stride,
    GROUP: tl.constexpr, SCALE_UE8M0: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """8-bit floats, GROUP neighbours of a row to a scale; column-major scales by s_col_stride."""
    g = tl.program_id(0)
    row = g // groups_per_row
    group = g % groups_per_row
    y_ptr += row.to(tl.int64) * y_stride + group * GROUP
    q_ptr += g.to(tl.int64) * GROUP
    cols = tl.arange(0, BLOCK)
    mask = cols < GROUP
    y = tl.load(y_ptr + cols, mask=mask, other=0.0).to(tl.float32)
    scale = tl.maximum(tl.max(tl.abs(y)), eps) / fp8_max
    if SCALE_UE8M0:
        scale = tl.math.exp2(tl.ceil(tl.log2(scale)))
    q = tl.clamp(y / scale, fp8_min, fp8_max).to(q_ptr.dtype.element_ty)
    tl.store(q_ptr + cols, q, mask=mask)
    tl.store(s_ptr + group * s_col_stride + row, scale)


@triton.jit
def matmul_w8a8_kernel(
    a_ptr, b_ptr, c_ptr, as_ptr, bs_ptr, bias_ptr, M, N, K, stride_am, stride_bn, stride_cm,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """int8 rows times int8 rows, int32 sums, a scale for each row of both; b is [N, K]."""
    pid_m = tl.program_id(0)
    pid_n = tl.program_id(1)
    offs_m = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offs_n = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    offs_k = tl.arange(0, BLOCK_K)
    acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.int32)
    for k in range(0, K, BLOCK_K):
        kk = k + offs_k
        a_mask = (offs_m < M)[:, None] & (kk < K)[None, :]
        b_mask = (kk < K)[:, None] & (offs_n < N)[None, :]
        a = tl.load(a_ptr + offs_m[:, None] * stride_am + kk[None, :], mask=a_mask, other=0)
        b = tl.load(b_ptr + offs_n[None, :] * stride_bn + kk[:, None], mask=b_mask, other=0)
        acc += tl.dot(a, b, out_dtype=tl.int32)
    a_scale = tl.load(as_ptr + offs_m, mask=offs_m < M, other=0.0)
    b_scale = tl.load(bs_ptr + offs_n, mask=offs_n < N, other=0.0)
    c = acc.to(tl.float32) * a_scale[:, None] * b_scale[None, :]
    if bias_ptr is not None:
        c += tl.load(bias_ptr + offs_n, mask=offs_n < N, other=0.0)[None, :]
    c_ptrs = c_ptr + offs_m[:, None] * stride_cm + offs_n[None, :]
    tl.store(c_ptrs, c.to(c_ptr.dtype.element_ty), mask=(offs_m < M)[:, None] & (offs_n < N))


@triton.jit
def block_fp8_matmul_kernel(
    A, B, C, As, Bs, M, N, K, group_n: tl.constexpr, group_k: tl.constexpr,
    stride_am, stride_bn, stride_cm, stride_asm, stride_ask, stride_bsk, stride_bsn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """8-bit floats with a scale for 1 x group_k of A and group_n x group_k of B [N, K]."""
    pid_m = tl.program_id(0)
    pid_n = tl.program_id(1)
    offs_am = (pid_m * BLOCK_M + tl.arange(0, BLOCK_M)) % M
    offs_bn = (pid_n * BLOCK_N + tl.arange(0, BLOCK_N)) % N
    offs_k = tl.arange(0, BLOCK_K)
    a_ptrs = A + offs_am[:, None] * stride_am + offs_k[None, :]
    b_ptrs = B + offs_bn[None, :] * stride_bn + offs_k[:, None]
    as_ptrs = As + offs_am * stride_asm
    bs_ptrs = Bs + (offs_bn // group_n) * stride_bsn
    accumulator = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for k in range(tl.cdiv(K, BLOCK_K)):
        left = K - k * BLOCK_K
        a = tl.load(a_ptrs, mask=offs_k[None, :] < left, other=0.0)
        b = tl.load(b_ptrs, mask=offs_k[:, None] < left, other=0.0)
        group = k * BLOCK_K // group_k
        a_s = tl.load(as_ptrs + group * stride_ask)
        b_s = tl.load(bs_ptrs + group * stride_bsk)
        accumulator += tl.dot(a, b) * a_s[:, None] * b_s[None, :]
        a_ptrs += BLOCK_K
        b_ptrs += BLOCK_K
    c = accumulator.to(C.dtype.element_ty)
    offs_cm = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offs_cn = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    c_ptrs = C + stride_cm * offs_cm[:, None] + offs_cn[None, :]
    tl.store(c_ptrs, c, mask=(offs_cm[:, None] < M) & (offs_cn[None, :] < N))


@triton.jit
def matmul_int4_kernel(
    a_ptr, qweight_ptr, scales_ptr, zeros_ptr, c_ptr, M, N, K, group_size,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Eight 4-bit weights along K in an int32 [K / 8, N]; zeros packed the same way along N."""
    pid_m = tl.program_id(0)
    pid_n = tl.program_id(1)
    offs_m = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offs_n = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    offs_k = tl.arange(0, BLOCK_K)
    shift = (offs_k % 8) * 4
    zero_shift = (offs_n % 8) * 4
    n_mask = offs_n < N
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for k in range(0, K, BLOCK_K):
        a_mask = (offs_m < M)[:, None] & (k + offs_k < K)[None, :]
        a = tl.load(a_ptr + offs_m[:, None] * K + k + offs_k[None, :], mask=a_mask, other=0.0)
        w_mask = (k + offs_k < K)[:, None] & n_mask[None, :]
        packed = tl.load(
            qweight_ptr + ((k + offs_k) // 8)[:, None] * N + offs_n[None, :], mask=w_mask, other=0
        )
        group = k // group_size
        scale = tl.load(scales_ptr + group * N + offs_n, mask=n_mask, other=0.0)
        zero = tl.load(zeros_ptr + group * (N // 8) + offs_n // 8, mask=n_mask, other=0)
        zero = ((zero >> zero_shift) & 0xF) + 1
        w = ((packed >> shift[:, None]) & 0xF) - zero[None, :]
        w = (w * scale[None, :]).to(a.dtype)
        acc = tl.dot(a, w, acc)
    c_ptrs = c_ptr + offs_m[:, None] * N + offs_n[None, :]
    tl.store(c_ptrs, acc, mask=(offs_m < M)[:, None] & n_mask[None, :])


@triton.jit
def dequantize_nf4_kernel(
    packed_ptr, absmax_ptr, code_ptr, out_ptr, n, BLOCKSIZE: tl.constexpr, BLOCK: tl.constexpr
):
    """Two indices into the code in a byte, the first in the upper half; a scale a block."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    packed = tl.load(packed_ptr + at, mask=at * 2 < n, other=0)
    high = packed >> 4
    low = packed & 0xF
    absmax = tl.load(absmax_ptr + at * 2 // BLOCKSIZE, mask=at * 2 < n, other=0.0)
    first = tl.load(code_ptr + high) * absmax
    second = tl.load(code_ptr + low) * absmax
    out = tl.interleave(first, second)
    to = tl.program_id(0) * BLOCK * 2 + tl.arange(0, BLOCK * 2)
    tl.store(out_ptr + to, out, mask=to < n)


@triton.jit
def quantize_nf4_kernel(x_ptr, code_ptr, packed_ptr, absmax_ptr, BLOCKSIZE: tl.constexpr):
    """The nearest number of the code, by how many of the middles between two are below."""
    block = tl.program_id(0)
    x = tl.load(x_ptr + block * BLOCKSIZE + tl.arange(0, BLOCKSIZE)).to(tl.float32)
    absmax = tl.max(tl.abs(x))
    tl.store(absmax_ptr + block, absmax)
    normal = x / tl.where(absmax == 0, 1.0, absmax)
    index = tl.zeros((BLOCKSIZE,), tl.int32)
    for i in range(15):
        middle = (tl.load(code_ptr + i) + tl.load(code_ptr + i + 1)) / 2
        index += (normal > middle).to(tl.int32)
    pairs = tl.reshape(index, (BLOCKSIZE // 2, 2))
    high, low = tl.split(pairs)
    at = block * (BLOCKSIZE // 2) + tl.arange(0, BLOCKSIZE // 2)
    tl.store(packed_ptr + at, ((high << 4) | low).to(tl.uint8))


def quantize_per_token(x, with_sum=True):
    rows, cols = x.shape
    q, scale = np.empty((rows, cols), np.int8), np.empty(rows, np.float32)
    sums = np.empty(rows, np.float32) if with_sum else None
    quantize_per_token_kernel[(rows,)](
        x, q, scale, sums, strides(x)[0], strides(q)[0], cols,
        BLOCK=triton.next_power_of_2(cols), CAL_SUM=with_sum, num_warps=1,
    )  # fmt: skip
    return q, scale, sums


def quantize_group_fp8(x, group, dtype=ml_dtypes.float8_e4m3fn, ue8m0=False):
    """(numbers, scales [rows, groups] stored column by column)."""
    rows, cols = x.shape
    limit = float(ml_dtypes.finfo(dtype).max)
    q, s = np.empty(x.shape, dtype), np.empty((cols // group, rows), np.float32)
    quantize_group_fp8_kernel[(rows * (cols // group),)](
        x, q, s, strides(x)[0], cols // group, 1e-10, -limit, limit, rows, GROUP=group,
        SCALE_UE8M0=ue8m0, BLOCK=triton.next_power_of_2(group), num_warps=1,
    )  # fmt: skip
    return q, s.T


def matmul_w8a8(a, b, a_scale, b_scale, bias, dtype):
    (m, k), n = a.shape, len(b)
    c = np.empty((m, n), dtype)
    matmul_w8a8_kernel[(triton.cdiv(m, 16), triton.cdiv(n, 16))](
        a, b, c, a_scale, b_scale, bias, m, n, k, strides(a)[0], strides(b)[0], strides(c)[0],
        BLOCK_M=16, BLOCK_N=16, BLOCK_K=32, num_warps=1,
    )  # fmt: skip
    return c


def block_fp8_matmul(a, b, a_scale, b_scale, group_n, group_k, dtype):
    (m, k), n = a.shape, len(b)
    c = np.empty((m, n), dtype)
    block_fp8_matmul_kernel[(triton.cdiv(m, 16), triton.cdiv(n, 16))](
        a, b, c, a_scale, b_scale, m, n, k, group_n, group_k, strides(a)[0], strides(b)[0],
        strides(c)[0], *strides(a_scale), strides(b_scale)[1], strides(b_scale)[0],
        BLOCK_M=16, BLOCK_N=16, BLOCK_K=32, num_warps=1,
    )  # fmt: skip
    return c


def pack_int4(values, axis):
    """Eight numbers 0 to 15 along an axis to one int32, the first in the lowest bits."""
    moved = np.moveaxis(values.astype(np.uint32), axis, -1)
    parts = moved.reshape(*moved.shape[:-1], -1, 8) << (4 * np.arange(8, dtype=np.uint32))
    return np.ascontiguousarray(np.moveaxis(np.bitwise_or.reduce(parts, -1), -1, axis)).view(
        np.int32
    )


def matmul_int4(a, qweight, scales, zeros, group):
    (m, k), n = a.shape, qweight.shape[1]
    c = np.empty((m, n), a.dtype)
    matmul_int4_kernel[(triton.cdiv(m, 16), triton.cdiv(n, 16))](
        a,
        qweight,
        scales,
        zeros,
        c,
        m,
        n,
        k,
        group,
        BLOCK_M=16,
        BLOCK_N=16,
        BLOCK_K=16,
        num_warps=1,
    )
    return c


def dequantize_nf4(packed, absmax, n, blocksize, dtype):
    out = np.empty(n, dtype)
    dequantize_nf4_kernel[(triton.cdiv(n, 64),)](
        packed, absmax, NF4, out, n, BLOCKSIZE=blocksize, BLOCK=32, num_warps=1
    )
    return out


def quantize_nf4(x, blocksize):
    blocks = x.size // blocksize
    packed, absmax = np.empty(x.size // 2, np.uint8), np.empty(blocks, np.float32)
    quantize_nf4_kernel[(blocks,)](x, NF4, packed, absmax, BLOCKSIZE=blocksize, num_warps=1)
    return packed, absmax


def dequantized(q, scales, group_m, group_k):
    """Numbers times the scales of their blocks, in float64."""
    return (
        wide(q) * np.repeat(np.repeat(wide(scales), group_m, 0), group_k, 1)[: len(q), : q.shape[1]]
    )
