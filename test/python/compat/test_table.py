"""docs/coming-from-triton.md says what the data says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def load_table():
    spec = importlib.util.spec_from_file_location("compat_table", ROOT / "tools/compat/table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    table = load_table()
    text = table.PAGE.read_text()
    assert table.page(text) == text, "run python tools/compat/table.py --write"


def test_whatever_is_not_the_same_says_why():
    table = load_table()
    for row in table.rows():
        assert row["status"] in (table.SAME, table.BETTER, table.DIFFERENT, table.MISSING)
        assert row["status"] == table.SAME or row["remark"], row
