"""Random block programs give what NumPy gives.

``pytest test/python/compiler/test_fuzz.py --fuzz-seconds=1200 --fuzz-seed=7000`` looks longer and
elsewhere; ``python -m fuzzing`` in this folder does the same without pytest.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from fuzzing import numerics as num
from fuzzing.control import generate
from fuzzing.program import Array, Op, Program, Reject
from fuzzing.reducer import describe, reduce
from fuzzing.runner import Mismatch, check

_PARTS = 4


def _programs(seed: int, seconds: float):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            yield seed, generate(seed)
        except Reject:
            pass
        seed += 1


@pytest.mark.slow
@pytest.mark.parametrize("part", range(_PARTS))
def test_random_programs_agree_with_numpy(part: int, request: pytest.FixtureRequest) -> None:
    seconds = request.config.getoption("--fuzz-seconds", default=40) / _PARTS
    first = request.config.getoption("--fuzz-seed", default=0) + part * 1_000_000
    ran = 0
    for seed, program in _programs(first, seconds):
        try:
            check(program)
        except Mismatch as error:
            small = describe(reduce(program))
            pytest.fail(f"program {seed}: {error}\n\nreduced:\n{small}", pytrace=False)
        ran += 1
    assert ran >= 3


def test_programs_depend_on_their_seed_alone() -> None:
    for seed in range(5):
        assert generate(seed).text() == generate(seed).text()


def test_generated_programs_use_the_whole_language() -> None:
    """What the fuzzer is there for does occur, and not just now and then."""
    texts = []
    for seed in range(150):
        try:
            texts.append(generate(seed).text())
        except Reject:
            pass
    for piece in ("tl.dot(", "tl.sum(", "tl.cumsum(", "for ", "while ", "if ", "tl.trans(",
                  "tl.reshape(", "tl.join(", "tl.split(", "tl.atomic_", "mask=", "debug_barrier",
                  "helper", "associative_scan((", "tl.broadcast_to(", "bitcast=True"):  # fmt: skip
        count = sum(piece in text for text in texts)
        assert count >= 3, f"{piece} occurs in {count} of {len(texts)} programs"


def _wrong_sum() -> Program:
    """A program whose meaning is given wrongly: the sum of 64 ones is not 63."""
    program = generate(11)
    ones = Op(("v900",), "tl.full((64,), 1, tl.int32)", (), lambda m: np.ones(64, np.int32))
    wrong = Op(("v901",), "tl.sum(v900, 0)", ("v900",), lambda m, x: np.int32(63))
    program.arrays["a900"] = Array(np.zeros(program.programs, np.int32))

    def store(machine, value):
        machine.memory["a900"][machine.pid] = value

    stored = Op((), "tl.store(a900 + pid, v901)", ("v901",), store)
    program.body[:0] = [ones, wrong, stored]
    return program


def test_a_difference_is_found_and_reduced_to_its_cause() -> None:
    program = _wrong_sum()
    with pytest.raises(Mismatch, match="64 instead of 63"):
        check(program)
    small = reduce(program)
    assert "tl.sum(" in small.text()
    assert len(small.body) <= 3


def test_truncating_division_is_total() -> None:
    x = np.array([7, -7, 7, -7, -128, 5, -5], np.int8)
    y = np.array([2, 2, -2, -2, -1, 0, 0], np.int8)
    quotient, rest = num.truncating_division(x, y)
    assert quotient.tolist() == [3, -3, -3, 3, -128, 0, 0]
    assert rest.tolist() == [1, -1, 1, -1, 0, 5, -5]
