"""Matrix products: grouped order with an epilogue, split and streamed K, persistent, batched."""

from __future__ import annotations

import numpy as np
import triton
import triton.language as tl
from activations import apply_activation
from zoo_tools import strides, wide


def small_configs():
    """Two configurations, so that tuning is quick."""
    shapes = [(16, 32, 16, 1), (32, 16, 32, 2)]
    return [
        triton.Config(
            {"BLOCK_M": m, "BLOCK_N": n, "BLOCK_K": k, "GROUP_M": 2}, num_stages=s, num_warps=2
        )
        for m, n, k, s in shapes
    ]


@triton.jit
def grouped_order(pid, num_pid_m, num_pid_n, GROUP_M: tl.constexpr):
    """Blocks of GROUP_M rows go down before the next column, so that both operands are reused."""
    num_in_group = GROUP_M * num_pid_n
    group = pid // num_in_group
    first_m = group * GROUP_M
    size = min(num_pid_m - first_m, GROUP_M)
    return first_m + (pid % num_in_group) % size, (pid % num_in_group) // size


@triton.autotune(configs=small_configs(), key=["M", "N", "K"])
@triton.heuristics({"EVEN_K": lambda args: args["K"] % args["BLOCK_K"] == 0})
@triton.jit
def matmul_kernel(
    a_ptr, b_ptr, c_ptr, bias_ptr, M, N, K,
    stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr,
    EVEN_K: tl.constexpr, ACTIVATION: tl.constexpr = "identity",
):  # fmt: skip
    """c = f(a @ b + bias); rows and columns past the end wrap around, and are not stored."""
    pid = tl.program_id(axis=0)
    pid_m, pid_n = grouped_order(pid, tl.cdiv(M, BLOCK_M), tl.cdiv(N, BLOCK_N), GROUP_M)
    tl.assume(stride_am > 0)
    tl.assume(pid_m >= 0)
    offs_am = tl.max_contiguous(tl.multiple_of((pid_m * BLOCK_M + tl.arange(0, BLOCK_M)) % M, 1), 1)
    offs_bn = (pid_n * BLOCK_N + tl.arange(0, BLOCK_N)) % N
    offs_k = tl.arange(0, BLOCK_K)
    a_ptrs = a_ptr + (offs_am[:, None] * stride_am + offs_k[None, :] * stride_ak)
    b_ptrs = b_ptr + (offs_k[:, None] * stride_bk + offs_bn[None, :] * stride_bn)
    accumulator = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for k in range(tl.cdiv(K, BLOCK_K)):
        if EVEN_K:
            a = tl.load(a_ptrs)
            b = tl.load(b_ptrs)
        else:
            a = tl.load(a_ptrs, mask=offs_k[None, :] < K - k * BLOCK_K, other=0.0)
            b = tl.load(b_ptrs, mask=offs_k[:, None] < K - k * BLOCK_K, other=0.0)
        accumulator = tl.dot(a, b, accumulator, input_precision="ieee")
        a_ptrs += BLOCK_K * stride_ak
        b_ptrs += BLOCK_K * stride_bk
    if bias_ptr is not None:
        accumulator += tl.load(bias_ptr + offs_bn)[None, :].to(tl.float32)
    c = apply_activation(accumulator, ACTIVATION).to(c_ptr.dtype.element_ty)
    offs_cm = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    offs_cn = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    c_ptrs = c_ptr + stride_cm * offs_cm[:, None] + stride_cn * offs_cn[None, :]
    tl.store(c_ptrs, c, mask=(offs_cm[:, None] < M) & (offs_cn[None, :] < N))


@triton.jit
def split_k_kernel(
    A, B, C, M, N, K, stride_am, stride_ak, stride_bk, stride_bn, stride_cm, stride_cn,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, SPLIT_K: tl.constexpr,
):  # fmt: skip
    """Each program sums every SPLIT_K-th block of K and adds it to C, atomically if others do."""
    pid = tl.program_id(0)
    pid_z = tl.program_id(1)
    grid_m = tl.cdiv(M, BLOCK_M)
    grid_n = tl.cdiv(N, BLOCK_N)
    pid_m, pid_n = tl.swizzle2d(pid // grid_n, pid % grid_n, grid_m, grid_n, 2)
    rm = pid_m * BLOCK_M + tl.arange(0, BLOCK_M)
    rn = pid_n * BLOCK_N + tl.arange(0, BLOCK_N)
    rk = pid_z * BLOCK_K + tl.arange(0, BLOCK_K)
    A = A + (rm[:, None] * stride_am + rk[None, :] * stride_ak)
    B = B + (rk[:, None] * stride_bk + rn[None, :] * stride_bn)
    acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for k in range(pid_z * BLOCK_K, K, BLOCK_K * SPLIT_K):
        left = K - k
        a = tl.load(A, mask=(rm < M)[:, None] & (tl.arange(0, BLOCK_K) < left)[None, :], other=0.0)
        b = tl.load(B, mask=(tl.arange(0, BLOCK_K) < left)[:, None] & (rn < N)[None, :], other=0.0)
        acc += tl.dot(a, b, input_precision="ieee", out_dtype=tl.float32)
        A += BLOCK_K * SPLIT_K * stride_ak
        B += BLOCK_K * SPLIT_K * stride_bk
    C = C + (rm[:, None] * stride_cm + rn[None, :] * stride_cn)
    mask = (rm < M)[:, None] & (rn < N)[None, :]
    if SPLIT_K == 1:
        tl.store(C, acc, mask=mask)
    else:
        tl.atomic_add(C, acc, mask=mask, sem="relaxed")


@triton.jit
def mac_loop(A, B, M, N, K, tile, first, last, grid_n,
             BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr):  # fmt: skip
    """Steps first to last of K for one tile of row-major A and B."""
    rm = (tile // grid_n) * BLOCK_M + tl.arange(0, BLOCK_M)
    rn = (tile % grid_n) * BLOCK_N + tl.arange(0, BLOCK_N)
    acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
    for step in range(first, last):
        rk = step * BLOCK_K + tl.arange(0, BLOCK_K)
        a = tl.load(A + rm[:, None] * K + rk, mask=(rm < M)[:, None] & (rk < K), other=0.0)
        b = tl.load(B + rk[:, None] * N + rn, mask=(rk < K)[:, None] & (rn < N), other=0.0)
        acc = tl.dot(a, b, acc, input_precision="ieee")
    return acc


@triton.jit
def stream_k_kernel(
    A, B, C, partial_ptr, locks_ptr, M, N, K, total_steps, steps_per_tile,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """Every program does the same number of steps of K, over tile borders.

    Who starts a tile in its middle leaves its sum and opens a lock; who has the tile's first step
    waits for all the others' sums and stores the tile.
    """
    pid = tl.program_id(0)
    programs = tl.num_programs(0)
    grid_n = tl.cdiv(N, BLOCK_N)
    per_program = tl.cdiv(total_steps, programs)
    step = pid * per_program
    end = tl.minimum(step + per_program, total_steps)
    inner = tl.arange(0, BLOCK_M)[:, None] * BLOCK_N + tl.arange(0, BLOCK_N)[None, :]
    while step < end:
        tile = step // steps_per_tile
        tile_start = tile * steps_per_tile
        tile_end = tile_start + steps_per_tile
        stop = tl.minimum(tile_end, end)
        acc = mac_loop(
            A, B, M, N, K, tile, step - tile_start, stop - tile_start, grid_n,
            BLOCK_M, BLOCK_N, BLOCK_K,
        )  # fmt: skip
        if step == tile_start:
            other = pid + 1
            reached = stop
            while reached < tile_end:
                while tl.atomic_cas(locks_ptr + other, 1, 1, sem="acquire") != 1:
                    pass
                acc += tl.load(partial_ptr + other * BLOCK_M * BLOCK_N + inner)
                reached += per_program
                other += 1
            rm = (tile // grid_n) * BLOCK_M + tl.arange(0, BLOCK_M)
            rn = (tile % grid_n) * BLOCK_N + tl.arange(0, BLOCK_N)
            mask = (rm < M)[:, None] & (rn < N)[None, :]
            tl.store(C + rm[:, None] * N + rn[None, :], acc, mask=mask)
        else:
            tl.store(partial_ptr + pid * BLOCK_M * BLOCK_N + inner, acc)
            tl.debug_barrier()
            tl.atomic_xchg(locks_ptr + pid, 1, sem="release")
        step = stop


@triton.jit
def tile_of(tile, num_pid_in_group, num_pid_m, GROUP_M: tl.constexpr):
    group = tile // num_pid_in_group
    first = group * GROUP_M
    size = min(num_pid_m - first, GROUP_M)
    return first + (tile % size), (tile % num_pid_in_group) // size


@triton.jit
def persistent_matmul_kernel(
    a_ptr, b_ptr, c_ptr, M, N, K, NUM_SMS: tl.constexpr, BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr, FLATTEN: tl.constexpr,
):  # fmt: skip
    """NUM_SMS programs share the tiles; descriptors are made on the device, b is [N, K]."""
    start = tl.program_id(axis=0)
    num_pid_m = tl.cdiv(M, BLOCK_M)
    num_pid_n = tl.cdiv(N, BLOCK_N)
    k_tiles = tl.cdiv(K, BLOCK_K)
    a_desc = tl.make_tensor_descriptor(a_ptr, [M, K], [K, 1], [BLOCK_M, BLOCK_K])
    b_desc = tl.make_tensor_descriptor(b_ptr, [N, K], [K, 1], [BLOCK_N, BLOCK_K])
    c_desc = tl.make_tensor_descriptor(c_ptr, [M, N], [N, 1], [BLOCK_M, BLOCK_N])
    for tile in tl.range(start, num_pid_m * num_pid_n, NUM_SMS, flatten=FLATTEN):
        pid_m, pid_n = tile_of(tile, GROUP_M * num_pid_n, num_pid_m, GROUP_M)
        off_m = pid_m * BLOCK_M
        off_n = pid_n * BLOCK_N
        acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
        for ki in range(k_tiles):
            a = a_desc.load([off_m, ki * BLOCK_K])
            b = b_desc.load([off_n, ki * BLOCK_K])
            acc = tl.dot(a, b.T, acc)
        c_desc.store([off_m, off_n], acc.to(c_ptr.dtype.element_ty))


@triton.jit
def batched_matmul_kernel(
    x_ptr, w_ptr, o_ptr, M, N, K, stride_xb, stride_xm, stride_wb, stride_wk, stride_ob, stride_om,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
    TRANSPOSE_W: tl.constexpr,
):  # fmt: skip
    """One matrix of a batch a program of the third axis; w[b] is [K, N] or [N, K]."""
    batch = tl.program_id(2).to(tl.int64)
    off_m = tl.program_id(0) * BLOCK_M
    off_n = tl.program_id(1) * BLOCK_N
    x_block = tl.make_block_ptr(
        x_ptr + batch * stride_xb, (M, K), (stride_xm, 1), (off_m, 0), (BLOCK_M, BLOCK_K), (1, 0)
    )
    if TRANSPOSE_W:
        w_block = tl.make_block_ptr(
            w_ptr + batch * stride_wb, (K, N), (1, stride_wk), (0, off_n), (BLOCK_K, BLOCK_N),
            (0, 1),
        )  # fmt: skip
    else:
        w_block = tl.make_block_ptr(
            w_ptr + batch * stride_wb, (K, N), (stride_wk, 1), (0, off_n), (BLOCK_K, BLOCK_N),
            (1, 0),
        )  # fmt: skip
    acc = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for _ in tl.range(0, K, BLOCK_K, num_stages=2, loop_unroll_factor=1):
        x = tl.load(x_block, boundary_check=(0, 1), padding_option="zero")
        w = tl.load(w_block, boundary_check=(0, 1), padding_option="zero")
        acc = tl.dot(x, w, acc, allow_tf32=False)
        x_block = x_block.advance((0, BLOCK_K))
        w_block = w_block.advance((BLOCK_K, 0))
    o_block = tl.make_block_ptr(
        o_ptr + batch * stride_ob, (M, N), (stride_om, 1), (off_m, off_n), (BLOCK_M, BLOCK_N),
        (1, 0),
    )  # fmt: skip
    tl.store(o_block, acc.to(o_ptr.dtype.element_ty), boundary_check=(0, 1))


def matmul(a, b, bias=None, activation="identity"):
    (m, k), n = a.shape, b.shape[1]
    c = np.empty((m, n), a.dtype)
    grid = lambda META: (triton.cdiv(m, META["BLOCK_M"]) * triton.cdiv(n, META["BLOCK_N"]),)  # noqa: E731
    matmul_kernel[grid](
        a, b, c, bias, m, n, k, *strides(a), *strides(b), *strides(c), ACTIVATION=activation
    )
    return c


def split_k(a, b, splits):
    (m, k), n = a.shape, b.shape[1]
    c = np.zeros((m, n), np.float32)
    grid = (triton.cdiv(m, 16) * triton.cdiv(n, 32), splits)
    split_k_kernel[grid](
        a, b, c, m, n, k, *strides(a), *strides(b), *strides(c),
        BLOCK_M=16, BLOCK_N=32, BLOCK_K=16, SPLIT_K=splits, num_warps=2,
    )  # fmt: skip
    return c


def stream_k(a, b, programs):
    (m, k), n = a.shape, b.shape[1]
    c, block = np.empty((m, n), a.dtype), (16, 16, 16)
    per_tile = triton.cdiv(k, block[2])
    total = triton.cdiv(m, block[0]) * triton.cdiv(n, block[1]) * per_tile
    partial, locks = np.empty((programs, 256), np.float32), np.zeros(programs, np.int32)
    stream_k_kernel[(programs,)](
        a, b, c, partial, locks, m, n, k, total, per_tile,
        BLOCK_M=16, BLOCK_N=16, BLOCK_K=16, num_warps=1,
    )  # fmt: skip
    return c


def persistent(a, b, programs=3, flatten=False):
    """a [M, K] @ b [N, K].T; rows of 16 bytes' multiples."""
    (m, k), n = a.shape, b.shape[0]
    c = np.empty((m, n), a.dtype)
    persistent_matmul_kernel[(programs,)](
        a, b, c, m, n, k, NUM_SMS=programs, BLOCK_M=32, BLOCK_N=16, BLOCK_K=16, GROUP_M=2,
        FLATTEN=flatten, num_warps=2, num_stages=2,
    )  # fmt: skip
    return c


def batched(x, w, transpose):
    """x [B, M, K] with w [B, K, N], or [B, N, K] where transposed."""
    batch, m, k = x.shape
    n = w.shape[1] if transpose else w.shape[2]
    out = np.empty((batch, m, n), x.dtype)
    batched_matmul_kernel[(triton.cdiv(m, 16), triton.cdiv(n, 16), batch)](
        x, w, out, m, n, k, *strides(x)[:2], *strides(w)[:2], *strides(out)[:2],
        BLOCK_M=16, BLOCK_N=16, BLOCK_K=16, TRANSPOSE_W=transpose, num_warps=1,
    )  # fmt: skip
    return out


def product_reference(a, b):
    """The product and what it would be if nothing cancelled."""
    a, b = wide(a, b)
    return a @ b, np.abs(a) @ np.abs(b)
