"""Set-up of the Python tests: the package of the build tree, unless one is installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

_root = Path(__file__).resolve().parents[2]
if importlib.util.find_spec("cosmati") is None:
    sys.path.insert(0, str(_root / "build" / "python"))


@pytest.fixture
def cache_folder(tmp_path: Path) -> Path:
    """A folder for the disk cache of a process that the test starts; not there yet."""
    return tmp_path / "cache"
