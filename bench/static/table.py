"""Rows as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def _counts(mix: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in mix.items())


def _sectors(measured: dict[str, Any]) -> str:
    """Sectors per request of the copies; of the loads where there are no copies."""
    kind = measured["copies"] if measured["copies"]["requests"] else measured["loads"]
    return f"{kind['sectors'] / kind['requests']:.3g}" if kind["requests"] else "-"


def _conflicts(measured: dict[str, Any]) -> int:
    return sum(measured[kind]["conflicts"] for kind in ("copies", "reads", "writes"))


def _summary(row: dict[str, Any]) -> str:
    text = (
        f"{row['registers']} registers, {row['spills']} B spilled, {row['stack']} B stack, "
        f"{row['shared']} B shared, {row['resident']} CTAs"
    )
    measured = row.get("machine")
    if measured:
        text += (
            f"; {_conflicts(measured)} bank conflicts, {_sectors(measured)} sectors per request, "
            f"error {measured['error']:.1e}"
        )
    if "compile_ms" in row:
        assembler = row["times"].get("assemble", 0.0)
        text += f"; {row['compile_ms']:.0f} ms + assembler {assembler:.0f} ms"
    return text


def lines_of(row: dict[str, Any]) -> list[str]:
    """What is printed of a row."""
    lines = [f"{row['case']} for {row['target']}"]
    for label, part in (("cosmati", row), ("triton", row.get("triton"))):
        if part is None:
            continue
        if "refused" in part:
            lines.append(f"  {label:8} refused: {part['refused'].splitlines()[0]}")
        elif "registers" in part:
            lines.append(f"  {label:8} {_summary(part)}")
            lines.append(
                f"    loop   {_counts(part['loop'])} (fewest mma.sync {part['fewest_mma']})"
            )
            if part["sass"]:
                lines.append(f"    SASS   {_counts(part['sass'])}")
    return lines + [f"  MISSES   {text}" for text in row["misses"]]


_COLUMNS = (
    "kernel", "target", "registers", "spills", "shared", "CTAs", "loop", "mma", "(fewest)",
    "copies", "ldmatrix", "other smem", "int", "bar", "conflicts", "sectors", "SASS", "ms",
)  # fmt: skip


def markdown(rows: Iterable[dict[str, Any]]) -> str:
    """A table with a line for each row, and one for Triton's code below it."""
    lines = [_line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
    for row in rows:
        lines.append(_line([row["case"], row["target"], *_cells(row)]))
        if "triton" in row:
            lines.append(_line(["Triton", "", *_cells(row["triton"])]))
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(part: dict[str, Any]) -> list[str]:
    width = len(_COLUMNS) - 2
    if "refused" in part:
        return [f"refused: {part['refused'].splitlines()[0][:90]}", *[""] * (width - 1)]
    if "registers" not in part:
        return [part["misses"][0][:90], *[""] * (width - 1)]
    mix, measured = part["loop"], part.get("machine")

    def total(*names: str) -> str:
        return str(sum(mix.get(name, 0) for name in names))

    return [
        str(part["registers"]), str(part["spills"]), str(part["shared"]), str(part["resident"]),
        total("all"), total("mma.sync"), str(part["fewest_mma"]), total("cp.async"),
        total("ldmatrix"), total("ld.shared", "st.shared"),
        total("int add", "int mul", "int logic", "predicate"), total("bar"),
        str(_conflicts(measured)) if measured else "", _sectors(measured) if measured else "",
        str(part["sass"].get("all", "")), f"{part['compile_ms']:.0f}" if "times" in part else "",
    ]  # fmt: skip
