"""Quantisation: half a step of the stored numbers, and products against float64."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
import quantization as zoo
from accuracy import DTYPES, check, eps
from zoo_tools import near, random, wide


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(2, 32), (1, 1), (3, 31), (2, 65)], ids=str)
def test_quantize_per_token(shape: tuple[int, int], dtype: str) -> None:
    x = random(1, *shape, dtype=dtype)
    q, scale, sums = zoo.quantize_per_token(x)
    want = np.abs(wide(x)).max(-1) / 127
    near(scale, want, want)
    near(sums, wide(x).sum(-1), np.abs(wide(x)).sum(-1), shape[1])
    steps = wide(x) / want[:, None]
    assert (np.abs(wide(q) - steps) <= 0.5 + 127 * 4 * eps(np.float32)).all()
    assert (np.abs(wide(q)).max(-1) == 127).all()
    np.testing.assert_array_equal(zoo.quantize_per_token(x, False)[0], q)


@pytest.mark.parametrize("dtype", ["e4m3", "e5m2"])
@pytest.mark.parametrize("group", [32, 1, 24])
@pytest.mark.parametrize("ue8m0", [False, True])
def test_quantize_group_fp8(group: int, dtype: str, ue8m0: bool) -> None:
    x = random(1, 3, 2 * group, dtype="bfloat16")
    kind = DTYPES[dtype]
    q, s = zoo.quantize_group_fp8(x, group, kind, ue8m0)
    limit = float(ml_dtypes.finfo(kind).max)
    top = np.abs(wide(x)).reshape(3, 2, group).max(-1) / limit
    want = 2.0 ** np.ceil(np.log2(top)) if ue8m0 else top
    near(s, want, want)
    exact = np.clip(wide(x) / np.repeat(wide(s), group, 1), -limit, limit)
    step = np.maximum(np.abs(exact) * eps(kind), float(ml_dtypes.finfo(kind).smallest_subnormal))
    assert (np.abs(wide(q) - exact) <= step / 2 * (1 + 2**-10)).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(16, 16, 32), (1, 1, 1), (17, 31, 65)], ids=str)
@pytest.mark.parametrize("with_bias", [False, True])
def test_matmul_w8a8(shape: tuple[int, int, int], dtype: str, with_bias: bool) -> None:
    m, n, k = shape
    a, b = random(1, m, k, dtype="int8", scale=40), random(2, n, k, dtype="int8", scale=40)
    scales = [np.abs(random(i, size)) / 100 + np.float32(0.001) for i, size in ((3, m), (4, n))]
    bias = random(5, n) if with_bias else None
    want = wide(a) @ wide(b).T * wide(scales[0])[:, None] * wide(scales[1])
    size = np.abs(want) + (0 if bias is None else np.abs(wide(bias)))
    want = want + (0 if bias is None else wide(bias))
    near(zoo.matmul_w8a8(a, b, *scales, bias, DTYPES[dtype]), want, size)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(16, 32, 64), (1, 1, 32), (17, 33, 160)], ids=str)
@pytest.mark.parametrize("kind", ["e4m3", "e5m2"])
def test_block_fp8_matmul(shape: tuple[int, int, int], dtype: str, kind: str) -> None:
    m, n, k = shape
    a, b = random(1, m, k, dtype=kind), random(2, n, k, dtype=kind)
    a_scale, b_scale = np.abs(random(3, m, k // 32)), np.abs(random(4, -(-n // 32), k // 32))
    left, right = zoo.dequantized(a, a_scale, 1, 32), zoo.dequantized(b, b_scale, 32, 32)
    got = zoo.block_fp8_matmul(a, b, a_scale, b_scale, 32, 32, DTYPES[dtype])
    near(got, left @ right.T, np.abs(left) @ np.abs(right).T, k)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(16, 16, 32), (1, 8, 16), (17, 40, 96)], ids=str)
def test_matmul_int4(shape: tuple[int, int, int], dtype: str) -> None:
    m, n, k = shape
    rng = np.random.default_rng(1)
    a, group = random(2, m, k, dtype=dtype), 16
    w, zeros = rng.integers(0, 16, (k, n)), rng.integers(0, 15, (k // group, n))
    scales = random(3, k // group, n, dtype=dtype)
    exact = (w - np.repeat(zeros, group, 0) - 1) * np.repeat(wide(scales), group, 0)
    rounded = wide(exact.astype(a.dtype))
    got = zoo.matmul_int4(a, zoo.pack_int4(w, 0), scales, zoo.pack_int4(zeros, 1), group)
    near(got, wide(a) @ rounded, np.abs(wide(a)) @ np.abs(rounded), k)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("blocks", [2, 1, 3])
def test_nf4_there_and_back(blocks: int, dtype: str) -> None:
    x = random(1, blocks * 32, dtype=dtype)
    packed, absmax = zoo.quantize_nf4(x, 32)
    rows = wide(x).reshape(blocks, 32)
    np.testing.assert_array_equal(absmax, np.abs(rows).max(-1))
    code = wide(zoo.NF4)
    got = zoo.dequantize_nf4(packed, absmax, x.size, 32, x.dtype)
    index = np.stack([packed >> 4, packed & 15], -1).reshape(blocks, 32)
    check(got.reshape(blocks, 32), code[index] * wide(absmax)[:, None], np.abs(rows).max())
    nearest = np.abs(rows[..., None] / wide(absmax)[:, None, None] - code)
    chosen = np.take_along_axis(nearest, index[..., None], -1)[..., 0]
    assert (chosen <= nearest.min(-1) + 2 * eps(np.float32)).all()
