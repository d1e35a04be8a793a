"""Importing this makes ``import triton`` and ``import triton.language as tl`` give Cosmati.

The module itself answers like ``triton``: ``import cosmati.compat.triton as triton`` works, too.
"""

from __future__ import annotations

import importlib
from typing import Any

from cosmati.compat.finder import install as install
from cosmati.compat.finder import uninstall as uninstall

install()


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name not in ("__version__", "__all__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("triton"), name)
