"""Timing on a GPU: candidates of one computation, interleaved, with a cold L2 cache."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

# Of one candidate's timed runs, all repeats together; slow kernels get fewer repeats.
SECONDS_PER_CANDIDATE = 1.0
MOST_REPEATS, FEWEST_REPEATS = 50, 5
FLUSH_BYTES = 256 << 20  # several times the largest L2 cache


@dataclass
class Candidate:
    """One way to compute a result: what it is called, and a call that returns it."""

    name: str
    call: Callable[[], Any]


@dataclass
class Result:
    """What a candidate did: medians in microseconds, or the error that it raised."""

    case: str
    candidate: str
    microseconds: float | None = None
    low: float | None = None
    high: float | None = None
    runs: int = 0
    rate: float | None = None
    unit: str = ""
    error: float | None = None
    tolerance: float | None = None
    failure: str = ""
    samples: list[float] = field(default_factory=list, repr=False)

    @property
    def is_wrong(self) -> bool:
        """Whether it raised, or left the tolerance."""
        return bool(self.failure) or not (
            self.error is None or self.tolerance is None or self.error <= self.tolerance
        )

    def __str__(self) -> str:
        if self.failure:
            return f"{self.case:44} {self.candidate:8} FAILED: {self.failure.splitlines()[0]}"
        accuracy = "" if self.error is None else f"  error {self.error:.2e}"
        wrong = f" ABOVE {self.tolerance:.2e}" if self.is_wrong else ""
        speed = "" if self.rate is None else f" {self.rate:9.1f} {self.unit}"
        what = f"{self.case:44} {self.candidate:8} {self.microseconds:10.1f} us"
        return f"{what}{speed}{accuracy}{wrong}"


class OutOfTime(Exception):
    """The time for measuring is over."""


class Timer:
    """Times calls on the current stream; the flush before each hides the host's part of it.

    ``end``: the time.monotonic() after which no comparison begins.
    """

    def __init__(self, end: float) -> None:
        self.end = end
        self.flush = torch.empty(FLUSH_BYTES // 4, dtype=torch.int32, device="cuda")

    def run(self, call: Callable[[], Any]) -> float:
        """Microseconds of one call."""
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.flush.zero_()
        start.record()
        call()
        end.record()
        end.synchronize()
        return float(start.elapsed_time(end)) * 1e3


def difference(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """Largest difference, relative to the largest expected magnitude."""
    scale = expected.double().abs().max().clamp_min(1e-30)
    return float((actual.double() - expected.double()).abs().max() / scale)


def compare(
    case: str,
    candidates: list[Candidate],
    expected: torch.Tensor | None,
    tolerance: float | None,
    work: float,
    unit: str,
    timer: Timer,
    part: Callable[[torch.Tensor], torch.Tensor] = lambda value: value,
) -> list[Result]:
    """Checks every candidate, then times them in turn.

    ``expected`` is what ``part`` of a result has to be. Raises OutOfTime.

    ``work`` over the median time in microseconds is the rate: floating-point operations * 1e-6 for
    TFLOP/s, bytes * 1e-3 for GB/s.
    """
    if time.monotonic() > timer.end:
        raise OutOfTime(case)
    results, able = [], []
    for candidate in candidates:
        result = Result(case, candidate.name, unit=unit, tolerance=tolerance)
        results.append(result)
        try:
            value = candidate.call()
            torch.cuda.synchronize()
            if expected is not None:
                result.error = difference(part(value), expected)
            first = timer.run(candidate.call)
            able.append((candidate, result, first))
        except Exception as error:  # one candidate's failure must not end the others'
            result.failure = f"{type(error).__name__}: {error}"
    slowest = max((first for _, _, first in able), default=1.0)
    wanted = int(SECONDS_PER_CANDIDATE * 1e6 / max(slowest, 1.0))
    for _ in range(max(FEWEST_REPEATS, min(MOST_REPEATS, wanted))):
        for candidate, result, _ in able:
            result.samples.append(timer.run(candidate.call))
    for _, result, _ in able:
        result.microseconds = statistics.median(result.samples)
        result.low, result.high = min(result.samples), max(result.samples)
        result.runs = len(result.samples)
        result.rate = work / result.microseconds
    return results


def ratios(results: list[Result]) -> list[str]:
    """For each case, the times of the others through that of Cosmati: above 1, it is faster."""
    times: dict[str, dict[str, float]] = {}
    for result in results:
        if result.microseconds is not None:
            times.setdefault(result.case, {})[result.candidate] = result.microseconds
    lines = []
    for case, by_name in times.items():
        mine = by_name.pop("cosmati", None)
        if mine and by_name:
            parts = ", ".join(f"{name} {time / mine:.2f}" for name, time in by_name.items())
            lines.append(f"{case:44} {parts}")
    return lines
