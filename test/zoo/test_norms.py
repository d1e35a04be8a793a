"""Norms against float64, forward and backward."""

from __future__ import annotations

import norms
import numpy as np
import pytest
from zoo_tools import near, random, sigmoid, wide

HALVES = ["float32", "bfloat16"]
SHAPES = [(7, 64), (1, 1), (5, 63), (4, 65)]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rms_norm(shape: tuple[int, int], dtype: str) -> None:
    x, w, dy = (random(i, *shape, dtype=dtype) for i in range(3))
    w = w[0]
    y, rstd = norms.rms_norm(x, w, offset=1.0)
    want = norms.rms_norm_reference(x, w, offset=1.0)
    terms = shape[1]
    near(y, want, np.abs(want), terms)
    dx, dw = norms.rms_norm_backward(dy, x, w, rstd, offset=1.0)
    want_dx, want_dw = norms.rms_norm_backward_reference(dy, x, w, offset=1.0)
    rstd64 = 1 / np.sqrt((wide(x) ** 2).mean(-1, keepdims=True) + 1e-6)
    m, normal = np.abs(wide(dy) * (wide(w) + 1)), np.abs(wide(x) * rstd64)
    near(dx, want_dx, rstd64 * (m + normal * (m * normal).mean(-1, keepdims=True)), terms)
    near(dw, want_dw, (np.abs(wide(dy)) * normal).sum(0), terms)


@pytest.mark.parametrize("casting", [norms.CAST_NONE, norms.CAST_EARLY])
def test_rms_norm_without_weight_and_with_early_casts(casting) -> None:
    x, w = random(1, 3, 40, dtype="float16"), random(2, 40, dtype="float16")
    want = norms.rms_norm_reference(x, None)
    near(norms.rms_norm(x, None, casting=casting)[0], want, np.abs(want), 40)
    want = norms.rms_norm_reference(x, w)
    near(norms.rms_norm(x, w, casting=casting)[0], want, 2 * np.abs(want), 40)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("cols", [32, 1, 31, 33, 97])
def test_fused_add_rms_norm(cols: int, dtype: str) -> None:
    x, residual = random(1, 3, cols, dtype=dtype), random(2, 3, cols, dtype=dtype)
    w = random(3, cols, dtype=dtype)
    want = wide(x) + wide(residual)
    norms.fused_add_rms_norm(x, residual, w)
    near(residual, want, np.abs(want))
    # The second pass reads the rounded sums, the scale comes from those in float32.
    scale = 1 / np.sqrt((want**2).mean(-1, keepdims=True) + 1e-6)
    exact = wide(residual) * scale * wide(w)
    near(x, exact, np.abs(exact), cols)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("extras", [False, True], ids=["plain", "bias-gate"])
def test_layer_norm(shape: tuple[int, int], dtype: str, extras: bool) -> None:
    x, z, dy = (random(i, *shape, dtype=dtype) for i in range(3))
    w, b = random(3, shape[1], dtype=dtype), random(4, shape[1], dtype=dtype)
    y, mean, rstd = norms.layer_norm(x, w, *((b, z) if extras else ()))
    x64, w64 = wide(x, w)
    rstd64 = 1 / np.sqrt(x64.var(-1, keepdims=True) + 1e-5)
    want = (x64 - x64.mean(-1, keepdims=True)) * rstd64 * w64
    magnitude = (np.abs(x64) + np.abs(x64).mean(-1, keepdims=True)) * rstd64 * np.abs(w64)
    if extras:
        gate = wide(z) * sigmoid(wide(z))
        want, magnitude = (want + wide(b)) * gate, (magnitude + np.abs(wide(b))) * np.abs(gate)
    loss = (
        np.abs(x64).mean(-1, keepdims=True) * rstd64
    ) ** 2 + 1  # of the variance's relative error
    if dtype == "float32":
        magnitude = magnitude * loss
    else:
        magnitude = np.abs(want) + magnitude * loss * 2.0**-10
    near(y, want, magnitude, shape[1])
    dx, dw, db = norms.layer_norm_backward(dy, x, w, mean, rstd)
    want_dx, want_dw, want_db = norms.layer_norm_backward_reference(dy, x, w)
    normal = (np.abs(x64) + np.abs(x64).mean(-1, keepdims=True)) * rstd64
    wdy = np.abs(w64 * wide(dy))
    means = normal * (normal * wdy).mean(-1, keepdims=True) + wdy.mean(-1, keepdims=True)
    near(dx, want_dx, (wdy + means) * rstd64 * loss, shape[1])
    near(dw, want_dw, (np.abs(wide(dy)) * normal * loss).sum(0), shape[1])
    near(db, want_db, np.abs(wide(dy)).sum(0), shape[0])


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("shape", [(2, 4, 16), (1, 2, 1), (1, 6, 11), (2, 2, 33)], ids=str)
@pytest.mark.parametrize("activation", [None, "silu"])
def test_group_norm(shape: tuple[int, ...], dtype: str, activation: str | None) -> None:
    x, w, b = random(1, *shape, dtype=dtype), random(2, shape[1]), random(3, shape[1])
    grouped = wide(x).reshape(shape[0], 2, -1)
    rstd = 1 / np.sqrt(grouped.var(-1, keepdims=True) + 1e-5)
    normal = (grouped - grouped.mean(-1, keepdims=True)) * rstd
    size = (np.abs(grouped) + np.abs(grouped).mean(-1, keepdims=True)) * rstd
    want = normal.reshape(shape) * wide(w)[:, None] + wide(b)[:, None]
    magnitude = size.reshape(shape) * np.abs(wide(w)[:, None]) + np.abs(wide(b)[:, None])
    if activation:
        magnitude = magnitude * 1.1 + np.abs(want) * np.abs(want)  # the slope of silu is below 1.1
        want = want * sigmoid(want)
    near(norms.group_norm(x, w, b, 2, activation=activation), want, magnitude, grouped.shape[-1])


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("shape", [(2, 3, 16), (3, 1, 15), (1, 2, 17)], ids=str)
@pytest.mark.parametrize("affine", [True, False], ids=["affine", "plain"])
def test_batch_norm(shape: tuple[int, ...], dtype: str, affine: bool) -> None:
    x = random(1, *shape, dtype=dtype)
    w, b = (random(2, shape[1]), random(3, shape[1])) if affine else (None, None)
    mean0, var0 = random(4, shape[1]), np.abs(random(5, shape[1])) + 0.5
    mean, var, count = mean0.copy(), var0.copy(), shape[0] * shape[2]
    x64 = wide(x)
    mean64, var64 = x64.mean((0, 2)), x64.var((0, 2))
    square = (x64**2).mean((0, 2))

    def expected(centre, rstd):
        scale = np.ones(shape[1]) if w is None else wide(w)
        shift = np.zeros(shape[1]) if b is None else wide(b)
        y = (x64 - centre[:, None]) * (rstd * scale)[:, None] + shift[:, None]
        spread = np.abs(x64) + np.abs(centre)[:, None]
        return y, spread * np.abs(rstd * scale)[:, None] + np.abs(shift)[:, None]

    got, got_mean, got_rstd = norms.batch_norm(x, w, b, mean, var, True)
    rstd64 = 1 / np.sqrt(var64 + 1e-5)
    loss = square * rstd64**2  # var = E[x²] - E[x]² cancels
    near(got_mean, mean64, np.abs(x64).mean((0, 2)), count)
    near(got_rstd, rstd64, rstd64 * loss, count)
    want, magnitude = expected(mean64, rstd64)
    near(
        got, want, magnitude * (loss if dtype == "float32" else np.ones_like(loss))[:, None], count
    )
    moved = 0.9 * wide(var0) + 0.1 * var64 * count / (count - 1)
    near(mean, 0.9 * wide(mean0) + 0.1 * mean64, np.abs(mean0) + np.abs(x64).mean((0, 2)), count)
    near(var, moved, np.abs(moved) + 0.2 * square, count)
    want, magnitude = expected(wide(mean), 1 / np.sqrt(wide(var) + 1e-5))
    near(norms.batch_norm(x, w, b, mean, var, False)[0], want, magnitude)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("shape", [(8, 32), (1, 1), (7, 31), (9, 33)], ids=str)
def test_l2_norm(shape: tuple[int, int], dtype: str) -> None:
    x = random(1, *shape, dtype=dtype)
    want = wide(x) / np.sqrt((wide(x) ** 2).sum(-1, keepdims=True) + 1e-6)
    near(norms.l2_norm(x), want, np.abs(want), shape[1])
