"""Attention's host function."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cosmati
from cosmati.kernels.attention.kernel import attention_kernel
from cosmati.kernels.common.arrays import (
    INT32_MAX,
    dtype_name,
    empty,
    next_power_of_2,
    require,
    require_dtype,
    require_power_of_2,
    result,
    shape_of,
    strides_of,
)

DTYPES = ("float32", "float16", "bfloat16")
MAX_HEAD_DIM = 128
# In place of a scale of 0: it takes every score below the last bit of 1, and -infinity stays.
_LEAST_SCALE = 2.0**-100
_GRID_LIMIT = 65535  # of the second and third dimension of a launch


@dataclass(frozen=True)
class AttentionConfig:
    """Queries per program, keys per step (powers of two), warps and stages."""

    block_m: int = 64
    block_n: int = 64
    num_warps: int = 4
    num_stages: int = 3

    def check(self) -> None:
        """ValueError, naming the value and its bounds, if the kernel can't use these."""
        require_power_of_2(self.block_m, "block_m", 16, 256)
        require_power_of_2(self.block_n, "block_n", 16, 256)


def default_config(dtype: str, head_dim: int) -> AttentionConfig:
    """Blocks and stages whose keys and values fit the shared memory of every target, 99 KiB."""
    row = max(next_power_of_2(head_dim), 16) * (4 if dtype == "float32" else 2)
    if row <= 128:
        return AttentionConfig()
    return AttentionConfig(block_n=64 if row <= 256 else 32, num_stages=2)


def attention(
    q: Any,
    k: Any,
    v: Any,
    *,
    causal: bool = False,
    scale: float | None = None,
    return_lse: bool = False,
    out: Any = None,
    precision: str = "ieee",
    config: AttentionConfig | None = None,
) -> Any:
    """``softmax(q @ k^T * scale) @ v`` for each head, without storing the scores.

    Parameters
    ----------
    q : array [batch, heads, queries, head_dim]
    k, v : arrays [batch, kv_heads, keys, head_dim]
        float32, float16 or bfloat16, one type for all; any strides and lengths. head_dim is 1 to
        128. ``heads`` is a multiple of ``kv_heads``: query head h uses the keys of head
        ``h // (heads / kv_heads)``.
    causal : bool
        Query i sees the keys j <= i + keys - queries, so that the last query sees all of them.
    scale : float, optional
        1 / sqrt(head_dim) by default.
    return_lse : bool
        Also give log(sum(exp(scores * scale))) as float32 [batch, heads, queries].

    Returns
    -------
    array [batch, heads, queries, head_dim], or (array, lse)
        Of the type of ``q``. A query that sees no key gives 0, and -infinity as its lse.
    """
    _check(q, k, v)
    batch, heads, queries, head_dim = shape_of(q)
    config = config or default_config(dtype_name(q), head_dim)
    config.check()
    if scale is None:
        scale = 1.0 / math.sqrt(head_dim)
    require(math.isfinite(scale), f"scale is {scale}; it must be finite")
    out = result(out, q, shape_of(q), require_dtype(q, DTYPES, "q"))
    require_dtype(out, (require_dtype(q, DTYPES, "q"),), "out")
    lse = empty(q, (batch, heads, queries), "float32") if return_lse else None
    if batch and heads and queries:
        launch(q, k, v, out, lse, causal, scale, precision, config)
    return (out, lse) if return_lse else out


def sums_by_product(dtype: str, config: AttentionConfig, head_dim: int, with_lse: bool) -> bool:
    """Whether the totals of the weights come from a product with ones.

    They do in 16 bits where a thread has 128 elements of the output or more and registers are
    short. They are then sums of the rounded weights, those that multiply ``v``: closer to what is
    summed in the output, but not what the log-sum-exp is of, so that asking for it sums in float32.
    """
    block_d = max(next_power_of_2(head_dim), 16)
    crowded = config.block_m * block_d >= 128 * 32 * config.num_warps
    return crowded and dtype != "float32" and not with_lse


def launch(
    q: Any,
    k: Any,
    v: Any,
    out: Any,
    lse: Any,
    causal: bool,
    scale: float,
    precision: str,
    config: AttentionConfig,
) -> Any:
    """Launches the kernel on checked arguments; gives the compiled kernel."""
    batch, heads, queries, head_dim = shape_of(q)
    kv_heads, keys = shape_of(k)[1:3]
    grid = (cosmati.cdiv(queries, config.block_m), heads, batch)
    return attention_kernel[grid](
        q, k, v, out, lse,
        *strides_of(q), *strides_of(k), *strides_of(v), *strides_of(out),
        max(abs(scale), _LEAST_SCALE) * math.log2(math.e), queries, keys, heads // kv_heads,
        HEAD_DIM=head_dim, CAUSAL=bool(causal), NEGATED=scale < 0, PRECISION=precision,
        BLOCK_M=config.block_m, BLOCK_N=config.block_n,
        BLOCK_D=max(next_power_of_2(head_dim), 16),
        SUM_BY_PRODUCT=sums_by_product(dtype_name(q), config, head_dim, lse is not None),
        num_warps=config.num_warps, num_stages=config.num_stages,
        # Numbers below 2^-126 are nothing beside a total of at least 1.
        ftz=dtype_name(q) != "float32",
    )  # fmt: skip


def _check(q: Any, k: Any, v: Any) -> None:
    name = require_dtype(q, DTYPES, "q")
    for array, what in ((q, "q"), (k, "k"), (v, "v")):
        require_dtype(array, (name,), what)
        shape = shape_of(array)
        require(
            len(shape) == 4,
            f"{what} has the shape {shape}; it needs [batch, heads, length, head_dim]",
        )
        reach = max(
            extent * abs(step)
            for extent, step in zip(shape[2:], strides_of(array)[2:], strict=True)
        )
        require(
            reach <= INT32_MAX,
            f"a head of {what} spans {reach} elements; at most {INT32_MAX}: split the sequence",
        )
    (batch, heads, _, head_dim), (kv_batch, kv_heads, _, kv_dim) = shape_of(q), shape_of(k)
    require(
        shape_of(k) == shape_of(v),
        f"k is {shape_of(k)} and v is {shape_of(v)}; they must agree",
    )
    require(
        batch == kv_batch and head_dim == kv_dim,
        f"q is {shape_of(q)} and k is {shape_of(k)}; batch and head_dim must agree",
    )
    require(
        1 <= head_dim <= MAX_HEAD_DIM,
        f"head_dim is {head_dim}; it must be 1 to {MAX_HEAD_DIM}",
    )
    require(
        heads == 0 or (kv_heads > 0 and heads % kv_heads == 0),
        f"{heads} query heads can't share {kv_heads} key heads; the first must be a multiple of "
        "the second",
    )
    require(
        max(batch, heads) <= _GRID_LIMIT,
        f"batch {batch} and heads {heads} must not exceed {_GRID_LIMIT}: split the call",
    )
