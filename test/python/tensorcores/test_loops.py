"""Loops with dots: exact for whole numbers, the same bits for any depth of the pipeline.

Trip counts go from none over fewer than stages to more. Every launch runs under all checkers.
"""

from __future__ import annotations

import zlib

import control_loops  # noqa: F401  (each registers its scenarios)
import dynamic_loops  # noqa: F401
import memory_loops  # noqa: F401
import operand_loops  # noqa: F401
import pytest
from scenarios import SCENARIOS, Case, Data
from tensorcore_support import SCHEDULES, STAGES, TARGETS, WARPS, assert_equal, run, same_bits

TRIPS = [0, 1, 2, 3, 4, 5, 7]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "warps" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("--all-dots", default=False):
        choices = [(n, w, t) for n in SCENARIOS for w in WARPS for t in TARGETS]
    else:
        seed = metafunc.config.getoption("--dots-seed", default=0)
        numbers = [(name, seed + zlib.crc32(name.encode())) for name in SCENARIOS]
        choices = [(name, WARPS[n % 4], TARGETS[n // 4 % 3]) for name, n in numbers]
    ids = [f"{n}-w{w}-{t}" for n, w, t in choices]
    metafunc.parametrize("name, warps, target", choices, ids=ids)


def _launch(case: Case, depth: int, warps: int, target: str, schedules):
    return run(
        case.kernel, case.grid, case.args, case.outputs, schedules, num_stages=depth,
        num_warps=warps, target=target, **case.constants,
    )  # fmt: skip


def test_whole_numbers_give_exact_results(name, warps, target):
    for depth in (1, 2, 3, 5):
        for trips in TRIPS:
            case = SCENARIOS[name](Data(trips))
            schedules = SCHEDULES if trips in (3, 7) else SCHEDULES[:1]
            for got, expected in zip(
                _launch(case, depth, warps, target, schedules), case.expected, strict=True
            ):
                assert_equal(got, expected, f"num_stages={depth}, {trips} iterations")


def test_random_values_give_the_same_bits_for_all_stages(name, warps, target):
    for trips in (3, 6):
        case = SCENARIOS[name](Data(trips, exact=False))
        first = None
        for depth in STAGES:
            results = _launch(case, depth, warps, target, SCHEDULES[:1])
            first = first or results
            for x, y in zip(first, results, strict=True):
                assert same_bits(x, y), f"num_stages={depth}, {trips} iterations"
