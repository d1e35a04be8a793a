"""What compiled code assumes about arguments, by their types, values and annotations."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest


def type_of(kernel, *args):
    """(type, is constant, divisible by 16) of the kernel's second parameter."""
    out = np.zeros(1, np.int64)
    text = kernel.warmup(out, *args).asm["tile"]
    header = next(line for line in text.splitlines() if "func.func" in line and "kernel" in line)
    if '"n"' not in header:
        return "constant"
    own = header.split("%arg1: ")[1]
    kind = own.split(" loc(")[0].split(" {")[0].strip()
    return kind + ("/16" if "divisibility" in own.split('"n"')[0] else "")


def make(annotation=None, **options):
    def kernel(out, n):
        if n is not None:
            pass

    if annotation is not None:
        kernel.__annotations__["n"] = annotation
    return cosmati.jit(kernel, **options) if not options else cosmati.jit(**options)(kernel)


@pytest.mark.parametrize(
    "value, expected",
    [
        (0, "i32/16"), (1, "constant"), (2, "i32"), (16, "i32/16"), (-16, "i32/16"), (-1, "i32"),
        (2**31 - 1, "i32"), (2**31, "i64/16"), (-(2**31) - 1, "i64"), (2**63 - 1, "i64"),
        (2**63, "i64/16"), (2**64 - 1, "i64"), (True, "i1"), (False, "i1"), (1.0, "f32"),
        (2.5, "f32"), (None, "constant"), (np.int32(1), "constant"), (np.int64(48), "i32/16"),
        (np.float32(1), "f32"), (np.bool_(True), "i1"), (tl.constexpr(5), "constant"),
    ],
)  # fmt: skip
def test_types_and_values(value, expected):
    assert type_of(make(), value) == expected


@pytest.mark.parametrize(
    "annotation, value, expected",
    [
        (tl.int64, 1, "i64"), (tl.int64, 16, "i64/16"), ("i64", 3, "i64"), ("tl.int64", 3, "i64"),
        ("tl.int16", 3, "i16"), (int, 16, "i32/16"), (int, 1, "i32"), (float, 3, "f32"),
        (float, 2.5, "f32"), ("fp16", 2.5, "f16"), (tl.bfloat16, 16, "bf16"),
        (tl.float64, 1, "f64"),
        (bool, 1, "i1"), ("u1", 0, "i1"), (tl.uint8, 255, "i8"), (tl.uint64, 2**63, "i64/16"),
        ("tl.tensor", 16, "i32/16"), ("anything", 1, "constant"),
    ],
)  # fmt: skip
def test_annotations_win_over_types(annotation, value, expected):
    assert type_of(make(annotation), value) == expected


@pytest.mark.parametrize(
    "annotation, value, message",
    [
        (int, 2**31, "out of range for its declared type i32"),
        (tl.uint8, 256, "out of range for its declared type u8"),
        (tl.uint8, -1, "out of range for its declared type u8"),
        (None, 2**64, "does not fit in 64 bits"),
        (None, -(2**63) - 1, "does not fit in 64 bits"),
    ],
)
def test_integers_out_of_range(annotation, value, message):
    with pytest.raises(OverflowError, match=message):
        type_of(make(annotation), value)


def test_unspecialised_parameters():
    for chosen in (["n"], [1], ("n",)):
        kernel = make(do_not_specialize=chosen)
        assert [type_of(kernel, v) for v in (1, 16, 3)] == ["i32"] * 3
        kernel = make(do_not_specialize_on_alignment=chosen)
        assert [type_of(kernel, v) for v in (1, 16, 3)] == ["constant", "i32", "i32"]
    assert type_of(make(do_not_specialize=["gone", 17]), 16) == "i32/16"  # no parameter: ignored


def test_contradictions_are_said_when_the_kernel_is_compiled():
    for option in ("do_not_specialize", "do_not_specialize_on_alignment"):

        @cosmati.jit(**{option: ["N"]})
        def kernel(out, N: tl.constexpr):
            tl.store(out, N)

        with pytest.raises(cosmati.CompilationError, match="N marked as constexpr and listed in"):
            kernel[(1,)](np.zeros(1, np.int32), N=3)


@cosmati.jit
def pointers(x, y: tl.const, z: "*i16", n: tl.constexpr):  # noqa: F722
    tl.static_assert(x.dtype == tl.pointer_type(tl.float32))
    tl.static_assert(y.dtype.is_const() and y.dtype.element_ty == tl.float16)
    tl.static_assert(z.dtype.element_ty == tl.int16)
    tl.store(z, tl.load(z) + n)


@cosmati.jit
def writes_const(x: tl.const):
    tl.store(x, 1)


def test_pointers():
    z = np.array([3], np.uint16)  # seen as int16, as the annotation says
    pointers[(1,)](np.zeros(1, np.float32), np.zeros(1, np.float16), z, n=4)
    assert z[0] == 7
    with pytest.raises(cosmati.CompilationError, match="Cannot store to a constant pointer"):
        writes_const.warmup(tl.int32)


@cosmati.jit
def annotated_one(out, n: tl.int64):
    tl.static_assert(n.dtype == tl.int64)
    tl.store(out, n << 40)


def test_a_declared_one_keeps_its_type():
    out = np.zeros(1, np.int64)
    annotated_one[(1,)](out, 1)
    assert out[0] == 2**40


@cosmati.jit
def constant_kernel(out, C: tl.constexpr):
    if C is True:
        tl.store(out, 1)
    elif isinstance(C, float):
        tl.store(out, 2)
    else:
        tl.store(out, 3)


def test_constexprs_of_equal_value_and_other_type_are_other_variants():
    out = np.zeros(1, np.int32)
    for value, expected in ((1, 3), (True, 1), (1.0, 2), (1, 3)):
        constant_kernel[(1,)](out, C=value)
        assert out[0] == expected


def test_what_no_kernel_takes():
    kernel = make()
    with pytest.raises(TypeError, match="failed to specialize argument of type: str"):
        kernel[(1,)](np.zeros(1), "text")
    with pytest.raises(TypeError, match="failed to specialize argument of type: dict"):
        kernel[(1,)](np.zeros(1), {})
    with pytest.raises(TypeError, match="a list can't be a constexpr; use a tuple"):
        constant_kernel[(1,)](np.zeros(1), C=[1])
