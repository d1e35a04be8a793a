"""The compatibility layer in this process, taken away after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def triton() -> Iterator[object]:
    from cosmati.compat import finder

    finder.install()
    import triton as module

    yield module
    finder.uninstall()
