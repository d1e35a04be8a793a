"""Convolutions and interpolation against float64; transposition exactly."""

from __future__ import annotations

import convolutions as zoo
import numpy as np
import pytest
from zoo_tools import near, random, sigmoid, wide

TYPES = ["float32", "bfloat16"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("sizes", [(8, 16, 4), (1, 1, 2), (7, 15, 3), (9, 17, 4)], ids=str)
@pytest.mark.parametrize("extras", [False, True])
def test_causal_conv1d(sizes: tuple[int, int, int], extras: bool, dtype: str) -> None:
    steps, dim, taps = sizes
    x, w = random(1, 2, steps, dim, dtype=dtype), random(2, dim, taps, dtype=dtype)
    bias, state = random(3, dim, dtype=dtype), random(4, 2, taps - 1, dim)
    padded = np.concatenate([wide(state) * extras, wide(x)], axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps, 1)
    want = (windows * wide(w)).sum(-1)
    size = (np.abs(windows) * np.abs(wide(w))).sum(-1)
    if not extras:
        near(zoo.causal_conv1d(x, w), want, size, taps)
        return
    want, size = want + wide(bias), size + np.abs(wide(bias))
    got = zoo.causal_conv1d(x, w, bias, state, "silu")
    near(got, want * sigmoid(want), size * 1.1 + np.abs(want) * np.abs(want), taps)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("taps", [4, 3, 2])
@pytest.mark.parametrize("dim", [32, 1, 33])
def test_causal_conv1d_update(dim: int, taps: int, dtype: str) -> None:
    x, state = random(1, 3, dim, dtype=dtype), random(2, 5, dim, taps - 1, dtype=dtype)
    w, indices = random(3, dim, taps, dtype=dtype), np.array([4, -1, 0], np.int32)
    window = np.concatenate([state[indices], x[:, :, None]], axis=2)
    want, others = state.copy(), wide(window)
    want[indices[[0, 2]]] = window[[0, 2], :, 1:]
    got = zoo.causal_conv1d_update(x, state, indices, w)
    np.testing.assert_array_equal(state, want)
    kept = np.array([1, 0, 1])[:, None]
    size = (np.abs(others) * np.abs(wide(w))).sum(-1) * kept
    rounding = 1 if dtype == "float32" else taps / 2  # products are rounded to the operands' type
    near(got, (others * wide(w)).sum(-1) * kept, size * (1 + rounding), taps)


@pytest.mark.parametrize("stride, dtype", [(1, "float32"), (2, "bfloat16")])
@pytest.mark.parametrize(
    "sizes", [(1, 6, 6, 16, 16, 3), (2, 5, 7, 3, 5, 3), (1, 1, 1, 1, 1, 1)], ids=str
)
def test_conv2d(sizes: tuple[int, ...], stride: int, dtype: str) -> None:
    n, h, width, c, f, r = sizes
    x, w = random(1, n, h, width, c, dtype=dtype), random(2, r, r, c, f, dtype=dtype)
    want = zoo.conv2d_reference(x, w, stride, r // 2)
    size = zoo.conv2d_reference(np.abs(x), np.abs(w), stride, r // 2)
    near(zoo.conv2d(x, w, stride, r // 2), want, size, r * r * c)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(
    "sizes", [(4, 4, 8, 8), (1, 1, 3, 2), (5, 7, 11, 6), (8, 9, 3, 1)], ids=str
)
@pytest.mark.parametrize("align", [False, True])
def test_bilinear(sizes: tuple[int, ...], align: bool, dtype: str) -> None:
    ih, iw, oh, ow = sizes
    x = random(1, 2, ih, iw, dtype=dtype)
    want = zoo.bilinear_reference(x, oh, ow, align)
    top = np.abs(wide(x)).max()
    # A position has an error of its own size times eps, and moves the result by a difference.
    size = top * (2 + max(ih, iw)) if dtype == "float32" else np.abs(want) + top * 2.0**-10
    near(zoo.bilinear(x, oh, ow, align), want, size)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
@pytest.mark.parametrize("shape", [(2, 16, 32), (1, 1, 1), (2, 15, 33), (1, 17, 31)], ids=str)
def test_transpose(shape: tuple[int, ...], dtype: str) -> None:
    x = random(1, *shape, dtype=dtype, scale=9)
    for view in (x, x[:, ::2], x.transpose(0, 2, 1)):
        np.testing.assert_array_equal(zoo.transpose(view), view.transpose(0, 2, 1))
