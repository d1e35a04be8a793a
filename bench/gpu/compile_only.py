"""Compiles what bench.gpu launches, for an H100, without a GPU: a dry run of the compiler's part.

    python -m bench.gpu.compile_only

The arrays are NumPy's and small, but of the same element types, blocks and alignment; the device
is one that does nothing.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cosmati
import cosmati.language as tl
import numpy as np
from cosmati import _core

from bench.gpu import as_triton

ours = as_triton.host_functions("cosmati.kernels")


def halves(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float16)


def quantize_and_back(format: str, granularity: str) -> None:
    quantized = ours.quantize(halves(256, 8192), ours.QuantSpec(format, granularity))
    ours.dequantize(quantized, "float16")


def fp8_gemm() -> None:
    codes = np.zeros((256, 256), np.uint8)
    fp8 = cosmati.view(codes, tl.float8e4nv)
    ours.gemm(fp8, fp8, out_dtype="float32", out=np.zeros((256, 256), np.float32))


STEPS: dict[str, Callable[[], Any]] = {
    "add f32": lambda: ours.add(*np.zeros((2, 1 << 16), np.float32)),
    "softmax f32 1024": lambda: ours.softmax(np.zeros((16, 1024), np.float32)),
    "softmax f32 32768": lambda: ours.softmax(np.zeros((16, 32768), np.float32)),
    "gemm f32": lambda: ours.gemm(*np.zeros((2, 256, 256), np.float32)),
    "gemm f16": lambda: ours.gemm(*halves(2, 256, 256)),
    "gemm fp8": fp8_gemm,
    "attention f16 64": lambda: ours.attention(*halves(3, 1, 2, 256, 64)),
    "attention f16 128 causal": lambda: ours.attention(*halves(3, 1, 2, 256, 128), causal=True),
    "quantize int8 per row": lambda: quantize_and_back("int8", "row"),
    "quantize e4m3 per group": lambda: quantize_and_back("e4m3", "group"),
    "quantize e4m3 per tensor": lambda: quantize_and_back("e4m3", "tensor"),
}


def main() -> int:
    _core.set_default_device(_core.null_device(), explicit=True)
    failures = 0
    with cosmati.options(target="sm_90a"):
        for name, step in STEPS.items():
            start = time.perf_counter()
            try:
                step()
                outcome = "compiles"
            except Exception as error:  # the other kernels still say something
                failures += 1
                outcome = f"FAILED: {type(error).__name__}: {error}"
            print(f"   {name:26} {(time.perf_counter() - start) * 1e3:8.0f} ms  {outcome}")
    if importlib.util.find_spec("triton"):
        with tempfile.TemporaryDirectory() as folder:
            as_triton.load(Path(folder))
            print("   the kernels import as Triton's")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
