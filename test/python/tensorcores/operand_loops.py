"""Loops that differ in how the operands and the result of a dot are made and used."""

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
def exp_kernel(a, b, out, trips, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK)
    acc = tl.zeros((BM, BN), tl.float32)
    for t in range(trips):
        x = tl.exp2(_rows(a, i, t * BK + k, K).to(tl.float32)).to(tl.float16)
        y = _rows(b, t * BK + k, j, BN)
        acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * BN + j[None, :], acc)


@scenario
def operand_of_exp(data: Data) -> Case:
    """2^x for whole x is exact once it is rounded to 16 bits."""
    k = 32 * data.trips
    a, b = data.whole(32, k, name="float16"), data.matrix(k, 32)
    return Case(
        exp_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(np.exp2(wide(a)) @ wide(b))], {"BM": 32, "BN": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def where_kernel(a, b, out, trips, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK)
    acc = tl.zeros((BM, BN), tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        y = _rows(b, t * BK + k, j, BN)
        x = tl.where((t * BK + k)[None, :] % 3 == 0, -x, tl.where(x > 0, x, 1.0))
        acc = tl.dot(x.to(tl.float16), tl.where(y < 0, 2.0, y).to(tl.float16), acc)
    tl.store(out + i[:, None] * BN + j[None, :], acc)


@scenario
def operand_of_where(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(64, k), data.matrix(k, 32)
    x, y = wide(a), wide(b)
    x = np.where(np.arange(k) % 3 == 0, -x, np.where(x > 0, x, 1))
    return Case(
        where_kernel, [a, b, unwritten((64, 32), "float32"), data.trips, k], [2],
        [f32(x @ np.where(y < 0, 2, y))], {"BM": 64, "BN": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def weights_kernel(a, w, scale, out, trips, K, BM: tl.constexpr, BN: tl.constexpr,
                   BK: tl.constexpr):  # fmt: skip
    i, j, k = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK)
    acc = tl.zeros((BM, BN), tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        y = _rows(w, t * BK + k, j, BN).to(tl.float16) * tl.load(scale + t * BN + j)[None, :]
        acc = tl.dot(x, y.to(tl.float16), acc)
    tl.store(out + i[:, None] * BN + j[None, :], acc)


@scenario
def int8_weights(data: Data) -> Case:
    k = 64 * data.trips
    a, w = data.matrix(32, k), data.whole(k, 64, name="int8", high=5)
    scale = data.matrix(data.trips, 64)
    y = wide(w).reshape(data.trips, 64, 64) * wide(scale)[:, None, :]
    return Case(
        weights_kernel, [a, w, scale, unwritten((32, 64), "float32"), data.trips, k], [3],
        [f32(wide(a) @ y.reshape(k, 64))], {"BM": 32, "BN": 64, "BK": 64},
    )  # fmt: skip


@cosmati.jit
def int4_kernel(a, w, out, trips, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    """Two weights in a byte: the low half is row 2 k, the high half row 2 k + 1."""
    i, j, k, h = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK), tl.arange(0, BK // 2)
    acc = tl.zeros((BM, BN), tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        packed = _rows(w, t * (BK // 2) + h, j, BN)
        low = ((packed << 4).to(tl.int8) >> 4).to(tl.float16)
        high = (packed >> 4).to(tl.float16)
        y = tl.join(low, high).permute(0, 2, 1).reshape(BK, BN)
        acc = tl.dot(x, y, acc)
    tl.store(out + i[:, None] * BN + j[None, :], acc)


@scenario
def int4_weights(data: Data) -> Case:
    k = 32 * data.trips
    a, w = data.matrix(32, k), data.whole(k // 2, 32, name="int8", high=127)
    low = ((w.astype(np.int16) << 4).astype(np.int8) >> 4).astype(np.float64)
    y = np.stack([low, wide(w >> 4)], 1).reshape(k, 32)
    return Case(
        int4_kernel, [a, w, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(wide(a) @ y)], {"BM": 32, "BN": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def twice_kernel(a, b, out, most, trips, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK)
    acc = tl.zeros((BM, BN), tl.float32)
    largest = tl.full((BM,), -1000.0, tl.float32)
    for t in range(trips):
        d = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, BN))
        largest = tl.maximum(largest, tl.max(d, 1))
        acc += d
    tl.store(out + i[:, None] * BN + j[None, :], acc)
    tl.store(most + i, largest)


@scenario
def result_used_twice(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(32, k), data.matrix(k, 64)
    parts = wide(a).reshape(32, data.trips, 32).transpose(1, 0, 2) @ wide(b).reshape(-1, 32, 64)
    most = np.full(32, -1000.0)
    for part in parts:
        most = np.maximum(most, part.max(1))
    out = unwritten((32, 64), "float32")
    return Case(
        twice_kernel, [a, b, out, unwritten((32,), "float32"), data.trips, k], [2, 3],
        [f32(parts.sum(0)), f32(most)], {"BM": 32, "BN": 64, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def two_dots_kernel(a, b, c, out, out2, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Gated: one load of a, two products, which meet after the loop."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    one = tl.zeros((B, B), tl.float32)
    two = tl.full((B, B), 1.0, tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        one = tl.dot(x, _rows(b, t * BK + k, j, B), one)
        two = tl.dot(x, _rows(c, t * BK + k, j, B), two)
    tl.store(out + i[:, None] * B + j[None, :], one)
    tl.store(out2 + i[:, None] * B + j[None, :], tl.maximum(two, 0.0) - one)


@scenario
def two_dots_share_an_operand(data: Data) -> Case:
    k = 32 * data.trips
    a, b, c = data.matrix(32, k), data.matrix(k, 32), data.matrix(k, 32)
    one = wide(a) @ wide(b)
    outs = [unwritten((32, 32), "float32") for _ in range(2)]
    return Case(
        two_dots_kernel, [a, b, c, *outs, data.trips, k], [3, 4],
        [f32(one), f32(np.maximum(wide(a) @ wide(c) + 1, 0) - one)], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def independent_kernel(a, b, c, d, out, out2, trips, K, B: tl.constexpr, BK: tl.constexpr):
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    one = tl.zeros((B, B), tl.float32)
    two = tl.zeros((B, B), tl.int32)
    for t in range(trips):
        one = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), one)
        two = tl.dot(_rows(c, i, t * BK + k, K), _rows(d, t * BK + k, j, B), two)
    tl.store(out + i[:, None] * B + j[None, :], one)
    tl.store(out2 + i[:, None] * B + j[None, :], two)


@scenario
def two_dots_of_different_types(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(32, k, name="bfloat16"), data.matrix(k, 32, name="bfloat16")
    c, d = data.whole(32, k, name="int8", high=100), data.whole(k, 32, name="int8", high=100)
    outs = [unwritten((32, 32), name) for name in ("float32", "int32")]
    return Case(
        independent_kernel, [a, b, c, d, *outs, data.trips, k], [4, 5],
        [f32(wide(a) @ wide(b)), (wide(c) @ wide(d)).astype(np.int32)], {"B": 32, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def square_kernel(a, out, total, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """a a^T and the sums of a's rows: one load for both operands of the dot and for a reduction."""
    i, k = tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    sums = tl.zeros((B,), tl.float32)
    for t in range(trips):
        x = _rows(a, i, t * BK + k, K)
        acc = tl.dot(x, tl.trans(x), acc)
        sums += tl.sum(x.to(tl.float32), 1)
    tl.store(out + i[:, None] * B + i[None, :], acc)
    tl.store(total + i, sums)


@scenario
def both_operands_from_one_load(data: Data) -> Case:
    k = 64 * data.trips
    a = data.matrix(32, k)
    outs = [unwritten((32, 32), "float32"), unwritten((32,), "float32")]
    return Case(
        square_kernel, [a, *outs, data.trips, k], [1, 2],
        [f32(wide(a) @ wide(a).T), f32(wide(a).sum(1))], {"B": 32, "BK": 64},
    )  # fmt: skip


@cosmati.jit
def carried_kernel(a, b, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """Pipelined by hand: an iteration multiplies what the one before it has loaded."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    x = _rows(a, i, k, K)
    y = _rows(b, k, j, B)
    for t in range(1, trips + 1):
        acc = tl.dot(x, y, acc)
        x = _rows(a, i, t * BK + k, K)
        y = _rows(b, t * BK + k, j, B)
    tl.store(out + i[:, None] * B + j[None, :], acc + tl.sum(x.to(tl.float32)))


@scenario
def operands_of_the_previous_iteration(data: Data) -> Case:
    k = 16 * (data.trips + 1)
    a, b = data.matrix(32, k), data.matrix(k, 32)
    expected = wide(a[:, :-16]) @ wide(b[:-16]) + wide(a[:, -16:]).sum()
    return Case(
        carried_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, k], [2],
        [f32(expected)], {"B": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def invariant_kernel(q, b, out, trips, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr):
    """One operand stays; results are stored in each iteration."""
    i, j, d = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, D)
    x = _rows(q, i, d, D)
    for t in range(trips):
        y = _rows(b, t * BN + j, d, D)
        s = tl.dot(x, tl.trans(y))
        tl.store(out + i[:, None] * (trips * BN) + (t * BN + j)[None, :], s.to(tl.float16))


@scenario
def stores_in_each_iteration(data: Data) -> Case:
    n = 32 * data.trips
    q, b = data.matrix(64, 64), data.matrix(n, 64)
    return Case(
        invariant_kernel, [q, b, unwritten((64, n), "float16"), data.trips], [2],
        [(wide(q) @ wide(b).T).astype(np.float16)], {"D": 64, "BM": 64, "BN": 32},
    )  # fmt: skip


@cosmati.jit
def chain_kernel(a, b, c, out, trips, K, P: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
                 BK: tl.constexpr, D: tl.constexpr):  # fmt: skip
    """sum over t of clamp(a b_t) c_t with the clamped product in the type P."""
    i, j, k, d = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK), tl.arange(0, D)
    x = _rows(a, i, k, BK)
    acc = tl.zeros((BM, D), tl.float32)
    for t in range(trips):
        s = tl.dot(x, _rows(b, k, t * BN + j, K))
        p = tl.minimum(tl.maximum(s, -3.0), 3.0).to(P)
        acc = tl.dot(p, _rows(c, t * BN + j, d, D), acc)
    tl.store(out + i[:, None] * D + d[None, :], acc)


def _chain(data: Data, p: str, c_name: str) -> Case:
    n = 32 * data.trips
    a, b, c = data.matrix(32, 64), data.matrix(64, n), data.matrix(n, 64, name=c_name)
    expected = np.clip(wide(a) @ wide(b), -3, 3) @ wide(c)
    return Case(
        chain_kernel, [a, b, c, unwritten((32, 64), "float32"), data.trips, n], [3],
        [f32(expected)], {"P": getattr(tl, p), "BM": 32, "BN": 32, "BK": 64, "D": 64},
    )  # fmt: skip


@scenario
def chained_dots_in_float16(data: Data) -> Case:
    return _chain(data, "float16", "float16")


@scenario
def chained_dots_in_bfloat16(data: Data) -> Case:
    return _chain(data, "bfloat16", "bfloat16")


@scenario
def chained_dots_in_float8(data: Data) -> Case:
    return _chain(data, "float8e4nv", "float8e4nv")


@cosmati.jit
def from_accumulator_kernel(a, b, out, trips, N, B: tl.constexpr):
    """acc = clamp(acc)^T b_t + 1: the accumulator is an operand of the next iteration."""
    i, j = tl.arange(0, B), tl.arange(0, B)
    acc = _rows(a, i, j, B).to(tl.float32)
    for t in range(trips):
        x = tl.minimum(tl.maximum(acc, -2.0), 2.0).to(tl.float16)
        acc = tl.dot(tl.trans(x), _rows(b, i, t * B + j, N)) + 1.0
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def the_accumulator_becomes_an_operand(data: Data) -> Case:
    n = 32 * data.trips
    a, b = data.matrix(32, 32), data.matrix(32, n)
    acc = wide(a)
    for t in range(data.trips):
        acc = np.clip(acc, -2, 2).T @ wide(b)[:, 32 * t : 32 * t + 32] + 1
    return Case(
        from_accumulator_kernel, [a, b, unwritten((32, 32), "float32"), data.trips, n], [2],
        [f32(acc)], {"B": 32},
    )  # fmt: skip


@cosmati.jit
def batched_kernel(a, b, out, trips, K, B: tl.constexpr, M: tl.constexpr, N: tl.constexpr,
                   BK: tl.constexpr):  # fmt: skip
    h, i, j, k = tl.arange(0, B), tl.arange(0, M), tl.arange(0, N), tl.arange(0, BK)
    acc = tl.zeros((B, M, N), tl.float32)
    rows = h[:, None, None] * M + i[None, :, None]
    for t in range(trips):
        at = t * BK + k
        x = tl.load(a + rows * K + at[None, None, :])
        y = tl.load(b + (h[:, None, None] * K + at[None, :, None]) * N + j[None, None, :])
        acc = tl.dot(x, y, acc)
    tl.store(out + rows * N + j[None, None, :], acc)


@scenario
def batches(data: Data) -> Case:
    k = 16 * data.trips
    a, b = data.matrix(4, 16, k), data.matrix(4, k, 32)
    return Case(
        batched_kernel, [a, b, unwritten((4, 16, 32), "float32"), data.trips, k], [2],
        [f32(wide(a) @ wide(b))], {"B": 4, "M": 16, "N": 32, "BK": 16},
    )  # fmt: skip


@cosmati.jit
def rescaled_kernel(a, b, alpha, out, trips, K, B: tl.constexpr, BK: tl.constexpr):
    """The accumulator is scaled by rows in each iteration, as attention does."""
    i, j, k = tl.arange(0, B), tl.arange(0, B), tl.arange(0, BK)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(trips):
        acc = acc * tl.load(alpha + t * B + i)[:, None]
        acc = tl.dot(_rows(a, i, t * BK + k, K), _rows(b, t * BK + k, j, B), acc)
    tl.store(out + i[:, None] * B + j[None, :], acc)


@scenario
def accumulator_rescaled(data: Data) -> Case:
    k = 32 * data.trips
    a, b = data.matrix(64, k), data.matrix(k, 64)
    alpha = data.matrix(data.trips, 64, name="float32", high=1)
    acc = np.zeros((64, 64))
    for t in range(data.trips):
        at = slice(32 * t, 32 * t + 32)
        acc = acc * wide(alpha)[t][:, None] + wide(a)[:, at] @ wide(b)[at]
    return Case(
        rescaled_kernel, [a, b, alpha, unwritten((64, 64), "float32"), data.trips, k], [3],
        [f32(acc)], {"B": 64, "BK": 32},
    )  # fmt: skip


@cosmati.jit
def unaligned_kernel(a, b, out, TRIPS: tl.constexpr, STRIDE: tl.constexpr, B: tl.constexpr):
    """Only one operand can be copied asynchronously, and it is read before a barrier of the loop.

    Behind a loop that runs at least once nothing but its own waits orders the copies.
    """
    i = tl.arange(0, B)
    acc = tl.zeros((B, B), tl.float32)
    for t in range(TRIPS):
        y = _rows(b, t * B + i, i, B)
        x = _rows(a, t * B + i, i, STRIDE)
        acc = tl.dot(x, y + y, acc)
    tl.store(out + i[:, None] * B + i[None, :], acc)


@scenario
def one_operand_cannot_be_copied_asynchronously(data: Data) -> Case:
    a, b = data.matrix(32 * data.trips, 33), data.matrix(32 * data.trips, 32, high=1)
    x, y = wide(a)[:, :32].reshape(-1, 32, 32), wide(b).reshape(-1, 32, 32)
    return Case(
        unaligned_kernel, [a, b, unwritten((32, 32), "float32")], [2], [f32(2 * (x @ y).sum(0))],
        {"TRIPS": data.trips, "STRIDE": 33, "B": 32},
    )  # fmt: skip
