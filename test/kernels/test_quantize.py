"""Quantization: every byte and every scale as defined."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest
from accuracy import normal
from cosmati.kernels.quantize import (
    QuantSpec,
    dequantize,
    quantize,
    reference,
    reference_dequantize,
)
from cosmati.kernels.quantize.reference import encode_fp8, fp8_values

NUMPY = {"e4m3": ml_dtypes.float8_e4m3fn, "e5m2": ml_dtypes.float8_e5m2}
FORMATS = [("int8", True), ("int8", False), ("e4m3", True), ("e5m2", True)]
GRANULARITIES = [("tensor", 1), ("row", 1), ("group", 16), ("group", 48), ("group", 128)]


def same(got, want) -> None:
    """Equal bytes: scales with their signs of zero, codes, zero points."""
    np.testing.assert_array_equal(got.scales.view(np.uint32), want.scales.view(np.uint32))
    if want.zero_points is None:
        assert got.zero_points is None
    else:
        np.testing.assert_array_equal(got.zero_points, want.zero_points)
    np.testing.assert_array_equal(got.data, want.data)


def round_trip(x: np.ndarray, spec: QuantSpec) -> None:
    quantized = quantize(x, spec)
    same(quantized, reference(x, spec))
    got, want = dequantize(quantized), reference_dequantize(quantized)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


def awkward(shape: tuple[int, ...]) -> np.ndarray:
    """Rows of N(0, 1), with ties, infinities, NaN, subnormals, huge numbers and rows of zeros."""
    rng = np.random.default_rng(11)
    x = rng.standard_normal(shape).astype(np.float32)
    flat = x.reshape(-1)
    specials = np.array(
        [np.inf, -np.inf, np.nan, -0.0, 0.0, 1e-45, -1e-40, 2.0**-126, 0.5, -0.5, 1.5, 2.5],
        np.float32,
    )
    where = rng.permutation(flat.size)[: flat.size // 3]
    flat[where] = rng.choice(specials, where.size)
    rows = x.reshape(-1, shape[-1])
    rows[0] = 0
    rows[1] = -0.0
    rows[2] = np.nan
    rows[3] = np.inf
    rows[4] = 1e-45
    rows[5, ::2] = 3.4e38
    rows[5, 1::2] = -3.4e38
    rows[6] = np.arange(shape[-1]) - shape[-1] // 2  # amax of 127 would make ties below
    return x


# The reference against another implementation, before the kernels are held to it.


@pytest.mark.parametrize("format", ["e4m3", "e5m2"])
def test_reference_decodes_as_ml_dtypes_does(format: str) -> None:
    want = np.arange(256, dtype=np.uint8).view(NUMPY[format]).astype(np.float32)
    np.testing.assert_array_equal(fp8_values(format), want)


@pytest.mark.parametrize("format", ["e4m3", "e5m2"])
def test_reference_encodes_as_ml_dtypes_does(format: str) -> None:
    """Values, midpoints and their neighbours; ml_dtypes does not saturate."""
    values = fp8_values(format)[:127].astype(np.float64)
    values = values[np.isfinite(values)]
    middles = (values[1:] + values[:-1]) / 2
    x = np.concatenate([values, middles, [464, 465, 61439, 61440, 1e30, np.inf]]).astype(np.float32)
    x = np.concatenate([x, np.nextafter(x, np.float32(np.inf)), np.nextafter(x, np.float32(0))])
    x = np.concatenate([x, -x, np.random.default_rng(0).standard_normal(5000, np.float32) * 100])
    with np.errstate(over="ignore"):
        want = x.astype(NUMPY[format]).view(np.uint8)
    np.testing.assert_array_equal(encode_fp8(x, format, "nonfinite"), want)
    saturated = encode_fp8(x, format)
    largest = 0x7E if format == "e4m3" else 0x7B
    beyond = (want & 0x7F) > largest
    np.testing.assert_array_equal(saturated[~beyond], want[~beyond])
    np.testing.assert_array_equal(saturated[beyond], (want[beyond] & 0x80) | largest)


# The kernels against the reference.


@pytest.mark.parametrize("granularity", GRANULARITIES, ids=str)
@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_bytes_agree(format: tuple[str, bool], granularity: tuple[str, int]) -> None:
    """Edge cases in every row; 200 columns leave a short last group."""
    spec = QuantSpec(format[0], *granularity, symmetric=format[1])
    round_trip(awkward((9, 200)), spec)


@pytest.mark.parametrize("format", FORMATS, ids=str)
@pytest.mark.parametrize(
    "shape", [(1, 1), (3, 15), (2, 16), (2, 17), (1, 127), (5, 128), (2, 3, 131)], ids=str
)
def test_shapes(shape: tuple[int, ...], format: tuple[str, bool]) -> None:
    x = normal(np.random.default_rng(shape[-1]), shape, "float32")
    for granularity in ("tensor", "row", "group"):
        round_trip(x, QuantSpec(format[0], granularity, 16, symmetric=format[1]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_narrow_sources(format: tuple[str, bool], dtype: str) -> None:
    x = normal(np.random.default_rng(1), (4, 100), dtype)
    round_trip(x, QuantSpec(format[0], "group", 32, symmetric=format[1]))


@pytest.mark.parametrize("num_warps", [1, 8])
def test_long_rows(num_warps: int) -> None:
    """Rows longer than a program holds at a time."""
    x = normal(np.random.default_rng(2), (3, 9001), "float32")
    for spec in (QuantSpec("int8", "row", symmetric=False), QuantSpec("e4m3", "group", 5000)):
        got = quantize(x, spec, num_warps=num_warps)
        same(got, reference(x, spec))
        np.testing.assert_array_equal(dequantize(got), reference_dequantize(got))


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_empty_arrays(format: tuple[str, bool]) -> None:
    for shape in ((0,), (0, 5), (5, 0), (0, 0)):
        x = np.zeros(shape, np.float32)
        for granularity in ("tensor", "row", "group"):
            round_trip(x, QuantSpec(format[0], granularity, symmetric=format[1]))


@pytest.mark.parametrize("format", ["e4m3", "e5m2"])
@pytest.mark.parametrize("overflow", ["saturate", "nonfinite"])
def test_given_scales_and_overflow(format: str, overflow: str) -> None:
    """Every fp8 value, midpoint and neighbour, at scale 1, and numbers far outside."""
    values = fp8_values(format)
    values = np.sort(values[np.isfinite(values)])
    middles = (values[1:] + values[:-1]) / 2
    x = np.concatenate([values, middles, [464, 465, -464, -465, 480, 61439, 61440, -61440, 1e9]])
    x = x.astype(np.float32)
    above, below = (np.nextafter(x, np.float32(end)) for end in (np.inf, -np.inf))
    x = np.concatenate([x, above, below, np.array([np.inf, -np.inf, np.nan, -0.0], np.float32)])
    spec = QuantSpec(format, overflow=overflow)
    scales = np.ones(1, np.float32)
    got = quantize(x, spec, scales=scales)
    same(got, reference(x, spec, scales))
    np.testing.assert_array_equal(dequantize(got), reference_dequantize(got))


def test_given_scales_and_zero_points() -> None:
    """Ties to even, saturation at both ends, NaN at the zero point."""
    row = [0.5, 1.5, 2.5, -0.5, -1.5, 126.5, 127.5, 300, -300, np.nan, np.inf, -np.inf]
    x = np.array([row] * 3, np.float32)
    scales = np.array([[1], [1], [0.5]], np.float32)
    zeros = np.array([[0], [100], [-128]], np.int8)
    spec = QuantSpec("int8", "row", symmetric=False)
    got = quantize(x, spec, scales=scales, zero_points=zeros)
    same(got, reference(x, spec, scales, zeros))
    assert list(got.data[0]) == [0, 2, 2, 0, -2, 126, 127, 127, -128, 0, 127, -128]
    assert got.data[1, 9] == 100
    symmetric = quantize(x, QuantSpec("int8", "row"), scales=scales)
    assert list(symmetric.data[0]) == [0, 2, 2, 0, -2, 126, 127, 127, -127, 0, 127, -127]


def test_all_codes_come_back() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(2, 128)
    scales = np.array([[0.1], [3.0]], np.float32)
    for format in ("e4m3", "e5m2", "int8"):
        data = codes.view(np.int8) if format == "int8" else codes
        quantized = reference(np.zeros((2, 128), np.float32), QuantSpec(format, "row"), scales)
        quantized = type(quantized)(data, scales, None, quantized.spec)
        np.testing.assert_array_equal(dequantize(quantized), reference_dequantize(quantized))


def test_dequantized_types() -> None:
    x = normal(np.random.default_rng(3), (4, 40), "float32")
    quantized = quantize(x, QuantSpec("int8", "row"))
    wide = reference_dequantize(quantized)
    for dtype in ("float16", "bfloat16"):
        got = dequantize(quantized, dtype)
        np.testing.assert_array_equal(got, wide.astype(got.dtype))


def test_strided_sources() -> None:
    x = normal(np.random.default_rng(4), (10, 60), "float32")
    spec = QuantSpec("e4m3", "group", 16)
    for view in (x[::2], x[:, 3:40], x.T, x[:, ::2], x[0]):
        same(quantize(view, spec), reference(view, spec))


def test_error_is_at_most_half_a_step() -> None:
    x = normal(np.random.default_rng(5), (8, 96), "float32")
    for symmetric in (True, False):
        quantized = quantize(x, QuantSpec("int8", "group", 32, symmetric=symmetric))
        steps = np.repeat(quantized.scales, 32, axis=1)
        assert (np.abs(dequantize(quantized) - x) <= 0.5001 * steps).all()


def test_errors_name_value_bound_and_remedy() -> None:
    x = np.zeros((4, 8), np.float32)
    with pytest.raises(ValueError, match=r"format is 'int4'; use one of int8, e4m3, e5m2"):
        QuantSpec("int4")
    with pytest.raises(ValueError, match=r"e4m3 has no zero point; use symmetric=True"):
        QuantSpec("e4m3", symmetric=False)
    with pytest.raises(ValueError, match=r"group_size is 0; it must be at least 1"):
        QuantSpec(group_size=0)
    with pytest.raises(ValueError, match=r"scales has the shape \(3,\); this spec needs \(1,\)"):
        quantize(x, scales=np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"zero_points go with scales of an asymmetric spec"):
        quantize(x, scales=np.ones(1, np.float32), zero_points=np.zeros(1, np.int8))
    with pytest.raises(ValueError, match=r"x has elements of type float64"):
        quantize(x.astype(np.float64))
