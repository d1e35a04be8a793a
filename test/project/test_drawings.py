"""The drawings of docs/layouts.md show the layouts whose bases stand above them."""

from __future__ import annotations

import ast
import re

import pytest
from tree import ROOT

Layout = dict[str, list[list[int]]]
_BASES = re.compile(r"(register|lane|offset) = (\[.*?\])(?=, (?:\w+ = |\.\.\.)|$)", re.MULTILINE)
_BLOCKS = re.findall(
    r"^```\n(.*?)^```$", (ROOT / "docs/layouts.md").read_text(encoding="utf-8"), re.M | re.S
)
_PIECE = 8  # elements of 16 bits in 16 bytes


def layout_of(block: str) -> Layout:
    return {name: ast.literal_eval(bases) for name, bases in _BASES.findall(block)}


def place(layout: Layout, **numbers: int) -> tuple[int, ...]:
    """The index at a place: the bases of its bits, combined by exclusive or."""
    at = [0, 0]
    for dim, number in numbers.items():
        for bit, basis in enumerate(layout[dim]):
            if number >> bit & 1:
                at = [x ^ y for x, y in zip(at, basis, strict=True)]
    return tuple(at)


def threads_drawn(block: str) -> list[tuple[tuple[int, int], int, int]]:
    """(row, column), lane and register of each cell."""
    cells = []
    (head,) = re.findall(r"^ +col (.*)$", block, re.MULTILINE)
    columns = [int(column) for column in re.findall(r"\d+", head)]
    for row, line in re.findall(r"^(?:row|k) (\d+) +(L.*)$", block, re.MULTILINE):
        found = re.findall(r"L(\d+):(\d+)", line)
        assert len(found) == len(columns), line
        cells += [
            ((int(row), column), int(lane), int(register))
            for column, (lane, register) in zip(columns, found, strict=True)
        ]
    return cells


DISTRIBUTED = [block for block in _BLOCKS if re.search(r"^(?:row|k) 0 +L", block, re.MULTILINE)]
SHARED = [block for block in _BLOCKS if re.search(r"^(?:offset|byte) +0 ", block, re.MULTILINE)]


def test_all_are_found() -> None:
    assert (len(DISTRIBUTED), len(SHARED)) == (4, 4)


@pytest.mark.parametrize("block", DISTRIBUTED)
def test_cells_are_where_the_bases_say(block: str) -> None:
    layout, cells = layout_of(block), threads_drawn(block)
    assert len(cells) >= 32
    for at, lane, register in cells:
        assert place(layout, lane=lane, register=register) == at


@pytest.mark.parametrize("block", SHARED)
def test_elements_lie_at_the_offsets_that_the_bases_say(block: str) -> None:
    layout = layout_of(block)
    lines = re.findall(r"^(offset|byte) +(\d+) +(\d.*)$", block, re.MULTILINE)
    assert len(lines) >= 4
    for unit, begin, line in lines:
        step = 1 if unit == "offset" else _PIECE
        first = int(begin) if unit == "offset" else int(begin) // 2
        for i, (row, column) in enumerate(re.findall(r"(\d+),(\d+)", line)):
            at = (int(row), int(column) * step)
            assert place(layout, offset=first + i * step) == at
