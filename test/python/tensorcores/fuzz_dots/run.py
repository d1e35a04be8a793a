"""Runs a program under all checkers and schedules; makes a failing one small."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cosmati import vm
from fuzzing import reducer
from fuzzing.program import Program
from fuzzing.runner import Mismatch, check
from tensorcore_support import SCHEDULES


class TooLarge(Exception):
    """The program needs more shared memory than there is: no failure."""


def check_dots(program: Program) -> None:
    """Failure if the kernel and NumPy disagree or a checker finds something; TooLarge."""
    for schedule in SCHEDULES[:2]:
        try:
            with vm.checking("all", **schedule):
                check(program)
        except Mismatch as error:
            if "OutOfResources" in str(error):
                raise TooLarge(str(error)) from None
            raise Failure(program, schedule, str(error)) from None


class Failure(Exception):
    """What differs, and the schedule that shows it."""

    def __init__(self, program: Program, schedule: dict[str, Any], text: str) -> None:
        super().__init__(text)
        self.program, self.schedule = program, schedule

    def reduced(self) -> str:
        """The smallest program found that fails in the same way, with its arguments."""
        with vm.checking("all", **self.schedule):
            small = reducer.reduce(self.program)
            for simpler in _simpler_options(small):
                if reducer.failure(simpler) == reducer.failure(small):
                    small = simpler
        return f"# launched with checking({self.schedule})\n" + reducer.describe(small)


def _simpler_options(program: Program) -> Iterator[Program]:
    for name, value in (("num_stages", 1), ("num_stages", 2), ("target", "sm_80")):
        if program.options.get(name) != value:
            twin = program.clone()
            twin.options[name] = value
            yield twin
