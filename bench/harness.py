"""What the benches share: medians, budgets, the table that is printed, the JSON that is kept.

A bench is a list of rows. A row with a budget fails the bench when its median is beyond 1.5 times
the budget.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE = 1.5


@dataclass
class Row:
    """One measured step: median, smallest and largest of ``runs`` runs, in ``unit``."""

    step: str
    median: float
    low: float
    high: float
    runs: int
    unit: str = "ms"
    budget: float | None = None

    @property
    def is_over(self) -> bool:
        return self.budget is not None and self.median > TOLERANCE * self.budget

    def __str__(self) -> str:
        spread = f"{self.low:9.2f} ..{self.high:9.2f}"
        text = f"{self.step:46} {self.median:9.2f} {self.unit:3} {spread}"
        if self.budget is None:
            return text
        verdict = "OVER" if self.is_over else "above" if self.median > self.budget else "ok"
        return f"{text}   budget {self.budget:g} {self.unit}: {verdict}"


def row(step: str, values: Iterable[float], unit: str = "ms", budget: float | None = None) -> Row:
    """The row of measured ``values``."""
    listed = sorted(values)
    return Row(step, statistics.median(listed), listed[0], listed[-1], len(listed), unit, budget)


def milliseconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def machine() -> dict[str, Any]:
    """Where and when this was measured, for the record."""
    model = platform.processor()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "commit": commit(),
    }


def commit() -> str:
    """The commit that is checked out, with a mark if files differ from it; empty without git."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""


def parser(text: str | None) -> argparse.ArgumentParser:
    """The options that every bench has."""
    result = argparse.ArgumentParser(description=text)
    result.add_argument("--runs", type=int, default=20, help="runs of each step")
    result.add_argument("--json", type=Path, help="file that receives the numbers")
    return result


def finish(rows: list[Row], json_file: Path | None, **facts: Any) -> int:
    """Prints the rows, writes the JSON, and gives the exit status."""
    about = {**machine(), **facts}
    print(", ".join(f"{name} {value}" for name, value in about.items() if value != ""))
    for one in rows:
        print(one)
    if json_file:
        content = {**about, "rows": [asdict(one) for one in rows]}
        json_file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    over = [one.step for one in rows if one.is_over]
    if over:
        print(f"over {TOLERANCE} x the budget: {', '.join(over)}", file=sys.stderr)
    return 1 if over else 0
