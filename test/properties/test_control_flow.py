"""Loops, branches and early returns on runtime values; scalar arguments of every size."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from drawing import examples
from hypothesis import given
from hypothesis import strategies as st

TOP = 2**31 - 1
EDGES = [0, 1, -1, 16, 17, TOP, TOP - 1, -TOP - 1, -TOP, 2**31, 2**32 + 1, -(2**31) - 1,
         2**63 - 1, -(2**63), 2**63, 2**64 - 1]  # fmt: skip


@cosmati.jit
def scalar(out, n, flag, f):
    tl.store(out, n.to(tl.uint64, bitcast=False) if n.dtype != tl.uint64 else n)
    tl.store(out + 1, (n // 3 * 3 + n % 3).to(tl.uint64))
    tl.store(out + 2, flag.to(tl.uint64))
    tl.store(out + 3, f.to(tl.int32, bitcast=True).to(tl.uint64))


@examples(40)
@given(st.one_of(st.sampled_from(EDGES), st.integers(-(2**63), 2**64 - 1)), st.booleans(),
       st.floats(width=32, allow_nan=False))  # fmt: skip
def test_scalar_arguments_arrive_whole(n, flag, f):
    n += n == 1  # 1 is a compile-time value
    out = np.zeros(4, np.uint64)
    scalar[(1,)](out, n, flag, f)
    word = int(np.float32(f).view(np.int32)) % 2**64
    assert out.tolist() == [n % 2**64, n % 2**64, int(flag), word]


@cosmati.jit
def counting(out, start, end, STEP: tl.constexpr):
    count, total = 0, tl.to_tensor(0).to(tl.int64)
    for i in range(start, end, STEP):
        count += 1
        total = total * 3 + i
    tl.store(out, count.to(tl.int64))
    tl.store(out + 1, total)


def _bounds(draw: st.DrawFn) -> tuple[int, int, int]:
    step = draw(st.sampled_from([1, 2, 3, 7, 2**20, -1, -2, -5]))
    near = draw(st.sampled_from([0, 0, 100, -100, TOP - 12 * abs(step), -TOP + 12 * abs(step)]))
    start = near + draw(st.integers(-11, 11)) * abs(step)
    end = start + draw(st.integers(-12, 12)) * step + draw(st.integers(0, 1))
    return max(min(start, TOP), -TOP - 1), max(min(end, TOP), -TOP - 1), step


@examples(60)
@given(st.composite(_bounds)())
def test_loops_run_as_often_as_pythons(bounds):
    """Up to the ends of int32: the counter's last step may not wrap around."""
    start, end, step = bounds
    out = np.zeros(2, np.int64)
    counting[(1,)](out, start, end, STEP=step)
    count, total = 0, 0
    for i in range(start, end, step):
        count += 1
        total = total * 3 + i
    assert out.tolist() == [count, (total + 2**63) % 2**64 - 2**63]


@cosmati.jit
def collatz(out, start, limit):
    n, steps = start, 0
    while (n != 1) and (steps < limit):
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    tl.store(out, steps)
    tl.store(out + 1, n)
    if steps == limit:
        return
    tl.store(out + 2, 1)


@examples(20)
@given(st.integers(2, 1000), st.sampled_from([0, 2, 10, 1000]))
def test_while_if_and_return_follow_python(start, limit):
    out = np.zeros(3, np.int32)
    collatz[(1,)](out, start, limit)
    n, steps = start, 0
    while n != 1 and steps < limit:
        n, steps = n // 2 if n % 2 == 0 else 3 * n + 1, steps + 1
    assert out.tolist() == [steps, n, int(steps != limit)]


@cosmati.jit
def grid_sum(out, x, n, BLOCK: tl.constexpr):
    total = tl.zeros((BLOCK,), tl.float32)
    for start in range(tl.program_id(0) * BLOCK, n, tl.num_programs(0) * BLOCK):
        i = start + tl.arange(0, BLOCK)
        total += tl.load(x + i, mask=i < n, other=0.0)
    tl.atomic_add(out, tl.sum(total))


@pytest.mark.parametrize("num_warps", [1, 4])
@examples(10)
@given(st.integers(0, 700), st.integers(1, 5), st.sampled_from([1, 32, 128]), st.integers(1, 4))
def test_strided_loops_cover_every_element_once(num_warps, n, programs, block, num_stages):
    x = np.random.default_rng(n).integers(-9, 9, n + 1).astype(np.float32)
    out = np.zeros(1, np.float32)
    grid_sum[(programs,)](out, x, n, BLOCK=block, num_warps=num_warps, num_stages=num_stages)
    assert out[0] == x[:n].sum()
