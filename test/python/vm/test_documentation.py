"""The examples of the documentation run, and are those that are tested."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = [
    "cosmati.vm",
    "cosmati.vm.arguments",
    "cosmati.vm.module",
    "cosmati.vm.tensormap",
    "cosmati.profile.roofline",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_run(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0


def test_cpp_example_of_the_page_is_the_one_that_is_compiled():
    source = (ROOT / "test/unit/Vm/ExampleTest.cpp").read_text(encoding="utf-8")
    example = source.split("// example begin\n")[1].split("// example end")[0].rstrip()
    page = (ROOT / "docs/ptxvm.md").read_text(encoding="utf-8")
    assert f"```cpp\n{example}\n```" in page
