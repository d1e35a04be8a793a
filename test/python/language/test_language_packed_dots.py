"""tl.dot_packed, tl.dot_binary and tl.dot_sparse: types, extents, batches and what is refused."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from language_support import NUM_WARPS

SHAPES = [(16, 8, 1), (16, 64, 2), (64, 16, 1), (128, 32, 4)]  # K in least extents
NP_TYPES = {"fp16": np.float16, "bf16": ml_dtypes.bfloat16, "fp32": np.float32, "int8": np.int8,
            "uint8": np.uint8, "e4m3": ml_dtypes.float8_e4m3fn,
            "e5m2": ml_dtypes.float8_e5m2}  # fmt: skip
SPARSE_TYPES = [("fp16", "fp16"), ("bf16", "bf16"), ("fp32", "fp32"), ("int8", "int8"),
                ("int8", "uint8"), ("uint8", "int8"), ("uint8", "uint8"), ("e4m3", "e4m3"),
                ("e4m3", "e5m2"), ("e5m2", "e4m3"), ("e5m2", "e5m2")]  # fmt: skip


@cosmati.jit
def packed_kernel(
    a_ptr, b_ptr, acc_ptr, c_ptr, M: tl.constexpr, N: tl.constexpr, P: tl.constexpr,
    A_TYPE: tl.constexpr, B_TYPE: tl.constexpr, OP: tl.constexpr,
):  # fmt: skip
    m, n, p = tl.arange(0, M)[:, None], tl.arange(0, N)[None, :], tl.arange(0, P)
    a = tl.load(a_ptr + m * P + p[None, :])
    b = tl.load(b_ptr + p[:, None] * N + n)
    acc = None if acc_ptr is None else tl.load(acc_ptr + m * N + n)
    if OP is None:
        c = tl.dot_packed(a, b, acc, a_type=A_TYPE, b_type=B_TYPE)
    else:
        c = tl.dot_binary(a, b, acc, op=OP)
    tl.store(c_ptr + m * N + n, c)


@cosmati.jit
def sparse_kernel(
    a_ptr, e_ptr, b_ptr, acc_ptr, c_ptr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr,
    W: tl.constexpr, OUT: tl.constexpr,
):  # fmt: skip
    m, n, k = tl.arange(0, M)[:, None], tl.arange(0, N)[None, :], tl.arange(0, K)
    a = tl.load(a_ptr + m * (K // 2) + tl.arange(0, K // 2)[None, :])
    e = tl.load(e_ptr + m * W + tl.arange(0, W)[None, :])
    b = tl.load(b_ptr + k[:, None] * N + n)
    acc = None if acc_ptr is None else tl.load(acc_ptr + m * N + n)
    tl.store(c_ptr + m * N + n, tl.dot_sparse(a, e, b, acc, out_dtype=OUT))


@cosmati.jit
def batched_kernel(
    a_ptr, e_ptr, b_ptr, c_ptr, B: tl.constexpr, M: tl.constexpr, N: tl.constexpr, K: tl.constexpr,
    W: tl.constexpr,
):  # fmt: skip
    z = tl.arange(0, B)[:, None, None]
    m, n, k = tl.arange(0, M), tl.arange(0, N)[None, None, :], tl.arange(0, K)
    rows = z * M + m[None, :, None]
    a = tl.load(a_ptr + rows * (K // 2) + tl.arange(0, K // 2)[None, None, :])
    e = tl.load(e_ptr + rows * W + tl.arange(0, W)[None, None, :])
    b = tl.load(b_ptr + (z * K + k[None, :, None]) * N + n)
    tl.store(c_ptr + rows * N + n, tl.dot_sparse(a, e, b))


@cosmati.jit
def loop_kernel(
    a_ptr, b_ptr, c_ptr, N, P, KIND: tl.constexpr, BLOCK: tl.constexpr, DEPTH: tl.constexpr
):
    """C of 64 columns a program, in steps of DEPTH elements of the packed operands."""
    m, p = tl.arange(0, BLOCK)[:, None], tl.arange(0, DEPTH)
    n = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)[None, :]
    acc = tl.zeros((BLOCK, BLOCK), tl.int32)
    for at in range(0, P, DEPTH):
        a = tl.load(a_ptr + m * P + at + p[None, :], mask=p[None, :] < P - at, other=0)
        b = tl.load(b_ptr + (at + p[:, None]) * N + n, mask=p[:, None] < P - at, other=0)
        if KIND == "s4":
            acc = tl.dot_packed(a, b, acc)
        else:
            acc = tl.dot_binary(a, b, acc, op=KIND)
    tl.store(c_ptr + m * N + n, acc)


def packed_nibbles(codes: np.ndarray, axis: int) -> np.ndarray:
    low, high = np.moveaxis(codes, axis, 0)[::2], np.moveaxis(codes, axis, 0)[1::2]
    return np.ascontiguousarray(np.moveaxis(low | high << 4, 0, axis)).astype(np.uint8)


def packed_bits(bits: np.ndarray, axis: int) -> np.ndarray:
    groups = np.moveaxis(bits, axis, -1)
    groups = groups.reshape(*groups.shape[:-1], -1, 32).astype(np.uint64)
    words = (groups << np.arange(32, dtype=np.uint64)).sum(axis=-1)
    return np.ascontiguousarray(np.moveaxis(words, -1, axis)).astype(np.uint32)


def nibble_values(codes: np.ndarray, kind: str) -> np.ndarray:
    return np.where(codes > 7, codes - 16, codes) if kind == "s4" else codes


def sparse_operand(
    rng: np.random.Generator, m: int, k: int, kind: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The matrix, its values and its metadata, with all codes that there are."""
    group = 2 if kind == "fp32" else 4
    numbers = small(rng, (m, k // 2), kind)
    if group == 4:
        pairs = np.array([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)])
        places = pairs[rng.integers(0, 6, (m, k // 4))]
        codes = places[:, :, 0] | places[:, :, 1] << 2
    else:
        places = rng.integers(0, 2, (m, k // 2, 1))
        codes = np.where(places[:, :, 0] == 0, 0x4, 0xE)
    dense = np.zeros((m, k // group, group), numbers.dtype)
    np.put_along_axis(dense, places, numbers.reshape(m, k // group, group // 2), axis=2)
    words = (codes.reshape(m, -1, 4) << np.arange(0, 16, 4)).sum(axis=2)
    return dense.reshape(m, k), numbers, words.astype(np.uint16).view(np.int16)


def small(rng: np.random.Generator, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Numbers whose sums are exact in any order; of the integers the largest ones, too."""
    if kind in ("int8", "uint8"):
        info = np.iinfo(NP_TYPES[kind])
        return rng.integers(info.min, info.max + 1, shape).astype(NP_TYPES[kind])
    return rng.integers(-4, 5, shape).astype(NP_TYPES[kind])


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a.astype(np.float64) @ b.astype(np.float64)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("types", ["s4 s4", "s4 u4", "u4 s4", "u4 u4"])
def test_packed_integers(types: str, shape: tuple[int, int, int], num_warps: int) -> None:
    m, n, k = shape[0], shape[1], 32 * shape[2]
    a_type, b_type = types.split()
    rng = np.random.default_rng(num_warps)
    a, b = rng.integers(0, 16, (m, k)), rng.integers(0, 16, (k, n))
    acc = rng.integers(-(2**31), 2**31, (m, n), dtype=np.int32)
    got = np.empty((m, n), np.int32)
    packed_kernel[(1,)](
        packed_nibbles(a, 1), packed_nibbles(b, 0).view(np.int8), acc, got, m, n, k // 2,
        a_type, b_type, None, num_warps=num_warps,
    )  # fmt: skip
    want = nibble_values(a, a_type) @ nibble_values(b, b_type) + acc.astype(np.int64)
    np.testing.assert_array_equal(got, want.astype(np.int32))  # wraps


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("op", ["xor", "and"])
def test_bits(op: str, shape: tuple[int, int, int], num_warps: int) -> None:
    m, n, k = shape[0], shape[1], 128 * shape[2]
    rng = np.random.default_rng(num_warps)
    a, b = rng.integers(0, 2, (m, k)), rng.integers(0, 2, (k, n))
    got = np.empty((m, n), np.int32)
    packed_kernel[(1,)](
        packed_bits(a, 1), packed_bits(b, 0).view(np.int32), None, got, m, n, k // 32,
        None, None, op, num_warps=num_warps,
    )  # fmt: skip
    both = a @ b
    differ = a.sum(axis=1)[:, None] + b.sum(axis=0)[None, :] - 2 * both
    np.testing.assert_array_equal(got, both if op == "and" else differ)


def test_xor_is_the_product_of_signs() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 2, (16, 128)), rng.integers(0, 2, (128, 8))
    got = np.empty((16, 8), np.int32)
    packed_kernel[(1,)](
        packed_bits(a, 1), packed_bits(b, 0), None, got, 16, 8, 4, None, None, "xor"
    )
    np.testing.assert_array_equal(128 - 2 * got, (1 - 2 * a) @ (1 - 2 * b))


@pytest.mark.parametrize("num_warps", [1, 4])
@pytest.mark.parametrize("num_stages", [1, 3])
@pytest.mark.parametrize("steps", [0, 1, 5])
@pytest.mark.parametrize("kind", ["s4", "xor", "and"])
def test_loops(kind: str, steps: int, num_stages: int, num_warps: int) -> None:
    per, depth = (2, 32) if kind == "s4" else (32, 8)
    block, n, p = 32, 64, max(0, depth * steps - 4)  # the last step is not whole
    rng = np.random.default_rng(steps)
    a, b = (rng.integers(0, 16 if per == 2 else 2, s) for s in ((block, per * p), (per * p, n)))
    pack = packed_nibbles if per == 2 else packed_bits
    got = np.full((block, n), -1, np.int32)
    loop_kernel[(n // block,)](
        pack(a, 1), pack(b, 0), got, n, p, kind, block, depth,
        num_warps=num_warps, num_stages=num_stages,
    )  # fmt: skip
    if kind == "s4":
        want = nibble_values(a, "s4") @ nibble_values(b, "s4")
    else:
        both = a @ b
        differ = a.sum(axis=1)[:, None] + b.sum(axis=0)[None, :] - 2 * both
        want = both if kind == "and" else differ
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("types", SPARSE_TYPES, ids=" ".join)
def test_sparse(types: tuple[str, str], shape: tuple[int, int, int], num_warps: int) -> None:
    least = 8 if types[0] == "fp32" else 32 if "int8" in types[0] else 16
    m, n, k = shape[0], shape[1], least * shape[2]
    rng = np.random.default_rng(num_warps)
    dense, values, metadata = sparse_operand(rng, m, k, types[0])
    b = small(rng, (k, n), types[1])
    is_int = "int8" in types[0]
    acc = rng.integers(-50, 50, (m, n)).astype(np.int32 if is_int else np.float32)
    got = np.empty_like(acc)
    sparse_kernel[(1,)](
        values, metadata, b, acc, got, m, n, k, metadata.shape[1], None, num_warps=num_warps
    )
    np.testing.assert_array_equal(got, product(dense, b) + acc)


@pytest.mark.parametrize("types", [("e4m3", "e4m3"), ("e5m2", "e4m3")], ids=" ".join)
@pytest.mark.parametrize("target", ["sm_80", "sm_89", "sm_90a"])
@pytest.mark.parametrize("k", [32, 64, 128])
def test_fp8_is_exact_on_every_target(types: tuple[str, str], target: str, k: int) -> None:
    rng = np.random.default_rng(k)
    dense, values, metadata = sparse_operand(rng, 32, k, types[0])
    b = small(rng, (k, 16), types[1])
    got = np.empty((32, 16), np.float32)
    with cosmati.options(target=target):
        sparse_kernel[(1,)](values, metadata, b, None, got, 32, 16, k, metadata.shape[1], None)
    np.testing.assert_array_equal(got, product(dense, b))


def test_halves_may_be_summed_in_halves() -> None:
    rng = np.random.default_rng(4)
    dense, values, metadata = sparse_operand(rng, 16, 32, "fp16")
    b = small(rng, (32, 8), "fp16")
    for acc, out in ((None, tl.float16), (np.ones((16, 8), np.float16), None)):
        got = np.empty((16, 8), np.float16)
        sparse_kernel[(1,)](values, metadata, b, acc, got, 16, 8, 32, 2, out)
        np.testing.assert_array_equal(got, product(dense, b) + (0 if acc is None else acc))


def test_float32_is_rounded_to_tf32() -> None:
    values = np.full((16, 4), 1 + 2**-11 + 2**-20, np.float32)  # just above the middle of two
    metadata = np.full((16, 1), 0x4444, np.int16)
    b = np.zeros((8, 8), np.float32)
    b[0] = 1
    got = np.empty((16, 8), np.float32)
    sparse_kernel[(1,)](values, metadata, b, None, got, 16, 8, 8, 1, None)
    np.testing.assert_array_equal(got, np.float32(1 + 2**-10))


@pytest.mark.parametrize("num_warps", [1, 4])
def test_batches(num_warps: int) -> None:
    rng = np.random.default_rng(5)
    parts = [sparse_operand(rng, 16, 32, "fp16") for _ in range(4)]
    dense, values, metadata = (np.stack(each) for each in zip(*parts, strict=True))
    b = small(rng, (4, 32, 16), "fp16")
    got = np.empty((4, 16, 16), np.float32)
    batched_kernel[(1,)](values, metadata, b, got, 4, 16, 16, 32, 2, num_warps=num_warps)
    np.testing.assert_array_equal(got, product(dense, b))


def refused(kernel: Any, *arguments: Any, match: str) -> None:
    with pytest.raises(cosmati.CompilationError, match=match):
        kernel[(1,)](*arguments)


def test_packed_refusals() -> None:
    i8, i32 = (lambda *s: np.zeros(s, np.int8)), (lambda *s: np.zeros(s, np.int32))
    refused(
        packed_kernel,
        i8(16, 8),
        i8(8, 8),
        None,
        i32(16, 8),
        16,
        8,
        8,
        "s4",
        "s4",
        None,
        match=r"M must be at least 16, N 8 and K 32; got M = 16, N = 8, K = 16: pad",
    )
    refused(
        packed_kernel,
        i8(8, 16),
        i8(16, 8),
        None,
        i32(8, 8),
        8,
        8,
        16,
        "s4",
        "s4",
        None,
        match=r"got M = 8, N = 8, K = 32",
    )
    refused(
        packed_kernel,
        i8(16, 16),
        i8(16, 8),
        None,
        i32(16, 8),
        16,
        8,
        16,
        "s4",
        "i4",
        None,
        match=r"b_type of dot_packed must be 's4' or 'u4', got 'i4'",
    )
    refused(
        packed_kernel,
        i32(16, 16),
        i32(16, 8),
        None,
        i32(16, 8),
        16,
        8,
        16,
        "s4",
        "s4",
        None,
        match=r"operands of dot_packed must be of int8 or uint8, two elements each, got int32",
    )
    refused(
        packed_kernel,
        i32(16, 4),
        i32(4, 8),
        None,
        i32(16, 8),
        16,
        8,
        4,
        None,
        None,
        "or",
        match=r"op of dot_binary must be 'xor' or 'and', got 'or'",
    )
    refused(
        packed_kernel,
        i8(16, 4),
        i8(4, 8),
        None,
        i32(16, 8),
        16,
        8,
        4,
        None,
        None,
        "and",
        match=r"operands of dot_binary must be of int32 or uint32, 32 bits each, got int8",
    )
    refused(
        packed_kernel,
        i32(16, 2),
        i32(2, 8),
        None,
        i32(16, 8),
        16,
        8,
        2,
        None,
        None,
        "and",
        match=r"K 128; got M = 16, N = 8, K = 64",
    )
    refused(
        packed_kernel,
        i8(16, 16),
        i8(16, 8),
        i8(16, 8),
        i32(16, 8),
        16,
        8,
        16,
        "s4",
        "s4",
        None,
        match=r"acc of dot_packed must have the result's type <\[16, 8\], int32>, got",
    )


def test_sparse_refusals() -> None:
    half, word = (lambda *s: np.zeros(s, np.float16)), (lambda *s: np.zeros(s, np.int16))
    out = np.zeros((16, 8), np.float32)
    refused(
        sparse_kernel,
        half(16, 4),
        word(16, 1),
        half(8, 8),
        None,
        out,
        16,
        8,
        8,
        1,
        None,
        match=r"K 16; got M = 16, N = 8, K = 8: pad the blocks with zeros",
    )
    refused(
        sparse_kernel,
        half(16, 16),
        word(16, 4),
        half(32, 8),
        None,
        out,
        16,
        8,
        32,
        4,
        None,
        match=r"metadata of dot_sparse is \[16, 4\]; each element describes 8 stored elements",
    )
    refused(
        sparse_kernel,
        half(16, 16),
        half(16, 2),
        half(32, 8),
        None,
        out,
        16,
        8,
        32,
        2,
        None,
        match=r"metadata of dot_sparse must be of int16 or uint16, four codes each, got fp16",
    )
    refused(
        sparse_kernel,
        half(16, 16),
        word(16, 2),
        out,
        None,
        out,
        16,
        8,
        32,
        2,
        None,
        match=r"operands of dot_sparse must have one type, got fp16 and fp32",
    )
    refused(
        sparse_kernel,
        half(16, 16),
        word(16, 2),
        half(32, 8),
        None,
        out,
        16,
        8,
        32,
        2,
        tl.bfloat16,
        match=r"dot_sparse of fp16 gives fp32 or fp16, not bf16",
    )
    refused(
        sparse_kernel,
        out,
        word(16, 2),
        out,
        None,
        out,
        16,
        8,
        16,
        2,
        tl.float16,
        match=r"dot_sparse of fp32 gives fp32, not fp16",
    )
