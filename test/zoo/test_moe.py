"""Routing and expert products against float64; permutations exactly."""

from __future__ import annotations

import moe
import numpy as np
import pytest
import triton.language as tl
from zoo_tools import near, random, wide


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(4, 8), (1, 2), (5, 7), (9, 33)], ids=str)
@pytest.mark.parametrize("renormalize", [False, True])
def test_topk_softmax(shape: tuple[int, int], dtype: str, renormalize: bool) -> None:
    logits = np.random.default_rng(1).permutation(shape[0] * shape[1]).reshape(shape) / 8
    logits = logits.astype(random(0, 1, dtype=dtype).dtype)
    weights, ids = moe.topk_softmax(logits, 2, renormalize)
    p = moe.softmax_reference(logits)
    chosen = np.take_along_axis(p, ids, 1)
    np.testing.assert_array_equal(chosen, -np.sort(-p, axis=1)[:, :2])
    assert (ids[:, 0] != ids[:, 1]).all()
    want = chosen / chosen.sum(1, keepdims=True) if renormalize else chosen
    far = np.abs(wide(logits) - wide(logits).max(-1, keepdims=True)).max()
    near(weights, want, want * (1 + far), shape[1])


@pytest.mark.parametrize("tokens", [16, 1, 15, 37])
@pytest.mark.parametrize("experts", [1, 4, 5])
def test_align(tokens: int, experts: int) -> None:
    ids = np.random.default_rng(1).integers(0, experts, (tokens, 2)).astype(np.int32)
    rows, expert_of_block, total = moe.align(ids, experts, 8)
    counts = np.bincount(ids.ravel(), minlength=experts)
    assert total[0] == (-(-counts // 8) * 8).sum()
    for block, expert in enumerate(expert_of_block):
        members = rows[8 * block : 8 * block + 8]
        assert (expert >= 0) == (8 * block < total[0])
        assert (ids.ravel()[members[members < ids.size]] == expert).all()
    np.testing.assert_array_equal(np.sort(rows[rows < ids.size]), np.arange(ids.size))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("sizes", [(16, 16, 16), (1, 1, 1), (7, 17, 33)], ids=str)
def test_fused_moe(sizes: tuple[int, int, int], dtype: str) -> None:
    tokens, n, k = sizes
    experts, top_k = 3, 2
    rng = np.random.default_rng(1)
    ids = np.stack([rng.permutation(experts)[:top_k] for _ in range(tokens)]).astype(np.int32)
    weights = rng.random(tokens * top_k, np.float32)
    a, b = random(2, tokens, k, dtype=dtype), random(3, experts, n, k, dtype=dtype)
    rows, expert_of_block, total = moe.align(ids, experts, 16)
    got = moe.fused_moe(a, b, weights, rows, expert_of_block, total, top_k, getattr(tl, dtype))
    pick = wide(b)[ids.ravel()]
    source = wide(a)[np.arange(tokens * top_k) // top_k]
    scale = wide(weights)[:, None]
    want = np.einsum("tk,tnk->tn", source, pick) * scale
    near(got, want, np.einsum("tk,tnk->tn", np.abs(source), np.abs(pick)) * scale, k)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("cols", [32, 1, 31, 33])
def test_permute_and_back(cols: int, dtype: str) -> None:
    tokens, top_k = 5, 2
    x, weights = random(1, tokens, cols, dtype=dtype), np.abs(random(2, tokens * top_k))
    ids = np.random.default_rng(3).integers(0, 3, (tokens, top_k)).astype(np.int32)
    rows, _, _ = moe.align(ids, 3, 4)
    y = moe.permute(x, rows, top_k)
    valid = rows < tokens * top_k
    np.testing.assert_array_equal(y[valid], x[rows[valid] // top_k])
    assert not wide(y[~valid]).any()
    row_of = np.empty(tokens * top_k, np.int32)
    row_of[rows[valid]] = np.flatnonzero(valid)
    total = wide(weights).reshape(tokens, top_k).sum(1)[:, None]
    near(moe.unpermute(y, weights, row_of, top_k), wide(x) * total, np.abs(wide(x)) * total, top_k)


@pytest.mark.parametrize("programs", [2, 1, 5])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_grouped_gemm(programs: int, dtype: str) -> None:
    sizes = [(16, 16, 16), (1, 33, 5), (17, 15, 31)]
    problems = [
        (random(i, m, k, dtype=dtype), random(i + 3, k, n, dtype=dtype))
        for i, (m, n, k) in enumerate(sizes)
    ]
    for (a, b), got in zip(
        problems, moe.grouped_gemm(problems, getattr(tl, dtype), programs), strict=True
    ):
        near(got, wide(a) @ wide(b), np.abs(wide(a)) @ np.abs(wide(b)), a.shape[1])
