"""Elementwise operators and functions against NumPy."""

from __future__ import annotations

import math

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import (
    FLOATS,
    INTEGERS,
    binary,
    np_dtype,
    samples,
    tl_dtype,
    unary,
)

N = 1000  # not a multiple of any block


@cosmati.jit
def add(a, b):
    return a + b


@cosmati.jit
def sub(a, b):
    return a - b


@cosmati.jit
def mul(a, b):
    return a * b


@cosmati.jit
def and_(a, b):
    return a & b


@cosmati.jit
def or_(a, b):
    return a | b


@cosmati.jit
def xor(a, b):
    return a ^ b


@cosmati.jit
def lt(a, b):
    return a < b


@cosmati.jit
def le(a, b):
    return a <= b


@cosmati.jit
def gt(a, b):
    return a > b


@cosmati.jit
def ge(a, b):
    return a >= b


@cosmati.jit
def eq(a, b):
    return a == b


@cosmati.jit
def ne(a, b):
    return a != b


@cosmati.jit
def floordiv(a, b):
    return a // b


@cosmati.jit
def mod(a, b):
    return a % b


@cosmati.jit
def truediv(a, b):
    return a / b


@cosmati.jit
def shl(a, b):
    return a << b


@cosmati.jit
def shr(a, b):
    return a >> b


@cosmati.jit
def maximum(a, b):
    return tl.maximum(a, b)


@cosmati.jit
def minimum(a, b):
    return tl.minimum(a, b)


@cosmati.jit
def maximum_nan(a, b):
    return tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)


ARITHMETIC = {add: np.add, sub: np.subtract, mul: np.multiply}
BITS = {and_: np.bitwise_and, or_: np.bitwise_or, xor: np.bitwise_xor}
COMPARE = {
    lt: np.less, le: np.less_equal, gt: np.greater, ge: np.greater_equal, eq: np.equal,
    ne: np.not_equal,
}  # fmt: skip


def _name(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("fn", [*ARITHMETIC, *BITS], ids=_name)
def test_integer_arithmetic_wraps_as_in_numpy(fn, name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    expected = {**ARITHMETIC, **BITS}[fn](x, y)
    np.testing.assert_array_equal(binary(fn, x, y, name), expected)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("fn", ARITHMETIC, ids=_name)
def test_float_arithmetic_is_rounded_once(fn, name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    expected = ARITHMETIC[fn](x, y)
    np.testing.assert_array_equal(binary(fn, x, y, name), expected)


@pytest.mark.parametrize("name", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("fn", COMPARE, ids=_name)
def test_comparisons(fn, name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    y[::3] = x[::3]
    np.testing.assert_array_equal(binary(fn, x, y, "bool"), COMPARE[fn](x, y))


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
@pytest.mark.parametrize("fn", COMPARE, ids=_name)
def test_comparisons_with_nan_follow_ieee(fn, name):
    x, y = samples(name, 64, 1), samples(name, 64, 2)
    x[::4], y[::6] = np.nan, np.nan
    np.testing.assert_array_equal(binary(fn, x, y, "bool"), COMPARE[fn](x, y))


@pytest.mark.parametrize("name", INTEGERS)
def test_integer_division_truncates_toward_zero(name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    y[y == 0] = 3
    if name.startswith("int"):
        y[(x == np.iinfo(name).min) & (y == -1)] = 2
    # Exact in Python's integers: NumPy's own division rounds down.
    quotients = [int(math.copysign(1, a) * math.copysign(1, b)) * (abs(a) // abs(b))
                 for a, b in zip(x.tolist(), y.tolist(), strict=True)]  # fmt: skip
    remainders = [a - q * b for a, b, q in zip(x.tolist(), y.tolist(), quotients, strict=True)]
    np.testing.assert_array_equal(binary(floordiv, x, y, name), np.array(quotients, name))
    np.testing.assert_array_equal(binary(mod, x, y, name), np.array(remainders, name))


@cosmati.jit
def guarded_division(a, b):
    return tl.where(b == 0, -7, a // b)


@pytest.mark.parametrize("name", ["int8", "int32", "int64"])
def test_division_by_zero_is_defined_and_keeps_its_guard(name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    y[::2] = 0
    got = binary(guarded_division, x, y, name)
    np.testing.assert_array_equal(got[::2], np.array(-7).astype(name))


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("fn", [shl, shr], ids=_name)
def test_shifts_within_the_width(fn, name):
    x = samples(name, N, 1)
    y = (np.arange(N) % (np.dtype(name).itemsize * 8)).astype(name)
    expected = np.left_shift(x, y) if fn is shl else np.right_shift(x, y)
    np.testing.assert_array_equal(binary(fn, x, y, name), expected)


def test_true_division_of_integers_gives_float32():
    x = np.arange(1, N + 1, dtype=np.int32)
    y = np.full(N, 7, np.int32)
    got = binary(truediv, x, y, "float32")
    np.testing.assert_allclose(got, x / y, rtol=2e-7)


@pytest.mark.parametrize("name", FLOATS)
def test_float_division(name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    y[y == 0] = 1
    got = binary(truediv, x, y, name).astype(np.float64)
    expected = x.astype(np.float64) / y.astype(np.float64)
    tolerance = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 3e-7, "float64": 0}[name]
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-7 if tolerance else 0)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_minimum_and_maximum_ignore_nan_unless_asked(name):
    x, y = samples(name, 256, 1), samples(name, 256, 2)
    x[::5], y[::7] = np.nan, np.nan
    np.testing.assert_array_equal(binary(maximum, x, y, name), np.fmax(x, y))
    np.testing.assert_array_equal(binary(minimum, x, y, name), np.fmin(x, y))
    np.testing.assert_array_equal(binary(maximum_nan, x, y, name), np.maximum(x, y))


@pytest.mark.parametrize("name", INTEGERS)
def test_minimum_and_maximum_of_integers(name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    np.testing.assert_array_equal(binary(maximum, x, y, name), np.maximum(x, y))
    np.testing.assert_array_equal(binary(minimum, x, y, name), np.minimum(x, y))


# Functions of one argument.


@cosmati.jit
def neg(a):
    return -a


@cosmati.jit
def invert(a):
    return ~a


@cosmati.jit
def absolute(a):
    return tl.abs(a)


@cosmati.jit
def not_(a):
    return not a


@pytest.mark.parametrize("name", ["int8", "int16", "int32", "int64", *FLOATS])
def test_negation_and_absolute_value(name):
    x = samples(name, N, 1)
    np.testing.assert_array_equal(unary(neg, x, name), -x)
    np.testing.assert_array_equal(unary(absolute, x, name), np.abs(x))


@pytest.mark.parametrize("name", INTEGERS)
def test_inversion(name):
    x = samples(name, N, 1)
    np.testing.assert_array_equal(unary(invert, x, name), ~x)


@pytest.mark.parametrize("name", ["int8", "int32", "uint64", "float32"])
def test_not_is_comparison_with_zero(name):
    x = samples(name, N, 1)
    np.testing.assert_array_equal(unary(not_, x, "bool"), x == 0)


# function, NumPy's, lowest and highest argument, absolute and relative tolerance in float32
_MATH = [
    ("exp", np.exp, -80, 80, 0, 1e-5),
    ("exp2", np.exp2, -100, 100, 0, 3e-6),
    ("log", np.log, 1e-6, 1e6, 3e-7, 3e-6),
    ("log2", np.log2, 1e-6, 1e6, 3e-7, 3e-6),
    ("sin", np.sin, -3, 3, 2e-6, 0),
    ("cos", np.cos, -3, 3, 2e-6, 0),
    ("sqrt", np.sqrt, 0, 1e6, 0, 3e-7),
    ("sqrt_rn", np.sqrt, 0, 1e6, 0, 6e-8),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 1e-6, 1e6, 0, 5e-7),
    ("floor", np.floor, -100, 100, 0, 0),
    ("ceil", np.ceil, -100, 100, 0, 0),
    ("erf", np.vectorize(math.erf), -4, 4, 2e-7, 3e-6),
]


@cosmati.jit
def apply_math(x, out, n, NAME: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x + offs, mask=offs < n, other=1.0)
    tl.store(out + offs, getattr(tl.math, NAME)(value), mask=offs < n)


@pytest.mark.parametrize("entry", _MATH, ids=lambda entry: entry[0])
def test_math_functions_in_float32(entry):
    name, reference, low, high, absolute_error, relative_error = entry
    x = np.linspace(low, high, N).astype(np.float32)
    out = np.zeros_like(x)
    apply_math[(8,)](x, out, N, NAME=name, BLOCK=128)
    expected = reference(x.astype(np.float64))
    np.testing.assert_allclose(out, expected, atol=absolute_error, rtol=relative_error)


@pytest.mark.parametrize("name", ["sqrt", "floor", "ceil"])
def test_math_functions_in_float64(name):
    x = np.linspace(0, 100, N)
    out = np.zeros_like(x)
    apply_math[(8,)](x, out, N, NAME=name, BLOCK=128)
    np.testing.assert_array_equal(out, getattr(np, name)(x))


@cosmati.jit
def fused(x, out, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs, mask=offs < n, other=0.0)
    tl.store(out + offs, tl.fma(value, value, -1.0), mask=offs < n)


def test_fma_rounds_once():
    x = (1 + np.arange(100) * 2.0**-23).astype(np.float32)
    out = np.zeros_like(x)
    fused[(1,)](x, out, 100, BLOCK=128)
    exact = x.astype(np.float64) ** 2 - 1
    np.testing.assert_array_equal(out, exact.astype(np.float32))


@cosmati.jit
def high_product(a, b):
    return tl.umulhi(a, b)


def test_umulhi():
    x, y = samples("uint32", N, 1), samples("uint32", N, 2)
    expected = (x.astype(np.uint64) * y.astype(np.uint64)) >> np.uint64(32)
    np.testing.assert_array_equal(binary(high_product, x, y, "uint32"), expected)


@cosmati.jit
def limited(x, out, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(out + offs, tl.clamp(tl.load(x + offs), -0.5, 0.75))


def test_clamp():
    x = np.linspace(-2, 2, 128).astype(np.float32)
    out = np.zeros_like(x)
    limited[(1,)](x, out, BLOCK=128)
    np.testing.assert_array_equal(out, np.clip(x, np.float32(-0.5), np.float32(0.75)))


@cosmati.jit
def activated(x, out, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    tl.store(out + offs, tl.sigmoid(value) + value.sigmoid())


def test_sigmoid_as_function_and_method():
    x = np.linspace(-20, 20, 256).astype(np.float32)
    out = np.zeros_like(x)
    activated[(1,)](x, out, BLOCK=256)
    np.testing.assert_allclose(out, 2 / (1 + np.exp(-x.astype(np.float64))), rtol=1e-6)


# Types.


@cosmati.jit
def typed(X: tl.constexpr, Y: tl.constexpr, RESULT: tl.constexpr, QUOTIENT: tl.constexpr):
    a = tl.zeros((32,), X)
    b = tl.zeros((32,), Y)
    tl.static_assert((a + b).dtype == RESULT)
    tl.static_assert((a * b).dtype == RESULT)
    if QUOTIENT is not None:
        tl.static_assert((a / (b + 1)).dtype == QUOTIENT)
    tl.static_assert((a < b).dtype == tl.int1)


PROMOTIONS = [
    ("int8", "int8", "int8", "float32"),
    ("int8", "int32", "int32", "float32"),
    ("int32", "int64", "int64", "float32"),
    ("uint8", "int8", "uint8", None),
    ("uint32", "int32", "uint32", None),
    ("uint32", "int64", "int64", None),
    ("float16", "float16", "float16", "float32"),
    ("bfloat16", "bfloat16", "bfloat16", "float32"),
    ("float16", "bfloat16", "float32", "float32"),
    ("float16", "float32", "float32", "float32"),
    ("float32", "float64", "float64", "float64"),
    ("int32", "float16", "float16", "float32"),
    ("int64", "float32", "float32", "float32"),
]


@pytest.mark.parametrize("x, y, result, quotient", PROMOTIONS)
def test_two_blocks_meet_in_the_promoted_type(x, y, result, quotient):
    arguments = [tl_dtype(name) if name else None for name in (x, y, result, quotient)]
    typed.warmup(*arguments, assemble=False)
    typed.warmup(arguments[1], arguments[0], *arguments[2:], assemble=False)


@cosmati.jit
def weak(X: tl.constexpr, RESULT_INT: tl.constexpr, RESULT_FLOAT: tl.constexpr):
    a = tl.zeros((32,), X)
    tl.static_assert((a + 1).dtype == RESULT_INT)
    tl.static_assert((1 + a).dtype == RESULT_INT)
    tl.static_assert((a * 2.0).dtype == RESULT_FLOAT)
    tl.static_assert((2.0 - a).dtype == RESULT_FLOAT)


@pytest.mark.parametrize(
    "x, with_int, with_float",
    [
        ("int8", "int8", "float32"),
        ("int64", "int64", "float32"),
        ("uint16", "uint16", "float32"),
        ("float16", "float16", "float16"),
        ("bfloat16", "bfloat16", "bfloat16"),
        ("float32", "float32", "float32"),
        ("float64", "float64", "float64"),
    ],
)
def test_numbers_in_the_source_do_not_widen_blocks(x, with_int, with_float):
    weak.warmup(*(tl_dtype(name) for name in (x, with_int, with_float)), assemble=False)


@cosmati.jit
def convert(x, out, n, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs, mask=offs < n)
    tl.store(out + offs, value.to(out.dtype.element_ty), mask=offs < n)


def _cast(x: np.ndarray, out: str) -> np.ndarray:
    result = np.zeros(x.shape, np_dtype(out))
    convert[(1,)](x, result, x.size, BLOCK=1024)
    return result


@pytest.mark.parametrize("source", ["int8", "int32", "int64", "uint8", "uint32"])
@pytest.mark.parametrize("target", ["int8", "int16", "int64", "uint16", "uint64"])
def test_integer_casts_keep_the_low_bits(source, target):
    x = samples(source, N, 1)
    np.testing.assert_array_equal(_cast(x, target), x.astype(target))


@pytest.mark.parametrize("source", ["int8", "int32", "uint32", "int64"])
@pytest.mark.parametrize("target", ["float16", "bfloat16", "float32", "float64"])
def test_integers_to_floats_round_to_nearest(source, target):
    x = samples(source, N, 1)
    with np.errstate(over="ignore"):
        expected = x.astype(np_dtype(target))
    if target == "bfloat16" and source != "int8":
        # ml_dtypes rounds twice, through float32: compare with the nearest from the exact value.
        wide = _cast(x, target).astype(np.float64)
        error = np.abs(wide - x.astype(np.float64))
        assert (error <= np.abs(x.astype(np.float64)) * 2.0**-8).all()
        return
    np.testing.assert_array_equal(_cast(x, target), expected)


@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
@pytest.mark.parametrize("target", ["float16", "bfloat16", "float32", "float64"])
def test_float_casts_round_to_nearest_even(source, target):
    x = samples(source, N, 1)
    np.testing.assert_array_equal(_cast(x, target), x.astype(np_dtype(target)))


@pytest.mark.parametrize("target", ["int8", "int32", "uint8", "int64"])
def test_floats_to_integers_truncate(target):
    x = np.linspace(0, 100, N).astype(np.float32)
    np.testing.assert_array_equal(_cast(x, target), x.astype(target))


@pytest.mark.parametrize("target", ["int32", "uint32", "int64"])
def test_floats_to_integers_saturate(target):
    info = np.iinfo(target)
    x = np.array([1e30, -1e30, np.inf, -np.inf, np.nan] * 8, np.float32)
    got = _cast(x, target)
    expected = np.array([info.max, info.min, info.max, info.min, 0] * 8, target)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2"])
def test_fp8_values_widen_exactly(name):
    x = np.arange(256, dtype=np.uint8).view(np_dtype(name))
    for target in ("float16", "float32"):
        np.testing.assert_array_equal(_cast(x, target), x.astype(target))


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2"])
@pytest.mark.parametrize("source", ["float16", "bfloat16", "float32"])
def test_fp8_rounds_to_nearest_even_and_saturates(name, source):
    limit = {"float8_e4m3fn": 448.0, "float8_e5m2": 57344.0}[name]
    x = np.concatenate([np.linspace(-limit, limit, 900), np.logspace(-9, 2, 100)])
    x = x.astype(np_dtype(source))
    expected = np.clip(x.astype(np.float32), -limit, limit).astype(np_dtype(name))
    got = _cast(x, name)
    np.testing.assert_array_equal(got.view(np.uint8), expected.view(np.uint8))
    beyond = np.array([1e38 if source != "float16" else 65504.0, -6e4, 464.5], np.float32)
    beyond = beyond.astype(np_dtype(source))
    clipped = np.clip(beyond.astype(np.float32), -limit, limit).astype(np_dtype(name))
    np.testing.assert_array_equal(_cast(beyond, name).view(np.uint8), clipped.view(np.uint8))


@cosmati.jit
def same_bits(x, out, BLOCK: tl.constexpr, TYPE: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs).to(TYPE, bitcast=True))


def test_bitcast():
    x = samples("float32", 128, 1)
    out = np.zeros(128, np.int32)
    same_bits[(1,)](x, out, BLOCK=128, TYPE=tl.int32)
    np.testing.assert_array_equal(out, x.view(np.int32))


def test_view_gives_bytes_another_element_type():
    x = samples("float32", 128, 1)
    bytes_out = np.zeros(128, np.uint8)
    convert[(1,)](x, cosmati.view(bytes_out, tl.float8e4nv), 128, BLOCK=128)
    expected = x.astype(np_dtype("float8_e4m3fn"))
    np.testing.assert_array_equal(bytes_out, expected.view(np.uint8))
