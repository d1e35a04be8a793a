"""Targets, under Triton's names. There is one back end: NVIDIA GPUs through PTX."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "backends":
        from cosmati.backends.compiler import Backend, CudaBackend
        from cosmati.backends.driver import Driver

        return {"nvidia": Backend(CudaBackend, Driver)}
    if name in ("BaseBackend", "GPUTarget"):
        from cosmati.backends import compiler

        return getattr(compiler, name)
    if name in ("DriverBase", "GPUDriver"):
        from cosmati.backends import driver

        return getattr(driver, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
