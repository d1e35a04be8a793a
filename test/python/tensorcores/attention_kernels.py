"""Attention in several forms, and what it gives in float64."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
from error_bounds import UNIT, dot_bound, rounding_bound
from tensorcore_support import wide

LOG2E = 1.4426950408889634


@cosmati.jit
def forward_kernel(
    q, k, v, out, n_queries, n_keys, scale, D: tl.constexpr, DV: tl.constexpr,
    CAUSAL: tl.constexpr, PRECISION: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """Online softmax: both products in one loop, the probabilities in the type of v."""
    head = tl.program_id(1)
    i = tl.program_id(0) * BM + tl.arange(0, BM)
    j, d, e = tl.arange(0, BN), tl.arange(0, D), tl.arange(0, DV)
    q += head * n_queries * D
    k += head * n_keys * D
    v += head * n_keys * DV
    out += head * n_queries * DV
    x = tl.load(q + i[:, None] * D + d[None, :], mask=(i < n_queries)[:, None], other=0.0)
    most = tl.full((BM,), -float("inf"), tl.float32)
    total = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, DV), tl.float32)
    end = n_keys
    if CAUSAL:
        end = tl.minimum(n_keys, (tl.program_id(0) + 1) * BM)
    for start in range(0, end, BN):
        inside = start + j < n_keys
        y = tl.load(k + (start + j)[None, :] * D + d[:, None], mask=inside[None, :], other=0.0)
        s = tl.dot(x, y, input_precision=PRECISION) * scale
        visible = inside[None, :]
        if CAUSAL:
            visible = visible & ((start + j)[None, :] <= i[:, None])
        s = tl.where(visible, s, -1e6)
        new = tl.maximum(most, tl.max(s, 1))
        p = tl.exp2(s - new[:, None])
        alpha = tl.exp2(most - new)
        total = total * alpha + tl.sum(p, 1)
        z = tl.load(v + (start + j)[:, None] * DV + e[None, :], mask=inside[:, None], other=0.0)
        acc = tl.dot(p.to(v.dtype.element_ty), z, acc * alpha[:, None], input_precision=PRECISION)
        most = new
    acc = acc / total[:, None]
    tl.store(out + i[:, None] * DV + e[None, :], acc, mask=(i < n_queries)[:, None])


@cosmati.jit
def paged_kernel(
    q, keys, values, pages, lengths, out, max_pages, scale, D: tl.constexpr, BM: tl.constexpr,
    PAGE: tl.constexpr,
):  # fmt: skip
    """One sequence for each program; its keys lie in pages that a table names."""
    seq = tl.program_id(0)
    i, j, d = tl.arange(0, BM), tl.arange(0, PAGE), tl.arange(0, D)
    x = tl.load(q + (seq * BM + i)[:, None] * D + d[None, :])
    length = tl.load(lengths + seq)
    most = tl.full((BM,), -1e6, tl.float32)
    total = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, D), tl.float32)
    for number in range(tl.cdiv(length, PAGE)):
        page = tl.load(pages + seq * max_pages + number)
        rows = (page * PAGE + j)[:, None] * D + d[None, :]
        s = tl.dot(x, tl.trans(tl.load(keys + rows))) * scale
        s = tl.where((number * PAGE + j < length)[None, :], s, -1e6)
        new = tl.maximum(most, tl.max(s, 1))
        p = tl.exp2(s - new[:, None])
        alpha = tl.exp2(most - new)
        total = total * alpha + tl.sum(p, 1)
        acc = tl.dot(p.to(tl.float16), tl.load(values + rows), acc * alpha[:, None])
        most = new
    total = tl.where(total == 0.0, 1.0, total)
    tl.store(out + (seq * BM + i)[:, None] * D + d[None, :], acc / total[:, None])


@cosmati.jit
def backward_kernel(
    q, k, v, do, lse, delta, dq, dk, dv, n, scale, D: tl.constexpr, BM: tl.constexpr,
    BN: tl.constexpr,
):  # fmt: skip
    """Gradients for a block of keys: five products in a loop, three of transposed operands."""
    j = tl.program_id(0) * BN + tl.arange(0, BN)
    r, d = tl.arange(0, BM), tl.arange(0, D)
    y = tl.load(k + j[:, None] * D + d[None, :], mask=(j < n)[:, None], other=0.0)
    z = tl.load(v + j[:, None] * D + d[None, :], mask=(j < n)[:, None], other=0.0)
    grad_k = tl.zeros((BN, D), tl.float32)
    grad_v = tl.zeros((BN, D), tl.float32)
    for start in range(0, n, BM):
        i = start + r
        at, inside = i[:, None] * D + d[None, :], (i < n)[:, None]
        x = tl.load(q + at, mask=inside, other=0.0)
        g = tl.load(do + at, mask=inside, other=0.0)
        s = tl.dot(x, tl.trans(y)) * (scale * 1.4426950408889634)
        p = tl.exp2(s - tl.load(lse + i, mask=i < n, other=float("inf"))[:, None])
        p = tl.where((j < n)[None, :], p, 0.0)
        grad_v = tl.dot(tl.trans(p.to(tl.float16)), g, grad_v)
        dp = tl.dot(g, tl.trans(z))
        ds = p * (dp - tl.load(delta + i, mask=i < n, other=0.0)[:, None]) * scale
        ds16 = ds.to(tl.float16)
        grad_k = tl.dot(tl.trans(ds16), x, grad_k)
        tl.atomic_add(dq + at, tl.dot(ds16, y), mask=inside)
    tl.store(dk + j[:, None] * D + d[None, :], grad_k, mask=(j < n)[:, None])
    tl.store(dv + j[:, None] * D + d[None, :], grad_v, mask=(j < n)[:, None])


def reference(q, k, v, scale: float, causal: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """(attention, probabilities) of matrices [..., N, D] in float64; scale without log2(e)."""
    s = wide(q) @ np.swapaxes(wide(k), -1, -2) * scale
    if causal:
        s = np.where(np.tril(np.ones(s.shape[-2:], bool)), s, -np.inf)
    s = s - s.max(-1, keepdims=True)
    p = np.exp(s)
    p /= p.sum(-1, keepdims=True)
    return p @ wide(v), p


def forward_bound(q, k, v, p, name: str, precision, scale: float, block: int) -> np.ndarray:
    """How far the kernel may be from ``reference``.

    A score that is off by ds changes its probability by the factor exp(ds). ds comes from the first
    dot, from the product with the scale and from the difference with the maximum (two roundings of
    numbers up to max |s|). Then come exp2 (2^-21: approximations of PTX), the rounding of p to v's
    type (in the worst case of a subnormal number, relative to a largest p of 1), the rescaling of
    sums (three roundings for each block of keys) and the second dot.
    """
    scores = dot_bound(wide(q), np.swapaxes(wide(k), -1, -2), None, name, "float32", precision)
    size = np.abs(wide(q) @ np.swapaxes(wide(k), -1, -2)).max(-1, keepdims=True)
    ds = (scores.max(-1, keepdims=True) + 6 * UNIT["float32"] * size) * scale
    blocks = -(-k.shape[-2] // block)
    relative = 2 * np.expm1(2 * ds) + 2.0**-20 + (3 * blocks + k.shape[-2]) * 2.0**-23
    relative = relative + (0 if name == "float32" else UNIT[name])
    second = dot_bound(p, wide(v), None, name, "float32", precision)
    tiny = rounding_bound(np.zeros(()), name) * np.abs(wide(v)).sum(-2, keepdims=True)
    return relative * (p @ np.abs(wide(v))) + second + tiny
