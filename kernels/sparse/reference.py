"""Pruning and the product in NumPy."""

from __future__ import annotations

import numpy as np
from cosmati.kernels.sparse.form import extents, group_of

_SHIFTS = np.arange(0, 16, 4)


def prune_reference(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What ``prune`` gives, bit by bit."""
    m, k = x.shape
    stored, words = extents(x, k)
    group = group_of(x)
    padded = np.zeros((m, 2 * stored), x.dtype)
    padded[:, :k] = x
    groups = padded.reshape(m, 4 * words, group)
    if x.dtype == np.int8:
        magnitude = np.abs(groups.astype(np.int64))
    else:
        bits = groups.view(f"u{x.itemsize}").astype(np.int64)
        magnitude = bits & ((1 << (8 * x.itemsize - 1)) - 1)
    order = np.argsort(-magnitude, axis=2, kind="stable")[:, :, : group // 2]
    places = np.sort(order, axis=2)
    values = np.take_along_axis(groups, places, axis=2).reshape(m, stored)
    if group == 4:
        codes = places[:, :, 0] | places[:, :, 1] << 2
    else:
        codes = np.where(places[:, :, 0] == 0, 0x4, 0xE)
    packed = (codes.reshape(m, words, 4) << _SHIFTS).sum(axis=2)
    return values, packed.astype(np.uint16).view(np.int16)


def expand(values: np.ndarray, metadata: np.ndarray, k: int | None = None) -> np.ndarray:
    """The matrix that values and metadata stand for, its first ``k`` columns."""
    m, words = metadata.shape
    group = group_of(values)
    codes = (metadata.view(np.uint16)[:, :, None] >> _SHIFTS & 15).reshape(m, 4 * words)
    places = np.stack([codes & 3, codes >> 2], axis=2) if group == 4 else codes[:, :, None] >> 3
    dense = np.zeros((m, 4 * words, group), values.dtype)
    np.put_along_axis(dense, places, values.reshape(m, 4 * words, group // 2), axis=2)
    return dense.reshape(m, 4 * words * group)[:, :k]


def reference(values: np.ndarray, metadata: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``A @ b`` in float64; exactly modulo 2^32, as int32, for int8."""
    a = expand(values, metadata, b.shape[0])
    if a.dtype == np.int8:
        return (a.astype(np.int64) @ b.astype(np.int64)).astype(np.int32)
    return a.astype(np.float64) @ b.astype(np.float64)  # type: ignore[no-any-return]
