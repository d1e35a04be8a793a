"""Pages that are programs: their code runs, and prints what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["language"])
def test_page_prints_what_it_says(name: str, tmp_path: Path) -> None:
    blocks = _BLOCK.findall((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    program = tmp_path / f"{name}.py"
    program.write_text("\n\n".join(text for kind, text in blocks if kind == "python"))
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=300,
        env={**os.environ, "COSMATI_DEVICE": "vm"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(text for kind, text in blocks if kind == "output")


def test_every_page_is_in_the_index() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))
    pages = {page.stem for page in FOLDER.glob("*.md")} - {"index"}
    assert pages <= listed
