"""How close a kernel must come to the float64 reference: the one table of constants.

Bounds have the form ``c * eps * scale``, where eps is the distance from 1 to the next number of the
result's type and scale comes from the magnitudes that the kernel adds up: for a product of K terms
``sqrt(K) * sum |a||b|``, of which narrower types count only what float32 sums lose (see ``sums``).
What is exact is compared exactly, never through this table.
"""

from __future__ import annotations

import ml_dtypes
import numpy as np

# Result type -> c. Narrow types also round their result once, half an eps of it.
C = {"float64": 1.0, "float32": 2.0, "float16": 1.5, "bfloat16": 1.5}

DTYPES = {"float16": np.float16, "float32": np.float32, "float64": np.float64,
          "bfloat16": ml_dtypes.bfloat16, "e4m3": ml_dtypes.float8_e4m3fn,
          "e5m2": ml_dtypes.float8_e5m2, "int8": np.int8}  # fmt: skip


def eps(dtype: np.dtype | type) -> float:
    """Distance from 1 to the next number."""
    return float(ml_dtypes.finfo(dtype).eps)


def sums(scale: np.ndarray | float, dtype: np.dtype | type) -> np.ndarray | float:
    """A scale of sums that are formed in float32, in units of the eps of the result's type."""
    return scale * (eps(np.float32) / eps(dtype))


def check(got: np.ndarray, want: np.ndarray, scale: np.ndarray | float) -> None:
    """Asserts ``|got - want| <= c * eps * scale`` where both are finite, and equality elsewhere."""
    assert got.shape == want.shape
    name = str(np.dtype(got.dtype))
    wide = got.astype(np.float64)
    smallest = float(ml_dtypes.finfo(got.dtype).smallest_subnormal)
    bound = C[name] * eps(got.dtype) * np.broadcast_to(scale, want.shape) + smallest
    finite = np.isfinite(want)
    np.testing.assert_array_equal(wide[~finite], want[~finite])
    error = np.abs(wide[finite] - want[finite])
    excess = error / bound[finite]
    worst = excess.max(initial=0.0) if not np.isnan(excess).any() else np.nan
    assert worst <= 1.0, f"error is {worst:.3g} times the bound (largest error {error.max():.3g})"


def normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """N(0, 1), rounded to the type; int8: uniform over all its numbers."""
    if dtype == "int8":
        return rng.integers(-128, 128, shape, dtype=np.int8)
    return rng.standard_normal(shape).astype(DTYPES[dtype])
