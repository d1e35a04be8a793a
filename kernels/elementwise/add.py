"""Vector addition: the smallest whole kernel."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati.kernels.common.arrays import (
    require,
    require_dtype,
    require_power_of_2,
    result,
    shape_of,
)
from cosmati.kernels.common.timing import Timing, measure

DTYPES = (
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64",
)  # fmt: skip


@cosmati.jit
def add_kernel(x_ptr, y_ptr, out_ptr, n, BLOCK: tl.constexpr):
    """out[i] = x[i] + y[i] for i < n; one program does BLOCK elements."""
    start = tl.program_id(0).to(tl.int64) * BLOCK
    offsets = start + tl.arange(0, BLOCK)
    mask = offsets < n
    x = tl.load(x_ptr + offsets, mask=mask)
    y = tl.load(y_ptr + offsets, mask=mask)
    tl.store(out_ptr + offsets, x + y, mask=mask)


def add(x: Any, y: Any, out: Any = None, *, block: int = 1024, num_warps: int = 4) -> Any:
    """``x + y`` of two contiguous arrays of one shape and type, with wrap-around for integers.

    Parameters
    ----------
    x, y : arrays of one shape
    out : array, optional
        Receives the sum; may be ``x`` or ``y``.
    block : int
        Elements per program, a power of two.

    Returns
    -------
    array
        ``out``, or a new array.
    """
    name = require_dtype(x, DTYPES, "x")
    require_dtype(y, (name,), "y")
    require(
        shape_of(x) == shape_of(y),
        f"x has the shape {shape_of(x)} and y {shape_of(y)}; broadcast them first",
    )
    require_power_of_2(block, "block", 1, 1 << 16)
    out = result(out, x, shape_of(x), name)
    require_dtype(out, (name,), "out")
    for array, what in ((x, "x"), (y, "y"), (out, "out")):
        require(_is_contiguous(array), f"{what} is not contiguous; pass a copy")
    n = 1
    for extent in shape_of(x):
        n *= extent
    if n > 0:
        add_kernel[(cosmati.cdiv(n, block),)](x, y, out, n, BLOCK=block, num_warps=num_warps)
    return out


def _is_contiguous(array: Any) -> bool:
    if callable(getattr(array, "is_contiguous", None)):
        return bool(array.is_contiguous())
    return bool(array.flags["C_CONTIGUOUS"])


def reference(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The same sum in NumPy: float64 for floats, the type itself for integers."""
    if np.issubdtype(x.dtype, np.integer):
        return x + y
    return x.astype(np.float64) + y.astype(np.float64)


def bench(n: int = 1 << 20, repeats: int = 10) -> Timing:
    """Times the float32 sum of ``n`` elements on host arrays."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, n), dtype=np.float32)
    out = np.empty_like(x)
    return measure(f"add float32 n={n}", lambda: add(x, y, out), bytes=12 * n, repeats=repeats)
