"""The shape of a test of loops: a kernel, its arguments, and what whole numbers should give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tensorcore_support import random, whole


@dataclass
class Case:
    """A launch; ``expected`` (one array for each output) holds for whole numbers."""

    kernel: Any
    args: list[Any]
    outputs: list[int]
    expected: list[np.ndarray]
    constants: dict[str, Any] = field(default_factory=dict)
    grid: tuple[int, ...] = (1,)


@dataclass
class Data:
    """Makes operands: whole numbers, for which ``Case.expected`` is exact, or random ones."""

    trips: int
    exact: bool = True
    seed: int = 0

    def matrix(self, *shape: int, name: str = "float16", high: int = 2) -> np.ndarray:
        self.seed += 1
        if self.exact:
            return whole(shape, name, self.seed, high)
        return random(shape, name, self.seed)

    def whole(self, *shape: int, name: str = "int32", high: int = 2) -> np.ndarray:
        self.seed += 1
        return whole(shape, name, self.seed, high)

    def below(self, limit: int, *shape: int) -> np.ndarray:
        """Indices."""
        self.seed += 1
        return np.random.default_rng(self.seed).integers(0, limit, shape).astype(np.int32)


SCENARIOS: dict[str, Callable[[Data], Case]] = {}


def scenario(make: Callable[[Data], Case]) -> Callable[[Data], Case]:
    """Registers a function that makes a case of ``data.trips`` iterations."""
    assert make.__name__ not in SCENARIOS
    SCENARIOS[make.__name__] = make
    return make


def f32(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float32)
