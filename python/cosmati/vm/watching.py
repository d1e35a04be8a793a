"""Checks, schedules and seeds, as they are named everywhere; and checks for kernels of the DSL."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from cosmati import _core
from cosmati.errors import CosmatiError

CHECKS = ("uninitialized", "race", "sync", "overflow", "slices")
"""What launches look for beside what they always find; "all" is all of them."""
SCHEDULES = ("in-order", "round-robin", "random", "adversarial")
ASYNC_COPIES = ("late", "early", "random")
_MAX_SEED = 2**64 - 1


@dataclass(frozen=True)
class Watch:
    """How launches are watched. ``receiver`` gets their counts, if they are to be counted."""

    check: str = "none"
    seed: int = 0
    schedule: str = ""
    async_copies: str = "late"
    receiver: Any = None

    def core(self, profile: bool = False) -> Any:
        """The same as a ``_core.VmWatch``."""
        return _core.VmWatch(
            checks=self.check,
            seed=self.seed,
            schedule=self.schedule,
            async_copies=self.async_copies,
            profile=profile or self.receiver is not None,
            receiver=self.receiver,
        )


def make_watch(
    check: str | Iterable[str] | None = None,
    seed: int | None = None,
    schedule: str | None = None,
    async_copies: str = "late",
) -> Watch:
    """TypeError or ValueError says what is wrong with one of these."""
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise TypeError(f"seed={seed!r}: a seed is an integer from 0 to {_MAX_SEED}")
    if seed is not None and not 0 <= seed <= _MAX_SEED:
        raise ValueError(f"seed={seed}: a seed is an integer from 0 to {_MAX_SEED}")
    _one_of("schedule", schedule, SCHEDULES)
    _one_of("async_copies", async_copies, ASYNC_COPIES)
    return Watch(check_names(check), seed or 0, schedule or "", async_copies)


class _Current(threading.local):
    """This thread's; None: as the device was made."""

    watch: Watch | None = None


_current = _Current()
_of_device = Watch()


def set_watch_of_device(watch: Watch) -> None:
    """What launches follow where nothing else is said."""
    global _of_device
    _of_device = watch


def check_names(check: str | Iterable[str] | None) -> str:
    """The checks as one text: "race,sync"."""
    if check is None:
        return "none"
    names = check.split(",") if isinstance(check, str) else list(check)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"check: {name!r} is no name; use {', '.join(CHECKS)}, or 'all'")
        if name not in (*CHECKS, "all", "none"):
            raise ValueError(
                f"check: there is no check {name!r}; use {', '.join(CHECKS)}, or 'all'"
            )
    return ",".join(names) or "none"


def _one_of(what: str, value: Any, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise ValueError(f"{what}={value!r}: use one of {', '.join(known)}")


@contextmanager
def checking(
    check: str | Iterable[str] | None = "all",
    *,
    seed: int | None = None,
    schedule: str | None = None,
    async_copies: str = "late",
) -> Iterator[None]:
    """Checks the kernels that this thread launches inside of the ``with`` block.

    Needs the virtual machine as the device. What is found raises CheckError at the launch.

    Parameters
    ----------
    check : str, or iterable of str
        "all" or names from CHECKS. Bounds, alignment and deadlock are looked for in any case.
    seed : int, optional
        Of the schedule; a finding names it, and the same seed repeats it.
    schedule : str, optional
        One of SCHEDULES; by default "random" with a seed, else "in-order".
    async_copies : {"late", "early", "random"}
        When the data of asynchronous copies moves.

    Examples
    --------
    >>> with cosmati.vm.checking("race", seed=3):  # doctest: +SKIP
    ...     kernel[grid](x, y)
    """
    with watching(make_watch(check, seed, schedule, async_copies)):
        yield


@contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """Makes this thread's launches follow ``watch``; counts go on to an enclosing receiver."""
    from cosmati.runtime.device import get_device

    device = get_device()
    if device.kind != "vm":
        raise CosmatiError(
            f"checks and profiles need the virtual machine, but kernels run on {device!r}; choose "
            'it with cosmati.set_device("vm") or COSMATI_DEVICE=vm'
        )
    outer = _current.watch
    if watch.receiver is None and outer is not None:
        watch = replace(watch, receiver=outer.receiver)
    previous = _core.watch_launches(watch.core())
    _current.watch = watch
    try:
        yield
    finally:
        _current.watch = outer
        _core.watch_launches(previous)


@contextmanager
def counting(receiver: Any) -> Iterator[None]:
    """Sends the counts of this thread's launches to ``receiver``; checks stay as they are."""
    with watching(replace(_current.watch or _of_device, receiver=receiver)):
        yield


class CheckedKernel:
    """``kernel.check(...)``: launches of a kernel that are checked."""

    def __init__(self, kernel: Any, watch: Watch) -> None:
        self.kernel, self.watch = kernel, watch

    def __getitem__(self, grid: Any) -> Any:
        def run(*args: Any, **kwargs: Any) -> Any:
            with watching(self.watch):
                return self.kernel[grid](*args, **kwargs)

        return run

    def __repr__(self) -> str:
        return f"{self.kernel!r}.check(...)"
