"""What a tuning run found out, as rows and as text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

HOW = {
    "time": "median time of a launch on the device",
    "estimate": "static estimate of the cost, not a time; see docs/autotuning.md",
    "custom": "what the do_bench of this kernel gave",
    "first": "the first configuration that fits; nothing was measured",
}


@dataclass(frozen=True)
class TuningRow:
    """One configuration.

    Attributes
    ----------
    config : str
    milliseconds, low, high : float or None
        Median, and quantiles 0.2 and 0.8, where it was ranked.
    registers, spill_bytes, shared_bytes : int or None
        Of a thread, of a thread, of a CTA; None where it was not compiled, -1 where no assembler
        told.
    status : str
        "best", "ok", "failed", or "not tried".
    reason : str
        Why it failed.
    """

    config: str
    milliseconds: float | None = None
    low: float | None = None
    high: float | None = None
    registers: int | None = None
    spill_bytes: int | None = None
    shared_bytes: int | None = None
    status: str = "ok"
    reason: str = ""

    @property
    def spread(self) -> float | None:
        """(high - low) / median; None where it was not ranked."""
        if self.milliseconds is None or self.low is None or self.high is None:
            return None
        return (self.high - self.low) / self.milliseconds if self.milliseconds else 0.0


@dataclass(frozen=True)
class TuningTable:
    """The rows of one key, in the order of the configurations.

    Attributes
    ----------
    kernel, device : str
    key : str
        The values that the choice was made for.
    how : str
        A key of ``HOW``: what the milliseconds are.
    seconds : float
        What the run took.
    origin : str
        "measured" in this process, or "disk".
    """

    kernel: str
    key: str
    device: str
    how: str
    seconds: float
    rows: tuple[TuningRow, ...]
    origin: str = "measured"

    @property
    def best(self) -> TuningRow:
        return next(row for row in self.rows if row.status == "best")

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[TuningRow]:
        return iter(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kernel": self.kernel, "key": self.key, "device": self.device, "how": self.how,
            "seconds": self.seconds, "rows": [asdict(row) for row in self.rows],
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TuningTable:
        rows = tuple(TuningRow(**row) for row in values["rows"])
        texts = {name: values[name] for name in ("kernel", "key", "device", "how")}
        if not all(isinstance(text, str) for text in texts.values()) or not rows:
            raise ValueError("not a table of a tuning run")
        return cls(**texts, seconds=float(values["seconds"]), rows=rows, origin="disk")

    def __str__(self) -> str:
        head = f"{self.kernel} on {self.device}, key ({self.key}): {HOW.get(self.how, self.how)}"
        header = ("", "config", "ms", "spread", "regs", "spills", "shared", "status")
        lines = [header, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
        text = [head]
        for line in lines:
            cells = [
                cell.ljust(width) if i in (0, 1, len(header) - 1) else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ]
            text.append("  ".join(cells).rstrip())
        return "\n".join(text)


def _cells(row: TuningRow) -> tuple[str, ...]:
    def count(value: int | None) -> str:
        return "" if value is None else "?" if value < 0 else str(value)

    ranked = row.milliseconds is not None
    return (
        "*" if row.status == "best" else "",
        row.config.replace(", num_ctas: 1,", ",").replace(", maxnreg: None", ""),
        f"{row.milliseconds:.4g}" if ranked else "",
        f"{100 * row.spread:.0f}%" if row.spread is not None else "",
        count(row.registers),
        count(row.spill_bytes),
        count(row.shared_bytes),
        f"{row.status}: {row.reason}" if row.reason else row.status,
    )


def quantiles(measured: Any) -> tuple[float, float, float]:
    """What a do_bench gave, as (median, low, high): it may be one number, or several."""
    if isinstance(measured, Sequence):
        values = [float(value) for value in measured] or [math.inf]
        values = [*values, values[0], values[0]][:3] if len(values) < 3 else values[:3]
    else:
        values = [float(measured)] * 3
    return tuple(math.inf if math.isnan(value) else value for value in values)  # type: ignore[return-value]
