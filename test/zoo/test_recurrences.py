"""Scans and recurrences against float64, step by step."""

from __future__ import annotations

import numpy as np
import pytest
import recurrences as zoo
from zoo_tools import near, random, sigmoid, wide


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("steps", [16, 1, 15, 37])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("head_first", [False, True])
def test_chunk_cumsum(steps: int, reverse: bool, head_first: bool, dtype: str) -> None:
    s = random(1, *((2, 3, steps) if head_first else (2, steps, 3)), dtype=dtype)
    axis, want, size = 2 if head_first else 1, [], []
    for part in np.split(wide(s), range(16, steps, 16), axis=axis):
        turned = np.flip(part, axis) if reverse else part
        sums = np.cumsum(turned, axis)
        want.append(np.flip(sums, axis) if reverse else sums)
        size.append(np.broadcast_to(2 * np.abs(part).sum(axis, keepdims=True), part.shape))
    got = zoo.chunk_cumsum(s, 16, reverse, head_first)
    near(got, np.concatenate(want, axis), np.concatenate(size, axis), 16)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("cols", [32, 1, 31, 33, 101])
@pytest.mark.parametrize("exclusive", [False, True])
def test_long_cumsum(cols: int, exclusive: bool, dtype: str) -> None:
    x = random(1, 2, cols, dtype=dtype)
    want = np.cumsum(wide(x), -1) - (wide(x) if exclusive else 0)
    near(zoo.long_cumsum(x, exclusive), want, np.cumsum(np.abs(wide(x)), -1), cols)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(8, 16), (1, 1), (7, 15), (19, 17)], ids=str)
@pytest.mark.parametrize("initial", [False, True])
def test_linear_recurrence(shape: tuple[int, int], initial: bool, dtype: str) -> None:
    a = sigmoid(random(1, *shape)).astype(random(0, 1, dtype=dtype).dtype)
    b, h0 = random(2, *shape, dtype=dtype), random(3, shape[1]) if initial else None
    size = zoo.recurrence_reference(a, np.abs(b), None if h0 is None else np.abs(h0))
    near(zoo.linear_recurrence(a, b, h0), zoo.recurrence_reference(a, b, h0), size, shape[0])


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("sizes", [(8, 16), (1, 1), (9, 5)], ids=str)
@pytest.mark.parametrize("everything", [False, True])
def test_selective_state_update(sizes: tuple[int, int], everything: bool, dtype: str) -> None:
    dim, n = sizes
    state, A = random(1, 2, dim, n), -np.abs(random(2, dim, n))
    x, dt, z = (random(i, 2, dim, dtype=dtype) for i in (3, 4, 5))
    B, C = random(6, 2, n, dtype=dtype), random(7, 2, n, dtype=dtype)
    D, bias = random(8, dim, dtype=dtype), random(9, dim, dtype=dtype)
    step = wide(dt)
    if everything:
        step = np.logaddexp(0, step + wide(bias))
    before = wide(state)
    added = wide(B)[:, None, :] * (step * wide(x))[:, :, None]
    want = before * np.exp(wide(A) * step[:, :, None]) + added
    size = np.abs(before) * np.exp(wide(A) * step[:, :, None]) + np.abs(added)
    size = size * (2 + np.abs(wide(A) * step[:, :, None]))
    options = {"D": D, "z": z, "dt_bias": bias, "softplus": True} if everything else {}
    got = zoo.selective_state_update(state, x, dt, A, B, C, **options)
    near(state, want, size)
    out = (want * wide(C)[:, None, :]).sum(-1)
    out_size = (size * np.abs(wide(C))[:, None, :]).sum(-1)
    if everything:
        gate = wide(z) * sigmoid(wide(z))
        out, out_size = (
            (out + wide(x) * wide(D)) * gate,
            (out_size + np.abs(wide(x) * wide(D))) * np.abs(gate),
        )
    if dtype != "float32":
        out_size = np.abs(out) + out_size * 2.0**-12
    near(got, out, out_size, n)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("sizes", [(5, 8), (1, 1), (11, 9)], ids=str)
def test_selective_scan(sizes: tuple[int, int], dtype: str) -> None:
    steps, dim = sizes
    u, dt = random(1, steps, dim, dtype=dtype), np.abs(random(2, steps, dim, dtype=dtype))
    A, B, C = -np.abs(random(3, dim, 4)), random(4, steps, 4), random(5, steps, 4)
    h, size = np.zeros((dim, 4)), np.zeros((dim, 4))
    want, sizes64 = np.empty((steps, dim)), np.empty((steps, dim))
    for t in range(steps):
        d = wide(dt)[t][:, None]
        new = d * wide(u)[t][:, None] * wide(B)[t]
        h, size = (
            np.exp(d * wide(A)) * h + new,
            np.exp(d * wide(A)) * size * (1 + 0 * d) + np.abs(new),
        )
        want[t], sizes64[t] = (h * wide(C)[t]).sum(-1), (size * np.abs(wide(C)[t])).sum(-1)
    near(zoo.selective_scan(u, dt, A, B, C), want, sizes64 * 2, steps)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("steps", [16, 1, 15, 37])
def test_ssd_chunk_state(steps: int, dtype: str) -> None:
    x, b = random(1, 2, steps, 16, dtype=dtype), random(2, 2, steps, 32, dtype=dtype)
    decay = np.cumsum(-np.abs(random(3, 2, steps)) / 4, -1, dtype=np.float32)
    got = zoo.ssd_chunk_state(x, b, decay, 16)
    for c in range(got.shape[1]):
        part = slice(16 * c, min(16 * c + 16, steps))
        g = wide(decay)[:, part]
        scaled = wide(b)[:, part] * np.exp(g[:, -1:] - g)[..., None]
        want = np.einsum("htp,htn->hpn", wide(x)[:, part], scaled)
        size = np.einsum("htp,htn->hpn", np.abs(wide(x)[:, part]), np.abs(scaled))
        rounding = 1 if dtype == "float32" else 2.0**12  # b is scaled in its own type
        near(got[:, c], want, size * (1 + rounding), 16)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("sizes", [(16, 16, 16), (1, 8, 1), (17, 16, 31), (37, 32, 15)], ids=str)
@pytest.mark.parametrize("initial", [False, True])
def test_chunk_linear_attention(sizes: tuple[int, ...], initial: bool, dtype: str) -> None:
    steps, dim, width = sizes
    q, k = random(1, 2, steps, dim, dtype=dtype), random(2, 2, steps, dim, dtype=dtype)
    v = random(3, 2, steps, width, dtype=dtype)
    h0 = random(4, 2, dim, width) if initial else None
    o, ht = zoo.chunk_linear_attention(q, k, v, h0)
    scaled = wide((wide(q) * dim**-0.5).astype(q.dtype))
    s = np.einsum("htk,hsk->hts", scaled, wide(k)) * np.tri(steps)
    size_s = np.einsum("htk,hsk->hts", np.abs(scaled), np.abs(wide(k))) * np.tri(steps)
    want, size = s @ wide(v), size_s @ np.abs(wide(v))
    final = wide(k).transpose(0, 2, 1) @ wide(v)
    final_size = np.abs(wide(k)).transpose(0, 2, 1) @ np.abs(wide(v))
    if h0 is not None:
        want, size = want + scaled @ wide(h0), size + np.abs(scaled) @ np.abs(wide(h0))
        final, final_size = final + wide(h0), final_size + np.abs(wide(h0))
    # q is scaled, and scores and states are rounded, in the type of the operands.
    near(o, want, 3 * size, steps)
    near(ht, final, final_size, steps)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("sizes", [(5, 8), (1, 1), (11, 9)], ids=str)
def test_delta_rule(sizes: tuple[int, int], dtype: str) -> None:
    steps, width = sizes
    q, k = random(1, 2, steps, 16, dtype=dtype), random(2, 2, steps, 16, dtype=dtype, scale=0.2)
    v, beta = (
        random(3, 2, steps, width, dtype=dtype),
        sigmoid(random(4, 2, steps)).astype(np.float32),
    )
    got = zoo.delta_rule(q, k, v, beta)
    for h in range(2):
        near(got[h], *zoo.delta_reference(q[h], k[h], v[h], beta[h]), 16 + steps)
