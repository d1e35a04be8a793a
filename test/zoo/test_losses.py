"""Softmax and losses against float64."""

from __future__ import annotations

import losses
import numpy as np
import pytest
from zoo_tools import near, random, wide

TYPES = ["float32", "bfloat16"]
COLS = [32, 1, 31, 33, 101]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("cols", COLS)
def test_softmax(cols: int, dtype: str) -> None:
    x, dy = random(1, 5, cols, dtype=dtype), random(2, 5, cols, dtype=dtype)
    for temperature in (1.0, 0.5):
        want = losses.softmax_reference(wide(x) / temperature)
        distance = np.abs(wide(x) - wide(x).max(-1, keepdims=True)) / temperature
        size = want * (1 + distance * (1 if dtype == "float32" else 2.0**-15))
        near(losses.softmax(x, temperature), want, size, cols)
    y = losses.softmax(x)
    inner = wide(dy) * wide(y)
    want = wide(y) * (wide(dy) - inner.sum(-1, keepdims=True))
    size = wide(y) * (np.abs(wide(dy)) + np.abs(inner).sum(-1, keepdims=True))
    near(losses.softmax_backward(dy, y), want, size, cols)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("cols", COLS)
def test_log_softmax(cols: int, dtype: str) -> None:
    x, dy = random(1, 3, cols, dtype=dtype, scale=4), random(2, 3, cols, dtype=dtype)
    want = losses.softmax_reference(x, log=True)
    y = losses.log_softmax(x)
    near(y, want, np.abs(wide(x)) + np.abs(wide(x)).max(-1, keepdims=True) + 1, cols)
    total = wide(dy).sum(-1, keepdims=True)
    want = wide(dy) - np.exp(wide(y)) * total
    size = np.abs(wide(dy)) + np.exp(wide(y)) * np.abs(wide(dy)).sum(-1, keepdims=True)
    near(losses.softmax_backward(dy, y, log=True), want, size * (1 + np.abs(wide(y))), cols)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"smoothing": 0.1},
        {"lse_scale": 1e-2},
        {"softcap": 5.0, "smoothing": 0.1, "lse_scale": 0.1},
    ],
    ids=["plain", "smooth", "z", "all"],
)
def test_cross_entropy(cols: int, dtype: str, options: dict) -> None:
    rows, ignore = 4, -100
    x = random(1, rows, cols, dtype=dtype, scale=2)
    y = np.random.default_rng(2).integers(0, cols, rows)
    y[1] = ignore
    weight = np.abs(random(3, cols)) if options else None
    full = {"lse_scale": 0.0, "smoothing": 0.0, "softcap": None} | options
    want, want_z, grad = losses.cross_entropy_reference(x, y, weight, ignore, **full)
    top = np.abs(wide(x)).max(-1) + np.log(cols) + 1
    share = (1.0 if weight is None else wide(weight).max()) / 3
    loss, z_loss = losses.cross_entropy(x, y, weight, ignore, **full)
    # A score's relative error of eps is an absolute one of eps * |score|.
    near(loss, want, share * (2 * top + full["lse_scale"] * top**2 * 2), cols)
    near(z_loss, want_z, 2 * full["lse_scale"] * top**2 / 3, cols)
    size = share * (1 + full["lse_scale"] * top[:, None]) * (2 + top[:, None])
    if dtype == "bfloat16":
        size = np.abs(grad) + size * 2.0**-14
    near(x, grad, np.broadcast_to(size, grad.shape), cols)
    assert not wide(x)[1].any() and loss[1] == 0


@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_kl_div(cols: int, log_target: bool, reduction: str) -> None:
    log_p = losses.log_softmax(random(1, 3, cols))
    log_t = losses.softmax_reference(random(2, 3, cols), log=True)
    target = (log_t if log_target else np.exp(log_t)).astype(np.float32)
    t = np.exp(wide(target)) if log_target else wide(target)
    want = t * (np.log(t) - wide(log_p))
    size = t * (2 + np.abs(np.log(t)) + np.abs(wide(log_p)))
    if reduction == "sum":
        want, size = want.sum(-1), size.sum(-1)
    loss, grad = losses.kl_div(log_p, target, log_target, reduction)
    near(loss, want, size, cols)
    near(grad, -t, t * (1 + np.abs(np.log(t))))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0])
def test_jsd(cols: int, dtype: str, beta: float) -> None:
    x, y = (
        losses.log_softmax(random(i, 2, cols)).astype(random(0, 1, dtype=dtype).dtype)
        for i in (1, 2)
    )
    lp, lq = wide(x, y)
    p, q = np.exp(lp), np.exp(lq)
    log_m = np.log(beta * q + (1 - beta) * p)
    loss, dx = losses.jsd(x, y, beta)
    if beta in (0.0, 1.0):
        want = q * (lq - lp) if beta == 0.0 else p * (lp - lq)
        slope = -q if beta == 0.0 else want + p
    else:
        want = beta * q * (lq - log_m) + (1 - beta) * p * (lp - log_m)
        slope = (1 - beta) * p * (lp - log_m)
    size = (p + q) * (1 + np.abs(lp) + np.abs(lq)) ** 2
    near(loss, want, size)
    near(dx, slope, size if dtype == "float32" else np.abs(slope) + size * 2.0**-14)
