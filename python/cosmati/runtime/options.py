"""Compile options: those of a call, of a ``with cosmati.options(...)`` block, and the defaults."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cosmati import _core


class _Stack(threading.local):
    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []


_stack = _Stack()


def known_options() -> dict[str, tuple[str, str]]:
    """Every compile option: default (as text) and description."""
    return {name: (default, text) for name, default, text in _core.compile_options()}


def check_option(name: str) -> None:
    """TypeError, naming the known options, if there is none of that name."""
    if name not in known_options():
        raise TypeError(
            f"`{name}` is no compile option; known: {', '.join(sorted(known_options()))}"
        )


@contextmanager
def options(**values: Any) -> Iterator[None]:
    """Changes compile options for the kernels compiled inside of the ``with`` block.

    Options given at a launch win over these. The block's values belong to the cache key: kernels
    that were compiled with others are not used inside.

    Examples
    --------
    >>> with cosmati.options(print_after="all", dump_ir="/tmp/ir"):
    ...     kernel[grid](x, y)
    """
    for name in values:
        check_option(name)
    merged = {**(_stack.entries[-1] if _stack.entries else {}), **values}
    _stack.entries.append(merged)
    previous = _core.set_options_context(tuple(sorted(merged.items())))
    try:
        yield
    finally:
        _stack.entries.pop()
        _core.set_options_context(previous)


def current_options() -> dict[str, Any]:
    """What the enclosing ``with`` blocks of this thread set."""
    return dict(_stack.entries[-1]) if _stack.entries else {}


def option_texts(values: dict[str, Any]) -> dict[str, str]:
    """Options as the compiler takes them; None means the default."""
    texts = {}
    for name, value in values.items():
        if value is None:
            continue
        texts[name] = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return texts
