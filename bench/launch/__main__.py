"""What a call of a compiled kernel costs, against the budgets.

    python -m bench.launch [--runs N] [--json FILE]

Warm launches with 19 arguments on a device that does nothing (the grid is a tuple), and launches
that miss the memory cache and hit the disk, without the front end.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati import _core

from bench.harness import Row, finish, milliseconds, parser, row

LAUNCHES = 20_000
WARM_BUDGET_US = 5.0
DISK_BUDGET_MS = 10.0


@cosmati.jit
def many_arguments(
    p0, p1, p2, p3, p4, p5, p6, p7, i0, i1, i2, i3, i4, i5, i6, i7, f0, f1, f2
):  # fmt: skip
    """Eight arrays, eight integers, three floats: 19 arguments, each of them used."""
    cell = tl.program_id(0) * i0 + i1 + i2 + i3 + i4 + i5 + i6 + i7
    total = tl.load(p0 + cell) + tl.load(p1 + cell) + tl.load(p2 + cell) + tl.load(p3 + cell)
    total += tl.load(p4 + cell) + tl.load(p5 + cell) + tl.load(p6 + cell)
    tl.store(p7 + cell, total * f0 + f1 * f2)


def call_arguments() -> tuple[object, ...]:
    arrays = tuple(np.zeros(1024, np.float32) for _ in range(8))
    return (*arrays, 3, 5, 16, 7, 32, 9, 11, 13, 0.5, 1.5, 2.5)


def warm(runs: int) -> Row:
    """Microseconds of a launch whose variant is known."""
    arguments = call_arguments()
    many_arguments[(8,)](*arguments)
    values = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        for _ in range(LAUNCHES):
            many_arguments[(8,)](*arguments)
        values.append((time.perf_counter_ns() - start) / LAUNCHES / 1e3)
    return row("warm launch, 19 arguments", values, "us", WARM_BUDGET_US)


def empty_loop(runs: int) -> Row:
    """The same loop around a Python function of 19 arguments, for comparison."""
    arguments = call_arguments()

    def nothing(*given: object) -> None:
        return None

    values = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        for _ in range(LAUNCHES):
            nothing(*arguments)
        values.append((time.perf_counter_ns() - start) / LAUNCHES / 1e3)
    return row("a Python function of 19 arguments", values, "us")


def disk(runs: int) -> Row:
    """Milliseconds of a call that finds its image on disk."""
    from cosmati.runtime.session import session

    arguments = call_arguments()
    many_arguments[(8,)](*arguments)
    values = []
    for _ in range(runs):
        session().clear_memory()
        many_arguments.clear()
        origins = []
        values.append(
            milliseconds(lambda: origins.append(many_arguments[(8,)](*arguments).origin))  # noqa: B023
        )
        if origins != ["disk"]:
            sys.exit(f"expected an image from disk, got one from {origins[0]}")
    return row("memory-cache miss, disk hit", values, "ms", DISK_BUDGET_MS)


def main() -> int:
    arguments = parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="cosmati-bench-") as folder:
        os.environ["COSMATI_CACHE_DIR"] = folder
        _core.set_default_device(_core.null_device(), explicit=True)
        rows = [warm(arguments.runs), empty_loop(arguments.runs), disk(arguments.runs)]
        return finish(rows, arguments.json)


if __name__ == "__main__":
    sys.exit(main())
