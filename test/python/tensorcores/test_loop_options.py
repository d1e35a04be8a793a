"""What tl.range's options make of a loop changes no bit of its results.

Every launch runs under all checkers. Whole numbers have exact results; loops that are merged or
unrolled do the same operations in the same order, so that random values agree in every bit, too.
"""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from tensorcore_support import (
    SCHEDULES,
    assert_equal,
    random,
    run,
    same_bits,
    unwritten,
    whole,
    wide,
)

STAGES = [1, 2, 3, 4]


@cosmati.jit
def persistent_gemm(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
                    FLATTEN: tl.constexpr, UNROLL: tl.constexpr):  # fmt: skip
    columns = tl.cdiv(N, BN)
    tiles = tl.cdiv(M, BM) * columns
    for tile in tl.range(tl.program_id(0), tiles, tl.num_programs(0), flatten=FLATTEN):
        i = tile // columns * BM + tl.arange(0, BM)
        j = tile % columns * BN + tl.arange(0, BN)
        acc = tl.zeros((BM, BN), tl.float32)
        for step in tl.range(tl.cdiv(K, BK), loop_unroll_factor=UNROLL):
            k = step * BK + tl.arange(0, BK)
            x = tl.load(a + i[:, None] * K + k[None, :], (i[:, None] < M) & (k[None, :] < K), 0.0)
            y = tl.load(b + k[:, None] * N + j[None, :], (k[:, None] < K) & (j[None, :] < N), 0.0)
            acc = tl.dot(x, y, acc)
        mask = (i[:, None] < M) & (j[None, :] < N)
        tl.store(c + i[:, None] * N + j[None, :], acc.to(tl.float16), mask)


def _gemm(a, b, depth, programs=3, schedules=SCHEDULES[:1], **options):
    (m, k), n = a.shape, b.shape[1]
    constants = {"BM": 32, "BN": 32, "BK": 16, "FLATTEN": False, "UNROLL": None} | options
    return run(
        persistent_gemm, (programs,), [a, b, unwritten((m, n), "float16"), m, n, k], [2],
        schedules, num_stages=depth, **constants,
    )[0]  # fmt: skip


SHAPES = [(96, 64, 80), (75, 51, 37), (96, 96, 16), (32, 32, 64), (70, 40, 0), (33, 64, 16)]


@pytest.mark.parametrize("m, n, k", SHAPES)
@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
def test_persistent_gemm_is_exact_when_flattened(m, n, k, target):
    a, b = whole((m, k), "float16", 1), whole((k, n), "float16", 2)
    for depth in STAGES:
        for programs in (1, 3, 8):
            got = _gemm(a, b, depth, programs, FLATTEN=True, target=target)
            assert_equal(got, wide(a) @ wide(b), f"{depth} stages, {programs} programs")


def test_flattened_and_unrolled_loops_give_the_same_bits():
    a, b = random((75, 112), "float16", 3), random((112, 72), "float16", 4)
    expected = _gemm(a, b, 1)
    for depth in STAGES:
        for options in ({"FLATTEN": True}, {"UNROLL": 2}, {"UNROLL": 3}, {"UNROLL": 8}):
            got = _gemm(a, b, depth, schedules=SCHEDULES, num_warps=2, **options)
            assert same_bits(got, expected), f"{depth} stages, {options}"


def _compiled(**options):
    a, b = whole((128, 64), "float16", 1), whole((64, 128), "float16", 2)
    arguments = [a, b, unwritten((128, 128), "float16"), 128, 128, 64]
    constants = {"BM": 64, "BN": 64, "BK": 32, "FLATTEN": False, "UNROLL": None} | options
    return persistent_gemm[(2,)](*arguments, num_stages=3, assemble=False, **constants)


def _copies(compiled) -> int:
    return compiled.asm["ptx"].count("cp.async.cg.")


def test_flattened_and_unrolled_loops_stay_pipelined():
    plain, flat, unrolled = _compiled(), _compiled(FLATTEN=True), _compiled(UNROLL=2)
    assert not flat.remarks
    assert _copies(flat) == _copies(plain) > 0
    assert _copies(unrolled) == 2 * _copies(plain)  # the loop for the rest copies nothing ahead
    # One loop over all tiles: what it still copies is waited for behind it, not behind each tile.
    assert plain.asm["tilegpu"].count("scf.for") == 2
    loop = flat.asm["tilegpu"]
    assert loop.index("async_wait 0") > loop.index("tile.store")


@cosmati.jit
def moving_gemm(a, b, c, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr,
                FLATTEN: tl.constexpr):  # fmt: skip
    """Pointers that move along K, tiles in groups, and a second counter of tiles for the stores."""
    rows, columns = tl.cdiv(M, BM), tl.cdiv(N, BN)
    stored = tl.program_id(0) - tl.num_programs(0)
    k = tl.arange(0, BK)
    for tile in tl.range(tl.program_id(0), rows * columns, tl.num_programs(0), flatten=FLATTEN):
        group = tile // (2 * columns)
        height = tl.minimum(rows - group * 2, 2)
        first = (group * 2 + tile % (2 * columns) % height) * BM
        i = tl.where(first + tl.arange(0, BM) < M, first + tl.arange(0, BM), 0)
        j = (tile % (2 * columns) // height * BN + tl.arange(0, BN)) % N
        p = a + i[:, None] * K + k[None, :]
        q = b + k[:, None] * N + j[None, :]
        acc = tl.zeros((BM, BN), tl.float32)
        for step in range(tl.cdiv(K, BK)):
            x = tl.load(p, k[None, :] < K - step * BK, 0.0)
            y = tl.load(q, k[:, None] < K - step * BK, 0.0)
            acc = tl.dot(x, y, acc)
            p += BK
            q += BK * N
        stored += tl.num_programs(0)
        group = stored // (2 * columns)
        height = tl.minimum(rows - group * 2, 2)
        i = (group * 2 + stored % (2 * columns) % height) * BM + tl.arange(0, BM)
        j = stored % (2 * columns) // height * BN + tl.arange(0, BN)
        mask = (i[:, None] < M) & (j[None, :] < N)
        tl.store(c + i[:, None] * N + j[None, :], acc.to(tl.float16), mask)


@pytest.mark.parametrize("m, n, k", SHAPES)
def test_moving_pointers_and_a_second_counter_are_flattened(m, n, k):
    a, b = whole((m, k), "float16", 8), whole((k, n), "float16", 9)
    for depth in STAGES:
        for flatten in (False, True):
            got = run(
                moving_gemm, (3,), [a, b, unwritten((m, n), "float16"), m, n, k], [2],
                SCHEDULES if depth == 3 else SCHEDULES[:1], num_stages=depth, BM=32, BN=32, BK=16,
                FLATTEN=flatten,
            )[0]  # fmt: skip
            assert_equal(got, wide(a) @ wide(b), f"{depth} stages, flatten={flatten}")


@cosmati.jit
def triangle(a, b, q, out, last, n, FIRST: tl.constexpr, B: tl.constexpr, FLATTEN: tl.constexpr,
             UNSIGNED: tl.constexpr):  # fmt: skip
    """Row blocks of a triangular product: the inner range depends on the outer counter, a block is
    loaded before the inner loop, and the outer loop carries a sum and a number."""
    i, j = tl.arange(0, B), tl.arange(0, B)
    total = tl.zeros((B, B), tl.float32)
    count = 7
    for r in tl.range(0, n, flatten=FLATTEN):
        scale = tl.load(q + r * B + i)
        acc = tl.zeros((B, B), tl.float32) + scale[:, None]
        high = r + FIRST
        if UNSIGNED is not None:
            high = high.to(UNSIGNED)
        for t in tl.range(0, high):
            x = tl.load(a + (r * B + i)[:, None] * (n * B) + (t * B + j)[None, :])
            y = tl.load(b + (t * B + i)[:, None] * B + j[None, :])
            acc = tl.dot(x, y, acc)
            acc += scale[None, :]
        tl.store(out + (r * B + i)[:, None] * B + j[None, :], acc + count)
        total += acc
        count += 2
    tl.store(last + i[:, None] * B + j[None, :], total + count)


@pytest.mark.parametrize("first", [1, 0, -1])
@pytest.mark.parametrize("unsigned", [None, tl.uint32, tl.uint64])
@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_inner_range_may_depend_on_the_outer_counter_and_be_empty(n, first, unsigned):
    if unsigned and first < 0:
        pytest.skip("the range would be very long")
    B = 32
    a = whole((n * B, n * B), "float16", 5)
    b, q = whole((n * B, B), "float16", 6), whole((n * B + 1,), "float32", 7)
    expected = np.full((n * B, B), -77.0)
    total = np.zeros((B, B))
    for r in range(n):
        rows, steps = slice(r * B, r * B + B), max(r + first, 0)
        acc = wide(a)[rows, : steps * B] @ wide(b)[: steps * B]
        acc = acc + q[rows][:, None] + steps * q[rows][None, :]
        expected[rows] = acc + 7 + 2 * r
        total += acc
    for depth in STAGES:
        for flatten in (False, True):
            outputs = [unwritten((n * B, B), "float32"), unwritten((B, B), "float32")]
            out, last = run(
                triangle, (1,), [a, b, q, *outputs, n], [3, 4], SCHEDULES[:2], num_stages=depth,
                FIRST=first, B=B, FLATTEN=flatten, UNSIGNED=unsigned,
            )  # fmt: skip
            assert_equal(out, expected, f"{depth} stages, flatten={flatten}")
            assert_equal(last, total + 7 + 2 * n, f"{depth} stages, flatten={flatten}")


@cosmati.jit
def ordered(x, log, n, m, parity, FLATTEN: tl.constexpr):
    """Nothing but effects: each appends to a log, at a place that is in memory itself."""
    if tl.program_id(0) % 2 == parity:
        for o in tl.range(n, 0, -2, flatten=FLATTEN):
            at = tl.load(x)
            tl.store(log + at, 1000 + o)
            tl.store(x, at + 1)
            tl.debug_barrier()
            for k in tl.range(3, 3 - m, -1):
                at = tl.load(x)
                tl.store(log + at, 10 * o + k)
                tl.store(x, at + 1)
                tl.debug_barrier()
            at = tl.load(x)
            tl.store(log + at, 2000 + o)
            tl.store(x, at + 1)
            tl.debug_barrier()


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("n, m", [(0, 2), (5, 0), (5, -3), (1, 1), (6, 3), (-2, 2)])
def test_effects_keep_their_order(n, m, flatten):
    entries = []
    for o in range(n, 0, -2):
        entries += [1000 + o, *(10 * o + k for k in range(3, 3 - m, -1)), 2000 + o]
    log = np.full(len(entries) + 1, -1, np.int32)
    x, log = run(
        ordered, (2,), [np.zeros(1, np.int32), log, n, m, 1], [0, 1], SCHEDULES[:1],
        FLATTEN=flatten,
    )  # fmt: skip
    assert x[0] == len(entries)
    np.testing.assert_array_equal(log, [*entries, -1])


@cosmati.jit
def mixed_sums(out, low, high, STEP: tl.constexpr, UNROLL: tl.constexpr, WIDE: tl.constexpr):
    first, second, trips = 1.0, 2.0, 0
    start = low.to(tl.int64) if WIDE else low
    for i in tl.range(start, high, STEP, loop_unroll_factor=UNROLL, disable_licm=UNROLL == 3):
        first, second = second, first * 0.5 + i
        trips += 1
    tl.store(out, first)
    tl.store(out + 1, second)
    tl.store(out + 2, trips.to(tl.float32))


@pytest.mark.parametrize("step", [1, 3, -1, -4])
@pytest.mark.parametrize("unroll", [None, 1, 2, 3, 5])
def test_unrolled_ranges(step, unroll):
    for low in (-7, 0, 5):
        for trips in (0, 1, 2, 3, 4, 5, 6, 7, 10, 11):
            high = low + trips * step - (trips % abs(step) if step > 0 else 0)
            first, second, values = 1.0, 2.0, range(low, high, step)
            for i in values:
                first, second = second, first * 0.5 + i
            out = np.zeros(3, np.float32)
            mixed_sums.check("all")[(1,)](
                out, low, high, STEP=step, UNROLL=unroll, WIDE=trips % 2 == 1, assemble=False
            )
            np.testing.assert_allclose(out, [first, second, len(values)], rtol=1e-6)


@cosmati.jit
def at_the_end_of_int32(out, low, high, step, UNROLL: tl.constexpr):
    count = 0
    for i in tl.range(low, high, step, loop_unroll_factor=UNROLL):
        tl.store(out + count, i)
        count += 1
    tl.store(out + count, -5)


@pytest.mark.parametrize("unroll", [1, 2, 3, 4])
def test_ranges_that_span_the_type_are_exact(unroll):
    top = 2**31 - 1
    for low, high, step in [
        (-top, top - 2**30, 2**30), (top - 9, top - 1, 2), (-top - 1, -top + 6, 3), (top, -top, 7),
        (-top - 1, top - 2**20, 2**29 - 1),
    ]:  # fmt: skip
        values = [*range(low, high, step), -5]
        out = np.zeros(len(values), np.int32)
        at_the_end_of_int32.check("all")[(1,)](out, low, high, step, UNROLL=unroll, assemble=False)
        np.testing.assert_array_equal(out, values)


@cosmati.jit
def hinted(x, out, n, a, SPECIALIZE: tl.constexpr, KEEP: tl.constexpr, FLATTEN: tl.constexpr):
    total = 0.0
    for i in tl.range(
        n, warp_specialize=SPECIALIZE, disable_licm=KEEP, flatten=FLATTEN,
        disallow_acc_multi_buffer=True,
    ):  # fmt: skip
        total += tl.load(x + i) * tl.sqrt(a)
    tl.store(out, total)


def _hinted(specialize=False, keep=False, flatten=False):
    x, out = np.ones(5, np.float32), np.zeros(1, np.float32)
    compiled = hinted[(1,)](
        x, out, 5, 9.0, SPECIALIZE=specialize, KEEP=keep, FLATTEN=flatten, assemble=False
    )
    assert out[0] == 15
    return compiled


def test_options_without_effect_are_named_in_remarks():
    assert not _hinted().remarks
    assert "loop-not-specialized" in "".join(_hinted(specialize=True).remarks)
    assert "loop-not-flattened: there is no loop in it" in "".join(_hinted(flatten=True).remarks)


def test_disable_licm_leaves_invariant_code_in_the_loop():
    for keep in (False, True):
        text = _hinted(keep=keep).asm["tilegpu"]
        assert (text.index("math.sqrt") > text.index("scf.for")) == keep
