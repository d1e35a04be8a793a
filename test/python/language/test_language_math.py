"""Mathematical functions: errors measured in ulp against extended precision, and special values.

The table MATH is the contract: what is allowed in each type, over the range of finite results.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import (
    FLOATS,
    INTEGERS,
    assert_same,
    exact,
    libdevice_missing,
    map_blocks,
    np_type,
    rounded,
    sample_pairs,
    samples,
    ulps,
)


@cosmati.jit
def exp(x):
    return tl.exp(x)


@cosmati.jit
def exp2(x):
    return tl.exp2(x)


@cosmati.jit
def log(x):
    return tl.log(x)


@cosmati.jit
def log2(x):
    return tl.log2(x)


@cosmati.jit
def sin(x):
    return tl.sin(x)


@cosmati.jit
def cos(x):
    return tl.cos(x)


@cosmati.jit
def tanh(x):
    return tl.math.tanh(x)


@cosmati.jit
def erf(x):
    return tl.erf(x)


@cosmati.jit
def sqrt(x):
    return tl.sqrt(x)


@cosmati.jit
def sqrt_rn(x):
    return tl.sqrt_rn(x)


@cosmati.jit
def rsqrt(x):
    return tl.rsqrt(x)


@cosmati.jit
def floor(x):
    return tl.floor(x)


@cosmati.jit
def ceil(x):
    return tl.ceil(x)


@cosmati.jit
def sigmoid(x):
    return tl.sigmoid(x)


class Bound(NamedTuple):
    """Largest errors in ulp for arguments in [low, high]; ``slope``: more per unit of |x|."""

    reference: Any
    low: float
    high: float
    approx: float  # float32, as compiled by default
    slope: float  # of approx: exp multiplies by log2(e) in float32 first
    accurate: float  # float32 with approx_math=False, approx_division=False
    double: float | None  # float64; None: float32 only
    libdevice: bool = True  # float64 needs libdevice


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _erf(x: np.ndarray) -> np.ndarray:
    return np.array([math.erf(float(v)) for v in x], np.longdouble)


MATH = {
    #            reference  low     high  approx slope accurate double
    exp: Bound(np.exp, -87, 88, 2, 0.75, 1, 1),
    exp2: Bound(np.exp2, -126, 127, 1, 0, 1, 1),
    log: Bound(np.log, 1e-37, 1e38, 2, 0, 1, 1),
    log2: Bound(np.log2, 1e-37, 1e38, 1, 0, 2, 2),
    sin: Bound(np.sin, -1e4, 1e4, 2, 0, 2, 2),
    cos: Bound(np.cos, -1e4, 1e4, 2, 0, 2, 2),
    tanh: Bound(np.tanh, -12, 12, 2, 0, 2, 2),
    erf: Bound(_erf, -5, 5, 2, 0, 2, 2),
    sqrt: Bound(np.sqrt, 0, 1e38, 1, 0, 0.5, 0.5, False),
    sqrt_rn: Bound(np.sqrt, 0, 1e38, 0.5, 0, 0.5, None, False),
    rsqrt: Bound(lambda x: 1 / np.sqrt(x), 1e-37, 1e38, 1, 0, 1, 2),
    floor: Bound(np.floor, -1e6, 1e6, 0, 0, 0, 0, False),
    ceil: Bound(np.ceil, -1e6, 1e6, 0, 0, 0, 0, False),
    sigmoid: Bound(_sigmoid, -87, 87, 3, 0.75, 3, 3),
}


def _arguments(bound: Bound, name: str) -> np.ndarray:
    """Arguments of all magnitudes, in range."""
    rng = np.random.default_rng(0)
    even = rng.uniform(bound.low, bound.high, 1500)
    small = rng.standard_normal(1500) * rng.choice([1e-3, 0.1, 1, 4], 1500)
    sizes = np.exp(rng.uniform(math.log(1e-37), math.log(max(bound.high, 2)), 1500))
    x = np.concatenate([even, small, sizes, -sizes]).astype(name)
    return x[(x >= bound.low) & (x <= bound.high)]


def _name(value: Any) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("fn", MATH, ids=_name)
@pytest.mark.parametrize("accurate", [False, True], ids=["approx", "accurate"])
def test_float32_within_the_bound(fn, accurate):
    bound = MATH[fn]
    x = _arguments(bound, "float32")
    options = {"approx_math": False, "approx_division": False} if accurate else {}
    (got,) = map_blocks([fn], [x], ["float32"], **options)
    expected = bound.reference(exact(x))
    if accurate:
        assert ulps(got, expected, "float32") <= bound.accurate
        return
    for size in (1, 10, 1e38):
        inside = np.abs(x) <= size
        allowed = bound.approx + (bound.slope * size if bound.slope else 0)
        assert ulps(got[inside], expected[inside], "float32") <= allowed, f"|x| <= {size}"


@pytest.mark.parametrize("fn", [f for f in MATH if MATH[f].double is not None], ids=_name)
def test_float64_within_the_bound(fn):
    bound = MATH[fn]
    if bound.libdevice and libdevice_missing():
        pytest.skip("libdevice was not found")
    x = _arguments(bound, "float64")
    (got,) = map_blocks([fn], [x], ["float64"])
    assert ulps(got, bound.reference(exact(x)), "float64") <= bound.double


INF, NAN = np.inf, np.nan
SPECIAL = {
    exp: [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, 0), (NAN, NAN), (89.0, INF), (-110.0, 0)],
    exp2: [
        (0.0, 1), (3.0, 8), (-2.0, 0.25), (INF, INF), (-INF, 0), (NAN, NAN), (128.0, INF),
        (-200.0, 0), (-149.0, 2.0**-149), (-127.0, 2.0**-127),
    ],
    log: [(1.0, 0), (0.0, -INF), (-0.0, -INF), (-1.0, NAN), (INF, INF), (NAN, NAN)],
    log2: [
        (1.0, 0), (8.0, 3), (0.0, -INF), (-1.0, NAN), (INF, INF), (NAN, NAN), (2.0**-140, -140),
    ],
    sin: [(0.0, 0), (-0.0, -0.0), (INF, NAN), (NAN, NAN)],
    cos: [(0.0, 1), (INF, NAN), (-INF, NAN), (NAN, NAN)],
    tanh: [(0.0, 0), (INF, 1), (-INF, -1), (NAN, NAN), (30.0, 1)],
    erf: [(0.0, 0), (INF, 1), (-INF, -1), (NAN, NAN), (10.0, 1)],
    sqrt: [(0.0, 0), (-0.0, -0.0), (4.0, 2), (INF, INF), (-1.0, NAN), (NAN, NAN)],
    sqrt_rn: [(0.0, 0), (-0.0, -0.0), (4.0, 2), (INF, INF), (-1.0, NAN), (NAN, NAN)],
    rsqrt: [(0.0, INF), (4.0, 0.5), (INF, 0), (-1.0, NAN), (NAN, NAN)],
    floor: [(-0.5, -1), (0.5, 0), (-0.0, -0.0), (1e30, 1e30), (INF, INF), (-INF, -INF), (NAN, NAN)],
    ceil: [(-0.5, -0.0), (0.5, 1), (1e30, 1e30), (INF, INF), (-INF, -INF), (NAN, NAN)],
    sigmoid: [(0.0, 0.5), (INF, 1), (-INF, 0), (NAN, NAN), (100.0, 1)],
}  # fmt: skip


@pytest.mark.parametrize("fn", SPECIAL, ids=_name)
@pytest.mark.parametrize("accurate", [False, True], ids=["approx", "accurate"])
def test_special_values_in_float32(fn, accurate):
    x, expected = np.array(SPECIAL[fn], np.float32).T.copy()
    options = {"approx_math": False, "approx_division": False} if accurate else {}
    (got,) = map_blocks([fn], [x], ["float32"], **options)
    assert_same(got, expected, fn.__name__)


@pytest.mark.parametrize("fn", [fn for fn in SPECIAL if fn is not sqrt_rn], ids=_name)
def test_special_values_in_float64(fn):
    if MATH[fn].libdevice and libdevice_missing():
        pytest.skip("libdevice was not found")
    # Without those that are special in float32; libdevice's log2(8) is 1 ulp off.
    values = [(x, y) for x, y in SPECIAL[fn] if abs(x) not in (89, 110, 128, 200, 8)]
    x, expected = np.array(values).T.copy()
    (got,) = map_blocks([fn], [x], ["float64"])
    assert_same(got, expected, fn.__name__)


@pytest.mark.parametrize("fn", MATH, ids=_name)
@pytest.mark.parametrize("name", ["float16", "bfloat16", "int32", "float8e5"])
def test_other_types_are_refused_with_the_types_that_are_taken(fn, name):
    if fn is sigmoid and name == "int32":
        fn = exp
    with pytest.raises(cosmati.CompilationError, match="Expected dtype .*fp32"):
        map_blocks([fn], [np.ones(8, np_type(name))], [name])


# Functions of more arguments.


@cosmati.jit
def fma(x, y, z):
    return tl.fma(x, y, z)


@pytest.mark.parametrize("name", FLOATS)
def test_fma_rounds_once(name):
    x, y = sample_pairs(name, name)
    z = samples(name, x.size, 9)
    if name == "float64":  # no wider type to hold the product: 26-bit factors, 53-bit sums
        rng = np.random.default_rng(1)
        x, y, z = (np.ldexp(rng.integers(-(2**26), 2**26, 400), e).astype(name)
                   for e in (0, 0, 20))  # fmt: skip
    (got,) = map_blocks([fma], [x, y, z], [name])
    with np.errstate(all="ignore"):
        if name == "float32":  # products are exact; the sum is rounded to 64 bits, then to 24
            expected = (exact(x) * exact(y) + exact(z)).astype(np.float32)
        else:
            expected = rounded(exact(x) * exact(y) + exact(z), name)
    assert_same(got, expected)


@cosmati.jit
def div_rn(x, y):
    return tl.div_rn(x, y)


@cosmati.jit
def fdiv(x, y):
    return tl.fdiv(x, y)


@cosmati.jit
def fdiv_ieee(x, y):
    return tl.fdiv(x, y, ieee_rounding=True)


@pytest.mark.parametrize("name", FLOATS)
def test_division_functions(name):
    x, y = sample_pairs(name, name)
    with np.errstate(all="ignore"):
        nearest = x / y if name in ("float32", "float64") else rounded(exact(x) / exact(y), name)
    got, ieee = map_blocks([fdiv, fdiv_ieee], [x, y], [name] * 2)
    assert_same(ieee, nearest, "ieee_rounding=True")
    finite = np.isfinite(exact(x)) & np.isfinite(exact(y)) & (y != 0)
    normal = finite & (np.abs(exact(y)) < 2.0**126)  # div.full: |y| up to 2^126
    assert ulps(got[normal], exact(x)[normal] / exact(y)[normal], name) <= 2
    if name == "float32":
        (got,) = map_blocks([div_rn], [x, y], [name])
        assert_same(got, nearest, "div_rn")


@cosmati.jit
def umulhi(x, y):
    return tl.umulhi(x, y)


@pytest.mark.parametrize("name", ["int32", "uint32", "int64", "uint64"])
def test_umulhi_is_the_upper_half_of_the_unsigned_product(name):
    x, y = sample_pairs(name, name)
    bits = np.iinfo(name).bits
    high = [((int(a) % 2**bits) * (int(b) % 2**bits)) >> bits for a, b in zip(x, y, strict=True)]
    (got,) = map_blocks([umulhi], [x, y], [name])
    assert_same(got, np.array(high, f"uint{bits}").view(name))


@cosmati.jit
def clamp(x, y, z):
    return tl.clamp(x, y, z)


@cosmati.jit
def clamp_nan(x, y, z):
    return tl.clamp(x, y, z, propagate_nan=tl.PropagateNan.ALL)


@pytest.mark.parametrize("name", FLOATS)
def test_clamp(name):
    x = samples(name, 200)
    low, high = np.full_like(x, -1.5), np.full_like(x, 2)
    low[::10] = 3  # min > max: max wins
    out = "float32" if name == "bfloat16" else name
    got, got_nan = map_blocks([clamp, clamp_nan], [x, low, high], [out] * 2)
    wide, lo, hi = exact(x), exact(low), exact(high)
    np.testing.assert_array_equal(exact(got), np.fmin(np.fmax(wide, lo), hi))
    np.testing.assert_array_equal(exact(got_nan), np.minimum(np.maximum(wide, lo), hi))


@cosmati.jit
def integer_clamp(x):
    return tl.clamp(x, 0, 5)


def test_clamp_takes_floats_only():
    with pytest.raises(cosmati.CompilationError, match="Only floating point clamp"):
        map_blocks([integer_clamp], [np.ones(4, np.int32)], ["int32"])


@cosmati.jit
def cdiv_block(x, y):
    return tl.cdiv(x, y)


@pytest.mark.parametrize("name", INTEGERS)
def test_cdiv(name):
    x = np.arange(0, 100).astype(name)
    y = (np.arange(100) % 7 + 1).astype(name)
    (got,) = map_blocks([cdiv_block], [x, y], [name])
    assert_same(got, np.array([-(-int(a) // int(b)) for a, b in zip(x, y, strict=True)], name))
