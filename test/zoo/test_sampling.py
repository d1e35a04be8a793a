"""Sampling, sorting and counting: exactly, or against float64."""

from __future__ import annotations

import numpy as np
import pytest
import sampling as zoo
from accuracy import check
from activations import philox, uniform
from zoo_tools import near, random, wide

TYPES = ["float32", "bfloat16"]
COLS = [32, 1, 31, 33, 101]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("cols", COLS)
def test_argmax(cols: int, dtype: str) -> None:
    x = random(1, 3, cols, dtype=dtype)
    x[0] = x[0, 0]
    at, value = zoo.argmax(x)
    np.testing.assert_array_equal(at, x.argmax(-1))
    np.testing.assert_array_equal(value, wide(x).max(-1))


@pytest.mark.parametrize("cols", COLS)
def test_gumbel_sample(cols: int) -> None:
    logits, seeds = random(1, 4, cols), np.array([1, 2**40, 3, 4], np.int64)
    temperatures = np.array([1, 0.5, 0, 3], np.float32)
    got = zoo.gumbel_sample(logits, temperatures, seeds)
    for row, (seed, t) in enumerate(zip(seeds, temperatures, strict=True)):
        scores = wide(logits[row])
        if t:
            u = np.maximum(wide(uniform(philox(int(seed), np.arange(cols))[0])), 1e-7)
            scores = scores / t - np.log(-np.log(u))
        assert scores[got[row]] >= scores.max() - 1e-5


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("tokens", [4, 1, 5])
def test_penalties(tokens: int, dtype: str) -> None:
    rng = np.random.default_rng(1)
    logits = random(2, 2, 17, dtype=dtype)
    ids = np.stack([rng.permutation(17)[:tokens] for _ in range(2)])
    counts = rng.integers(0, 3, (2, tokens)).astype(np.int32)
    repetition, frequency, presence = (rng.random(2, np.float32) + 0.5 for _ in range(3))
    want = wide(logits).copy()
    rows = np.arange(2)[:, None]
    chosen, r = want[rows, ids], wide(repetition)[:, None]
    scaled = np.where(chosen > 0, chosen / r, chosen * r)
    lowered = counts * wide(frequency)[:, None] + (counts > 0) * wide(presence)[:, None]
    want[rows, ids] = scaled - lowered
    size = np.abs(want)
    size[rows, ids] = np.abs(scaled) + lowered
    zoo.penalties(logits, ids, counts, repetition, frequency, presence)
    near(logits, want, size)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("k", [1, 8])
def test_topk(cols: int, k: int, dtype: str) -> None:
    x = random(1, 2, cols, dtype=dtype)
    values, indices = zoo.topk(x, k)
    used = min(k, cols)
    order = np.argsort(-wide(x), axis=-1, kind="stable")[:, :used]
    np.testing.assert_array_equal(indices[:, :used], order)
    np.testing.assert_array_equal(values[:, :used], np.take_along_axis(wide(x), order, -1))


@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("p", [0.1, 0.7, 1.0])
def test_top_p_mask(cols: int, p: float) -> None:
    logits = np.random.default_rng(1).permutation(2 * cols).reshape(2, cols).astype(np.float32) / 8
    got = zoo.top_p_mask(logits, np.full(2, p, np.float32))
    for row, kept in zip(logits, got, strict=True):
        probability = np.exp(wide(row) - row.max())
        probability /= probability.sum()
        order = np.argsort(-probability)
        before = np.cumsum(probability[order]) - probability[order]
        sure = np.abs(before - p) > 1e-5  # where float32 can tell
        np.testing.assert_array_equal(np.isfinite(kept[order])[sure], (before < p)[sure])
        np.testing.assert_array_equal(kept[np.isfinite(kept)], row[np.isfinite(kept)])


@pytest.mark.parametrize("n", [64, 1, 63, 65, 300])
@pytest.mark.parametrize("bins", [8, 32])
def test_histogram(n: int, bins: int) -> None:
    x = np.random.default_rng(n).integers(-10, 80, n).astype(np.float32) / 16
    want = np.histogram(x[x < 4], bins, (0, 4))[0]
    np.testing.assert_array_equal(zoo.histogram(x, bins, 0.0, 4.0), want)


@pytest.mark.parametrize("cols", [32, 1, 31, 33, 2])
@pytest.mark.parametrize("descending", [False, True])
def test_argsort(cols: int, descending: bool) -> None:
    x = random(1, 2, cols)
    out, ids = zoo.argsort(x, descending)
    order = np.argsort(-x if descending else x, -1)
    np.testing.assert_array_equal(ids, order)
    np.testing.assert_array_equal(out, np.take_along_axis(x, order, -1))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [64, 1, 65])
def test_init(n: int, dtype: str) -> None:
    kind = random(0, 1, dtype=dtype).dtype
    bits = philox(7, np.arange(n))
    u, u2 = wide(uniform(bits[0])), wide(uniform(bits[1]))
    check(zoo.init(n, kind, 7, -2.0, 3.0, False), u * 5 - 2, u * 5 + 2)
    normal = np.sqrt(-2 * np.log(np.maximum(1e-7, u))) * np.cos(2 * np.pi * u2)
    for cut in (False, True):
        want = np.clip(normal, -2, 2) if cut else normal
        near(zoo.init(n, kind, 7, 0.5, 2.0, True, cut), want * 2 + 0.5, 32 + 0 * want)


@pytest.mark.parametrize("n", [128, 1, 127, 131])
def test_randint(n: int) -> None:
    bits = philox(9, np.arange(-(-n // 4)))
    want = 10 + (bits.T.reshape(-1)[:n] % 7).astype(np.int32)
    np.testing.assert_array_equal(zoo.randint(n, 9, 10, 7), want)
