"""Operators on every pair of types: the type of the result, and its values."""

from __future__ import annotations

import operator
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import (
    ALL_TYPES,
    FLOATS,
    FP8,
    INTEGERS,
    NUMBERS,
    SIGNED,
    assert_same,
    bits_of,
    cast,
    exact,
    is_float,
    is_signed,
    map_blocks,
    np_type,
    rounded,
    sample_pairs,
    samples,
    tl_type,
)


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
def truediv(a, b):
    return a / b


@cosmati.jit
def floordiv(a, b):
    return a // b


@cosmati.jit
def mod(a, b):
    return a % b


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
def lshift(a, b):
    return a << b


@cosmati.jit
def rshift(a, b):
    return a >> b


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
def maximum(a, b):
    return tl.maximum(a, b)


@cosmati.jit
def minimum(a, b):
    return tl.minimum(a, b)


@cosmati.jit
def maximum_nan(a, b):
    return tl.maximum(a, b, propagate_nan=tl.PropagateNan.ALL)


@cosmati.jit
def minimum_nan(a, b):
    return tl.minimum(a, b, propagate_nan=tl.PropagateNan.ALL)


@cosmati.jit
def pick(a, b):
    return tl.where(a == a, a, b)


@cosmati.jit
def both(a, b):
    return a and b


@cosmati.jit
def either(a, b):
    return a or b


@cosmati.jit
def logical_methods(a, b):
    return a.logical_and(b) ^ a.logical_or(b)


COMPARISONS = {
    lt: operator.lt, le: operator.le, gt: operator.gt, ge: operator.ge, eq: operator.eq,
    ne: operator.ne,
}  # fmt: skip


def promoted(a: str, b: str, division: bool = False) -> str:
    """Type in which two values meet (notes of the language: semantic rules), restated."""
    if is_float(a) or is_float(b):
        pair = {a, b}
        if "float64" in pair:
            return "float64"
        if "float32" in pair or pair == {"float16", "bfloat16"}:
            return "float32"
        if pair & {"float16", "bfloat16"} and division:
            return "float32"
        if "float16" in pair:
            return "float16"
        if "bfloat16" in pair:
            return "bfloat16" if a == b else "float32"
        return a if a == b and not division else "float32" if division else "float16"
    if bits_of(a) != bits_of(b):
        return a if bits_of(a) > bits_of(b) else b
    return b if is_signed(a) else a


def operands(x: np.ndarray, y: np.ndarray, common: str) -> tuple[np.ndarray, np.ndarray]:
    return cast(x, common), cast(y, common)


def arithmetic(function: Any, x: np.ndarray, y: np.ndarray, common: str) -> np.ndarray:
    """x function y in the common type, rounded once or wrapped."""
    with np.errstate(all="ignore"):
        if common == "bool":  # one bit: 1 + 1 wraps to 0
            wide = function(x.astype(np.int64), y.astype(np.int64))
            return (wide & 1).astype(bool)
        if not is_float(common) or common in ("float32", "float64"):
            return function(x, y)
        return rounded(function(exact(x), exact(y)), common)


PAIRS = [(a, b) for a in NUMBERS for b in NUMBERS]


def _check(fns: dict[Any, np.ndarray], x: np.ndarray, y: np.ndarray, names: list[str]) -> None:
    for fn, got in zip(fns, map_blocks(list(fns), [x, y], names), strict=True):
        assert_same(got, fns[fn], fn.__name__)


@pytest.mark.parametrize("a, b", PAIRS)
def test_arithmetic_and_comparisons_in_the_common_type(a, b):
    x, y = sample_pairs(a, b)
    common = promoted(a, b)
    left, right = operands(x, y, common)
    expected = {
        fn: arithmetic(function, left, right, common)
        for fn, function in {add: operator.add, sub: operator.sub, mul: operator.mul}.items()
    }
    expected[pick] = np.where(x == x, left, right)
    if not is_float(common):
        expected |= {and_: left & right, or_: left | right, xor: left ^ right}
    names = [common] * len(expected)
    if not (is_float(common) and common not in ("float32", "float64")):
        left_compared, right_compared = left, right
    else:
        left_compared, right_compared = exact(left), exact(right)
    for fn, function in COMPARISONS.items():
        expected[fn] = function(left_compared, right_compared)
    names += ["bool"] * len(COMPARISONS)
    _check(expected, x, y, names)


@pytest.mark.parametrize("a, b", [("float8e4nv",) * 2, ("float8e5",) * 2, tuple(FP8)])
def test_fp8_computes_as_if_in_float32_and_rounds_once(a, b):
    x, y = sample_pairs(a, b)
    common = promoted(a, b)
    left, right = operands(x, y, common)
    expected = {
        fn: arithmetic(function, left, right, common)
        for fn, function in {add: operator.add, sub: operator.sub, mul: operator.mul}.items()
    }
    names = [common] * 3
    for fn, function in COMPARISONS.items():
        expected[fn] = function(exact(left), exact(right))
    _check(expected, x, y, names + ["bool"] * len(COMPARISONS))


@pytest.mark.parametrize("a, b", PAIRS)
def test_logical_operators_take_zero_as_false(a, b):
    x, y = sample_pairs(a, b)
    p, q = cast(x, "bool"), cast(y, "bool")
    _check({both: p & q, either: p | q, logical_methods: p ^ q}, x, y, ["bool"] * 3)


def _truncated(x: np.ndarray, y: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Quotient and remainder toward zero; x / 0 is 0 with rest x; INT_MIN / -1 wraps."""
    quotients, rests = [], []
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        a, b = int(a), int(b)
        q = 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        quotients.append(q)
        rests.append(a - q * b)
    bits, dtype = bits_of(name), np_type(name)
    wrap = lambda v: np.array([n % 2**bits for n in v], "u8").astype(dtype)  # noqa: E731
    return wrap(quotients), wrap(rests)


@pytest.mark.parametrize("a, b", [(a, b) for a in INTEGERS for b in INTEGERS])
def test_integer_division_truncates_and_is_total(a, b):
    x, y = sample_pairs(a, b)
    if is_signed(a) != is_signed(b):
        with pytest.raises(cosmati.CompilationError, match="different signedness"):
            map_blocks([floordiv], [x, y], [a])
        return
    common = promoted(a, b)
    quotient, rest = _truncated(*operands(x, y, common), common)
    _check({floordiv: quotient, mod: rest}, x, y, [common] * 2)


@cosmati.jit
def shift_by_five(a):
    return a << 5, a >> 5


@cosmati.jit
def divide_by_constants(a):
    return (a // 7) ^ (a % 7) ^ (a // 16) ^ (a % 16)


@cosmati.jit
def constant_divided(a):
    return (100 // a) ^ (100 % a)


@pytest.mark.parametrize("name", INTEGERS)
def test_division_with_numbers(name):
    x = samples(name, 200)
    sevens, sixteens, hundred = (np.full(x.size, n, x.dtype) for n in (7, 16, 100))
    parts = [*_truncated(x, sevens, name), *_truncated(x, sixteens, name)]
    by_constant = np.bitwise_xor.reduce(parts)
    of_constant = np.bitwise_xor.reduce(_truncated(hundred, x, name))
    got = map_blocks([divide_by_constants, constant_divided], [x], [name, name])
    assert_same(got[0], by_constant, "x // 7 ^ x % 7 ^ x // 16 ^ x % 16")
    assert_same(got[1], of_constant, "100 // x ^ 100 % x")


@pytest.mark.parametrize("name", INTEGERS)
def test_shifts_by_the_width_and_more_leave_nothing_or_the_sign(name):
    bits = bits_of(name)
    amounts = [0, 1, bits // 2, bits - 1, bits, bits + 1, 2 * bits, np.iinfo(np_type(name)).max]
    amounts += [2**32, 2**32 + 1, 2**62 + 1]  # a few, by their low 32 bits
    amounts = [n for n in amounts if n <= np.iinfo(np_type(name)).max]
    values = samples(name, 40)
    x = np.repeat(values, len(amounts))
    y = np.tile(np.array(amounts, np_type(name)), values.size)
    left = [(int(v) << min(int(n), bits)) % 2**bits for v, n in zip(x, y, strict=True)]
    right = [(int(v) >> min(int(n), bits)) % 2**bits for v, n in zip(x, y, strict=True)]
    expected = {
        lshift: np.array(left, "u8").astype(np_type(name)),
        rshift: np.array(right, "u8").astype(np_type(name)),
    }
    _check(expected, x, y, [name] * 2)
    if name in SIGNED:  # a negative amount is a large one
        negative = np.full(values.size, -1, np_type(name))
        expected = {lshift: np.zeros_like(values), rshift: np.where(values < 0, -1, 0)}
        expected = {fn: value.astype(np_type(name)) for fn, value in expected.items()}
        _check(expected, values, negative, [name] * 2)


# Largest error of `/` in ulp of the result's type.
DIVISION_ULPS = {"float32": 2.0, "float64": 0.5}


@pytest.mark.parametrize("a, b", [(a, b) for a in FLOATS for b in FLOATS])
def test_float_division_and_remainder(a, b):
    common = promoted(a, b, division=True)
    x, y = samples(a, 500, 1)[32:], samples(b, 500, 2)[32:]
    y[y == 0] = 1
    left, right = operands(x, y, common)
    got, rest = map_blocks([truediv, mod], [x, y], [common] * 2)
    from language_support import ulps

    assert ulps(got, exact(left) / exact(right), common) <= DIVISION_ULPS[common]
    assert_same(rest, np.fmod(left, right), "remainder")


@pytest.mark.parametrize("name", FLOATS)
def test_float_division_special_values(name):
    inf, nan = np.inf, np.nan
    x = np.array([1, -1, 0, 0, inf, inf, 1, -1, nan, 1], np_type(name))
    y = np.array([0, 0, 0, 5, inf, 2, inf, inf, 1, nan], np_type(name))
    expected = np.array([inf, -inf, nan, 0, nan, inf, 0, -0.0, nan, nan])
    common = promoted(name, name, division=True)
    (got,) = map_blocks([truediv], [x, y], [common])
    assert_same(got, expected.astype(np_type(common)))


@pytest.mark.parametrize("a, b", [(a, b) for a in INTEGERS for b in INTEGERS])
def test_true_division_of_integers_gives_float32(a, b):
    x, y = samples(a, 200, 1), samples(b, 200, 2)
    y[y == 0] = 3
    if is_signed(a) != is_signed(b):
        with pytest.raises(cosmati.CompilationError, match="different signedness"):
            map_blocks([truediv], [x, y], ["float32"])
        return
    from language_support import ulps

    common = promoted(a, b)
    left, right = (cast(v, "float32") for v in operands(x, y, common))
    (got,) = map_blocks([truediv], [x, y], ["float32"])
    assert ulps(got, exact(left) / exact(right), "float32") <= DIVISION_ULPS["float32"]


@pytest.mark.parametrize("name", NUMBERS + FP8)
def test_minimum_and_maximum(name):
    x, y = sample_pairs(name, name)
    result = "float32" if name == "bfloat16" else name
    wide = exact if is_float(name) else np.asarray
    order = {maximum: np.fmax, minimum: np.fmin, maximum_nan: np.maximum, minimum_nan: np.minimum}
    got = map_blocks(list(order), [x, y], [result] * 4)
    for values, (fn, function) in zip(got, order.items(), strict=True):
        expected = function(wide(x), wide(y))
        if is_float(name):
            np.testing.assert_array_equal(exact(values), expected, fn.__name__)
        else:
            assert_same(values, expected, fn.__name__)


@cosmati.jit
def neg(a):
    return -a


@cosmati.jit
def pos(a):
    return +a


@cosmati.jit
def invert(a):
    return ~a


@cosmati.jit
def absolute(a):
    return tl.abs(a)


@cosmati.jit
def not_(a):
    return not a


@pytest.mark.parametrize("name", ALL_TYPES)
def test_operators_of_one_operand(name):
    x = samples(name, 200)
    expected: dict[Any, np.ndarray] = {pos: x, not_: ~cast(x, "bool")}
    if is_float(name):
        bits = x.view(f"u{x.dtype.itemsize}")
        sign = np.array(1, bits.dtype) << np.array(8 * x.dtype.itemsize - 1, bits.dtype)
        expected |= {neg: (bits ^ sign).view(x.dtype), absolute: (bits & ~sign).view(x.dtype)}
    else:
        with np.errstate(all="ignore"):
            expected |= {
                neg: x if name == "bool" else (np.zeros_like(x) - x),
                absolute: x if name == "bool" else np.abs(x),
                invert: ~x,
            }
    names = [name, "bool", *[name] * (len(expected) - 2)]
    for fn, got in zip(expected, map_blocks(list(expected), [x], names), strict=True):
        assert_same(got, expected[fn], fn.__name__)


# Numbers of the source.


@cosmati.jit
def number_kernel(x, n, o0, o1, o2, o3, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    a = tl.load(x + offs, mask=offs < n)
    tl.store(o0 + offs, a + 3, mask=offs < n)
    tl.store(o1 + offs, 3 - a, mask=offs < n)
    tl.store(o2 + offs, a * 2.5, mask=offs < n)
    tl.store(o3 + offs, a > 1, mask=offs < n)


@pytest.mark.parametrize("name", INTEGERS + FLOATS)
def test_numbers_take_the_type_of_the_block(name):
    x = samples(name, 100)
    three, one = np.array(3, x.dtype), np.array(1, x.dtype)
    with_float = name if is_float(name) else "float32"
    outs = [np.zeros(100, np_type(t)) for t in (name, name, with_float, "bool")]
    number_kernel[(1,)](x, 100, *outs, BLOCK=128)
    assert_same(outs[0], arithmetic(operator.add, x, three, name))
    assert_same(outs[1], arithmetic(operator.sub, three, x, name))
    scaled = arithmetic(operator.mul, cast(x, with_float), np.array(2.5, np_type(with_float)),
                        with_float)  # fmt: skip
    assert_same(outs[2], scaled)
    assert_same(outs[3], exact(x) > exact(one))


@cosmati.jit
def scalar_kernel(out, i, f, big, x, T: tl.constexpr):
    """Scalars of the kernel are values of their own type, not numbers."""
    a = tl.load(x)
    tl.static_assert((a + i).dtype == T[0])
    tl.static_assert((a + f).dtype == T[1])
    tl.static_assert((a + big).dtype == T[2])
    tl.static_assert(i.dtype == tl.int32)
    tl.static_assert(big.dtype == tl.int64)
    tl.static_assert(f.dtype == tl.float32)
    tl.store(out, (a + i).to(tl.float64))
    tl.store(out + 1, (a + f).to(tl.float64))
    tl.store(out + 2, (a + big).to(tl.float64))


@pytest.mark.parametrize("name", INTEGERS + FLOATS)
def test_scalar_arguments_promote_as_values(name):
    types = [promoted(name, other) for other in ("int32", "float32", "int64")]
    out = np.zeros(3)
    scalar_kernel[(1,)](out, 5, 0.25, 2**40, np.array([3], np_type(name)),
                        T=tuple(tl_type(t) for t in types))  # fmt: skip
    expected = [8.0, 3.25, float(cast(np.array([2**40 + 3]), types[2])[0])]
    if types[2] in FLOATS:
        wide = exact(cast(np.array([2**40]), types[2])) + 3
        expected[2] = float(rounded(wide, types[2])[0])
    assert out.tolist() == expected
