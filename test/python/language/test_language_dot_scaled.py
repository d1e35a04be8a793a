"""tl.dot_scaled: formats, scales, packings and what is refused.

The reference decodes the bytes from tables of the formats' definitions, rounds each scaled element
once to the type that the operation documents, and multiplies in float64. Elements are chosen such
that sums are exact in any order.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from language_support import NUM_WARPS, assert_same

FORMATS = ["e2m1", "e4m3", "e5m2", "bf16", "fp16"]
E2M1 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6])
NP_TYPES = {"e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2,
            "bf16": ml_dtypes.bfloat16, "fp16": np.float16}  # fmt: skip
SHAPES = [(16, 16, 32), (32, 128, 64), (128, 16, 32), (16, 32, 128), (32, 32, 64), (128, 32, 64)]


class Side(NamedTuple):
    """One operand: ``codes`` [rows of M or N, K], one code per element whatever the packing."""

    format: str
    codes: np.ndarray
    scale: np.ndarray | None = None  # [rows, K / group]
    k_pack: bool = True

    def values(self) -> np.ndarray:
        """The elements without their scales, float64."""
        if self.format == "e2m1":
            return E2M1[self.codes]
        return self.codes.view(NP_TYPES[self.format]).astype(np.float64)

    def scaled(self, type: Any) -> np.ndarray:
        """Each element times its scale, rounded once to ``type``; float64."""
        values = self.values()
        with np.errstate(all="ignore"):
            if self.scale is not None:
                group = values.shape[1] // self.scale.shape[1]
                values = values * np.repeat(decoded_scale(self.scale), group, axis=1)
            return values.astype(np.float32).astype(type).astype(np.float64)

    def stored(self, is_lhs: bool) -> np.ndarray:
        """What lies in memory: [M, K] or [K, N], e2m1 packed."""
        codes = self.codes if is_lhs else self.codes.T
        if self.format == "e2m1":
            along_last = self.k_pack == is_lhs
            low, high = (
                codes[:, i::2] if along_last else codes[i::2, :] for i in (0, 1)
            )  # fmt: skip
            codes = low | high << 4
        return np.ascontiguousarray(codes)


def decoded_scale(scale: np.ndarray) -> np.ndarray:
    if scale.dtype != np.uint8:
        return scale.astype(np.float64)
    return np.where(scale == 255, np.nan, np.ldexp(1.0, scale.astype(np.int64) - 127))


def arithmetic(lhs: Side, rhs: Side) -> Any:
    """The type that operands are multiplied in."""
    formats = {lhs.format, rhs.format}
    if "fp16" not in formats:
        return ml_dtypes.bfloat16
    unscaled = lhs.scale is None and rhs.scale is None
    return np.float16 if unscaled and "bf16" not in formats else np.float32


def reference(lhs: Side, rhs: Side, acc: np.ndarray | None = None) -> np.ndarray:
    type = arithmetic(lhs, rhs)
    with np.errstate(all="ignore"):
        result = lhs.scaled(type) @ rhs.scaled(type).T + (0 if acc is None else acc)
        return result.astype(np.float32)


@cosmati.jit
def scaled_kernel(
    a, a_scale, b, b_scale, c, out, M: tl.constexpr, N: tl.constexpr, AM: tl.constexpr,
    AK: tl.constexpr, BK: tl.constexpr, BN: tl.constexpr, AG: tl.constexpr, BG: tl.constexpr,
    A: tl.constexpr, B: tl.constexpr, A_PACK: tl.constexpr, B_PACK: tl.constexpr,
    FAST: tl.constexpr,
):  # fmt: skip
    i, j = tl.arange(0, M)[:, None], tl.arange(0, N)[:, None]
    x = tl.load(a + tl.arange(0, AM)[:, None] * AK + tl.arange(0, AK)[None, :])
    y = tl.load(b + tl.arange(0, BK)[:, None] * BN + tl.arange(0, BN)[None, :])
    x_scale = None if a_scale is None else tl.load(a_scale + i * AG + tl.arange(0, AG)[None, :])
    y_scale = None if b_scale is None else tl.load(b_scale + j * BG + tl.arange(0, BG)[None, :])
    place = i * N + tl.arange(0, N)[None, :]
    acc = None if c is None else tl.load(c + place)
    result = tl.dot_scaled(x, x_scale, A, y, y_scale, B, acc, fast_math=FAST, lhs_k_pack=A_PACK,
                           rhs_k_pack=B_PACK)  # fmt: skip
    tl.static_assert(result.dtype == tl.float32)
    tl.store(out + place, result)


def product(
    lhs: Side, rhs: Side, acc: np.ndarray | None = None, fast: bool = False, typed: bool = False,
    **options: int,
) -> np.ndarray:  # fmt: skip
    a, b = lhs.stored(True), rhs.stored(False)
    out = np.zeros((lhs.codes.shape[0], rhs.codes.shape[0]), np.float32)
    (am, ak), (bk, bn) = a.shape, b.shape
    groups = [1 if side.scale is None else side.scale.shape[1] for side in (lhs, rhs)]
    if typed:
        a, b = (
            array if side.format == "e2m1" else array.view(NP_TYPES[side.format])
            for array, side in ((a, lhs), (b, rhs))
        )
    scaled_kernel[(1,)](
        a, lhs.scale, b, rhs.scale, acc, out, M=out.shape[0], N=out.shape[1], AM=am, AK=ak, BK=bk,
        BN=bn, AG=groups[0], BG=groups[1], A=lhs.format, B=rhs.format, A_PACK=lhs.k_pack,
        B_PACK=rhs.k_pack, FAST=fast, **options,
    )  # fmt: skip
    return out


def whole(format: str, rows: int, k: int, seed: int) -> np.ndarray:
    """Codes of small numbers."""
    rng = np.random.default_rng(seed)
    if format == "e2m1":
        return rng.integers(0, 16, (rows, k), np.uint8)
    values = rng.integers(-6, 7, (rows, k)).astype(NP_TYPES[format])
    return values.view(f"u{values.itemsize}")


def side(format: str, rows: int, k: int, seed: int, scaled: bool = True, k_pack: bool = True,
         group: int = 32) -> Side:  # fmt: skip
    rng = np.random.default_rng(seed + 100)
    scale = rng.integers(125, 130, (rows, k // group), np.uint8) if scaled else None
    return Side(format, whole(format, rows, k, seed), scale, k_pack)


def check(lhs: Side, rhs: Side, acc: np.ndarray | None = None, what: str = "", **options: Any):
    assert_same(product(lhs, rhs, acc, **options), reference(lhs, rhs, acc), what)


@pytest.mark.parametrize("scales", ["none", "lhs", "rhs", "both"])
@pytest.mark.parametrize("left, right", list(itertools.product(FORMATS, FORMATS)))
def test_every_pair_of_formats(left, right, scales):
    pair = FORMATS.index(left) * 5 + FORMATS.index(right)
    m, n, k = SHAPES[pair % 6]
    lhs = side(left, m, k, 1, scales in ("lhs", "both"))
    rhs = side(right, n, k, 2, scales in ("rhs", "both"))
    acc = np.random.default_rng(3).integers(-99, 100, (m, n)).astype(np.float32)
    check(lhs, rhs, acc if pair % 3 else None, typed=bool(pair % 4))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("left_k, right_k", list(itertools.product([True, False], repeat=2)))
def test_e2m1_is_packed_along_any_dimension(left_k, right_k, shape):
    m, n, k = shape
    acc = np.random.default_rng(3).integers(-99, 100, (m, n)).astype(np.float32)
    check(side("e2m1", m, k, 1, k_pack=left_k), side("e2m1", n, k, 2, k_pack=right_k), acc)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("left, right", [("e4m3", "e2m1"), ("fp16", "e2m1")])
def test_any_number_of_warps(left, right, num_warps):
    check(side(left, 16, 64, 1), side(right, 32, 64, 2, k_pack=False), num_warps=num_warps)


# sm_80 has no conversions of fp8: the same results, made otherwise.
@pytest.mark.parametrize("architecture", ["sm_80", "sm_89", "sm_90a"])
@pytest.mark.parametrize("left, right", [("e2m1", "e5m2"), ("e4m3", "bf16"), ("fp16", "e4m3")])
def test_every_target(left, right, architecture):
    lhs, rhs = side(left, 32, 64, 1), side(right, 16, 64, 2)
    lhs.scale[:3] = [[0], [1], [255]]
    rhs.scale[:2] = 254
    check(lhs, rhs, target=architecture)


def identity(size: int, format: str = "bf16") -> Side:
    ones = np.eye(size, dtype=NP_TYPES[format])
    return Side(format, ones.view(f"u{ones.itemsize}"))


def every_code(format: str) -> np.ndarray:
    """[256, 32]: each row has one element that isn't zero, and every byte occurs."""
    codes = np.zeros((256, 32), np.uint8)
    codes[np.arange(256), np.arange(256) * 7 % 32] = np.arange(256) % (
        16 if format == "e2m1" else 256
    )
    return codes


@pytest.mark.parametrize("format", ["e2m1", "e4m3", "e5m2"])
def test_every_code_under_every_kind_of_scale(format):
    codes = every_code(format)
    special = [None, 0, 1, 2, 6, 64, 127, 200, 253, 254, 255]
    for value in special:
        scale = None if value is None else np.full((256, 1), value, np.uint8)
        check(Side(format, codes, scale), identity(32), what=f"scale {value}")


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("other", ["bf16", "fp16"])
def test_flushed_subnormals_change_no_element(architecture, other):
    lhs, rhs = Side("e2m1", every_code("e2m1")), identity(32, other)
    assert_same(product(lhs, rhs, target=architecture, ftz=True), reference(lhs, rhs))


def test_every_scale():
    scale = np.arange(256, dtype=np.uint8)[:, None]
    ones = np.where(every_code("e2m1") > 0, 2, 0).astype(np.uint8)
    check(Side("e2m1", ones, scale), identity(32))
    check(identity(32), Side("e2m1", ones, scale))
    check(Side("e2m1", ones, scale), identity(32, "fp16"))
    halves = Side("e2m1", np.where(ones > 0, 1, 0).astype(np.uint8), scale)
    got = product(halves, identity(32))
    assert got[:255].max() == 2.0**126
    assert got[7, 49 % 32] == 2.0 ** (7 - 128)


def test_each_scale_is_for_its_row_and_group():
    lhs, rhs = side("e4m3", 32, 128, 1), side("e2m1", 16, 128, 2)
    lhs.scale[3, 2], rhs.scale[5, 1] = 255, 255
    got = product(lhs, rhs)
    assert_same(got, reference(lhs, rhs))
    nan = np.zeros(got.shape, bool)
    nan[3, :], nan[:, 5] = True, True
    assert (np.isnan(got) == nan).all()


@pytest.mark.parametrize("left, right", [("e4m3", "e2m1"), ("e5m2", "e5m2"), ("fp16", "e4m3"),
                                         ("bf16", "fp16")])  # fmt: skip
def test_infinities_and_nans_spread(left, right):
    lhs, rhs = side(left, 16, 32, 1), side(right, 16, 32, 2)
    rhs.codes[:, 7] = 4 if right == "e2m1" else np.array([2], NP_TYPES[right]).view(rhs.codes.dtype)
    elements = lhs.codes.view(NP_TYPES[left])
    elements[2, 9] = np.nan
    if left != "e4m3":
        elements[0, 7], elements[1, 7] = np.inf, -np.inf
    got = product(lhs, rhs)
    assert_same(got, reference(lhs, rhs))
    assert np.isnan(got[2]).all() and not np.isnan(got[3:]).any()
    assert left == "e4m3" or np.isinf(got[:2]).any()


def test_beyond_bfloat16_is_infinite_and_below_it_is_rounded():
    ones, one = np.full((16, 32), 2, np.uint8), np.zeros((16, 32), np.uint8)
    one[:, 0] = 7  # 6.0
    top = product(Side("e2m1", one, np.full((16, 1), 254, np.uint8)), Side("e2m1", ones))
    assert np.isposinf(top).all()
    tiny = np.zeros((16, 32), np.uint8)
    tiny[:, 0] = np.arange(16)  # e4m3: multiples of 2^-9
    low = product(Side("e4m3", tiny, np.zeros((16, 1), np.uint8)), Side("e2m1", ones))
    eighths = np.rint(np.arange(16) / 8)  # to nearest even multiples of 2^-133
    assert_same(low, np.repeat(np.ldexp(eighths, -133)[:, None], 16, 1).astype(np.float32))


def test_all_bits_of_float16_survive_scales():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 0x7C00, (32, 32), np.uint16)
    weights = np.zeros((32, 32), np.uint8)
    np.fill_diagonal(weights, 5)  # 3.0: the product has thirteen bits
    for value in (127, 100, 140):
        scale = np.full((32, 1), value, np.uint8)
        check(Side("fp16", codes, scale), Side("e2m1", weights, scale), what=f"scale {value}")


@pytest.mark.parametrize("format", ["e2m1", "e4m3", "e5m2"])
def test_scales_of_16_elements_in_e4m3(format):
    rng = np.random.default_rng(0)
    scales = [rng.integers(1, 16, (rows, 4)).astype(NP_TYPES["e4m3"]) for rows in (32, 16)]
    lhs = Side(format, whole(format, 32, 64, 1), scales[0])
    rhs = Side("e2m1", whole("e2m1", 16, 64, 2), scales[1])
    check(lhs, rhs)


def test_fast_math_changes_nothing_without_nan_scales():
    lhs, rhs = side("e5m2", 32, 64, 1), side("e2m1", 16, 64, 2)
    lhs.scale[0], lhs.scale[1] = 0, 1
    check(lhs, rhs, fast=True)
    lhs.scale[2] = 255
    assert np.isfinite(product(lhs, rhs, fast=True)[3:]).all()


@cosmati.jit
def batched_kernel(a, a_scale, b, b_scale, out, S: tl.constexpr, M: tl.constexpr, N: tl.constexpr,
                   K: tl.constexpr):  # fmt: skip
    s = tl.arange(0, S)[:, None, None]
    i, j = tl.arange(0, M), tl.arange(0, N)
    k, g = tl.arange(0, K // 2), tl.arange(0, K // 32)
    x = tl.load(a + (s * M + i[None, :, None]) * (K // 2) + k[None, None, :])
    y = tl.load(b + (s * (K // 2) + k[None, :, None]) * N + j[None, None, :])
    x_scale = tl.load(a_scale + (s * M + i[None, :, None]) * (K // 32) + g[None, None, :])
    y_scale = tl.load(b_scale + (s * N + j[None, :, None]) * (K // 32) + g[None, None, :])
    result = tl.dot_scaled(x, x_scale, "e2m1", y, y_scale, "e2m1")
    tl.store(out + (s * M + i[None, :, None]) * N + j[None, None, :], result)


def test_batches():
    lhs = [side("e2m1", 16, 64, seed) for seed in range(2)]
    rhs = [side("e2m1", 32, 64, seed + 10) for seed in range(2)]
    arrays = [
        np.stack([s.stored(True) for s in lhs]), np.stack([s.scale for s in lhs]),
        np.stack([s.stored(False) for s in rhs]), np.stack([s.scale for s in rhs]),
    ]  # fmt: skip
    out = np.zeros((2, 16, 32), np.float32)
    batched_kernel[(1,)](*arrays, out, S=2, M=16, N=32, K=64)
    assert_same(out, np.stack([reference(x, y) for x, y in zip(lhs, rhs, strict=True)]))


@cosmati.jit
def looped_kernel(a, b, b_scale, out, M, N, K, BM: tl.constexpr, BN: tl.constexpr,
                  BK: tl.constexpr):  # fmt: skip
    """bf16 activations [M, K] by weights in e2m1, stored as [N, K / 2] with scales [N, K / 32]."""
    i = tl.program_id(0) * BM + tl.arange(0, BM)
    j = tl.program_id(1) * BN + tl.arange(0, BN)
    k, packed, group = tl.arange(0, BK), tl.arange(0, BK // 2), tl.arange(0, BK // 32)
    rows, columns = i[:, None] < M, j[:, None] < N
    acc = tl.zeros((BM, BN), tl.float32)
    for start in range(0, K, BK):
        x = tl.load(a + i[:, None] * K + start + k[None, :], rows & (start + k[None, :] < K), 0.0)
        at = start // 2 + packed[None, :]
        y = tl.load(b + j[:, None] * (K // 2) + at, columns & (at < K // 2), 0)
        at = start // 32 + group[None, :]
        scale = tl.load(b_scale + j[:, None] * (K // 32) + at, columns & (at < K // 32), 127)
        acc = tl.dot_scaled(x, None, "bf16", y.T, scale, "e2m1", acc)
    tl.store(out + i[:, None] * N + j[None, :], acc, rows & (j[None, :] < N))


@pytest.mark.parametrize("num_stages", [1, 2, 4])
@pytest.mark.parametrize("shape", [(1, 1, 32), (33, 17, 96), (32, 32, 256)], ids=str)
def test_loops_over_weights_in_blocks(shape, num_stages):
    m, n, k = shape
    lhs, rhs = side("bf16", m, k, 1, scaled=False), side("e2m1", n, k, 2)
    weights = np.ascontiguousarray(rhs.stored(False).T)
    out = np.zeros((m, n), np.float32)
    grid = (cosmati.cdiv(m, 32), cosmati.cdiv(n, 32))
    activations = lhs.codes.view(ml_dtypes.bfloat16)
    looped_kernel[grid](
        activations, weights, rhs.scale, out, m, n, k, BM=32, BN=32, BK=64, num_stages=num_stages
    )
    assert_same(out, reference(lhs, rhs))


@cosmati.jit
def refused(LHS: tl.constexpr, LT: tl.constexpr, LF: tl.constexpr, SCALE: tl.constexpr,
            ST: tl.constexpr, RF: tl.constexpr, PACK: tl.constexpr, OUT: tl.constexpr):  # fmt: skip
    scale = None if SCALE is None else tl.zeros(SCALE, ST)
    rhs = tl.zeros((64, 16), tl.uint8)
    tl.dot_scaled(tl.zeros(LHS, LT), scale, LF, rhs, None, RF, rhs_k_pack=PACK, out_dtype=OUT)


_RIGHT = {"LHS": (32, 64), "LT": tl.uint8, "LF": "e4m3", "SCALE": (32, 2), "ST": tl.uint8,
          "RF": "e5m2", "PACK": True, "OUT": tl.float32}  # fmt: skip


@pytest.mark.parametrize(
    "change, message",
    [
        ({"LF": "e3m2"}, "lhs_format must be one of .* Got 'e3m2'"),
        ({"LT": tl.float8e5}, "Unexpected dtype for lhs_format 'e4m3'. Got fp8e5: pass fp8e4nv"),
        ({"LT": tl.int8, "LF": "e2m1"}, "e2m1 format must be packed as uint8.* Got int8 for lhs"),
        ({"LF": "e2m1"}, "has K = 128, rhs .* has K = 64"),
        ({"SCALE": (2, 32)}, r"lhs_scale must be a tensor of shape \[32, 2\].* Got \[2, 32\]"),
        ({"ST": tl.float32}, r"lhs_scale must be uint8 \(E8M0\) or fp8e4nv, got"),
        ({"PACK": False}, "only mxfp4 inputs can be packed along a dimension different than K"),
        ({"OUT": tl.float16}, "Only float32 is supported for out_dtype of dot_scaled, got fp16"),
        ({"LHS": (64,)}, r"dot_scaled takes 2D or 3D blocks, got \[64\] for lhs"),
    ],
)
def test_what_is_refused(change, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        refused[(1,)](**{**_RIGHT, **change})


def test_what_is_refused_is_right_without_the_mistake():
    refused[(1,)](**_RIGHT)
