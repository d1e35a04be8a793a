"""The computations that bench.gpu compares; inputs are N(0, 1), from one seed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch

from bench.gpu.as_triton import host_functions
from bench.gpu.measure import Candidate, Result, Timer, compare

ours = host_functions("cosmati.kernels")


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, device="cuda", dtype=torch.float32).to(dtype)


def pair(name: str, triton: SimpleNamespace | None, *args: Any, **options: Any) -> list[Candidate]:
    """The same host function compiled by Cosmati and, where it is there, by Triton."""
    found = [Candidate("cosmati", functools.partial(getattr(ours, name), *args, **options))]
    if triton is not None:
        found.append(
            Candidate("triton", functools.partial(getattr(triton, name), *args, **options))
        )
    return found


def add(triton: SimpleNamespace | None, timer: Timer) -> list[Result]:
    n = 1 << 26
    x, y = normal(n), normal(n)
    out = torch.empty_like(x)
    candidates = [
        *pair("add", triton, x, y, out),
        Candidate("torch", lambda: torch.add(x, y, out=out)),
    ]
    return compare(f"add f32 {n}", candidates, x + y, 0.0, 12 * n * 1e-3, "GB/s", timer)


def softmax(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    for rows, cols in ((16384, 1024), (4096, 4096), (1024, 32768)):
        x = normal(rows, cols)
        out = torch.empty_like(x)
        candidates = [
            *pair("softmax", triton, x, out),
            Candidate("torch", lambda x=x: torch.softmax(x, -1)),
        ]
        expected = torch.softmax(x.double(), -1)
        work = 8 * x.numel() * 1e-3
        yield from compare(
            f"softmax f32 {rows}x{cols}", candidates, expected, 1e-5, work, "GB/s", timer
        )


# Largest error relative to the largest result: rounding of the result, and of a sum of K products.
GEMM_TOLERANCES = {
    torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2, torch.float8_e4m3fn: 1e-3,
}  # fmt: skip


def gemm(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    m = n = k = 4096
    for dtype, tolerance in GEMM_TOLERANCES.items():
        a, b = normal(m, k, dtype=dtype), normal(k, n, dtype=dtype)
        is_fp8 = dtype == torch.float8_e4m3fn
        if is_fp8:
            b = b.t().contiguous().t()  # cuBLAS wants the second operand column by column
        out = torch.empty(m, n, device="cuda", dtype=torch.float32 if is_fp8 else dtype)
        candidates = pair("gemm", triton, a, b, out=out)
        if is_fp8:
            one = torch.ones((), device="cuda")
            scaled = functools.partial(
                torch._scaled_mm, a, b, scale_a=one, scale_b=one, out_dtype=torch.float32
            )
            candidates.append(Candidate("cublas", scaled))
        else:
            candidates.append(Candidate("cublas", functools.partial(torch.mm, a, b)))
        expected = a.double() @ b.double()
        name = str(dtype).removeprefix("torch.")
        work = 2 * m * n * k * 1e-6
        yield from compare(
            f"gemm {name} {m}x{n}x{k}", candidates, expected, tolerance, work, "TFLOP/s", timer
        )


def attention(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    batch, heads, length = 2, 16, 2048
    for head_dim in (64, 128):
        for causal in (False, True):
            q, k, v = (
                normal(batch, heads, length, head_dim, dtype=torch.bfloat16) for _ in range(3)
            )
            out = torch.empty_like(q)
            sdpa = torch.nn.functional.scaled_dot_product_attention
            candidates = [
                *pair("attention", triton, q, k, v, causal=causal, out=out),
                Candidate("sdpa", functools.partial(sdpa, q, k, v, is_causal=causal)),
            ]
            expected = sdpa(q.float(), k.float(), v.float(), is_causal=causal)
            flops = 4 * batch * heads * length * length * head_dim / (2 if causal else 1)
            kind = "causal" if causal else "full"
            case = f"attention bf16 {kind} {batch}x{heads}x{length}x{head_dim}"
            yield from compare(case, candidates, expected, 2e-2, flops * 1e-6, "TFLOP/s", timer)


def quantize(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    rows, cols = 8192, 8192
    x = normal(rows, cols, dtype=torch.bfloat16)
    for format, granularity in (("int8", "row"), ("e4m3", "group"), ("e4m3", "tensor")):
        spec = ours.QuantSpec(format, granularity)
        quantized = ours.quantize(x, spec)
        back = ours.dequantize(quantized, "bfloat16")
        out = torch.empty_like(x)
        case = f"{format} per {granularity} bf16 {rows}x{cols}"
        traffic = 3 * x.numel() * 1e-3

        def forward(package: Any, spec: Any = spec) -> torch.Tensor:
            return package.quantize(x, spec).data

        def inverse(
            package: Any, quantized: Any = quantized, out: torch.Tensor = out
        ) -> torch.Tensor:
            return package.dequantize(quantized, out=out)

        packages = [("cosmati", ours), *([("triton", triton)] if triton is not None else [])]
        for verb, call, expected in (
            ("quantize", forward, quantized.data),
            ("dequantize", inverse, back),
        ):
            candidates = [
                Candidate(name, functools.partial(call, package)) for name, package in packages
            ]
            yield from compare(f"{verb} {case}", candidates, expected, 0.0, traffic, "GB/s", timer)


CASES = {"add": add, "softmax": softmax, "gemm": gemm, "attention": attention, "quantize": quantize}
