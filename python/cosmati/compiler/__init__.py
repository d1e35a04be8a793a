"""Compiling kernels without launching them, under Triton's names."""

from __future__ import annotations

import importlib
from typing import Any

_PLACES = {
    "ASTSource": "cosmati.compiler.sources",
    "IRSource": "cosmati.compiler.sources",
    "compile": "cosmati.compiler.compiler",
    "max_shared_mem": "cosmati.compiler.compiler",
    "CompileTimes": "cosmati.runtime.times",
    "CompilationError": "cosmati.errors",
    "CompiledKernel": "cosmati.runtime.compiled",
    "LazyDict": "cosmati.runtime.hooks",
    "get_cache_key": "cosmati.runtime.cache",
    "make_backend": "cosmati.backends.compiler",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
