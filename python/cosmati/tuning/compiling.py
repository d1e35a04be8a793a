"""Compiles the configurations of a tuning run side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cosmati import errors
from cosmati.runtime.options import current_options, options
from cosmati.tuning.config import Config

_MOST_THREADS = 16


def tolerated() -> tuple[type[BaseException], ...]:
    """Errors that rule a configuration out, not the kernel."""
    return (
        errors.OutOfResources,
        errors.CompilationError,
        errors.CompilerFailure,
        *(kind for name in ("PTXASError",) if (kind := getattr(errors, name, None))),
    )


@dataclass(frozen=True)
class Compiled:
    """A configuration's kernel, or why it has none."""

    kernel: Any = None
    error: BaseException | None = None


def reason_of(error: BaseException) -> str:
    """One line: the kind of error, and its first line. Asks for no advice, which costs time."""
    text = error.text if isinstance(error, errors.OutOfResources) else str(error)
    first = text.strip().partition("\n")[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def threads_for(count: int) -> int:
    """Threads that compile ``count`` configurations: COSMATI_COMPILE_THREADS, else the cores."""
    text = os.environ.get("COSMATI_COMPILE_THREADS", "")
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    wanted = int(text) if text.isdigit() and int(text) else min(cores, _MOST_THREADS)
    return max(min(wanted, count), 1)


def compile_all(
    configs: Sequence[Config],
    compile_one: Callable[[Config], Any],
    report: Callable[[Config], None],
) -> dict[Config, Compiled]:
    """The kernels of all configurations, each compiled once.

    Compiling releases the interpreter's lock, so threads do it side by side. The options of the
    caller's ``with cosmati.options(...)`` hold in them. Errors that don't rule out a single
    configuration (see tolerated()) end the run.
    """
    inherited = current_options()
    ruled_out: tuple[type[BaseException], ...] = (*tolerated(), ValueError)  # no such option

    def attempt(config: Config) -> Compiled:
        try:
            with options(**inherited):
                return Compiled(compile_one(config))
        except ruled_out as error:
            return Compiled(error=error)

    threads = threads_for(len(configs))
    if threads == 1:
        results = {}
        for config in configs:
            results[config] = attempt(config)
            report(config)
        return results
    from concurrent.futures import ThreadPoolExecutor, as_completed

    executor = ThreadPoolExecutor(threads, thread_name_prefix="cosmati-compile")
    try:
        futures = {executor.submit(attempt, config): config for config in configs}
        results = {}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            report(futures[future])
        return {config: results[config] for config in configs}
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def explain_failures(kernel: str, results: dict[Config, Compiled]) -> str:
    """Text for a kernel none of whose configurations can be used: each reason, and who has it."""
    by_reason: dict[str, list[Config]] = {}
    for config, result in results.items():
        assert result.error is not None
        by_reason.setdefault(reason_of(result.error), []).append(config)
    count = len(results)
    lines = [f"none of the {count} configurations of {kernel} can be used:"]
    for reason, configs in by_reason.items():
        lines.append(f"  {reason}")
        lines += [f"    with {config}" for config in configs]
    short = [
        result.error
        for result in results.values()
        if isinstance(result.error, errors.OutOfResources)
    ]
    if short:
        nearest = min(short, key=lambda error: error.required / max(error.limit, 1))
        if nearest.advice:
            lines.append(nearest.advice)
    return "\n".join(lines)
