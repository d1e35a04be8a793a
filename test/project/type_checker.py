"""mypy as a user of the package runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cosmati


def run_mypy(folder: Path, *arguments: str) -> list[str]:
    """What mypy prints of programs in ``folder``. AssertionError if mypy itself fails."""
    package = Path(cosmati.__file__).resolve().parents[1]
    environment = dict(os.environ)
    # An installed package is found by itself; mypy refuses to be told where.
    if package.name not in ("site-packages", "dist-packages"):
        environment["MYPYPATH"] = str(package)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--no-error-summary",
         f"--cache-dir={folder / 'cache'}", *arguments],
        capture_output=True, text=True, timeout=300, cwd=folder, env=environment,
    )  # fmt: skip
    assert done.returncode < 2 and not done.stderr, done.stdout + done.stderr
    return done.stdout.splitlines()
