"""Deleting a barrier, a fence, a wait or a mask from a shipped kernel's PTX never goes unseen."""

from __future__ import annotations

from collections import Counter

import pytest
from cases import CASES
from equivalent import EQUIVALENT
from mutants import mutants
from survive import outcomes

# What each case must at least have, so that a change of the PTX's shape can't empty the test.
_LEAST = {
    "delete bar.sync": 20,
    "delete cp.async.wait_group": 12,
    "unmask cp.async.cg.shared": 40,
    "unmask ld": 150,
    "unmask st": 60,
}


@pytest.fixture(scope="module")
def all_outcomes():
    return {case: list(outcomes(case)) for case in CASES}


@pytest.mark.parametrize("case", CASES)
def test_every_mutant_is_caught_or_proven_equivalent(all_outcomes, case):
    survivors = [
        f"{o.kernel}, PTX line {o.mutant.line}: {o.mutant.what}: {o.source}"
        for o in all_outcomes[case]
        if not o.caught and (o.kernel, o.mutant.what, o.source) not in EQUIVALENT
    ]
    assert not survivors, "nothing catches these mutants:\n" + "\n".join(survivors)


def test_each_proof_is_of_a_mutant_that_survives(all_outcomes):
    surviving = {
        (o.kernel, o.mutant.what, o.source)
        for each in all_outcomes.values()
        for o in each
        if not o.caught
    }
    assert set(EQUIVALENT) == surviving


def test_mutants_of_all_kinds_exist(all_outcomes):
    counts = Counter(
        " ".join(o.mutant.what.split(".global")[0].split())
        for each in all_outcomes.values()
        for o in each
    )
    assert all(counts[kind] >= least for kind, least in _LEAST.items()), counts


def test_all_checkers_take_part(all_outcomes):
    caught = {o.caught for each in all_outcomes.values() for o in each}
    assert {"out-of-bounds", "race", "uninitialized"} <= caught


def test_a_mutant_lacks_one_instruction_or_one_guard():
    text = "bar.sync 0;\n@%p1 ld.global.b32 %r1, [%rd1];\n@!%p2 bar.sync 0;\nadd.s32 %r1, %r1, 1;\n"
    made = [(m.line, m.what, m.ptx) for m in mutants(text)]
    lines = text.split("\n")
    assert made == [
        (1, "delete bar.sync", "\n".join(["", *lines[1:]])),
        (2, "unmask ld.global.b32",
         "\n".join([lines[0], "ld.global.b32 %r1, [%rd1];", *lines[2:]])),
        (3, "delete bar.sync", "\n".join([*lines[:2], "", *lines[3:]])),
    ]  # fmt: skip
