"""Set-up of the Python tests: the package of the build tree, the virtual machine, a cache apart."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_root = Path(__file__).resolve().parents[2]
if importlib.util.find_spec("cosmati") is None:
    sys.path.insert(0, str(_root / "build" / "python"))

_cache = tempfile.TemporaryDirectory(prefix="cosmati-test-cache-")
os.environ["COSMATI_CACHE_DIR"] = _cache.name
os.environ.setdefault("COSMATI_DEVICE", "vm")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs an NVIDIA GPU")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not any(item.get_closest_marker("gpu") for item in items):
        return
    from cosmati.runtime.device import cuda_count

    if cuda_count() > 0:
        return
    skip = pytest.mark.skip(reason="no NVIDIA GPU found")
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(skip)


@pytest.fixture
def cache_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for the disk cache of a process that the test starts."""
    folder = tmp_path / "cache"
    yield folder


def pytest_unconfigure() -> None:
    _cache.cleanup()
