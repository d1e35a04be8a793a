"""README.md lists the kernels of this folder."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent


def test_readme_lists_all() -> None:
    sources = "".join(path.read_text() for path in sorted(HERE.glob("*.py")))
    kernels = re.findall(r"^def (\w+_kernel)\(", sources, re.M)
    text = (HERE / "README.md").read_text()
    assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.M)) == sorted(kernels)
    assert text.startswith(f"# The zoo: {len(kernels)} kernels ")
