"""Products that only tensor cores have: of 4-bit integers, of bits, with 2:4 sparse matrices.

The functions of this module are Cosmati's own.
"""

from __future__ import annotations

from typing import Any

from cosmati.language.constexpr import unwrap
from cosmati.language.context import builder, builtin
from cosmati.language.tensor import operand, optional, tensor


@builtin
def dot_packed(a: Any, b: Any, acc: Any = None, a_type: Any = "s4", b_type: Any = "s4") -> tensor:
    """Matrix product of 4-bit integers, ``acc[m, n] + sum_k a[m, k] * b[k, n]``, in int32.

    Parameters
    ----------
    a, b : int8 or uint8 blocks [M, K / 2] and [K / 2, N], or with a leading batch dimension
        Each element has two of the matrix, neighbours along K, the first in the low four bits.
    acc : int32 block [M, N], optional
    a_type, b_type : {"s4", "u4"}
        -8 to 7, or 0 to 15; the two may differ.

    Notes
    -----
    M must be at least 16, N 8 and K 32: there is no other form than tensor cores'. Sums wrap.

    Examples
    --------
    >>> a = np.full((16, 16), 0x21, np.uint8)  # 1 and 2 in turn
    >>> b = np.full((16, 8), 0x11, np.uint8)
    >>> evaluate("tl.dot_packed(a, b)", a=a, b=b)[0]
    array([48, 48, 48, 48, 48, 48, 48, 48], dtype=int32)
    """
    return tensor(
        builder().dot_packed(operand(a), operand(b), unwrap(a_type), unwrap(b_type), optional(acc))
    )


@builtin
def dot_binary(a: Any, b: Any, acc: Any = None, op: Any = "xor") -> tensor:
    """``acc[m, n]`` and how many k there are with ``a[m, k] op b[k, n]``, in int32.

    Parameters
    ----------
    a, b : int32 or uint32 blocks [M, K / 32] and [K / 32, N], or with a leading batch dimension
        32 bits of the matrix each, neighbours along K, the first one lowest.
    acc : int32 block [M, N], optional
    op : {"xor", "and"}
        Of vectors of signs, 1 for -1, ``K - 2 * dot_binary(a, b)`` is the product.

    Notes
    -----
    M must be at least 16, N 8 and K 128: there is no other form than tensor cores'.

    Examples
    --------
    >>> a = np.full((16, 4), 0b101, np.uint32)
    >>> b = np.full((4, 8), 0b100, np.uint32)
    >>> evaluate("tl.dot_binary(a, b, op='and')", a=a, b=b)[0]
    array([4, 4, 4, 4, 4, 4, 4, 4], dtype=int32)
    """
    return tensor(builder().dot_binary(operand(a), operand(b), unwrap(op), optional(acc)))


@builtin
def dot_sparse(a: Any, metadata: Any, b: Any, acc: Any = None, out_dtype: Any = None) -> tensor:
    """Matrix product ``A @ b (+ acc)`` where A has two elements in each group of four along K.

    Parameters
    ----------
    a : block [M, K / 2], or with a leading batch dimension
        The stored elements of A in their order: of each four neighbours along K two (float32: of
        each two neighbours one); the others are zero.
    metadata : int16 or uint16 block [M, K / 16] (float32: [M, K / 8])
        Where they stand. A group of four neighbours has a code of four bits: the place of its first
        stored element in the lower two bits, that of the second, which is higher, in the upper two.
        float32: 0x4 if the first of the two neighbours is stored, 0xe if the second. An element has
        the codes of four neighbouring groups, the first in its lowest bits.
        Any other code is undefined behaviour. ``kernels.sparse`` makes both blocks of a matrix.
    b : block [K, N]
    acc : block [M, N] of the result's type, optional
    out_dtype : dtype, optional
        float16 operands: float32 (the default) or float16.

    Notes
    -----
    Types are those of ``a`` and ``b``: float16, bfloat16, float32 (rounded to tf32), float8e4nv and
    float8e5, in any combination, which give float32, and int8 and uint8, in any combination, which
    give int32. M must be at least 16, N 8 and K 16 (float32: 8; int8: 32): there is no other form
    than tensor cores'. fp8 is multiplied as float16 before sm_89, and where K is below 64.

    Examples
    --------
    >>> a = np.full((16, 16), 3, np.float16)  # of 32 columns, those with numbers 4 i and 4 i + 1
    >>> where = np.full((16, 2), 0x4444, np.uint16)
    >>> b = np.ones((32, 8), np.float16)
    >>> evaluate("tl.dot_sparse(a, where, b)", a=a, where=where, b=b)[0]
    array([48., 48., 48., 48., 48., 48., 48., 48.], dtype=float32)
    """
    out = unwrap(out_dtype)
    return tensor(
        builder().dot_sparse(
            operand(a),
            operand(metadata),
            operand(b),
            optional(acc),
            None if out is None else out.core,
        )
    )


__all__ = ["dot_binary", "dot_packed", "dot_sparse"]
