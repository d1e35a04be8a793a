"""Kernels run on the virtual machine; what a test sets is put back."""

from __future__ import annotations

import sys
from pathlib import Path

import cosmati
import numpy as np
import pytest
from cosmati import knobs

sys.path.insert(0, str(Path(__file__).parent))

_GROUPS = ("build", "redis", "cache", "compilation", "autotuning", "runtime", "language", "nvidia",
           "amd", "proton")  # fmt: skip


@pytest.fixture(autouse=True)
def _settings(tmp_path):
    """The VM, a cache folder of the test's own, and all knobs as they were afterwards."""
    from contextlib import ExitStack

    cosmati.set_device("vm")
    with ExitStack() as stack:
        for name in _GROUPS:
            stack.enter_context(getattr(knobs, name).scope())
        knobs.cache.dir = str(tmp_path / "cache")
        yield


@pytest.fixture
def x():
    return np.arange(200, dtype=np.float32)


@pytest.fixture
def kernel(tmp_path):
    """A kernel that no other test has compiled: its module is new."""
    import importlib.util
    import uuid

    name = f"kernels_{uuid.uuid4().hex}"
    path = tmp_path / f"{name}.py"
    source = (Path(__file__).parent / "host_kernels.py").read_text()
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    yield module.scale
    del sys.modules[name]
