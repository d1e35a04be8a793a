"""float8e4b8, float8e5b16, float8e4b15: casts both ways on all values, arithmetic, constants."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest

WIDE = {
    "float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32,
    "float64": np.float64,
}  # fmt: skip
REFERENCE = {"float8e4b8": ml_dtypes.float8_e4m3fnuz, "float8e5b16": ml_dtypes.float8_e5m2fnuz}
LARGEST = {"float8e4b8": 240.0, "float8e5b16": 57344.0, "float8e4b15": 1.75}
TYPES = list(LARGEST)
ALL_CODES = np.arange(256, dtype=np.uint8)


def decoded(name: str, codes: np.ndarray) -> np.ndarray:
    """The values of codes, by the formats' definitions."""
    if name != "float8e4b15":
        return codes.view(REFERENCE[name]).astype(np.float64)
    sign = np.where(codes & 0x80, -1.0, 1.0)
    exponent, mantissa = (codes >> 3 & 15).astype(int), codes & 7
    normal = (1 + mantissa / 8) * np.exp2(exponent - 15)
    return sign * np.where(exponent == 0, mantissa / 8 * 2.0**-14, normal)


def encoded(name: str, values: np.ndarray) -> np.ndarray:
    """Codes of the nearest values: ties to even and saturation, or ties away (float8e4b15)."""
    positive = decoded(name, ALL_CODES[:128])
    if name == "float8e4b15":
        positive = positive[:127]
    bounds = (positive[1:] + positive[:-1]) / 2
    size = np.abs(values)
    low = np.searchsorted(bounds, size, side="left")  # a tie goes to the lower code
    tie = np.isin(size, bounds)
    up = tie & ((low % 2 == 1) if name != "float8e4b15" else True)
    code = np.minimum(low + up, positive.size - 1).astype(np.uint8)
    sign = np.where(np.signbit(values), 0x80, 0).astype(np.uint8)
    if name == "float8e4b15":
        return np.where(np.isnan(values), 0x7E, code) | sign
    code = np.where(code == 0, 0, code | sign)
    return np.where(np.isnan(values), 0x80, code).astype(np.uint8)


@cosmati.jit
def cast_kernel(X, Y, FROM: tl.constexpr, TO: tl.constexpr, N: tl.constexpr):
    i = tl.program_id(0) * N + tl.arange(0, N)
    x = tl.load(X + i).to(FROM, bitcast=True)
    y = x.to(TO)
    if y.dtype.primitive_bitwidth == 8:
        tl.store(Y + i, y.to(tl.uint8, bitcast=True))
    else:
        tl.store(Y + i, y)


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("wide", WIDE)
@pytest.mark.parametrize("name", TYPES)
def test_every_code_has_its_value(name, wide, target):
    out = np.zeros(256, WIDE[wide])
    cast_kernel[(1,)](ALL_CODES, out, getattr(tl, name), getattr(tl, wide), 256, target=target)
    np.testing.assert_array_equal(out.astype(np.float64), decoded(name, ALL_CODES))


def _samples(name: str, wide: str) -> np.ndarray:
    """Values at, between and halfway between the codes' values, and beyond them."""
    values = decoded(name, ALL_CODES[:127])
    middles = (values[1:] + values[:-1]) / 2
    near = [np.nextafter(middles, 0), np.nextafter(middles, np.inf)]
    special = [np.inf, np.nan, 0.0, 1e-30, 1e-45, 60000.0, 3e38, LARGEST[name] * 1.0625, 1.8, 1.9]
    rng = np.random.default_rng(0)
    drawn = np.exp2(rng.uniform(-25, 18, 300))
    one_side = np.concatenate([values, middles, *near, special, drawn])
    with np.errstate(all="ignore"):
        both = np.concatenate([one_side, -one_side]).astype(WIDE[wide])
    size = 1 << (both.size - 1).bit_length()
    return np.resize(both, size)


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
@pytest.mark.parametrize("wide", WIDE)
@pytest.mark.parametrize("name", TYPES)
def test_every_value_is_rounded_to_the_nearest_code(name, wide, target):
    x = _samples(name, wide)
    out = np.zeros(x.size, np.uint8)
    cast_kernel[(x.size // 256,)](
        x, out, getattr(tl, wide), getattr(tl, name), 256, target=target, num_warps=2
    )
    expected = encoded(name, x.astype(np.float64))
    if name == "float8e4b15":  # the sign of a NaN is not kept
        out[np.isnan(x)] &= 0x7F
        expected[np.isnan(x)] &= 0x7F
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("other", ["float8e4nv", "float8e5", "float8e5b16", "float8e4b15"])
def test_eight_bit_formats_convert_to_each_other(other):
    known = {"float8e4nv": ml_dtypes.float8_e4m3fn, "float8e5": ml_dtypes.float8_e5m2, **REFERENCE}
    values = (
        decoded(other, ALL_CODES) if other not in known or other in REFERENCE
        else ALL_CODES.view(known[other]).astype(np.float64)
    )  # fmt: skip
    out = np.zeros(256, np.uint8)
    cast_kernel[(1,)](ALL_CODES, out, getattr(tl, other), tl.float8e4b8, 256)
    np.testing.assert_array_equal(out, encoded("float8e4b8", values))


@pytest.mark.parametrize("name", TYPES)
def test_integers_and_truth_values(name):
    x = np.arange(-128, 128).astype(np.int32)
    out = np.zeros(256, np.uint8)
    cast_kernel[(1,)](x, out, tl.int32, getattr(tl, name), 256)
    np.testing.assert_array_equal(out, encoded(name, x.astype(np.float64)))
    back = np.zeros(256, np.int32)
    cast_kernel[(1,)](ALL_CODES, back, getattr(tl, name), tl.int32, 256)
    values = decoded(name, ALL_CODES)
    np.testing.assert_array_equal(back, np.where(np.isnan(values), 0, np.trunc(values)))


@cosmati.jit
def arithmetic_kernel(X, Y, out, flags, TYPE: tl.constexpr, N: tl.constexpr):
    i = tl.arange(0, N)
    x = tl.load(X + i).to(TYPE, bitcast=True)
    y = tl.load(Y + i).to(TYPE, bitcast=True)
    results = (x + y, x * y, -x, tl.abs(x), tl.maximum(x, y), tl.where(x < y, x, y),
               tl.full((N,), 0.3, TYPE))  # fmt: skip
    for k in tl.static_range(7):
        tl.static_assert(results[k].dtype == TYPE)
        tl.store(out + k * N + i, results[k].to(tl.uint8, bitcast=True))
    tl.store(flags + i, x == y)


@pytest.mark.parametrize("name", TYPES)
def test_arithmetic_is_that_of_float32_rounded_back(name):
    rng = np.random.default_rng(7)
    x, y = (rng.integers(0, 256, 256).astype(np.uint8) for _ in range(2))
    x[:2], y[:2] = 0x80, 0
    out, flags = np.zeros((7, 256), np.uint8), np.zeros(256, np.bool_)
    arithmetic_kernel[(1,)](x, y, out, flags, getattr(tl, name), 256)
    a, b = decoded(name, x), decoded(name, y)
    with np.errstate(invalid="ignore"):
        expected = [a + b, a * b, -a, np.abs(a), np.fmax(a, b), np.where(a < b, a, b),
                    np.full(256, 0.3)]  # fmt: skip
        codes = [encoded(name, row) for row in expected]
    if name == "float8e4b15":  # bit operations keep the code 0x7f, which no rounding gives
        codes[2], codes[3] = x ^ 0x80, x & 0x7F
        codes[5] = np.where(a < b, x, y)
    for row, code in zip(out, codes, strict=True):
        np.testing.assert_array_equal(row, code)
    np.testing.assert_array_equal(flags, a == b)


@cosmati.jit
def constants_kernel(out, TYPE: tl.constexpr, N: tl.constexpr):
    i = tl.arange(0, N)
    a, b = tl.full((N,), -0.0, TYPE), tl.full((N,), -0.0, tl.float32).to(TYPE)
    c, d = tl.full((N,), 1e9, TYPE), tl.full((N,), float("-inf"), tl.float32).to(TYPE)
    e = tl.full((N,), float("nan"), TYPE)
    parts = (a, b, c, d, e)
    for k in tl.static_range(5):
        tl.store(out + k * N + i, parts[k].to(tl.uint8, bitcast=True))


@pytest.mark.parametrize(
    ("name", "codes"),
    [("float8e4b8", [0, 0, 0x7F, 0xFF, 0x80]), ("float8e5b16", [0, 0, 0x7F, 0xFF, 0x80]),
     ("float8e4b15", [0x80, 0x80, 0x7E, 0xFE, 0x7E])],
)  # fmt: skip
def test_constants_have_the_codes_of_conversions(name, codes):
    out = np.zeros((5, 4), np.uint8)
    constants_kernel[(1,)](out, getattr(tl, name), 4)
    assert out[:, 0].tolist() == codes


@cosmati.jit
def custom_kernel(X, Y, N: tl.constexpr):
    i = tl.arange(0, N)
    x = tl.load(X + i)
    y = tl.extra.cuda.convert_custom_float8_sm80(x, tl.float8e4b15)
    back = tl.extra.cuda.convert_custom_float8_sm70(y, tl.float32)
    tl.store(Y + i, back)


def test_the_conversions_of_the_cuda_extras():
    x = np.random.default_rng(1).uniform(-2, 2, 256).astype(np.float16)
    y = np.zeros(256, np.float32)
    custom_kernel[(1,)](x, y, 256)
    codes = encoded("float8e4b15", x.astype(float))
    np.testing.assert_array_equal(y, decoded("float8e4b15", codes))


@cosmati.jit
def dot_kernel(X, Y, Z, LEFT: tl.constexpr, RIGHT: tl.constexpr, N: tl.constexpr):
    i = tl.arange(0, N)[:, None] * N + tl.arange(0, N)[None, :]
    x, y = tl.load(X + i).to(LEFT, bitcast=True), tl.load(Y + i).to(RIGHT, bitcast=True)
    tl.store(Z + i, tl.dot(x, y))


@pytest.mark.parametrize("right", ["float8e4b8", "float8e4b15", "float8e5"])
@pytest.mark.parametrize("left", ["float8e4b8", "float8e4b15"])
def test_dots_multiply_them_as_float16(left, right):
    rng = np.random.default_rng(0)
    x, y = (rng.integers(0x20, 0x50, (32, 32)).astype(np.uint8) for _ in range(2))
    z = np.zeros((32, 32), np.float32)
    dot_kernel[(1,)](x, y, z, getattr(tl, left), getattr(tl, right), 32)
    a = decoded(left, x)
    b = y.view(ml_dtypes.float8_e5m2).astype(float) if right == "float8e5" else decoded(right, y)
    np.testing.assert_allclose(z, a @ b, rtol=1e-6)
