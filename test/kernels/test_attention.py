"""Flash attention, forward."""

from __future__ import annotations

import cosmati
import numpy as np
import pytest
from accuracy import check, eps, normal
from cosmati.kernels.attention import AttentionConfig, attention, reference

SMALL = AttentionConfig(16, 16)


def make(rng, dtype: str, queries: int, keys: int, dim: int, heads=(2, 1), batch=1):
    q = normal(rng, (batch, heads[0], queries, dim), dtype)
    k = normal(rng, (batch, heads[1], keys, dim), dtype)
    return q, k, normal(rng, (batch, heads[1], keys, dim), dtype)


def compare(q, k, v, *, causal=False, scale=None, config=SMALL) -> None:
    """Within c * eps of the weighted sum of |v|, grown by the error of the scores.

    A score is a sum of head_dim products in float32, and exp makes its absolute error relative; the
    weights are rounded to the type of the values.
    """
    want, lse = reference(q, k, v, causal=causal, scale=scale)
    magnitude, _ = reference(q, k, np.abs(v), causal=causal, scale=scale)
    factor = 1 / np.sqrt(q.shape[-1]) if scale is None else scale
    norms = [np.linalg.norm(x.astype(np.float64), axis=-1).max(initial=0) for x in (q, k)]
    score_error = np.sqrt(q.shape[-1]) * abs(factor) * norms[0] * norms[1] * eps(np.float32)
    sums = np.sqrt(max(k.shape[2], 1)) * eps(np.float32)
    got, got_lse = attention(q, k, v, causal=causal, scale=scale, return_lse=True, config=config)
    check(got, want, magnitude * (1 + (score_error + sums) / eps(q.dtype)))
    assert got_lse.dtype == np.float32
    finite = np.where(np.isfinite(lse), lse, 0)
    check(got_lse, lse, np.abs(finite) + 1 + score_error / eps(np.float32))


@pytest.mark.parametrize("causal", [False, True], ids=["full", "causal"])
@pytest.mark.parametrize(
    "lengths",
    [(1, 1), (15, 15), (16, 16), (17, 17), (1, 33), (16, 48), (37, 53), (40, 16), (33, 1), (5, 0)],
    ids=str,
)
def test_lengths(lengths: tuple[int, int], causal: bool) -> None:
    rng = np.random.default_rng(lengths[0] * 100 + lengths[1])
    compare(*make(rng, "float32", *lengths, 16), causal=causal)


@pytest.mark.parametrize("dim", [16, 24, 32, 64, 80, 128])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_head_dims_and_types(dim: int, dtype: str) -> None:
    rng = np.random.default_rng(dim)
    compare(*make(rng, dtype, 19, 35, dim, (1, 1)), causal=dim % 32 == 0)


@pytest.mark.parametrize("heads", [(1, 1), (4, 4), (4, 2), (6, 1)], ids=str)
def test_grouped_heads_and_batch(heads: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    compare(*make(rng, "float16", 20, 24, 16, heads, batch=3), causal=True)


@pytest.mark.parametrize("num_warps", [1, 4, 8])
@pytest.mark.parametrize("num_stages", [1, 3])
def test_warps_and_stages(num_warps: int, num_stages: int) -> None:
    rng = np.random.default_rng(1)
    config = AttentionConfig(64, 32, num_warps, num_stages)
    compare(*make(rng, "float16", 70, 90, 32, (1, 1)), causal=True, config=config)


def test_blocks_of_the_tutorial() -> None:
    rng = np.random.default_rng(2)
    compare(*make(rng, "float16", 130, 130, 64, (1, 1)), causal=True, config=AttentionConfig())


def test_strides_and_scale() -> None:
    """[batch, length, heads, dim] in memory, as layers of a network have it."""
    rng = np.random.default_rng(3)
    q = normal(rng, (2, 21, 4, 16), "float32").transpose(0, 2, 1, 3)
    packed = normal(rng, (2, 27, 2, 2, 16), "float32")
    k, v = (packed[:, :, i].transpose(0, 2, 1, 3) for i in range(2))
    compare(q, k, v, scale=0.5)
    compare(q[:, :, ::2], k, v, scale=0.0, causal=True)
    compare(q, k, v, scale=-1.0)


def test_large_scores_do_not_overflow() -> None:
    rng = np.random.default_rng(4)
    q, k, v = make(rng, "float32", 20, 40, 16, (1, 1))
    got = attention(q * 100, k * 100, v, config=SMALL)
    assert np.isfinite(got).all()
    want, _ = reference(q * 100, k * 100, v)
    np.testing.assert_allclose(got, want, atol=2e-2)


def test_queries_that_see_no_key() -> None:
    """More queries than keys, causal: the first ones see nothing."""
    rng = np.random.default_rng(5)
    q, k, v = make(rng, "float32", 20, 4, 16, (1, 1))
    got, lse = attention(q, k, v, causal=True, return_lse=True, config=SMALL)
    assert (got[:, :, :16] == 0).all()
    assert np.isneginf(lse[:, :, :16]).all()
    assert np.isfinite(lse[:, :, 16:]).all()


def test_empty_batch_and_heads() -> None:
    for shape in ((0, 2, 3, 16), (1, 0, 3, 16), (1, 2, 0, 16)):
        x = np.zeros(shape, np.float32)
        assert attention(x, x, x).shape == shape


def test_errors_name_value_bound_and_remedy() -> None:
    q = np.zeros((1, 4, 8, 16), np.float32)
    with pytest.raises(ValueError, match=r"4 query heads can't share 3 key heads"):
        attention(q, q[:, :3], q[:, :3])
    with pytest.raises(ValueError, match=r"head_dim is 256; it must be 1 to 128"):
        big = np.zeros((1, 1, 4, 256), np.float32)
        attention(big, big, big)
    with pytest.raises(ValueError, match=r"k is .* and v is .*; they must agree"):
        attention(q, q, q[:, :, :4])
    with pytest.raises(ValueError, match=r"q has the shape \(4, 8, 16\)"):
        attention(q[0], q, q)
    with pytest.raises(ValueError, match=r"scale is nan; it must be finite"):
        attention(q, q, q, scale=float("nan"))
    with pytest.raises(ValueError, match=r"block_m is 48; it must be a power of two"):
        attention(q, q, q, config=AttentionConfig(block_m=48))


@pytest.mark.parametrize("target", ["sm_80", "sm_89", "sm_90a"])
@pytest.mark.parametrize("head_dim", [16, 64, 100, 128])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_default_fits_every_target(dtype: str, head_dim: int, target: str) -> None:
    q = np.zeros((1, 1, 70, head_dim), dtype)
    with cosmati.options(target=target):
        for precision in ("ieee", "tf32") if dtype == "float32" else ("ieee",):
            assert (attention(q, q, q, precision=precision) == 0).all()
