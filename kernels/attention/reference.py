"""Attention in NumPy."""

from __future__ import annotations

import math

import numpy as np


def reference(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    *,
    causal: bool = False,
    scale: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """(output, log-sum-exp) in float64, with all scores in memory. Arguments as in attention()."""
    heads, queries, head_dim = q.shape[1:]
    keys = k.shape[2]
    scale = 1.0 / math.sqrt(head_dim) if scale is None else scale
    share = heads // max(k.shape[1], 1)
    k64 = np.repeat(k.astype(np.float64), share, axis=1)
    v64 = np.repeat(v.astype(np.float64), share, axis=1)
    scores = q.astype(np.float64) @ k64.swapaxes(-1, -2) * scale
    if causal:
        hidden = np.arange(keys)[None, :] > np.arange(queries)[:, None] + keys - queries
        scores = np.where(hidden, -np.inf, scores)
    top = scores.max(axis=-1, keepdims=True, initial=-np.inf)
    base = np.where(np.isneginf(top), 0.0, top)
    e = np.exp(scores - base)
    total = e.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        lse = (base + np.log(total))[..., 0]
    return (e / np.where(total == 0, 1, total)) @ v64, lse
