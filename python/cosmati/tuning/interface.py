"""What lies below the wrappers of a kernel: the jit function, its name, its arguments."""

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


def meta_arguments(fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """All arguments of a launch by name, with what heuristics below add, and the defaults."""
    filled = dict(kwargs)
    while not getattr(fn, "__cosmati_jit__", False):
        fill = getattr(fn, "filled", None)
        if fill is not None:
            filled = fill(args, filled)
        fn = fn.fn
    defaults = {item.name: item.default for item in fn.params if item.has_default}
    return {**defaults, **dict(zip(fn.arg_names, args, strict=False)), **filled}
