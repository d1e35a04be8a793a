"""What a kernel's code depends on beside its own text, and what it does not."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest

TABLE = {"wide": (16, 32)}
STEPS = 3
offset = 1.5


def helper():
    return STEPS


@cosmati.constexpr_function
def second_width():
    return TABLE["wide"][1] + helper()


@cosmati.jit
def uses_function(out):
    tl.store(out, second_width())


@cosmati.jit
def has_variable(out):
    offset = 2
    tl.store(out, offset)


def value_of(kernel) -> int:
    out = np.zeros(1, np.int32)
    kernel[(1,)](out)
    return int(out[0])


def made(number: int):
    @cosmati.constexpr_function
    def answer():
        return number

    @cosmati.jit
    def kernel(out):
        tl.store(out, answer())

    return kernel


def test_variables_of_enclosing_functions_count():
    assert [value_of(made(1)), value_of(made(2))] == [1, 2]


def test_what_constexpr_functions_read_counts(monkeypatch):
    assert value_of(uses_function) == 35
    monkeypatch.setitem(globals(), "TABLE", {"wide": (16, 64)})
    assert value_of(uses_function) == 67
    monkeypatch.setitem(globals(), "STEPS", 4)
    assert value_of(uses_function) == 68
    monkeypatch.setitem(globals(), "helper", lambda: 5)
    assert value_of(uses_function) == 69


def test_a_variable_of_the_same_name_does_not(monkeypatch):
    assert value_of(has_variable) == 2
    key, names = has_variable.cache_key, {name for name, _ in has_variable.used_global_vals}
    monkeypatch.setitem(globals(), "offset", 2.5)
    assert value_of(has_variable) == 2 and has_variable.cache_key == key and "offset" not in names


def test_plain_globals_that_a_kernel_also_assigns_are_refused():
    @cosmati.jit
    def kernel(out, early: tl.constexpr):
        if not early:
            offset = 1.0
        tl.store(out, offset)

    with cosmati.knobs.compilation.scope():
        cosmati.knobs.compilation.allow_non_constexpr_globals = True
        with pytest.raises(cosmati.CompilationError, match="`offset` is read before it is assign"):
            kernel[(1,)](np.zeros(1, np.float32), True)
