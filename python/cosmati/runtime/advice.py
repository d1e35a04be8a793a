"""What would fit: changes of options and constants, tried before they are named."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from cosmati.errors import CosmatiError
from cosmati.language.constexpr import unwrap

Values = tuple[Any, ...]
# Bytes of shared memory for these values of the parameters and these options.
Measure = Callable[[Values, dict[str, str]], int]

_MAX_TRIES = 24
_SMALLEST_BLOCK = 16
_BLOCK_NAME = re.compile(r"BLOCK|TILE|^B[A-Z]?$|_B[MNK]$", re.IGNORECASE)


class _Search:
    """Tries changes; each costs a run of the front end and of the passes down to allocation."""

    def __init__(self, limit: int, measure: Measure) -> None:
        self.limit, self.measure = limit, measure
        self.tries = 0

    def fitting(self, values: Values, options: dict[str, str]) -> int | None:
        """Bytes needed, if they fit."""
        if self.tries == _MAX_TRIES:
            return None
        self.tries += 1
        try:
            needed = self.measure(values, options)
        except CosmatiError:  # the change makes a kernel that isn't legal
            return None
        return needed if needed <= self.limit else None


def shared_memory_advice(
    names: Sequence[str], values: Values, options: dict[str, str], limit: int, measure: Measure
) -> str:
    """The nearest single changes that fit, as text; of several blocks at once if none does."""
    search = _Search(limit, measure)
    found = [
        *_options_that_fit(search, values, options),
        *_blocks_that_fit(search, names, values, options),
    ]
    if not found:
        found = _all_blocks_that_fit(search, names, values, options)
    if not found:
        return "  no smaller num_stages, other num_warps or halved block that was tried fits"
    return "\n".join(["  what fits, by trying:", *[f"    {line}" for line in found]])


def _options_that_fit(search: _Search, values: Values, options: dict[str, str]) -> list[str]:
    found = []
    stages = int(options.get("num_stages", 3))
    # If a single stage is too much, no number of them fits.
    if stages > 1 and search.fitting(values, {**options, "num_stages": "1"}) is not None:
        for fewer in range(stages - 1, 0, -1):
            needed = search.fitting(values, {**options, "num_stages": str(fewer)})
            if needed is not None:
                found.append(f"num_stages={fewer} instead of {stages}: {needed} bytes")
                break
    warps = int(options.get("num_warps", 4))
    for other in (warps // 2, warps * 2, warps // 4, warps * 4):
        if 1 <= other <= 32:
            needed = search.fitting(values, {**options, "num_warps": str(other)})
            if needed is not None:
                found.append(f"num_warps={other} instead of {warps}: {needed} bytes")
                break
    return found


def block_parameters(names: Sequence[str], values: Values) -> list[int]:
    """Positions of the constants that are extents of blocks: by name, else every power of two."""
    powers = [i for i, value in enumerate(values) if _is_extent(unwrap(value))]
    named = [i for i in powers if _BLOCK_NAME.search(names[i])]
    return named or powers


def _is_extent(value: Any) -> bool:
    return type(value) is int and value > _SMALLEST_BLOCK and value & (value - 1) == 0


def _with(values: Values, changes: dict[int, int]) -> Values:
    return tuple(changes.get(i, value) for i, value in enumerate(values))


def _blocks_that_fit(
    search: _Search, names: Sequence[str], values: Values, options: dict[str, str]
) -> list[str]:
    found = []
    for i in block_parameters(names, values):
        before = extent = unwrap(values[i])
        while extent > _SMALLEST_BLOCK:
            extent //= 2
            needed = search.fitting(_with(values, {i: extent}), options)
            if needed is not None:
                found.append(f"{names[i]}={extent} instead of {before}: {needed} bytes")
                break
    return found


def _all_blocks_that_fit(
    search: _Search, names: Sequence[str], values: Values, options: dict[str, str]
) -> list[str]:
    """All blocks halved together, as often as it takes."""
    changes = {i: unwrap(values[i]) for i in block_parameters(names, values)}
    while any(extent > _SMALLEST_BLOCK for extent in changes.values()):
        changes = {i: max(extent // 2, _SMALLEST_BLOCK) for i, extent in changes.items()}
        needed = search.fitting(_with(values, changes), options)
        if needed is not None:
            texts = [f"{names[i]}={extent}" for i, extent in changes.items()]
            return [f"{', '.join(texts)}: {needed} bytes"]
    return []
