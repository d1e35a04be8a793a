"""``assert_close`` on what users compare."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from cosmati.testing import assert_close


@pytest.mark.parametrize(("x", "y"), [
    (1.0, 1.005), ([1, 2], (1, 2)), (np.ones(3), 1.0), (np.float16([1]), np.float64([1])),
    (float("nan"), float("nan")), (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
    (np.ones(2, ml_dtypes.bfloat16), np.ones(2)), (np.zeros(0), np.zeros(0)),
    (np.array([True, False]), [1, 0]),
    (np.ones(2, ml_dtypes.float8_e4m3fn), np.ones(2, np.float32)),
])  # fmt: skip
def test_what_is_close(x, y):
    assert_close(x, y)


@pytest.mark.parametrize(("x", "y"), [
    (1.0, 1.02), ([1, 2], [1, 3]), (np.nan, 1.0), (np.array([1.0, np.inf]), np.array([1.0, 2.0])),
    (np.ones(2), np.ones(3)),
])  # fmt: skip
def test_what_is_not(x, y):
    with pytest.raises(AssertionError):
        assert_close(x, y)


def test_tolerances_are_absolute_relative_or_functions_of_the_type():
    assert_close(100.0, 100.5, atol=1)
    assert_close(np.full(2, 100.0), np.full(2, 100.5), atol=0, rtol=0.01)
    seen = []

    def tolerance(dtype):
        seen.append(dtype)
        return 1.0

    assert_close(np.float16([1, 2]), np.float32([1.5, 2.5]), atol=tolerance, rtol=tolerance)
    assert seen == [np.float16, np.float16]
    with pytest.raises(AssertionError):
        assert_close([1.0, 2.0], [1.0, 2.001], atol=0)


def test_the_message_is_part_of_the_error():
    with pytest.raises(AssertionError, match="of the gradients"):
        assert_close([1.0, 2.0], [1.0, 3.0], err_msg="of the gradients")
    with pytest.raises(AssertionError, match=r"the sum 1.0 is not close to 2.0 \(atol=0.01, rtol"):
        assert_close(1.0, 2.0, err_msg="the sum")


def test_views_are_the_arrays_behind_them():
    array = np.zeros(2, np.uint8)
    assert_close(cosmati.view(array, tl.float8e5), array)


@pytest.mark.torch
def test_torch_tensors():
    import torch

    x = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    assert_close(x, np.ones(3))
    assert_close(torch.ones(2).to(torch.float8_e4m3fn), torch.ones(2))
    seen = []
    assert_close(x, torch.ones(3), atol=lambda dtype: seen.append(dtype) or 0.0)
    assert seen == [torch.bfloat16]
    with pytest.raises(AssertionError):
        assert_close(x, torch.zeros(3))
