"""The tables of docs/coming-from-triton.md: ``python tools/compat/table.py [--write]``.

Names come from test/python/compat/triton_names.json, what is missing and why from
cosmati.compat.names, and what is better or different from rows.json beside this file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/coming-from-triton.md"
START, END = "<!-- made by tools/compat/table.py -->\n", "<!-- end -->\n"

SAME, BETTER, DIFFERENT, MISSING = "same", "better", "different", "missing"


def rows() -> list[dict[str, str]]:
    """part, what, status and remark of everything that is no name of a module."""
    found: list[dict[str, str]] = json.loads((ROOT / "tools/compat/rows.json").read_text())
    return found


def table_of_rows() -> list[str]:
    lines = ["| part | what | | remark |", "|---|---|---|---|"]
    lines += ["| {part} | {what} | {status} | {remark} |".format(**row) for row in rows()]
    return lines


def table_of_modules() -> list[str]:
    from cosmati.compat import names

    contract = json.loads((ROOT / "test/python/compat/triton_names.json").read_text())
    lines = ["| module or class | names | missing |", "|---|---|---|"]
    for module, there in contract.items():
        absent = {k: v for k, v in names.ABSENT_NAMES.get(module, {}).items() if k in there}
        text = "; ".join(f"`{name}`: {reason}" for name, reason in absent.items())
        lines.append(f"| `{module}` | {len(there)} | {text} |")
    return lines


def table_of_absent_modules() -> list[str]:
    from cosmati.compat import names

    lines = ["| module | why it is not there |", "|---|---|"]
    lines += [f"| `{module}` | {reason} |" for module, reason in names.ABSENT.items()]
    return lines


def made() -> str:
    parts = [
        "## What stands how\n", *table_of_rows(), "",
        "## Names\n",
        "Every name of these modules is there, but for those in the last column.\n",
        *table_of_modules(), "",
        "## Modules that are not there\n", *table_of_absent_modules(),
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def page(text: str) -> str:
    """The page with its made part brought up to date."""
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    return head + START + "\n" + made() + "\n" + END + tail


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(PAGE.read_text()))
    else:
        print(made(), end="")
