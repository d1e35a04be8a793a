"""The computations that bench.gpu compares; inputs are N(0, 1), from one seed."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch

from bench.gpu.attention_cases import attention
from bench.gpu.gemm_cases import gemm, weights
from bench.gpu.inputs import normal, ours, pair
from bench.gpu.measure import Candidate, Result, Timer, compare


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


# In the order in which they run: what the time does not suffice for is left out.
CASES = {
    "gemm": gemm, "attention": attention, "weights": weights, "add": add, "softmax": softmax,
    "quantize": quantize,
}  # fmt: skip
