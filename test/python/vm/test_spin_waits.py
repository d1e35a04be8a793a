"""Programs of a grid that wait for each other: locks, flags, and waits that can't end."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import vm

SCHEDULES = [(None, None), ("round-robin", 1), ("random", 2), ("adversarial", 3)]


@cosmati.jit
def locked_add(lock, total, count, x, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    mine = tl.load(x + tl.program_id(0) * BLOCK + offs)
    while tl.atomic_cas(lock, 0, 1, sem="acquire") == 1:
        pass
    tl.debug_barrier()
    tl.store(total + offs, tl.load(total + offs) + mine)
    tl.store(count, tl.load(count) + 1)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0, sem="release")


@cosmati.jit
def pass_on(flags, values, out, BACKWARD: tl.constexpr):
    pid = tl.program_id(0)
    last = tl.num_programs(0) - 1
    if BACKWARD:
        before, first = pid + 1, pid == last
    else:
        before, first = pid - 1, pid == 0
    carried = 0.0
    if not first:
        while tl.atomic_add(flags + before, 0, sem="acquire") == 0:
            pass
        carried = tl.load(values + before)
    tl.store(values + pid, carried + tl.load(out + pid))
    tl.debug_barrier()
    tl.atomic_xchg(flags + pid, 1, sem="release")


@cosmati.jit
def stream_k(x, partials, flags, out, PARTS: tl.constexpr, BLOCK: tl.constexpr):
    # Each tile's first program gathers what the others of its tile have summed, in their order.
    tile = tl.program_id(0) // PARTS
    part = tl.program_id(0) % PARTS
    offs = tl.arange(0, BLOCK)
    mine = tl.load(x + tl.program_id(0) * BLOCK + offs)
    if part == 0:
        for other in range(1, PARTS):
            while tl.atomic_cas(flags + tile * PARTS + other, 1, 1, sem="acquire") == 0:
                pass
            mine += tl.load(partials + (tile * PARTS + other) * BLOCK + offs)
        tl.store(out + tile * BLOCK + offs, mine)
    else:
        tl.store(partials + tl.program_id(0) * BLOCK + offs, mine * part)
        tl.debug_barrier()
        tl.atomic_xchg(flags + tl.program_id(0), 1, sem="release")


def _watched(schedule, seed, check="all"):
    return vm.checking(check, schedule=schedule, seed=seed)


@pytest.mark.parametrize(("schedule", "seed"), SCHEDULES)
@pytest.mark.parametrize("warps", [1, 4])
def test_a_lock_protects_what_programs_add_to(schedule, seed, warps):
    x = np.arange(12 * 64, dtype=np.int32)
    total, lock, count = np.zeros(64, np.int32), np.zeros(1, np.int32), np.zeros(1, np.int32)
    with _watched(schedule, seed):
        locked_add[(12,)](lock, total, count, x, BLOCK=64, num_warps=warps)
    assert count[0] == 12
    np.testing.assert_array_equal(total, x.reshape(12, 64).sum(0))


@pytest.mark.parametrize(("schedule", "seed"), SCHEDULES)
@pytest.mark.parametrize("backward", [False, True])
def test_programs_hand_values_on_in_either_order(schedule, seed, backward):
    out = np.arange(20, dtype=np.float32)
    flags, values = np.zeros(20, np.int32), np.zeros(20, np.float32)
    with _watched(schedule, seed):
        pass_on[(20,)](flags, values, out, BACKWARD=backward, num_warps=2)
    order = out[::-1] if backward else out
    expected = np.cumsum(order)
    np.testing.assert_array_equal(values, expected[::-1] if backward else expected)


@pytest.mark.parametrize(("schedule", "seed"), SCHEDULES)
def test_a_stream_k_reduction_has_one_order(schedule, seed):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 5, 64)).astype(np.float32)
    out, partials = np.zeros((4, 64), np.float32), np.zeros((20, 64), np.float32)
    with _watched(schedule, seed):
        stream_k[(20,)](x, partials, np.zeros(20, np.int32), out, PARTS=5, BLOCK=64)
    expected = x[:, 0]
    for part in range(1, 5):
        expected = expected + x[:, part] * np.float32(part)
    np.testing.assert_array_equal(out, expected)


def test_a_wait_for_a_program_beyond_the_wave_is_reported_at_its_line():
    # 1024 threads: an H100 holds two programs per multiprocessor, 264 at once.
    grid = 265
    out = np.ones(grid, np.float32)
    flags, values = np.zeros(grid, np.int32), np.zeros(grid, np.float32)
    with pytest.raises(cosmati.CosmatiError) as caught:
        pass_on[(grid,)](flags, values, out, BACKWARD=True, num_warps=32)
    text = str(caught.value)
    assert "deadlock in kernel" in text
    assert "1 of 265 CTAs have not begun" in text
    assert "holds 264 of this kernel at once" in text
    assert 'while tl.atomic_add(flags + before, 0, sem="acquire") == 0:' in text


def test_a_lock_that_nobody_releases_is_reported():
    total, count = np.zeros(32, np.int32), np.zeros(1, np.int32)
    with pytest.raises(cosmati.CosmatiError, match="waits for a change of memory"):
        locked_add[(3,)](np.ones(1, np.int32), total, count, np.zeros(96, np.int32), BLOCK=32)
