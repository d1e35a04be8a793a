"""Integer operators on drawn values: every type, wrapped or total as the language says."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import arrays, examples, run
from hypothesis import given
from hypothesis import strategies as st
from language_support import INTEGERS, SIGNED, assert_same, bits_of, np_type

N = 128


def wrapped(values: list[int], name: str) -> np.ndarray:
    return np.array([v % 2 ** bits_of(name) for v in values], np.uint64).astype(np_type(name))


def truncated(n: int, d: int) -> int:
    """The quotient toward zero; 0 where there is none."""
    return 0 if d == 0 else abs(n) // abs(d) * (1 if (n < 0) == (d < 0) else -1)


OPERATORS = """
    x + y, x - y, x * y, x // y, x % y, x << y, x >> y, x & ~y, x | y, -x ^ y, tl.abs(x), \
    tl.minimum(x, y), tl.maximum(x, y), x < y, x >= y, tl.cdiv(x & 63, (y & 7) + 1)
"""


def operators(a: int, b: int, bits: int) -> list[int]:
    amount = b % 2**bits
    return [
        a + b, a - b, a * b, truncated(a, b), a - b * truncated(a, b), a << min(amount, bits),
        a >> min(amount, bits), a & ~b, a | b, -a ^ b, abs(a), min(a, b), max(a, b), a < b, a >= b,
        -(-(a & 63) // ((b & 7) + 1)),
    ]  # fmt: skip


@pytest.mark.parametrize("name", INTEGERS)
@examples(3)
@given(st.data(), st.sampled_from([1, 2, 4, 8]))
def test_operators_wrap_around_divide_totally_and_clamp_shifts(name, data, num_warps):
    x, y = data.draw(arrays(name, N)), data.draw(arrays(name, N))
    kinds = [name] * 13 + ["bool"] * 2 + [name]
    outputs = [(kind, (N,)) for kind in kinds]
    got = run(OPERATORS, *outputs, num_warps=num_warps, x=x, y=y)
    rows = [operators(a, b, bits_of(name)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    for index, (kind, found) in enumerate(zip(kinds, got, strict=True)):
        column = [int(row[index]) for row in rows]
        assert_same(found, wrapped(column, kind) if kind != "bool" else np.array(column, bool),
                    OPERATORS.split(", ")[index])  # fmt: skip


@pytest.mark.parametrize("number", [0, -1, 7, -128, 64])
@pytest.mark.parametrize("name", SIGNED)
def test_division_by_a_number_of_the_source_is_that_by_a_value(name, number):
    """The compiler multiplies instead; all of int8 and int16, and the edges of the others."""
    info = np.iinfo(name)
    every = np.arange(info.min, info.max + 1) if bits_of(name) <= 8 else np.concatenate(
        [np.arange(info.min, info.min + 300), np.arange(-300, 300),
         info.max - np.arange(300)])  # fmt: skip
    x = np.resize(every, 1024).astype(name)
    got = run(f"x // {number}, x % {number}", (name, (1024,)), (name, (1024,)), x=x)
    quotients = [truncated(v, number) for v in x.tolist()]
    assert_same(got[0], wrapped(quotients, name))
    rests = [v - number * q for v, q in zip(x.tolist(), quotients, strict=True)]
    assert_same(got[1], wrapped(rests, name))


@examples(5)
@given(st.data())
def test_one_bit_adds_as_exclusive_or_and_multiplies_as_and(data):
    x, y = data.draw(arrays("bool", N)), data.draw(arrays("bool", N))
    got = run("x + y, x - y, x * y, -x, ~x, x ^ y, x & y, x | y, x < y, x == y, tl.abs(x), x << y",
              *[("bool", (N,))] * 12, x=x, y=y)  # fmt: skip
    expected = [x ^ y, x ^ y, x & y, x, ~x, x ^ y, x & y, x | y, ~x & y, x == y, x, x & ~y]
    for index, (found, wanted) in enumerate(zip(got, expected, strict=True)):
        assert_same(found, wanted, str(index))


@pytest.mark.parametrize("name", ["int32", "uint32", "int64", "uint64"])
@examples(3)
@given(st.data())
def test_umulhi_is_the_upper_half_of_the_unsigned_product(name, data):
    x, y = data.draw(arrays(name, N)), data.draw(arrays(name, N))
    (got,) = run("tl.umulhi(x, y)", (name, (N,)), x=x, y=y)
    bits, word = bits_of(name), f"u{np_type(name).itemsize}"
    upper = [a * b >> bits for a, b in zip(x.view(word).tolist(), y.view(word).tolist(),
                                           strict=True)]  # fmt: skip
    assert_same(got, wrapped(upper, name))


@pytest.mark.parametrize("name", INTEGERS)
@examples(3)
@given(st.data())
def test_a_comparison_with_a_number_beyond_the_type_takes_the_numbers_type(name, data):
    x = data.draw(arrays(name, N))
    low, high = int(np.iinfo(name).min), int(np.iinfo(name).max)
    got = run(f"x < {high}, x <= {low}, x == {high}, x != {low}, {low} <= x, {high} > x",
              *[("bool", (N,))] * 6, x=x)  # fmt: skip
    for found, wanted in zip(got, [x < high, x <= low, x == high, x != low, low <= x, high > x],
                             strict=True):  # fmt: skip
        assert_same(found, wanted)
