"""Scans: running sums, products and combinations of one's own, in both directions."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import (
    INTEGERS,
    NUM_WARPS,
    NUMBERS,
    assert_same,
    cast,
    exact,
    exactly_summable,
    is_float,
    np_type,
    on_block,
    samples,
    sum_type,
)

SHAPES = [
    ((1,), 0), ((2,), 0), ((32,), 0), ((128,), 0), ((1024,), 0), ((1, 32), 0), ((1, 32), 1),
    ((32, 1), 0), ((16, 64), 0), ((16, 64), 1), ((64, 16), 0), ((64, 16), 1), ((2, 4, 16), 1),
    ((2, 256), -1),
]  # fmt: skip


@cosmati.jit
def cumsum(x):
    return tl.cumsum(x, 1)


@cosmati.jit
def cumsum_reverse(x):
    return x.cumsum(1, reverse=True)


@cosmati.jit
def cumsum_columns(x):
    return tl.cumsum(x, 0)


@cosmati.jit
def cumprod(x):
    return tl.cumprod(x, 1)


@cosmati.jit
def cumprod_reverse(x):
    return x.cumprod(axis=1, reverse=True)


def scan_type(name: str) -> str:
    return "float32" if name == "bfloat16" else sum_type(name)


def _reversed_scan(scan, x: np.ndarray, axis: int, dtype: np.dtype) -> np.ndarray:
    return np.flip(scan(np.flip(x, axis), axis, dtype=dtype), axis)


@pytest.mark.parametrize("name", NUMBERS)
def test_cumsum_of_every_type(name):
    x = exactly_summable(name, 8 * 64, 1).reshape(8, 64)
    out = np_type(scan_type(name))
    wide = exact(x) if is_float(name) else cast(x, scan_type(name))
    work = np.longdouble if is_float(name) else out
    for fn, expected in [
        (cumsum, np.cumsum(wide, 1, dtype=work)),
        (cumsum_columns, np.cumsum(wide, 0, dtype=work)),
        (cumsum_reverse, _reversed_scan(np.cumsum, wide, 1, work)),
    ]:
        assert_same(on_block(fn, x, (8, 64), scan_type(name)), expected.astype(out), fn.__name__)


@pytest.mark.parametrize("name", [n for n in NUMBERS if n != "bool"])
def test_cumprod_of_every_type(name):
    if is_float(name):  # powers of two: exact products
        x = 2.0 ** np.random.default_rng(2).integers(-1, 2, (8, 32))
        x[:, ::7] *= -1
        x = x.astype(np_type(name))
    else:
        x = samples(name, 8 * 32).reshape(8, 32)
    out = "float32" if name == "bfloat16" else name
    wide = x.astype(np_type(out))
    got = on_block(cumprod, x, (8, 32), out)
    with np.errstate(all="ignore"):
        assert_same(got, np.cumprod(wide, 1, dtype=wide.dtype))
        expected = _reversed_scan(np.cumprod, wide, 1, wide.dtype)
    assert_same(on_block(cumprod_reverse, x, (8, 32), out), expected)


# x -> a * x + b composed: associative, not commutative, exact in integers.


@cosmati.jit
def compose(a1, b1, a2, b2):
    return a2 * a1, a2 * b1 + b2


@cosmati.jit
def compose_kernel(
    a, b, a_out, b_out, NUMEL: tl.constexpr, SHAPE: tl.constexpr, AXIS: tl.constexpr,
    REVERSE: tl.constexpr,
):  # fmt: skip
    offs = tl.arange(0, NUMEL)
    first = tl.reshape(tl.load(a + offs), SHAPE)
    second = tl.reshape(tl.load(b + offs), SHAPE)
    p, q = tl.associative_scan((first, second), AXIS, compose, reverse=REVERSE)
    tl.store(a_out + offs, tl.reshape(p, (NUMEL,)))
    tl.store(b_out + offs, tl.reshape(q, (NUMEL,)))


def _composed(a: np.ndarray, b: np.ndarray, axis: int, reverse: bool) -> list[np.ndarray]:
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    if reverse:
        a, b = a[::-1], b[::-1]
    p, q = [a[0]], [b[0]]
    for i in range(1, len(a)):
        p.append(a[i] * p[-1])
        q.append(a[i] * q[-1] + b[i])
    return [np.moveaxis(np.array(r)[::-1] if reverse else np.array(r), 0, axis) for r in (p, q)]


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape, axis", SHAPES, ids=str)
def test_scan_keeps_the_order_for_every_shape_and_number_of_warps(shape, axis, num_warps):
    numel = int(np.prod(shape))
    a, b = (samples("uint32", numel, seed).reshape(shape) | np.uint32(1) for seed in (1, 2))
    for reverse in (False, True):
        got = [np.zeros(shape, np.uint32) for _ in range(2)]
        compose_kernel[(1,)](
            *(v.reshape(-1) for v in (a, b, *got)), NUMEL=numel, SHAPE=shape, AXIS=axis,
            REVERSE=reverse, num_warps=num_warps,
        )  # fmt: skip
        for values, expected in zip(got, _composed(a, b, axis, reverse), strict=True):
            assert_same(values, expected, f"reverse={reverse}")


@cosmati.jit
def keep_larger(a, b):
    return tl.maximum(a, b)


@cosmati.jit
def running_maximum(x):
    return tl.associative_scan(x, 0, keep_larger)


@pytest.mark.parametrize("name", INTEGERS + ["float16", "float32", "float64"])
def test_running_maximum(name):
    x = exactly_summable(name, 512, 5)
    got = on_block(running_maximum, x, (512,), name)
    np.testing.assert_array_equal(got, np.maximum.accumulate(x))


@cosmati.jit
def cumsum_of_number_type(x):
    return tl.cumsum(x, 0, dtype=tl.int64)


def test_cumsum_in_another_type():
    x = np.full(64, 2**31 - 1, np.int32)
    assert_same(on_block(cumsum_of_number_type, x, (64,), "int64"), np.cumsum(x, dtype=np.int64))


@cosmati.jit
def scan_then_reduce(x):
    running = tl.cumsum(x, 1)
    return tl.max(running, 1)[:, None] + tl.cumsum(running, 0)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_scans_mix_with_reductions(num_warps):
    x = np.random.default_rng(0).integers(-9, 9, (16, 32)).astype(np.int32)
    running = np.cumsum(x, 1, dtype=np.int32)
    expected = running.max(1)[:, None] + np.cumsum(running, 0, dtype=np.int32)
    assert_same(on_block(scan_then_reduce, x, (16, 32), "int32", num_warps=num_warps), expected)
