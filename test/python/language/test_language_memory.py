"""Loads and stores of every type, masks at every boundary, block pointers, pointer arithmetic."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import (
    ALL_TYPES,
    INTEGERS,
    NUM_WARPS,
    assert_same,
    cast,
    np_type,
    samples,
    tl_type,
)


def patterns(name: str, size: int) -> np.ndarray:
    """Arbitrary bit patterns of a type."""
    if name == "bool":
        return samples(name, size)
    raw = np.random.default_rng(size).integers(0, 256, size * np_type(name).itemsize)
    return raw.astype(np.uint8).view(np_type(name))


@cosmati.jit
def masked_copy(x, out, defaults, n, other, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    tl.store(out + offs, tl.load(x + offs, mask=mask), mask=mask)
    tl.store(defaults + offs, tl.load(x + offs, mask=mask, other=other))


@pytest.mark.parametrize("name", ALL_TYPES)
def test_masked_copy_touches_what_it_must_and_nothing_else(name):
    block = 128
    for n in (0, 1, 31, block - 1, block, block + 1, 257, 509):
        programs = max(cosmati.cdiv(n, block), 1)
        x = patterns(name, max(n, 1))
        guard = np.ones(n + 16, np_type(name))
        defaults = np.zeros(programs * block, np_type(name))
        masked_copy[(programs,)](x, guard, defaults, n, 1, BLOCK=block)
        assert guard[:n].tobytes() == x[:n].tobytes()
        assert (guard[n:] == 1).all()
        assert defaults[:n].tobytes() == x[:n].tobytes()
        assert (defaults[n:] == 1).all()


@cosmati.jit
def copy_at(x, out, n, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    tl.store(out + offs, tl.load(x + offs, mask=offs < n), mask=offs < n)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("name", ["int8", "float16", "float32", "int64"])
def test_any_alignment_and_block_size(name, num_warps):
    x = patterns(name, 3000)
    for start, block in [(0, 1), (1, 2), (3, 16), (8, 32), (5, 64), (16, 1024), (1, 2048)]:
        n = 2500
        out = np.zeros(3000, np_type(name))
        copy_at[(cosmati.cdiv(n, block) if block >= 64 else 3,)](
            x[start:], out[start:], n, BLOCK=block, num_warps=num_warps
        )
        done = min(n, block * (cosmati.cdiv(n, block) if block >= 64 else 3))
        assert out[start : start + done].tobytes() == x[start : start + done].tobytes()
        assert not out[:start].view(np.uint8).any() and not out[start + done :].view(np.uint8).any()


@cosmati.jit
def copy_plane(x, out, rows, columns, sxr, sxc, sor, soc, R: tl.constexpr, C: tl.constexpr):
    i = tl.program_id(0) * R + tl.arange(0, R)[:, None]
    j = tl.program_id(1) * C + tl.arange(0, C)[None, :]
    mask = (i < rows) & (j < columns)
    value = tl.load(x + i * sxr + j * sxc, mask=mask, other=0)
    tl.store(out + i * sor + j * soc, value, mask=mask)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("tile", [(1, 64), (64, 1), (16, 16), (4, 128), (32, 2)], ids=str)
def test_planes_with_any_strides(tile, num_warps):
    base = np.arange(70 * 140, dtype=np.int32).reshape(70, 140)
    for shape in [(1, 1), (1, 67), (67, 1), (37, 53), (64, 128)]:
        for source in (base[: shape[0], : shape[1]], base.T[: shape[0], : shape[1]],
                       base[: 2 * shape[0] : 2, : shape[1]][: shape[0]]):  # fmt: skip
            rows, columns = source.shape
            out = np.zeros((columns, rows), np.int32).T
            grid = (cosmati.cdiv(rows, tile[0]), cosmati.cdiv(columns, tile[1]))
            strides = [s // 4 for s in (*source.strides, *out.strides)]
            copy_plane[grid](source, out, rows, columns, *strides, R=tile[0], C=tile[1],
                             num_warps=num_warps)  # fmt: skip
            np.testing.assert_array_equal(out, source)


@cosmati.jit
def scalar_memory(x, out, flag):
    value = tl.load(x)
    tl.store(out, value)
    tl.store(out + 1, tl.load(x + 1, mask=flag > 0, other=5))
    tl.store(out + 2, tl.load(x + 1, mask=flag > 1, other=5))
    tl.store(out + 3, value, mask=flag > 1)
    tl.store(out + 4, 7)


@pytest.mark.parametrize("name", [n for n in ALL_TYPES if n != "bool"])
def test_scalars(name):
    x = np.array([3, 2], np_type(name))
    out = np.ones(6, np_type(name))
    scalar_memory[(1,)](x, out, 1)
    assert_same(out, np.array([3, 2, 5, 1, 7, 1]).astype(np_type(name)))


@cosmati.jit
def hinted_copy(x, out, LOAD: tl.constexpr, STORE: tl.constexpr, EVICT: tl.constexpr,
                VOLATILE: tl.constexpr, BLOCK: tl.constexpr):  # fmt: skip
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs, cache_modifier=LOAD, eviction_policy=EVICT, volatile=VOLATILE)
    tl.store(out + offs, value, cache_modifier=STORE, eviction_policy=EVICT)


@pytest.mark.parametrize(
    "load, store, evict, volatile, in_ptx",
    [
        (".ca", ".wb", "", False, ["ld.global.ca", "st.global.wb"]),
        (".cg", ".cg", "", False, ["ld.global.cg", "st.global.cg"]),
        (".cv", ".cs", "", False, ["ld.global.cv", "st.global.cs"]),
        ("", ".wt", "", False, ["st.global.wt"]),
        ("", "", "evict_first", False, ["evict_first"]),
        ("", "", "evict_last", False, ["evict_last"]),
        ("", "", "", True, ["ld.volatile.global"]),
    ],
)
def test_hints_reach_the_instructions_and_change_no_value(load, store, evict, volatile, in_ptx):
    x = samples("float32", 256)
    out = np.zeros_like(x)
    compiled = hinted_copy[(1,)](
        x, out, LOAD=load, STORE=store, EVICT=evict, VOLATILE=volatile, BLOCK=256
    )
    assert_same(out, x)
    for text in in_ptx:
        assert text in compiled.asm["ptx"]


# Pointers.


@cosmati.jit
def offset_kernel(x, out, offset, BLOCK: tl.constexpr):
    lane = tl.arange(0, BLOCK)
    index = tl.load(offset + lane)
    tl.store(out + lane, tl.load(x + index))
    tl.store(out + BLOCK + lane, tl.load((x + 64) - index))
    back = index.to(tl.int64)
    tl.store(out + 2 * BLOCK + lane, tl.load(back + x))


@pytest.mark.parametrize("name", INTEGERS)
def test_offsets_of_every_integer_type(name):
    x = np.arange(200, dtype=np.int16)
    index = np.random.default_rng(0).integers(0, 64, 32).astype(name)
    out = np.zeros(96, np.int16)
    offset_kernel[(1,)](x, out, index, BLOCK=32)
    wide = index.astype(int)
    np.testing.assert_array_equal(out, np.concatenate([x[wide], x[64 - wide], x[wide]]))


@cosmati.jit
def large_unsigned_offset(x, out, offset):
    """An unsigned offset with its highest bit set is large, not negative."""
    index = tl.load(offset)
    tl.store(out, tl.load(x + index))


def test_unsigned_offsets_are_positive():
    x = np.arange(256, dtype=np.int32)
    for value in (200, 255):
        out = np.zeros(1, np.int32)
        large_unsigned_offset[(1,)](x, out, np.array([value], np.uint8))
        assert out[0] == value


@cosmati.jit
def pointer_values(x, y, out, which, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    chosen = tl.where(offs % 2 == 0, x + offs, y + offs)
    tl.store(out + offs, tl.load(chosen))
    base = x
    if which > 0:
        base = y
    total = tl.zeros((BLOCK,), tl.float32)
    for _ in range(3):
        total += tl.load(base + offs)
        base += BLOCK
    tl.store(out + BLOCK + offs, total)
    bits = (x + offs).to(tl.pointer_type(tl.int32))
    tl.store(out + 2 * BLOCK + offs, tl.load(bits).to(tl.float32, bitcast=True))
    distance = (x + offs).to(tl.int64) - x.to(tl.int64)
    tl.store(out + 3 * BLOCK + offs, distance.to(tl.float32))


@pytest.mark.parametrize("which", [0, 1])
def test_pointers_are_values(which):
    x, y = (np.random.default_rng(s).standard_normal(96).astype(np.float32) for s in (1, 2))
    out = np.zeros((4, 32), np.float32)
    pointer_values[(1,)](x, y, out, which, BLOCK=32)
    np.testing.assert_array_equal(out[0], np.where(np.arange(32) % 2 == 0, x[:32], y[:32]))
    chosen = (y if which else x).reshape(3, 32)
    np.testing.assert_array_equal(out[1], chosen[0] + chosen[1] + chosen[2])
    np.testing.assert_array_equal(out[2], x[:32])
    np.testing.assert_array_equal(out[3], 4.0 * np.arange(32))


@cosmati.jit
def hinted_offsets(x, out, n, BLOCK: tl.constexpr):
    start = tl.multiple_of(tl.program_id(0) * n, 16)
    offs = tl.max_contiguous(tl.multiple_of(start + tl.arange(0, BLOCK), 16), BLOCK)
    tl.store(out + offs, tl.load(x + offs))


def test_hints_about_offsets_change_no_value():
    x = np.arange(256, dtype=np.float32)
    out = np.zeros_like(x)
    hinted_offsets[(4,)](x, out, 64, BLOCK=64)
    assert_same(out, x)


# Block pointers.


@cosmati.jit
def window_kernel(
    x, out, rows, columns, sr, sc, i, j, CHECK: tl.constexpr, PADDING: tl.constexpr,
    R: tl.constexpr, C: tl.constexpr,
):  # fmt: skip
    window = tl.make_block_ptr(x, (rows, columns), (sr, sc), (i, j), (R, C), (1, 0))
    value = tl.load(window, boundary_check=CHECK, padding_option=PADDING)
    target = tl.make_block_ptr(out, (R, C), (C, 1), (0, 0), (R, C), (1, 0))
    tl.store(target, value)


def _window(x: np.ndarray, i: int, j: int, shape: tuple[int, int], fill: float) -> np.ndarray:
    result = np.full(shape, fill, x.dtype)
    for r in range(shape[0]):
        for c in range(shape[1]):
            if 0 <= i + r < x.shape[0] and 0 <= j + c < x.shape[1]:
                result[r, c] = x[i + r, j + c]
    return result


@pytest.mark.parametrize("name", ALL_TYPES)
def test_block_pointers_pad_at_every_border(name):
    x = patterns(name, 19 * 23).reshape(19, 23)
    fill = np.nan if "float" in name else 0
    for i, j in [(0, 0), (8, 8), (16, 16), (-3, 5), (5, -7), (19, 23), (-8, -8), (100, 0)]:
        out = np.ones((8, 8), np_type(name))
        for padding, value in (("", 0), ("nan", fill)):
            if padding == "nan" and "float" not in name:
                continue
            window_kernel[(1,)](x, out, 19, 23, 23, 1, i, j, CHECK=(0, 1), PADDING=padding, R=8,
                                C=8)  # fmt: skip
            expected = _window(x, i, j, (8, 8), value)
            if padding == "nan":
                assert_same(out, expected)
            else:
                assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("check", [(0,), (1,), (1, 0), 0])
def test_only_named_dimensions_are_checked(check):
    x = np.arange(16 * 16, dtype=np.int32).reshape(16, 16)
    out = np.zeros((8, 8), np.int32)
    i, j = (12, 4) if check in ((0,), 0) else (4, 12)
    i, j = (12, 12) if check == (1, 0) else (i, j)
    window_kernel[(1,)](x, out, 16, 16, 16, 1, i, j, CHECK=check, PADDING="zero", R=8, C=8)
    np.testing.assert_array_equal(out, _window(x, i, j, (8, 8), 0))


@cosmati.jit
def walking_window(x, out, rows, columns, R: tl.constexpr, C: tl.constexpr):
    """Column sums, by a transposed window that walks along two axes."""
    for j in range(0, columns, C):
        window = tl.make_block_ptr(x, (columns, rows), (1, columns), (j, 0), (C, R), (0, 1))
        total = tl.zeros((C,), tl.int32)
        for _ in range(0, rows, R):
            total += tl.sum(tl.load(window, boundary_check=(0, 1)), 1)
            window = tl.advance(window, (0, R))
        target = tl.make_block_ptr(out, (columns,), (1,), (j,), (C,), (0,))
        tl.store(target, total, boundary_check=(0,))


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (16, 32), (33, 65)], ids=str)
def test_block_pointers_walk_in_loops(shape, num_warps):
    x = np.random.default_rng(0).integers(-99, 99, shape).astype(np.int32)
    out = np.zeros(shape[1] + 8, np.int32)
    walking_window[(1,)](x, out, *shape, R=16, C=32, num_warps=num_warps)
    np.testing.assert_array_equal(out[: shape[1]], x.sum(0))
    assert not out[shape[1] :].any()


@cosmati.jit
def cube_window(x, out, extents_0, extents_1, extents_2, A: tl.constexpr, B: tl.constexpr,
                C: tl.constexpr):  # fmt: skip
    shape = (extents_0, extents_1, extents_2)
    strides = (extents_1 * extents_2, extents_2, 1)
    source = tl.make_block_ptr(x, shape, strides, (0, 0, 0), (A, B, C), (2, 1, 0))
    target = tl.make_block_ptr(out, shape, strides, (0, 0, 0), (A, B, C), (2, 1, 0))
    value = tl.load(source, boundary_check=(0, 1, 2))
    tl.store(target, value + 1, boundary_check=(0, 1, 2))


def test_block_pointers_of_three_dimensions():
    x = np.arange(3 * 5 * 13, dtype=np.int32).reshape(3, 5, 13)
    out = np.zeros_like(x)
    cube_window[(1,)](x, out, *x.shape, A=4, B=8, C=16)
    np.testing.assert_array_equal(out, x + 1)


@cosmati.jit
def described(x, out, rows, columns, i, j, PADDING: tl.constexpr, R: tl.constexpr,
              C: tl.constexpr):  # fmt: skip
    desc = tl.make_tensor_descriptor(
        x, [rows, columns], [columns, 1], [R, C], padding_option=PADDING
    )
    target = tl.make_tensor_descriptor(out, shape=[R, C], strides=[C, 1], block_shape=[R, C])
    tl.static_assert(desc.block_shape[0] == R)
    tl.static_assert(desc.dtype == x.dtype.element_ty)
    value = tl.load_tensor_descriptor(desc, [i, j])
    tl.store_tensor_descriptor(target, [0, 0], value)
    desc.store([i, j], value + value)


@pytest.mark.parametrize("padding, fill", [("zero", 0), ("nan", np.nan)])
def test_tensor_descriptors_check_every_border(padding, fill):
    for i, j in [(0, 0), (8, 8), (16, 16), (-3, 5)]:
        x = np.random.default_rng(0).standard_normal((19, 23)).astype(np.float32)
        before = x.copy()
        out = np.ones((8, 8), np.float32)
        described[(1,)](x, out, 19, 23, i, j, PADDING=padding, R=8, C=8)
        assert_same(out, _window(before, i, j, (8, 8), fill))
        expected = before.copy()
        rows, columns = slice(max(i, 0), max(i + 8, 0)), slice(max(j, 0), max(j + 8, 0))
        expected[rows, columns] *= 2
        assert_same(x, expected)


# What is refused.


@cosmati.jit
def refused(x, CASE: tl.constexpr):
    offs = tl.arange(0, 16)
    if CASE == "other without mask":
        tl.load(x + offs, other=1)
    elif CASE == "block mask on scalar":
        tl.load(x, mask=offs < 3)
    elif CASE == "block value to scalar":
        tl.store(x, offs)
    elif CASE == "integer mask":
        tl.load(x + offs, mask=offs)
    elif CASE == "no pointer":
        tl.load(offs)
    elif CASE == "cache":
        tl.load(x + offs, cache_modifier=".xx")
    elif CASE == "boundary":
        tl.load(x + offs, boundary_check=(0,))
    elif CASE == "mask on window":
        window = tl.make_block_ptr(x, (16,), (1,), (0,), (16,), (0,))
        tl.load(window, mask=offs < 3)
    elif CASE == "nan of integers":
        window = tl.make_block_ptr(x, (16,), (1,), (0,), (16,), (0,))
        tl.load(window, boundary_check=(0,), padding_option="nan")
    elif CASE == "float offset":
        tl.load(x + 1.5)
    elif CASE == "two pointers":
        tl.load(x + x)


@pytest.mark.parametrize(
    "case, message",
    [
        ("other without mask", "`other` cannot be provided without `mask`"),
        ("block mask on scalar", "Mask argument cannot be block type"),
        ("block value to scalar", "Value argument cannot be block type"),
        ("integer mask", "Mask must have boolean scalar type"),
        ("no pointer", "Unsupported ptr type"),
        ("cache", "cache modifier '.xx'"),
        ("boundary", "only for block pointers"),
        ("mask on window", "cannot be specified for loading block pointers"),
        ("nan of integers", "not supported for integer block pointers"),
        ("float offset", "invalid operands"),
        ("two pointers", "cannot add pointers"),
    ],
)
def test_what_is_refused(case, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        refused[(1,)](np.zeros(16, np.int32), CASE=case)


@cosmati.jit
def constant_pointer(x: tl.const, CASE: tl.constexpr):
    if CASE == "store":
        tl.store(x, 1)
    else:
        tl.atomic_add(x, 1)


@pytest.mark.parametrize("case", ["store", "atomic"])
def test_const_pointers_are_only_read(case):
    with pytest.raises(cosmati.CompilationError, match="Cannot store to a constant pointer"):
        constant_pointer[(1,)](np.zeros(1, np.int32), CASE=case)


def test_types_of_values_follow_the_pointer():
    for name in ALL_TYPES:
        out = np.zeros(32, np_type(name))
        store_cast[(1,)](samples("int32", 32), out, TYPE=tl_type(name), BLOCK=32)
        assert_same(out, cast(samples("int32", 32), name))


@cosmati.jit
def store_cast(x, out, TYPE: tl.constexpr, BLOCK: tl.constexpr):
    tl.static_assert(out.dtype.element_ty == TYPE)
    tl.store(out + tl.arange(0, BLOCK), tl.load(x + tl.arange(0, BLOCK)))
