"""Matrix products against float64."""

from __future__ import annotations

import matmul as zoo
import numpy as np
import pytest
from activations import activation_reference
from zoo_tools import near, random, wide

TYPES = ["float32", "float16"]
SHAPES = [(32, 32, 32), (1, 1, 1), (17, 33, 15), (31, 47, 65)]


def operands(shape: tuple[int, int, int], dtype: str):
    m, n, k = shape
    return random(1, m, k, dtype=dtype), random(2, k, n, dtype=dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "epilogue, dtype",
    [
        ("identity", "float32"),
        ("identity", "float16"),
        ("silu", "float16"),
        ("relu_squared", "float32"),
    ],
)
def test_matmul(shape: tuple[int, int, int], dtype: str, epilogue: str) -> None:
    a, b = operands(shape, dtype)
    a = a / np.sqrt(shape[2]).astype(a.dtype)
    bias = random(3, shape[1], dtype=dtype) if epilogue != "identity" else None
    want, size = zoo.product_reference(a, b)
    if bias is not None:
        want, size = want + wide(bias), size + np.abs(wide(bias))
    slope = {"identity": 1, "silu": 1.1, "relu_squared": 2 * np.abs(want)}[epilogue]
    exact = activation_reference(want, epilogue)
    near(zoo.matmul(a, b, bias, epilogue), exact, size * slope + np.abs(exact), shape[2])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("splits", [1, 3])
def test_split_k(shape: tuple[int, int, int], dtype: str, splits: int) -> None:
    a, b = operands(shape, dtype)
    near(zoo.split_k(a, b, splits), *zoo.product_reference(a, b), shape[2])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("programs", [5, 1, 2])
def test_stream_k(shape: tuple[int, int, int], dtype: str, programs: int) -> None:
    a, b = operands(shape, dtype)
    near(zoo.stream_k(a, b, programs), *zoo.product_reference(a, b), shape[2])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(32, 32, 32), (1, 8, 8), (33, 56, 24)], ids=str)
@pytest.mark.parametrize("flatten", [False, True])
def test_persistent(shape: tuple[int, int, int], dtype: str, flatten: bool) -> None:
    a, b = operands(shape, dtype)
    got = zoo.persistent(a, np.ascontiguousarray(b.T), flatten=flatten)
    near(got, *zoo.product_reference(a, b), shape[2])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(2, 16, 16, 16), (1, 1, 1, 1), (3, 17, 31, 33)], ids=str)
@pytest.mark.parametrize("transpose", [False, True])
def test_batched(shape: tuple[int, ...], dtype: str, transpose: bool) -> None:
    batch, m, n, k = shape
    x, w = random(1, batch, m, k, dtype=dtype), random(2, batch, k, n, dtype=dtype)
    given = np.ascontiguousarray(w.transpose(0, 2, 1)) if transpose else w
    near(zoo.batched(x, given, transpose), *zoo.product_reference(x, w), k)
