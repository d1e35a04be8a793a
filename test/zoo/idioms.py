"""What libraries do around their kernels' mathematics: tuples, functions as arguments, inline PTX,
programs that wait for each other, descriptors from the host, tuning with all its options."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import triton
import triton.language as tl
from triton.tools.tensor_descriptor import TensorDescriptor
from zoo_tools import strides


@triton.jit
def foreach_axpy_kernel(xs, ys, sizes, alpha, BLOCK: tl.constexpr):
    """y += alpha * x for all pairs of a list by one launch; the third axis is the pair."""
    start = tl.program_id(0) * BLOCK
    at = start + tl.arange(0, BLOCK)
    for i in tl.static_range(len(xs)):
        if tl.program_id(1) == i:
            if start < sizes[i]:
                mask = at < sizes[i]
                y = tl.load(ys[i] + at, mask=mask)
                tl.store(ys[i] + at, y + alpha * tl.load(xs[i] + at, mask=mask), mask=mask)


class Matrix(NamedTuple):
    """A matrix as kernels take it: where it begins, its sizes and strides."""

    base: Any
    rows: Any
    cols: Any
    stride_row: Any
    stride_col: Any


@triton.jit
def tile_pointers(m, rows, cols):
    return m.base + rows[:, None] * m.stride_row + cols[None, :] * m.stride_col


@triton.jit
def tile_mask(m, rows, cols):
    return (rows < m.rows)[:, None] & (cols < m.cols)[None, :]


@triton.jit
def strided_copy_kernel(source, target, BLOCK: tl.constexpr):
    """Copies one matrix to another of any strides, both given as named tuples."""
    rows = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    cols = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    tile = tl.load(tile_pointers(source, rows, cols), mask=tile_mask(source, rows, cols))
    tl.store(tile_pointers(target, rows, cols), tile, mask=tile_mask(target, rows, cols))


@triton.jit
def square(x):
    return x * x


@triton.jit
def magnitude(x):
    return tl.abs(x)


@triton.jit
def add(a, b):
    return a + b


@triton.jit
def larger(a, b):
    return tl.maximum(a, b)


@triton.jit
def map_reduce_kernel(
    x_ptr, out_ptr, n_cols, stride, MAP: tl.constexpr, COMBINE: tl.constexpr,
    IDENTITY: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Combines f(x) along rows; both functions are arguments."""
    row = tl.program_id(0)
    total = tl.full([BLOCK], IDENTITY, tl.float32)
    for start in range(0, n_cols, BLOCK):
        cols = start + tl.arange(0, BLOCK)
        x = tl.load(x_ptr + row * stride + cols, mask=cols < n_cols, other=0.0).to(tl.float32)
        total = COMBINE(total, tl.where(cols < n_cols, MAP(x), IDENTITY))
    tl.store(out_ptr + row, tl.reduce(total, 0, COMBINE))


@triton.jit
def packed_half_kernel(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    """x * y + x by one instruction for two halves."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = at < n
    x = tl.load(x_ptr + at, mask=mask, other=0.0)
    y = tl.load(y_ptr + at, mask=mask, other=0.0)
    out = tl.inline_asm_elementwise(
        "fma.rn.f16x2 $0, $1, $2, $1;", "=r,r,r", [x, y], dtype=tl.float16, is_pure=True, pack=2
    )
    tl.store(out_ptr + at, out, mask=mask)


@triton.jit
def min_max_asm_kernel(x_ptr, y_ptr, low_ptr, high_ptr, n, BLOCK: tl.constexpr):
    """Two results from one piece of PTX."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + at, mask=at < n, other=0)
    y = tl.load(y_ptr + at, mask=at < n, other=0)
    low, high = tl.inline_asm_elementwise(
        asm="""
        {
            .reg .pred p;
            setp.lt.s32 p, $2, $3;
            selp.b32 $0, $2, $3, p;
            selp.b32 $1, $3, $2, p;
        }
        """,
        constraints="=&r,=&r,r,r",
        args=[x, y],
        dtype=(tl.int32, tl.int32),
        is_pure=True,
        pack=1,
    )
    tl.store(low_ptr + at, low, mask=at < n)
    tl.store(high_ptr + at, high, mask=at < n)


@triton.jit
def single_pass_scan_kernel(x_ptr, out_ptr, sums_ptr, flags_ptr, n, BLOCK: tl.constexpr):
    """Cumulative sum of all blocks in one launch: each waits for the sum that ends before it."""
    pid = tl.program_id(0)
    at = pid * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + at, mask=at < n, other=0)
    inclusive = tl.cumsum(x, 0)
    before = tl.sum(x) * 0
    if pid > 0:
        while tl.atomic_add(flags_ptr + pid - 1, 0, sem="acquire") == 0:
            pass
        before = tl.load(sums_ptr + pid - 1)
    tl.store(sums_ptr + pid, before + tl.sum(x))
    tl.debug_barrier()
    tl.atomic_xchg(flags_ptr + pid, 1, sem="release")
    tl.store(out_ptr + at, before + inclusive, mask=at < n)


@triton.jit
def grid_barrier(counter_ptr, phase):
    """All programs of the grid come here before any goes on."""
    tl.debug_barrier()
    tl.atomic_add(counter_ptr, 1, sem="acq_rel", scope="gpu")
    expected = phase * tl.num_programs(0)
    while tl.atomic_add(counter_ptr, 0, sem="acquire", scope="gpu") < expected:
        pass
    tl.debug_barrier()


@triton.jit
def cooperative_norm_kernel(x_ptr, out_ptr, partial_ptr, counter_ptr, n, BLOCK: tl.constexpr):
    """x / ||x|| of a long vector in one launch: partial sums, a barrier of the grid, the scale."""
    pid = tl.program_id(0)
    at = pid * BLOCK + tl.arange(0, BLOCK)
    x = tl.load(x_ptr + at, mask=at < n, other=0.0).to(tl.float32)
    tl.store(partial_ptr + pid, tl.sum(x * x))
    grid_barrier(counter_ptr, 1)
    total = 0.0
    for i in range(tl.num_programs(0)):
        total += tl.load(partial_ptr + i, volatile=True)
    tl.store(out_ptr + at, x / tl.sqrt(total), mask=at < n)


@triton.jit
def descriptor_transform_kernel(
    source, target, scale, BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, RELU: tl.constexpr
):
    """Tiles through descriptors that the host made; what lies outside reads as 0 and is dropped."""
    off_m = tl.program_id(0) * BLOCK_M
    off_n = tl.program_id(1) * BLOCK_N
    tile = source.load([off_m, off_n])
    if RELU:
        tile = tl.maximum(tile, 0.0).to(tile.dtype)
    target.store([off_n, off_m], (tile * scale).T)


def fitting_configs(configs, named_args, **kwargs):
    """Leaves out blocks that are larger than the problem."""
    fitting = [c for c in configs if c.kwargs["BLOCK"] <= max(32, named_args["n"])]
    return fitting or configs[:1]


def work(n, BLOCK, num_warps, **kwargs):
    """A model of the time: blocks that are begun, and threads without work."""
    return triton.cdiv(n, BLOCK) * BLOCK + 8 * num_warps


def clear_count(named_args):
    named_args["count_ptr"][...] = 0


@triton.autotune(
    configs=[
        triton.Config({"BLOCK": block}, num_warps=warps, num_stages=2, pre_hook=clear_count)
        for block in (32, 64, 256)
        for warps in (1, 2)
    ],
    key=["n"],
    prune_configs_by={"early_config_prune": fitting_configs, "perf_model": work, "top_k": 2},
    reset_to_zero=["sum_ptr"],
    restore_value=["x_ptr"],
    warmup=1,
    rep=1,
)
@triton.heuristics({"EVEN": lambda args: args["n"] % args["BLOCK"] == 0})
@triton.jit
def tuned_step_kernel(x_ptr, sum_ptr, count_ptr, n, step, BLOCK: tl.constexpr, EVEN: tl.constexpr):
    """x += step, the sum of what was there, and how many programs ran: all spoilt by trials."""
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if EVEN:
        x = tl.load(x_ptr + at)
        tl.store(x_ptr + at, x + step)
    else:
        x = tl.load(x_ptr + at, mask=at < n, other=0.0)
        tl.store(x_ptr + at, x + step, mask=at < n)
    tl.atomic_add(sum_ptr, tl.sum(x, axis=0))
    tl.atomic_add(count_ptr, 1)


def foreach_axpy(xs, ys, alpha):
    sizes = tuple(len(x) for x in xs)
    grid = (triton.cdiv(max(sizes), 32), len(xs))
    foreach_axpy_kernel[grid](tuple(xs), tuple(ys), sizes, alpha, BLOCK=32, num_warps=1)


def strided_copy(source, target):
    views = [Matrix(x, *x.shape, *strides(x)) for x in (source, target)]
    grid = tuple(triton.cdiv(n, 16) for n in source.shape)
    strided_copy_kernel[grid](*views, BLOCK=16, num_warps=1)


def map_reduce(x, function, combine, identity):
    out = np.empty(len(x), np.float32)
    map_reduce_kernel[(len(x),)](
        x, out, x.shape[1], strides(x)[0], function, combine, identity, BLOCK=32, num_warps=1
    )
    return out


def packed_half(x, y):
    out = np.empty_like(x)
    packed_half_kernel[(triton.cdiv(x.size, 64),)](x, y, out, x.size, BLOCK=64, num_warps=1)
    return out


def min_max(x, y):
    low, high = np.empty_like(x), np.empty_like(x)
    grid = lambda meta: (triton.cdiv(x.size, meta["BLOCK"]),)  # noqa: E731
    min_max_asm_kernel[grid](x, y, low, high, x.size, BLOCK=32, num_warps=1)
    return low, high


def single_pass_scan(x, block=32):
    programs = triton.cdiv(x.size, block)
    out, sums = np.empty_like(x), np.empty(programs, x.dtype)
    flags = np.zeros(programs, np.int32)
    single_pass_scan_kernel[(programs,)](x, out, sums, flags, x.size, BLOCK=block, num_warps=1)
    return out


def cooperative_norm(x, block=32):
    programs = triton.cdiv(x.size, block)
    out, partial = np.empty_like(x), np.empty(programs, np.float32)
    counter = np.zeros(1, np.int32)
    cooperative_norm_kernel[(programs,)](x, out, partial, counter, x.size, BLOCK=block, num_warps=1)
    return out


def descriptor_transform(x, scale, relu):
    """(max(x, 0) if relu else x).T * scale; rows of both are multiples of 16 bytes."""
    m, n = x.shape
    out, block = np.empty((n, m), x.dtype), (16, 32)
    source = TensorDescriptor(x, [m, n], [n, 1], list(block))
    target = TensorDescriptor.from_tensor(out, [block[1], block[0]])
    descriptor_transform_kernel[(triton.cdiv(m, block[0]), triton.cdiv(n, block[1]))](
        source, target, scale, *block, RELU=relu, num_warps=1
    )
    return out


def tuned_step(x, step):
    """(sum before, programs) of one launch after tuning."""
    total, count = np.zeros(1, np.float32), np.zeros(1, np.int32)
    grid = lambda META: (triton.cdiv(x.size, META["BLOCK"]),)  # noqa: E731
    tuned_step_kernel[grid](x, total, count, x.size, step)
    return total, count
