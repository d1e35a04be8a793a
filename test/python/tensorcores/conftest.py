"""Options of the tests of dots."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-dots", action="store_true",
        help="every combination of types, warps, stages, targets, layouts and masks (hours)",
    )  # fmt: skip
    parser.addoption("--dots-seed", type=int, default=0, help="chooses what stands for the rest")
