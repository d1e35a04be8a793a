"""Profiles of the property tests: a fast one, and ``--hypothesis-profile=thorough``.

A test states how many examples the fast profile draws; thorough draws fifty times as many.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "fast", deadline=None, derandomize=True, database=None, max_examples=100,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
settings.register_profile(
    "thorough", settings.get_profile("fast"), derandomize=False, max_examples=5000
)
settings.load_profile("fast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """References cast NaN and infinities on purpose; NumPy warns of that, and not every time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"))
