"""Products with packed weights of 4 bits."""

from __future__ import annotations

import numpy as np
import pytest
from accuracy import DTYPES, check, normal, sums
from cosmati.kernels.gemm import (
    GemmConfig,
    dequantize_int4,
    gemm_int4,
    pack_int4,
    quantize_int4,
    unpack_int4,
)

SMALL = GemmConfig(16, 16, 64, 2)
CODES = ["symmetric", "zero points", "nf4"]


def weights(rng: np.random.Generator, k: int, n: int, group: int, kind: str, dtype: str) -> tuple:
    """(packed, scales, zero points) of N(0, 1) weights."""
    return quantize_int4(
        rng.standard_normal((k, n)), group, symmetric=kind != "zero points",
        format="nf4" if kind == "nf4" else "int4", dtype=DTYPES[dtype],
    )  # fmt: skip


def compare(got: np.ndarray, a: np.ndarray, packed, scales, zero, format: str = "int4") -> None:
    """Within the bound of a product with the weights as the kernel must form them."""
    w = dequantize_int4(packed, scales, zero, format=format).astype(np.float64)
    wide = a.astype(np.float64)
    magnitude = np.abs(wide) @ np.abs(w)
    scale = sums(np.sqrt(max(a.shape[1], 1)) * magnitude, got.dtype)
    check(got, wide @ w, scale + np.abs(wide @ w))


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("group", [32, 64, 128])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_product(dtype: str, group: int, kind: str) -> None:
    rng = np.random.default_rng(group)
    packed = weights(rng, 256, 33, group, kind, dtype)
    a = normal(rng, (17, 256), dtype)
    format = "nf4" if kind == "nf4" else "int4"
    got = gemm_int4(a, *packed, format=format, config=SMALL)
    assert got.dtype == a.dtype
    compare(got, a, *packed, format=format)


@pytest.mark.parametrize("shape", [(0, 5, 64), (5, 0, 64), (5, 7, 0), (1, 1, 64), (16, 16, 128),
                                   (15, 17, 192), (33, 31, 320)], ids=str)  # fmt: skip
def test_shapes(shape: tuple[int, int, int]) -> None:
    m, n, k = shape
    rng = np.random.default_rng(m + n + k)
    packed = weights(rng, k, n, 64, "zero points", "float16")
    a = normal(rng, (m, k), "float16")
    compare(gemm_int4(a, *packed, out_dtype="float32", config=SMALL), a, *packed)


@pytest.mark.parametrize("num_warps", [1, 4, 8])
@pytest.mark.parametrize("num_stages", [1, 3])
def test_warps_and_stages(num_warps: int, num_stages: int) -> None:
    rng = np.random.default_rng(5)
    packed = weights(rng, 384, 70, 128, "symmetric", "float16")
    a = normal(rng, (67, 384), "float16")
    config = GemmConfig(64, 64, 64, num_warps=num_warps, num_stages=num_stages)
    compare(gemm_int4(a, *packed, config=config), a, *packed)


def test_strides_are_free() -> None:
    rng = np.random.default_rng(6)
    packed, scales, zero = weights(rng, 128, 20, 32, "zero points", "float16")
    a = normal(rng, (128, 40), "float16").T[::2]
    out = np.zeros((40, 40), np.float16)[::2, ::2]
    assert gemm_int4(a, np.ascontiguousarray(packed), scales, zero, out=out, config=SMALL) is out
    compare(out, a, packed, scales, zero)


def test_packing_is_as_documented() -> None:
    rng = np.random.default_rng(7)
    codes = rng.integers(0, 16, (128, 5))
    packed = pack_int4(codes)
    assert packed.shape == (64, 5) and packed.dtype == np.uint8 and packed.strides[0] == 1
    assert packed[32 + 3, 2] == codes[64 + 3, 2] | codes[64 + 3 + 32, 2] << 4
    np.testing.assert_array_equal(unpack_int4(packed), codes)


@pytest.mark.parametrize("kind", CODES)
def test_quantization_is_within_half_a_step(kind: str) -> None:
    rng = np.random.default_rng(8)
    w = rng.standard_normal((128, 9)).astype(np.float32)
    w[:, 3] = 0
    format = "nf4" if kind == "nf4" else "int4"
    packed, scales, zero = quantize_int4(
        w, 64, symmetric=kind != "zero points", format=format, dtype=np.float32
    )
    back = dequantize_int4(packed, scales, zero, format=format)
    widest = 0.31 if kind == "nf4" else 1.0  # the widest gap of NF4 is 0.304
    step = np.repeat(scales, 64, axis=0) * widest
    assert (np.abs(back - w) <= step * 0.501).all()
    assert (back[:, 3] == 0).all()


def test_errors_name_value_bound_and_remedy() -> None:
    a = np.zeros((4, 128), np.float16)
    packed, scales, zero = quantize_int4(np.zeros((128, 6)), 32, symmetric=False)
    with pytest.raises(ValueError, match=r"a has 100 columns; 4-bit weights need a multiple of 64"):
        gemm_int4(a[:, :100], packed, scales, zero)
    with pytest.raises(ValueError, match=r"packed is \(63, 6\); 128 columns of a need 64 rows"):
        gemm_int4(a, packed[1:], scales)
    with pytest.raises(ValueError, match=r"scales are \(3, 6\); 128 rows of 6 columns need"):
        gemm_int4(a, packed, scales[1:])
    with pytest.raises(ValueError, match=r"zero_points are \(4, 5\)"):
        gemm_int4(a, packed, scales, zero[:, 1:])
    with pytest.raises(ValueError, match=r"nf4 has no zero points: pass None"):
        gemm_int4(a, packed, scales, zero, format="nf4")
    with pytest.raises(ValueError, match=r"block_k is 32; 4-bit weights are packed in units of 64"):
        gemm_int4(a, packed, scales, config=GemmConfig())
    with pytest.raises(ValueError, match=r"codes span 0 to 16; 4 bits hold 0 to 15"):
        pack_int4(np.full((64, 1), 16) * np.eye(64, 1, dtype=int))
    with pytest.raises(ValueError, match=r"codes have 32 rows; the packing needs a multiple of 64"):
        pack_int4(np.zeros((32, 1), int))
