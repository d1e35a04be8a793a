"""The static estimate: what is read from PTX, how loops are counted, and what it ranks higher."""

from __future__ import annotations

from types import SimpleNamespace

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.profile import GPUS, profiling
from cosmati.tuning.estimate import (
    Multiprocessor,
    access_bytes,
    block_runs,
    estimate_cost,
    occupancy,
)
from cosmati.tuning.ptx import Instruction, read_ptx, split_operands
from cosmati.tuning.scalars import compute
from cosmati.tuning.trace import ASSUMED_TRIPS, Follower

LOOP = """
.visible .entry k(
    .param .u32 k_param_0
)
{
    .reg .pred %p<3>;
    ld.param.b32 %r1, [k_param_0];
    mov.b32 %r2, 0;
    setp.lt.s32 %p1, %r1, 1;
    @%p1 bra $L__BB0_3;
$L__BB0_2:                              // a comment; with a semicolon
    // begin inline asm
    { mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
      {%f1, %f2, %f3, %f4}, {%r3, %r4}, {%r5}, {%f1, %f2, %f3, %f4};
    }
    // end inline asm
    add.s32 %r2, %r2, 32;
    setp.lt.s32 %p2, %r2, %r1;
    @%p2 bra $L__BB0_2;
$L__BB0_3:
    ret;
}
"""


def runs(text: str, *parameters: int, **special: int) -> tuple[list[int], bool]:
    listing = read_ptx(text)
    places = {f"%{name.replace('_', '.')}": value for name, value in special.items()}
    trace = Follower(listing, dict(enumerate(parameters)), places).run()
    return trace.counts, trace.assumed


def test_statements_become_instructions_in_blocks():
    listing = read_ptx(LOOP)
    kinds = [[one.parts[0] for one in block.body] for block in listing.blocks]
    assert kinds == [["ld", "mov", "setp", "bra"], ["mma", "add", "setp", "bra"], ["ret"], []]
    branch = listing.blocks[1].body[-1]
    assert (branch.guard, branch.negated, branch.operands) == ("%p2", False, ("$L__BB0_2",))
    assert listing.blocks[1].body[0].operands[0] == "{%f1, %f2, %f3, %f4}"


CALL = """
.func  (.param .b32 func_retval0) helper(
    .param .b32 helper_param_0
)
;
.visible .entry k(
    .param .u32 k_param_0
)
{
    { // callseq 0, 0
    .param .b32 param0;
    call.uni (retval0), helper, (param0);
    } // callseq 0
    ret;
}
.func  (.param .b32 func_retval0) helper(
    .param .b32 helper_param_0
)
{
    ld.global.b32 %r1, [%rd1];
    bar.sync 0;
    ret;
}
"""


def test_functions_that_are_called_count_where_they_are_called():
    listing = read_ptx(CALL)
    assert [one.parts[0] for one in listing.blocks[0].body] == ["call", "ret"]
    assert list(listing.functions) == ["helper"]
    image = SimpleNamespace(
        ptx=CALL, target="sm_90a", params=[], num_warps=4, num_ctas=1, num_stages=1, regs=32,
        spill_bytes=0, shared_bytes=0,
    )  # fmt: skip
    assert estimate_cost(image, (1, 1, 1), {}).latency == 530.0


def test_operands_in_braces_and_brackets_stay_together():
    assert split_operands("{%r1, %r2}, [%rd1+4], 16") == ("{%r1, %r2}", "[%rd1+4]", "16")
    assert split_operands("") == ()


@pytest.mark.parametrize(("extent", "trips"), [(0, 0), (1, 1), (32, 1), (33, 2), (320, 10)])
def test_loops_are_counted_from_the_launchs_integers(extent, trips):
    counts, assumed = runs(LOOP, extent)
    assert counts[:3] == [1, trips, 1] and not assumed


def test_a_loop_over_data_is_assumed_and_said_to_be():
    counts, assumed = runs(
        LOOP.replace("ld.param.b32 	%r1, [k_param_0]", "ld.global.b32 %r1, [%rd1]")
    )
    assert counts[1] == ASSUMED_TRIPS and assumed


def test_endless_loops_end():
    counts, assumed = runs(LOOP.replace("@%p2 bra", "bra"), 1)
    assert counts[1] > 1000 and assumed


@pytest.mark.parametrize(("opcode", "given", "expected"), [
    ("add.s32", [2**32 - 1, 2], 1),
    ("sub.s32", [1, 2], 2**32 - 1),
    ("mul.wide.s32", [2**32 - 1, 2], 2**64 - 2),
    ("mul.hi.u32", [2**31, 4], 2),
    ("mad.lo.s32", [3, 4, 5], 17),
    ("shr.s32", [2**32 - 8, 1], 2**32 - 4),
    ("shr.u32", [2**32 - 8, 1], 2**31 - 4),
    ("shl.b32", [1, 40], 0),
    ("div.s32", [2**32 - 7, 2], 2**32 - 3),
    ("rem.s32", [2**32 - 7, 2], 2**32 - 1),
    ("div.s32", [1, 0], None),
    ("min.s32", [2**32 - 1, 1], 2**32 - 1),
    ("min.u32", [2**32 - 1, 1], 1),
    ("setp.lt.s32", [2**32 - 1, 1], 1),
    ("setp.lt.u32", [2**32 - 1, 1], 0),
    ("selp.b32", [4, 5, 1], 4),
    ("selp.b32", [4, 4, None], 4),
    ("selp.b32", [4, 5, None], None),
    ("cvt.s64.s32", [2**32 - 1], 2**64 - 1),
    ("cvt.u64.u32", [2**32 - 1], 2**32 - 1),
    ("not.b32", [0], 2**32 - 1),
    ("neg.s32", [1], 2**32 - 1),
    ("add.f32", [1, 2], None),
    ("add.s32", [1, None], None),
    ("popc.b32", [1], None),
])  # fmt: skip
def test_integers_are_computed_as_the_hardware_does(opcode, given, expected):
    assert compute(opcode.split("."), given) == expected


@pytest.mark.parametrize(("opcode", "operands", "size"), [
    ("ld.global.b32", ("%r1", "[%rd1]"), 4),
    ("ld.global.v4.b32", ("{}", "[%rd1]"), 16),
    ("st.shared.v2.b64", ("[%rd1]", "{}"), 16),
    ("ld.global.u8", ("%r1", "[%rd1]"), 1),
    ("cp.async.cg.shared.global", ("[%rd6]", "[%rd23]", "16", "%r28"), 16),
    ("ldmatrix.sync.aligned.m8n8.x4.shared.b16", ("{}", "[%rd66]"), 16),
])  # fmt: skip
def test_bytes_of_an_access(opcode, operands, size):
    assert access_bytes(Instruction(opcode, operands)) == size


@pytest.mark.parametrize(("warps", "regs", "shared", "ctas"), [
    (4, 32, 0, 16),  # warps
    (1, 32, 0, 32),  # slots
    (4, 128, 0, 4),  # registers
    (8, 255, 0, 1),
    (4, 32, 99 << 10, 2),  # shared memory
    (32, 255, 0, 1),  # never none
    (4, -1, 0, 16),  # not assembled
])  # fmt: skip
def test_how_many_ctas_fit(warps, regs, shared, ctas):
    image = SimpleNamespace(num_warps=warps, regs=regs, shared_bytes=shared)
    assert occupancy(image, Multiprocessor(64, 32, 228 << 10)) == ctas


@cosmati.jit
def product(a, b, c, K, BM: tl.constexpr, BN: tl.constexpr, BK: tl.constexpr):
    i, j, l = tl.arange(0, BM), tl.arange(0, BN), tl.arange(0, BK)  # noqa: E741
    acc = tl.zeros((BM, BN), tl.float32)
    for k in range(0, K, BK):
        left = tl.load(a + i[:, None] * K + (k + l)[None, :])
        right = tl.load(b + (k + l)[:, None] * BN + j[None, :])
        acc = tl.dot(left, right, acc)
    tl.store(c + i[:, None] * BN + j[None, :], acc)


def cost(size=64, K=512, grid=(128, 1, 1), gpu=None, **options):
    kernel = product.warmup("*fp16", "*fp16", "*fp32", K, BM=size, BN=size, BK=32, **options)
    return estimate_cost(kernel.image, grid, {"K": K}, gpu)


def test_longer_loops_and_larger_grids_cost_more():
    assert cost(K=512).milliseconds < cost(K=1024).milliseconds < cost(K=4096).milliseconds
    assert cost(grid=(100, 1, 1)).milliseconds == cost(grid=(132, 1, 1)).milliseconds
    assert cost(grid=(132, 1, 1)).milliseconds < cost(grid=(10_000, 1, 1)).milliseconds
    assert cost(grid=(100, 1, 100)).rounds == cost(grid=(10_000, 1, 1)).rounds


def test_pipelines_hide_latency():
    assert cost(num_stages=3).latency < cost(num_stages=1).latency


def test_spills_cost():
    image = product.warmup("*fp16", "*fp16", "*fp32", 512, BM=64, BN=64, BK=32).image
    facts = {name: getattr(image, name) for name in (
        "target", "ptx", "params", "num_warps", "num_ctas", "num_stages", "regs", "shared_bytes",
    )}  # fmt: skip
    whole = estimate_cost(SimpleNamespace(**facts, spill_bytes=0), (999, 1, 1), {"K": 512})
    spilled = estimate_cost(SimpleNamespace(**facts, spill_bytes=512), (999, 1, 1), {"K": 512})
    assert spilled.milliseconds > whole.milliseconds


def test_estimates_depend_on_nothing_but_the_image_and_the_arguments():
    assert cost() == cost()
    assert not cost().assumed
    assert cost(gpu=GPUS["a100"]) != cost(gpu=GPUS["h100"])


def test_arrays_and_numpy_integers_may_be_among_the_arguments():
    image = product.warmup("*fp16", "*fp16", "*fp32", 512, BM=64, BN=64, BK=32).image
    plain = estimate_cost(image, (8, 1, 1), {"K": 512})
    arguments = {"K": np.int32(512), "a": np.zeros(3), "b": None, "c": "text"}
    assert estimate_cost(image, (8, 1, 1), arguments) == plain


def test_large_tiles_win_for_large_products_and_spilling_ones_lose():
    """As on GPUs: 16x16 blocks starve the tensor cores, and too few warps for a block spill."""
    blocks = {size: (4096 // size) ** 2 for size in (16, 64)}
    small, large = (
        cost(size, K=4096, grid=(count, 1, 1)).milliseconds for size, count in blocks.items()
    )
    assert large < small / 2
    few = cost(128, K=4096, grid=(1024, 1, 1), num_warps=1)
    many = cost(128, K=4096, grid=(1024, 1, 1), num_warps=8)
    assert many.milliseconds < few.milliseconds


@pytest.mark.parametrize("target", ["sm_80", "sm_89", "sm_90a"])
def test_every_target_has_a_multiprocessor(target):
    assert cost(target=target).milliseconds > 0


def test_the_middle_of_the_grid_counts_for_triangular_work():
    @cosmati.jit
    def triangle(x, BLOCK: tl.constexpr):
        offs = tl.arange(0, BLOCK)
        for i in range(tl.program_id(0) + 1):
            tl.store(x + i * BLOCK + offs, 1.0)

    image = triangle.warmup("*fp32", BLOCK=128).image
    few = estimate_cost(image, (1, 1, 1), {})
    many = estimate_cost(image, (101, 1, 1), {})
    assert many.busy > 20 * few.busy


@pytest.mark.parametrize("stages", [1, 3])
def test_instructions_are_counted_as_the_virtual_machine_executes_them(stages):
    k, size = 256, 64
    a, b = np.ones((size, k), np.float16), np.ones((k, size), np.float16)
    with profiling() as collector:
        compiled = product[(3,)](
            a, b, np.zeros((size, size), np.float32), k, BM=size, BN=size, BK=32, num_stages=stages
        )
    (kernel,) = collector.kernels
    listing = read_ptx(compiled.image.ptx)
    names = [name for name, _ in compiled.image.params]
    runs_, assumed = block_runs(listing, compiled.image, (3, 1, 1), {names.index("K"): k})
    counted = sum(n * len(block.body) for n, block in zip(runs_, listing.blocks, strict=True))
    assert not assumed
    assert counted * 4 * 3 == kernel.profile.total.executions
