"""The example of docs/autotuning.md runs, and prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "autotuning.md"


def test_the_example_prints_what_the_page_says(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (output,) = re.findall(r"^```output\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    program = tmp_path / "example.py"
    program.write_text(code, encoding="utf-8")
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": paths, "COSMATI_CACHE_DIR": str(tmp_path / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == output
