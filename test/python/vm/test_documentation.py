"""The examples of the documentation are those that are tested."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_cpp_example_of_the_page_is_the_one_that_is_compiled():
    source = (ROOT / "test/unit/Vm/ExampleTest.cpp").read_text(encoding="utf-8")
    example = source.split("// example begin\n")[1].split("// example end")[0].rstrip()
    page = (ROOT / "docs/ptxvm.md").read_text(encoding="utf-8")
    assert f"```cpp\n{example}\n```" in page
