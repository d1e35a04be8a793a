"""Making a matrix 2:4 sparse: of each group the elements of largest magnitude stay."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
from cosmati.kernels.common.arrays import (
    INT32_MAX,
    dtype_name,
    is_wide,
    require,
    require_dtype,
    result,
    shape_of,
    strides_of,
)
from cosmati.kernels.sparse.form import TYPES, extents, group_of

BLOCK_ROWS, BLOCK_K = 16, 128


@cosmati.jit
def _magnitude(bits, IS_INT: tl.constexpr, NO_SIGN: tl.constexpr):
    """An integer that grows with the magnitude; that of NaN is the largest of all."""
    if IS_INT:
        return tl.abs(bits.to(tl.int16))
    else:
        return bits & NO_SIGN


@cosmati.jit
def _choose_one_of_two(bits, IS_INT: tl.constexpr, NO_SIGN: tl.constexpr):
    """The larger of two neighbours, [.., 2] to [.., 1], and its code."""
    x0, x1 = tl.split(bits)
    first = _magnitude(x0, IS_INT, NO_SIGN) >= _magnitude(x1, IS_INT, NO_SIGN)
    return tl.expand_dims(tl.where(first, x0, x1), 2), tl.where(first, 0x4, 0xE)


@cosmati.jit
def _choose_two_of_four(bits, IS_INT: tl.constexpr, NO_SIGN: tl.constexpr):
    """The two largest of four neighbours, [.., 4] to [.., 2], and their code."""
    even, odd = tl.split(tl.reshape(bits, (bits.shape[0], bits.shape[1], 2, 2)))
    x0, x2 = tl.split(even)
    x1, x3 = tl.split(odd)
    m0 = _magnitude(x0, IS_INT, NO_SIGN)
    m1 = _magnitude(x1, IS_INT, NO_SIGN)
    m2 = _magnitude(x2, IS_INT, NO_SIGN)
    m3 = _magnitude(x3, IS_INT, NO_SIGN)
    # Each pair has one winner, the earlier one where they are equal; who wins twice or more stays.
    w01, w02, w03 = m0 >= m1, m0 >= m2, m0 >= m3
    w12, w13, w23 = m1 >= m2, m1 >= m3, m2 >= m3
    keep0 = (w01 & w02) | (w01 & w03) | (w02 & w03)
    keep1 = (~w01 & w12) | (~w01 & w13) | (w12 & w13)
    keep2 = (~w02 & ~w12) | (~w02 & w23) | (~w12 & w23)
    keep3 = (~w03 & ~w13) | (~w03 & ~w23) | (~w13 & ~w23)
    first = tl.where(keep0, x0, tl.where(keep1, x1, x2))
    second = tl.where(keep3, x3, tl.where(keep2, x2, x1))
    place = (
        tl.where(keep0, 0, tl.where(keep1, 1, 2)) + tl.where(keep3, 3, tl.where(keep2, 2, 1)) * 4
    )
    return tl.join(first, second), place


@cosmati.jit
def prune_kernel(
    x_ptr, values_ptr, metadata_ptr, M, K,
    stride_xm, stride_xk, stride_vm, stride_vk, stride_em, stride_ek,
    BITS: tl.constexpr, IS_INT: tl.constexpr, NO_SIGN: tl.constexpr, GROUP: tl.constexpr,
    WIDE: tl.constexpr, BLOCK_ROWS: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """One program prunes BLOCK_ROWS x BLOCK_K elements. Beyond K the matrix is zero.

    BITS is the integer type of the elements' width, NO_SIGN a mask of their bits but the sign.
    """
    rows = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    columns = tl.program_id(1) * BLOCK_K + tl.arange(0, BLOCK_K)
    stored = tl.program_id(1) * (BLOCK_K // 2) + tl.arange(0, BLOCK_K // 2)
    words = tl.program_id(1) * (BLOCK_K // (4 * GROUP)) + tl.arange(0, BLOCK_K // (4 * GROUP))
    in_rows = rows[:, None] < M
    count = tl.cdiv(K, 4 * GROUP)
    in_stored = in_rows & (stored < count * (2 * GROUP))[None, :]
    in_words = in_rows & (words < count)[None, :]
    if WIDE:
        rows = rows.to(tl.int64)
        columns = columns.to(tl.int64)
        stored = stored.to(tl.int64)
        words = words.to(tl.int64)
    x = tl.load(
        x_ptr + rows[:, None] * stride_xm + columns[None, :] * stride_xk,
        mask=in_rows & (columns < K)[None, :], other=0.0,
    )  # fmt: skip
    bits = tl.reshape(x.to(BITS, bitcast=True), (BLOCK_ROWS, BLOCK_K // GROUP, GROUP))
    if GROUP == 4:
        chosen, codes = _choose_two_of_four(bits, IS_INT, NO_SIGN)
    else:
        chosen, codes = _choose_one_of_two(bits, IS_INT, NO_SIGN)
    values = tl.reshape(chosen, (BLOCK_ROWS, BLOCK_K // 2)).to(x.dtype, bitcast=True)
    tl.store(
        values_ptr + rows[:, None] * stride_vm + stored[None, :] * stride_vk, values, mask=in_stored
    )
    four = tl.reshape(codes.to(tl.int32), (BLOCK_ROWS, BLOCK_K // (4 * GROUP), 4))
    word = tl.sum(four << (4 * tl.arange(0, 4))[None, None, :], axis=2)
    tl.store(
        metadata_ptr + rows[:, None] * stride_em + words[None, :] * stride_ek,
        word.to(tl.int16), mask=in_words,
    )  # fmt: skip


def prune(x: Any, *, values: Any = None, metadata: Any = None) -> tuple[Any, Any]:
    """The values and metadata of ``x`` with half of its elements set to zero.

    Of each four neighbours along K the two of largest magnitude stay (float32: of each two one), of
    equal ones the earlier; NaN counts as the largest. A matrix that is 2:4 sparse already loses
    nothing.

    Parameters
    ----------
    x : array [M, K]
        float32, float16, bfloat16, int8, float8_e4m3fn or float8_e5m2; any extents and strides.
    values : array [M, K' / 2], optional
    metadata : int16 array [M, K' / 16] (float32: [M, K' / 8]), optional
        Receive the results; K' is K rounded up to a multiple of 16 (8).

    Returns
    -------
    (values, metadata)
        As ``sparse_gemm`` takes them.
    """
    name = require_dtype(x, TYPES, "x")
    shape = shape_of(x)
    require(len(shape) == 2, f"x has the shape {shape}; a matrix has 2 dimensions: reshape it")
    require(
        max(shape) <= INT32_MAX - 256,
        f"x has the shape {shape}; extents must be below {INT32_MAX - 256}: split it",
    )
    m, k = shape
    stored, words = extents(x, k)
    values = result(values, x, (m, stored), name)
    metadata = result(metadata, x, (m, words), "int16")
    require_dtype(values, (name,), "values")
    require_dtype(metadata, ("int16", "uint16"), "metadata")
    if m and k:
        launch_prune(x, values, metadata)
    return values, metadata


def launch_prune(x: Any, values: Any, metadata: Any) -> Any:
    """Launches the kernel on checked arguments; gives the compiled kernel."""
    m, k = shape_of(x)
    name = dtype_name(x)
    bits, width = {"float32": (tl.int32, 32), "float16": (tl.int16, 16),
                   "bfloat16": (tl.int16, 16)}.get(name, (tl.int8, 8))  # fmt: skip
    blocks = cosmati.cdiv(k, BLOCK_K)
    require(blocks <= 65535, f"x has {k} columns; at most {65535 * BLOCK_K} are allowed: split it")
    return prune_kernel[(cosmati.cdiv(m, BLOCK_ROWS), blocks)](
        x, values, metadata, m, k, *strides_of(x), *strides_of(values), *strides_of(metadata),
        BITS=bits, IS_INT=name == "int8", NO_SIGN=(1 << (width - 1)) - 1, GROUP=group_of(x),
        WIDE=is_wide(x, values, metadata), BLOCK_ROWS=BLOCK_ROWS, BLOCK_K=BLOCK_K,
    )  # fmt: skip
