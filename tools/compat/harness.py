"""Cases of the compatibility suite: a library's kernel, the torch reference, a bound of the error.

A case is a function that yields Comparison objects. ``run`` runs cases one after the other and
writes one JSON line for each, so that a process that dies loses one case only.
"""

from __future__ import annotations

import json
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

TF32 = 5e-3
"""Bound for float32 results of dots in TF32, the default precision of ``tl.dot``."""
HALF = 1.5e-2
"""Bound for results in bfloat16 or float16."""
SECONDS = 150
"""Limit of one case."""


@dataclass
class Comparison:
    """``error`` is the largest deviation in units of the largest wanted magnitude."""

    label: str
    error: float
    bound: float

    @property
    def agrees(self) -> bool:
        return self.error <= self.bound


Case = Callable[[], Iterable[Comparison]]


class Cases(dict[str, Case]):
    """The cases of one library by name."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, str] = {}

    def add(self, known: str = "") -> Callable[[Case], Case]:
        """Decorator; ``known`` says why a case can't pass yet."""

        def register(function: Case) -> Case:
            self[function.__name__] = function
            if known:
                self.known[function.__name__] = known
            return function

        return register


def error_of(got: torch.Tensor, want: torch.Tensor) -> float:
    """Largest deviation over largest magnitude; infinite for NaN where a number is wanted."""
    if got.shape != want.shape:
        raise AssertionError(f"shape {tuple(got.shape)}, wanted {tuple(want.shape)}")
    if got.numel() == 0:
        return 0.0
    got, want = got.detach().double(), want.detach().double()
    same = (got == want) | (got.isnan() & want.isnan())
    away = torch.where(same, torch.zeros_like(got), (got - want).abs())
    if away.isnan().any():
        return float("inf")
    known = want[want.isfinite()]
    scale = float(known.abs().max()) if known.numel() else 1.0
    return float(away.max()) / max(scale, 1e-12)


def compare(label: str, got: torch.Tensor, want: torch.Tensor, bound: float = 1e-4) -> Comparison:
    return Comparison(label, error_of(got, want), bound)


def _tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def compare_gradients(
    function: Callable[..., Any],
    reference: Callable[..., Any],
    *inputs: Any,
    bound: float = 1e-4,
    gradients: bool = True,
) -> Iterator[Comparison]:
    """Outputs, and the gradients of all floating inputs under one random cotangent."""

    def fresh() -> list[Any]:
        return [
            x.detach().clone().requires_grad_(gradients and x.is_floating_point())
            if isinstance(x, torch.Tensor)
            else x
            for x in inputs
        ]

    ours, theirs = fresh(), fresh()
    got = [o for o in _tuple(function(*ours)) if isinstance(o, torch.Tensor)]
    want = [o for o in _tuple(reference(*theirs)) if isinstance(o, torch.Tensor)]
    if len(got) < len(want):
        raise AssertionError(f"{len(got)} results, wanted {len(want)}")
    for i, (a, b) in enumerate(zip(got, want, strict=False)):
        yield compare(f"out{i}" if len(want) > 1 else "out", a.clone(), b.clone(), bound)
    if not gradients:
        return
    weights = [torch.randn_like(w) for w in want]
    sum((g * w.to(g.dtype)).sum() for g, w in zip(got, weights, strict=False)).backward()
    sum((g * w).sum() for g, w in zip(want, weights, strict=True)).backward()
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if not isinstance(b, torch.Tensor) or b.grad is None:
            continue
        if a.grad is None:
            raise AssertionError(f"input {i} got no gradient")
        yield compare(f"d{i}", a.grad, b.grad, bound)


def _raise_timeout(*unused: object) -> None:
    raise TimeoutError(f"took longer than {SECONDS} s")


def run_case(function: Case) -> dict[str, Any]:
    """What came of it, as a record that JSON can hold."""
    torch.manual_seed(0)
    start = time.monotonic()
    record: dict[str, Any] = {"comparisons": []}
    signal.signal(signal.SIGALRM, _raise_timeout)
    signal.alarm(SECONDS)
    try:
        for item in function():
            record["comparisons"].append([item.label, item.error, item.bound])
        good = all(error <= bound for _, error, bound in record["comparisons"])
        record["outcome"] = "agrees" if good else "differs"
        if not record["comparisons"]:
            record.update(outcome="fails", why="the case compared nothing")
    except Exception as error:
        record["outcome"] = "fails"
        record["why"] = _first_cause(error)
        record["traceback"] = traceback.format_exc()[-6000:]
    finally:
        signal.alarm(0)
    record["seconds"] = round(time.monotonic() - start, 1)
    return record


def _first_cause(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' | '.join(lines)}"[:1500]


def run(cases: Cases, wanted: list[str], report: Path) -> None:
    with report.open("a") as file:
        for name in wanted or cases:
            file.write(json.dumps({"start": name}) + "\n")
            file.flush()
            record = {"case": name, **run_case(cases[name])}
            if name in cases.known:
                good = record["outcome"] == "agrees"
                record["outcome"] = "fails" if good else "known"
                record["why"] = "is listed as known, but agrees" if good else cases.known[name]
            file.write(json.dumps(record) + "\n")
            file.flush()
