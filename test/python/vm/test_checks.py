"""Checks of kernels of the language: kernel.check, vm.checking, COSMATI_CHECK."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati import vm


@pytest.fixture(autouse=True)
def on_the_vm():
    cosmati.set_device("vm")


@cosmati.jit
def overlapping(out, BLOCK: tl.constexpr):
    pid = tl.program_id(0)
    offsets = pid * (BLOCK - 1) + tl.arange(0, BLOCK)
    tl.store(out + offsets, offsets + pid)


@cosmati.jit
def add_one(p, i):
    return tl.load(p + i) + 1


@cosmati.jit
def neighbours(x, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    # Program 0 reads what program 1 writes.
    tl.store(x + BLOCK * tl.program_id(0) + i, add_one(x, i + BLOCK))


def line_of(kernel, text):
    lines, first = inspect.getsourcelines(kernel.fn)
    return first + next(k for k, line in enumerate(lines) if text in line)


def race_of(launch):
    with pytest.raises(vm.CheckError) as caught:
        launch()
    return next(f for f in caught.value.reports if f.kind == "race"), str(caught.value)


def test_a_race_between_programs_names_both_source_lines_and_the_element():
    out = np.zeros((4, 16), np.int32)
    overlapping[(2,)](out, BLOCK=32)
    race, text = race_of(lambda: overlapping.check("race")[(2,)](out, BLOCK=32))
    line = line_of(overlapping, "tl.store")
    assert len(race.accesses) == 2
    assert {access.program_id[0] for access in race.accesses} == {0, 1}
    for access in race.accesses:
        assert access.source[0].file == __file__
        assert access.source[0].line == line
        assert "tl.store" in access.source[0].text
    assert race.buffer == "out"
    assert race.index == 4 * 31
    assert race.element == (1, 15)
    assert text.count(f"at {__file__}:{line}:") >= 2
    assert "element out[1, 15]" in text


def test_the_chain_of_calls_stands_in_the_report():
    x = np.zeros(64, np.int32)
    race, text = race_of(lambda: neighbours.check("race")[(2,)](x, BLOCK=32))
    reads = [access for access in race.accesses if "read" in access.what]
    assert reads
    chain = [(place.function, place.line) for place in reads[0].source]
    assert chain == [
        ("add_one", line_of(add_one, "tl.load")),
        ("neighbours", line_of(neighbours, "add_one(x")),
    ]
    assert f"called from {__file__}:{chain[1][1]}:" in text


def test_checks_end_with_their_block():
    out = np.zeros(64, np.int32)
    with vm.checking("race"), pytest.raises(vm.CheckError):
        overlapping[(2,)](out, BLOCK=32)
    overlapping[(2,)](out, BLOCK=32)
    with vm.checking("race"):
        with vm.checking(None):
            overlapping[(2,)](out, BLOCK=32)
        with pytest.raises(vm.CheckError):
            overlapping[(2,)](out, BLOCK=32)


def test_correct_kernels_pass_all_checks_under_all_schedules():
    @cosmati.jit
    def double(x, out, n, BLOCK: tl.constexpr):
        i = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
        tl.store(out + i, tl.load(x + i, mask=i < n) * 2, mask=i < n)

    x, out = np.arange(100, dtype=np.float32), np.zeros(100, np.float32)
    for schedule in vm.SCHEDULES:
        double.check("all", seed=5, schedule=schedule)[(4,)](x, out, 100, BLOCK=32)
        np.testing.assert_array_equal(out, 2 * x)


def test_wrong_names_are_refused_before_the_launch():
    with pytest.raises(ValueError, match="there is no check 'racy'"):
        overlapping.check("racy")


SCRIPT = """
import cosmati, cosmati.language as tl, numpy as np

@cosmati.jit
def racy(out, BLOCK: tl.constexpr):
    tl.store(out + tl.arange(0, BLOCK), tl.program_id(0))

try:
    racy[(2,)](np.zeros(32, np.int32), BLOCK=32)
    print("no finding")
except cosmati.vm.CheckError as error:
    print(error.reports[0].kind)
except cosmati.CosmatiError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("all", "race"),
        ("uninitialized,race", "race"),
        ("sync", "no finding"),
        ("", "no finding"),
        ("racy", "COSMATI_CHECK, COSMATI_SEED, COSMATI_SCHEDULE: check: there is no check 'racy'"),
    ],
)
def test_the_environment_variable_switches_checks_on(tmp_path, value, expected):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=120,
        env={**os.environ, "COSMATI_DEVICE": "vm", "COSMATI_CHECK": value},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(expected)


@pytest.mark.parametrize("schedule", vm.SCHEDULES)
def test_shipped_kernels_pass_all_checks_under_every_schedule(schedule):
    done = subprocess.run(
        [sys.executable, "-m", "cosmati", "run"], capture_output=True, text=True, timeout=300,
        env={**os.environ, "COSMATI_DEVICE": "vm", "COSMATI_CHECK": "all",
             "COSMATI_SCHEDULE": schedule, "COSMATI_SEED": "11"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all kernels agree with NumPy" in done.stdout
