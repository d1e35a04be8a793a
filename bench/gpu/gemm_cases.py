"""Matrix products against cuBLAS and Triton: types, and shapes from 512 to 8192 and odd ones."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from cosmati.kernels.gemm import dequantize_int4, quantize_int4

from bench.gpu.blocks import gemm_blocks
from bench.gpu.inputs import normal, pair
from bench.gpu.measure import Candidate, Result, Timer, compare

SQUARES = (512, 1024, 2048, 4096, 8192)
# Extents that no block divides, and rows that are no multiple of 16 bytes.
ODD = ((1000, 1000, 1000), (4097, 2049, 1023), (3333, 4160, 2064))
FEW = (1024, 4096, 8192)
ROWS = 64  # of the result, which are compared with float64


@dataclass(frozen=True)
class Kind:
    """Operands of one type: largest error relative to the largest result, and the shapes."""

    name: str
    dtype: torch.dtype
    tolerance: float
    shapes: tuple[tuple[int, int, int], ...]
    column_major: bool = False
    precision: str = "ieee"


def squares(extents: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple((n, n, n) for n in extents)


# cuBLAS takes 8-bit operands only where B is stored column by column and extents divide by 16.
KINDS = (
    Kind("float16", torch.float16, 2e-3, squares(SQUARES) + ODD),
    Kind("bfloat16", torch.bfloat16, 1.6e-2, squares(FEW) + ODD[:1]),
    Kind("tf32", torch.float32, 2e-3, squares(FEW) + ODD[:1], precision="tf32"),
    Kind("int8", torch.int8, 0.0, squares(FEW) + ODD[2:], column_major=True),
    Kind("float8_e4m3fn", torch.float8_e4m3fn, 1e-3, squares(FEW) + ODD[2:], column_major=True),
)


def cublas(kind: Kind, a: torch.Tensor, b: torch.Tensor) -> Callable[[], torch.Tensor]:
    """torch's call for these operands."""
    if kind.name == "int8":
        return functools.partial(torch._int_mm, a, b)
    if kind.name == "float8_e4m3fn":
        one = torch.ones((), device="cuda")
        return functools.partial(
            torch._scaled_mm, a, b, scale_a=one, scale_b=one, out_dtype=torch.float32
        )
    if kind.name != "tf32":
        return functools.partial(torch.mm, a, b)

    def rounded() -> torch.Tensor:
        torch.backends.cuda.matmul.allow_tf32 = True
        result = torch.mm(a, b)
        torch.backends.cuda.matmul.allow_tf32 = False
        return result

    return rounded


def sample(m: int) -> torch.Tensor:
    """Rows of the result that are compared, the first and the last among them."""
    return torch.linspace(0, m - 1, min(m, ROWS), device="cuda").long().unique()


def product(
    kind: Kind, shape: tuple[int, int, int], triton: SimpleNamespace | None, timer: Timer
) -> list[Result]:
    """One type and shape."""
    m, n, k = shape
    a = normal(m, k, dtype=kind.dtype)
    b = normal(n, k, dtype=kind.dtype).t() if kind.column_major else normal(k, n, dtype=kind.dtype)
    result = {torch.int8: torch.int32, torch.float8_e4m3fn: torch.float32}
    out = torch.empty(m, n, device="cuda", dtype=result.get(kind.dtype, kind.dtype))
    config = ("GemmConfig", gemm_blocks(kind.name, m, n))
    candidates = [
        *pair("gemm", triton, a, b, out=out, precision=kind.precision, config=config),
        Candidate("cublas", cublas(kind, a, b)),
    ]
    rows = sample(m)
    expected = a.double()[rows] @ b.double()
    return compare(
        f"gemm {kind.name} {m}x{n}x{k}", candidates, expected, kind.tolerance, 2 * m * n * k * 1e-6,
        "TFLOP/s", timer, lambda value: value[rows],
    )  # fmt: skip


def gemm(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    for kind in KINDS:
        for shape in kind.shapes:
            yield from product(kind, shape, triton, timer)


def weights(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    """Weights of 8 and 4 bits, for many rows and for few; cuBLAS multiplies them as float16."""
    n = k = 4096
    dense = torch.randn(k, n) / k**0.5
    packed, scales, _ = quantize_int4(dense.numpy(), 128)
    for m in (4096, 256):
        a = normal(m, k, dtype=torch.float16)
        out = torch.empty(m, n, device="cuda", dtype=torch.float16)
        config = ("GemmConfig", gemm_blocks("weights", m, n))
        wide = torch.from_numpy(dequantize_int4(packed, scales)).cuda()
        arrays = [torch.from_numpy(array).cuda() for array in (packed, scales)]
        yield from _weights(
            f"int4 weights {m}x{n}x{k}", pair("gemm_int4", triton, a, *arrays, out=out,
            config=config), a, wide, timer)  # fmt: skip
        codes = torch.randint(-128, 128, (n, k), device="cuda", dtype=torch.int8).t()
        steps = torch.full((n,), 1e-2 / k**0.5, device="cuda")
        yield from _weights(
            f"int8 weights {m}x{n}x{k}", pair("gemm_mixed", triton, a, codes, steps, out=out,
            config=config), a, codes.double() * steps.double(), timer)  # fmt: skip


def _weights(
    name: str, candidates: list[Candidate], a: torch.Tensor, wide: torch.Tensor, timer: Timer
) -> list[Result]:
    half = wide.half()
    candidates.append(Candidate("cublas", functools.partial(torch.mm, a, half)))
    rows = sample(a.shape[0])
    expected: Any = a[rows].double() @ wide.double()
    return compare(
        name, candidates, expected, 4e-3, 2 * a.shape[0] * wide.numel() * 1e-6, "TFLOP/s", timer,
        lambda value: value[rows],
    )  # fmt: skip
