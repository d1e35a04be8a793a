"""Compiling, caching and launching kernels."""

from __future__ import annotations

import importlib
from typing import Any

from cosmati.runtime.driver import driver as driver

# Names that Triton has here -> the module that they come from, imported at the first use.
_LATER = {
    "Autotuner": "cosmati.tuning.autotuner",
    "Config": "cosmati.tuning",
    "Heuristics": "cosmati.tuning.heuristic",
    "autotune": "cosmati.tuning",
    "heuristics": "cosmati.tuning",
    "InterpreterError": "cosmati.errors",
    "OutOfResources": "cosmati.errors",
    "JITFunction": "cosmati.runtime.jit",
    "KernelInterface": "cosmati.runtime.jit",
    "MockTensor": "cosmati.runtime.jit",
    "TensorWrapper": "cosmati.runtime.arrays",
    "reinterpret": "cosmati.runtime.arrays",
    "RedisRemoteCacheBackend": "cosmati.runtime.cache",
    "RemoteCacheBackend": "cosmati.runtime.cache",
}


def __getattr__(name: str) -> Any:
    if name == "autotuner":
        return importlib.import_module("cosmati.tuning")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER, "autotuner"})
