"""Tensor descriptors, made in the kernel and on the host: borders, atomics, rows, validation."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from cosmati.errors import CompilationError
from cosmati.tools.tensor_descriptor import TensorDescriptor
from language_support import NUM_WARPS, np_type

NAMES = ["int8", "uint16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]


def aligned(shape: tuple[int, ...], dtype: np.dtype, pitch: int | None = None) -> np.ndarray:
    """Zeros at an address divisible by 16, rows a multiple of 16 bytes apart."""
    last = shape[-1] if pitch is None else pitch
    item = np.dtype(dtype).itemsize
    last = -(-last * item // 16) * 16 // item
    count = int(np.prod(shape[:-1])) * last
    raw = np.zeros(count * item + 16, np.uint8)
    start = -raw.ctypes.data % 16
    array = raw[start : start + count * item].view(dtype).reshape(*shape[:-1], last)
    return array[..., : shape[-1]]


def numbers(shape: tuple[int, ...], name: str, seed: int = 0) -> np.ndarray:
    array = aligned(shape, np_type(name))
    array[...] = np.random.default_rng(seed).integers(1, 100, shape).astype(np_type(name))
    return array


def window(x: np.ndarray, at: tuple[int, ...], block: tuple[int, ...], fill: float) -> np.ndarray:
    """The block at an offset; `fill` outside of the array."""
    out = np.full(block, fill, x.dtype)
    for index in np.ndindex(*block):
        place = tuple(a + i for a, i in zip(at, index, strict=True))
        if all(0 <= p < n for p, n in zip(place, x.shape, strict=True)):
            out[index] = x[place]
    return out


@cosmati.jit
def window_kernel(X, Y, M, N, pitch, m, n, PADDING: tl.constexpr, BM: tl.constexpr,
                  BN: tl.constexpr):  # fmt: skip
    desc = tl.make_tensor_descriptor(X, [M, N], [pitch, 1], [BM, BN], padding_option=PADDING)
    tl.static_assert(desc.dtype == X.dtype.element_ty)
    tl.static_assert(desc.block_shape[0] == BM and desc.block_shape[1] == BN)
    tl.static_assert(desc.shape[0].dtype == tl.int32 and desc.strides[0].dtype == tl.int64)
    block = desc.load([m, n])
    out = tl.arange(0, BM)[:, None] * BN + tl.arange(0, BN)[None, :]
    tl.store(Y + out, block)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("name", NAMES)
def test_loads_pad_at_every_border(name, num_warps):
    x = numbers((13, 27), name)
    pitch = x.strides[0] // x.itemsize
    for at in ((0, 0), (8, 16), (-3, -5), (12, 26), (100, 3)):
        y = np.full((8, 16), 77).astype(x.dtype)
        window_kernel[(1,)](x, y, 13, 27, pitch, *at, "zero", 8, 16, num_warps=num_warps)
        np.testing.assert_array_equal(y, window(x, at, (8, 16), 0))


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_padding_with_nan(name):
    x, y = numbers((13, 27), name), aligned((8, 16), np_type(name))
    window_kernel[(1,)](x, y, 13, 27, x.strides[0] // x.itemsize, 8, 16, "nan", 8, 16)
    expected = window(x, (8, 16), (8, 16), np.nan)
    np.testing.assert_array_equal(y.astype(float), expected.astype(float))


@cosmati.jit
def move_rows(desc, out, first, step: tl.constexpr):
    block = desc.load([first, 0])
    out.store([first, 0], block * 2)
    return desc, first + step


@cosmati.jit
def carried_kernel(X, Y, M, N, BM: tl.constexpr, BN: tl.constexpr):
    source = tl.make_tensor_descriptor(X, [M, N], [N, 1], [BM, BN])
    target = tl.make_tensor_descriptor(Y, [M, N], [N, 1], [BM, BN])
    row = 0
    for _ in range(0, M, BM):
        source, row = move_rows(source, target, row, BM)


@pytest.mark.parametrize("shape", [(1, 8), (16, 32), (37, 24)])
def test_loops_carry_descriptors_and_functions_take_and_return_them(shape):
    x, y = numbers(shape, "float32"), aligned(shape, np.float32)
    carried_kernel[(1,)](x, y, *shape, 8, 32)
    np.testing.assert_array_equal(y, x * 2)


@cosmati.jit
def rank_kernel(X, Y, A, B, C, D, a, b, c, d):
    x = tl.make_tensor_descriptor(X, [A, B, C, D], [B * C * D, C * D, D, 1], [2, 1, 4, 8])
    y = tl.make_tensor_descriptor(Y, [A, B, C, D], [B * C * D, C * D, D, 1], [2, 1, 4, 8])
    tl.store_tensor_descriptor(y, [a, b, c, d], tl.load_tensor_descriptor(x, [a, b, c, d]) + 1)


def test_four_dimensions():
    x, y = numbers((3, 2, 5, 8), "float32"), aligned((3, 2, 5, 8), np.float32)
    rank_kernel[(1,)](x, y, *x.shape, 1, 1, 2, 0)
    expected = np.zeros_like(x)
    expected[1:3, 1:2, 2:5, :] = x[1:3, 1:2, 2:5, :] + 1
    np.testing.assert_array_equal(y, expected)


@cosmati.jit
def atomic_kernel(X, V, M, N, KIND: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr):
    desc = tl.make_tensor_descriptor(X, [M, N], [N, 1], [BM, BN])
    value = tl.load(V + tl.arange(0, BM)[:, None] * BN + tl.arange(0, BN)[None, :])
    at = [tl.program_id(0) * 0 + 4, 0]
    if KIND == "add":
        desc.atomic_add(at, value)
    elif KIND == "min":
        desc.atomic_min(at, value)
    elif KIND == "max":
        desc.atomic_max(at, value)
    elif KIND == "and":
        desc.atomic_and(at, value)
    elif KIND == "or":
        desc.atomic_or(at, value)
    else:
        desc.atomic_xor(at, value)


OPERATIONS = {
    "add": np.add, "min": np.minimum, "max": np.maximum, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor,
}  # fmt: skip


@pytest.mark.parametrize("kind", OPERATIONS)
def test_atomics_stay_within_the_tensor(kind):
    names = ["int32", "uint32", "int64", "uint64"]
    names += ["float16", "bfloat16", "float32", "float64"] if kind == "add" else []
    names += ["float32"] if kind in ("min", "max") else []
    for name in names:
        width = 12 if np_type(name).itemsize > 2 else 16
        x, v = numbers((9, width), name), numbers((8, 16), name, 1)
        expected = x.copy()
        for _ in range(3 if kind in ("add", "xor") else 1):
            expected[4:9] = OPERATIONS[kind](expected[4:9], v[:5, :width])
        atomic_kernel[(3,)](x, v, 9, width, kind, 8, 16)
        np.testing.assert_array_equal(x, expected)


@cosmati.jit
def rows_kernel(X, Y, index, M, N, column, R: tl.constexpr, BN: tl.constexpr):
    source = tl.make_tensor_descriptor(X, [M, N], [N, 1], [1, BN])
    target = tl.make_tensor_descriptor(Y, [M, N], [N, 1], [1, BN])
    rows = tl.load(index + tl.arange(0, R))
    block = source.gather(rows, column)
    tl.static_assert(block.shape[0] == R and block.shape[1] == BN)
    target.scatter(block + 1, rows, column)


@pytest.mark.parametrize("index", ["int16", "int32"])
@pytest.mark.parametrize("column", [0, 8, 20])
def test_rows_are_gathered_and_scattered(index, column):
    m, n = 21, 24
    x, y = numbers((m, n), "float32"), aligned((m, n), np.float32)
    rows = np.random.default_rng(2).permutation(40)[:16].astype(index) - 5
    rows_kernel[(1,)](x, y, rows, m, n, column, 16, 8)
    expected = np.zeros((m, n), np.float32)
    kept = rows[(rows >= 0) & (rows < m)]
    expected[kept, column : column + 8] = x[kept, column : column + 8] + 1
    np.testing.assert_array_equal(y, expected)


@cosmati.jit
def host_kernel(source, target, scale, BM: tl.constexpr, BN: tl.constexpr):
    row = tl.program_id(0) * source.block_shape[0]
    block = source.load([row, 0])
    tl.static_assert(block.shape[0] == BM and block.shape[1] == BN)
    target.store([row, 0], block * scale)


@pytest.mark.parametrize("name", ["int32", "float16", "bfloat16", "float32"])
def test_host_descriptors_are_arguments(name):
    x, y = numbers((37, 20), name), aligned((37, 20), np_type(name))
    source = TensorDescriptor.from_tensor(x, [8, 32])
    target = TensorDescriptor(y, [37, 20], [y.strides[0] // y.itemsize, 1], [8, 32])
    host_kernel[(5,)](source, target, 2, 8, 32)
    np.testing.assert_array_equal(y, x * x.dtype.type(2))


def test_a_changed_block_shape_or_padding_is_seen_by_the_next_launch():
    x, y = numbers((16, 16), "float32"), aligned((16, 16), np.float32)
    source, target = (TensorDescriptor.from_tensor(a, [16, 16]) for a in (x, y))
    host_kernel[(1,)](source, target, 1.0, 16, 16)
    np.testing.assert_array_equal(y, x)
    source.block_shape = target.block_shape = [4, 8]
    y[...] = 0
    host_kernel[(4,)](source=source, target=target, scale=3.0, BM=4, BN=8)
    np.testing.assert_array_equal(y[:, :8], 3 * x[:, :8])
    assert not y[:, 8:].any()
    target.block_shape, target.shape = [32, 32], [32, 16]
    source.block_shape, source.padding, source.shape = [32, 32], "nan", [15, 16]
    big = aligned((32, 16), np.float32)
    target.base = big
    host_kernel[(1,)](source, target, 1.0, 32, 32)
    assert np.isnan(big[15:]).all() and (big[:15] == x[:15]).all()


@cosmati.jit
def rounding_kernel(source, Y, N: tl.constexpr):
    tl.store(Y + tl.arange(0, N), source.load([0]))


def test_float32_is_rounded_to_tf32_where_the_host_asks():
    x, y = aligned((64,), np.float32), np.zeros(64, np.float32)
    x[...] = np.random.default_rng(0).standard_normal(64)
    x[:4] = [np.inf, -np.inf, np.nan, np.finfo(np.float32).max]
    rounding_kernel[(1,)](TensorDescriptor.from_tensor(x, [64], round_f32_to_tf32=True), y, 64)
    bits = x.view(np.uint32)
    rounded = ((bits.astype(np.uint64) + 0x1000) & 0xFFFFE000).astype(np.uint32)
    expected = np.where(np.isfinite(x), rounded.view(np.float32), x)
    np.testing.assert_array_equal(y, expected)


def test_what_a_changed_field_breaks_is_said_at_the_parameter():
    source = TensorDescriptor.from_tensor(numbers((16, 16), "float32"), [16, 16])
    target = TensorDescriptor.from_tensor(aligned((16, 16), np.float32), [16, 16])
    for block, message in (
        ([6, 8], "argument `source`: Shape element 0 must be a power of 2, got 6"),
        ([8, 8, 8], r"block_shape \[8, 8, 8\] has 3 dimensions, its shape 2"),
    ):
        source.block_shape = block
        with pytest.raises(CompilationError, match=message):
            host_kernel[(1,)](source, target, 1.0, 16, 16)


def test_a_kernel_with_a_descriptor_can_be_compiled_without_a_launch():
    source = TensorDescriptor.from_tensor(aligned((16, 16), np.float32), [16, 16])
    compiled = host_kernel.warmup(source, source, 1.0, 16, 16, grid=(1,))
    assert "host_kernel" in compiled.asm["ptx"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": []}, "rank must not be zero"),
        ({"shape": [8]}, r"rank mismatch: shape \[8\] has 1, strides \[8, 1\]"),
        ({"shape": [1] * 6}, "rank cannot be more than 5"),
        ({"block_shape": [8, 8, 8]}, r"rank mismatch.*block_shape \[8, 8, 8\]"),
        ({"block_shape": [8, 6]}, "Shape element 1 must be a power of 2, got 6"),
        ({"block_shape": [2048, 1024]}, r"numel \(2097152\) exceeds triton maximum tensor numel"),
        ({"strides": [6, 1]}, r"strides must be 16-byte aligned: stride 0 is 6 \* 4 = 24 bytes"),
        ({"strides": [8, 2]}, "Last dimension must be contiguous, its stride is 2"),
        ({"shape": [8, 0]}, "shape must be positive: extent 1 is 0"),
        ({"padding": "one"}, "Illegal value for padding: 'one'"),
        ({"base": aligned((8, 8), np.int32), "padding": "nan"}, "only supported for floating"),
        ({"base": aligned((8, 8), np.int32), "round_f32_to_tf32": True}, "only supported for f"),
    ],
)  # fmt: skip
def test_host_descriptors_name_what_is_wrong(change, message):
    fields = {"base": aligned((8, 8), np.float32), "shape": [8, 8], "strides": [8, 1],
              "block_shape": [8, 8], **change}  # fmt: skip
    with pytest.raises(ValueError, match=message):
        TensorDescriptor(**fields)
    with pytest.raises(ValueError, match="base must be 16-byte aligned, is at 0x"):
        TensorDescriptor(aligned((8, 12), np.float32)[:, 1:9], [8, 8], [12, 1], [8, 8])


@cosmati.jit
def faulty_kernel(X, WHAT: tl.constexpr):
    if WHAT == "strides":
        tl.make_tensor_descriptor(X, [8, 8], [8], [8, 8])
    elif WHAT == "rank":
        tl.make_tensor_descriptor(X, [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 8])
    elif WHAT == "block":
        tl.make_tensor_descriptor(X, [8, 8], [8, 1], [8])
    elif WHAT == "bytes":
        tl.make_tensor_descriptor(X, [8, 8], [8, 1], [8, 2])
    elif WHAT == "last":
        tl.make_tensor_descriptor(X, [8, 8], [8, 2], [8, 8])
    elif WHAT == "pitch":
        tl.make_tensor_descriptor(X, [8, 8], [7, 1], [8, 8])
    elif WHAT == "base":
        tl.make_tensor_descriptor(tl.load(X), [8, 8], [8, 1], [8, 8])
    elif WHAT == "padding":
        tl.make_tensor_descriptor(X, [8, 8], [8, 1], [8, 8], "one")
    else:
        desc = tl.make_tensor_descriptor(X, [8, 8], [8, 1], [8, 8])
        if WHAT == "offsets":
            desc.load([0])
        elif WHAT == "value":
            desc.store([0, 0], tl.zeros((8, 4), tl.float32))
        elif WHAT == "rows":
            desc.gather(tl.arange(0, 8), 0)
        elif WHAT == "atomic":
            desc.atomic_xor([0, 0], tl.zeros((8, 8), tl.float32))
        elif WHAT == "no descriptor":
            tl.load_tensor_descriptor(X, [0, 0])


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("strides", "Expected 2 strides but got 1"),
        ("rank", "Expected 1 <= ndim <= 5 but got 6 dimensions"),
        ("block", "Expected block_shape to have 2 dimensions but got 1"),
        ("bytes", r"at least 16 bytes in the last dimension, but got 2 \* 4 = 8 bytes"),
        ("last", "Tensor descriptor last dim must be 1 but got 2"),
        ("pitch", r"stride 0 must be a multiple of 16 bytes but got 7 \* 4 = 28 bytes"),
        ("base", "base must be a pointer type, got fp32"),
        ("padding", "padding_option 'one' is not 'zero' or 'nan'"),
        ("offsets", "expected 2 offsets, but got 1"),
        ("value", r"expected value shape \[8, 8\], got \[8, 4\]"),
        ("rows", r"descriptor block must have 1 row, but got \[8, 8\]"),
        ("atomic", "Unsupported dtype fp32: the descriptor's atomic_xor takes uint32"),
        ("no descriptor", "expected a tensor descriptor, got tensor"),
    ],
)
def test_kernel_descriptors_name_what_is_wrong(what, message):
    with pytest.raises(CompilationError, match=message):
        faulty_kernel[(1,)](np.zeros((8, 8), np.float32), what)


def test_bfloat16_atomics_reach_older_targets():
    x, v = aligned((9, 16), ml_dtypes.bfloat16), aligned((8, 16), ml_dtypes.bfloat16)
    v[...] = 1
    atomic_kernel[(3,)](x, v, 9, 16, "add", 8, 16, target="sm_80")
    assert (x[4:] == 3).all() and not x[:4].any()


def test_a_signature_names_a_descriptor():
    source = cosmati.compiler.ASTSource(
        host_kernel,
        signature={"source": "tensordesc<fp32[16, 32]>", "target": "tensordesc<fp32[16, 32]>",
                   "scale": "fp32"},
        constexprs={"BM": 16, "BN": 32},
    )  # fmt: skip
    compiled = cosmati.compile(source)
    assert ".visible .entry host_kernel" in compiled.asm["ptx"]
    with pytest.raises(ValueError, match="'tensordesc<fp32>' is no type of a descriptor"):
        cosmati.compile(
            cosmati.compiler.ASTSource(host_kernel, signature={"source": "tensordesc<fp32>"})
        )
