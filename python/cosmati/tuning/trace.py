"""How often each block of a kernel runs, found by following one thread's branches.

Only what the branches depend on is computed: the parameters that are integers, the program's
position in the grid, and arithmetic on them. Where a branch hangs on something else (data in
memory), a branch forward is taken not to happen, and a loop to run ASSUMED_TRIPS times; the result
says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cosmati.tuning.ptx import Instruction, Listing
from cosmati.tuning.scalars import Value, compute

ASSUMED_TRIPS = 8
_MOST_STEPS = 50_000
_REGISTER = re.compile(r"%[a-zA-Z]+\d+")
_NUMBER = re.compile(r"^-?(0[xX][0-9a-fA-F]+|\d+)U?$")
_PARAMETER = re.compile(r"_param_(\d+)")


@dataclass
class Trace:
    """``counts``: executions of each block. ``assumed``: a branch hung on unknown data."""

    counts: list[int]
    assumed: bool = False


def _destinations(one: Instruction) -> list[str]:
    if not one.operands or one.parts[0] in ("st", "bra", "bar", "ret"):
        return []
    return _REGISTER.findall(one.operands[0])


def branch_slice(listing: Listing) -> list[list[Instruction]]:
    """For each block, the instructions that some branch depends on, and its branch."""
    needed = {
        one.guard
        for block in listing.blocks
        for one in block.body
        if one.guard and one.parts[0] in ("bra", "ret", "exit")
    }
    writers: dict[str, list[Instruction]] = {}
    for block in listing.blocks:
        for one in block.body:
            for name in _destinations(one):
                writers.setdefault(name, []).append(one)
    todo, kept = list(needed), set()
    while todo:
        for one in writers.get(todo.pop(), ()):
            if id(one) in kept:
                continue
            kept.add(id(one))
            sources = [one.guard] if one.guard else []
            if one.parts[0] != "ld":
                sources += [n for text in one.operands[1:] for n in _REGISTER.findall(text)]
            fresh = [name for name in sources if name not in needed]
            needed.update(fresh)
            todo += fresh
    jumps = ("bra", "ret", "exit", "trap")
    return [
        [one for one in block.body if id(one) in kept or one.parts[0] in jumps]
        for block in listing.blocks
    ]


class Follower:
    """Runs the slice of one thread; ``special``: values of "%ctaid.x" and the like."""

    def __init__(
        self, listing: Listing, parameters: Mapping[int, int], special: Mapping[str, int]
    ) -> None:
        self.listing = listing
        self.slices = branch_slice(listing)
        self.parameters, self.special = parameters, special
        self.registers: dict[str, Value] = {}
        self.visits: dict[int, int] = {}
        self.trace = Trace([0] * len(listing.blocks))

    def run(self) -> Trace:
        at, steps = 0, 0
        while at < len(self.slices):
            self.trace.counts[at] += 1
            steps += 1
            if steps > _MOST_STEPS:
                self.trace.assumed = True
                break
            following = self._block(at)
            if following is None:
                break
            at = following
        return self.trace

    def _block(self, at: int) -> int | None:
        """Runs a block; gives the next one, None at the end of the thread."""
        for one in self.slices[at]:
            kind = one.parts[0]
            if kind == "bra":
                target = self.listing.labels.get(one.operands[-1], len(self.slices))
                if self._holds(one, at, backward=target <= at):
                    return target
            elif kind in ("ret", "exit", "trap"):
                if self._holds(one, at, backward=False):
                    return None
            else:
                self._execute(one)
        return at + 1

    def _holds(self, one: Instruction, at: int, backward: bool) -> bool:
        if not one.guard:
            return True
        value = self.registers.get(one.guard)
        if value is not None:
            return bool(value & 1) != one.negated
        self.trace.assumed = True
        if not backward:
            return False
        self.visits[at] = self.visits.get(at, 0) + 1
        return self.visits[at] % ASSUMED_TRIPS != 0

    def _execute(self, one: Instruction) -> None:
        result: Value = None
        if one.parts[0] == "ld":
            found = _PARAMETER.search(one.operands[1]) if "param" in one.parts else None
            result = self.parameters.get(int(found[1])) if found else None
        elif one.parts[0] in ("and", "or") and "pred" in one.parts:
            result = self._logic(one)
        else:
            result = compute(one.parts, [self._read(text) for text in one.operands[1:]])
        if one.guard:
            guard = self.registers.get(one.guard)
            if guard is not None and bool(guard & 1) == one.negated:
                return
            if guard is None:
                result = None
        names = _destinations(one)
        for name in names:
            self.registers[name] = result if len(names) == 1 else None

    def _logic(self, one: Instruction) -> Value:
        """Of predicates: one side may decide without the other."""
        given = [self._read(text) for text in one.operands[1:]]
        decides = 0 if one.parts[0] == "and" else 1
        if decides in given:
            return decides
        return None if None in given else 1 - decides

    def _read(self, text: str) -> Value:
        if text in self.special:
            return self.special[text]
        if _NUMBER.match(text):
            return int(text.rstrip("U"), 0)
        return self.registers.get(text)
