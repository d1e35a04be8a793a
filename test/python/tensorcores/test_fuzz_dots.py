"""Random programs around dots give what NumPy gives, under all checkers.

``python -m fuzz_dots --seconds 600 --seed 7000`` in this folder looks longer and elsewhere.
"""

from __future__ import annotations

import re
import time

import pytest
from fuzz_dots.generate import generate
from fuzz_dots.run import Failure, TooLarge, check_dots
from fuzzing import numerics as num
from fuzzing.program import Program, Reject, walk

SECONDS = 7  # of each part


def _programs(first: int, count: int):
    for seed in range(first, first + count):
        try:
            yield seed, generate(seed)
        except Reject:
            pass


@pytest.mark.parametrize("first", [0, 10_000])
def test_random_programs_agree_with_numpy(first):
    end = time.monotonic() + SECONDS
    for number, (seed, program) in enumerate(_programs(first, 1000)):
        try:
            check_dots(program)
        except TooLarge:
            pass
        except Failure as failure:
            pytest.fail(
                f"program {seed}: {failure}\n\nreduced:\n{failure.reduced()}", pytrace=False
            )
        if time.monotonic() > end:
            assert number > 3
            return


def test_programs_depend_on_their_seed_alone():
    for seed in range(5):
        assert generate(seed).text() == generate(seed).text()


def test_programs_have_what_the_fuzzer_is_there_for():
    texts = [program.text() for _, program in _programs(0, 120)]
    pieces = [
        r"tl\.dot\(", r"for i", r"while w", r"tl\.range\(", "num_stages=", "loop_unroll_factor=",
        r"static_range\(", "input_precision=", "float8e5", "int8", "bfloat16", "float64",
        "out_dtype=tl.float16", r"\.T", "mask=", "other=1", r"tl\.load\(q", r"\bt\d+\[:, None\]",
        r"\bg\d+ \*", "debug_barrier", "% 2 == 0", r"tl\.maximum\(", r"tl\.where\(", r"tl\.sum\(",
    ]  # fmt: skip
    for piece in pieces:
        count = sum(bool(re.search(piece, text)) for text in texts)
        assert count >= 3, f"{piece} occurs in {count} of {len(texts)} programs"


def test_a_wrong_reference_is_noticed_and_reduced_to_its_dot(monkeypatch):
    """A reference that forgets the last product of each sum."""
    exact = num.exact_dot
    monkeypatch.setattr(num, "exact_dot", lambda a, b, acc, out: exact(
        a[..., :-1], b[..., :-1, :], acc, out))  # fmt: skip
    for _, program in _programs(0, 200):
        try:
            check_dots(program)
        except TooLarge:
            continue
        except Failure as failure:
            if "elements differ" not in str(failure):
                continue
            small = failure.reduced()
            assert "tl.dot(" in small
            assert _statements(small) <= 8
            return
    pytest.fail("no program noticed")


def _statements(text: str) -> int:
    return len([line for line in text.split("def kernel(")[1].splitlines()[1:] if line.strip()])


def test_most_programs_multiply_in_loops():
    def loops(program: Program) -> bool:
        return any(
            "tl.dot(" in line
            for statement in walk(program.body)
            if type(statement).__name__ in ("For", "While")
            for line in statement.lines()
        )

    programs = [program for _, program in _programs(0, 60)]
    assert sum(map(loops, programs)) > len(programs) // 2
