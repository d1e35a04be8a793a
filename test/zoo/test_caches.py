"""Paged caches: everything is moved exactly."""

from __future__ import annotations

import caches
import ml_dtypes
import numpy as np
import pytest
import triton.language as tl
from accuracy import DTYPES
from zoo_tools import random


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "e4m3"])
@pytest.mark.parametrize("tokens", [4, 1, 7])
@pytest.mark.parametrize("width", [16, 1, 15, 17])
def test_reshape_and_cache(tokens: int, width: int, dtype: str) -> None:
    source = "float16" if dtype == "e4m3" else dtype
    key, value = (
        random(1, tokens, 2, width, dtype=source),
        random(2, tokens, 2, width, dtype=source),
    )
    slots = np.random.default_rng(3).permutation(16)[:tokens].astype(np.int64)
    slots[tokens // 2 : tokens // 2 + (tokens > 1)] = -1
    k_cache, v_cache = (np.zeros((4, 4, 2, width), DTYPES[dtype]) for _ in range(2))
    scales = (np.float32([0.5]), np.float32([2])) if dtype == "e4m3" else (None, None)
    caches.reshape_and_cache(key, value, k_cache, v_cache, slots, scales)
    for source, cache, scale in ((key, k_cache, scales[0]), (value, v_cache, scales[1])):
        want = np.zeros((16, 2, width), DTYPES[dtype])
        scaled = source if scale is None else (source.astype(np.float32) / scale)
        want[slots[slots >= 0]] = scaled[slots >= 0].astype(DTYPES[dtype])
        np.testing.assert_array_equal(cache.reshape(want.shape), want)


@pytest.mark.parametrize("numel", [64, 1, 63, 65])
def test_copy_blocks(numel: int) -> None:
    cache = random(1, 6, numel, dtype="bfloat16")
    want = cache.copy()
    want[[4, 5]] = want[[0, 2]]
    caches.copy_blocks(cache, np.array([[0, 4], [2, 5]], np.int64))
    np.testing.assert_array_equal(cache, want)


@pytest.mark.parametrize("lengths", [[4, 8], [1, 0, 9]], ids=str)
def test_gather_cache(lengths: list[int]) -> None:
    cache = random(1, 12, 4, 16, dtype="e4m3")
    cu = np.cumsum([0, *lengths]).astype(np.int32)
    tables = np.random.default_rng(2).permutation(12)[: 3 * len(lengths)].reshape(-1, 3)
    got = caches.gather_cache(
        cache, tables.astype(np.int32), cu, 0.5, ml_dtypes.bfloat16, tl.bfloat16
    )
    rows = [cache[tables[i]].reshape(-1, 16)[:n] for i, n in enumerate(lengths)]
    want = np.concatenate(rows).astype(np.float32) * 0.5
    np.testing.assert_array_equal(got, want.astype(ml_dtypes.bfloat16))


@pytest.mark.parametrize("lengths", [[8, 16], [1, 7, 9]], ids=str)
def test_slot_mapping(lengths: list[int]) -> None:
    cu = np.cumsum([0, *lengths]).astype(np.int32)
    positions = np.concatenate([np.arange(n) + 2 for n in lengths])
    tables = np.random.default_rng(2).permutation(15).reshape(3, 5).astype(np.int32)
    slots = caches.slot_mapping(cu, positions, tables, 4, int(cu[-1]) + 5)
    sequence = np.repeat(np.arange(len(lengths)), lengths)
    want = tables[sequence, positions // 4] * 4 + positions % 4
    np.testing.assert_array_equal(slots, np.concatenate([want, np.full(5, -1)]))
