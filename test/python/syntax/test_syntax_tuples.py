"""Tuples and named tuples: as launch arguments, through loops, branches, calls and returns."""

from __future__ import annotations

from collections import namedtuple
from typing import NamedTuple

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


class Strides(NamedTuple):
    row: int
    column: int = 1


Matrix = namedtuple("Matrix", ["data", "strides", "scale"])


@cosmati.jit
def sum_matrix(out, m, N: tl.constexpr):
    offs = tl.arange(0, N)
    tile = tl.load(m.data + offs[:, None] * m.strides.row + offs[None, :] * m.strides[1])
    if m.scale is not None:
        tile = tile * m.scale
    tl.store(out, tl.sum(tile))


@pytest.mark.parametrize("scale", [None, 3.0])
def test_named_tuples_of_arrays_numbers_and_none(scale):
    data = np.arange(64, dtype=np.float32).reshape(8, 8)
    out = np.zeros(1, np.float32)
    sum_matrix[(1,)](out, Matrix(data, Strides(8), scale), N=4)
    assert out[0] == data[:4, :4].sum() * (scale or 1)
    sum_matrix[(1,)](out, Matrix(data, Strides(16, 2), scale), N=4)
    assert out[0] == data[0:8:2, 0:8:2].sum() * (scale or 1)


@cosmati.jit
def types_kernel(t, out):
    tl.static_assert(len(t) == 6)
    tl.static_assert(t[0].dtype.element_ty == tl.float16)
    tl.static_assert(t[1].dtype == tl.int32)
    tl.static_assert(t[2] == 1 and isinstance(t[2], tl.constexpr))
    tl.static_assert(t[3] is None)
    tl.static_assert(t[4][0].dtype == tl.int64)
    tl.static_assert(t[4][1].dtype == tl.float32)
    tl.static_assert(t[5] == "mode")
    tl.store(out, t[1] + t[2] + t[4][0].to(tl.int32))


def test_items_are_specialised_like_arguments():
    out = np.zeros(1, np.int32)
    args = (np.zeros(4, np.float16), 7, 1, None, (2**40 + 5, 2.5), tl.constexpr("mode"))
    types_kernel[(1,)](args, out)
    assert out[0] == 13


@cosmati.jit
def apply_kernel(x, out, pair, N: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(out + offs, pair[0](tl.load(x + offs), pair[1]))


@cosmati.jit
def plus(a, b):
    return a + b


@cosmati.jit
def times(a, b):
    return a * b


def test_jit_functions_in_tuples():
    x, out = np.arange(16, dtype=np.int32), np.zeros(16, np.int32)
    for function, expected in ((plus, x + 5), (times, x * 5)):
        apply_kernel[(1,)](x, out, (function, 5), N=16)
        assert (out == expected).all()


def test_variants_of_tuples():
    out = np.zeros(1, np.int32)

    @cosmati.jit
    def kernel(out, t):
        tl.store(out, t[0] + t[1])

    assert kernel[(1,)](out, (3, 5)) is kernel[(1,)](out, (7, 9))
    first = kernel[(1,)](out, (3, 5))
    assert kernel[(1,)](out, (16, 5)) is not first  # divisible by 16
    assert kernel[(1,)](out, (1, 5)) is not first  # 1 is compiled in
    assert kernel[(1,)](out, (True, 5)) is not first
    assert kernel[(1,)](out, Strides(3, 5)) is not first
    assert kernel[(1,)](out, (2**33, 5)) is not first
    with pytest.raises(cosmati.CompilationError, match="outside of a tuple of 1 items"):
        kernel[(1,)](out, (3,))
    with pytest.raises(TypeError, match="argument `t`: .*failed to specialize argument of type"):
        kernel[(1,)](out, (3, "text"))
    assert out[0] == 2**33 + 5 - 2**33


@cosmati.jit
def swap(t):
    return t[1], t[0]


@cosmati.jit
def three(a, b, c):
    return a * 100 + b * 10 + c


@cosmati.jit
def total(*items):
    result = tl.to_tensor(0)
    for i in tl.static_range(len(items)):
        result += items[i]
    return result


@cosmati.jit
def operations_kernel(out, t, n):
    carried = t
    for i in range(n):
        carried = swap(carried)
        if i == 2:
            carried = (carried[0] + 1, carried[1])
    a, b = carried
    tl.store(out + 0, a)
    tl.store(out + 1, b)
    tl.store(out + 2, three(*t, 9))
    tl.store(out + 3, three(*[1, 2], c=3))
    squares = [v * v for v in t]
    tl.store(out + 4, squares[0] + squares[1])
    more = t + (5, 6)
    tl.store(out + 5, more[-1] + more[2])
    first, *rest = more
    tl.store(out + 6, first + rest[0] + len(rest))
    tl.store(out + 7, total(*more))
    tl.store(out + 8, total() + 8)
    (c, d), e = (t, 3)
    tl.store(out + 9, c + d + e)
    tail = more[1:3]
    tl.store(out + 10, tail[0] + tail[1])
    twice = [0] * 3
    tl.store(out + 11, len(twice))
    both = (*t, *t)
    tl.store(out + 12, both[0] + both[3])
    tl.store(out + 13, total(*[i * i for i in tl.static_range(4)]))


def test_operations_on_tuples():
    out = np.zeros(14, np.int32)
    operations_kernel[(1,)](out, (3, 4), 3)
    assert out.tolist() == [5, 3, 349, 123, 25, 11, 3 + 4 + 3, 18, 8, 10, 9, 3, 7, 14]


@cosmati.jit
def make(a, b):
    return Strides(a, b)


@cosmati.jit
def named_kernel(out, n):
    s = Strides(row=n, column=2)
    for _ in range(n):
        s = make(s.row + 1, s.column * 2)
    tl.store(out, s.row)
    tl.store(out + 1, s.column)
    x, y = s
    tl.store(out + 2, x + y)
    tl.static_assert(Strides(4).column == 1)
    t = tl.tuple([n, 3], Strides(0, 0).type)
    tl.store(out + 3, t.column)


def test_named_tuples_made_in_kernels():
    out = np.zeros(4, np.int32)
    named_kernel[(1,)](out, 3)
    assert out.tolist() == [6, 16, 22, 3]


@cosmati.jit
def changed_length(x, n):
    t = (n, n)
    for _ in range(n):
        t = (n, n, n)
    tl.store(x, t[0])


@cosmati.jit
def runtime_index(x, n):
    t = (n, n)
    tl.store(x, t[n])


@cosmati.jit
def no_field(x, n):
    tl.store(x, Strides(n).width)


@cosmati.jit
def wrong_count(x, n):
    a, b, c = (n, n)
    tl.store(x, a + b + c)


@pytest.mark.parametrize(
    "kernel, message",
    [
        (changed_length, "Loop-carried variable t has initial type"),
        (runtime_index, "a tuple is indexed by compile-time integers"),
        (no_field, "`width`"),
        (wrong_count, "2 values for 3 names"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_errors_of_tuples(kernel, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        kernel.warmup(tl.int32, 7)
