"""Adapters against float64."""

from __future__ import annotations

import lora
import numpy as np
import pytest
from zoo_tools import near, random, wide


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("sizes", [(8, 64), (1, 1), (5, 31), (16, 97)], ids=str)
@pytest.mark.parametrize("splits", [1, 2])
def test_shrink(sizes: tuple[int, int], dtype: str, splits: int) -> None:
    x, a = random(1, 4, sizes[1], dtype=dtype), random(2, 3, *sizes, dtype=dtype)
    indices = np.array([2, -1, 0, 2], np.int64)
    want, size = lora.shrink_reference(x, a, indices, 0.5)
    near(lora.shrink(x, a, indices, 0.5, splits), want, size, sizes[1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("sizes", [(32, 16), (1, 1), (31, 8), (65, 24)], ids=str)
@pytest.mark.parametrize("add", [True, False])
def test_expand(sizes: tuple[int, int], dtype: str, add: bool) -> None:
    n, rank = sizes
    lengths = np.array([16, 1, 0, 17], np.int32)
    starts = np.cumsum([0, *lengths[:-1]]).astype(np.int32)
    indices = np.array([1, 0, 1, 2], np.int32)
    x, b = random(1, 34, rank), random(2, 3, n, rank, dtype=dtype)
    out = random(3, 34, n + 2, dtype=dtype)
    want = wide(out).copy()
    size = np.abs(want)
    for start, length, index in zip(starts, lengths, indices, strict=True):
        rows, part = slice(start, start + length), wide(x.astype(b.dtype)[start : start + length])
        old = want[rows, 1 : n + 1] * add
        want[rows, 1 : n + 1] = old + part @ wide(b[index]).T
        size[rows, 1 : n + 1] = 2 * np.abs(old) + 2 * np.abs(part) @ np.abs(wide(b[index])).T
    lora.expand(x, b, out, starts, lengths, indices, 1, add)
    near(out, want, size, rank)
