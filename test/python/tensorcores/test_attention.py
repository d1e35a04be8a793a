"""Attention over types, warps, stages and lengths, with all checkers on."""

from __future__ import annotations

import numpy as np
import pytest
from attention_kernels import (
    LOG2E,
    backward_kernel,
    forward_bound,
    forward_kernel,
    paged_kernel,
    reference,
)
from error_bounds import UNIT
from tensorcore_support import (
    SCHEDULES,
    STAGES,
    TARGETS,
    WARPS,
    across_stages,
    assert_within,
    cdiv,
    np_type,
    run,
    same_bits,
    unwritten,
    wide,
)

TYPES = [("float16", None), ("bfloat16", None), ("float8e5", None), ("float8e4nv", None),
         ("float32", "tf32"), ("float32", "tf32x3"), ("float32", "ieee")]  # fmt: skip


def _normal(shape, name, seed):
    return np.random.default_rng(seed).standard_normal(shape).astype(np_type(name))


def _forward(name, precision, lengths, dims, blocks, causal, heads=2):
    (m, n), (d, dv), (bm, bn) = lengths, dims, blocks
    q, k = _normal((heads, m, d), name, 1), _normal((heads, n, d), name, 2)
    v = _normal((heads, n, dv), name, 3)
    scale = d**-0.5
    args = [q, k, v, unwritten((heads, m, dv), "float32"), m, n, scale * LOG2E]
    options = {"D": d, "DV": dv, "CAUSAL": causal, "PRECISION": precision, "BM": bm, "BN": bn}
    expected, p = reference(q, k, v, scale, causal)
    bound = forward_bound(q, k, v, p, name, precision, scale, bn)
    return (cdiv(m, bm), heads), args, options, expected, bound


@pytest.mark.parametrize("name, precision", TYPES)
@pytest.mark.parametrize("warps", WARPS)
def test_forward(name, precision, warps):
    target = TARGETS[(WARPS.index(warps) + len(name)) % 3]
    lengths_of = {False: [(64, 128), (33, 71)], True: [(96, 96), (1, 1)]}
    for causal, lengths in [(c, pair) for c, pairs in lengths_of.items() for pair in pairs]:
        case = _forward(name, precision, lengths, (32, 64), (32, 32), causal)
        grid, args, options, expected, bound = case
        options = dict(num_warps=warps, target=target, **options)
        [got] = run(forward_kernel, grid, args, [3], SCHEDULES[:2], num_stages=3, **options)
        assert_within(got, expected, bound, f"{lengths}, causal={causal}")


@pytest.mark.parametrize("dims", [(64, 64), (128, 128), (16, 128), (64, 16)], ids=str)
@pytest.mark.parametrize("blocks", [(64, 32), (32, 64), (128, 64), (16, 16)], ids=str)
def test_forward_by_blocks_of_all_sizes(dims, blocks):
    warps = 8 if blocks[0] == 128 or 128 in dims else 4 if blocks[0] >= 64 else 2
    grid, args, options, expected, bound = _forward(
        "float16", None, (blocks[0] + 5, 2 * blocks[1] + 7), dims, blocks, False, heads=1
    )
    [got] = run(forward_kernel, grid, args, [3], SCHEDULES[:2], num_warps=warps, **options)
    assert_within(got, expected, bound)


@pytest.mark.parametrize("name, precision", [t for t in TYPES if t[1] != "ieee"])
def test_forward_gives_the_same_bits_for_all_stages(name, precision):
    for n in (32, 160, 203):
        case = _forward(name, precision, (32, n), (32, 32), (32, 32), False, 1)
        grid, args, options, expected, bound = case
        [got] = across_stages(forward_kernel, grid, args, [3], num_warps=2, **options)
        assert_within(got, expected, bound, f"{n} keys")


@pytest.mark.parametrize("stages", STAGES)
@pytest.mark.parametrize("warps", [1, 4])
def test_paged(stages, warps):
    page, d, m, max_pages = 16, 64, 16, 6
    lengths = np.array([0, 1, 16, 17, 50, 96], np.int32)
    rng = np.random.default_rng(9)
    pages = np.full((len(lengths), max_pages), 2**30, np.int32)  # what isn't used is nowhere
    free = list(rng.permutation(30))
    for row, length in zip(pages, lengths, strict=True):
        for number in range(cdiv(int(length), page)):
            row[number] = free.pop()
    keys, values = _normal((30 * page, d), "float16", 1), _normal((30 * page, d), "float16", 2)
    q = _normal((len(lengths), m, d), "float16", 3)
    out, scale = unwritten((len(lengths), m, d), "float32"), d**-0.5
    args = [q, keys, values, pages, lengths, out, max_pages, scale * LOG2E]
    [got] = run(
        paged_kernel, (len(lengths),), args, [5], D=d, BM=m, PAGE=page, num_warps=warps,
        num_stages=stages,
    )  # fmt: skip
    for number, length in enumerate(map(int, lengths)):
        if length == 0:
            assert (got[number] == 0).all()
            continue
        rows = (pages[number, : cdiv(length, page), None] * page + np.arange(page)).reshape(-1)
        k, v = keys[rows[:length]], values[rows[:length]]
        expected, p = reference(q[number], k, v, scale)
        bound = forward_bound(q[number], k, v, p, "float16", None, scale, page)
        assert_within(got[number], expected, bound, f"{length} keys")


def _gradients(q, k, v, do, scale):
    o, p = reference(q, k, v, scale)
    delta = (wide(do) * o).sum(1)
    ds = p * (wide(do) @ wide(v).T - delta[:, None]) * scale
    scores = wide(q) @ wide(k).T * scale
    lse = np.log2(np.exp(scores).sum(1))
    return (ds @ wide(k), ds.T @ wide(q), p.T @ wide(do)), p, ds, lse, delta


@pytest.mark.parametrize("warps", [2, 4, 8])
@pytest.mark.parametrize("n", [32, 77])
def test_backward(warps, n):
    """Products of sums with signs: held to 2^-8 of what their terms add up to without signs.

    P and dS are rounded to float16 (2^-11); the scores' and dP's errors are smaller.
    """
    d, scale = 32, 32**-0.5
    q, k, v, do = (_normal((n, d), "float16", seed) for seed in range(4))
    expected, p, ds, lse, delta = _gradients(q, k, v, do, scale)
    dq, dk, dv = (np.zeros((n, d), np.float32) for _ in range(3))
    args = [q, k, v, do, lse.astype(np.float32), delta.astype(np.float32), dq, dk, dv, n, scale]
    first = None
    for stages in STAGES:
        args[6] = np.zeros_like(dq)  # programs add to it in any order: not compared
        got = run(
            backward_kernel, (cdiv(n, 32),), args, [7, 8], SCHEDULES[:2], D=d, BM=32, BN=32,
            num_warps=warps, num_stages=stages,
        )  # fmt: skip
        first = first or got
        assert all(same_bits(x, y) for x, y in zip(first, got, strict=True)), stages
    args[6] = dq
    [got_q] = run(
        backward_kernel, (cdiv(n, 32),), args, [6], SCHEDULES[:1], D=d, BM=32, BN=32,
        num_warps=warps,
    )  # fmt: skip
    sizes = (np.abs(ds) @ np.abs(wide(k)), np.abs(ds).T @ np.abs(wide(q)), p.T @ np.abs(wide(do)))
    for got, wanted, size in zip((got_q, *first), expected, sizes, strict=True):
        assert_within(got, wanted, 2.0**-8 * size + 8 * UNIT["float16"] * np.abs(wanted).max())
