"""Kernels run on the virtual machine here; the assembler has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator

import cosmati
import pytest


@pytest.fixture(autouse=True)
def without_assembler() -> Iterator[None]:
    """The virtual machine runs the PTX; making cubins would only cost time."""
    with cosmati.options(assemble=False):
        yield
