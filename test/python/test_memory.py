"""Loads, stores, block pointers, descriptors and atomics."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import np_dtype, samples


@cosmati.jit
def copy_strided(x, out, rows, columns, sx0, sx1, so0, so1, R: tl.constexpr, C: tl.constexpr):
    i = tl.program_id(0) * R + tl.arange(0, R)[:, None]
    j = tl.program_id(1) * C + tl.arange(0, C)[None, :]
    mask = (i < rows) & (j < columns)
    value = tl.load(x + i * sx0 + j * sx1, mask=mask)
    tl.store(out + i * so0 + j * so1, value, mask=mask)


def _strides(x):
    return [stride // x.itemsize for stride in x.strides]


@pytest.mark.parametrize("name", ["int8", "float16", "float32", "int64"])
def test_any_strides(name):
    base = samples(name, 60 * 70).reshape(60, 70)
    for x in (base, base.T, base[::2, 1::3], base[::-1, ::-1]):
        out = np.zeros(x.shape[::-1], np_dtype(name)).T
        grid = (cosmati.cdiv(x.shape[0], 16), cosmati.cdiv(x.shape[1], 32))
        copy_strided[grid](x, out, *x.shape, *_strides(x), *_strides(out), R=16, C=32)
        np.testing.assert_array_equal(out, x)


@cosmati.jit
def copy_block(x, out, rows, columns, stride, R: tl.constexpr, C: tl.constexpr):
    source = tl.make_block_ptr(
        x, (rows, columns), (stride, 1), (tl.program_id(0) * R, 0), (R, C), (1, 0)
    )
    target = tl.make_block_ptr(
        out, (rows, columns), (columns, 1), (tl.program_id(0) * R, 0), (R, C), (1, 0)
    )
    for _ in range(0, columns, C):
        value = tl.load(source, boundary_check=(0, 1), padding_option="zero")
        tl.store(target, value, boundary_check=(0, 1))
        source = tl.advance(source, (0, C))
        target = target.advance((0, C))


@pytest.mark.parametrize("shape", [(1, 1), (16, 32), (17, 33), (40, 100)], ids=str)
def test_block_pointers_in_a_loop(shape):
    x = samples("float32", 40 * 128).reshape(40, 128)[: shape[0], : shape[1]]
    out = np.zeros(shape, np.float32)
    copy_block[(cosmati.cdiv(shape[0], 16),)](x, out, *shape, 128, R=16, C=32)
    np.testing.assert_array_equal(out, x)


@cosmati.jit
def padded(x, out, n, PADDING: tl.constexpr, BLOCK: tl.constexpr):
    pointer = tl.make_block_ptr(x, (n,), (1,), (0,), (BLOCK,), (0,))
    value = tl.load(pointer, boundary_check=(0,), padding_option=PADDING)
    tl.store(out + tl.arange(0, BLOCK), value)


def test_padding():
    x = samples("float32", 20)
    out = np.ones(32, np.float32)
    padded[(1,)](x, out, 20, PADDING="zero", BLOCK=32)
    np.testing.assert_array_equal(out[20:], 0)
    padded[(1,)](x, out, 20, PADDING="nan", BLOCK=32)
    assert np.isnan(out[20:]).all()


@cosmati.jit
def copy_described(x, out, rows, columns, R: tl.constexpr, C: tl.constexpr):
    source = tl.make_tensor_descriptor(x, [rows, columns], [columns, 1], [R, C])
    target = tl.make_tensor_descriptor(out, [rows, columns], [columns, 1], [R, C])
    i, j = tl.program_id(0) * R, tl.program_id(1) * C
    target.store([i, j], source.load([i, j]) + 1)


def test_tensor_descriptors():
    x = samples("int32", 20 * 50).reshape(20, 50)
    out = np.zeros_like(x)
    copy_described[(2, 2)](x, out, 20, 50, R=16, C=32)
    np.testing.assert_array_equal(out, x + 1)


# Atomics.


@cosmati.jit
def add_all(x, out, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.atomic_add(out, tl.sum(tl.load(x + offs, mask=offs < n, other=0)))


@pytest.mark.parametrize("name", ["int32", "int64", "uint32", "float32", "float64"])
def test_atomic_add_of_scalars(name):
    x = (np.arange(1000) % 7).astype(name)
    out = np.zeros(1, name)
    add_all[(8,)](x, out, 1000, BLOCK=128)
    assert out[0] == x.sum()


@cosmati.jit
def scatter(kind_index, values, out, n, KIND: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    index = tl.load(kind_index + offs, mask=mask, other=0)
    value = tl.load(values + offs, mask=mask)
    if KIND == "add":
        tl.atomic_add(out + index, value, mask=mask)
    elif KIND == "max":
        tl.atomic_max(out + index, value, mask=mask)
    elif KIND == "min":
        tl.atomic_min(out + index, value, mask=mask)
    elif KIND == "and":
        tl.atomic_and(out + index, value, mask=mask)
    elif KIND == "or":
        tl.atomic_or(out + index, value, mask=mask, sem="relaxed")
    else:
        tl.atomic_xor(out + index, value, mask=mask, scope="sys")


_ATOMICS = {
    "add": np.add, "max": np.maximum, "min": np.minimum, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor,
}  # fmt: skip


@pytest.mark.parametrize("name", ["int32", "uint32", "int64"])
@pytest.mark.parametrize("kind", _ATOMICS)
def test_atomics_on_blocks_with_collisions(kind, name):
    n = 500
    index = np.random.default_rng(1).integers(0, 16, n).astype(np.int32)
    values = samples(name, n)
    out = samples(name, 16, 3)
    expected = out.copy()
    _ATOMICS[kind].at(expected, index, values)
    scatter[(4,)](index, values, out, n, KIND=kind, BLOCK=128)
    np.testing.assert_array_equal(out, expected)


@cosmati.jit
def locked_increment(lock, counter):
    while tl.atomic_cas(lock, 0, 1) == 1:
        pass
    tl.store(counter, tl.load(counter, volatile=True) + 1)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0)


def test_a_lock_of_compare_and_swap():
    lock, counter = np.zeros(1, np.int32), np.zeros(1, np.int32)
    locked_increment[(20,)](lock, counter)
    assert counter[0] == 20
    assert lock[0] == 0


@cosmati.jit
def old_values(x, out, N: tl.constexpr):
    offs = tl.arange(0, N)
    tl.store(out + offs, tl.atomic_xchg(x + offs, offs))


def test_atomics_give_what_was_there():
    x = samples("int32", 64)
    before = x.copy()
    out = np.zeros(64, np.int32)
    old_values[(1,)](x, out, N=64)
    np.testing.assert_array_equal(out, before)
    np.testing.assert_array_equal(x, np.arange(64))
