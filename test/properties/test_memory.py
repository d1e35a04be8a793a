"""Loads, stores and atomics: masks of every length, windows at every border, contention."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from drawing import arrays, examples, run
from hypothesis import given
from hypothesis import strategies as st
from language_support import FP8, NUMBERS, assert_same, cast, np_type, samples

GUARD = 16  # elements around a result that must keep their value
warps = st.sampled_from([1, 2, 4, 8])


@cosmati.jit(do_not_specialize=["n", "start"])
def masked_copy(x, other, out, zeros, n, start, BLOCK: tl.constexpr):
    """Lanes below n; those at and beyond it hold ``other``, and nothing is stored there."""
    i = tl.arange(0, BLOCK)
    inside = i < n
    value = tl.load(x + start + i, mask=inside, other=tl.load(other))
    tl.store(out + i, value)
    tl.store(zeros + i, tl.load(x + start + i, mask=inside))
    tl.store(out + 2 * BLOCK + i, value, mask=inside)


@pytest.mark.parametrize("block", [1, 128])
@pytest.mark.parametrize("name", [*NUMBERS, *FP8])
@examples(8)
@given(st.data())
def test_masked_lanes_hold_other_else_zero_and_store_nothing(name, block, data):
    num_warps = 1 + len(name) % 2 * 3  # one kernel for all examples
    lengths = sorted({0, 1, block - 1, block, min(97, block), block + 1, 2**31 - 1, -1})
    n, start = data.draw(st.sampled_from(lengths)), data.draw(st.integers(0, 17))
    size = min(max(n, 0), block)
    x = samples(name, start + size + 1, 3)
    other = data.draw(arrays(name, 1))
    out = np.concatenate([np.zeros(2 * block, x.dtype), samples(name, block + GUARD, 5)])
    before, zeros = out.copy(), np.ones(block, x.dtype)
    masked_copy[(1,)](x, other, out, zeros, n, start, BLOCK=block, num_warps=num_warps)
    wanted = np.repeat(other, block)
    wanted[:size] = x[start : start + size]
    assert_same(out[:block], wanted, "other")
    wanted[size:] = np.zeros((), x.dtype)
    assert_same(zeros, wanted, "zero")
    assert_same(out[2 * block : 2 * block + size], x[start : start + size], "stored")
    assert_same(out[2 * block + size :], before[2 * block + size :], "left alone")


SIZES = ["rows", "columns", "stride", "row", "column"]


@cosmati.jit(do_not_specialize=SIZES)
def window(x, out, rows, columns, stride, row, column, M: tl.constexpr, N: tl.constexpr,
           KIND: tl.constexpr):  # fmt: skip
    if KIND == "descriptor":
        block = tl.make_tensor_descriptor(x, [rows, columns], [stride, 1], [M, N]).load(
            [row, column])  # fmt: skip
    else:
        pointer = tl.make_block_ptr(x, (rows, columns), (stride, 1), (row, column), (M, N), (1, 0))
        block = tl.load(pointer, boundary_check=(0, 1), padding_option="zero")
    tl.store(out + tl.arange(0, M)[:, None] * N + tl.arange(0, N)[None, :], block)


@cosmati.jit(do_not_specialize=SIZES)
def window_store(x, out, rows, columns, stride, row, column, M: tl.constexpr, N: tl.constexpr,
                 KIND: tl.constexpr):  # fmt: skip
    block = tl.load(x + tl.arange(0, M)[:, None] * N + tl.arange(0, N)[None, :])
    if KIND == "descriptor":
        tl.make_tensor_descriptor(out, [rows, columns], [stride, 1], [M, N]).store(
            [row, column], block)  # fmt: skip
    else:
        pointer = tl.make_block_ptr(out, (rows, columns), (stride, 1), (row, column), (M, N),
                                    (1, 0))  # fmt: skip
        tl.store(pointer, block, boundary_check=(0, 1))


@pytest.mark.parametrize("kind", ["pointer", "descriptor"])
@pytest.mark.parametrize("name", ["int8", "float16", "float32", "uint64"])
@examples(6)
@given(st.data(), warps)
def test_windows_give_zero_outside_and_write_inside_only(name, kind, data, num_warps):
    m, n = 4, 16
    rows, columns = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 33))
    stride = (columns + 15) // 16 * 16 + 16 * data.draw(st.integers(0, 1))
    row, column = data.draw(st.integers(-5, 10)), data.draw(st.integers(-17, 34))
    x = samples(name, rows * stride, 1).reshape(rows, stride)
    padded = np.zeros((rows + 40, columns + 120), x.dtype)
    padded[20 : 20 + rows, 40 : 40 + columns] = x[:, :columns]
    out = np.ones((m, n), x.dtype)
    sizes = (rows, columns, stride, row, column)
    window[(1,)](x, out, *sizes, M=m, N=n, KIND=kind, num_warps=num_warps)
    assert_same(out, padded[20 + row : 20 + row + m, 40 + column : 40 + column + n].copy(), "load")
    target, block = x.copy(), samples(name, m * n, 9).reshape(m, n)
    window_store[(1,)](block, target, *sizes, M=m, N=n, KIND=kind, num_warps=num_warps)
    for i in range(m):
        for j in range(n):
            if 0 <= row + i < rows and 0 <= column + j < columns:
                x[row + i, column + j] = block[i, j]
    assert_same(target, x, "store")


@pytest.mark.parametrize("name", ["int8", "uint8", "int16", "int32", "int64", "uint64"])
@examples(4)
@given(st.data(), warps)
def test_offsets_beyond_32_bits_count_in_full(name, data, num_warps):
    """Offsets of 64 bits that meet again, and products of 32-bit ones that were widened."""
    base = data.draw(st.integers(0, 15))
    x = samples(name, 64, 2)
    got, again = run(
        f"""
        big = tl.arange(0, 32).to(tl.int64) + {2**33 + 7}
        wide = tl.arange(0, 32).to(tl.int64) * {2**31} * 2
        tl.load(x_ptr + big - {2**33 + 7} + {base}), tl.load(x_ptr + wide // {2**32} + {base})
        """, *[(name, (32,))] * 2, num_warps=num_warps, x=x)  # fmt: skip
    assert_same(got, x[base : base + 32])
    assert_same(again, x[base : base + 32])


@cosmati.jit
def negative_strides(x, out, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    tl.store(out + i, tl.load(x + (BLOCK - 1) - i))
    last = x + (BLOCK - 1)
    tl.store(out + BLOCK + i, tl.load(last - i))
    tl.store(out + 2 * BLOCK + i, tl.load(last + (tl.arange(0, BLOCK) - (BLOCK - 1))))


@pytest.mark.parametrize("name", ["bool", "int8", "bfloat16", "int32", "float64"])
@examples(3)
@given(warps, st.sampled_from([1, 2, 64, 256]))
def test_blocks_are_read_backwards(name, num_warps, block):
    x = samples(name, block, 4)
    out = np.zeros(3 * block, x.dtype)
    negative_strides[(1,)](x, out, BLOCK=block, num_warps=num_warps)
    assert_same(out, np.concatenate([x[::-1], x[::-1], x]))


OPERATIONS = {
    "add": np.add, "max": np.maximum, "min": np.minimum, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor,
}  # fmt: skip


@cosmati.jit
def atomics(memory, old, index, value, mask, n, KIND: tl.constexpr, BLOCK: tl.constexpr):
    i = tl.arange(0, BLOCK)
    at, v, m = tl.load(index + i), tl.load(value + i), tl.load(mask + i)
    if KIND == "add":
        before = tl.atomic_add(memory + at, v, mask=m)
    elif KIND == "max":
        before = tl.atomic_max(memory + at, v, mask=m)
    elif KIND == "min":
        before = tl.atomic_min(memory + at, v, mask=m)
    elif KIND == "and":
        before = tl.atomic_and(memory + at, v, mask=m)
    elif KIND == "or":
        before = tl.atomic_or(memory + at, v, mask=m)
    else:
        before = tl.atomic_xor(memory + at, v, mask=m)
    tl.store(old + i, before, mask=m)


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("name", ["int32", "uint32", "int64", "uint64"])
@examples(3)
@given(st.data(), warps)
def test_atomics_on_shared_addresses_act_once_for_each_lane(name, kind, data, num_warps):
    block, cells = 64, data.draw(st.sampled_from([1, 3, 64]))
    value, mask = data.draw(arrays(name, block)), data.draw(arrays("bool", block))
    index = np.random.default_rng(cells).integers(0, cells, block).astype(np.int32)
    memory, old = samples(name, cells + GUARD, 8), np.zeros(block, np_type(name))
    wanted = memory.copy()
    with np.errstate(all="ignore"):
        for at, v in zip(index[mask], value[mask], strict=True):
            wanted[at] = OPERATIONS[kind](wanted[at], v)
    before = memory.copy()
    atomics[(1,)](memory, old, index, value, mask, block, KIND=kind, BLOCK=block,
                  num_warps=num_warps)  # fmt: skip
    assert_same(memory, wanted, kind)
    for at in range(cells):  # of each cell's lanes, one saw the first value
        seen = old[mask & (index == at)]
        assert seen.size == 0 or before[at] in seen


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
@examples(4)
@given(st.data(), warps)
def test_float_atomic_sums_of_whole_numbers_are_exact(name, data, num_warps):
    block = 64
    raw = np.frombuffer(data.draw(st.binary(min_size=block, max_size=block)), np.int8)
    value = (raw % 4).astype(np_type(name))
    index = (np.abs(raw.astype(int)) % 5).astype(np.int32)
    memory, mask = np.zeros(5, np_type(name)), raw > -100
    atomics[(1,)](memory, np.zeros(block, np_type(name)), index, value, mask, block, KIND="add",
                  BLOCK=block, num_warps=num_warps)  # fmt: skip
    sums = np.bincount(index[mask], (raw[mask] % 4).astype(float), 5)
    assert_same(memory, sums.astype(np_type(name)))


@examples(4)
@given(st.data())
@pytest.mark.parametrize("name", ["int32", "uint64", "float32", "float64"])
def test_exchange_and_compare_and_swap_give_what_was_there(name, data):
    x, y = data.draw(arrays(name, 32)), data.draw(arrays(name, 32))
    word = f"u{np_type(name).itemsize}"
    got = run(
        """
        i = tl.arange(0, 32)
        swapped = tl.atomic_cas(x_ptr + i, y, x)
        tl.debug_barrier()
        first = tl.atomic_xchg(x_ptr + i, y)
        tl.debug_barrier()
        hit = tl.atomic_cas(x_ptr + i, y, x)
        tl.debug_barrier()
        swapped, first, hit, tl.load(x_ptr + i)
        """, *[(name, (32,))] * 4, x=x.copy(), y=y)  # fmt: skip
    for found, wanted in zip(got, [x, x, y, x], strict=True):
        np.testing.assert_array_equal(found.view(word), wanted.view(word))


@pytest.mark.parametrize("name", [*NUMBERS, *FP8])
@examples(2)
@given(st.data())
def test_stores_convert_to_the_pointers_type(name, data):
    values = {"int64": data.draw(arrays("int64", 32)), "float32": data.draw(arrays("float32", 32))}
    for source, x in values.items():
        if name in FP8 and source == "int64":
            continue
        out = np.zeros(32, np_type(name))
        convert[(1,)](x, out)
        assert_same(out, cast(x, name), f"{source} to {name}")


@cosmati.jit
def convert(x, out):
    i = tl.arange(0, 32)
    tl.store(out + i, tl.load(x + i))
