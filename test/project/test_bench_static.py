"""What bench.static reads out of PTX, machine code and counts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cosmati.vm import Module  # noqa: E402

from bench.static import listing, machine  # noqa: E402
from bench.static.cases import CASES, Case, aligned, make_call  # noqa: E402
from bench.static.goals import access_bytes, misses  # noqa: E402

# Copies 4 x 32 x 16 bytes by way of shared memory, in a loop; lanes from 24 on copy zeros. `{to}`:
# bytes from lane to lane in shared memory.
COPY = """
.version 8.0
.target sm_80
.address_size 64
.visible .entry copy(.param .u64 source, .param .u64 result)
.reqntid 32, 1, 1
{{
  .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .pred %p<4>; .reg .b32 %v<4>;
  .shared .align 16 .b8 memory[2048];
  ld.param.u64 %rd1, [source];
  ld.param.u64 %rd2, [result];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %rd3, %r1, 16;
  add.s64 %rd1, %rd1, %rd3;
  add.s64 %rd2, %rd2, %rd3;
  mul.lo.s32 %r2, %r1, {to};
  mov.u32 %r3, memory;
  add.s32 %r2, %r2, %r3;
  setp.lt.u32 %p1, %r1, 24;
  selp.b32 %r4, 16, 0, %p1;
  setp.ne.s32 %p2, %r1, 99;
  mov.u32 %r5, 0;
$L_loop:
  @%p2 cp.async.cg.shared.global [%r2], [%rd1], 16, %r4;
  cp.async.commit_group;
  cp.async.wait_group 0;
  bar.sync 0;
  ld.shared.v4.b32 {{%v0, %v1, %v2, %v3}},
      [%r2];
  st.global.v4.b32 [%rd2], {{%v0, %v1, %v2, %v3}};
  add.s64 %rd1, %rd1, 512;
  add.s64 %rd2, %rd2, 512;
  add.s32 %r5, %r5, 1;
  setp.lt.u32 %p3, %r5, 4;
  @%p3 bra $L_loop;
  ret;
}}
"""


def run(ptx: str):
    source = aligned(np.arange(512, dtype=np.uint32))
    result = aligned(np.full(512, 7, np.uint32))
    report = Module(ptx).launch("copy", grid=1, block=32, args=[source, result], profile=True)
    return source, result, report.profile.total


def test_counted_copies_do_what_the_copies_do_and_are_counted() -> None:
    ptx = COPY.format(to=16)
    source, result, before = run(ptx)
    expected = source.reshape(4, 32, 4).copy()
    expected[:, 24:] = 0
    np.testing.assert_array_equal(result, expected.ravel())
    counted = machine.with_counted_copies(ptx)
    assert "cp.async.cg" not in counted and len(counted.splitlines()) == len(ptx.splitlines())
    _, again, total = run(counted)
    np.testing.assert_array_equal(again, result)
    # 24 lanes of 16 bytes are 12 sectors; writes are counted in either text.
    assert total.global_sectors - before.global_sectors == 4 * 12
    assert total.bank_conflicts == 0


def test_bank_conflicts_of_copies_are_seen() -> None:
    """Lanes 64 bytes apart: of 8 lanes, each pair meets in the same banks four times."""
    ptx = COPY.format(to=64)
    _, _, before = run(ptx)
    _, _, total = run(machine.with_counted_copies(ptx))
    assert total.bank_conflicts == 2 * before.bank_conflicts > 0


def test_a_loop_of_ptx_is_found_and_its_instructions_divide() -> None:
    found = listing.loops(listing.read_ptx(COPY.format(to=16)))
    assert len(found) == 1
    counts = listing.mix(found[0].body, listing.PTX_CLASSES)
    assert counts == {"all": 11, "cp.async": 1, "commit/wait": 2, "ld.shared": 1, "st.global": 1,
                      "bar": 1, "branch": 1, "int add": 3, "predicate": 1}  # fmt: skip
    assert access_bytes(found[0].body[0]) == 16


def test_the_innermost_loop_with_products_is_found_in_machine_code() -> None:
    text = """
.L_x_1:
        /*0000*/                   IADD3 R1, R1, 0x1, RZ ;
.L_x_2:
        /*0010*/                   HMMA.16816.F32 R4, R8, R12, R4 ;
        /*0020*/              @!P0 LDSM.16.M88.4 R8, [R2] ;
        /*0030*/               @P1 BRA `(.L_x_2) ;
        /*0040*/               @P2 BRA `(.L_x_1) ;
"""
    inner = listing.innermost(listing.read_sass(text), lambda one: one.opcode.startswith("HMMA"))
    assert [listing.mix(loop.body, listing.SASS_CLASSES) for loop in inner] == [
        {"all": 3, "MMA": 1, "LDSM": 1, "branch": 1}
    ]


def test_the_fewest_matrix_instructions_follow_from_the_tile() -> None:
    case = Case("x", "gemm", "f16", (128, 128, 32), 4, 3)
    assert case.fewest_mma("sm_80") == 128 * 128 * 32 // (16 * 8 * 16) // 4 == 64
    attention = Case("x", "attention", "f16", (128, 64, 128), 8, 2)
    assert attention.fewest_mma("sm_90a") == 2 * 128 * 64 * 128 // (16 * 8 * 16) // 8
    assert not Case("x", "gemm", "f16", (128, 256, 64), 8, 3).fits("sm_89")
    assert Case("x", "gemm", "f16", (128, 128, 64), 8, 3).fits("sm_89")


@pytest.mark.parametrize("family", ["gemm", "attention", "int4", "mixed"])
def test_calls_of_every_family_name_the_arguments_of_their_kernels(family: str) -> None:
    call = make_call(next(case for case in CASES if case.family == family))
    names = call.function().arg_names
    assert list(call.arguments) == names[: len(call.arguments)]
    import cosmati.language as tl

    assert list(call.constants(tl)) == names[len(call.arguments) :]


def test_a_row_that_misses_a_goal_says_so() -> None:
    case = Case("x", "gemm", "f16", (128, 128, 32), 4, 3)
    row = {
        "target": "sm_80", "spills": 0, "stack": 0, "warnings": [], "fewest_mma": 64,
        "loop": {"mma.sync": 64, "cp.async": 8, "ldmatrix": 16, "int add": 20},
        "accesses": {"cp.async 16": 8}, "budget_ms": 80.0, "compile_ms": 60.0,
    }  # fmt: skip
    assert misses(case, row) == []
    worse = {**row, "spills": 8, "loop": {**row["loop"], "mma.sync": 96, "st.shared": 4},
             "accesses": {"cp.async 4": 32}, "compile_ms": 500.0}  # fmt: skip
    text = "; ".join(misses(case, worse))
    for part in ("8 bytes of spills", "96 mma.sync", "32 x cp.async 4 B", "4 st.shared", "500 ms"):
        assert part in text
