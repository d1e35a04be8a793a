"""The tutorials are programs: their code runs, and prints what the pages say."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from type_checker import run_mypy

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, kind: str) -> list[str]:
    """The fenced blocks of one kind, in order."""
    return [body for name, body in _BLOCK.findall(page.read_text(encoding="utf-8")) if name == kind]


def test_there_is_a_page_for_each_rung_of_the_ladder() -> None:
    names = ["vector-add", "softmax", "matmul", "attention", "quantize", "find-a-race",
             "what-the-compiler-did"]  # fmt: skip
    assert [page.stem for page in PAGES] == [f"{i + 1:02}-{name}" for i, name in enumerate(names)]
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({page.name})" in index for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_runs_and_prints_what_it_says(page: Path, tmp_path: Path) -> None:
    """As a user would: one file, run by Python. Kernels need a file to read their source from."""
    program = tmp_path / f"{page.stem}.py"
    program.write_text("\n\n".join(blocks(page, "python")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=300,
        env={**os.environ, "COSMATI_DEVICE": "vm"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(blocks(page, "output"))


def test_types_hold_but_for_the_misspelt_name(tmp_path: Path) -> None:
    """A type checker that reads the installed package accepts what the pages write."""
    if importlib.util.find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    programs = []
    for page in PAGES:
        program = tmp_path / f"page_{page.stem.replace('-', '_')}.py"
        program.write_text("\n\n".join(blocks(page, "python")), encoding="utf-8")
        programs.append(str(program))
    lines = run_mypy(tmp_path, "--check-untyped-defs", "--ignore-missing-imports", *programs)
    found = [line for line in lines if line.startswith("page_")]
    (misspelt,) = found  # the first page shows what Cosmati says of it, too
    assert "page_01" in misspelt and 'Name "offset" is not defined' in misspelt


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    prose = _BLOCK.sub("", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#]+)\)", prose)
    assert [target for target in targets if not (page.parent / target).exists()] == []
