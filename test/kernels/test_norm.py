"""Softmax, layer norm and RMS norm."""

from __future__ import annotations

import numpy as np
import pytest
from accuracy import check, normal, sums
from cosmati.kernels.norm import layer_norm, rms_norm, softmax
from cosmati.kernels.norm.layer_norm import reference as layer_norm_reference
from cosmati.kernels.norm.rms_norm import reference as rms_norm_reference
from cosmati.kernels.norm.softmax import reference as softmax_reference

BLOCK = 64
COLS = [1, 63, 64, 65, 257]  # below, at and above a block, and several blocks
DTYPES = ["float32", "float16", "bfloat16"]


def softmax_scale(x: np.ndarray, want: np.ndarray) -> np.ndarray:
    """exp(d) is as good as its argument d = x - max is: d * eps(float32)."""
    wide = x.astype(np.float64)
    distance = np.abs(wide - wide.max(axis=-1, keepdims=True))
    return want * (1 + sums(1 + distance, x.dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cols", COLS)
def test_softmax(cols: int, dtype: str) -> None:
    x = normal(np.random.default_rng(cols), (5, cols), dtype) * np.asarray(4, dtype="float32")
    x = x.astype(dtype)
    want = softmax_reference(x)
    check(softmax(x, block=BLOCK), want, softmax_scale(x, want))


@pytest.mark.parametrize("num_warps", [1, 4, 8])
def test_softmax_of_long_rows(num_warps: int) -> None:
    x = normal(np.random.default_rng(1), (2, 5003), "float32")
    want = softmax_reference(x)
    check(softmax(x, num_warps=num_warps), want, softmax_scale(x, want))


@pytest.mark.parametrize("cols", [64, 65, 200])
def test_softmax_of_infinities_and_nan(cols: int) -> None:
    """Rows: a first block of -infinity, -infinity throughout, +infinity, NaN, large numbers."""
    x = np.zeros((5, cols), np.float32)
    x[0, :-1] = -np.inf
    x[1] = -np.inf
    x[2, 3] = np.inf
    x[3, 5] = np.nan
    x[4] = np.linspace(-3e38, 3e38, cols)
    with np.errstate(over="ignore"):
        want = softmax_reference(x)
    got = softmax(x, block=BLOCK)
    np.testing.assert_array_equal(got.astype(np.float64), want)
    assert np.isnan(got[1:4]).all()


def test_softmax_of_other_shapes_and_strides() -> None:
    x = normal(np.random.default_rng(2), (3, 4, 10), "float32")
    for view in (x, x[:, :, ::2], x[1], x[0, 0], x[:, 1:3], x.transpose(2, 1, 0)):
        want = softmax_reference(view)
        check(softmax(view), want, softmax_scale(view, want))
    for shape in ((0, 5), (5, 0), (2, 0, 3)):
        assert softmax(np.zeros(shape, np.float32)).shape == shape


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cols", COLS)
@pytest.mark.parametrize("affine", [False, True])
def test_layer_norm(cols: int, dtype: str, affine: bool) -> None:
    rng = np.random.default_rng(cols)
    x = (normal(rng, (5, cols), dtype).astype(np.float32) + 3).astype(dtype)
    weight = normal(rng, (cols,), dtype) if affine else None
    bias = normal(rng, (cols,), dtype) if affine else None
    want = layer_norm_reference(x, weight, bias)
    check(layer_norm(x, weight, bias, block=BLOCK), want, layer_norm_scale(x, weight, bias))


def layer_norm_scale(x: np.ndarray, weight=None, bias=None) -> np.ndarray:
    """The sums' errors reach the result through x - mean, times 1 / sqrt(variance)."""
    plain, wide = layer_norm_reference(x), x.astype(np.float64)
    rstd = 1 / np.sqrt(wide.var(axis=-1, keepdims=True) + 1e-5)
    scale = sums(np.sqrt(x.shape[-1]) / 2 * (np.abs(wide) * rstd + np.abs(plain)), x.dtype)
    if weight is not None:
        scale = scale * np.abs(weight.astype(np.float64)) + np.abs(bias.astype(np.float64))
    return scale + np.abs(layer_norm_reference(x, weight, bias))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cols", COLS)
def test_rms_norm(cols: int, dtype: str) -> None:
    rng = np.random.default_rng(cols)
    x = normal(rng, (5, cols), dtype)
    weight = normal(rng, (cols,), dtype)
    for w in (weight, None):
        want = rms_norm_reference(x, w)
        scale = np.abs(want) * (1 + sums(np.sqrt(cols) / 2, x.dtype))
        check(rms_norm(x, w, block=BLOCK), want, scale)


@pytest.mark.parametrize("num_warps", [1, 4, 8])
def test_norms_of_long_rows(num_warps: int) -> None:
    x = normal(np.random.default_rng(3), (2, 4999), "float32")
    check(layer_norm(x, num_warps=num_warps), layer_norm_reference(x), layer_norm_scale(x))
    check(rms_norm(x, num_warps=num_warps), rms_norm_reference(x), np.abs(x) * 2)


def test_errors_name_value_bound_and_remedy() -> None:
    x = np.zeros((4, 8), np.float32)
    with pytest.raises(ValueError, match=r"weight has the shape \(7,\); rows of 8 columns"):
        layer_norm(x, np.zeros(7, np.float32))
    with pytest.raises(ValueError, match=r"eps is -1; .* at least 0"):
        rms_norm(x, eps=-1)
    with pytest.raises(ValueError, match=r"x has elements of type int64; .* convert it first"):
        softmax(np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match=r"out has the shape \(4, 7\); this call needs \(4, 8\)"):
        softmax(x, np.zeros((4, 7), np.float32))
