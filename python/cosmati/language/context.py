"""The kernel that is being generated in this thread, and the mark of functions it may call."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

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


_HIDDEN = ("_semantic", "_generator")


def builtin(fn: F) -> F:
    """Marks a Python function that kernels may call; it emits operations.

    Every such function takes the hidden keywords ``_semantic`` and ``_generator``, which libraries
    pass through. A function that declares them itself gets the generator of the module.

    Examples
    --------
    >>> tl.core.is_builtin(tl.arange)
    True
    """
    code = getattr(fn, "__code__", None)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
    wanted = tuple(name for name in _HIDDEN if name in names)

    if wanted:

        @functools.wraps(fn)
        def call(*args: Any, **kwargs: Any) -> Any:
            for name in _HIDDEN:
                if name in wanted:
                    if kwargs.get(name) is None:
                        kwargs[name] = generator()
                else:
                    kwargs.pop(name, None)
            return fn(*args, **kwargs)

    else:

        @functools.wraps(fn)
        def call(*args: Any, _semantic: Any = None, _generator: Any = None, **kwargs: Any) -> Any:
            return fn(*args, **kwargs)

    call.__cosmati_builtin__ = True  # type: ignore[attr-defined]
    return cast(F, call)


def extern(fn: F) -> F:
    """Same as builtin(), for functions that call an external library.

    Examples
    --------
    >>> tl.core.is_builtin(tl.core.extern(lambda x: x))
    True
    """
    return builtin(fn)


def is_builtin(fn: object) -> bool:
    """Whether kernels may call ``fn`` as a function of the language.

    Examples
    --------
    >>> tl.core.is_builtin(tl.arange), tl.core.is_builtin(len)
    (True, False)
    """
    return getattr(fn, "__cosmati_builtin__", False) is True


@overload
def must_use_result(x: str, s: Any = True) -> Callable[[F], F]: ...
@overload
def must_use_result(x: F, s: Any = True) -> F: ...
def must_use_result(x: Any, s: Any = True) -> Any:
    """Makes calls whose result is dropped an error: a function without side effects.

    ``@must_use_result`` or ``@must_use_result("advice")``; the advice follows "The result of f is
    not being used."

    Examples
    --------
    >>> @cosmati.must_use_result
    ... @cosmati.jit
    ... def next_block(ptr, SIZE: tl.constexpr):
    ...     return ptr + SIZE
    """
    if isinstance(x, str):
        return lambda fn: must_use_result(fn, x)
    x._must_use_result = s
    return x
