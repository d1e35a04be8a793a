"""Mutants of a PTX text: each lacks one barrier, fence, wait or mask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Statements whose loss a checker or a wrong result has to show.
_ORDERING = re.compile(
    r"^(bar|barrier|bar\.warp|fence|membar|cp\.async\.(wait|commit)_\w+|cp\.async\.bulk\.(wait|commit)_\w+"
    r"|cp\.async\.mbarrier|mbarrier|wgmma\.(fence|commit|wait))\b"
)
_MASKED = re.compile(r"^@!?%\w+\s+((ld|st|atom|red|cp)\b.*)$")
# A copy of which the last operand says how many bytes it reads: the rest is filled with zeros.
_ZERO_FILLED = re.compile(r"^(cp\.async\.c[ag]\.\S+)(\s.*),\s*%\w+;$")
_LOC = re.compile(r"^\.loc\s+\d+\s+\d+\s+(\d+)")


@dataclass(frozen=True)
class Mutant:
    """``line``: of the original text, from 1. ``what``: "delete bar.sync", "unmask ld.global.b32"
    and the like. ``loc``: column of the ``.loc`` in force, 0 without one."""

    line: int
    what: str
    loc: int
    ptx: str


def mutants(ptx: str) -> Iterator[Mutant]:
    """All mutants of a text, in order of their lines."""
    lines = ptx.split("\n")
    loc = 0
    for index, text in enumerate(lines):
        statement = text.strip()
        if directive := _LOC.match(statement):
            loc = int(directive.group(1))
        masked = _MASKED.match(statement)
        bare = re.sub(r"^@!?%\w+\s+", "", statement)
        if _ORDERING.match(bare):
            yield _replaced(lines, index, "", f"delete {bare.split()[0]}", loc)
        if filled := _ZERO_FILLED.match(statement):
            whole = f"{filled.group(1)}{filled.group(2)};"
            yield _replaced(lines, index, whole, f"unmask {filled.group(1)}", loc)
        if masked:
            yield _replaced(
                lines, index, masked.group(1), f"unmask {masked.group(1).split()[0]}", loc
            )


def _replaced(lines: list[str], index: int, text: str, what: str, loc: int) -> Mutant:
    changed = [*lines[:index], text, *lines[index + 1 :]]
    return Mutant(index + 1, what.rstrip(";"), loc, "\n".join(changed))
