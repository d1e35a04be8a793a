"""Compiles what bench.gpu launches, for an H100, without a GPU: a dry run of the compiler's part.

    python -m bench.gpu.compile_only

The arrays are NumPy's and small, but of the same element types, blocks and alignment; the device
is one that does nothing.
"""

from __future__ import annotations

import functools
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
from bench.gpu.blocks import attention_blocks, gemm_blocks

ours = as_triton.host_functions("cosmati.kernels")


def halves(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float16)


def quantize_and_back(format: str, granularity: str) -> None:
    quantized = ours.quantize(halves(256, 8192), ours.QuantSpec(format, granularity))
    ours.dequantize(quantized, "float16")


# Elements of the kinds in blocks.py; bfloat16 has the code of float16 and no type in NumPy.
def matrix(kind: str, m: int, n: int) -> Any:
    if kind == "float8_e4m3fn":
        return cosmati.view(np.zeros((m, n), np.uint8), tl.float8e4nv)
    return np.zeros((m, n), {"tf32": np.float32, "int8": np.int8}.get(kind, np.float16))


def gemm(kind: str, m: int, column_major: bool) -> None:
    """The kernel that bench.gpu takes for m x m results of a kind."""
    config = ours.GemmConfig(**gemm_blocks(kind, m, m))
    b = matrix(kind, 256, 256)
    if column_major:
        b = cosmati.view(b.array.T, tl.float8e4nv) if kind == "float8_e4m3fn" else b.T
    out = np.zeros((256, 256), np.float32) if kind == "float8_e4m3fn" else None
    precision = "tf32" if kind == "tf32" else "ieee"
    ours.gemm(matrix(kind, 256, 256), b, out=out, precision=precision, config=config)


def weights(bits: int, m: int) -> None:
    config = ours.GemmConfig(**gemm_blocks("weights", m, 4096))
    if bits == 4:
        packed = np.zeros((256, 128), np.uint8).T
        ours.gemm_int4(halves(256, 256), packed, halves(2, 256), config=config)
    else:
        scales = np.zeros(256, np.float32)
        ours.gemm_mixed(halves(256, 256), np.zeros((256, 256), np.int8).T, scales, config=config)


def attention(head_dim: int, causal: bool) -> None:
    config = ours.AttentionConfig(**attention_blocks(head_dim))
    ours.attention(*halves(3, 1, 2, 256, head_dim), causal=causal, config=config)


STEPS: dict[str, Callable[[], Any]] = {
    "add f32": lambda: ours.add(*np.zeros((2, 1 << 16), np.float32)),
    "softmax f32 1024": lambda: ours.softmax(np.zeros((16, 1024), np.float32)),
    "softmax f32 32768": lambda: ours.softmax(np.zeros((16, 32768), np.float32)),
    **{
        f"gemm {kind} {m}": functools.partial(gemm, kind, m, kind in ("int8", "float8_e4m3fn"))
        for kind in ("float16", "tf32", "int8", "float8_e4m3fn")
        for m in (512, 4096)
    },
    **{
        f"gemm {bits}-bit weights {m}": functools.partial(weights, bits, m)
        for bits in (4, 8)
        for m in (256, 4096)
    },
    **{
        f"attention f16 {dim} {'causal' if causal else 'full'}": functools.partial(
            attention, dim, causal
        )
        for dim in (64, 128)
        for causal in (False, True)
    },
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
