"""Random programs against NumPy: what single functions' tests can't see is how steps meet."""

from __future__ import annotations

from drawing import examples
from hypothesis import given
from hypothesis import strategies as st
from programs import Program, programs

# Of different generations: other instructions, other layouts, the same results.
TARGETS = ["sm_80", "sm_89", "sm_90a", "sm_100a"]


@examples(70)
@given(programs(), st.sampled_from([1, 2, 4, 8]), st.sampled_from(TARGETS))
def test_a_program_computes_what_numpy_says(program: Program, num_warps: int, target: str) -> None:
    program.check(num_warps=num_warps, target=target)
