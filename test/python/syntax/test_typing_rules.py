"""Types of what operators give: every pair of types, and types with Python's numbers."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.frontend.module import KernelParameter, ModuleGenerator
from cosmati.language.dtypes import parse_type, signature_text

TYPES = "i1 i8 i16 i32 i64 u8 u16 u32 u64 fp16 bf16 fp32 fp64".split()

# Rows: the left operand; columns: the right one. "-" is a TypeError.
PAIRS = {
    "+": """
        i1   i8   i16  i32  i64  u8   u16  u32  u64  fp16 fp32 fp32 fp64
        i8   i8   i16  i32  i64  u8   u16  u32  u64  fp16 fp32 fp32 fp64
        i16  i16  i16  i32  i64  i16  u16  u32  u64  fp16 fp32 fp32 fp64
        i32  i32  i32  i32  i64  i32  i32  u32  u64  fp16 fp32 fp32 fp64
        i64  i64  i64  i64  i64  i64  i64  i64  u64  fp16 fp32 fp32 fp64
        u8   u8   i16  i32  i64  u8   u16  u32  u64  fp16 fp32 fp32 fp64
        u16  u16  u16  i32  i64  u16  u16  u32  u64  fp16 fp32 fp32 fp64
        u32  u32  u32  u32  i64  u32  u32  u32  u64  fp16 fp32 fp32 fp64
        u64  u64  u64  u64  u64  u64  u64  u64  u64  fp16 fp32 fp32 fp64
        fp16 fp16 fp16 fp16 fp16 fp16 fp16 fp16 fp16 fp16 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 bf16 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64
    """,
    "/": """
        fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 -    -    -    -    fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 -    -    -    -    fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 -    -    -    -    fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 -    -    -    -    fp32 fp32 fp32 fp64
        fp32 -    -    -    -    fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 -    -    -    -    fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 -    -    -    -    fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 -    -    -    -    fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp64
        fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64
    """,
    "//": """
        i1   i8   i16  i32  i64  u8   u16  u32  u64  -    -    -    -
        i8   i8   i16  i32  i64  -    -    -    -    -    -    -    -
        i16  i16  i16  i32  i64  -    -    -    -    -    -    -    -
        i32  i32  i32  i32  i64  -    -    -    -    -    -    -    -
        i64  i64  i64  i64  i64  -    -    -    -    -    -    -    -
        u8   -    -    -    -    u8   u16  u32  u64  -    -    -    -
        u16  -    -    -    -    u16  u16  u32  u64  -    -    -    -
        u32  -    -    -    -    u32  u32  u32  u64  -    -    -    -
        u64  -    -    -    -    u64  u64  u64  u64  -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
    """,
    "<<": """
        i1   i8   i16  i32  i64  u8   u16  u32  u64  -    -    -    -
        i8   i8   i16  i32  i64  u8   u16  u32  u64  -    -    -    -
        i16  i16  i16  i32  i64  i16  u16  u32  u64  -    -    -    -
        i32  i32  i32  i32  i64  i32  i32  u32  u64  -    -    -    -
        i64  i64  i64  i64  i64  i64  i64  i64  u64  -    -    -    -
        u8   u8   i16  i32  i64  u8   u16  u32  u64  -    -    -    -
        u16  u16  u16  i32  i64  u16  u16  u32  u64  -    -    -    -
        u32  u32  u32  u32  i64  u32  u32  u32  u64  -    -    -    -
        u64  u64  u64  u64  u64  u64  u64  u64  u64  -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
        -    -    -    -    -    -    -    -    -    -    -    -    -
    """,
}

# A number on the right of ``+``; columns: the tensor's type. "-": the number is out of its range.
NUMBERS = {
    3: "i32 i8 i16 i32 i64 u8 u16 u32 u64 fp16 bf16 fp32 fp64",
    -1: "i32 i8 i16 i32 i64 - - - - fp16 bf16 fp32 fp64",
    2147483648: "u32 - - - i64 - - u32 u64 fp16 bf16 fp32 fp64",
    1099511627776: "i64 - - - i64 - - - u64 fp16 bf16 fp32 fp64",
    9223372036854775808: "u64 - - - - - - - u64 fp16 bf16 fp32 fp64",
    1.5: "fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp32 fp16 bf16 fp32 fp64",
    1e300: "fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp16 bf16 fp32 fp64",
    1e-40: "fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp64 fp16 bf16 fp32 fp64",
    True: "i1 i8 i16 i32 i64 u8 u16 u32 u64 fp16 bf16 fp32 fp64",
}

found: list[str] = []


@tl.core.builtin
def note_type(x):
    found.append(signature_text(x.dtype))


@cosmati.jit
def apply(a, b, OP: tl.constexpr):
    if OP == "+":
        note_type(a + b)
    elif OP == "/":
        note_type(a / b)
    elif OP == "//":
        note_type(a // b)
    else:
        note_type(a << b)


@cosmati.jit
def kernel(LEFT: tl.constexpr, RIGHT: tl.constexpr, OP: tl.constexpr):
    for i in tl.static_range(len(LEFT)):
        right = RIGHT[i]
        if isinstance(right, tl.dtype):
            apply(tl.zeros((8,), LEFT[i]), tl.zeros((8,), right), OP)
        else:
            apply(tl.zeros((8,), LEFT[i]), RIGHT[i], OP)


def types_of(pairs: list[tuple], op: str) -> list[str]:
    found.clear()
    values = ([left for left, _ in pairs], [right for _, right in pairs], op)
    names = ("LEFT", "RIGHT", "OP")
    parameters = [
        KernelParameter(name, None, value) for name, value in zip(names, values, strict=True)
    ]
    ModuleGenerator("sm_90a").kernel(kernel, parameters)
    return list(found)


@pytest.mark.parametrize("op", list(PAIRS))
def test_two_tensors(op):
    table = [line.split() for line in PAIRS[op].strip().splitlines()]
    cells = [
        (parse_type(left), parse_type(right), table[i][k])
        for i, left in enumerate(TYPES)
        for k, right in enumerate(TYPES)
    ]
    allowed = [cell for cell in cells if cell[2] != "-"]
    got = types_of([cell[:2] for cell in allowed], op)
    wrong = [(*cell, text) for cell, text in zip(allowed, got, strict=True) if cell[2] != text]
    assert not wrong
    for cell in cells:
        if cell[2] == "-":
            with pytest.raises(cosmati.CompilationError):
                types_of([cell[:2]], op)


@pytest.mark.parametrize("number", list(NUMBERS), ids=str)
def test_a_tensor_and_a_number(number):
    cells = list(zip(TYPES, NUMBERS[number].split(), strict=True))
    allowed = [(name, text) for name, text in cells if text != "-"]
    got = types_of([(parse_type(name), number) for name, _ in allowed], "+")
    assert got == [text for _, text in allowed]
    for name, text in cells:
        if text == "-":
            with pytest.raises(
                cosmati.CompilationError,
                match="out of range for type|an unsigned tensor and a negative scalar",
            ):
                types_of([(parse_type(name), number)], "+")


@cosmati.jit
def comparisons(x, out, N: tl.constexpr):
    offs = tl.arange(0, N)
    a = tl.load(x + offs)
    tl.store(out + offs, (a < 70000).to(tl.int32))
    tl.store(out + N + offs, (a == -1).to(tl.int32))
    tl.store(out + 2 * N + offs, (-1 < a).to(tl.int32))
    tl.store(out + 3 * N + offs, (a != 2**40).to(tl.int32))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int8])
def test_comparisons_with_numbers_beyond_the_tensors_range(kind):
    info = np.iinfo(kind)
    x = np.array([info.min, 1, 77, info.max], kind)
    out = np.zeros((4, 4), np.int32)
    comparisons[(1,)](x, out, N=4)
    wide = x.astype(np.int64)
    expected = [wide < 70000, wide == -1, wide > -1, wide != 2**40]
    assert (out == np.array(expected)).all()


@pytest.mark.parametrize("kind", [np.uint32, np.uint64, np.int32, np.int64])
def test_comparisons_of_wide_integers_with_numbers_beyond_their_range(kind):
    info = np.iinfo(kind)
    below, above = int(info.min) - 1, int(info.max) + 1
    numbers = [value for value in (below, above) if -(2**63) <= value < 2**64]
    x = np.array([info.min, 1, 77, info.max], kind)
    for number in numbers:
        out = np.full((6, 4), 7, np.int32)
        six_comparisons[(1,)](x, out, NUMBER=number, N=4)
        wide = [int(value) for value in x]
        rows = zip(*((v < number, v <= number, v > number, v >= number, v == number, v != number)
                     for v in wide), strict=True)  # fmt: skip
        assert out.tolist() == [[int(truth) for truth in row] for row in rows]


@cosmati.jit
def six_comparisons(x, out, NUMBER: tl.constexpr, N: tl.constexpr):
    offs = tl.arange(0, N)
    a = tl.load(x + offs)
    tl.store(out + offs, a < NUMBER)
    tl.store(out + N + offs, a <= NUMBER)
    tl.store(out + 2 * N + offs, NUMBER < a)
    tl.store(out + 3 * N + offs, a >= NUMBER)
    tl.store(out + 4 * N + offs, a == NUMBER)
    tl.store(out + 5 * N + offs, NUMBER != a)


@cosmati.jit
def filled(out, VALUE: tl.constexpr, TYPE: tl.constexpr):
    tl.store(out + tl.arange(0, 4), tl.full((4,), VALUE, TYPE))


@pytest.mark.parametrize(
    "value, kind",
    [(float("nan"), tl.int8), (float("inf"), tl.int32), (1.5, tl.int64), (300.0, tl.uint8),
     (-1.0, tl.uint32), (2.0**63, tl.int64), (0.5, tl.int1)],
)  # fmt: skip
def test_full_of_an_integer_type_takes_integers(value, kind):
    with pytest.raises(cosmati.CompilationError, match="is out of range for type .* holds"):
        filled.warmup("*fp32", value, kind)


@pytest.mark.parametrize("value, kind", [(3.0, tl.int8), (-0.0, tl.uint8), (2.0**62, tl.int64)])
def test_full_of_an_integer_type_takes_floats_that_are_integers(value, kind):
    out = np.zeros(4)
    filled[(1,)](out, value, kind)
    assert (out == value).all()


@cosmati.jit
def signs(out, N: tl.constexpr):
    a = tl.arange(0, N)
    joined = tl.join(a, a.to(tl.uint32))
    both = tl.cat(a.to(tl.uint32), a, can_reorder=True)
    tl.static_assert(joined.dtype == tl.int32 and both.dtype == tl.uint32)
    tl.store(out + tl.arange(0, 2 * N), joined.reshape(2 * N))


def test_join_and_cat_of_integers_that_differ_in_their_sign():
    out = np.zeros(8, np.int32)
    signs[(1,)](out, N=4)
    assert out.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
