"""Host function of products with a 2:4 sparse matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cosmati
import cosmati.language as tl
from cosmati.kernels.common.arrays import (
    INT32_MAX,
    dtype_name,
    is_wide,
    require,
    require_dtype,
    require_power_of_2,
    result,
    shape_of,
    strides_of,
)
from cosmati.kernels.sparse.form import FLOATS, FP8, TYPES, extents, word_of
from cosmati.kernels.sparse.kernel import sparse_kernel


@dataclass(frozen=True)
class SparseConfig:
    """Extents of the blocks that a program works on, and how many warps and stages it has.

    Blocks are powers of two; ``block_k`` counts columns of the whole matrix, of which half are
    stored; ``group_m`` rows of blocks are made column by column.
    """

    block_m: int = 64
    block_n: int = 64
    block_k: int = 64
    group_m: int = 8
    num_warps: int = 4
    num_stages: int = 3

    def check(self, is_int: bool = False) -> None:
        """ValueError, naming the value and its bounds, if the kernel can't use these."""
        require_power_of_2(self.block_m, "block_m", 16, 256)
        require_power_of_2(self.block_n, "block_n", 16, 256)
        require_power_of_2(self.block_k, "block_k", 32 if is_int else 16, 256)
        require(self.group_m >= 1, f"group_m is {self.group_m}; it must be at least 1")


def sparse_gemm(
    values: Any,
    metadata: Any,
    b: Any,
    *,
    out: Any = None,
    out_dtype: str | None = None,
    config: SparseConfig | None = None,
) -> Any:
    """``A @ b`` for a matrix A, [M, K], of which half is stored.

    Parameters
    ----------
    values, metadata : arrays [M, K' / 2] and [M, K' / 16] (float32: [M, K' / 8])
        A, as ``prune`` makes them; K' is K rounded up to a multiple of 16 (8).
    b : array [K, N]
        Types: float32 (rounded to tf32), float16, bfloat16, float8_e4m3fn and float8_e5m2 in any
        combination (summed in float32), int8 (summed exactly modulo 2^32 in int32). Any extents and
        strides.
    out : array [M, N], optional
        Receives the result; any strides.
    out_dtype : str, optional
        float32, float16 or bfloat16 (int32 for int8). Default: the type of ``b``; float32 for 8-bit
        floats, int32 for int8.

    Returns
    -------
    array [M, N]
        ``out``, or a new array.
    """
    config = config or SparseConfig()
    name = _check_operands(values, metadata, b)
    config.check(is_int=name == "int8")
    m, n = shape_of(values)[0], shape_of(b)[1]
    allowed = ("int32",) if name == "int8" else FLOATS
    default = "int32" if name == "int8" else "float32" if name in FP8 else name
    wanted = out_dtype or (dtype_name(out) if out is not None else default)
    require(wanted in allowed, f"out_dtype is {wanted}; {name} operands allow {allowed}")
    out = result(out, b, (m, n), wanted)
    require_dtype(out, (wanted,), "out")
    if m and n:
        launch(values, metadata, b, out, config)
    return out


def launch(values: Any, metadata: Any, b: Any, out: Any, config: SparseConfig) -> Any:
    """Launches the kernel on checked arguments; gives the compiled kernel."""
    m, (k, n) = shape_of(values)[0], shape_of(b)
    programs = cosmati.cdiv(m, config.block_m) * cosmati.cdiv(n, config.block_n)
    require(programs <= INT32_MAX, f"{programs} blocks of C exceed {INT32_MAX}; use larger blocks")
    return sparse_kernel[(programs,)](
        values, metadata, b, out, m, n, k, shape_of(metadata)[1],
        *strides_of(values), *strides_of(metadata), *strides_of(b), *strides_of(out),
        ACC=tl.int32 if dtype_name(values) == "int8" else tl.float32, WORD=word_of(values),
        WIDE=is_wide(values, metadata, b, out),
        BLOCK_M=config.block_m, BLOCK_N=config.block_n, BLOCK_K=config.block_k,
        GROUP_M=config.group_m, num_warps=config.num_warps, num_stages=config.num_stages,
    )  # fmt: skip


def _check_operands(values: Any, metadata: Any, b: Any) -> str:
    """The name of the values' type."""
    name = require_dtype(values, TYPES, "values")
    require_dtype(metadata, ("int16", "uint16"), "metadata")
    require_dtype(b, FP8 if name in FP8 else (name,), "b")
    for array, what in ((values, "values"), (metadata, "metadata"), (b, "b")):
        shape = shape_of(array)
        require(
            len(shape) == 2, f"{what} has the shape {shape}; a matrix has 2 dimensions: reshape it"
        )
        require(
            max(shape) <= INT32_MAX - 256,
            f"{what} has the shape {shape}; extents must be below {INT32_MAX - 256}: split it",
        )
    m, k = shape_of(values)[0], shape_of(b)[0]
    stored, words = extents(values, k)
    require(
        shape_of(values) == (m, stored) and shape_of(metadata) == (m, words),
        f"values are {shape_of(values)} and metadata {shape_of(metadata)}; {k} rows of b need "
        f"({m}, {stored}) and ({m}, {words}), as prune makes them",
    )
    return name
