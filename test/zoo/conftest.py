"""The kernels of this folder import Triton's names; here these are Cosmati's.

The first case of each test runs under all checkers of the virtual machine, the others as users run.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_CHECKED = pytest.StashKey[bool]()


@contextmanager
def triton_is_cosmati() -> Iterator[None]:
    """While modules are imported and tests run here; others of the process see what they saw."""
    from cosmati.compat.finder import install, installed, uninstall

    if installed() is not None:
        yield
        return
    names = [name for name in sys.modules if name.partition(".")[0] == "triton"]
    aside = {name: sys.modules.pop(name) for name in names}
    install()
    try:
        yield
    finally:
        uninstall()
        sys.modules.update(aside)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    if not isinstance(collector, pytest.Module):
        return (yield)
    with triton_is_cosmati():
        return (yield)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    seen = set()
    for item in items:
        if item.path.parent == here:
            name = (item.path, getattr(item, "originalname", item.name))
            item.stash[_CHECKED] = name not in seen
            seen.add(name)


@pytest.fixture(autouse=True)
def watched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Checkers for the first case; no cubins, which the virtual machine does not need."""
    import cosmati

    with triton_is_cosmati(), cosmati.options(assemble=False):
        if request.node.stash.get(_CHECKED, False):
            with cosmati.vm.checking("all"):
                yield
        else:
            yield
