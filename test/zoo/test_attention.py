"""Attention forward and decoding against float64."""

from __future__ import annotations

import attention_decode
import attention_forward as zoo
import numpy as np
import pytest
from accuracy import DTYPES, check, eps
from zoo_tools import random, wide

TYPES = ["float32", "float16"]


def compare(got, q, k, v, **options) -> np.ndarray:
    """One head within c * eps of the weighted |v|, grown by the error of the scores; gives the lse.

    exp makes a score's absolute error relative; a score is a sum of head_dim float32 products.
    """
    s = zoo.scores_reference(q, k, **options)
    want, lse, p = zoo.attention_reference(s, v)
    size = p @ np.abs(wide(v))
    lengths = np.linalg.norm(wide(q), axis=-1)[:, None] * np.linalg.norm(wide(k), axis=-1).max()
    far = np.abs(np.where(np.isfinite(s), s, 0)).max(-1, keepdims=True)
    error = (np.sqrt(q.shape[1]) * (lengths / np.sqrt(q.shape[1])) + far + np.sqrt(len(k))) * eps(
        np.float32
    )
    check(got, want, size * (1 + error / eps(got.dtype)))
    return lse


def heads_of(q, k, v):
    share = q.shape[1] // k.shape[1]
    for b in range(q.shape[0]):
        for h in range(q.shape[1]):
            yield b, h, q[b, h], k[b, h // share], v[b, h // share]


OPTIONS = {
    "plain": {},
    "causal": {"causal": True},
    "window": {"causal": True, "window": 9},
    "alibi-cap": {"slopes": True, "cap": 3.0},
}


@pytest.mark.parametrize(
    "lengths, dtype",
    [
        ((16, 32), "float32"),
        ((1, 1), "float16"),
        ((17, 33), "float16"),
        ((5, 47), "float32"),
        ((33, 33), "float16"),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", OPTIONS)
def test_attention(name: str, lengths: tuple[int, int], dtype: str) -> None:
    dim = 16 if lengths != (5, 47) else 24
    q = random(1, 1, 4, lengths[0], dim, dtype=dtype)
    k, v = (random(i, 1, 2, lengths[1], dim, dtype=dtype) for i in (2, 3))
    options = dict(OPTIONS[name])
    slopes = 2.0 ** -np.arange(1, 5, dtype=np.float32) if options.pop("slopes", False) else None
    got, lse = zoo.attention(q, k, v, slopes=slopes, **options)
    for b, h, *operands in heads_of(q, k, v):
        slope = None if slopes is None else float(slopes[h])
        want = compare(got[b, h], *operands, slopes=slope, **options)
        size = (
            np.linalg.norm(wide(operands[0]), axis=-1).max()
            * np.linalg.norm(wide(operands[1]), axis=-1).max()
        )
        check(
            lse[b, h],
            want,
            1 + np.abs(np.where(np.isfinite(want), want, 0)) + size + np.sqrt(lengths[1]),
        )


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("lengths", [[16, 1, 15, 17], [33]], ids=str)
def test_varlen(lengths: list[int], causal: bool, dtype: str) -> None:
    longer = [n + 3 for n in lengths]
    cu_q, cu_k = (np.cumsum([0, *x]).astype(np.int32) for x in (lengths, longer))
    q = random(1, cu_q[-1], 2, 32, dtype=dtype)
    k, v = (random(i, cu_k[-1], 1, 32, dtype=dtype) for i in (2, 3))
    got = zoo.attention_varlen(q, k, v, cu_q, cu_k, causal)
    for a, b, c, d in zip(cu_q[:-1], cu_q[1:], cu_k[:-1], cu_k[1:], strict=True):
        for h in range(2):
            compare(got[a:b, h], q[a:b, h], k[c:d, 0], v[c:d, 0], causal=causal)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("lengths", [[16, 1], [17, 49], [5, 97]], ids=str)
def test_decode(lengths: list[int], dtype: str) -> None:
    q = random(1, 2, 6, 16, dtype=dtype)
    k, v = (random(i, 2, 100, 2, 16, dtype=dtype) for i in (2, 3))
    got = attention_decode.decode(q, k, v, np.asarray(lengths, np.int32))
    for b, n in enumerate(lengths):
        for h in range(6):
            compare(got[b, h][None], q[b, h][None], k[b, :n, h // 3], v[b, :n, h // 3])


@pytest.mark.parametrize("cache", ["float16", "e4m3"])
@pytest.mark.parametrize("alibi", [False, True])
@pytest.mark.parametrize("lengths", [[8, 1], [9, 31]], ids=str)
def test_paged_decode(lengths: list[int], alibi: bool, cache: str) -> None:
    rng = np.random.default_rng(1)
    tables = rng.permutation(8).reshape(2, 4).astype(np.int32)
    q = random(2, 2, 4, 32, dtype="float16")
    k, v = (random(i, 8, 8, 2, 32).astype(DTYPES[cache]) for i in (3, 4))
    scales = (np.array([0.5], np.float32), np.array([2.0], np.float32))
    slopes = np.array([0.5, 0.25, 0.125, 0.0625], np.float32) if alibi else None
    used = scales if cache == "e4m3" else (None, None)
    got = attention_decode.paged_decode(
        q, k, v, tables, np.asarray(lengths, np.int32), slopes, used
    )
    for b, n in enumerate(lengths):
        for h in range(4):
            keys, values = (wide(x)[tables[b]].reshape(32, 2, 32)[:n, h // 2] for x in (k, v))
            if cache == "e4m3":
                keys, values = keys * 0.5, values * 2.0
            slope = None if slopes is None else float(slopes[h])
            compare(got[b, h][None], q[b, h][None], keys, values, slopes=slope)
