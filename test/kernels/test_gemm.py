"""Matrix products."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from accuracy import DTYPES, check, normal, sums
from cosmati.kernels.gemm import GemmConfig, gemm, reference

SMALL = GemmConfig(16, 16, 16, 2)
# M, N, K: nothing, one, below, at and above a block, several blocks, primes.
SHAPES = [
    (0, 5, 7), (5, 0, 7), (5, 7, 0), (1, 1, 1), (1, 17, 16), (16, 1, 17), (17, 16, 1),
    (15, 15, 15), (16, 16, 16), (17, 17, 17), (31, 33, 47), (48, 32, 64), (13, 29, 101),
]  # fmt: skip
PAIRS = [
    ("float32", "float32"), ("float16", "float16"), ("bfloat16", "bfloat16"), ("int8", "int8"),
    ("e4m3", "e4m3"), ("e5m2", "e5m2"), ("e4m3", "e5m2"),
]  # fmt: skip


def compare(got: np.ndarray, a: np.ndarray, b: np.ndarray, bias=None, activation=None) -> None:
    """Integers exactly; floats within c * eps * sqrt(K) * sum |a||b|, and one rounding."""
    want = reference(a, b, bias, activation)
    if a.dtype == np.int8:
        np.testing.assert_array_equal(got, want)
        return
    magnitude = reference(np.abs(a), np.abs(b), None if bias is None else np.abs(bias))
    # Activations have slopes of at most 1.13, and errors of their own around 1.
    scale = sums(np.sqrt(max(a.shape[1], 1)) * magnitude, got.dtype)
    if activation is not None:
        scale = 1.2 * scale + sums(1.0, got.dtype)
    check(got, want, scale + np.abs(want))


@pytest.mark.parametrize("types", PAIRS, ids="-".join)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_product(shape: tuple[int, int, int], types: tuple[str, str]) -> None:
    m, n, k = shape
    rng = np.random.default_rng(m * 10007 + n * 101 + k)
    a, b = normal(rng, (m, k), types[0]), normal(rng, (k, n), types[1])
    compare(gemm(a, b, config=SMALL), a, b)


@pytest.mark.parametrize("num_warps", [1, 4, 8])
@pytest.mark.parametrize("num_stages", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_warps_and_stages(num_warps: int, num_stages: int, dtype: str) -> None:
    rng = np.random.default_rng(0)
    a, b = normal(rng, (67, 70), dtype), normal(rng, (70, 65), dtype)
    config = GemmConfig(num_warps=num_warps, num_stages=num_stages)
    compare(gemm(a, b, config=config), a, b)


@pytest.mark.parametrize("blocks", [(128, 32, 32), (32, 128, 16), (16, 16, 64)], ids=str)
def test_blocks(blocks: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    a, b = normal(rng, (130, 40), "float16"), normal(rng, (40, 129), "float16")
    compare(gemm(a, b, config=GemmConfig(*blocks)), a, b)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "e4m3"])
@pytest.mark.parametrize("shape", [(63, 64, 65), (64, 65, 31), (65, 63, 33), (64, 64, 32)], ids=str)
def test_edges_of_the_default_block(shape: tuple[int, int, int], dtype: str) -> None:
    rng = np.random.default_rng(8)
    a, b = normal(rng, (shape[0], shape[2]), dtype), normal(rng, (shape[2], shape[1]), dtype)
    compare(gemm(a, b), a, b)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_strides(dtype: str) -> None:
    """Transposed, sliced, reversed and offset operands and results."""
    rng = np.random.default_rng(1)
    big_a, big_b = normal(rng, (60, 70), dtype), normal(rng, (70, 50), dtype)
    pairs = [
        (big_a, big_b),
        (normal(rng, (70, 60), dtype).T, big_b),
        (big_a, normal(rng, (50, 70), dtype).T),
        (big_a[::2, ::2], big_b[1::2, ::3]),
        (big_a[:, 1:18], big_b[3:20]),
        (big_a[::-1], big_b[:, ::-1]),
        (np.broadcast_to(big_a[:1], (9, 70)), big_b),
    ]
    for a, b in pairs:
        compare(gemm(a, b, config=SMALL), a, b)
    result_type = np.int32 if dtype == "int8" else np.float32
    for out in (np.zeros((50, 60), result_type).T, np.zeros((120, 100), result_type)[::2, 1::2]):
        assert gemm(big_a, big_b, out=out, config=SMALL) is out
        compare(out, big_a, big_b)


def test_results_outside_of_a_view_stay_untouched() -> None:
    rng = np.random.default_rng(2)
    a, b = normal(rng, (17, 5), "float32"), normal(rng, (5, 19), "float32")
    frame = np.full((21, 23), 7, np.float32)
    gemm(a, b, out=frame[2:19, 2:21], config=SMALL)
    compare(frame[2:19, 2:21], a, b)
    frame[2:19, 2:21] = 7
    assert (frame == 7).all()


@pytest.mark.parametrize("activation", ["relu", "gelu", "gelu_tanh", "silu", "sigmoid", "tanh"])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_bias_and_activation(activation: str, dtype: str) -> None:
    rng = np.random.default_rng(3)
    a, b = normal(rng, (33, 20), dtype), normal(rng, (20, 31), dtype)
    bias = normal(rng, (31,), dtype)
    compare(gemm(a, b, bias, activation, config=SMALL), a, b, bias, activation)
    compare(gemm(a, b, None, activation, config=SMALL), a, b, None, activation)


def test_activations_of_extreme_sums() -> None:
    """No inner product: the bias alone goes through the activation."""
    bias = np.array([0.0, -0.0, 1e-30, 20, -20, 100, -100, 3e38, -3e38, np.inf, -np.inf, np.nan],
                    np.float32)  # fmt: skip
    a, b = np.zeros((1, 0), np.float32), np.zeros((0, len(bias)), np.float32)
    for activation in ("relu", "sigmoid", "tanh", "gelu", "silu"):
        with np.errstate(all="ignore"):
            want = reference(a, b, bias, activation)
        got = gemm(a, b, bias, activation, config=SMALL)
        np.testing.assert_allclose(got, want, rtol=4e-6, atol=1e-30, err_msg=activation)


def test_integer_bias_relu_and_wrapping() -> None:
    rng = np.random.default_rng(4)
    a, b = normal(rng, (20, 33), "int8"), normal(rng, (33, 18), "int8")
    bias = rng.integers(-(2**31), 2**31, 18, dtype=np.int32)
    compare(gemm(a, b, bias, config=SMALL), a, b, bias)
    compare(gemm(a, b, bias, "relu", config=SMALL), a, b, bias, "relu")


def test_result_types() -> None:
    rng = np.random.default_rng(5)
    for source in ("float32", "float16", "bfloat16", "e4m3"):
        a, b = normal(rng, (20, 30), source), normal(rng, (30, 20), source)
        for out in ("float32", "float16", "bfloat16"):
            got = gemm(a, b, out_dtype=out, config=SMALL)
            assert str(got.dtype) == out
            compare(got, a, b)


def test_bytes_viewed_as_fp8() -> None:
    rng = np.random.default_rng(6)
    a, b = normal(rng, (20, 30), "e5m2"), normal(rng, (30, 20), "e5m2")
    views = [cosmati.view(x.view(np.uint8), tl.float8e5) for x in (a, b)]
    compare(gemm(*views, config=SMALL), a, b)


@cosmati.jit
def square(x):
    return x * x


def test_an_activation_of_ones_own() -> None:
    rng = np.random.default_rng(7)
    a, b = normal(rng, (20, 30), "float32"), normal(rng, (30, 20), "float32")
    np.testing.assert_allclose(gemm(a, b, activation=square, config=SMALL),
                               reference(a, b) ** 2, rtol=1e-4, atol=1e-4)  # fmt: skip


def test_fp8_products_of_nan_and_infinity() -> None:
    a = np.ones((16, 16), DTYPES["e5m2"])
    b = np.ones((16, 16), DTYPES["e5m2"])
    a[1, 2], a[2, 2], b[3, 4] = np.nan, np.inf, -np.inf
    got = gemm(a, b, config=SMALL)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(got, reference(a, b).astype(np.float32))


def test_errors_name_value_bound_and_remedy() -> None:
    a, b = np.zeros((4, 5), np.float32), np.zeros((5, 6), np.float32)
    with pytest.raises(ValueError, match=r"inner extents differ: a is \(4, 5\), b is \(4, 5\)"):
        gemm(a, a)
    with pytest.raises(ValueError, match=r"bias has the shape \(5,\); .* 6 columns needs \(6,\)"):
        gemm(a, b, np.zeros(5, np.float32))
    with pytest.raises(ValueError, match=r"activation is 'swish'; known are relu"):
        gemm(a, b, activation="swish")
    with pytest.raises(ValueError, match=r"block_k is 8; it must be a power of two from 16 to 256"):
        gemm(a, b, config=GemmConfig(block_k=8))
    with pytest.raises(ValueError, match=r"a has elements of type float64"):
        gemm(a.astype(np.float64), b)
    with pytest.raises(ValueError, match=r"activation is 'gelu', which has no meaning on int32"):
        gemm(a.astype(np.int8), b.astype(np.int8), activation="gelu")
    with pytest.raises(ValueError, match=r"a has the shape \(4,\); a matrix has 2 dimensions"):
        gemm(a[:, 0], b)
    with pytest.raises(ValueError, match=r"out has the shape \(4, 5\); this call needs \(4, 6\)"):
        gemm(a, b, out=np.zeros((4, 5), np.float32))
