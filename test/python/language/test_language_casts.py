"""Conversions between every pair of types, exhaustively where the source is small."""

from __future__ import annotations

from typing import Any

import cosmati
import cosmati.language as tl
import ml_dtypes
import numpy as np
import pytest
from language_support import (
    ALL_TYPES,
    FLOATS,
    FORMATS,
    FP8,
    INTEGERS,
    assert_same,
    cast,
    exact,
    is_float,
    np_type,
    rounded,
    samples,
    specials,
    tl_type,
)

_TARGETS = [tl_type(name) for name in ALL_TYPES]


@cosmati.jit
def cast_kernel(
    x, n, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, BLOCK: tl.constexpr
):
    outs = (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    value = tl.load(x + offs, mask=mask)
    for i in tl.static_range(15):
        tl.store(outs[i] + offs, value.to(outs[i].dtype.element_ty), mask=mask)


def cast_to_all(x: np.ndarray, block: int = 256, **options: Any) -> dict[str, np.ndarray]:
    outs = {name: np.zeros(x.size, np_type(name)) for name in ALL_TYPES}
    assert len(outs) == 15
    grid = (cosmati.cdiv(x.size, block),)
    cast_kernel[grid](x, x.size, *outs.values(), BLOCK=block, **options)
    return outs


def ties(name: str) -> np.ndarray:
    """Values on, just below and just above the points where rounding to ``name`` changes."""
    fmt = FORMATS[name]
    codes = np.concatenate([np.arange(0, 40), [2**fmt.mantissa * n for n in range(3, 20)]])
    grid = codes * 2.0 ** (fmt.emin - fmt.mantissa)
    scaled = 1 + np.arange(2 ** min(fmt.mantissa, 5)) * 2.0**-fmt.mantissa
    grid = np.concatenate([grid, scaled, [fmt.largest]])
    above = np.array([*(grid[1:]), fmt.largest + 2.0 ** (np.log2(fmt.largest) // 1 - fmt.mantissa)])
    middle = (grid + above) / 2
    values = np.concatenate([middle, middle * (1 + 2.0**-20), middle * (1 - 2.0**-20), grid])
    return np.concatenate([values, -values])


def inputs(name: str) -> np.ndarray:
    if name in ("int8", "uint8", *FP8):
        return np.arange(256, dtype=np.uint8).view(np_type(name))
    if name in ("int16", "uint16", "float16", "bfloat16"):
        return np.arange(2**16, dtype=np.uint16).view(np_type(name))
    values = [samples(name, 2000)]
    if is_float(name):
        rng = np.random.default_rng(5)
        with np.errstate(all="ignore"):
            values += [ties(target).astype(np_type(name)) for target in FORMATS if target != name]
            bits = rng.integers(0, 2**32, 4000, dtype=np.uint64)
            values.append(bits.astype(np.uint32).view(np.float32).astype(np_type(name)))
            limits = [specials(t).astype(np.float64).astype(np_type(name)) for t in INTEGERS]
            values += [*limits, *[v * np_type(name).type(1.0000002) for v in limits]]
    elif name != "bool":
        powers = np.array([2**n + d for n in range(np.iinfo(name).bits - 1) for d in (-1, 0, 1)])
        # around the midpoints of 8, 11 and 24 bits of mantissa
        middles = [((2 * m + 1) << (n - b)) + d for n in range(25, np.iinfo(name).bits - 1)
                   for b in (8, 11, 24) for m in (2 ** (b - 1), 2 ** (b - 1) + 1)
                   for d in (-1, 0, 1)]  # fmt: skip
        values += [powers.astype(np_type(name)), np.array(middles).astype(np_type(name))]
    return np.concatenate(values)


# sm_80 has neither fp8 nor integer-to-bfloat16 conversions: the same results, made otherwise.
@pytest.mark.parametrize("architecture", ["sm_90a", "sm_80"])
@pytest.mark.parametrize("source", ALL_TYPES)
def test_every_type_converts_to_every_other(source, architecture):
    x = inputs(source)
    failures = []
    for target, got in cast_to_all(x, target=architecture).items():
        try:
            assert_same(got, cast(x, target), f"{source} to {target}")
        except AssertionError as failure:
            failures.append(str(failure))
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize("target", FP8)
@pytest.mark.parametrize("source", ["float16", "bfloat16", "float32", "float64"])
def test_nan_becomes_the_canonical_fp8_nan(source, target):
    x = np.array([np.nan, -np.nan], np_type(source))
    assert cast_to_all(x)[target].view(np.uint8).tolist() == [0x7F, 0x7F]


@pytest.mark.parametrize("architecture", ["sm_90a", "sm_89", "sm_80"])
@pytest.mark.parametrize("target", FP8)
def test_conversion_to_fp8_rounds_once(target, architecture):
    """1 + 2^-4 is a tie of E4M3's grid: a bit above it, only seen in float32, decides."""
    fmt = FORMATS[target]
    tie = 1 + 2.0 ** -(fmt.mantissa + 1)
    x = np.array([tie, tie + 2.0**-23 * 2, tie - 2.0**-23 * 2, 1.0625001, 3 * tie], np.float32)
    got = cast_to_all(x, target=architecture)[target]
    assert_same(got, rounded(exact(x), target))
    assert float(got[1]) == 1 + 2.0**-fmt.mantissa


@pytest.mark.parametrize("source", ["float32", "float64"])
def test_conversion_to_bfloat16_and_float16_rounds_once(source):
    tie16, tiebf = 1 + 2.0**-11, 1 + 2.0**-8
    tiny = 2.0**-23 if source == "float32" else 2.0**-50
    x = np.array([t + d for t in (tie16, tiebf, 3 * tie16, 3 * tiebf) for d in (-tiny, 0, tiny)])
    x = x.astype(source)
    got = cast_to_all(x)
    for target in ("float16", "bfloat16"):
        assert_same(got[target], rounded(exact(x), target))


def test_ml_dtypes_agrees_where_it_rounds_once():
    """The references themselves: bfloat16 and fp8 against another implementation."""
    x = samples("float32", 4000)
    for name in ("bfloat16", "float8e4nv", "float8e5"):
        inside = x[np.abs(x) <= FORMATS[name].largest]
        assert_same(rounded(exact(inside), name), inside.astype(np_type(name)))
    assert ml_dtypes.finfo(np_type("float8e4nv")).max == FORMATS["float8e4nv"].largest


@cosmati.jit
def toward_zero_kernel(x, out, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    tl.store(out + offs, value.to(out.dtype.element_ty, fp_downcast_rounding="rtz"))


def _toward_zero(x: np.ndarray, name: str) -> np.ndarray:
    """The largest value of the type that is not farther from zero."""
    wide = exact(x)
    fmt = FORMATS[name]
    with np.errstate(all="ignore"):
        size = np.abs(wide)
        _, exponent = np.frexp(size)
        quantum = np.maximum(exponent - 1, fmt.emin) - fmt.mantissa
        cut = np.ldexp(np.trunc(np.ldexp(size, -quantum)), quantum)
        cut = np.where(np.isfinite(size) & (cut > fmt.largest), fmt.largest, cut)
        cut = np.where(np.isfinite(size), cut, size)
    return rounded(np.copysign(cut, wide), name)


@pytest.mark.parametrize(
    "source, target",
    [
        ("float32", "float16"), ("float32", "bfloat16"), ("float32", "float8e4nv"),
        ("float32", "float8e5"), ("float64", "float32"), ("float64", "float16"),
        ("float64", "bfloat16"), ("float16", "float8e5"), ("bfloat16", "float8e4nv"),
    ],
)  # fmt: skip
def test_rounding_toward_zero(source, target):
    x = inputs(source)
    x = x[: x.size // 256 * 256]
    out = np.zeros(x.size, np_type(target))
    toward_zero_kernel[(x.size // 256,)](x, out, BLOCK=256)
    assert_same(out, _toward_zero(x, target))


@cosmati.jit
def bitcast_kernel(x, back, o0, o1, o2, o3, TYPES: tl.constexpr, BLOCK: tl.constexpr):
    outs = (o0, o1, o2, o3)
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    again = value
    for i in tl.static_range(len(TYPES)):
        other = value.to(TYPES[i], bitcast=True)
        tl.store(outs[i] + offs, other)
        again = other.to(value.dtype, bitcast=True)
    tl.store(back + offs, again)


_WIDTHS = {
    8: ["int8", "uint8", *FP8], 16: ["int16", "uint16", "float16", "bfloat16"],
    32: ["int32", "uint32", "float32"], 64: ["int64", "uint64", "float64"],
}  # fmt: skip


@pytest.mark.parametrize("source", [name for names in _WIDTHS.values() for name in names])
def test_bitcast_keeps_the_bits(source):
    names = _WIDTHS[np_type(source).itemsize * 8]
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, 256 * np_type(source).itemsize, dtype=np.uint8).view(np_type(source))
    outs = [np.zeros(256, np_type(name)) for name in names]
    back = np.zeros_like(x)
    types = tuple(tl_type(name) for name in names)
    bitcast_kernel[(1,)](x, back, *[*outs, None, None][:4], TYPES=types, BLOCK=256)
    for out in [*outs, back]:
        assert out.tobytes() == x.tobytes()


@cosmati.jit
def narrowing_bitcast(x, out):
    tl.store(out, tl.load(x).to(tl.int16, bitcast=True))


def test_bitcast_needs_equal_widths():
    with pytest.raises(cosmati.CompilationError, match="Cannot bitcast data-type of size 32"):
        narrowing_bitcast[(1,)](np.zeros(1, np.float32), np.zeros(1, np.int16))


@cosmati.jit
def rounding_of_widening(x, out):
    tl.store(out, tl.load(x).to(tl.float32, fp_downcast_rounding="rtz"))


def test_a_rounding_mode_needs_a_narrowing_conversion():
    with pytest.raises(cosmati.CompilationError, match="fp_downcast_rounding should be set only"):
        rounding_of_widening[(1,)](np.zeros(1, np.float16), np.zeros(1, np.float32))


@cosmati.jit
def store_casts(x, o0, o1, o2, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + offs)
    tl.store(o0 + offs, value)
    tl.store(o1 + offs, value)
    tl.store(o2 + offs, value)


@pytest.mark.parametrize(
    "targets", [("int8", "float16", "float8e4nv"), ("bool", "int64", "float64")]
)
def test_store_converts_to_the_type_of_the_pointee(targets):
    x = samples("float32", 128)
    outs = [np.zeros(128, np_type(name)) for name in targets]
    store_casts[(1,)](x, *outs, BLOCK=128)
    for name, out in zip(targets, outs, strict=True):
        assert_same(out, cast(x, name), name)


# Constants are converted while the kernel is compiled, by the same rules.


@cosmati.jit
def constant_kernel(out, VALUES: tl.constexpr):
    for i in tl.static_range(len(VALUES)):
        tl.store(out + i, tl.full((), VALUES[i], out.dtype.element_ty))


@pytest.mark.parametrize("name", FLOATS + FP8)
def test_constants_round_as_at_run_time(name):
    values: list[Any] = [0.1, 1.0625001, 2.0**-20, -3.14159265358979, 1e-30]
    out = np.zeros(len(values), np_type(name))
    constant_kernel[(1,)](out, VALUES=tuple(values))
    assert_same(out, rounded(np.array(values, np.longdouble), name))
