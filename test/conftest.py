"""What all Python tests share: where they run, and what they need to run at all."""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import tempfile

import pytest

_MADE = "COSMATI_TEST_CACHE"


def pytest_configure(config: pytest.Config) -> None:
    """The virtual machine, and a cache of their own: no test depends on what ran before it."""
    os.environ.setdefault("COSMATI_DEVICE", "vm")
    if "COSMATI_CACHE_DIR" not in os.environ:  # the workers of pytest-xdist inherit it
        os.environ["COSMATI_CACHE_DIR"] = tempfile.mkdtemp(prefix="cosmati-test-")
        os.environ[_MADE] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    if os.environ.get(_MADE) == str(os.getpid()):
        shutil.rmtree(os.environ.pop("COSMATI_CACHE_DIR"), ignore_errors=True)


@functools.cache
def missing(need: str) -> str:
    """Why tests with this mark can't run here; empty if they can."""
    if need == "torch":
        found = importlib.util.find_spec("torch") is not None
        return "" if found else "PyTorch is not installed"
    from cosmati.runtime.device import cuda_count

    return "" if cuda_count() > 0 else "no NVIDIA GPU was found"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for need in ("torch", "gpu"):
            if item.get_closest_marker(need) and missing(need):
                item.add_marker(pytest.mark.skip(reason=missing(need)))
