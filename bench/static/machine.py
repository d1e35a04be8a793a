"""What the virtual machine counts in the main loop: sectors, bank conflicts, matrix operations.

The machine counts the bytes of asynchronous copies, not their sectors and conflicts. So the text
that is counted has, for each cp.async, a load and a store of the same lanes, addresses and widths,
in the same place: they move the same sectors and meet the same banks, only at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from cosmati.vm import Counts, Module, Report

from bench.static.cases import Call
from bench.static.listing import Instruction, Loop, innermost, read_ptx

_COPY = re.compile(
    r"(?P<guard>@!?%\w+\s+)?cp\.async\.c[ag]\.shared(::cta)?\.global(\.L2::\w+)*\s*"
    r"\[(?P<to>[^\]]*)\]\s*,\s*\[(?P<of>[^\]]*)\]\s*,\s*(?P<bytes>0x[0-9a-fA-F]+|\d+)"
    r"(\s*,\s*(?P<read>%\w+|\d+))?\s*;"
)
_WIDTHS = {4: ("b32", ""), 8: ("v2.b32", "2"), 16: ("v4.b32", "4")}


@dataclass(frozen=True)
class Traffic:
    """Counts of some instructions of the main loop, over the whole launch."""

    requests: int
    sectors: int
    ideal_sectors: int
    bytes: int
    passes: int
    conflicts: int


@dataclass(frozen=True)
class Measured:
    """What a launch did in its main loop, and altogether.

    ``loop``: the loop with matrix instructions that ran most often; None without one.
    ``copies``: cp.async. ``loads``: other reads of global memory. ``steps``: how often a warp went
    through the loop. ``tensor_ops``: of the whole launch. ``error``: of its result.
    """

    loop: Loop | None
    copies: Traffic
    loads: Traffic
    reads: Traffic
    writes: Traffic
    steps: int
    tensor_ops: int
    error: float


def with_counted_copies(ptx: str) -> str:
    """The text with a load and a store in place of each cp.async; its lines stay where they are."""

    def replace(found: re.Match[str]) -> str:
        count = int(found["bytes"], 0)
        width, extent = _WIDTHS[count]
        names = [f"%copied{index}" for index in range(count // 4)]
        values = f"{{{', '.join(names)}}}" if extent else names[0]
        read = found["read"] or str(count)
        zero = " ".join(f"mov.b32 {name}, 0;" for name in names)
        skip = "setp.ne.b32 %copies, %wanted, 0;"
        guard = found["guard"] or ""
        # The guard lies outside of the scope, whose names it does not share.
        load = f"@%copies ld.global.{width} {values}, [{found['of']}];"
        store = f"{guard}st.shared.{width} [{found['to']}], {values};"
        wanted = f"mov.b32 %wanted, {read};"
        if guard:
            wanted = f"mov.b32 %wanted, 0; {guard}mov.b32 %wanted, {read};"
        declare = f".reg .b32 %copied<{count // 4}>; .reg .b32 %wanted; .reg .pred %copies;"
        return f"{{ {declare} {zero} {wanted} {skip} {load} {store} }}"

    return _COPY.sub(replace, ptx)


def is_matrix(one: Instruction) -> bool:
    return one.opcode.startswith(("mma.", "wgmma.mma_async"))


def is_multiply_add(one: Instruction) -> bool:
    return one.opcode.startswith(("fma.rn.f32", "fma.rn.f16x2", "mad.lo.s32", "dp4a"))


def main_loops(ptx: str) -> list[Loop]:
    """Innermost loops with matrix instructions; without any, those with multiply-adds."""
    listing = read_ptx(ptx)
    return innermost(listing, is_matrix) or innermost(listing, is_multiply_add)


def measure(ptx: str, call: Call, shared: int) -> Measured:
    """Runs the kernel on the virtual machine, with every instruction counted."""
    text = with_counted_copies(ptx)
    module = Module(text, "counted")
    (entry,) = module.entries
    call.out[...] = np.zeros((), call.out.dtype)
    declared = module.entries[entry].params
    arguments = [_plain(value) for value in call.passed()]
    # Other compilers add pointers to scratch memory, which these kernels don't use.
    arguments += [None] * (len(declared) - len(arguments))
    report = module.launch(
        entry, grid=call.grid, block=32 * call.options["num_warps"], args=arguments,
        shared=shared, profile=True,
    )  # fmt: skip
    assert report.profile is not None
    by_line = report.profile.by_ptx_line()
    # The copies of the original text, whose lines are the same.
    found = main_loops(ptx)
    loop = max(found, key=lambda one: _steps(one, by_line), default=None)
    return _summary(loop, by_line, report, call.error())


def _plain(value: Any) -> Any:
    """An array of a type that every library knows, of the same bytes."""
    if isinstance(value, np.ndarray) and value.dtype.kind not in "fiu":
        return value.view({1: np.uint8, 2: np.uint16}[value.dtype.itemsize])
    return value


def _steps(loop: Loop, by_line: dict[int, Counts]) -> int:
    """How often the branch back, hence the loop, was executed."""
    return by_line[loop.body[-1].line].executions if loop.body[-1].line in by_line else 0


def _summary(
    loop: Loop | None, by_line: dict[int, Counts], report: Report, error: float
) -> Measured:
    assert report.profile is not None
    kinds: dict[str, set[int]] = {name: set() for name in ("copies", "loads", "reads", "writes")}
    for one in loop.body if loop else ():
        for kind, start in (
            ("copies", r"cp\.async\.c[ag]"), ("loads", r"ld\.global"),
            ("reads", r"(ldmatrix|ld\.shared)"), ("writes", r"(stmatrix|st\.shared)"),
        ):  # fmt: skip
            if re.match(start, one.opcode):
                kinds[kind].add(one.line)
    traffic = {name: _traffic(lines, by_line) for name, lines in kinds.items()}
    return Measured(
        loop=loop,
        **traffic,
        steps=_steps(loop, by_line) if loop else 0,
        tensor_ops=sum(report.profile.total.tensor_ops.values()),
        error=error,
    )


def _traffic(lines: set[int], by_line: dict[int, Counts]) -> Traffic:
    total = Counts()
    for line in lines & by_line.keys():
        total.add(by_line[line])
    return Traffic(
        total.global_requests or total.shared_requests, total.global_sectors,
        total.global_ideal_sectors, total.global_read_bytes, total.shared_passes,
        total.bank_conflicts,
    )  # fmt: skip
