"""Runs the mutants of shipped kernels and says which ones nothing catches.

python test/mutation/survive.py [CASE...]     prints the survivors with their surroundings
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from cases import CASES, launches_of
from cosmati import vm
from mutants import Mutant, mutants

from bench.record import Launch

# Every mutant runs under these, until one of them shows something.
SCHEDULES = ("in-order", "adversarial")
MAX_INSTRUCTIONS = 2_000_000  # of a CTA; a mutant that doesn't end is caught, too


@dataclass(frozen=True)
class Outcome:
    """``source``: the kernel's line. ``caught``: by what, or "" for a survivor."""

    kernel: str
    mutant: Mutant
    source: str
    caught: str


def outcomes(case: str) -> Iterator[Outcome]:
    """What becomes of each mutant of the case's kernels."""
    launches = launches_of(case)
    for first in {launch.ptx: launch for launch in launches}.values():
        module = vm.Module(first.ptx)
        fitting = [launch for launch in launches if first.accepts(launch)]
        wanted = [run(module, first, launch, SCHEDULES[0]) for launch in fitting]
        for mutant in mutants(first.ptx):
            source = first.sources[mutant.loc - 1] if mutant.loc else ""
            yield Outcome(first.kernel, mutant, source, _caught(mutant, first, fitting, wanted))


def run(module: vm.Module, first: Launch, launch: Launch, schedule: str) -> list[bytes]:
    """One launch with all checkers, of the text that ``first`` was compiled to; the bytes of its
    arrays afterwards."""
    args = launch.fresh_args(first.params)
    module.launch(
        first.entry,
        grid=launch.grid,
        block=launch.block,
        args=args,
        shared=first.shared,
        check="all",
        schedule=schedule,
        seed=1,
        max_instructions=MAX_INSTRUCTIONS,
    )
    return [value.tobytes() for value in args if isinstance(value, np.ndarray)]


def _caught(
    mutant: Mutant, first: Launch, launches: list[Launch], wanted: list[list[bytes]]
) -> str:
    module = vm.Module(mutant.ptx)
    for schedule in SCHEDULES:
        for launch, right in zip(launches, wanted, strict=True):
            try:
                if run(module, first, launch, schedule) != right:
                    return "wrong result"
            except vm.CheckError as error:
                return error.reports[0].kind
    return ""


def main(cases: list[str]) -> int:
    """Prints the survivors; the number of them is the exit status."""
    survivors = 0
    for case in cases or CASES:
        counts: dict[str, int] = {}
        for outcome in outcomes(case):
            counts[outcome.caught or "survived"] = counts.get(outcome.caught or "survived", 0) + 1
            if not outcome.caught:
                survivors += 1
                line, what = outcome.mutant.line, outcome.mutant.what
                print(f"{case}: {outcome.kernel}: line {line}: {what}: {outcome.source}")
        print(f"{case}: {counts}")
    return min(survivors, 100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
