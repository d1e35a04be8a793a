"""Compiling in the background: ``with cosmati.AsyncCompileMode(executor): kernel.warmup(...)``."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from contextvars import ContextVar, Token
from typing import Any

active_mode: ContextVar[AsyncCompileMode | None] = ContextVar("cosmati_async_mode", default=None)


class FutureKernel:
    """A kernel that is being compiled. Its attributes are those of the CompiledKernel, which they
    wait for; ``result()`` gives the kernel itself.
    """

    def __init__(self, future: Future[Any], finish: Callable[[Any], None]) -> None:
        self.future = future
        self.kernel: Any = None
        self._finish = finish
        self._lock = threading.Lock()

    def result(self, ignore_errors: bool = False) -> Any:
        """The kernel, once it is there; None for one that can't be compiled, if asked to ignore."""
        with self._lock:
            if self.kernel is None:
                try:
                    kernel = self.future.result()
                except Exception:
                    if ignore_errors:
                        return None
                    raise
                self._finish(kernel)
                self.kernel = kernel
            return self.kernel

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.result(), name)

    def __getitem__(self, grid: Any) -> Any:
        return self.result()[grid]


class AsyncCompileMode:
    """Inside of the ``with`` block, warm-ups compile in ``executor`` and give FutureKernels.

    A launch of such a kernel waits for it. The block's end waits for all; with ``ignore_errors``
    kernels that can't be compiled are left out, else the first error is raised. Launches after the
    block find the kernels.

    Parameters
    ----------
    executor : concurrent.futures.Executor
        Of threads: compilation releases the GIL where it is expensive.
    ignore_errors : bool

    Examples
    --------
    >>> with ThreadPoolExecutor(4) as executor, AsyncCompileMode(executor):  # doctest: +SKIP
    ...     for block in (64, 128, 256):
    ...         kernel.warmup("*fp32", "i32", BLOCK=block)
    """

    def __init__(self, executor: Executor, *, ignore_errors: bool = False) -> None:
        if not hasattr(executor, "submit"):
            raise TypeError(f"executor={executor!r} has no submit(); use a ThreadPoolExecutor")
        self.executor = executor
        self.ignore_errors = ignore_errors
        self.future_kernels: dict[Any, FutureKernel] = {}
        self._token: Token[AsyncCompileMode | None] | None = None

    def find(self, key: Any) -> FutureKernel | None:
        """The kernel with that key, if it was submitted here."""
        return self.future_kernels.get(key)

    def submit(
        self, key: Any, compile_fn: Callable[[], Any], finalize_fn: Callable[[Any], None]
    ) -> FutureKernel:
        """Starts ``compile_fn``; ``finalize_fn(kernel)`` runs in the thread that asks first."""
        known = self.future_kernels.get(key)
        if known is None:
            known = FutureKernel(self.executor.submit(compile_fn), finalize_fn)
            self.future_kernels[key] = known
        return known

    def __enter__(self) -> AsyncCompileMode:
        if active_mode.get() is not None:
            raise RuntimeError("an AsyncCompileMode is active already; they don't nest")
        self._token = active_mode.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._token is not None
        active_mode.reset(self._token)
        by_future = {kernel.future: kernel for kernel in self.future_kernels.values()}
        first: BaseException | None = None
        for future in as_completed(by_future):
            try:
                by_future[future].result(self.ignore_errors)
            except Exception as error:
                first = first or error
        if first is not None and exception[0] is None:
            raise first
