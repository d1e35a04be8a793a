"""Kernels that several tests share."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np


def np_dtype(name: str) -> np.dtype:
    return np.dtype(getattr(ml_dtypes, name) if not hasattr(np, name) else name)


def tl_dtype(name: str) -> Any:
    names = {"float8_e4m3fn": "float8e4nv", "float8_e5m2": "float8e5", "bool": "int1"}
    return getattr(tl, names.get(name, name))


def samples(name: str, n: int, seed: int = 0) -> np.ndarray:
    """Values of a type, its extremes among the first ones."""
    rng = np.random.default_rng(seed)
    dtype = np_dtype(name)
    if name == "bool":
        return rng.integers(0, 2, n).astype(bool)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = rng.integers(info.min, info.max, n, dtype=dtype, endpoint=True)
        special = [info.min, info.max, 0, 1, info.max // 2]
        values[: len(special)] = np.array(special, dtype)[:n]
    else:
        values = rng.standard_normal(n).astype(dtype)
        values[:5] = np.array([0.0, -0.0, 1.0, -1.0, 0.5]).astype(dtype)[:n]
    return values


@cosmati.jit
def binary_kernel(x, y, out, n, FN: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    a = tl.load(x + offs, mask=mask)
    b = tl.load(y + offs, mask=mask)
    tl.store(out + offs, FN(a, b), mask=mask)


@cosmati.jit
def block_kernel(x, out, FN: tl.constexpr, IN: tl.constexpr, OUT: tl.constexpr):
    """out = FN(x) for one block of shape IN and a result of OUT elements (0: a scalar)."""
    block = tl.reshape(tl.load(x + tl.arange(0, IN[0] * IN[1])), IN)
    result = FN(block)
    if OUT == 0:
        tl.store(out, result)
    else:
        tl.store(out + tl.arange(0, OUT), tl.reshape(result, (OUT,)))


def binary(
    fn: Any, x: np.ndarray, y: np.ndarray, out: str, block: int = 128, **options: Any
) -> np.ndarray:
    result = np.zeros(x.shape, np_dtype(out))
    grid = (cosmati.cdiv(x.size, block),)
    binary_kernel[grid](x, y, result, x.size, FN=fn, BLOCK=block, **options)
    return result


def block(fn: Any, x: np.ndarray, out: np.ndarray, **options: Any) -> np.ndarray:
    shape = x.shape if x.ndim == 2 else (1, x.size)
    size = 0 if out.ndim == 0 else out.size
    buffer = out.reshape(-1) if out.ndim else out.reshape(1)
    block_kernel[(1,)](x, buffer, FN=fn, IN=shape, OUT=size, **options)
    return buffer.reshape(out.shape)
