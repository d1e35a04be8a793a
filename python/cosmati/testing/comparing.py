"""``assert_close``: whether two results agree."""

from __future__ import annotations

from typing import Any

import numpy as np

from cosmati.runtime.arrays import View


def _to_numpy(value: Any) -> tuple[np.ndarray[Any, Any], Any]:
    """(elements in a type that NumPy compares, type as the caller has it)."""
    if isinstance(value, View):
        value = value.array
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # torch
        kept, value = value.dtype, value.detach().cpu()
        try:
            return value.numpy(), kept
        except TypeError:  # bfloat16 and 8-bit floats, which NumPy lacks
            return value.float().numpy(), kept
    if hasattr(value, "get") and hasattr(value, "__cuda_array_interface__"):  # cupy
        value = value.get()
    elif hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        value = value.numpy()
    array = np.asarray(value)
    kept = array.dtype
    if array.dtype.kind not in "biufc":  # the types of ml_dtypes
        array = array.astype(np.float32)
    return array, kept


def _tolerance(given: Any, default: float, dtype: Any) -> float:
    if given is None:
        return default
    return float(given(dtype) if callable(given) else given)


def assert_close(x: Any, y: Any, atol: Any = None, rtol: Any = None, err_msg: str = "") -> None:
    """Raises AssertionError unless ``|x - y| <= atol + rtol * |y|`` for all elements.

    Parameters
    ----------
    x, y : numbers, lists, NumPy arrays, torch or cupy arrays
        Of one shape, or broadcast. NaN equals NaN.
    atol, rtol : float, or function of x's dtype, optional
        Default 0.01 and 0.
    err_msg : str
        Added to the error.

    Examples
    --------
    >>> cosmati.testing.assert_close(np.float32([1, 2]), [1.005, 2])
    >>> cosmati.testing.assert_close(1.0, 1.1, err_msg="the sum")
    Traceback (most recent call last):
    AssertionError: the sum 1.0 is not close to 1.1 (atol=0.01, rtol=0.0)
    """
    left, dtype = _to_numpy(x)
    right, _ = _to_numpy(y)
    atol, rtol = _tolerance(atol, 1e-2, dtype), _tolerance(rtol, 0.0, dtype)
    if left.size > 1 or right.size > 1:
        np.testing.assert_allclose(
            left, right, atol=atol, rtol=rtol, equal_nan=True, err_msg=err_msg
        )
    elif not np.allclose(left, right, atol=atol, rtol=rtol, equal_nan=True):
        text = f"{left} is not close to {right} (atol={atol}, rtol={rtol})"
        raise AssertionError(f"{err_msg} {text}" if err_msg else text)
