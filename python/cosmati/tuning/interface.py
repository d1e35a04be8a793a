"""What lies below the wrappers of a kernel: the jit function and its name."""

from __future__ import annotations

from typing import Any


def jit_function(fn: Any) -> Any:
    """The jit function below the wrappers."""
    while not getattr(fn, "__cosmati_jit__", False):
        fn = fn.fn
    return fn


def described(fn: Any) -> str:
    """Name of a wrapped function, for messages."""
    while not hasattr(fn, "__name__") and hasattr(fn, "fn"):
        fn = fn.fn
    return str(getattr(fn, "__name__", fn))
