"""cosmati.testing.evaluate: an expression of the kernel language, run on arrays."""

from __future__ import annotations

import cosmati
import ml_dtypes
import numpy as np
import pytest
from cosmati import language as tl
from cosmati.testing import evaluate


def test_block_keeps_shape_and_type() -> None:
    x = np.arange(8, dtype=np.int16).reshape(2, 4)
    result = evaluate("tl.trans(x)", x=x)
    assert result.dtype == np.int16
    np.testing.assert_array_equal(result, x.T)


def test_scalars_are_numpy_scalars() -> None:
    assert evaluate("tl.sum(x)", x=np.arange(4, dtype=np.float64)) == np.float64(6)
    assert evaluate("x * 2", x=np.int64(2**40)) == np.int64(2**41)


def test_tuple_gives_a_tuple() -> None:
    best, where = evaluate("tl.max(x, 0, return_indices=True)", x=np.array([1, 9], np.int32))
    assert (best, where) == (9, 1)


def test_constants_are_known_at_compile_time() -> None:
    assert evaluate("tl.full((N,), 1, tl.int8)", N=4).shape == (4,)
    assert evaluate("x.to(T)", x=np.ones(2), T=tl.bfloat16).dtype == ml_dtypes.bfloat16
    assert evaluate("'a' + S", S="b") == "ab"


def test_tuples_known_at_compile_time_are_no_blocks() -> None:
    pair = cosmati.constexpr_function(lambda: (3, 4))
    assert evaluate("tl.constexpr(pair())", pair=pair) == (3, 4)


def test_type_without_a_numpy_type_is_refused() -> None:
    with pytest.raises(cosmati.CosmatiError, match="gives fp8e4b15, which neither NumPy"):
        evaluate("x.to(tl.float8e4b15)", x=np.ones(2, np.float32))


def test_several_lines() -> None:
    lines = """
    y = x + 1
    tl.where(
        y > 2,
        y, 0,
    )
    """
    np.testing.assert_array_equal(evaluate(lines, x=np.arange(4)), [0, 0, 3, 4])


def test_truth_values() -> None:
    result = evaluate("x == x", x=np.array([1.0, np.nan]))
    assert result.dtype == np.bool_
    np.testing.assert_array_equal(result, [True, False])


def test_error_shows_the_expression() -> None:
    with pytest.raises(cosmati.CompilationError, match=r"no attribute `foo`[^^]*tl.foo"):
        evaluate("x + tl.foo", x=np.arange(2))
