"""What the machine found, as objects: all accesses that conflict, with their source lines."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cosmati.errors import KernelFault, SourcePlace

Triple = tuple[int, int, int]
Chain = tuple[SourcePlace, ...]
# Operands of a `.loc` directive (file, line, column) to the source behind them.
ChainOf = Callable[[int, int, int], Chain]

_LOC = re.compile(r"^( *)\.loc file (\d+), line (\d+), column (\d+)$", re.MULTILINE)
_BYTE = re.compile(r"byte (\d+) of '([^']+)' \((\d+) bytes\)")
_MAX_SHOWN = 8


@dataclass(frozen=True)
class Access:
    """One of the accesses that a finding names.

    Attributes
    ----------
    what : str
        "write of 4 bytes", "asynchronous write (cp.async) of 16 bytes".
    program_id, thread : tuple of int
        ``%ctaid`` and ``%tid``.
    warp, lane : int
    ptx_line : int
        1-based line in the PTX text.
    instruction : str
    source : tuple of SourcePlace
        Innermost place first, then the calls that led there; empty where the PTX has no ``.loc``.
    """

    what: str
    program_id: Triple
    thread: Triple
    warp: int
    lane: int
    ptx_line: int
    instruction: str
    source: Chain = ()


@dataclass(frozen=True)
class Finding:
    """Something wrong that a launch showed.

    Attributes
    ----------
    kind : str
        "out-of-bounds", "misaligned", "race", "uninitialized", "deadlock", ...
    message : str
        The whole report, for people.
    kernel : str
        The entry's name.
    source, ptx_line, instruction, program_id, thread, warp, lane
        As those of Access: the place that showed it.
    buffer : str
        Name of the buffer concerned; empty if none is known.
    index : int
        Byte within that buffer.
    element : tuple of int or None
        The same as an index into the array that was passed, where one was.
    address : int
        Virtual address; 0 if there is none.
    occurrences : int
        How often it was found at these instructions.
    accesses : tuple of Access
    """

    kind: str
    message: str
    kernel: str
    ptx_line: int
    instruction: str
    program_id: Triple
    thread: Triple
    warp: int
    lane: int
    buffer: str
    index: int
    element: tuple[int, ...] | None
    address: int
    occurrences: int
    source: Chain = ()
    accesses: tuple[Access, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """All fields, of numbers, strings, lists and dicts alone."""
        return dataclasses.asdict(self)

    def to_json(self) -> str:
        """to_dict() as JSON text."""
        return json.dumps(self.to_dict())

    def __str__(self) -> str:
        return self.message


class CheckError(KernelFault):
    """A launch on the virtual machine found something wrong.

    Attributes
    ----------
    reports : tuple of Finding
        Everything that was found, the first first.
    """

    def __init__(self, reports: Sequence[Finding]) -> None:
        self.reports = tuple(reports)
        shown = [finding.message for finding in self.reports[:_MAX_SHOWN]]
        if len(self.reports) > _MAX_SHOWN:
            shown.append(f"and {len(self.reports) - _MAX_SHOWN} more findings; see .reports")
        super().__init__("\n\n".join(shown))

    def __reduce__(self) -> tuple[Any, ...]:
        return CheckError, (self.reports,)


class ArrayIndex:
    """Turns a byte of a buffer into an index of the array in it.

    ``offset``: of the array's first byte in the buffer, which may be larger; ``strides`` in bytes.
    """

    def __init__(
        self, offset: int, shape: Sequence[int], strides: Sequence[int], itemsize: int
    ) -> None:
        self.shape, self.strides, self.itemsize = tuple(shape), tuple(strides), itemsize
        reach = (abs(step) * (n - 1) for step, n in zip(strides, shape, strict=True))
        self.extent = sum(reach) + itemsize
        self.offset = offset

    def inside(self, size: int) -> ArrayIndex:
        """For a buffer of ``size`` bytes, which is the array alone if it has its extent."""
        alone = size == self.extent and self.offset
        return ArrayIndex(0, self.shape, self.strides, self.itemsize) if alone else self

    def element(self, byte: int) -> tuple[int, ...] | None:
        """The element that holds the byte; None if none does."""
        rest = byte - self.offset
        # From the dimension with the largest steps down; with a negative one the last index is
        # the first in memory.
        order = sorted(range(len(self.shape)), key=lambda k: -abs(self.strides[k]))
        index = [0] * len(self.shape)
        for k in order:
            step = abs(self.strides[k])
            at = min(rest // step, self.shape[k] - 1) if step and rest >= 0 else 0
            rest -= at * step
            index[k] = self.shape[k] - 1 - at if self.strides[k] < 0 else at
        return tuple(index) if 0 <= rest < self.itemsize else None


def make_findings(
    found: Sequence[dict[str, Any]],
    chain_of: ChainOf,
    block: Triple,
    arrays: dict[str, ArrayIndex],
) -> tuple[Finding, ...]:
    """Findings from their JSON form (ptxvm::toJson); ``block`` is the shape of the CTAs."""
    return tuple(_finding(item, chain_of, block, arrays) for item in found)


def _finding(
    item: dict[str, Any], chain_of: ChainOf, block: Triple, arrays: dict[str, ArrayIndex]
) -> Finding:
    x, y, z = item["tid"]
    linear = x + block[0] * (y + block[1] * z)
    array = arrays.get(item["buffer"])
    array = array.inside(item["buffer_bytes"]) if array else None
    return Finding(
        kind=item["kind"],
        message=_message(item["message"], chain_of, arrays),
        kernel=item["entry"],
        ptx_line=item["line"],
        instruction=item["instruction"],
        program_id=tuple(item["ctaid"]),
        thread=(x, y, z),
        warp=linear // 32,
        lane=linear % 32,
        buffer=item["buffer"],
        index=item["index"],
        element=array.element(item["index"]) if array else None,
        address=item["address"],
        occurrences=item["occurrences"],
        source=chain_of(*item["loc"]),
        accesses=tuple(
            Access(
                what=access["what"],
                program_id=tuple(access["ctaid"]),
                thread=tuple(access["tid"]),
                warp=access["warp"],
                lane=access["lane"],
                ptx_line=access["line"],
                instruction=access["instruction"],
                source=chain_of(*access["loc"]),
            )
            for access in item["accesses"]
        ),
    )


def _message(text: str, chain_of: ChainOf, arrays: dict[str, ArrayIndex]) -> str:
    """The machine's text with sources instead of `.loc`s, and elements beside bytes."""

    def source(match: re.Match[str]) -> str:
        chain = chain_of(int(match[2]), int(match[3]), int(match[4]))
        return "\n".join(match[1] + line for line in chain_lines(chain)) or match[0]

    def element(match: re.Match[str]) -> str:
        array = arrays.get(match[2])
        index = array.inside(int(match[3])).element(int(match[1])) if array else None
        if index is None:
            return match[0]
        return f"{match[0]}, element {match[2]}[{', '.join(map(str, index))}]"

    return _BYTE.sub(element, _LOC.sub(source, text))


def chain_lines(chain: Chain) -> list[str]:
    """ "at file.py:41:12 in sum", the line itself, "called from file.py:17:9 in softmax", ..."""
    lines = []
    lead = "at"
    for place in chain:
        lines.append(f"{lead} {place.file}:{place.line}:{place.column} in {place.function}")
        if place.text.strip():
            lines.append(f"    {place.text.strip()}")
        lead = "called from"
    return lines
