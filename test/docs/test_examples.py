"""The examples in docstrings print what they say, and every public function has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cosmati
import numpy as np
import pytest
from cosmati import language as tl
from cosmati.testing import evaluate

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs" / "_ext"))
from language_reference import PAGES, public_names, sections  # noqa: E402

_FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def _modules() -> Iterator[Any]:
    yield cosmati
    for found in pkgutil.walk_packages(cosmati.__path__, "cosmati."):
        parts = found.name.split(".")
        # Kernels have tests of their own; a program runs when it is imported, and importing what
        # takes the place of another package does just that.
        if {"kernels", "compat"} & set(parts) or parts[-1].startswith("_"):
            continue
        yield importlib.import_module(found.name)


def _examples() -> Iterator[doctest.DocTest]:
    seen: set[int] = set()
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in _modules():
        for value in vars(module).values():
            inner = inspect.unwrap(value) if callable(value) else None
            if inner is None or getattr(inner, "__module__", None) != module.__name__:
                continue
            if id(value) in seen:
                continue
            seen.add(id(value))
            # As doctest does it, an example may name what its module has; but it is a program of
            # its own, whose annotations are no texts.
            name = f"{module.__name__}.{getattr(value, '__name__', '?')}"
            names = vars(module) | {"np": np, "tl": tl, "cosmati": cosmati, "evaluate": evaluate}
            names.pop("annotations", None)
            yield from (
                test
                for test in finder.find(value, name, module=False, globs=names)
                if test.examples
            )


_EXAMPLES = {test.name: test for test in _examples()}


@pytest.mark.parametrize("name", sorted(_EXAMPLES))
def test_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    test = _EXAMPLES[name]
    written: list[str] = []
    result = doctest.DocTestRunner(optionflags=_FLAGS).run(test, out=written.append)
    assert result.failed == 0, "".join(written)


def _without_example() -> list[str]:
    found = []
    for _, _, module_name, prefixes in PAGES:
        module = importlib.import_module(module_name)
        for name, value in public_names(module, prefixes):
            if not isinstance(value, type) and ">>>" not in (inspect.getdoc(value) or ""):
                found.append(f"{module_name}.{name}")
    return found


def test_every_public_function_has_an_example() -> None:
    assert _without_example() == []


def test_every_name_has_a_section_with_a_title() -> None:
    untitled = []
    for _, _, module_name, prefixes in PAGES:
        found = sections(importlib.import_module(module_name), prefixes)
        untitled += [f"{value.__module__}.{name}" for name, value in found.get("", [])]
    assert untitled == []
