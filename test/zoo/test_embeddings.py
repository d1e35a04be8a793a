"""Gathering exactly; sums of gradients against float64."""

from __future__ import annotations

import embeddings as zoo
import numpy as np
import pytest
from zoo_tools import near, random, wide

TYPES = ["float32", "bfloat16"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(8, 32), (1, 1), (7, 31), (9, 33)], ids=str)
def test_embedding(shape: tuple[int, int], dtype: str) -> None:
    n, dim = shape
    table, grad = random(1, 5, dim, dtype=dtype), random(2, n, dim, dtype=dtype)
    indices = np.random.default_rng(3).integers(0, 5, n)
    for padding in (-1, 2):
        kept = (indices != padding)[:, None]
        got = zoo.embedding(table, indices, padding)
        np.testing.assert_array_equal(wide(got), wide(table[indices]) * kept)
        want, size = np.zeros((5, dim)), np.zeros((5, dim))
        np.add.at(want, indices, wide(grad) * kept)
        np.add.at(size, indices, np.abs(wide(grad)) * kept)
        near(zoo.embedding_backward(grad, indices, 5, padding), want, size, n)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(16, 8), (1, 1), (15, 3), (37, 9)], ids=str)
def test_segment_sum(shape: tuple[int, int], dtype: str) -> None:
    x, keys = (
        random(1, *shape, dtype=dtype),
        np.sort(np.random.default_rng(2).integers(0, 4, shape[0])),
    )
    want, size = np.zeros((4, shape[1])), np.zeros((4, shape[1]))
    np.add.at(want, keys, wide(x))
    np.add.at(size, keys, np.abs(wide(x)))
    near(zoo.segment_sum(x, keys.astype(np.int32), 4), want, size, shape[0])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_index_select(axis: int, dtype: str) -> None:
    x = random(1, 3, 5, 7, dtype=dtype, scale=9)
    for index in ([2, -1, 0, 0], [], [1]):
        got = zoo.index_select(x, np.array(index, np.int64), axis)
        np.testing.assert_array_equal(got, np.take(x, np.array(index, int), axis))


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("cols", [32, 1, 31, 33])
@pytest.mark.parametrize("reduce", ["sum", "amax", "amin"])
def test_scatter_reduce(cols: int, reduce: str, dtype: str) -> None:
    src, out = ((random(i, 2, n) * 9).astype(dtype) for i, n in ((1, cols), (2, 5)))
    index = np.random.default_rng(3).integers(0, 5, (2, cols))
    want, size = out.copy().astype(np.float64), np.abs(out).astype(np.float64)
    at = np.arange(2)[:, None], index
    {"sum": np.add, "amax": np.maximum, "amin": np.minimum}[reduce].at(want, at, src)
    np.add.at(size, at, np.abs(src))
    zoo.scatter_reduce(out, index, src, reduce)
    if reduce == "sum" and dtype == "float32":
        near(out, want, size, cols)
    else:
        np.testing.assert_array_equal(out, want)
