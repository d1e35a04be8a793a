"""Collects the counts of the kernels that are launched."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cosmati.vm.findings import Chain
from cosmati.vm.report import Counts, Profile, Report, sum_by
from cosmati.vm.watching import counting


class KernelProfile:
    """The launches of one compiled variant of a kernel.

    Attributes
    ----------
    name : str
    image : KernelImage
    launches : int
    ctas : int
        Of the largest launch.
    profile : Profile
        Sums over the launches; the footprint is that of the largest one.
    """

    def __init__(self, image: Any) -> None:
        self.name: str = image.entry
        self.image = image
        self.launches = 0
        self.ctas = 0
        self.profile = Profile([], Counts(), 0)

    def add(self, profile: Profile, ctas: int) -> None:
        self.launches += 1
        self.ctas = max(self.ctas, ctas)
        self.profile.instructions.extend(profile.instructions)
        self.profile.total.add(profile.total)
        self.profile.footprint_bytes = max(self.profile.footprint_bytes, profile.footprint_bytes)

    def chain(self, column: int) -> Chain:
        """The source behind a `.loc`'s column, innermost place first."""
        from cosmati.runtime.failures import source_chain

        chains = self.image.chains
        return source_chain(chains[column - 1]) if 0 < column <= len(chains) else ()

    def by_line(self) -> dict[tuple[str, int], Counts]:
        """Counts by (file, line) of the kernel itself; what it calls counts for the line of the
        call. Instructions without a line stand under ("", 0).
        """

        def key(loc: tuple[int, int, int]) -> tuple[str, int]:
            chain = self.chain(loc[2])
            return (chain[-1].file, chain[-1].line) if chain else ("", 0)

        return sum_by((key(item.loc), item.counts) for item in self.profile.instructions)

    def to_dict(self) -> dict[str, Any]:
        """Totals, and counts by source line and by PTX line, for tools."""
        return {
            "kernel": self.name,
            "target": self.image.target,
            "launches": self.launches,
            "ctas": self.ctas,
            "footprint_bytes": self.profile.footprint_bytes,
            "total": self.profile.total.to_dict(),
            "lines": [
                {"file": file, "line": line, **counts.to_dict()}
                for (file, line), counts in sorted(self.by_line().items())
            ],
            "ptx_lines": [
                {"line": line, **counts.to_dict()}
                for line, counts in sorted(self.profile.by_ptx_line().items())
            ],
        }


class Collector:
    """Receives the reports of launches."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], KernelProfile] = {}

    def __call__(self, entry: str, image: Any, grid: tuple[int, int, int], text: str) -> None:
        report = Report.from_dict(json.loads(text))
        if report.profile is None:
            return
        kernel = self._found.setdefault((entry, image.ptx), KernelProfile(image))
        kernel.add(report.profile, math.prod(grid))

    @property
    def kernels(self) -> list[KernelProfile]:
        """In order of their first launch."""
        return list(self._found.values())


@contextmanager
def profiling() -> Iterator[Collector]:
    """Counts what the kernels do that this thread launches inside of the ``with`` block.

    Needs the virtual machine as the device, and slows it down.

    Examples
    --------
    >>> with cosmati.profile.profiling() as collector:  # doctest: +SKIP
    ...     kernel[grid](x, y)
    >>> print(format_profile(collector.kernels[0]))  # doctest: +SKIP
    """
    collector = Collector()
    with counting(collector):
        yield collector
