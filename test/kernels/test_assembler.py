"""NVIDIA's assembler accepts every kernel for every target; the tutorial's sizes don't spill."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cosmati
import cosmati.language as tl
import pytest
from cosmati.kernels.attention import attention_kernel
from cosmati.kernels.elementwise import add_kernel
from cosmati.kernels.gemm import gemm_kernel
from cosmati.kernels.gemm.activations import gelu, relu, silu
from cosmati.kernels.norm import layer_norm_kernel, rms_norm_kernel, softmax_kernel
from cosmati.kernels.quantize import (
    dequantize_kernel,
    quantize_kernel,
    range_kernel,
    scale_kernel,
)
from cosmati.runtime.session import toolchain

TARGETS = ["sm_80", "sm_89", "sm_90a"]


@pytest.fixture(autouse=True)
def with_assembler() -> Iterator[None]:
    with cosmati.options(assemble=True):
        yield


def cubin_of(compiled: Any) -> bytes:
    """The kernel's machine code; skips where there is no assembler."""
    if "cubin" not in compiled.asm:
        pytest.skip("no assembler found (nvJitLink or ptxas): see `cosmati doctor`")
    return compiled.asm["cubin"]


def gemm(target: str, a: str, b: str, out: str, acc: Any, activation: Any = None) -> Any:
    n = 1024
    return gemm_kernel.warmup(
        a, b, out, out if activation else None, n, n, n, n, 1, n, 1, n, 1, 1 if activation else 0,
        ACC=acc, ACTIVATION=activation, PRECISION="ieee", WIDE=False,
        BLOCK_M=64, BLOCK_N=64, BLOCK_K=32, GROUP_M=8, num_warps=4, target=target,
    )  # fmt: skip


def attention(target: str, dtype: str, dim: int, causal: bool) -> Any:
    n, h = 1024, 8
    strides = (h * n * dim, n * dim, dim, 1)
    num_stages = 3 if dim * (4 if dtype == "*fp32" else 2) <= 128 else 2
    return attention_kernel.warmup(
        dtype, dtype, dtype, dtype, "*fp32", *strides, *strides, *strides, *strides, 0.125, n, n, 1,
        HEAD_DIM=dim, CAUSAL=causal, NEGATED=False, PRECISION="ieee", BLOCK_M=64, BLOCK_N=64,
        BLOCK_D=dim, num_warps=4, num_stages=num_stages, target=target,
    )  # fmt: skip


def quantize(target: str, format: str, symmetric: bool, saturate: bool, one_block: bool) -> Any:
    codes = "*i8" if format == "int8" else "*u8"
    return quantize_kernel.warmup(
        "*fp32", codes, "*fp32", None if symmetric else "*i8", 512, 8, 128, 1024, 1024,
        FORMAT=format, LARGEST=448.0, SYMMETRIC=symmetric, SATURATE=saturate, GIVEN=False,
        SHARED=False, ONE_BLOCK=one_block, GROUPS=16, BLOCK=128, target=target,
    )  # fmt: skip


GEMMS = {
    "f32": ("*fp32", "*fp32", "*fp32", tl.float32),
    "f16": ("*fp16", "*fp16", "*fp16", tl.float32),
    "f16-gelu": ("*fp16", "*fp16", "*fp16", tl.float32, gelu),
    "bf16-silu": ("*bf16", "*bf16", "*bf16", tl.float32, silu),
    "i8-relu": ("*i8", "*i8", "*i32", tl.int32, relu),
    "e4m3": ("*fp8e4nv", "*fp8e4nv", "*fp32", tl.float32),
    "e5m2": ("*fp8e5", "*fp8e5", "*fp32", tl.float32),
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", GEMMS)
def test_gemm_of_the_tutorial_does_not_spill(kind: str, target: str) -> None:
    compiled = gemm(target, *GEMMS[kind])
    assert cubin_of(compiled)
    assert compiled.n_spills == 0
    assert 0 < compiled.n_regs <= 255


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dtype", ["*fp16", "*bf16", "*fp32"])
@pytest.mark.parametrize("causal", [False, True], ids=["full", "causal"])
def test_attention_of_the_tutorial_does_not_spill(dtype: str, target: str, causal: bool) -> None:
    compiled = attention(target, dtype, 64, causal)
    assert cubin_of(compiled)
    assert compiled.n_spills == 0
    assert 0 < compiled.n_regs <= 255


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("dim", [16, 128])
def test_attention_of_other_head_dims_assembles(dim: int, target: str) -> None:
    assert cubin_of(attention(target, "*fp16", dim, True))


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("one_block", [True, False], ids=["one_block", "long"])
def test_norms_assemble(one_block: bool, target: str) -> None:
    options = {"BLOCK": 1024, "ONE_BLOCK": one_block, "target": target}
    n = 1000 if one_block else 5000
    for dtype in ("*fp32", "*fp16", "*bf16"):
        assert cubin_of(softmax_kernel.warmup(dtype, dtype, n, n, n, **options))
        assert cubin_of(
            layer_norm_kernel.warmup(dtype, dtype, dtype, dtype, n, n, n, 1e-5, **options)
        )
        assert cubin_of(rms_norm_kernel.warmup(dtype, dtype, dtype, n, n, n, 1e-5, **options))


@pytest.mark.parametrize("target", TARGETS)
def test_quantization_assembles(target: str) -> None:
    for format, symmetric in (("int8", True), ("int8", False), ("e4m3", True), ("e5m2", True)):
        for one_block in (True, False):
            assert cubin_of(quantize(target, format, symmetric, True, one_block))
        codes = "*i8" if format == "int8" else "*u8"
        assert cubin_of(
            dequantize_kernel.warmup(
                codes,
                "*fp32",
                None if symmetric else "*i8",
                "*fp32",
                4096,
                1024,
                8,
                128,
                FORMAT=format,
                SHARED=False,
                BLOCK=1024,
                target=target,
            )  # fmt: skip
        )
    assert cubin_of(quantize(target, "e4m3", True, False, True))
    assert cubin_of(range_kernel.warmup("*fp32", "*fp32", "*fp32", 64, 1000, 1000, BLOCK=1024,
                                        target=target))  # fmt: skip
    assert cubin_of(scale_kernel.warmup("*fp32", "*fp32", "*fp32", "*i8", 64, LARGEST=127.0,
                                        SYMMETRIC=False, BLOCK=64, target=target))  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_vector_add_assembles(target: str) -> None:
    for dtype in ("*fp32", "*fp16", "*bf16", "*fp64", "*i8", "*i64"):
        assert cubin_of(add_kernel.warmup(dtype, dtype, dtype, 1000, BLOCK=1024, target=target))


def ptxas_path() -> str:
    """The program ptxas; skips where it is not found."""
    (found,) = [piece for piece in toolchain().report() if piece["name"] == "ptxas"]
    if not found["path"]:
        pytest.skip("ptxas not found: see `cosmati doctor`")
    return str(found["path"])


@pytest.mark.parametrize("target", TARGETS)
def test_ptxas_has_nothing_to_remark(target: str, tmp_path: Path) -> None:
    """No warning of spills, local memory or deprecation for the tutorial's sizes."""
    kernels = {
        "gemm": gemm(target, *GEMMS["f16"]),
        "attention": attention(target, "*fp16", 64, True),
        "quantize": quantize(target, "e4m3", True, True, True),
    }
    for name, compiled in kernels.items():
        source = tmp_path / f"{name}.ptx"
        source.write_text(compiled.asm["ptx"], encoding="utf-8")
        done = subprocess.run(
            [ptxas_path(), f"-arch={target}", "-warn-spills", "-warn-lmem-usage",
             "-o", str(tmp_path / f"{name}.cubin"), str(source)],
            capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
