"""What surrounds the mathematics: exactly, or against float64."""

from __future__ import annotations

import idioms
import numpy as np
import pytest
from zoo_tools import near, random, wide


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("sizes", [(32, 64), (1,), (31, 33, 97)], ids=str)
def test_foreach_axpy(sizes: tuple[int, ...], dtype: str) -> None:
    xs = [random(i, n, dtype=dtype) for i, n in enumerate(sizes)]
    ys = [random(i + 9, n, dtype=dtype) for i, n in enumerate(sizes)]
    before = [wide(y) for y in ys]
    idioms.foreach_axpy(xs, ys, 0.5)
    for x, old, y in zip(xs, before, ys, strict=True):
        near(y, old + 0.5 * wide(x), np.abs(old) + np.abs(wide(x)))


@pytest.mark.parametrize("dtype", ["float16", "int8"])
@pytest.mark.parametrize("shape", [(16, 16), (1, 1), (15, 17), (37, 5)], ids=str)
def test_strided_copy(shape: tuple[int, int], dtype: str) -> None:
    x = random(1, shape[0], 2 * shape[1], dtype=dtype, scale=9)
    for source in (x[:, ::2], x[:, : shape[1]][::-1], x[:, : shape[1]].T):
        for target in (np.zeros_like(source), np.zeros(source.shape[::-1], x.dtype).T):
            idioms.strided_copy(source, target)
            np.testing.assert_array_equal(target, source)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("cols", [32, 1, 31, 33, 101])
def test_map_reduce(cols: int, dtype: str) -> None:
    x = random(1, 3, cols, dtype=dtype)
    want = (wide(x) ** 2).sum(-1)
    near(idioms.map_reduce(x, idioms.square, idioms.add, 0.0), want, want, cols)
    got = idioms.map_reduce(x, idioms.magnitude, idioms.larger, float("-inf"))
    np.testing.assert_array_equal(got, np.abs(wide(x)).max(-1))


@pytest.mark.parametrize("n", [64, 1, 63, 65, 131])
def test_packed_half(n: int) -> None:
    x, y = random(1, n, dtype="float16"), random(2, n, dtype="float16")
    want = wide(x) * wide(y) + wide(x)
    near(idioms.packed_half(x, y), want, np.abs(want))


@pytest.mark.parametrize("n", [32, 1, 31, 33, 97])
def test_min_max_asm(n: int) -> None:
    x, y = (np.random.default_rng(i).integers(-9, 9, n, dtype=np.int32) for i in (1, 2))
    low, high = idioms.min_max(x, y)
    np.testing.assert_array_equal(low, np.minimum(x, y))
    np.testing.assert_array_equal(high, np.maximum(x, y))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("n", [96, 1, 31, 33, 401])
def test_single_pass_scan(n: int, dtype: str) -> None:
    x = np.random.default_rng(n).integers(-99, 99, n).astype(dtype)
    np.testing.assert_array_equal(idioms.single_pass_scan(x), np.cumsum(x))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("n", [128, 1, 31, 33, 257])
def test_cooperative_norm(n: int, dtype: str) -> None:
    x = random(1, n, dtype=dtype)
    want = wide(x) / np.linalg.norm(wide(x))
    near(idioms.cooperative_norm(x), want, np.abs(want), n)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("shape", [(16, 32), (8, 8), (24, 40)], ids=str)
@pytest.mark.parametrize("relu", [False, True])
def test_descriptor_transform(shape: tuple[int, int], relu: bool, dtype: str) -> None:
    x = random(1, *shape, dtype=dtype)
    want = (np.maximum(wide(x), 0) if relu else wide(x)).T * 0.5
    np.testing.assert_array_equal(wide(idioms.descriptor_transform(x, 0.5, relu)), want)


@pytest.mark.parametrize("n", [64, 1, 63, 300])
def test_tuning_leaves_no_trace(n: int) -> None:
    x = np.arange(n, dtype=np.float32)
    for launch in range(2):
        total, count = idioms.tuned_step(x, 2.0)
        before = np.arange(n) + 2.0 * launch
        np.testing.assert_array_equal(x, before + 2)
        assert total[0] == before.sum()
        best = idioms.tuned_step_kernel.best_config
        assert count[0] == -(-n // best.kwargs["BLOCK"])
