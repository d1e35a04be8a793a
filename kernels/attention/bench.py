"""Timings of attention."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.attention.host import AttentionConfig, attention
from cosmati.kernels.common.timing import Timing, measure


def bench(
    batch: int = 1,
    heads: int = 4,
    length: int = 128,
    head_dim: int = 64,
    dtype: str = "float16",
    config: AttentionConfig | None = None,
    repeats: int = 5,
) -> list[Timing]:
    """Times causal and full attention on host arrays; causal counts half of the operations."""
    rng = np.random.default_rng(0)
    q, k, v = rng.standard_normal((3, batch, heads, length, head_dim)).astype(dtype)
    out = np.empty_like(q)
    flops = 4 * batch * heads * length * length * head_dim
    shape = f"{dtype} {batch}x{heads}x{length}x{head_dim}"

    def call(causal: bool) -> None:
        attention(q, k, v, causal=causal, out=out, config=config)

    return [
        measure(f"attention {shape}", lambda: call(False), flops=flops, repeats=repeats),
        measure(f"attention causal {shape}", lambda: call(True), flops=flops // 2, repeats=repeats),
    ]
