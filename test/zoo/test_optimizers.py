"""Optimisers against float64, several steps of each."""

from __future__ import annotations

import numpy as np
import optimizers as zoo
import pytest
from accuracy import eps
from zoo_tools import near, random, wide

TYPES = ["float32", "bfloat16"]
SIZES = [64, 1, 63, 65, 131]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", SIZES)
def test_adamw(n: int, dtype: str) -> None:
    p, m, v = random(1, n, dtype=dtype), np.zeros(n, np.float32), np.zeros(n, np.float32)
    for step, scale in ((1, None), (2, np.float32([4.0]))):
        g = random(step + 1, n, dtype=dtype)
        factor = 1.0 if scale is None else 4.0
        want_p, want_m, want_v, change = zoo.adamw_reference(p, g, m, v, step, scale=factor)
        size_m = 0.9 * np.abs(m) + 0.1 * np.abs(wide(g)) / factor
        size_p = (
            np.abs(wide(p))
            + np.abs(change)
            + 1e-2 * size_m / np.abs(want_m + 1e-30) * np.abs(change)
        )
        zoo.adamw(p, g, m, v, step, scale=scale)
        # 1 - beta is rounded where beta is near 1, and so are the corrections.
        near(m, want_m, size_m * 2)
        near(v, want_v, want_v * 100)
        near(p, want_p, size_p + (np.abs(change) * 50 if dtype == "float32" else 0))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", SIZES)
def test_lion(n: int, dtype: str) -> None:
    p, m, g = (random(i, n, dtype=dtype) for i in range(3))
    g[0], m[0] = 0, 0  # no step where nothing pulls
    p0, m0 = wide(p), wide(m)
    update = 0.9 * m0 + 0.1 * wide(g)
    clear = np.abs(update) > 8 * eps(g.dtype) * (np.abs(m0) + np.abs(wide(g)))
    clear[0] = True
    zoo.lion(p, g, m)
    want = p0 * (1 - 1e-3) - 1e-2 * np.sign(update)
    size = np.abs(p0) * 3 + 2e-2
    near(np.where(clear, p, 0).astype(p.dtype), np.where(clear, want, 0), size)
    near(m, 0.99 * m0 + 0.01 * wide(g), 3 * np.abs(m0) + np.abs(wide(g)))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(8, 16), (1, 1), (7, 17), (17, 15)], ids=str)
def test_factored(shape: tuple[int, int], dtype: str) -> None:
    p, g = random(1, *shape, dtype=dtype), random(2, *shape, dtype=dtype)
    row, col = np.abs(random(3, shape[0])), np.abs(random(4, shape[1]))
    squares = wide(g) ** 2 + 1e-30
    want_row = 0.9 * wide(row) + 0.1 * squares.mean(1)
    want_col = 0.9 * wide(col) + 0.1 * squares.mean(0)
    change = 1e-2 * wide(g) / np.sqrt(want_row[:, None] / want_row.mean() * want_col)
    want = wide(p) - change
    zoo.factored(p, g, row, col)
    near(row, want_row, want_row * 2, shape[1])
    near(col, want_col, want_col * 2, shape[0])
    near(p, want, np.abs(want) + 8 * np.abs(change) * (1 if dtype == "float32" else 2.0**-10))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [32, 1, 31, 33, 97])
def test_adam_8bit(n: int, dtype: str) -> None:
    blocks = -(-n // 32)
    p, g = random(1, n, dtype=dtype), random(2, n, dtype=dtype)
    m, v = np.zeros(n, np.int8), np.zeros(n, np.uint8)
    scales = np.zeros(blocks, np.float32), np.zeros(blocks, np.float32)
    for step in (1, 2):
        block_of = np.arange(n) // 32
        m64, root64 = wide(m) * wide(scales[0])[block_of], wide(v) * wide(scales[1])[block_of]
        m64 = 0.9 * m64 + 0.1 * wide(g)
        v64 = 0.99 * root64**2 + 0.01 * wide(g) ** 2
        change = 1e-2 * m64 / (1 - 0.9**step) / (np.sqrt(v64 / (1 - 0.99**step)) + 1e-8)
        want = wide(p) - change
        zoo.adam_8bit(p, g, m, v, *scales, step)
        near(p, want, np.abs(want) + np.abs(change) * (100 if dtype == "float32" else 1))
        for stored, scale, exact in ((m, scales[0], m64), (v, scales[1], np.sqrt(v64))):
            step_size = wide(scale)[block_of]
            top = np.abs(exact).max() * 64 * eps(np.float32)
            assert (np.abs(wide(stored) * step_size - exact) <= step_size / 2 + top).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [64, 1, 97, 301])
def test_clip_by_norm(n: int, dtype: str) -> None:
    x = random(1, n, dtype=dtype)
    norm = np.sqrt((wide(x) ** 2).sum())
    for limit in (2 * norm, norm / 2):
        before = x.copy()
        total = zoo.clip_by_norm(x, float(limit))
        near(total, np.array([norm**2]), norm**2, n)
        want = wide(before) * min(1, limit / (norm + 1e-6))
        near(x, want, np.abs(want), n)
