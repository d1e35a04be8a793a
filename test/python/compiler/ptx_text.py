"""Reads PTX text as far as tests need: instructions with the line directive in force."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Instruction:
    number: int  # line of the PTX text, from 1
    opcode: str  # "ld.global.v4.b32"
    text: str
    line: int  # of the source, 0 where none is in force
    chain: int

    @property
    def family(self) -> str:
        return self.opcode.partition(".")[0]

    @property
    def needs_a_line(self) -> bool:
        """Memory accesses, barriers, atomics, traps and calls: what can fault or wait."""
        return self.family in {
            "ld", "st", "atom", "red", "bar", "barrier", "trap", "call", "prefetch", "cp", "exit",
        }  # fmt: skip


_LOC = re.compile(r"\.loc\s+(\d+)\s+(\d+)\s+(\d+)")
_INSTRUCTION = re.compile(r"(?:@!?%p\d+\s+)?([a-z][\w.:]*)\b")


def instructions(ptx: str) -> Iterator[Instruction]:
    """The instructions of the kernel in order."""
    line = chain = 0
    inside = False
    for number, raw in enumerate(ptx.splitlines(), 1):
        text = raw.partition("//")[0].strip()
        if text == "{" and not inside:
            inside = True
        if not inside:
            continue
        if text.startswith(".section"):
            return
        found = _LOC.match(text)
        if found:
            line, chain = int(found[2]), int(found[3])
            continue
        opcode = _INSTRUCTION.match(text)
        if opcode and not text.endswith(":"):
            yield Instruction(number, opcode[1], text, line, chain)


def count(ptx: str, pattern: str) -> int:
    """Instructions whose opcode the pattern matches from its beginning."""
    return sum(re.match(pattern, one.opcode) is not None for one in instructions(ptx))
