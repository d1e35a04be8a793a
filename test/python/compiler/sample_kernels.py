"""The product's own kernels, compiled for a target: what the compiler's tests look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cosmati.language as tl
from cosmati.kernels.attention import attention_kernel
from cosmati.kernels.elementwise import add_kernel
from cosmati.kernels.gemm import gemm_kernel
from cosmati.kernels.gemm.activations import gelu
from cosmati.kernels.norm import layer_norm_kernel, softmax_kernel
from cosmati.kernels.quantize import dequantize_kernel, quantize_kernel

TARGETS = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"]


def _add(**options: Any) -> Any:
    return add_kernel.warmup("*fp32", "*fp32", "*fp32", 4096, BLOCK=1024, **options)


def _softmax(**options: Any) -> Any:
    return softmax_kernel.warmup("*fp32", "*fp32", 1000, 1000, 1000, BLOCK=1024, ONE_BLOCK=True,
                                 **options)  # fmt: skip


def _layer_norm(**options: Any) -> Any:
    return layer_norm_kernel.warmup("*fp16", "*fp16", "*fp16", "*fp16", 5000, 5000, 5000, 1e-5,
                                    BLOCK=1024, ONE_BLOCK=False, **options)  # fmt: skip


def _gemm(dtype: str, out: str, acc: Any, activation: Any, **options: Any) -> Any:
    n = 1024
    bias = out if activation else None
    return gemm_kernel.warmup(
        dtype, dtype, out, bias, n, n, n, n, 1, n, 1, n, 1, 1 if activation else 0,
        ACC=acc, ACTIVATION=activation, PRECISION="ieee", WIDE=False,
        BLOCK_M=64, BLOCK_N=64, BLOCK_K=32, GROUP_M=8, num_warps=4, **options,
    )  # fmt: skip


def _attention(**options: Any) -> Any:
    n, h, dim, dtype = 1024, 8, 64, "*fp16"
    strides = (h * n * dim, n * dim, dim, 1)
    return attention_kernel.warmup(
        dtype, dtype, dtype, dtype, "*fp32", *strides, *strides, *strides, *strides, 0.125, n, n, 1,
        HEAD_DIM=dim, CAUSAL=True, NEGATED=False, PRECISION="ieee", BLOCK_M=64, BLOCK_N=64,
        BLOCK_D=dim, num_warps=4, **options,
    )  # fmt: skip


def _quantize(format: str, one_block: bool, **options: Any) -> Any:
    codes = "*i8" if format == "int8" else "*u8"
    return quantize_kernel.warmup(
        "*fp32", codes, "*fp32", None, 512, 8, 128, 1024, 1024, FORMAT=format, LARGEST=448.0,
        SYMMETRIC=True, SATURATE=True, GIVEN=False, SHARED=False, ONE_BLOCK=one_block, GROUPS=16,
        BLOCK=128, **options,
    )  # fmt: skip


def _dequantize(**options: Any) -> Any:
    return dequantize_kernel.warmup(
        "*u8", "*fp32", None, "*fp32", 4096, 1024, 8, 128, FORMAT="e4m3", SHARED=False,
        BLOCK=1024, **options,
    )  # fmt: skip


SAMPLES: dict[str, Callable[..., Any]] = {
    "vector add": _add,
    "softmax": _softmax,
    "layer norm": _layer_norm,
    "gemm f32": lambda **o: _gemm("*fp32", "*fp32", tl.float32, None, **o),
    "gemm f16 gelu": lambda **o: _gemm("*fp16", "*fp16", tl.float32, gelu, **o),
    "gemm i8": lambda **o: _gemm("*i8", "*i32", tl.int32, None, **o),
    "gemm e4m3": lambda **o: _gemm("*fp8e4nv", "*fp32", tl.float32, None, **o),
    "attention": _attention,
    "quantize int8": lambda **o: _quantize("int8", True, **o),
    "quantize e4m3": lambda **o: _quantize("e4m3", False, **o),
    "dequantize e4m3": _dequantize,
}
