"""Values known while compiling: operators as in Python, and where they differ from values."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest

# Expressions on constexpr a, b (integers) and f (a float): Python's own results.
EXPRESSIONS = [
    "a + b", "a - b", "a * b", "a // b", "a % b", "a / b", "a ** 2", "2 ** b", "a << b", "a >> b",
    "a & b", "a | b", "a ^ b", "-a", "+a", "~a", "a < b", "a <= b", "a > b", "a >= b", "a == b",
    "a != b", "a and b", "a or b", "not a", "f * a", "f / b", "f // 2", "f % b", "f ** 2", "f < a",
    "min(a, b)", "max(a, b, 3)", "a if b > 2 else f", "(a, b)[1]", "len((a, b, f))", "a is None",
    "f is not None", "isinstance(f, float)", "(a + b) * (a - b) // 3", "-a // b", "-a % b",
]  # fmt: skip


@cosmati.jit
def expressions_kernel(out, a: tl.constexpr, b: tl.constexpr, f: tl.constexpr,
                       EXPECTED: tl.constexpr):  # fmt: skip
    tl.static_assert(a + b == EXPECTED[0])
    tl.static_assert(a - b == EXPECTED[1])
    tl.static_assert(a * b == EXPECTED[2])
    tl.static_assert(a // b == EXPECTED[3])
    tl.static_assert(a % b == EXPECTED[4])
    tl.static_assert(a / b == EXPECTED[5])
    tl.static_assert(a**2 == EXPECTED[6])
    tl.static_assert(2**b == EXPECTED[7])
    tl.static_assert(a << b == EXPECTED[8])
    tl.static_assert(a >> b == EXPECTED[9])
    tl.static_assert(a & b == EXPECTED[10])
    tl.static_assert(a | b == EXPECTED[11])
    tl.static_assert(a ^ b == EXPECTED[12])
    tl.static_assert(-a == EXPECTED[13])
    tl.static_assert(+a == EXPECTED[14])
    tl.static_assert(~a == EXPECTED[15])
    tl.static_assert((a < b) == EXPECTED[16])
    tl.static_assert((a <= b) == EXPECTED[17])
    tl.static_assert((a > b) == EXPECTED[18])
    tl.static_assert((a >= b) == EXPECTED[19])
    tl.static_assert((a == b) == EXPECTED[20])
    tl.static_assert((a != b) == EXPECTED[21])
    tl.static_assert((a and b) == EXPECTED[22])
    tl.static_assert((a or b) == EXPECTED[23])
    tl.static_assert((not a) == EXPECTED[24])
    tl.static_assert(f * a == EXPECTED[25])
    tl.static_assert(f / b == EXPECTED[26])
    tl.static_assert(f // 2 == EXPECTED[27])
    tl.static_assert(f % b == EXPECTED[28])
    tl.static_assert(f**2 == EXPECTED[29])
    tl.static_assert((f < a) == EXPECTED[30])
    tl.static_assert(min(a, b) == EXPECTED[31])
    tl.static_assert(max(a, b, 3) == EXPECTED[32])
    tl.static_assert((a if b > 2 else f) == EXPECTED[33])
    tl.static_assert((a, b)[1] == EXPECTED[34])
    tl.static_assert(len((a, b, f)) == EXPECTED[35])
    tl.static_assert((a is None) == EXPECTED[36])
    tl.static_assert((f is not None) == EXPECTED[37])
    tl.static_assert(isinstance(f, float) == EXPECTED[38])
    tl.static_assert((a + b) * (a - b) // 3 == EXPECTED[39])
    tl.static_assert(-a // b == EXPECTED[40])
    tl.static_assert(-a % b == EXPECTED[41])
    tl.store(out, 1)


@pytest.mark.parametrize("a, b, f", [(7, 3, 2.5), (0, 1, -0.5), (-9, 4, 1e3), (5, 5, 5.0)])
def test_operators_are_pythons(a, b, f):
    expected = tuple(eval(text, {"a": a, "b": b, "f": f}) for text in EXPRESSIONS)
    out = np.zeros(1, np.int32)
    expressions_kernel[(1,)](out, a=a, b=b, f=f, EXPECTED=expected)
    assert out[0] == 1


@cosmati.jit
def rounding_kernel(out, n, N: tl.constexpr):
    tl.store(out, n // 4)
    tl.store(out + 1, n % 4)
    tl.store(out + 2, N // 4)
    tl.store(out + 3, N % 4)


def test_values_truncate_and_constants_floor():
    out = np.zeros(4, np.int32)
    rounding_kernel[(1,)](out, -7, N=-7)
    assert out.tolist() == [-1, -3, -2, 1]


@cosmati.jit
def kinds_kernel(out, MODE: tl.constexpr, OPTION: tl.constexpr, TYPE: tl.constexpr,
                 SHAPE: tl.constexpr):  # fmt: skip
    if MODE == "sum":
        value = 1
    elif MODE != "max":
        value = 2
    else:
        value = 3
    if OPTION is None:
        value += 10
    elif OPTION:
        value += 20
    block = tl.full(SHAPE, value, TYPE)
    local: tl.constexpr = SHAPE[0] * SHAPE[1]
    name: tl.constexpr = f"{MODE}_{local}"
    tl.static_assert(name == "sum_32" or MODE != "sum")
    if TYPE == tl.float32:
        block += 0.5
    tl.store(out + tl.arange(0, local), tl.reshape(block, (local,)).to(tl.float32))


@pytest.mark.parametrize("mode, base", [("sum", 1), ("mean", 2), ("max", 3)])
@pytest.mark.parametrize("option, more", [(None, 10), (True, 20), (False, 0)])
@pytest.mark.parametrize("type_, rest", [(tl.float32, 0.5), (tl.int16, 0)], ids=str)
def test_branches_on_strings_none_and_types(mode, base, option, more, type_, rest):
    out = np.zeros(32, np.float32)
    kinds_kernel[(1,)](out, MODE=mode, OPTION=option, TYPE=type_, SHAPE=(4, 8))
    assert (out == base + more + rest).all()


@cosmati.jit
def range_of_numbers(out):
    tl.store(out, 2147483647)
    tl.store(out + 1, -2147483648)
    tl.store(out + 2, 2147483648 + tl.zeros((), tl.int64))
    tl.store(out + 3, 9223372036854775807)
    tl.store(out + 4, -9223372036854775808)


def test_numbers_take_the_width_they_need():
    out = np.zeros(5, np.int64)
    range_of_numbers[(1,)](out)
    assert out.tolist() == [2**31 - 1, -(2**31), 2**31, 2**63 - 1, -(2**63)]


@cosmati.jit
def out_of_range(out, VALUE: tl.constexpr):
    tl.store(out, tl.load(out) + VALUE)


def test_numbers_that_do_not_fit_are_refused():
    with pytest.raises(cosmati.CompilationError, match="300 is out of range for type int8"):
        out_of_range[(1,)](np.zeros(1, np.int8), VALUE=300)
    with pytest.raises(cosmati.CompilationError, match="unsigned tensor and a negative scalar"):
        out_of_range[(1,)](np.zeros(1, np.uint8), VALUE=-1)
