"""How long the parts of a compilation took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CompileTimes:
    """Times in microseconds.

    Attributes
    ----------
    ir_initialization : int
        The front end.
    lowering_stages : list of (str, int)
        Each stage of the compiler, in order.
    store_results : int
        Looking up and keeping the result.
    """

    ir_initialization: int
    lowering_stages: list[tuple[str, int]]
    store_results: int

    @classmethod
    def of(cls, milliseconds: dict[str, float]) -> CompileTimes:
        """From ``CompiledKernel.times``."""
        micros = {name: round(1e3 * value) for name, value in milliseconds.items()}
        stages = [(n, t) for n, t in micros.items() if n not in ("frontend", "key", "disk")]
        return cls(micros.get("frontend", 0), stages, micros.get("key", 0) + micros.get("disk", 0))

    @property
    def total_lowering(self) -> int:
        return sum(time for _, time in self.lowering_stages)

    @property
    def total(self) -> int:
        return self.ir_initialization + self.total_lowering + self.store_results
