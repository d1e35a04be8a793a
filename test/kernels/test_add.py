"""Vector addition."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from accuracy import check
from cosmati.kernels.elementwise import add, reference

TYPES = ["float32", "float16", "bfloat16", "float64", "int8", "int32", "int64", "uint8"]


def operands(n: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    if "int" in dtype:
        info = np.iinfo(dtype)
        return tuple(rng.integers(info.min, info.max, (2, n), dtype=dtype, endpoint=True))
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    return tuple(rng.standard_normal((2, n)).astype(kind))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("n", [0, 1, 127, 128, 129, 1009])
def test_sum_agrees_with_numpy(n: int, dtype: str) -> None:
    x, y = operands(n, dtype)
    got, want = add(x, y, block=128), reference(x, y)
    if "int" in dtype:
        np.testing.assert_array_equal(got, want)
    else:
        check(got, want, np.abs(want))


@pytest.mark.parametrize("num_warps", [1, 4, 8])
def test_any_number_of_warps(num_warps: int) -> None:
    x, y = operands(5000, "float32")
    np.testing.assert_array_equal(add(x, y, num_warps=num_warps), x + y)


def test_result_may_be_an_operand() -> None:
    x, y = operands(300, "float32")
    want = x + y
    assert add(x, y, x) is x
    np.testing.assert_array_equal(x, want)


def test_unaligned_arrays() -> None:
    x, y = operands(301, "float32")
    out = np.zeros(301, np.float32)
    add(x[1:], y[:-1], out[1:])
    np.testing.assert_array_equal(out[1:], x[1:] + y[:-1])
    assert out[0] == 0


def test_errors_name_value_bound_and_remedy() -> None:
    x = np.zeros(8, np.float32)
    with pytest.raises(ValueError, match=r"x has the shape \(8,\) and y \(7,\); broadcast"):
        add(x, x[:7])
    with pytest.raises(ValueError, match=r"block is 100; it must be a power of two from 1"):
        add(x, x, block=100)
    with pytest.raises(ValueError, match=r"y has elements of type float16; .* convert it first"):
        add(x, x.astype(np.float16))
    with pytest.raises(ValueError, match=r"x is not contiguous; pass a copy"):
        add(x[::2], x[::2])
    with pytest.raises(TypeError, match=r"x is a list, not an array"):
        add([1.0], [2.0])
