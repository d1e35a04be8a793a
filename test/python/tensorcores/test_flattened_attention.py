"""Persistent attention with its two loops made one: the same bits, with all checkers watching.

A block is loaded before the inner loop and used throughout it, rows' maxima and sums start anew
with each tile, and under a causal mask the inner range depends on the tile.
"""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from tensorcore_support import SCHEDULES, random, run, same_bits, unwritten, wide

HEADS, ROWS, D = 3, 100, 32


@cosmati.jit
def persistent_attention(
    q, k, v, out, heads, n, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
    CAUSAL: tl.constexpr, FLATTEN: tl.constexpr,
):  # fmt: skip
    blocks = tl.cdiv(n, BM)
    d = tl.arange(0, D)
    for t in tl.range(tl.program_id(0), heads * blocks, tl.num_programs(0), flatten=FLATTEN):
        row = (t % blocks) * BM + tl.arange(0, BM)
        head = t // blocks * n * D
        x = tl.load(q + head + row[:, None] * D + d[None, :], row[:, None] < n, 0.0)
        acc = tl.zeros((BM, D), tl.float32)
        top = tl.full((BM,), -1e30, tl.float32)
        total = tl.zeros((BM,), tl.float32)
        end = n
        if CAUSAL:
            end = tl.minimum((t % blocks + 1) * BM, n)
        for start in range(0, end, BN):
            c = start + tl.arange(0, BN)
            y = tl.load(k + head + c[:, None] * D + d[None, :], c[:, None] < n, 0.0)
            z = tl.load(v + head + c[:, None] * D + d[None, :], c[:, None] < n, 0.0)
            seen = (c[None, :] <= row[:, None]) & (c[None, :] < n) if CAUSAL else c[None, :] < n
            scores = tl.where(seen, tl.dot(x, tl.trans(y)), -1e30)
            higher = tl.maximum(top, tl.max(scores, 1))
            p = tl.exp2(scores - higher[:, None])
            fade = tl.exp2(top - higher)
            total = total * fade + tl.sum(p, 1)
            acc = tl.dot(p.to(tl.float16), z, acc * fade[:, None])
            top = higher
        result = (acc / total[:, None]).to(tl.float16)
        tl.store(out + head + row[:, None] * D + d[None, :], result, row[:, None] < n)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("programs", [1, 2, 7])
def test_flattened_attention_gives_the_same_bits(causal, programs):
    q, k, v = (random((HEADS, ROWS, D), "float16", seed) * np.float16(0.25) for seed in (1, 2, 3))
    scores = wide(q) @ wide(k).swapaxes(1, 2)
    if causal:
        scores = np.where(np.tril(np.ones((ROWS, ROWS), bool)), scores, -np.inf)
    p = np.exp2(scores - scores.max(-1, keepdims=True))
    expected = p / p.sum(-1, keepdims=True) @ wide(v)
    first = None
    for depth in (1, 2, 3, 4):
        for flatten in (False, True):
            got = run(
                persistent_attention, (programs,),
                [q, k, v, unwritten((HEADS, ROWS, D), "float16"), HEADS, ROWS], [3],
                SCHEDULES if depth == 3 else SCHEDULES[:1], num_stages=depth, D=D, BM=32, BN=32,
                CAUSAL=causal, FLATTEN=flatten,
            )[0]  # fmt: skip
            # p is rounded to 11 bits, and so is the result.
            assert np.abs(wide(got) - expected).max() < 2.0**-10 * np.abs(v).max()
            first = got if first is None else first
            assert same_bits(got, first), f"{depth} stages, flatten={flatten}"
