"""Counters of a launch, and what each instruction and source line cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Counts:
    """What is summed over instructions, lines or a launch; see docs/profiling.md for each."""

    executions: int = 0
    lanes: int = 0
    global_requests: int = 0
    global_sectors: int = 0
    global_ideal_sectors: int = 0
    global_read_bytes: int = 0
    global_write_bytes: int = 0
    shared_requests: int = 0
    shared_passes: int = 0
    shared_ideal_passes: int = 0
    shared_read_bytes: int = 0
    shared_write_bytes: int = 0
    local_read_bytes: int = 0
    local_write_bytes: int = 0
    async_bytes: int = 0
    atomics: int = 0
    barrier_waits: int = 0
    float_ops: int = 0
    tensor_ops: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Counts:
        names = {item.name for item in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})

    def add(self, other: Counts) -> None:
        for item in dataclasses.fields(self):
            if item.name != "tensor_ops":
                setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))
        for kind, ops in other.tensor_ops.items():
            self.tensor_ops[kind] = self.tensor_ops.get(kind, 0) + ops

    @property
    def warp_efficiency(self) -> float:
        """Share of the 32 lanes that were active, 0 to 1."""
        return self.lanes / (32 * self.executions) if self.executions else 0.0

    @property
    def bank_conflicts(self) -> int:
        """Passes through shared memory beyond the ideal ones."""
        return self.shared_passes - self.shared_ideal_passes

    @property
    def sector_efficiency(self) -> float:
        """Ideal through actual sectors of global memory, 0 to 1; 1 where there were none."""
        return self.global_ideal_sectors / self.global_sectors if self.global_sectors else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Counts that aren't zero."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value}


@dataclass(frozen=True)
class InstructionCounts:
    """One PTX instruction that was executed; ``loc``: operands of its ``.loc``."""

    ptx_line: int
    text: str
    loc: tuple[int, int, int]
    counts: Counts


@dataclass
class Profile:
    """Counts by instruction, in the program's order.

    ``footprint_bytes``: different 32-byte sectors of global memory that were touched, in bytes.
    """

    instructions: list[InstructionCounts]
    total: Counts
    footprint_bytes: int

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Profile:
        return cls(
            [
                InstructionCounts(
                    item["line"], item["text"], tuple(item["loc"]), Counts.from_dict(item)
                )
                for item in values["instructions"]
            ],
            Counts.from_dict(values["total"]),
            values["footprint_bytes"],
        )

    def by_ptx_line(self) -> dict[int, Counts]:
        """Counts by line of the PTX text."""
        return sum_by((item.ptx_line, item.counts) for item in self.instructions)


def sum_by(pairs: Iterable[tuple[Any, Counts]]) -> dict[Any, Counts]:
    """Sums of counts by key, in order of first appearance."""
    sums: dict[Any, Counts] = {}
    for key, counts in pairs:
        sums.setdefault(key, Counts()).add(counts)
    return sums


@dataclass
class Report:
    """What a launch did.

    Attributes
    ----------
    warp_instructions, ctas : int
    classes : dict
        Warp instructions by class: "integer", "global-load", ...
    seconds : float
        Wall clock of the host. Says nothing about a GPU.
    profile : Profile or None
        With ``profile=True``.
    """

    warp_instructions: int
    ctas: int
    seconds: float
    classes: dict[str, int]
    profile: Profile | None = None

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Report:
        profile = values.get("profile")
        return cls(
            values["warp_instructions"],
            values["ctas"],
            values["seconds"],
            values["classes"],
            Profile.from_dict(profile) if profile else None,
        )
