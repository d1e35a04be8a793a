"""What the kernels' wrappers and tests share: strides as torch gives them, the form of bounds."""

from __future__ import annotations

import numpy as np
from accuracy import DTYPES, check, sums


def strides(x: np.ndarray) -> tuple[int, ...]:
    """Distances between neighbours of each dimension, in elements."""
    return tuple(step // x.itemsize for step in x.strides)


def wide(*arrays: np.ndarray):
    """The arrays in float64; one array alone is given back alone."""
    found = tuple(np.asarray(x).astype(np.float64) for x in arrays)
    return found[0] if len(found) == 1 else found


def near(
    got: np.ndarray, want: np.ndarray, magnitude: np.ndarray | float, terms: float = 1
) -> None:
    """One rounding of the result, and float32 sums of ``terms`` terms of that magnitude.

    ``magnitude`` is what the result would be if nothing cancelled. Errors of float32 are counted in
    units of the result's eps, so narrow types allow hardly more than their own rounding.
    """
    check(got, want, np.asarray(magnitude) * (1 + sums(np.sqrt(max(terms, 1)), got.dtype)))


def random(seed: int, *shape: int, dtype: str = "float32", scale: float = 1.0) -> np.ndarray:
    """N(0, scale²), rounded to the type."""
    values = np.random.default_rng(seed).standard_normal(shape) * scale
    return values.astype(DTYPES[dtype])


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) that overflows for no x."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)
