"""Pages lead where they say, and name options, tests and passes that exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tree import ROOT, sources

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = page.parent / file if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_named_files_exist(page: Path) -> None:
    """Paths in back quotes that start with a room's name."""
    text = page.read_text(encoding="utf-8")
    rooms = "dialects|compiler|runtime|python|kernels|bench|test|tools|cmake|docs"
    named = re.findall(rf"`((?:{rooms})/[\w./-]+)`", text)
    assert sorted({path for path in named if not (ROOT / path).exists()}) == []


def test_debugging_names_options_that_exist() -> None:
    """The table of options: each is one of CompileOptions."""
    known = set()
    for source in sources(".def", under="compiler/Pipeline/"):
        known |= set(re.findall(r"^OPTION\([\w:]+, (\w+),", source.text, re.MULTILINE))
    text = (ROOT / "docs/debugging.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)=", text, re.MULTILINE))
    assert named
    assert named <= known


def test_the_kernel_of_the_readme_runs(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    check = "\ne = np.exp(x)\nassert np.allclose(y, e / e.sum(axis=1, keepdims=True), rtol=1e-5)\n"
    program = tmp_path / "readme.py"
    program.write_text(code + check, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        env={**os.environ, "COSMATI_DEVICE": "vm"},
    )
    assert done.returncode == 0, done.stderr
