"""Attention forward against torch's scaled_dot_product_attention and Triton."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import SimpleNamespace

import torch

from bench.gpu.blocks import attention_blocks
from bench.gpu.inputs import normal, pair
from bench.gpu.measure import Candidate, Result, Timer, compare

# Batch, heads, length: the same work per head dim, and a length that no block divides.
SHAPES = ((16, 16, 512), (4, 16, 2048), (1, 16, 8192), (2, 16, 1999))
ROWS = 64  # queries of the first and the last head that are compared with float64


def reference(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, causal: bool, rows: torch.Tensor
) -> torch.Tensor:
    """Those queries of the first and the last head, in float64."""
    found = []
    for batch, head in ((0, 0), (-1, -1)):
        scores = q[batch, head, rows].double() @ k[batch, head].double().T / q.shape[-1] ** 0.5
        if causal:
            keys = torch.arange(k.shape[2], device="cuda")
            hidden = keys[None, :] > rows[:, None] + k.shape[2] - q.shape[2]
            scores = scores.masked_fill(hidden, -torch.inf)
        found.append(torch.softmax(scores, -1) @ v[batch, head].double())
    return torch.stack(found)


def attention(triton: SimpleNamespace | None, timer: Timer) -> Iterator[Result]:
    sdpa = torch.nn.functional.scaled_dot_product_attention
    for head_dim in (64, 128):
        for batch, heads, length in SHAPES:
            for causal in (False, True) if length in (2048, 8192) else (True,):
                shape = (batch, heads, length, head_dim)
                q, k, v = (normal(*shape, dtype=torch.bfloat16) for _ in range(3))
                out = torch.empty_like(q)
                config = ("AttentionConfig", attention_blocks(head_dim))
                candidates = [
                    *pair("attention", triton, q, k, v, causal=causal, out=out, config=config),
                    Candidate("sdpa", functools.partial(sdpa, q, k, v, is_causal=causal)),
                ]
                rows = torch.linspace(0, length - 1, ROWS, device="cuda").long()
                flops = 4 * batch * heads * length * length * head_dim / (2 if causal else 1)
                kind = "causal" if causal else "full"
                yield from compare(
                    f"attention bf16 {kind} {batch}x{heads}x{length}x{head_dim}", candidates,
                    reference(q, k, v, causal, rows), 2e-2, flops * 1e-6, "TFLOP/s", timer,
                    lambda value, rows=rows: torch.stack([value[0, 0, rows], value[-1, -1, rows]]),
                )  # fmt: skip
