"""The kernel that is being generated in this thread, and the mark of functions it may call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from cosmati.frontend.module import ModuleGenerator

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    generator: ModuleGenerator | None = None


_state = _State()


def generator() -> ModuleGenerator:
    """The module generator of this thread.

    Raises RuntimeError outside of a kernel: language functions make code, they compute nothing.
    """
    current = _state.generator
    if current is None:
        raise RuntimeError(
            "functions of cosmati.language can only be called inside a @cosmati.jit function"
        )
    return current


def builder() -> Any:
    """The ``_core.Builder`` that receives operations in this thread."""
    return generator().builder


@contextmanager
def generating(new: ModuleGenerator) -> Iterator[None]:
    """Makes ``new`` the current generator for the block's duration."""
    previous, _state.generator = _state.generator, new
    try:
        yield
    finally:
        _state.generator = previous


def builtin(function: F) -> F:
    """Marks a Python function that kernels may call; it emits operations."""
    function.__cosmati_builtin__ = True  # type: ignore[attr-defined]
    return function


def is_builtin(thing: object) -> bool:
    return getattr(thing, "__cosmati_builtin__", False) is True
