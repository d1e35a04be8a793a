"""Loops that differ in control flow, ranges, hints, memory and how their addresses are found."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
from scenarios import Case, Data, f32, scenario
from tensorcore_support import unwritten, wide


@cosmati.jit
def _rows(x, i, k, stride):
    return tl.load(x + i[:, None] * stride + k[None, :])


@cosmati.jit
def branch_kernel(a, b, flags, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        if tl.load(flags + t) > 0:
            acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
        else:
            acc += 1.0
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def dot_under_if(data: Data) -> Case:
    k = 32 * data.trips
    a, b, flags = data.matrix(32, k), data.matrix(k, 32), data.below(2, data.trips)
    x = wide(a).reshape(32, -1, 32) * flags[:, None]
    expected = x.reshape(32, k) @ wide(b) + (flags == 0).sum()
    return Case(
        branch_kernel, [a, b, flags, unwritten((32, 32), "float32"), data.trips, k], [3],
        [f32(expected)], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def loads_outside_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """The loads happen always, the dot in every other iteration."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        y = _rows(b, t * BK + k, j, B)
        if t % 2 == 1:
            acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def loads_outside_of_the_if(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    odd = np.arange(k) // 32 % 2
    return Case(
        loads_outside_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32((wide(a) * odd) @ wide(b))], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def nested_kernel(a, b, out, outer, trips, K, B: tl.constexpr, BK: tl.constexpr,
                  FLATTEN: tl.constexpr):  # fmt: skip
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    for r in tl.range(0, outer, flatten=FLATTEN):
        acc = tl.zeros((B, B), tl.float32)
        for t in range(trips):
            acc = tl.dot(_rows(a, r * B + i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
        tl.store(out + (r * B + i)[:, None] * B + j[None, :], acc)


def _nested(data: Data, flatten: bool) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(96, k), data.matrix(k, 32)
    return Case(
        nested_kernel, [a, b, unwritten((96, 32), "float32"), 3, data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 16, "FLATTEN": flatten},
    )  # fmt: skip


@scenario
def nested_loops(data: Data) -> Case:
    return _nested(data, False)


@scenario
def nested_loops_flattened(data: Data) -> Case:
    return _nested(data, True)


@cosmati.jit
def outer_operand_kernel(a, b, out, trips, K, N, B: tl.constexpr, BK: tl.constexpr):
    """A dot in the outer loop and one in the inner loop, with an operand loaded in between."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        acc = tl.dot(x, _rows(b, t * BK + k, j, N), acc)
        for u in range(t):
            acc = tl.dot(x, _rows(b, u * BK + k, B + j, N), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def dots_in_both_of_two_nested_loops(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k, high=1), data.matrix(k, 64, high=1)
    acc = wide(a) @ wide(b)[:, :32]
    for t in range(data.trips):
        for u in range(t):
            acc = acc + wide(a)[:, 16 * t : 16 * t + 16] @ wide(b)[16 * u : 16 * u + 16, 32:]
    return Case(
        outer_operand_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k, 64], [2],
        [f32(acc)], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def while_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    t = 0
    while t < trips:
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
        t += 1
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def while_loop(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    return Case(
        while_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def two_loops_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Two loops, one behind the other: their buffers may share memory."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
    most = tl.max(acc, 1)
    for t in range(trips):
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc + most[:, None])
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def two_loops_in_a_row(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(64, k), data.matrix(k, 64)
    once = wide(a) @ wide(b)
    expected = 2 * once + data.trips * once.max(1)[:, None]
    return Case(
        two_loops_kernel, [a, b, unwritten((64, 64), "float32"), data.trips, k], [2],
        [f32(expected)], {"B": 64, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def stepped_kernel(a, b, out, first, last, K, STEP: tl.constexpr, B: tl.constexpr,
                   BK: tl.constexpr):  # fmt: skip
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(first, last, STEP):
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc) + t
    tl.store(out + i[:, None] * B + j[None, :], acc)


def _stepped(data: Data, first: int, step: int) -> Case:
    last = first + step * data.trips
    blocks = list(range(first, last, step))
    k = 16 * (max([*blocks, 0]) + 1)
    a, b = data.matrix(32, k), data.matrix(k, 32)
    chosen = np.isin(np.arange(k) // 16, blocks)
    expected = (wide(a) * chosen) @ wide(b) + sum(blocks)
    return Case(
        stepped_kernel, [a, b, unwritten((32, 32), "float32"), first, last, k], [2],
        [f32(expected)], {"STEP": step, "B": 32, "BK": 16},
    )  # fmt: skip


@scenario
def range_with_a_step(data: Data) -> Case:
    return _stepped(data, 2, 3)


@scenario
def range_that_counts_down(data: Data) -> Case:
    return _stepped(data, 2 * data.trips + 1, -2)


@scenario
def range_that_counts_down_by_one(data: Data) -> Case:
    return _stepped(data, data.trips, -1)


@cosmati.jit
def loaded_bound_kernel(a, b, lengths, out, K, B: tl.constexpr, BK: tl.constexpr):
    pid = tl.program_id(0)
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    first, last = tl.load(lengths + 2 * pid), tl.load(lengths + 2 * pid + 1)
    for start in range(first, last, BK):
        at = start + k
        x = tl.load(a + i[:, None] * K + at[None, :], mask=at[None, :] < last, other=0.0)
        y = tl.load(b + at[:, None] * B + j[None, :], mask=at[:, None] < last, other=0.0)
        acc = tl.dot(x, y, acc)
    tl.store(out + (pid * B + i)[:, None] * B + j[None, :], acc)


@scenario
def bounds_from_memory(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    lengths = np.array([[0, k], [min(5, k), max(k - 3, 0)], [k, 0]], np.int32)
    expected = [wide(a)[:, f:e] @ wide(b)[f:e] for f, e in lengths]
    return Case(
        loaded_bound_kernel, [a, b, lengths, unwritten((96, 32), "float32"), k], [3],
        [f32(np.concatenate(expected))], {"B": 32, "BK": 16}, (3,),
    )  # fmt: skip


@cosmati.jit
def hints_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr, UNROLL: tl.constexpr,
                 STAGES: tl.constexpr):  # fmt: skip
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in tl.range(
        0, trips, num_stages=STAGES, loop_unroll_factor=UNROLL, disallow_acc_multi_buffer=True,
        disable_licm=True,
    ):  # fmt: skip
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


def _hints(data: Data, unroll: int, stages: int | None) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    return Case(
        hints_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 16, "UNROLL": unroll, "STAGES": stages},
    )  # fmt: skip


@scenario
def unrolled_by_two(data: Data) -> Case:
    return _hints(data, 2, None)


@scenario
def unrolled_by_three_in_four_stages(data: Data) -> Case:
    return _hints(data, 3, 4)


@cosmati.jit
def static_kernel(a, b, out, K, TRIPS: tl.constexpr, B: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in tl.static_range(TRIPS):
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def static_range(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    return Case(
        static_kernel, [a, b, unwritten((32, 32), "float32"), k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 16, "TRIPS": data.trips},
    )  # fmt: skip


@cosmati.jit
def constant_trips_kernel(a, b, out, TRIPS: tl.constexpr, B: tl.constexpr, BK: tl.constexpr):
    """Trip count and strides are known to the compiler."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(TRIPS):
        acc = tl.dot(_rows(a, i, t * BK + k, TRIPS * BK), _rows(b, t * BK + k, j, B), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def trip_count_known_to_the_compiler(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    return Case(
        constant_trips_kernel, [a, b, unwritten((32, 32), "float32")], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 16, "TRIPS": data.trips},
    )  # fmt: skip
