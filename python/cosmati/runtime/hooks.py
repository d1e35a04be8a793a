"""What programs ask to be told about: launches, loading, compilation. Set in ``cosmati.knobs``.

A launch asks for hooks with one comparison of a pointer: without hooks it costs nothing more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from cosmati import _core, knobs
from cosmati.settings import HookChain as HookChain


class LazyDict:
    """A dict, parts of which are made when it is first read: metadata that few launches need."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.extras: list[tuple[Callable[..., dict[str, Any]], tuple[Any, ...]]] = []

    def get(self) -> dict[str, Any]:
        for make, args in self.extras:
            self.data = {**self.data, **make(*args)}
        self.extras.clear()
        return self.data

    def add(self, func: Callable[..., dict[str, Any]], args: tuple[Any, ...]) -> None:
        """``func(*args)`` gives more entries, once somebody reads the dict."""
        self.extras.append((func, args))


class FunctionInfo(NamedTuple):
    """What hooks of compilation are told about the function."""

    module: Any
    name: str
    jit_function: Any


def metadata_of(compiled: Any, grid: tuple[int, int, int], stream: int,
                arguments: dict[str, Any]) -> LazyDict:  # fmt: skip
    """What a launch's hooks are given."""
    lazy = LazyDict({"name": compiled.name, "function": compiled.function, "stream": stream})
    make = getattr(compiled.src, "launch_metadata", None)
    if make is None:
        make = getattr(getattr(compiled.src, "fn", None), "launch_metadata", None)
    if make is not None:
        lazy.add(make, (grid, compiled.metadata, arguments))
    return lazy


def _before(compiled: Any, grid: tuple[int, int, int], stream: int, arguments: Any) -> LazyDict:
    lazy = metadata_of(compiled, grid, stream, arguments)
    enter = knobs.runtime.launch_enter_hook
    if enter:
        enter(lazy)
    return lazy


def _after(lazy: LazyDict) -> None:
    leave = knobs.runtime.launch_exit_hook
    if leave:
        leave(lazy)


def observed(compiled: Any, grid: tuple[int, int, int], stream: int, arguments: Any,
             launch: Callable[[], None]) -> None:  # fmt: skip
    """A launch that does not go through a jit function, with its hooks."""
    if not (knobs.runtime.launch_enter_hook or knobs.runtime.launch_exit_hook):
        launch()
        return
    lazy = _before(compiled, grid, stream, arguments)
    launch()
    _after(lazy)


def watch_launches() -> None:
    """Makes launches call the hooks if there are any."""
    wanted = bool(knobs.runtime.launch_enter_hook or knobs.runtime.launch_exit_hook)
    _core.set_launch_observer((_before, _after) if wanted else None)


knobs.followers["launches"] = watch_launches
