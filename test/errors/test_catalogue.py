"""Every error of the catalogue is raised with its class and phrase, and docs/errors.md shows it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import all_cases  # noqa: E402, F401
from catalogue import CASES, PAGE, Case, page  # noqa: E402


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_error_has_its_phrase(case: Case) -> None:
    assert case.phrase in case.text()


def test_titles_are_unique() -> None:
    assert len({case.title for case in CASES}) == len(CASES)


def test_page_shows_the_texts_of_today() -> None:
    assert PAGE.read_text() == page(), "run `python test/errors/write.py` and look at the changes"
