"""Activations, gates and dropout against float64; random numbers against Philox itself."""

from __future__ import annotations

import activations as zoo
import numpy as np
import pytest
from accuracy import check
from zoo_tools import near, random, wide

TYPES = ["float32", "bfloat16"]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [64, 1, 63, 65, 257])
@pytest.mark.parametrize("name", ["silu", "gelu", "gelu_tanh", "relu_squared", "softplus"])
def test_activations(name: str, n: int, dtype: str) -> None:
    x = random(n, n, dtype=dtype, scale=3)
    want = zoo.activation_reference(x, name)
    # 1 + tanh and 1 + erf cancel where x < 0, log(1 + e) where e is small.
    whole = {"softplus": 1.0, "gelu": np.abs(wide(x)), "gelu_tanh": np.abs(wide(x))}
    fp32 = want * (1 + np.abs(wide(x))) if name == "silu" else want * 2
    size = np.abs(want) + np.maximum(np.abs(fp32), whole.get(name, 0)) * (
        1 if dtype == "float32" else 2.0**-14
    )
    near(zoo.activate(x, name), want, size)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(3, 64), (1, 1), (2, 63), (2, 67)], ids=str)
@pytest.mark.parametrize("name", ["silu", "gelu_tanh"])
def test_gates(shape: tuple[int, int], dtype: str, name: str) -> None:
    dout, gate, up = (random(i, *shape, dtype=dtype) for i in range(3))
    f, g = zoo.activation_reference(gate, name), np.abs(wide(gate))
    near(zoo.gated(gate, up, name), f * wide(up), 2 * (1 + g) * np.abs(wide(up)) * 0.5)
    want = zoo.gated_backward_reference(dout, gate, up, name)
    product = np.abs(wide(dout) * wide(up))
    dgate, dup = zoo.gated_backward(dout, gate, up, name)
    near(dgate, want[0], product * (1 + g + g**3 / 4))
    near(dup, want[1], np.abs(wide(dout)) * g)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("half", [32, 1, 31, 33])
def test_packed_swiglu(half: int, dtype: str) -> None:
    xy = random(half, 3, 2 * half, dtype=dtype)
    left, right = wide(xy[:, :half], xy[:, half:])
    want = left / (1 + np.exp(-left)) * right
    near(zoo.packed_swiglu(xy), want, np.abs(want) * (1 + np.abs(left)))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [64, 1, 65, 131])
def test_dropout(n: int, dtype: str) -> None:
    x, seed, p = random(n, n, dtype=dtype), 123456789123, 0.3
    keep = zoo.uniform(zoo.philox(seed, np.arange(n))[0]) > np.float32(p)
    got = zoo.dropout(x, p, seed)
    np.testing.assert_array_equal(got != 0, keep & (x != 0))
    check(got, np.where(keep, wide(x) / (1 - p), 0), np.where(keep, np.abs(wide(x)) / (1 - p), 0))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(2, 32), (1, 1), (3, 31), (5, 65)], ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_bias_dropout_residual(shape: tuple[int, int], dtype: str, training: bool) -> None:
    x, residual = random(1, *shape, dtype=dtype), random(2, *shape, dtype=dtype)
    bias, scale = random(3, shape[1]), random(4, shape[1])
    rows, cols = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    block, inside = cols // 32, cols % 32
    bits = zoo.philox(77, rows * shape[1] + block * 8 + inside // 4)
    r = zoo.uniform(np.take_along_axis(bits, (inside % 4 + 0 * rows)[None], 0)[0])
    for b, s in ((bias, scale), (None, None)):
        whole = wide(x) + (0 if b is None else wide(b))
        size = np.abs(wide(x)) + (0 if b is None else np.abs(wide(b)))
        if training:
            whole, size = np.where(r >= np.float32(0.25), whole, 0) / 0.75, size / 0.75
        if s is not None:
            whole, size = whole * wide(s), size * np.abs(wide(s))
        got = zoo.bias_dropout_residual(x, b, s, residual, 0.25, 77, training)
        near(got, whole + wide(residual), size + np.abs(wide(residual)))
