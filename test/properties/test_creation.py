"""Blocks out of nothing, and compile-time numbers."""

from __future__ import annotations

import numpy as np
import pytest
from cosmati.errors import CompilationError
from drawing import examples, run, tl_name
from hypothesis import given
from hypothesis import strategies as st
from language_support import FLOATS, FP8, INTEGERS, NUMBERS, assert_same, cast, np_type


@examples(20)
@given(st.integers(-(2**31), 2**31 - 1 - 1024), st.integers(0, 7), st.sampled_from([1, 2, 4, 8]))
def test_arange_starts_anywhere(start, log_size, num_warps):
    size = 2**log_size
    (got,) = run(f"tl.arange({start}, {start + size})", ("int32", (size,)), num_warps=num_warps)
    assert_same(got, np.arange(start, start + size, dtype=np.int32))


@pytest.mark.parametrize("name", INTEGERS)
@examples(4)
@given(st.data())
def test_full_holds_every_number_in_range_and_refuses_others(name, data):
    info = np.iinfo(name)
    low, high = int(info.min), int(info.max)
    number = data.draw(st.one_of(st.sampled_from([low, high, 0]), st.integers(low, high)))
    got, scalar = run(f"tl.full((2, 8), {number}, tl.{name}), tl.full((), {number}, tl.{name})",
                      (name, (2, 8)), (name, ()))  # fmt: skip
    assert_same(got, np.full((2, 8), number, name))
    assert_same(scalar, np.full(1, number, name))


@pytest.mark.parametrize("name", [*FLOATS, *FP8])
@examples(4)
@given(st.one_of(st.floats(width=32), st.sampled_from([0.0, -0.0, float("inf"), 1e-45, 3e38])))
def test_full_rounds_numbers_as_a_cast_does(name, number):
    text = f"float('{number!r}')"
    (got,) = run(f"tl.full((16,), {text}, {tl_name(name)})", (name, (16,)))
    wide = np.float64 if name == "float64" else np.float32
    assert_same(got, np.repeat(cast(np.array([number], wide), name), 16))


@pytest.mark.parametrize("name", NUMBERS)
def test_zeros_are_zero_bits(name):
    got, like = run(f"a = tl.zeros((4, 4), {tl_name(name)})\na, tl.zeros_like(a)",
                    *[(name, (4, 4))] * 2)  # fmt: skip
    assert_same(got, np.zeros((4, 4), np_type(name)))
    assert_same(like, np.zeros((4, 4), np_type(name)))


@examples(30)
@given(st.integers(-100, 100), st.integers(-100, 100).filter(bool), st.integers(0, 40))
def test_constexpr_operators_follow_python(a, b, shift):
    """Floor, not truncation; unlike those of blocks."""
    text = (
        f"tl.constexpr({a}) // {b} * 1000 + tl.constexpr({a}) % {b} + (tl.constexpr(1) << {shift})"
    )
    (got,) = run(f"tl.full((1,), {text}, tl.int64)", ("int64", (1,)))
    assert int(got[0]) == a // b * 1000 + a % b + (1 << shift)


@pytest.mark.parametrize("text, message", [
    ("tl.arange(0, 3)", "power of 2"), ("tl.full((3,), 0, tl.int32)", "power of 2"),
    ("tl.arange(4, 0)", "greater|end"), ("tl.full((2,), 256, tl.uint8)", "out of range"),
    ("tl.full((2,), -1, tl.uint32)", "out of range"),
])  # fmt: skip
def test_what_cant_be_made_is_refused(text, message):
    with pytest.raises(CompilationError, match=message):
        run(text, ("int32", (4,)))
