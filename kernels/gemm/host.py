"""The matrix product's host function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cosmati
import cosmati.language as tl
from cosmati.kernels.common.arrays import (
    INT32_MAX,
    dtype_name,
    is_wide,
    require,
    require_dtype,
    require_power_of_2,
    result,
    shape_of,
    strides_of,
)
from cosmati.kernels.gemm.activations import ACTIVATIONS
from cosmati.kernels.gemm.kernel import gemm_kernel

FLOATS = ("float32", "float16", "bfloat16")
FP8 = ("float8_e4m3fn", "float8_e5m2")
PRECISIONS = ("ieee", "tf32", "tf32x3", "bf16x3", "bf16x6")


@dataclass(frozen=True)
class GemmConfig:
    """Extents of the blocks that a program works on, and how many warps and stages it has.

    Blocks are powers of two; ``group_m`` rows of blocks are made column by column.
    """

    block_m: int = 64
    block_n: int = 64
    block_k: int = 32
    group_m: int = 8
    num_warps: int = 4
    num_stages: int = 3

    def check(self) -> None:
        """ValueError, naming the value and its bounds, if the kernel can't use these."""
        require_power_of_2(self.block_m, "block_m", 16, 256)
        require_power_of_2(self.block_n, "block_n", 16, 256)
        require_power_of_2(self.block_k, "block_k", 16, 256)
        require(self.group_m >= 1, f"group_m is {self.group_m}; it must be at least 1")


def gemm(
    a: Any,
    b: Any,
    bias: Any = None,
    activation: str | Any = None,
    *,
    out: Any = None,
    out_dtype: str | None = None,
    precision: str = "ieee",
    config: GemmConfig | None = None,
) -> Any:
    """``activation(a @ b + bias)``.

    Parameters
    ----------
    a : array [M, K]
    b : array [K, N]
        Any extents (0 too) and strides. Types: float32, float16, bfloat16 (summed in float32), int8
        (summed exactly modulo 2^32 in int32), float8_e4m3fn and float8_e5m2 in any combination
        (summed in float32). Arrays of bytes become 8-bit floats by ``cosmati.view``.
    bias : array [N], optional
        Added to each row, before the activation: float32, float16 or bfloat16; int32 for int8.
    activation : str or jit function, optional
        "relu", "gelu" (with erf), "gelu_tanh", "silu", "sigmoid", "tanh", or a function of your
        own that maps the accumulator; int8 takes "relu" only.
    out : array [M, N], optional
        Receives the result; any strides.
    out_dtype : str, optional
        float32, float16 or bfloat16 (int32 for int8). Default: the type of ``a``; float32 for
        8-bit floats, int32 for int8.
    precision : {"ieee", "tf32", "tf32x3", "bf16x3", "bf16x6"}
        How float32 operands may be rounded on their way into tensor cores.

    Returns
    -------
    array [M, N]
        ``out``, or a new array.
    """
    config = config or GemmConfig()
    config.check()
    is_int = _check_operands(a, b, precision)
    m, k = shape_of(a)
    n = shape_of(b)[1]
    _check_bias(bias, n, is_int)
    function = _activation(activation, is_int)
    allowed = ("int32",) if is_int else FLOATS
    default = "int32" if is_int else "float32" if dtype_name(a) in FP8 else dtype_name(a)
    name = out_dtype or (dtype_name(out) if out is not None else default)
    require(name in allowed, f"out_dtype is {name}; {dtype_name(a)} operands allow {allowed}")
    out = result(out, a, (m, n), name)
    require_dtype(out, (name,), "out")
    if m and n:
        launch(a, b, out, bias, function, precision, config)
    return out


def launch(
    a: Any, b: Any, out: Any, bias: Any, activation: Any, precision: str, config: GemmConfig
) -> Any:
    """Launches the kernel on checked arguments; gives the compiled kernel."""
    (m, k), n = shape_of(a), shape_of(b)[1]
    programs = cosmati.cdiv(m, config.block_m) * cosmati.cdiv(n, config.block_n)
    require(programs <= INT32_MAX, f"{programs} blocks of C exceed {INT32_MAX}; use larger blocks")
    return gemm_kernel[(programs,)](
        a, b, out, bias, m, n, k,
        *strides_of(a), *strides_of(b), *strides_of(out),
        0 if bias is None else strides_of(bias)[0],
        ACC=tl.int32 if dtype_name(a) == "int8" else tl.float32,
        ACTIVATION=activation, PRECISION=precision, WIDE=is_wide(a, b, out),
        BLOCK_M=config.block_m, BLOCK_N=config.block_n, BLOCK_K=config.block_k,
        GROUP_M=config.group_m, num_warps=config.num_warps, num_stages=config.num_stages,
    )  # fmt: skip


def _check_operands(a: Any, b: Any, precision: str) -> bool:
    """Whether the product is one of integers."""
    name = require_dtype(a, (*FLOATS, "int8", *FP8), "a")
    require_dtype(b, FP8 if name in FP8 else (name,), "b")
    for array, what in ((a, "a"), (b, "b")):
        shape = shape_of(array)
        require(
            len(shape) == 2, f"{what} has the shape {shape}; a matrix has 2 dimensions: reshape it"
        )
        require(
            max(shape) <= INT32_MAX - 256,
            f"{what} has the shape {shape}; extents must be below {INT32_MAX - 256}: split it",
        )
    require(
        shape_of(a)[1] == shape_of(b)[0],
        f"inner extents differ: a is {shape_of(a)}, b is {shape_of(b)}; "
        "a's second must be b's first",
    )
    require(precision in PRECISIONS, f"precision is {precision!r}; use one of {PRECISIONS}")
    return name == "int8"


def _check_bias(bias: Any, n: int, is_int: bool) -> None:
    if bias is None:
        return
    require_dtype(bias, ("int32",) if is_int else FLOATS, "bias")
    require(
        shape_of(bias) == (n,),
        f"bias has the shape {shape_of(bias)}; a product with {n} columns needs ({n},)",
    )


def _activation(activation: Any, is_int: bool) -> Any:
    """The jit function that an argument names; None for none."""
    function = activation
    if isinstance(activation, str):
        require(
            activation in ACTIVATIONS,
            f"activation is {activation!r}; known are {', '.join(ACTIVATIONS)}, "
            "or pass a jit function",
        )
        function = ACTIVATIONS[activation]
    require(
        not is_int or activation in (None, "relu"),
        f"activation is {activation!r}, which has no meaning on int32 sums; use 'relu' or None, "
        "and apply it after dequantising",
    )
    return function
