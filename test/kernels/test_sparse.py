"""Pruning to 2:4 sparsity, and products with matrices of which half is stored."""

from __future__ import annotations

import cosmati
import ml_dtypes
import numpy as np
import pytest
from accuracy import DTYPES, check, normal, sums
from cosmati.kernels.sparse import (
    SparseConfig,
    bench,
    expand,
    prune,
    prune_reference,
    reference,
    sparse_gemm,
)
from cosmati.kernels.sparse.host import launch

TYPES = ["float32", "float16", "bfloat16", "int8", "e4m3", "e5m2"]
SMALL = SparseConfig(16, 16, 64, 2)
TF32_EPS = 2.0**-10


def same(got: np.ndarray, want: np.ndarray) -> None:
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got.view(f"u{got.itemsize}"), want.view(f"u{want.itemsize}"))


def compare(got: np.ndarray, values: np.ndarray, metadata: np.ndarray, b: np.ndarray) -> None:
    """Exact for int8; else within the bound of a product of the terms that are stored."""
    want = reference(values, metadata, b)
    if values.dtype == np.int8:
        np.testing.assert_array_equal(got, want)
        return
    dense = np.abs(expand(values, metadata, b.shape[0]).astype(np.float64))
    magnitude = dense @ np.abs(b.astype(np.float64))
    scale = sums(np.sqrt(max(b.shape[0], 1)) * magnitude, got.dtype) + np.abs(want)
    if values.dtype == np.float32:  # each operand is rounded to tf32, by half of its eps
        scale = scale + magnitude * (TF32_EPS / float(ml_dtypes.finfo(got.dtype).eps))
    check(got, want, scale)


@pytest.mark.parametrize("shape", [(1, 1), (16, 128), (17, 129), (5, 16), (33, 200), (3, 15)],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("dtype", TYPES)
def test_pruning_is_that_of_the_reference(dtype: str, shape: tuple[int, int]) -> None:
    x = normal(np.random.default_rng(1), shape, dtype)
    for got, want in zip(prune(x), prune_reference(x), strict=True):
        same(got, want)


@pytest.mark.parametrize("dtype", TYPES)
def test_equal_magnitudes_zeros_and_nans(dtype: str) -> None:
    rng = np.random.default_rng(2)
    x = rng.integers(-2, 3, (32, 96)).astype(DTYPES[dtype])
    if dtype == "int8":
        x[rng.random(x.shape) < 0.2] = -128
    else:
        x[rng.random(x.shape) < 0.2] = np.nan
        x[rng.random(x.shape) < 0.1] = -0.0
    for got, want in zip(prune(x), prune_reference(x), strict=True):
        same(got, want)


@pytest.mark.parametrize("dtype", TYPES)
def test_pruning_keeps_the_largest_and_loses_nothing_twice(dtype: str) -> None:
    x = normal(np.random.default_rng(3), (20, 80), dtype)
    values, metadata = prune(x)
    dense = expand(values, metadata, 80)
    group = 2 if dtype == "float32" else 4
    wide = np.abs(x.astype(np.float64)).reshape(20, -1, group)
    kept = np.abs(dense.astype(np.float64)).reshape(20, -1, group)
    np.testing.assert_array_equal(
        np.sort(kept, axis=2)[:, :, group // 2 :], np.sort(wide, axis=2)[:, :, group // 2 :]
    )
    assert ((kept > 0).sum(axis=2) <= group // 2).all()
    same(expand(*prune(dense), 80), dense)


def test_pruning_takes_any_strides_and_fills_what_it_is_given() -> None:
    x = normal(np.random.default_rng(4), (96, 70), "float16").T[::2, ::3]
    values = np.zeros((32, 35), np.float16)[:16].T
    metadata = np.zeros((70, 2), np.int16)[::2]
    assert prune(x, values=values, metadata=metadata)[0] is values
    for got, want in zip((values, metadata), prune_reference(x), strict=True):
        same(got.copy(), want)


SHAPES = [(0, 5, 7), (5, 0, 7), (5, 7, 0), (1, 1, 1), (17, 16, 33), (64, 65, 128), (13, 29, 101),
          (16, 16, 64)]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", TYPES)
def test_product(dtype: str, shape: tuple[int, int, int]) -> None:
    m, n, k = shape
    rng = np.random.default_rng(m + n + k)
    values, metadata = prune(normal(rng, (m, k), dtype))
    b = normal(rng, (k, n), dtype)
    got = sparse_gemm(values, metadata, b, config=SMALL)
    wide = dtype in ("float32", "e4m3", "e5m2")
    assert got.dtype == (np.int32 if dtype == "int8" else np.float32 if wide else b.dtype)
    compare(got, values, metadata, b)


@pytest.mark.parametrize("num_warps", [1, 2, 4, 8])
@pytest.mark.parametrize("num_stages", [1, 2, 4])
@pytest.mark.parametrize("dtype", ["float16", "int8", "float32"])
def test_warps_and_stages(dtype: str, num_stages: int, num_warps: int) -> None:
    rng = np.random.default_rng(5)
    values, metadata = prune(normal(rng, (70, 330), dtype))
    b = normal(rng, (330, 67), dtype)
    config = SparseConfig(num_warps=num_warps, num_stages=num_stages)
    compare(sparse_gemm(values, metadata, b, config=config), values, metadata, b)


@pytest.mark.parametrize("blocks", [(16, 64, 16), (64, 16, 32), (32, 32, 128), (128, 64, 64)],
                         ids=str)  # fmt: skip
@pytest.mark.parametrize("dtype", ["float16", "float32", "e4m3"])
def test_blocks(dtype: str, blocks: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(6)
    values, metadata = prune(normal(rng, (130, 150), dtype))
    b = normal(rng, (150, 66), dtype)
    got = sparse_gemm(values, metadata, b, out_dtype="float32", config=SparseConfig(*blocks))
    compare(got, values, metadata, b)


def test_strides_and_mixed_floats() -> None:
    rng = np.random.default_rng(7)
    values, metadata = prune(normal(rng, (40, 128), "e4m3"))
    b = normal(rng, (24, 128), "e5m2").T
    out = np.zeros((80, 24), np.float32)[::2]
    values = np.asfortranarray(values)
    assert sparse_gemm(values, np.asfortranarray(metadata), b, out=out, config=SMALL) is out
    compare(out, values, metadata, b)


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_all_operands_are_copied_ahead(dtype: str) -> None:
    rng = np.random.default_rng(8)
    values, metadata = prune(normal(rng, (64, 256), dtype))
    b = normal(rng, (256, 64), dtype)
    out = np.empty((64, 64), np.int32 if dtype == "int8" else np.float32)
    with cosmati.options(target="sm_80"):
        kernel = launch(values, metadata, b, out, SparseConfig())
    compare(out, values, metadata, b)
    ptx = kernel.asm["ptx"]
    instruction = "m16n8k64" if dtype == "int8" else "m16n8k32"
    assert ptx.count(f"mma.sp::ordered_metadata.sync.aligned.{instruction}") == (
        8 if dtype == "int8" else 16  # the fewest for 32 x 32 x 64 in each warp
    )
    assert kernel.remarks == []
    assert "ld.global" not in ptx


def test_bench_names_both_kernels() -> None:
    timings = bench(32, 32, 64, dtypes=("float16",), config=SMALL, repeats=1)
    assert [timing.name for timing in timings] == [
        "prune float16 32x64", "sparse gemm float16 32x32x64",
    ]  # fmt: skip


def test_errors_name_value_bound_and_remedy() -> None:
    values, metadata = prune(np.ones((4, 32), np.float16))
    b = np.zeros((32, 6), np.float16)
    with pytest.raises(ValueError, match=r"values are \(4, 16\) and metadata \(4, 2\); 64 rows of"):
        sparse_gemm(values, metadata, np.zeros((64, 6), np.float16))
    with pytest.raises(ValueError, match=r"metadata has elements of type int32"):
        sparse_gemm(values, metadata.astype(np.int32), b)
    with pytest.raises(ValueError, match=r"b has elements of type float32"):
        sparse_gemm(values, metadata, b.astype(np.float32))
    with pytest.raises(ValueError, match=r"out_dtype is int32; float16 operands allow"):
        sparse_gemm(values, metadata, b, out_dtype="int32")
    with pytest.raises(ValueError, match=r"block_k is 8; .*16"):
        sparse_gemm(values, metadata, b, config=SparseConfig(block_k=8))
    with pytest.raises(ValueError, match=r"x has the shape \(4,\); a matrix has 2 dimensions"):
        prune(np.ones(4, np.float16))
