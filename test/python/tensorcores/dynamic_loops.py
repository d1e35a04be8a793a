"""Loops whose next address depends on a product, on an atomic operation or on a choice."""

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
def chosen_kernel(a, b, out, visited, trips, K, BLOCKS: tl.constexpr, B: tl.constexpr):
    """The block that an iteration loads is named by the product of the one before."""
    i = tl.arange(0, B)
    x = _rows(a, i, i, B)
    acc = tl.zeros((B, B), tl.float32)
    block = 0
    for t in range(trips):
        s = tl.dot(x, _rows(b, block * B + i, i, B))
        acc += s
        tl.store(visited + t, block)
        block = (tl.max(tl.max(s, 1), 0).to(tl.int32) + t) % BLOCKS
    tl.store(out + i[:, None] * B + i[None, :], acc)


@scenario
def next_block_named_by_the_product(data: Data) -> Case:
    """Always of whole numbers: a rounding could name another block."""
    a, b = data.whole(32, 32, name="float16"), data.whole(7 * 32, 32, name="float16")
    y, acc, block = wide(b).reshape(7, 32, 32), np.zeros((32, 32)), 0
    visited = np.full(data.trips + 1, -1, np.int32)
    for t in range(data.trips):
        s = wide(a) @ y[block]
        acc += s
        visited[t] = block
        block = (int(s.max()) + t) % 7
    out = unwritten((32, 32), "float32")
    return Case(
        chosen_kernel, [a, b, out, np.full_like(visited, -1), data.trips, 32], [2, 3],
        [f32(acc), visited], {"BLOCKS": 7, "B": 32},
    )  # fmt: skip


@cosmati.jit
def selected_kernel(a, b, c, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """An operand comes from one of two arrays, by row; the mask comes from the accumulator."""
    i, k = tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        at = (t * BK + k)[:, None] * B + i[None, :]
        y = tl.load(tl.where(((t * BK + k) % 3 == 0)[:, None], c + at, b + at))
        x = tl.load(a + i[:, None] * K + (t * BK + k)[None, :],
                    mask=(tl.max(acc, 1) < 40.0)[:, None], other=1.0)  # fmt: skip
        acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * B + i[None, :], acc)


@scenario
def operands_selected_by_row_and_by_the_accumulator(data: Data) -> Case:
    """Always of whole numbers: the mask is a decision."""
    k = 16 * data.trips
    a = data.whole(32, k, name="float16")
    b, c = (data.whole(k, 32, name="float16") for _ in range(2))
    y = np.where((np.arange(k) % 3 == 0)[:, None], wide(c), wide(b))
    acc = np.zeros((32, 32))
    for t in range(data.trips):
        at = slice(16 * t, 16 * t + 16)
        acc += np.where((acc.max(1) < 40)[:, None], wide(a)[:, at], 1) @ y[at]
    return Case(
        selected_kernel, [a, b, c, unwritten((32, 32), "float32"), data.trips, k], [3],
        [f32(acc)], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def tickets_kernel(a, b, counter, out, tiles, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Programs draw tiles from a counter until there are none."""
    i, k = tl.arange(0, B), tl.arange(0, BK)
    tile = tl.atomic_add(counter, 1)
    while tile < tiles:
        acc = tl.zeros((B, B), tl.float32)
        for t in range(trips):
            at = t * BK + k
            acc = tl.dot(_rows(a, tile * B + i, at, K), _rows(b, at, i, B), acc)
        tl.store(out + (tile * B + i)[:, None] * B + i[None, :], acc)
        tile = tl.atomic_add(counter, 1)


@scenario
def tiles_drawn_from_a_counter(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(5 * 32, k), data.matrix(k, 32)
    args = [a, b, np.zeros(1, np.int32), unwritten((160, 32), "float32"), 5, data.trips, k]
    return Case(
        tickets_kernel, args, [2, 3], [np.array([7], np.int32), f32(wide(a) @ wide(b))],
        {"B": 32, "BK": 16}, (2,),
    )  # fmt: skip


@cosmati.jit
def persistent_kernel(a, b, out, M, N, trips, B: tl.constexpr, BK: tl.constexpr):
    """One flat loop over all steps of all tiles; a tile ends where its last step does."""
    i, k = tl.arange(0, B), tl.arange(0, BK)
    columns, K = tl.cdiv(N, B), trips * BK
    steps = tl.cdiv(M, B) * columns * trips
    acc = tl.zeros((B, B), tl.float32)
    for step in range(steps):
        tile, at = step // trips, (step % trips) * BK + k
        row, col = tile // columns * B + i, tile % columns * B + i
        x = tl.load(a + row[:, None] * K + at[None, :], mask=(row < M)[:, None], other=0.0)
        y = tl.load(b + at[:, None] * N + col[None, :], mask=(col < N)[None, :], other=0.0)
        acc = tl.dot(x, y, acc)
        if step % trips == trips - 1:
            inside = (row < M)[:, None] & (col < N)[None, :]
            tl.store(out + row[:, None] * N + col[None, :], acc, mask=inside)
            acc = tl.zeros((B, B), tl.float32)


@scenario
def one_loop_over_the_steps_of_all_tiles(data: Data) -> Case:
    trips = max(data.trips, 1)  # without steps no result would be written
    k = 16 * trips
    a, b = data.matrix(50, k), data.matrix(k, 40)
    return Case(
        persistent_kernel, [a, b, unwritten((50, 40), "float32"), 50, 40, trips], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def scratch_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Between two products: a sort of layouts through shared memory, a scan and a barrier."""
    i, k = tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        s = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, i, B))
        tl.debug_barrier()
        running = tl.cumsum(tl.reshape(s, (B * B,)) * 0.5, 0)
        back = tl.trans(tl.reshape(running, (B, B)))
        x = tl.minimum(tl.maximum(back, -2.0), 2.0).to(tl.int32).to(tl.float16)
        acc = tl.dot(x, tl.trans(x), acc)
    tl.store(out + i[:, None] * B + i[None, :], acc)


@scenario
def reshapes_and_scans_between_products(data: Data) -> Case:
    """Always of whole numbers: a rounding could change the truncated sums."""
    k = 16 * data.trips
    a, b = data.whole(32, k, name="float16"), data.whole(k, 32, name="float16")
    acc = np.zeros((32, 32))
    for t in range(data.trips):
        at = slice(16 * t, 16 * t + 16)
        back = np.cumsum((wide(a)[:, at] @ wide(b)[at]).reshape(-1) * 0.5).reshape(32, 32).T
        x = np.trunc(np.clip(back, -2, 2))
        acc += x @ x.T
    return Case(
        scratch_kernel,
        [a, b, unwritten((32, 32), "float32"), data.trips, k], [2], [f32(acc)],
        {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def carried_kernel(a, b, out, seen, outer, trips, B: tl.constexpr):
    """A loop that carries its own index, a value from outside, and pointers that change places."""
    i = tl.arange(0, B)
    p = a + i[:, None] * B + i[None, :]
    q = b + i[:, None] * B + i[None, :]
    acc = tl.zeros((B, B), tl.float32)
    total = tl.zeros((B,), tl.int32)
    marks = i
    for u in range(outer):
        before, last = -2, -1
        for t in range(trips):
            acc = tl.dot(tl.load(p), tl.load(q), acc)
            p, q = q + B * B, p + B * B
            before = last
            last = t
            marks = total
        total += u + before + last
        marks += 1
    tl.store(out + i[:, None] * B + i[None, :], acc)
    tl.store(seen + i, total)
    tl.store(seen + B + i, marks)


@scenario
def indices_and_outer_values_carried(data: Data) -> Case:
    n, trips = 2 * data.trips + 1, data.trips
    a, b = data.matrix(n, 32, 32), data.matrix(n, 32, 32)
    acc, total, marks = np.zeros((32, 32)), np.zeros(32, int), np.arange(32)
    for u in range(2):
        for t in range(trips):
            x, y = (a, b) if (u * trips + t) % 2 == 0 else (b, a)
            acc += wide(x[u * trips + t]) @ wide(y[u * trips + t])
            marks = total
        total = total + u + (-2 if trips == 0 else trips - 2) + (trips - 1 if trips else -1)
        marks = marks + 1
    args = [a, b, unwritten((32, 32), "float32"), unwritten((2, 32), "int32"), 2, trips]
    return Case(
        carried_kernel, args, [2, 3], [f32(acc), np.stack([total, marks]).astype(np.int32)],
        {"B": 32},
    )  # fmt: skip
