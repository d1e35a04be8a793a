"""The matrix product in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _apply_sigmoid(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return 1.0 / (1.0 + np.exp(-x))


_ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0))),
    "gelu_tanh": lambda x: (
        0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)))
    ),
    "silu": lambda x: x * _apply_sigmoid(x),
    "sigmoid": _apply_sigmoid,
    "tanh": np.tanh,
}


def reference(
    a: np.ndarray, b: np.ndarray, bias: Any = None, activation: str | None = None
) -> np.ndarray:
    """``activation(a @ b + bias)`` in float64; exactly modulo 2^32, as int32, for int8."""
    if a.dtype == np.int8:
        exact = a.astype(np.int64) @ b.astype(np.int64)
        exact = exact if bias is None else exact + bias.astype(np.int64)
        y = exact.astype(np.int32)
    else:
        y = a.astype(np.float64) @ b.astype(np.float64)
        y = y if bias is None else y + bias.astype(np.float64)
    if activation is None or y.size == 0:
        return y
    return _ACTIVATIONS[activation](y)  # type: ignore[no-any-return]
