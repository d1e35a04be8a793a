"""Options of the compiler's tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fuzz-seconds", type=float, default=40,
        help="how long random programs are compiled and compared with NumPy",
    )  # fmt: skip
    parser.addoption("--fuzz-seed", type=int, default=0, help="number of the first random program")
