"""The fixed list of kernels that are examined, and small launches of each.

A launch has 2 x 2 blocks (attention: 2 blocks of queries) and more steps of its main loop than it
has stages, so that the loop reaches its steady state.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from cosmati.kernels import attention, gemm
from cosmati.kernels.attention.host import sums_by_product

TARGETS = ("sm_80", "sm_89", "sm_90a")
# What a CTA may have, in KiB (CUDA C++ Programming Guide, "Technical Specifications").
SHARED_KIB = {"sm_80": 163, "sm_89": 99, "sm_90a": 227}
DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "s8": np.int8,
          "e4m3": ml_dtypes.float8_e4m3fn}  # fmt: skip
WARM_UP_STEPS = 3  # steps of the main loop beyond the stages


@dataclass(frozen=True)
class Case:
    """One configuration of one kernel.

    Attributes
    ----------
    name : str
    family : {"gemm", "attention", "int4", "mixed"}
    dtype : str
        Of operand A, or of attention's arrays.
    block : tuple of int
        (M, N, K); attention: (queries, keys, head dim).
    column_major : bool
        Operand B is stored with K contiguous.
    """

    name: str
    family: str
    dtype: str
    block: tuple[int, int, int]
    warps: int
    stages: int
    targets: tuple[str, ...] = TARGETS
    column_major: bool = False

    def products(self) -> list[tuple[int, int, int]]:
        """M, N, K of the products of one step of the main loop."""
        m, n, k = self.block
        if self.family == "attention":
            totals = [(m, 8, n)] if self.sums_by_product() else []
            return [(m, n, k), (m, k, n), *totals]
        return [(m, n, k // 2)] * 2 if self.family == "int4" else [(m, n, k)]

    def sums_by_product(self) -> bool:
        """Whether attention takes its row sums from tensor cores."""
        m, n, dim = self.block
        config = attention.AttentionConfig(m, n, self.warps, self.stages)
        dtype = {"f16": "float16", "bf16": "bfloat16"}[self.dtype]
        return sums_by_product(dtype, config, dim, with_lse=False)

    def decodes(self, target: str) -> bool:
        """Whether operands become another type on the way to the product.

        Only sm_89's mma.sync has 8-bit floats: sm_80 lacks them, and for sm_90a the assembler makes
        conversions and products of float16 out of it, with sums of their own.
        """
        is_fp8 = self.dtype == "e4m3" and target != "sm_89"
        return self.family in ("int4", "mixed") or is_fp8

    def fewest_mma(self, target: str, has_wide_fp8: bool = False) -> int:
        """Matrix instructions of a warp in one step of the main loop, at least: m16n8k16 of halves,
        m16n8k32 of bytes. ``has_wide_fp8``: 8-bit floats are multiplied as such all the same.
        """
        wide = self.dtype == "s8" or (
            self.dtype == "e4m3" and (has_wide_fp8 or not self.decodes(target))
        )
        per_instruction = 16 * 8 * (32 if wide else 16)
        return sum(m * n * k // (per_instruction * self.warps) for m, n, k in self.products())

    def stage_bytes(self) -> int:
        """Bytes of one stage of both operands in shared memory, as they are in global memory."""
        m, n, k = self.block
        wide = int(np.dtype(DTYPES[self.dtype]).itemsize)
        if self.family == "attention":
            return 2 * n * k * wide
        weights = {"int4": n * k // 2, "mixed": n * k}.get(self.family, n * k * wide)
        return m * k * wide + weights

    def fits(self, target: str) -> bool:
        """Whether the stages fit the shared memory of a CTA."""
        return self.stage_bytes() * self.stages <= SHARED_KIB[target] << 10


@dataclass
class Call:
    """A launch of a case.

    ``arguments`` by name, in order; ``constants`` make the constexprs, given the language's module;
    ``kernel`` is the module below the kernels' package, and the function's name in it.
    ``own_options`` are those that only Cosmati has.
    """

    kernel: tuple[str, str]
    arguments: dict[str, Any]
    constants: Callable[[Any], dict[str, Any]]
    grid: tuple[int, ...]
    out: np.ndarray
    expected: np.ndarray
    tensor_ops: int
    options: dict[str, int] = field(default_factory=dict)
    own_options: dict[str, Any] = field(default_factory=dict)

    def function(self, package: str = "cosmati.kernels") -> Any:
        """The kernel of that package."""
        module, name = self.kernel
        return getattr(importlib.import_module(f"{package}.{module}"), name)

    def passed(self) -> list[Any]:
        """What the compiled kernel takes: None and 1 are part of its code."""
        return [
            value for value in self.arguments.values()
            if value is not None and not (isinstance(value, int) and value == 1)
        ]  # fmt: skip

    def error(self) -> float:
        """Largest difference of ``out``, relative to the largest expected magnitude."""
        scale = float(np.abs(self.expected).max()) or 1.0
        return float(np.abs(self.out.astype(np.float64) - self.expected).max()) / scale


def elements(array: Any) -> tuple[int, ...]:
    """Strides in elements."""
    return tuple(step // array.itemsize for step in array.strides)


def aligned(array: np.ndarray) -> np.ndarray:
    """A copy at a multiple of 256 bytes, as a GPU's allocator gives it; strides stay."""
    if array.flags.f_contiguous and not array.flags.c_contiguous:
        return aligned(array.T).T
    memory = np.empty(array.nbytes + 256, np.uint8)
    start = -memory.ctypes.data % 256
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def operand(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """N(0, 1); integers uniform."""
    if dtype == "s8":
        return aligned(rng.integers(-128, 128, shape, dtype=np.int8))
    return aligned(rng.standard_normal(shape, dtype=np.float32).astype(DTYPES[dtype]))


def make_call(case: Case) -> Call:
    """The launch of a case, with inputs from one seed."""
    rng = np.random.default_rng(0)
    return {"gemm": _gemm, "mixed": _mixed, "int4": _int4, "attention": _attention}[case.family](
        case, rng
    )


def _sizes(case: Case) -> tuple[int, int, int]:
    m, n, k = case.block
    return 2 * m, 2 * n, (case.stages + WARM_UP_STEPS) * k


def _weights(case: Case, rng: np.random.Generator, k: int, n: int, dtype: str) -> np.ndarray:
    return operand(rng, (n, k), dtype).T if case.column_major else operand(rng, (k, n), dtype)


def _options(case: Case) -> dict[str, int]:
    return {"num_warps": case.warps, "num_stages": case.stages}


def _gemm(case: Case, rng: np.random.Generator) -> Call:
    m, n, k = _sizes(case)
    a, b = operand(rng, (m, k), case.dtype), _weights(case, rng, k, n, case.dtype)
    out_type = {"s8": np.int32, "e4m3": np.float32}.get(case.dtype, a.dtype)
    out = aligned(np.zeros((m, n), out_type))
    names = ("stride_am", "stride_ak", "stride_bk", "stride_bn", "stride_cm", "stride_cn")
    strides = zip(names, (*elements(a), *elements(b), *elements(out)), strict=True)
    return Call(
        ("gemm.kernel", "gemm_kernel"),
        {"a_ptr": a, "b_ptr": b, "c_ptr": out, "bias_ptr": None, "M": m, "N": n, "K": k,
         **dict(strides), "stride_bias": 0},
        lambda tl: {"ACC": tl.int32 if case.dtype == "s8" else tl.float32, "ACTIVATION": None,
                    "PRECISION": "ieee", "WIDE": False, **_blocks(case), "GROUP_M": 8},
        (4,), out, gemm.reference(a, b).astype(np.float64), 2 * m * n * k, _options(case),
    )  # fmt: skip


def _blocks(case: Case) -> dict[str, int]:
    return dict(zip(("BLOCK_M", "BLOCK_N", "BLOCK_K"), case.block, strict=True))


def _mixed(case: Case, rng: np.random.Generator) -> Call:
    m, n, k = _sizes(case)
    a, w = operand(rng, (m, k), case.dtype), _weights(case, rng, k, n, "s8")
    scales = aligned(rng.uniform(0.001, 0.01, n).astype(np.float32))
    out = aligned(np.zeros((m, n), a.dtype))
    names = ("stride_am", "stride_ak", "stride_wk", "stride_wn", "stride_s", "stride_cm",
             "stride_cn")  # fmt: skip
    strides = zip(names, (*elements(a), *elements(w), 1, *elements(out)), strict=True)
    return Call(
        ("gemm.mixed", "mixed_kernel"),
        {"a_ptr": a, "w_ptr": w, "scale_ptr": scales, "c_ptr": out, "M": m, "N": n, "K": k,
         **dict(strides)},
        lambda tl: {"WIDE": False, **_blocks(case), "GROUP_M": 8},
        (4,), out, a.astype(np.float64) @ (w * scales.astype(np.float64)), 2 * m * n * k,
        _options(case),
    )  # fmt: skip


def _int4(case: Case, rng: np.random.Generator) -> Call:
    m, n, k = _sizes(case)
    k = -(-k // 128) * 128  # whole groups
    a = operand(rng, (m, k), case.dtype)
    weights = rng.standard_normal((k, n), dtype=np.float32)
    packed, scales, _ = gemm.quantize_int4(weights, 128, dtype=a.dtype)
    packed, scales = aligned(packed), aligned(scales)
    out = aligned(np.zeros((m, n), a.dtype))
    names = ("stride_am", "stride_ak", "stride_wk", "stride_wn", "stride_sk", "stride_sn",
             "stride_cm", "stride_cn")  # fmt: skip
    steps = (*elements(a), *elements(packed), *elements(scales), *elements(out))
    back = gemm.dequantize_int4(packed, scales).astype(np.float64)
    return Call(
        ("gemm.int4", "int4_kernel"),
        {"a_ptr": a, "w_ptr": packed, "scale_ptr": scales, "zero_ptr": None, "c_ptr": out,
         "M": m, "N": n, "K": k, **dict(zip(names, steps, strict=True))},
        lambda tl: {"FORMAT": "int4", "GROUP_SIZE": 128, "WIDE": False,
                    "BLOCK_M": case.block[0], "BLOCK_N": case.block[1], "GROUP_M": 8},
        (4,), out, a.astype(np.float64) @ back, 2 * m * n * k, _options(case),
    )  # fmt: skip


def _attention(case: Case, rng: np.random.Generator) -> Call:
    block_m, block_n, dim = case.block
    queries, keys = 2 * block_m, (case.stages + WARM_UP_STEPS) * block_n
    q = operand(rng, (1, 1, queries, dim), case.dtype)
    k, v = (operand(rng, (1, 1, keys, dim), case.dtype) for _ in range(2))
    out = aligned(np.zeros_like(q))
    arguments: dict[str, Any] = {"q_ptr": q, "k_ptr": k, "v_ptr": v, "o_ptr": out, "lse_ptr": None}
    for name, array in (("q", q), ("k", k), ("v", v), ("o", out)):
        for axis, step in zip("bhnd", elements(array), strict=True):
            arguments[f"stride_{name}{axis}"] = step
    scale = dim**-0.5 * float(np.log2(np.e))
    arguments |= {"scale": scale, "n_queries": queries, "n_keys": keys, "heads_per_group": 1}
    expected, _ = attention.reference(q, k, v)
    steps = keys // block_n
    operations = 2 * steps * sum(2 * m * n * k for m, n, k in case.products())
    return Call(
        ("attention.kernel", "attention_kernel"), arguments,
        lambda tl: {"HEAD_DIM": dim, "CAUSAL": False, "NEGATED": False, "PRECISION": "ieee",
                    "BLOCK_M": block_m, "BLOCK_N": block_n, "BLOCK_D": dim,
                    "SUM_BY_PRODUCT": case.sums_by_product()},
        (2, 1, 1), out, expected, operations, _options(case), {"ftz": True},
    )  # fmt: skip


def _all() -> list[Case]:
    found = []

    def add(family: str, dtype: str, block: tuple[int, int, int], warps: int, stages: int,
            label: str = "", **more: Any) -> None:  # fmt: skip
        shape = "x".join(map(str, block)) if family != "attention" else f"d{block[2]}"
        name = f"{label or family} {dtype} {shape} w{warps}" + (
            "" if family == "attention" else f" s{stages}"
        )
        found.append(Case(name, family, dtype, block, warps, stages, **more))

    for dtype in ("f16", "bf16"):
        for warps in (4, 8):
            for stages in (3, 4):
                add("gemm", dtype, (128, 128, 32), warps, stages)
        for stages in (3, 4):
            add("gemm", dtype, (128, 256, 64), 8, stages)
        for warps in (4, 8):
            add("gemm", dtype, (128, 128, 64), warps, 3, targets=("sm_89",))
        for dim in (64, 128):
            for warps in (4, 8):
                add("attention", dtype, (128, 64, dim), warps, 3 if dim == 64 else 2)
    for dtype in ("s8", "e4m3"):
        for warps in (4, 8):
            add("gemm", dtype, (128, 128, 64), warps, 3, column_major=True)
        add("gemm", dtype, (128, 128, 64), 8, 3, label="gemm row-major B")
    for warps in (4, 8):
        add("int4", "f16", (128, 128, 64), warps, 3)
        add("mixed", "f16", (128, 128, 64), warps, 3, label="int8 weights", column_major=True)
    add("int4", "bf16", (128, 128, 64), 8, 3)
    return found


CASES = _all()
