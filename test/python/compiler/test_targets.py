"""Every target gets code that its assembler takes, and that computes the same."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from cosmati.runtime.session import toolchain
from ptx_text import count, instructions
from sample_kernels import SAMPLES, TARGETS


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SAMPLES)
def test_ptx_names_its_target_and_the_lowest_version_that_it_needs(name: str, target: str) -> None:
    ptx = SAMPLES[name](target=target, assemble=False).image.ptx
    assert re.search(rf"^\.target {target}$", ptx, re.MULTILINE)
    version = re.search(r"^\.version (\d+)\.(\d+)$", ptx, re.MULTILINE)
    assert version
    lowest = {"sm_80": 70, "sm_86": 71, "sm_89": 78, "sm_90a": 80, "sm_100a": 86, "sm_120a": 87}
    needed = int(version[1]) * 10 + int(version[2])
    # sm_89 has conversions of fp8 since PTX 8.1 and products since 8.4.
    fp8_of_sm_89 = target == "sm_89" and needed in (81, 84)
    assert needed == lowest[target] or fp8_of_sm_89


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", SAMPLES)
def test_the_assembler_takes_it_and_tutorials_do_not_spill(name: str, target: str) -> None:
    compiled = SAMPLES[name](target=target, assemble=True)
    if "assembler" not in compiled.image.metadata:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    assert compiled.asm["cubin"]
    if name.startswith(("gemm", "attention", "vector", "softmax")):
        assert compiled.n_spills == 0
    assert 0 < compiled.n_regs <= 255


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_every_optimisation_level_assembles(level: int) -> None:
    compiled = SAMPLES["vector add"](target="sm_80", assemble=True, opt_level=level)
    if "assembler" not in compiled.image.metadata:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    assert compiled.asm["cubin"]


@pytest.mark.parametrize("target", ["sm_80", "sm_90a", "sm_120a"])
def test_ptxas_takes_it_too(target: str, tmp_path: Path) -> None:
    """nvJitLink and ptxas read PTX alike, as a rule."""
    (found,) = [piece for piece in toolchain().report() if piece["name"] == "ptxas"]
    if not found["path"]:
        pytest.skip("ptxas not found: see `cosmati doctor`")
    for name in ("softmax", "gemm f16 gelu", "quantize e4m3"):
        source = tmp_path / "kernel.ptx"
        source.write_text(SAMPLES[name](target=target, assemble=False).image.ptx)
        done = subprocess.run(
            [found["path"], f"-arch={target}", "-o", str(tmp_path / "out"), str(source)],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}: {done.stderr}"


@cosmati.jit
def mixed(x, y, ints, out, sums, n, BLOCK: tl.constexpr, SCALE: tl.constexpr):
    """A bit of everything whose results don't depend on the order of additions."""
    m = tl.arange(0, BLOCK)[:, None]
    k = tl.arange(0, BLOCK)[None, :]
    inside = (m < n) & (k < n)
    a = tl.load(x + m * BLOCK + k, mask=inside, other=0.0)
    b = tl.load(y + k * BLOCK + m, mask=inside, other=0.0)
    product = tl.dot(a, b)
    largest = tl.max(product, 1)
    for i in range(3):
        product = tl.where(product > largest[:, None] - i, product, product + SCALE)
    tl.store(out + m * BLOCK + k, product.to(out.dtype.element_ty), mask=inside)
    i = tl.arange(0, BLOCK)
    total = tl.cumsum(tl.load(ints + i) // 3, 0)
    tl.atomic_add(sums + i % 8, total)


def run_mixed(target: str, dtype: Any, out_dtype: Any) -> tuple[Any, ...]:
    size, n = 32, 29
    source = np.random.default_rng(5)
    x = (source.integers(-8, 9, (size, size)) * 0.25).astype(dtype)
    y = (source.integers(-8, 9, (size, size)) * 0.25).astype(dtype)
    ints = source.integers(-1000, 1000, size).astype(np.int32)
    out, sums = np.zeros((size, size), out_dtype), np.zeros(8, np.int32)
    compiled = mixed[(1,)](
        x, y, ints, out, sums, n, BLOCK=size, SCALE=0.5, target=target, assemble=False
    )
    assert compiled.image.target == target
    return out.astype(np.float32), sums


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "dtype, out_dtype",
    [
        (np.float16, np.float32),
        (ml_dtypes.bfloat16, ml_dtypes.bfloat16),
        (np.float32, np.float16),
        (ml_dtypes.float8_e4m3fn, np.float32),
        (ml_dtypes.float8_e5m2, ml_dtypes.float8_e4m3fn),
    ],
    ids=["f16", "bf16", "f32", "e4m3", "e5m2"],
)
def test_every_targets_code_gives_the_same_results(target: str, dtype: Any, out_dtype: Any) -> None:
    if target == TARGETS[0]:
        pytest.skip("the one that others are compared with")
    for got, wanted in zip(run_mixed(target, dtype, out_dtype),
                           run_mixed(TARGETS[0], dtype, out_dtype), strict=True):  # fmt: skip
        np.testing.assert_array_equal(got, wanted)


def test_a_target_that_does_not_exist_lists_those_that_do() -> None:
    with pytest.raises(ValueError, match="target 'sm_70' is not known; known: 80, 86"):
        SAMPLES["vector add"](target="sm_70")


# The shape of the code: what performance rests on.


def global_accesses(ptx: str, kind: str) -> list[str]:
    return [one.opcode for one in instructions(ptx) if one.opcode.startswith(f"{kind}.global")]


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
def test_vector_add_moves_16_bytes_per_access(target: str) -> None:
    ptx = SAMPLES["vector add"](target=target, assemble=False).image.ptx
    # 1024 elements, 128 threads, 4 per access.
    assert global_accesses(ptx, "ld") == ["ld.global.v4.b32"] * 4
    assert global_accesses(ptx, "st") == ["st.global.v4.b32"] * 2
    assert count(ptx, "bar") == count(ptx, "shfl") == count(ptx, "ld.shared") == 0


def test_gemm_loads_and_stores_16_bytes_per_access() -> None:
    ptx = SAMPLES["gemm f16 gelu"](target="sm_80", assemble=False).image.ptx
    # Of the operands, before the loop and in it; the rest of the loads is the bias.
    assert count(ptx, "cp.async.cg.shared.global") >= 8
    assert "ld.global.v4.b32" not in global_accesses(ptx, "ld")
    assert set(global_accesses(ptx, "st")) == {"st.global.v4.b32"}


def test_softmax_reduces_with_shuffles_and_two_trips_through_shared_memory() -> None:
    ptx = SAMPLES["softmax"](target="sm_80", assemble=False).image.ptx
    # Maximum and sum, each: 5 steps within a warp, then 4 partial results.
    assert count(ptx, "shfl") == 10
    assert 2 <= count(ptx, "bar") <= 4
    assert count(ptx, "ld.local") == count(ptx, "st.local") == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_lives_in_local_memory(name: str) -> None:
    ptx = SAMPLES[name](target="sm_90a", assemble=False).image.ptx
    assert ".local" not in ptx and count(ptx, "call") == 0


def test_a_loop_of_a_matrix_product_waits_twice_per_step() -> None:
    """On scalar units: once until the operands are stored, once until they are read. The sums, four
    neighbours in a thread, are stored as they are."""
    ptx = SAMPLES["gemm f32"](target="sm_80", assemble=False).image.ptx
    assert count(ptx, "bar") == 2


def test_a_pipelined_loop_of_a_matrix_product_waits_once_per_step() -> None:
    """In the loop alone: sums of f32 are stored as the products leave them."""
    ptx = SAMPLES["gemm e4m3"](target="sm_89", assemble=False).image.ptx
    assert count(ptx, "mma.sync") > 0
    assert count(ptx, "bar") == 1
