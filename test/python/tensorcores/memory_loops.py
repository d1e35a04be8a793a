"""Loops that differ in how addresses are found, and loops that write what they read."""

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
def gather_kernel(a, b, rows, out, trips, K, N, B: tl.constexpr, BK: tl.constexpr):
    """The rows of b are named by a table that is read in the loop."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        at = tl.load(rows + t * BK + k)
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, at, j, N), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def rows_gathered_by_a_table(data: Data) -> Case:
    k = 32 * data.trips
    a, b, rows = data.matrix(32, k), data.matrix(50, 32), data.below(50, k)
    return Case(
        gather_kernel, [a, b, rows, unwritten((32, 32), "float32"), data.trips, k, 32], [3],
        [f32(wide(a) @ wide(b)[rows])], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def masked_gather_kernel(a, b, rows, out, n_rows, K, N, B: tl.constexpr, BK: tl.constexpr):
    """The table ends within a block, and -1 in it stands for a row of ones."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for start in range(0, n_rows, BK):
        inside = start + k < n_rows
        at = tl.load(rows + start + k, mask=inside, other=-1)
        x = tl.load(a + i[:, None] * K + (start + k)[None, :], mask=inside[None, :], other=0.0)
        y = tl.load(b + at[:, None] * N + j[None, :], mask=(at >= 0)[:, None], other=1.0)
        acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def rows_gathered_where_the_table_says(data: Data) -> Case:
    n = max(32 * data.trips - 5, 0)
    a, b = data.matrix(32, n), data.matrix(50, 32)
    rows = data.below(60, n)
    rows[rows >= 50] = -1
    y = np.where((rows >= 0)[:, None], wide(b)[rows], 1.0)
    return Case(
        masked_gather_kernel, [a, b, rows, unwritten((32, 32), "float32"), n, n, 32], [3],
        [f32(wide(a) @ y)], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def twice_indirect_kernel(a, b, pages, rows, out, trips, K, N, B: tl.constexpr, BK: tl.constexpr):
    """A scalar of the loop names a page, the page names rows: two loads before the operand's."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        page = tl.load(pages + t)
        at = tl.load(rows + page * BK + k)
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, at, j, N), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def rows_named_by_pages(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(50, 32)
    pages, rows = data.below(7, data.trips), data.below(50, 7, 16)
    return Case(
        twice_indirect_kernel,
        [a, b, pages, rows, unwritten((32, 32), "float32"), data.trips, k, 32], [4],
        [f32(wide(a) @ wide(b)[rows[pages].reshape(-1)])], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def chased_kernel(a, b, following, out, first, trips, K, N, B: tl.constexpr, BK: tl.constexpr):
    """A linked list of blocks: each iteration's address depends on the load of the one before."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    block = first
    for t in range(trips):
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, block * BK + k, j, N), acc)
        block = tl.load(following + block)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def blocks_of_a_linked_list(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(9 * 16, 32)
    following = np.random.default_rng(4).permutation(9).astype(np.int32)
    blocks, block = [], 3
    for _ in range(data.trips):
        blocks.append(block)
        block = following[block]
    y = wide(b).reshape(9, 16, 32)[blocks].reshape(k, 32)
    out = unwritten((32, 32), "float32")
    return Case(
        chased_kernel, [a, b, following, out, 3, data.trips, k, 32], [3],
        [f32(wide(a) @ y)], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def grouped_kernel(a, b, tiles, out, n_tiles, K, N, B: tl.constexpr, BK: tl.constexpr):
    """Persistent: programs take tiles (group, first row, last row) from a table in turn."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    for tile in range(tl.program_id(0), n_tiles, tl.num_programs(0)):
        group = tl.load(tiles + 3 * tile)
        rows = tl.load(tiles + 3 * tile + 1) + i
        inside = rows < tl.load(tiles + 3 * tile + 2)
        acc = tl.zeros((B, B), tl.float32)
        for start in range(0, K, BK):
            at = start + k
            x = tl.load(a + rows[:, None] * K + at[None, :], mask=inside[:, None], other=0.0)
            acc = tl.dot(x, tl.load(b + (group * K + at)[:, None] * N + j[None, :]), acc)
        tl.store(out + rows[:, None] * N + j[None, :], acc, mask=inside[:, None])


@scenario
def grouped_products(data: Data) -> Case:
    k, ends = 16 * data.trips, [0, 40, 40, 57, 121]
    tiles = []
    for group, (first, last) in enumerate(zip(ends, ends[1:], strict=False)):
        tiles += [(group, row, last) for row in range(first, last, 32)]
    a, b = data.matrix(121, k), data.matrix(4, k, 32)
    expected = [
        wide(a)[f:e] @ wide(b)[g] for g, (f, e) in enumerate(zip(ends, ends[1:], strict=False))
    ]
    table = np.array(tiles, np.int32)
    return Case(
        grouped_kernel,
        [a, b, table, unwritten((121, 32), "float32"), len(tiles), k, 32], [3],
        [f32(np.concatenate(expected))], {"B": 32, "BK": 16}, (2,),
    )  # fmt: skip


@cosmati.jit
def feedback_kernel(x, w, trips, B: tl.constexpr):
    """Iteration t reads block t of x and writes block t + 1, behind a barrier."""
    i, j = tl.arange(0, B), tl.arange(0, B)
    at = i[:, None] * B + j[None, :]
    for t in range(trips):
        y = tl.dot(tl.load(x + t * B * B + at), _rows(w, i, j, B))
        y = tl.minimum(tl.maximum(y, -2.0), 2.0).to(tl.float16)
        tl.store(x + (t + 1) * B * B + at, y)
        tl.debug_barrier()


@scenario
def reads_what_it_wrote_one_iteration_ago(data: Data) -> Case:
    x, w = data.matrix(data.trips + 1, 32, 32), data.matrix(32, 32)
    expected = x.copy()
    for t in range(data.trips):
        expected[t + 1] = np.clip(wide(expected[t]) @ wide(w), -2, 2).astype(np.float16)
    return Case(feedback_kernel, [x, w, data.trips], [0], [expected], {"B": 32})


@cosmati.jit
def later_kernel(x, w, y, trips, B: tl.constexpr):
    """Iteration t reads block t of x and writes block t + 2 through another pointer, y."""
    i, j = tl.arange(0, B), tl.arange(0, B)
    at = i[:, None] * B + j[None, :]
    for t in range(trips):
        s = tl.dot(tl.load(x + t * B * B + at), _rows(w, i, j, B))
        tl.store(y + t * B * B + at, tl.minimum(tl.maximum(s, -2.0), 2.0).to(tl.float16))
        tl.debug_barrier()


@scenario
def reads_what_it_wrote_through_another_pointer(data: Data) -> Case:
    """Both parameters are views of one array; ``expected`` is what the first view shows."""
    x, w = data.matrix(data.trips + 2, 32, 32), data.matrix(32, 32)
    expected = x.copy()
    for t in range(data.trips):
        expected[t + 2] = np.clip(wide(expected[t]) @ wide(w), -2, 2).astype(np.float16)

    class Overlapping:
        """Launches with y = x[2:]."""

        def check(self, *args, **options):
            bound = later_kernel.check(*args, **options)

            class Launcher:
                def __getitem__(self, grid):
                    return lambda x, w, trips, **o: bound[grid](x, w, x[2:], trips, **o)

            return Launcher()

    return Case(Overlapping(), [x, w, data.trips], [0], [expected], {"B": 32})


@cosmati.jit
def in_place_kernel(x, b, trips, K, N, B: tl.constexpr, BK: tl.constexpr):
    """Each iteration adds a product to the same block in memory."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    at = x + i[:, None] * N + j[None, :]
    for t in range(trips):
        s = tl.dot(_rows(b, i, t * BK + k, K), tl.trans(_rows(b, j, t * BK + k, K)))
        tl.store(at, tl.load(at) + s)
        tl.debug_barrier()


@scenario
def adds_to_one_block_in_memory(data: Data) -> Case:
    k = 32 * data.trips
    x, b = data.matrix(32, 32, name="float32"), data.matrix(32, k)
    return Case(
        in_place_kernel, [x, b, data.trips, k, 32], [0], [f32(wide(x) + wide(b) @ wide(b).T)],
        {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def atomic_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Split K: programs add their parts to one result, in each iteration."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    for t in range(tl.program_id(0), trips, tl.num_programs(0)):
        s = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B))
        tl.atomic_add(out + i[:, None] * B + j[None, :], s)


@scenario
def parts_added_atomically(data: Data) -> Case:
    """Always of whole numbers: the order of atomic additions is open."""
    k = 16 * data.trips
    a, b = data.whole(32, k, name="float16"), data.whole(k, 32, name="float16")
    return Case(
        atomic_kernel, [a, b, np.zeros((32, 32), np.float32), data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 16}, (2,),
    )  # fmt: skip


@cosmati.jit
def windows_kernel(a, b, out, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    row, col = tl.program_id(0) * BM, tl.program_id(1) * BN
    x = tl.make_block_ptr(a, (M, K), (K, 1), (row, 0), (BM, BK), (1, 0))
    y = tl.make_block_ptr(b, (K, N), (N, 1), (0, col), (BK, BN), (1, 0))
    acc = tl.zeros((BM, BN), tl.float32)
    for _ in range(0, K, BK):
        left = tl.load(x, boundary_check=(0, 1), padding_option="zero")
        right = tl.load(y, boundary_check=(0, 1), padding_option="zero")
        acc = tl.dot(left, right, acc)
        x = tl.advance(x, (0, BK))
        y = tl.advance(y, (BK, 0))
    z = tl.make_block_ptr(out, (M, N), (N, 1), (row, col), (BM, BN), (1, 0))
    tl.store(z, acc, boundary_check=(0, 1))


@scenario
def block_pointers(data: Data) -> Case:
    k = max(32 * data.trips - 3, 0)
    a, b = data.matrix(37, k), data.matrix(k, 61)
    return Case(
        windows_kernel, [a, b, unwritten((37, 61), "float32"), 37, 61, k], [2],
        [f32(wide(a) @ wide(b))], {"BM": 32, "BN": 32, "BK": 32}, (2, 2),
    )  # fmt: skip


@cosmati.jit
def descriptor_kernel(a, b, out, M, N, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    row, col = tl.program_id(0) * BM, tl.program_id(1) * BN
    x = tl.make_tensor_descriptor(a, [M, K], [K, 1], [BM, BK])
    y = tl.make_tensor_descriptor(b, [N, K], [K, 1], [BN, BK])
    z = tl.make_tensor_descriptor(out, [M, N], [N, 1], [BM, BN])
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        acc = tl.dot(x.load([row, start]), y.load([col, start]).T, acc)
    z.store([row, col], acc)


@scenario
def tensor_descriptors(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(40, k), data.matrix(64, k)
    return Case(
        descriptor_kernel, [a, b, unwritten((40, 64), "float32"), 40, 64, k], [2],
        [f32(wide(a) @ wide(b).T)], {"BM": 32, "BN": 32, "BK": 32}, (2, 2),
    )  # fmt: skip


@cosmati.jit
def volatile_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        at = t * BK + k
        x = tl.load(a + i[:, None] * K + at[None, :], volatile=True)
        y = tl.load(b + at[:, None] * B + j[None, :], cache_modifier=".cg",
                    eviction_policy="evict_first")  # fmt: skip
        acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * B + j[None, :], acc, cache_modifier=".cs")


@scenario
def volatile_and_cached_loads(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    return Case(
        volatile_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def carried_pointers_kernel(a, b, out, trips, step_a, step_b, N, B: tl.constexpr,
                            BK: tl.constexpr):  # fmt: skip
    """Pointers and a mask that the loop carries; the mask loses a column in each iteration."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    x = a + i[:, None] * N + k[None, :]
    y = b + k[:, None] * B + j[None, :]
    inside = j < B
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        acc = tl.dot(tl.load(x), tl.load(y, mask=inside[None, :], other=-1.0), acc)
        x += step_a
        y += step_b
        inside = inside & (j < B - 1 - t)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def pointers_and_masks_carried_by_the_loop(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    hidden = np.arange(32)[None, :] >= 32 - np.arange(k)[:, None] // 16
    return Case(
        carried_pointers_kernel,
        [a, b, unwritten((32, 32), "float32"), data.trips, 16, 16 * 32, k], [2],
        [f32(wide(a) @ np.where(hidden, -1, wide(b)))], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def far_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Offsets in 64 bits, rows reversed: neighbours in the block are not neighbours in memory."""
    i, j, k = tl.arange(0, B).to(tl.int64), tl.arange(0, B).to(tl.int64), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        at = (K - 1 - t * BK - k).to(tl.int64)
        acc = tl.dot(_rows(a, i, at, K), _rows(b, at, B - 1 - j, B), acc)
    tl.store(out + i[:, None] * B + (B - 1 - j)[None, :], acc)


@scenario
def backwards_in_memory(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 32)
    return Case(
        far_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def broadcast_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """One row of a stands for all, one column of b for all: strides of zero."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        x = tl.load(a + i[:, None] * 0 + (t * BK + k)[None, :])
        y = tl.broadcast_to(tl.load(b + t * BK + k)[:, None], (BK, B))
        acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def broadcast_operands(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(k), data.matrix(k)
    expected = np.full((32, 32), (wide(a) * wide(b)).sum())
    return Case(
        broadcast_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(expected)], {"B": 32, "BK": 16},
    )  # fmt: skip
