"""How a 2:4 sparse matrix is stored; see ``tl.dot_sparse``.

Of each group of four neighbours along K two are stored (float32: of each two neighbours one), the
others are zero. A matrix [M, K] becomes

    values    [M, K' / 2]             the stored elements, in their order
    metadata  [M, K' / word], int16   four bits for each group, four groups in an element

where ``word`` is 16 (float32: 8) and K' is K rounded up to a multiple of it.
"""

from __future__ import annotations

from typing import Any

from cosmati.kernels.common.arrays import dtype_name

FLOATS = ("float32", "float16", "bfloat16")
FP8 = ("float8_e4m3fn", "float8_e5m2")
TYPES = (*FLOATS, "int8", *FP8)


def group_of(array: Any) -> int:
    """Neighbours of which half are stored: 4, of float32 2."""
    return 2 if dtype_name(array) == "float32" else 4


def word_of(array: Any) -> int:
    """Columns of the matrix that an element of the metadata describes."""
    return 4 * group_of(array)


def extents(array: Any, k: int) -> tuple[int, int]:
    """Columns of values and of metadata for a matrix of ``k`` columns."""
    words = -(-k // word_of(array))
    return words * word_of(array) // 2, words
