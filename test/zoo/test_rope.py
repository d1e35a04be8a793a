"""Rotary embeddings against float64; backward undoes forward."""

from __future__ import annotations

import numpy as np
import pytest
import rope
from accuracy import check, sums
from zoo_tools import near, random, wide


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 32), (1, 1, 1, 2), (1, 5, 3, 24)], ids=str)
@pytest.mark.parametrize("backward", [False, True])
def test_rope_half(shape: tuple[int, ...], dtype: str, backward: bool) -> None:
    batch, seq, heads, dim = shape
    q, k = random(1, *shape, dtype=dtype), random(2, batch, seq, 2, dim, dtype=dtype)
    angle = np.arange(seq)[:, None] * 10000.0 ** (-2 * np.arange(dim // 2) / dim)
    cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    want = [rope.rope_half_reference(x, cos, sin, backward) for x in (q, k)]
    size = [wide(np.hypot(*np.split(wide(x), 2, axis=-1))) for x in (q, k)]
    rope.rope_half(q, k, cos, sin, backward)
    for got, expected, length in zip((q, k), want, size, strict=True):
        near(got, expected, np.concatenate([length, length], axis=-1))


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("tokens", [4, 1, 3, 5])
@pytest.mark.parametrize("rotary", [16, 8])
def test_rope_interleaved(tokens: int, dtype: str, rotary: int) -> None:
    x = random(1, tokens, 3, 16, dtype=dtype)
    positions = np.random.default_rng(2).integers(0, 50, tokens)
    for backward in (False, True):
        want = rope.rope_interleaved_reference(x, positions, rotary, backward=backward)
        got = rope.rope_interleaved(x, positions, rotary, backward=backward)
        even, odd = wide(x[..., 0:rotary:2]), wide(x[..., 1:rotary:2])
        size = np.abs(wide(x))
        size[..., :rotary] = np.repeat(np.hypot(even, odd), 2, axis=-1)
        # An angle is a float32 product whose frequency went through exp2 and log2.
        angle_error = (4 + np.log2(10000.0)) * positions[:, None, None]
        check(got, want, size * (1 + sums(1 + angle_error, x.dtype)))
