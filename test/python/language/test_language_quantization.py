"""tl.quantize and its relatives, against tables of all codes: every input of 16 bits."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest

FLOATS = {
    "e4m3": (tl.float8e4nv, ml_dtypes.float8_e4m3fn, np.uint8),
    "e5m2": (tl.float8e5, ml_dtypes.float8_e5m2, np.uint8),
    "fp16": (tl.float16, np.float16, np.uint16),
    "bf16": (tl.bfloat16, ml_dtypes.bfloat16, np.uint16),
}
INTEGERS = {
    "int4": (-8, 7), "uint4": (0, 15), "int8": (-128, 127), "uint8": (0, 255),
    "int16": (-32768, 32767), "uint16": (0, 65535),
}  # fmt: skip
# Random bits as floats have signalling NaN among them.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in cast")

ROUNDINGS = ("rtne", "rtz", "rtp", "rtn", "stochastic")
NF4 = np.array([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0,
], np.float32)  # fmt: skip


@cosmati.jit
def quantize_kernel(x, out, chance, scale, zero, seed, DTYPE: tl.constexpr, ROUNDING: tl.constexpr,
                    OVERFLOW: tl.constexpr, NARROW: tl.constexpr, BLOCK: tl.constexpr):  # fmt: skip
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    factor = None if scale is None else tl.load(scale + offs % 8)
    point = None if zero is None else tl.load(zero + offs % 8)
    code = tl.quantize(tl.load(x + offs), DTYPE, factor, point, ROUNDING, OVERFLOW, NARROW,
                       seed=seed, offsets=offs)  # fmt: skip
    tl.store(out + offs, code.to(out.dtype.element_ty, bitcast=True))
    if ROUNDING == "stochastic":
        tl.store(chance + offs, tl.randint(seed, offs).to(tl.uint32, bitcast=True))


def run(x, kind, store, rounding="rtne", overflow="saturate", scale=None, zero=None, narrow=False):
    out, chance = np.zeros(x.size, store), np.zeros(x.size, np.uint32)
    block = 512
    quantize_kernel[(x.size // block,)](
        x, out, chance, scale, zero, 11, DTYPE=kind, ROUNDING=rounding, OVERFLOW=overflow,
        NARROW=narrow, BLOCK=block,
    )  # fmt: skip
    return out, (chance >> 8).astype(np.float64) * 2.0**-24


def halves() -> np.ndarray:
    return np.arange(65536, dtype=np.uint16).view(np.float16)


def singles() -> np.ndarray:
    """Around every number of 8 bits and the ties between them, and over all magnitudes."""
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2**32, 28672, dtype=np.uint32).view(np.float32)
    with np.errstate(all="ignore"):
        codes = np.arange(256, dtype=np.uint8)
        near = [codes.view(kind).astype(np.float32) for _, kind, _ in list(FLOATS.values())[:2]]
        near += [(a[1:] + a[:-1]) / 2 for a in near]
        near += [np.nextafter(a, s, dtype=np.float32) for a in near for s in (np.inf, -np.inf)]
        x = np.concatenate([*near, bits]).astype(np.float32)
    return np.resize(x, 32768)


def positives(name: str) -> tuple[np.ndarray, np.ndarray]:
    """All non-negative finite numbers of a format, ascending, and their codes."""
    _, kind, store = FLOATS[name]
    codes = np.arange(1 << (8 * store().itemsize - 1), dtype=store)
    values = codes.view(kind).astype(np.float64)
    finite = np.isfinite(values)
    return values[finite], codes[finite]


def expected_floats(x, name, rounding, overflow, chance):
    values, codes = positives(name)
    top = values[-1]
    step = values[-1] - values[-2]
    steps = np.append(values, top + step)  # the neighbour beyond the largest one
    y = x.astype(np.float64)
    size, negative = np.abs(y), np.signbit(y)
    below = np.clip(np.searchsorted(steps, size, "right") - 1, 0, len(steps) - 1)
    above = np.minimum(below + 1, len(steps) - 1)
    with np.errstate(all="ignore"):
        gap = np.where(above > below, steps[above] - steps[below], step)
        fraction = (size - steps[below]) / gap
    inexact = size > steps[below]
    up = {
        "rtne": (fraction > 0.5) | ((fraction == 0.5) & (below % 2 == 1)),
        "rtz": np.zeros_like(inexact),
        "rtp": inexact & ~negative,
        "rtn": inexact & negative,
        "stochastic": chance < fraction,
    }[rounding]
    index = np.where(up, above, below)
    inward = {"rtz": np.full_like(negative, True), "rtp": negative, "rtn": ~negative}.get(
        rounding, np.zeros_like(negative)
    )
    index = np.where(inward & np.isfinite(size), np.minimum(index, len(values) - 1), index)
    beyond = (index >= len(values)) | np.isinf(size)
    bits = codes[np.minimum(index, len(values) - 1)].astype(np.int64)
    special = {"e4m3": 0x7F, "e5m2": 0x7C, "fp16": 0x7C00, "bf16": 0x7F80}[name]
    if overflow == "nonfinite":
        bits = np.where(beyond, special, bits)
    sign = 0x80 if name[0] == "e" else 0x8000
    return np.where(negative, bits | sign, bits), np.isnan(y)


@pytest.mark.parametrize("overflow", ["saturate", "nonfinite"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", FLOATS)
def test_floats_of_every_half_and_around_every_tie(name, rounding, overflow):
    kind, numpy_kind, store = FLOATS[name]
    for x in (halves(), singles()):
        if x.dtype == np.float16 and name == "fp16":
            continue  # nothing is rounded
        out, chance = run(x, kind, store, rounding, overflow)
        expected, nan = expected_floats(x, name, rounding, overflow, chance)
        assert np.isnan(out[nan].view(numpy_kind).astype(np.float32)).all()
        if store is np.uint8:
            assert (out[nan] == 0x7F).all()
        np.testing.assert_array_equal(out[~nan], expected[~nan])


def expected_integers(x, name, rounding, overflow, chance, scale=None, zero=None, narrow=False):
    low, high = INTEGERS[name]
    low = -high if narrow else low
    y = x.astype(np.float32)
    with np.errstate(all="ignore"):
        if scale is not None:
            y = y / np.resize(scale, y.size)
        fraction = (y - np.floor(y)).astype(np.float64)
        r = {
            "rtne": np.rint(y), "rtz": np.trunc(y), "rtp": np.ceil(y), "rtn": np.floor(y),
            "stochastic": np.floor(y) + (chance < fraction),
        }[rounding].astype(np.float64)  # fmt: skip
        r = np.where(np.isnan(y), 0, r)
        offset = 0 if zero is None else np.resize(zero, y.size).astype(np.float64)
        if overflow == "saturate":
            return np.clip(np.clip(r, -1e9, 1e9) + offset, low, high).astype(np.int64)
        wide = [int(max(min(v, 2.0**63 - 1024), -(2.0**63))) for v in r]
    bits = int(name.lstrip("uint"))
    zeros = np.broadcast_to(np.asarray(offset), y.shape).astype(np.int64)
    codes = [(v + int(z)) % (1 << bits) for v, z in zip(wide, zeros, strict=True)]
    return np.array([c - (1 << bits) if low < 0 and c > high else c for c in codes])


@pytest.mark.parametrize("overflow", ["saturate", "wrap"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["int4", "uint4", "int8", "uint8", "int16", "uint16"])
def test_integers_of_every_half(name, rounding, overflow):
    x = halves()
    if overflow == "wrap":  # one in eight: the reference is exact, in Python's integers
        x = np.ascontiguousarray(x[::8])
    kind = name if name.endswith("4") else getattr(tl, name)
    store = np.dtype(name.replace("4", "8"))
    out, chance = run(x, kind, store, rounding, overflow)
    expected = expected_integers(x, name, rounding, overflow, chance)
    if overflow == "wrap":
        keep = np.isfinite(x.astype(np.float32)) | np.isnan(x)
        out, expected = out[keep], expected[keep]
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("zero_type", [np.int8, np.float32])
def test_scales_and_zero_points_are_broadcast(zero_type):
    x = singles()
    scale = np.array([0.5, 1, 3, 0.01, 7, 1e-3, 100, 0.3], np.float32)
    zero = np.array([0, -128, 127, 5, -7, 64, -64, 1]).astype(zero_type)
    out, chance = run(x, tl.int8, np.int8, scale=scale, zero=zero)
    np.testing.assert_array_equal(
        out, expected_integers(x, "int8", "rtne", "saturate", chance, scale, zero)
    )
    out, chance = run(x, tl.int8, np.int8, scale=scale, narrow=True)
    np.testing.assert_array_equal(
        out, expected_integers(x, "int8", "rtne", "saturate", chance, scale, narrow=True)
    )


def test_stochastic_rounding_has_the_right_mean():
    x = np.full(65536, 0.3, np.float32)
    out, _ = run(x, tl.int8, np.int8, "stochastic")
    assert abs(out.mean() - 0.3) < 0.01
    x = np.full(65536, 1.03, np.float32)
    out, _ = run(x, tl.float8e4nv, np.uint8, "stochastic")
    assert abs(out.view(ml_dtypes.float8_e4m3fn).astype(np.float64).mean() - 1.03) < 0.002


@cosmati.jit
def dequantize_kernel(q, scale, zero, out, DTYPE: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    factor = None if scale is None else tl.load(scale + offs % 8)
    point = None if zero is None else tl.load(zero + offs % 8)
    tl.store(out + offs, tl.dequantize(tl.load(q + offs), factor, point, DTYPE))


@pytest.mark.parametrize("scale_type", [np.float32, np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("code_type", [np.int8, np.uint8])
def test_every_code_of_integers_comes_back(code_type, scale_type):
    q = np.arange(256).astype(np.uint8).view(code_type)
    scale = np.array([0.5, 1, 3, 0.01, 7, 1e-3, 100, 0.3], np.float32).astype(scale_type)
    zero = np.array([0, 100, 127, 5, 7, 64, 3, 1]).astype(code_type)
    for point in (None, zero):
        out = np.zeros(256, scale_type)
        dequantize_kernel[(1,)](q, scale, point, out, DTYPE=None, BLOCK=256)
        steps = q.astype(np.int32) - (0 if point is None else np.resize(zero, 256).astype(np.int32))
        expected = steps.astype(scale_type) * np.resize(scale, 256)
        np.testing.assert_array_equal(out.astype(np.float32), expected.astype(np.float32))


@pytest.mark.parametrize("name", ["e4m3", "e5m2"])
def test_every_code_of_8_bit_floats_comes_back(name):
    q = np.arange(256, dtype=np.uint8).view(FLOATS[name][1])
    scale = np.array([0.5, 1, 3, 0.01, 7, 1e-3, 100, 0.3], np.float32)
    out = np.zeros(256, np.float16)
    dequantize_kernel[(1,)](q, scale, None, out, DTYPE=tl.float16, BLOCK=256)
    with np.errstate(all="ignore"):
        expected = (q.astype(np.float32) * np.resize(scale, 256)).astype(np.float16)
    np.testing.assert_array_equal(out, expected)


@cosmati.jit
def unpack_kernel(x, out, SIGNED: tl.constexpr, LAYOUT: tl.constexpr, M: tl.constexpr,
                  N: tl.constexpr, COUNT: tl.constexpr):  # fmt: skip
    rows, columns = tl.arange(0, M)[:, None], tl.arange(0, N)[None, :]
    words = tl.load(x + rows * N + columns)
    if LAYOUT == "split":
        low, high = tl.unpack_int4(words, signed=SIGNED, layout=LAYOUT)
        tl.store(out + rows * N * 2 + columns, low)
        tl.store(out + rows * N * 2 + N + columns, high)
    else:
        wide = tl.arange(0, N * COUNT)[None, :]
        codes = tl.unpack_int4(words, signed=SIGNED, layout=LAYOUT)
        tl.store(out + rows * N * COUNT + wide, codes)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("layout", ["low_first", "high_first", "split"])
@pytest.mark.parametrize("word", [np.uint8, np.int8, np.int32])
def test_words_of_four_bit_codes_are_taken_apart(word, layout, signed):
    count = 2 * np.dtype(word).itemsize
    if layout == "split" and count == 8:
        pytest.skip("eight blocks; the two of bytes are the same code")
    x = np.random.default_rng(0).integers(0, 256, (8, 16 * np.dtype(word).itemsize), np.uint8)
    x = x.view(word)
    unsigned = x.view(np.uint8 if count == 2 else np.uint32)
    nibbles = [(unsigned >> (4 * k)) & 15 for k in range(count)]
    if layout == "split":
        expected = np.concatenate(nibbles, axis=1)
    else:
        order = nibbles[::-1] if layout == "high_first" else nibbles
        expected = np.stack(order, axis=-1).reshape(8, -1)
    expected = expected.astype(np.int64)
    if signed:
        expected = (expected ^ 8) - 8
    out = np.zeros(expected.shape, np.int8 if signed else np.uint8)
    unpack_kernel[(1,)](x, out, SIGNED=signed, LAYOUT=layout, M=8, N=16, COUNT=count)
    np.testing.assert_array_equal(out, expected)


@cosmati.jit
def nf4_kernel(x, absmax, codes, out, packed, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    scale = tl.load(absmax + offs // 64)
    code = tl.quantize_nf4(tl.load(x + offs), scale)
    tl.store(codes + offs, code)
    tl.store(out + offs, tl.dequantize_nf4(code, scale))
    tl.store(packed + offs, tl.pack_int4(code, code ^ 15))


@pytest.mark.parametrize("kind", [np.float32, np.float16])
def test_nf4_codes_are_the_nearest_and_come_back(kind):
    rng = np.random.default_rng(3)
    middles = ((NF4[1:].astype(np.float64) + NF4[:-1]) / 2).astype(np.float32)
    x = np.concatenate([NF4, middles, np.nextafter(middles, 2), np.nextafter(middles, -2)])
    x = np.resize(np.concatenate([x, rng.uniform(-1, 1, 960)]), 1024).astype(np.float32)
    x[-1] = np.nan
    absmax = np.ones(16, kind)
    absmax[8:] = 2.5
    x[512:] *= 2
    codes, packed = np.zeros(1024, np.uint8), np.zeros(1024, np.uint8)
    out = np.zeros(1024, kind)
    nf4_kernel[(1,)](x, absmax, codes, out, packed, BLOCK=1024)
    y = x / np.repeat(absmax, 64).astype(np.float32)
    expected = (y[:, None] > middles).sum(1)
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(out, NF4.astype(kind)[codes] * np.repeat(absmax, 64))
    np.testing.assert_array_equal(packed, codes | (codes ^ 15) << 4)


@cosmati.jit
def wrong_kernel(x, DTYPE: tl.constexpr, ROUNDING: tl.constexpr, OVERFLOW: tl.constexpr,
                 ZERO: tl.constexpr):  # fmt: skip
    tl.quantize(tl.load(x), DTYPE, None, ZERO, ROUNDING, OVERFLOW)


@pytest.mark.parametrize(
    ("kind", "rounding", "overflow", "zero", "text"),
    [
        (tl.int32, "rtne", "saturate", None, "dtype is int32; there are fp8e4nv"),
        (tl.int8, "nearest", "saturate", None,
         "rounding is 'nearest'; there are rtne, rtz, rtp, rtn, stochastic"),
        (tl.int8, "rtne", "nonfinite", None,
         "overflow is 'nonfinite'; int8 has saturate and wrap"),
        (tl.float8e5, "rtne", "wrap", None,
         "overflow is 'wrap'; fp8e5 has saturate and nonfinite"),
        (tl.float8e5, "rtne", "saturate", 3, "fp8e5 has no zero point"),
        (tl.int8, "stochastic", "saturate", None, "needs seed= and offsets="),
    ],
)  # fmt: skip
def test_options_that_are_not_there_are_refused_with_those_that_are(
    kind, rounding, overflow, zero, text
):
    with pytest.raises(cosmati.CompilationError) as caught:
        wrong_kernel[(1,)](
            np.zeros(1, np.float32), DTYPE=kind, ROUNDING=rounding, OVERFLOW=overflow, ZERO=zero
        )
    assert text in str(caught.value)
