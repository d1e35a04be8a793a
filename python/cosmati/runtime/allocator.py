"""``cosmati.set_allocator``: memory that kernels ask for at a launch.

No kernel of this compiler asks for any: scratch lies in shared memory and registers, and tensor
descriptors are made by the host or passed as parameters. Allocators are kept, and checked, so that
programs which set one for Triton run as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Allocator = Callable[[int, int, "int | None"], Any]


class NullAllocator:
    """The allocator until one is set: asking it for memory is an error."""

    def __call__(self, size: int, alignment: int, stream: int | None) -> Any:
        raise RuntimeError(
            f"a kernel asks for {size} bytes of global memory at its launch, but no allocator was "
            "set: call cosmati.set_allocator(fn), where fn(size, alignment, stream) gives a tensor"
        )


_none = NullAllocator()
_allocator: ContextVar[Allocator] = ContextVar("cosmati_allocator", default=_none)
_profile_allocator: Allocator = _none


def _checked(allocator: Any) -> Allocator:
    if not callable(allocator):
        raise TypeError(
            f"an allocator is a function (size, alignment, stream) -> tensor, not {allocator!r}"
        )
    return allocator  # type: ignore[no-any-return]


def set_allocator(allocator: Allocator | None) -> None:
    """Names the function that gives kernels global scratch memory; None: there is none.

    Parameters
    ----------
    allocator : function
        ``allocator(size, alignment, stream)`` gives an object with ``data_ptr()``, of ``size``
        bytes.

    Notes
    -----
    It is kept for the current context (thread or task), but never called: kernels of this compiler
    need no such memory.

    Raises
    ------
    TypeError
        If it can't be called.

    Examples
    --------
    >>> import numpy as np
    >>> set_allocator(lambda size, alignment, stream: np.empty(size, np.int8))
    >>> set_allocator(None)
    """
    _allocator.set(_none if allocator is None else _checked(allocator))


def get_allocator() -> Allocator:
    """The allocator of this context."""
    return _allocator.get()


def set_profile_allocator(allocator: Allocator | None) -> None:
    """The same for memory of profilers that instrument kernels; never called, either.

    Examples
    --------
    >>> set_profile_allocator(None)
    """
    global _profile_allocator
    _profile_allocator = _none if allocator is None else _checked(allocator)


def has_profile_allocator() -> bool:
    return _profile_allocator is not _none
