"""Launch shapes of kernels that give one program to each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cosmati.kernels.common.arrays import (
    as_rows,
    next_power_of_2,
    require,
    require_dtype,
    require_power_of_2,
    result,
    shape_of,
    strides_of,
)

DTYPES = ("float32", "float16", "bfloat16")
MAX_BLOCK = 4096


@dataclass(frozen=True)
class RowLaunch:
    """Arrays as rows, and how many columns a program holds at a time."""

    x: Any
    y: Any
    out: Any
    rows: int
    cols: int
    stride_x: int
    stride_y: int
    block: int
    num_warps: int

    @property
    def one_block(self) -> bool:
        """Whether a whole row is held in registers."""
        return self.cols <= self.block


def plan(x: Any, out: Any, block: int | None, num_warps: int | None) -> RowLaunch:
    """Checks the arrays and chooses a block: the whole row, or pieces of MAX_BLOCK columns."""
    name = require_dtype(x, DTYPES, "x")
    shape = shape_of(x)
    out = result(out, x, shape, name)
    require_dtype(out, DTYPES, "out")
    rows = as_rows(x)
    if strides_of(rows)[1] != 1 and shape[-1] > 1:
        rows = rows.contiguous() if hasattr(rows, "contiguous") else rows.copy()
    target = as_rows(out)
    is_empty = 0 in shape
    is_dense = shape[-1] == 1 or strides_of(target)[1] == 1
    require(
        is_empty or (is_dense and _is_view(target, out)),
        f"out has the strides {strides_of(out)}; its rows must be contiguous and evenly spaced",
    )
    cols = shape[-1]
    if block is None:
        block = min(max(next_power_of_2(cols), 16), MAX_BLOCK)
    require_power_of_2(block, "block", 16, 1 << 15)
    if num_warps is None:
        num_warps = 8 if block >= 2048 else 4
    n = shape_of(rows)[0]
    return RowLaunch(
        rows, target, out, n, cols, strides_of(rows)[0], strides_of(target)[0], block, num_warps
    )


def _is_view(rows: Any, array: Any) -> bool:
    """Whether writing to ``rows`` writes to ``array``."""
    if hasattr(rows, "data_ptr"):
        return bool(rows.data_ptr() == array.data_ptr())
    return bool(rows.ctypes.data == array.ctypes.data)


def require_weight(weight: Any, cols: int, what: str) -> None:
    """Checks an optional vector with one element for each column."""
    if weight is None:
        return
    require_dtype(weight, DTYPES, what)
    require(
        shape_of(weight) == (cols,),
        f"{what} has the shape {shape_of(weight)}; rows of {cols} columns need ({cols},)",
    )
    require(cols <= 1 or strides_of(weight) == (1,), f"{what} is not contiguous; pass a copy")
