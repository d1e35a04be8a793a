"""Values of random programs, the program that holds them, and how steps choose operands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import language_support
import numpy as np
from drawing import Array, checked_store, jit_of, load
from hypothesis import strategies as st
from language_support import (
    FP8,
    assert_same,
    bits_of,
    exact,
    is_float,
    is_signed,
    np_type,
)

Draw = Callable[[Any], Any]
MOST = 512  # elements of a value
WORDS = {8: ("int8", "uint8"), 16: ("int16", "uint16"), 32: ("int32", "uint32"),
         64: ("int64", "uint64")}  # fmt: skip


def cast(x: Array, name: str) -> Array:
    """``x.to(name)``, of scalars, too."""
    return language_support.cast(np.atleast_1d(x), name).reshape(np.shape(x))


def rounded(x: Array, name: str) -> Array:
    return language_support.rounded(np.atleast_1d(x), name).reshape(np.shape(x))


@dataclass
class Value:
    """A variable of a program and the elements that it must have."""

    name: str
    type: str
    array: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape


@dataclass
class Program:
    """A kernel under construction."""

    inputs: list[Value] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    scratch: list[Array] = field(default_factory=list)

    def add(self, text: str, kind: str, array: Array) -> Value:
        """A line that assigns ``text``, which must be ``array`` of type ``kind``."""
        assert array.dtype == np_type(kind), (text, kind, array.dtype)
        value = Value(f"v{len(self.values)}", kind, array)
        self.lines.append(f"{value.name} = {text}")
        self.values.append(value)
        return value

    def check(self, **options: Any) -> None:
        """Runs the kernel; AssertionError, with its text, for a value that differs."""
        used = [v for v in self.values if v.array.size > 0]
        outs = [np.zeros(max(v.array.size, 1), np_type(v.type)) for v in used]
        lines = [f"{v.name} = {load(v.name, v.shape)}" for v in self.inputs] + self.lines
        for index, value in enumerate(used):
            lines += checked_store(value.name, f"out{index}", value.type, value.shape)
        pointers = [f"{v.name}_ptr" for v in self.inputs]
        pointers += [f"scratch{i}" for i in range(len(self.scratch))]
        pointers += [f"out{i}" for i in range(len(outs))]
        launch = jit_of(f"def program({', '.join(pointers)}):", lines)[(1,)]
        sources = [v.array.reshape(-1).copy() for v in self.inputs]
        scratch = [array.copy() for array in self.scratch]
        launch(*sources, *scratch, *outs, enable_fp_fusion=False, **options)
        for value, out in zip(used, outs, strict=True):
            assert_same(out.reshape(value.shape), value.array, f"{value.name} ({value.type})")


def promoted(a: str, b: str, division: bool = False) -> str:
    """The type in which two values meet."""
    if is_float(a) or is_float(b):
        for wide in ("float64", "float32"):
            if wide in (a, b):
                return wide
        if division:
            return "float32"
        if "bfloat16" in (a, b):
            return "bfloat16" if a == b else "float32"
        if "float16" in (a, b):
            return "float16"
        return a if a == b else "float16"  # fp8
    if bits_of(a) != bits_of(b):
        return a if bits_of(a) > bits_of(b) else b
    return b if is_signed(a) else a


# Choices.


def _pick(draw: Draw, program: Program, test: Callable[[Value], bool] = lambda _: True) -> Any:
    """A value that satisfies ``test``, recent ones rather; None if there is none."""
    found = [v for v in program.values if test(v)]
    return found[-1 - draw(st.integers(0, len(found) - 1))] if found else None


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        return None
    return shape if np.prod(shape, dtype=int) <= MOST else None


def _meet(a: str, b: str) -> bool:
    """Whether two types have a common one."""
    return (a in FP8) <= is_float(b) and (b in FP8) <= is_float(a)


def _pair(draw: Draw, program: Program, test: Callable[[Value], bool] = lambda _: True) -> Any:
    a = _pick(draw, program, test)
    if a is None:
        return None
    b = _pick(draw, program, lambda v: test(v) and _broadcast(a.shape, v.shape) is not None
              and _meet(a.type, v.type))  # fmt: skip
    return (a, b) if draw(st.booleans()) else (b, a)


def arithmetic(function: Any, x: Array, y: Array, name: str) -> Array:
    """``function`` in one type: rounded once, or wrapped around."""
    with np.errstate(all="ignore"):
        if name == "bool":
            return (function(x.astype(np.int64), y.astype(np.int64)) & 1).astype(bool)
        if not is_float(name) or name in ("float32", "float64"):
            return np.asarray(function(x, y), np_type(name))
        return rounded(function(exact(x), exact(y)), name)


def _compared(x: Array, name: str) -> Array:
    return exact(x) if is_float(name) else x


def extremum(x: Array, y: Array, name: str, largest: bool, propagate: bool) -> Array:
    """Of two elements; a NaN loses or wins, and -0 is less than 0."""
    if not is_float(name):
        return (np.maximum if largest else np.minimum)(x, y)
    x, y = np.broadcast_arrays(x, y)
    wide_x, wide_y = exact(x), exact(y)
    less = (wide_x < wide_y) | ((wide_x == wide_y) & np.signbit(wide_x))
    first = ~less if largest else less
    lost = np.isnan(wide_x), np.isnan(wide_y)
    first = np.where(lost[0], propagate, np.where(lost[1], not propagate, first))
    return np.where(first, x, y)
