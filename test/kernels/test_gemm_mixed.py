"""Products of half-precision activations with weights of 8 bits."""

from __future__ import annotations

import numpy as np
import pytest
from accuracy import check, normal, sums
from cosmati.kernels.gemm import GemmConfig, gemm_mixed

SMALL = GemmConfig(16, 16, 32, 2)


def compare(got: np.ndarray, a: np.ndarray, w: np.ndarray, scales: np.ndarray | None) -> None:
    wide = w.astype(np.float64) * (1.0 if scales is None else scales.astype(np.float64))
    exact = a.astype(np.float64) @ wide
    magnitude = np.abs(a.astype(np.float64)) @ np.abs(wide)
    scale = sums(np.sqrt(max(a.shape[1], 1)) * magnitude, got.dtype)
    check(got, exact, scale + np.abs(exact))


@pytest.mark.parametrize("weights", ["int8", "e4m3", "e5m2"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("scaled", [False, True])
def test_product(dtype: str, weights: str, scaled: bool) -> None:
    rng = np.random.default_rng(3)
    a, w = normal(rng, (33, 75), dtype), normal(rng, (75, 29), weights)
    # int8 sums leave float16's range without a scale.
    scales = rng.uniform(0.001, 0.01, 29).astype(np.float32) if scaled else None
    got = gemm_mixed(a, w, scales, out_dtype=None if scaled else "float32", config=SMALL)
    assert got.dtype == (a.dtype if scaled else np.float32)
    compare(got, a, w, scales)


@pytest.mark.parametrize("shape", [(0, 5, 7), (5, 0, 7), (5, 7, 0), (1, 1, 1), (17, 16, 33),
                                   (64, 65, 128), (13, 29, 101)], ids=str)  # fmt: skip
def test_shapes_and_strides(shape: tuple[int, int, int]) -> None:
    m, n, k = shape
    rng = np.random.default_rng(m + n + k)
    a = normal(rng, (k, m), "float16").T
    for w in (normal(rng, (k, n), "int8"), normal(rng, (n, k), "int8").T):
        compare(gemm_mixed(a, w, out_dtype="float32", config=SMALL), a, w, None)


@pytest.mark.parametrize("num_warps", [1, 4, 8])
@pytest.mark.parametrize("num_stages", [1, 3])
def test_warps_and_stages(num_warps: int, num_stages: int) -> None:
    rng = np.random.default_rng(4)
    a, w = normal(rng, (70, 130), "float16"), normal(rng, (67, 130), "int8").T
    config = GemmConfig(num_warps=num_warps, num_stages=num_stages)
    compare(gemm_mixed(a, w, out_dtype="float32", config=config), a, w, None)


def test_errors_name_value_bound_and_remedy() -> None:
    a, w = np.zeros((4, 8), np.float16), np.zeros((8, 6), np.int8)
    with pytest.raises(ValueError, match=r"inner extents differ: a is \(4, 8\), weights are \(6,"):
        gemm_mixed(a, w[2:])
    with pytest.raises(ValueError, match=r"scales have the shape \(5,\); weights of 6 columns"):
        gemm_mixed(a, w, np.ones(5, np.float32))
    with pytest.raises(ValueError, match=r"weights has elements of type float16"):
        gemm_mixed(a, w.astype(np.float16))
    with pytest.raises(ValueError, match=r"a has elements of type float32"):
        gemm_mixed(a.astype(np.float32), w)
    with pytest.raises(ValueError, match=r"out_dtype is int32; use one of"):
        gemm_mixed(a, w, out_dtype="int32")
