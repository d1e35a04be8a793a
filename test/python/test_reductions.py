"""Reductions, scans, sorting and softmax against NumPy, over shapes, axes and warps."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import INTEGERS, block, np_dtype, samples

SHAPES = [(1, 2), (1, 32), (1, 128), (1, 1024), (2, 64), (16, 16), (64, 4), (128, 1), (4, 256)]


@cosmati.jit
def sum0(x):
    return tl.sum(x, axis=0)


@cosmati.jit
def sum1(x):
    return tl.sum(x, axis=1)


@cosmati.jit
def sum_all(x):
    return tl.sum(x)


@cosmati.jit
def max0(x):
    return tl.max(x, axis=0)


@cosmati.jit
def max1(x):
    return tl.max(x, axis=1)


@cosmati.jit
def min1(x):
    return x.min(axis=1)


@cosmati.jit
def argmax1(x):
    return tl.argmax(x, axis=1)


@cosmati.jit
def argmin0(x):
    return tl.argmin(x, axis=0)


@cosmati.jit
def xor1(x):
    return tl.xor_sum(x, axis=1)


@cosmati.jit
def cumsum0(x):
    return tl.cumsum(x, axis=0)


@cosmati.jit
def cumsum1(x):
    return tl.cumsum(x, axis=1)


@cosmati.jit
def cumsum1_reverse(x):
    return tl.cumsum(x, axis=1, reverse=True)


@cosmati.jit
def cumprod1(x):
    return tl.cumprod(x, axis=1)


@cosmati.jit
def kept(x):
    return x - tl.sum(x, axis=1, keep_dims=True)


@pytest.mark.parametrize("num_warps", [1, 4])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sum_of_integers_is_exact(shape, num_warps):
    x = samples("int32", shape[0] * shape[1]).reshape(shape)
    for axis, fn in ((0, sum0), (1, sum1)):
        expected = x.sum(axis=axis, dtype=np.int32)
        got = block(fn, x, np.zeros(expected.shape, np.int32), num_warps=num_warps)
        np.testing.assert_array_equal(got, expected)
    total = block(sum_all, x, np.zeros((), np.int32), num_warps=num_warps)
    assert total == x.sum(dtype=np.int32)


@pytest.mark.parametrize("shape", [(1, 1024), (32, 32), (4, 256)], ids=str)
@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_sum_of_floats_is_within_its_bound(name, shape):
    x = samples(name, shape[0] * shape[1]).reshape(shape)
    expected = x.astype(np.float64).sum(axis=1)
    got = block(sum1, x, np.zeros(expected.shape, np_dtype(name)))
    eps = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}[name]
    bound = eps * np.log2(shape[1]) * np.abs(x.astype(np.float64)).sum(axis=1)
    assert (np.abs(got.astype(np.float64) - expected) <= bound + 1e-300).all()


@pytest.mark.parametrize("name", ["int8", "int16", "uint8", "uint16"])
def test_narrow_integers_are_summed_in_32_bits(name):
    x = samples(name, 1024).reshape(4, 256)
    wide = "int32" if name.startswith("int") else "uint32"
    got = block(sum1, x, np.zeros(4, wide))
    np.testing.assert_array_equal(got, x.sum(axis=1, dtype=wide))


@pytest.mark.parametrize("name", [*INTEGERS, "float16", "float32", "float64"])
def test_max_and_min(name):
    x = samples(name, 1024).reshape(16, 64)
    out_type = (
        name if np.dtype(name).itemsize >= 4 else ("float32" if name == "float16" else "int32")
    )
    np.testing.assert_array_equal(block(max1, x, np.zeros(16, out_type)), x.max(axis=1))
    np.testing.assert_array_equal(block(min1, x, np.zeros(16, out_type)), x.min(axis=1))
    np.testing.assert_array_equal(block(max0, x, np.zeros(64, out_type)), x.max(axis=0))


def test_max_ignores_nan():
    x = samples("float32", 256).reshape(4, 64)
    x[:, ::3] = np.nan
    x[3] = np.nan
    got = block(max1, x, np.zeros(4, np.float32))
    np.testing.assert_array_equal(got[:3], np.nanmax(x[:3], axis=1))
    assert np.isnan(got[3])


@pytest.mark.parametrize("shape", [(1, 128), (8, 32), (64, 4)], ids=str)
def test_argmax_and_argmin_take_the_first_of_equals(shape):
    x = np.random.default_rng(0).integers(0, 5, shape).astype(np.int32)
    got = block(argmax1, x, np.zeros(shape[0], np.int32))
    np.testing.assert_array_equal(got, x.argmax(axis=1))
    got = block(argmin0, x, np.zeros(shape[1], np.int32))
    np.testing.assert_array_equal(got, x.argmin(axis=0))


def test_argmax_ignores_nan_as_max_does():
    x = samples("float32", 256).reshape(4, 64)
    x[:, ::2] = np.nan
    got = block(argmax1, x, np.zeros(4, np.int32))
    np.testing.assert_array_equal(got, np.nanargmax(x, axis=1))


def test_xor_sum():
    x = samples("int32", 512).reshape(8, 64)
    got = block(xor1, x, np.zeros(8, np.int32))
    np.testing.assert_array_equal(got, np.bitwise_xor.reduce(x, axis=1))


def test_keep_dims_keeps_the_rank():
    x = samples("int32", 512).reshape(8, 64)
    got = block(kept, x, np.zeros((8, 64), np.int32))
    np.testing.assert_array_equal(got, x - x.sum(axis=1, keepdims=True, dtype=np.int32))


@pytest.mark.parametrize("num_warps", [1, 4])
@pytest.mark.parametrize("shape", [(1, 2), (1, 32), (1, 512), (16, 16), (4, 128)], ids=str)
def test_cumsum(shape, num_warps):
    x = samples("int32", shape[0] * shape[1]).reshape(shape)
    out = np.zeros(shape, np.int32)
    np.testing.assert_array_equal(
        block(cumsum1, x, out, num_warps=num_warps), x.cumsum(axis=1, dtype=np.int32)
    )
    np.testing.assert_array_equal(
        block(cumsum0, x, out, num_warps=num_warps), x.cumsum(axis=0, dtype=np.int32)
    )
    np.testing.assert_array_equal(
        block(cumsum1_reverse, x, out, num_warps=num_warps),
        x[:, ::-1].cumsum(axis=1, dtype=np.int32)[:, ::-1],
    )


def test_cumprod():
    x = np.random.default_rng(0).integers(1, 4, (4, 32)).astype(np.int32)
    got = block(cumprod1, x, np.zeros((4, 32), np.int32))
    np.testing.assert_array_equal(got, x.cumprod(axis=1, dtype=np.int32))


@cosmati.jit
def affine(a1, b1, a2, b2):
    return a1 * a2, b1 * a2 + b2


@cosmati.jit
def recurrence(a, b, out, N: tl.constexpr):
    offs = tl.arange(0, N)
    _, y = tl.associative_scan((tl.load(a + offs), tl.load(b + offs)), 0, affine)
    tl.store(out + offs, y)


@pytest.mark.parametrize("n", [4, 64, 512])
def test_scan_of_a_pair_keeps_the_order(n):
    rng = np.random.default_rng(0)
    a = rng.integers(-2, 3, n).astype(np.int32)
    b = rng.integers(-5, 6, n).astype(np.int32)
    out = np.zeros(n, np.int32)
    recurrence[(1,)](a, b, out, N=n)
    state, expected = 0, []
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        state = (state * x + y + 2**31) % 2**32 - 2**31
        expected.append(state)
    np.testing.assert_array_equal(out, np.array(expected, np.int32))


@cosmati.jit
def softmax_rows(x, out, n, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + row * n + offs, mask=offs < n, other=-float("inf"))
    tl.store(out + row * n + offs, tl.softmax(value), mask=offs < n)


@pytest.mark.parametrize("n", [1, 31, 64, 127, 1000])
def test_softmax(n):
    x = samples("float32", 3 * n).reshape(3, n) * 5
    out = np.zeros_like(x)
    softmax_rows[(3,)](x, out, n, BLOCK=max(cosmati.next_power_of_2(n), 2))
    wide = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    np.testing.assert_allclose(out, wide / wide.sum(axis=1, keepdims=True), rtol=2e-5)


@cosmati.jit
def sorted_up(x):
    return tl.sort(x)


@cosmati.jit
def sorted_down(x):
    return tl.sort(x, descending=True)


@cosmati.jit
def flipped(x):
    return tl.flip(x)


@cosmati.jit
def flipped0(x):
    return tl.flip(x, 0)


@cosmati.jit
def top4(x):
    return tl.topk(x, 4)


@pytest.mark.parametrize("shape", [(1, 2), (1, 64), (4, 16)], ids=str)
def test_sort_flip_and_topk(shape):
    x = samples("int32", shape[0] * shape[1]).reshape(shape)
    out = np.zeros(shape, np.int32)
    np.testing.assert_array_equal(block(sorted_up, x, out), np.sort(x, axis=1))
    np.testing.assert_array_equal(block(sorted_down, x, out), np.sort(x, axis=1)[:, ::-1])
    np.testing.assert_array_equal(block(flipped, x, out), x[:, ::-1])
    if shape[0] > 1:
        np.testing.assert_array_equal(block(flipped0, x, out), x[::-1])
    if shape[1] >= 8:
        expected = np.sort(x, axis=1)[:, ::-1][:, :4]
        np.testing.assert_array_equal(block(top4, x, np.zeros((shape[0], 4), np.int32)), expected)


@cosmati.jit
def counted(x, out, N: tl.constexpr, BINS: tl.constexpr):
    bins = tl.histogram(tl.load(x + tl.arange(0, N)), BINS)
    tl.store(out + tl.arange(0, BINS), bins)


def test_histogram():
    x = np.random.default_rng(0).integers(0, 16, 256).astype(np.int32)
    out = np.zeros(16, np.int32)
    counted[(1,)](x, out, N=256, BINS=16)
    np.testing.assert_array_equal(out, np.bincount(x, minlength=16))
