"""Elementwise operators: guards, types as a table, methods, bytes seen as another type.

Values of every operator, function and cast: test/python/language and test/properties.
"""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import binary, np_dtype, samples, tl_dtype

N = 1000  # not a multiple of any block


@cosmati.jit
def guarded_division(a, b):
    return tl.where(b == 0, -7, a // b)


@pytest.mark.parametrize("name", ["int8", "int32", "int64"])
def test_division_by_zero_is_defined_and_keeps_its_guard(name):
    x, y = samples(name, N, 1), samples(name, N, 2)
    y[::2] = 0
    got = binary(guarded_division, x, y, name)
    np.testing.assert_array_equal(got[::2], np.array(-7).astype(name))


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


def test_view_gives_bytes_another_element_type():
    x = samples("float32", 128, 1)
    bytes_out = np.zeros(128, np.uint8)
    convert[(1,)](x, cosmati.view(bytes_out, tl.float8e4nv), 128, BLOCK=128)
    expected = x.astype(np_dtype("float8_e4m3fn"))
    np.testing.assert_array_equal(bytes_out, expected.view(np.uint8))


def test_views_are_of_elements_of_one_size_in_memory():
    flags = np.array([True, False])
    assert cosmati.view(flags, tl.uint8).dtype == tl.uint8
    assert cosmati.reinterpret(np.zeros(2, np.uint8), tl.int1).dtype == tl.int1
    with pytest.raises(ValueError, match="cannot view elements of 8 bits as fp16, which has 16"):
        cosmati.view(flags, tl.float16)
    with pytest.raises(TypeError, match="dtype='fp16' is no type of the language"):
        cosmati.view(flags, "fp16")
