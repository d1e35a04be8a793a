"""Runs a program through the compiler and compares with what it should leave in memory."""

from __future__ import annotations

import importlib.util
import itertools
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

from fuzzing.program import Program

_folder = tempfile.TemporaryDirectory(prefix="cosmati-fuzz-")
_count = itertools.count()


class Mismatch(Exception):
    """The compiled program and NumPy disagree, or it could not be compiled or run."""


def load_module(text: str) -> ModuleType:
    """The kernel language reads sources from files, so the program becomes one."""
    name = f"fuzzed_{next(_count)}"
    path = Path(_folder.name) / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module


def execute(program: Program, **options: object) -> dict[str, np.ndarray]:
    """The memory after a run on the default device."""
    buffers = {name: array.buffer() for name, array in program.arrays.items()}
    kernel = load_module(program.text()).kernel
    arguments = [*buffers.values(), *program.scalars.values()]
    kernel[(program.programs,)](*arguments, **{"assemble": False, **program.options, **options})
    return buffers


def check(program: Program, **options: object) -> None:
    """Raises Mismatch with the first difference."""
    expected = program.expected()
    try:
        got = execute(program, **options)
    except Exception as error:
        raise Mismatch(f"{type(error).__name__}: {error}") from error
    for name, wanted in expected.items():
        if not same(got[name], wanted):
            raise Mismatch(difference(name, got[name], wanted))


def same(got: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal as numbers: the sign of a zero is left open."""
    if got.dtype.kind in "iub":
        return bool(np.array_equal(got, wanted))
    return bool(np.array_equal(got.astype(np.float64), wanted.astype(np.float64), equal_nan=True))


def difference(name: str, got: np.ndarray, wanted: np.ndarray) -> str:
    if got.dtype.kind in "iub":
        bad = got != wanted
    else:
        bad = ~(got.astype(np.float64) == wanted.astype(np.float64))
    at = np.flatnonzero(bad)
    first = [f"[{i}] {got[i]} instead of {wanted[i]}" for i in at[:5]]
    return f"{name}: {at.size} of {got.size} elements differ: " + ", ".join(first)
