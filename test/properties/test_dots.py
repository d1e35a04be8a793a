"""Dots: exact on whole numbers in every type and shape; accumulators of every shape in loops."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import examples, run
from hypothesis import given
from hypothesis import strategies as st
from language_support import np_type

TYPES = {"int8": "int32", "uint8": "int32", "float16": "float32", "bfloat16": "float32",
         "float32": "float32", "float64": "float64", "float8e4nv": "float32",
         "float8e5": "float32"}  # fmt: skip
EXTENTS = st.sampled_from([(16, 16, 16), (32, 16, 64), (16, 64, 32), (64, 32, 16), (2, 16, 16, 16),
                           (16, 8, 16), (1, 16, 16), (16, 1, 32), (4, 4, 16)])  # fmt: skip


def whole(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Whole numbers that every type holds, and whose products' sums are exact in float32."""
    low = 0 if name == "uint8" else -8
    return np.random.default_rng(seed).integers(low, 9, shape).astype(np_type(name))


@pytest.mark.parametrize("name", TYPES)
@examples(4)
@given(EXTENTS, st.integers(0, 99), st.sampled_from([1, 2, 4, 8]), st.booleans())
def test_whole_numbers_multiply_exactly(name, extents, seed, num_warps, transposed):
    *batch, m, n, k = extents
    out = TYPES[name]
    a, b = whole(name, (*batch, m, k), seed), whole(name, (*batch, k, n), seed + 1)
    acc = np.random.default_rng(seed).integers(-999, 999, (*batch, m, n)).astype(out)
    wanted = a.astype(np.float64) @ b.astype(np.float64) + acc.astype(np.float64)
    text, right = "tl.dot(a, b, acc)", b
    if transposed:
        text, right = "tl.dot(a, tl.trans(b), acc)", np.swapaxes(b, -1, -2).copy()
    (got,) = run(text, (out, (*batch, m, n)), num_warps=num_warps, a=a, b=right, acc=acc)
    np.testing.assert_array_equal(got.astype(np.float64), wanted)


@pytest.mark.parametrize("num_warps", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", ["float16", "float32", "int8"])
def test_truth_values_reach_a_dot_transposed(kind, num_warps):
    """Their conversion to the operand's layout comes before the cast to the operand's type."""
    x = np.random.default_rng(num_warps).integers(0, 2, (32, 16)).astype(bool)
    out = "int32" if kind == "int8" else "float32"
    text = f"y = -x\nz = y * y\nz, tl.dot(z.to(tl.{kind}), tl.trans(z).to(tl.{kind}))"
    same, got = run(text, ("bool", x.shape), (out, (32, 32)), num_warps=num_warps, target="sm_80",
                    x=x)  # fmt: skip
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(got, x.astype(out) @ x.T.astype(out))


ATTENTION = """
    top = tl.full(({m}, {one}), -float('inf'), tl.float32)
    total = tl.zeros(({m}, {one}), tl.float32)
    out = tl.zeros(({m}, 16), tl.float32)
    for i in range(0, 4):
        scores = tl.dot(q, tl.trans(k)) * (i * 0.25 + 0.25)
        peak = tl.maximum(top, tl.max(scores, 1, keep_dims={keep}))
        p = tl.exp(scores - peak{wide})
        scale = tl.exp(top - peak)
        total = total * scale + tl.sum(p, 1, keep_dims={keep})
        out = out * scale{wide} + tl.dot(p.to(tl.float16), v)
        top = peak
    out / total{wide}
"""


@pytest.mark.parametrize("form", ["column", "row"])
@examples(4)
@given(st.integers(0, 99), st.sampled_from([16, 32]), st.sampled_from([1, 2, 4, 8]))
def test_a_running_softmax_carries_columns_and_rows_alike(form, seed, m, num_warps):
    """Totals of shape [M, 1], kept by keep_dims, and of shape [M], spread by an index."""
    rng = np.random.default_rng(seed)
    q, k, v = (rng.standard_normal(s).astype(np.float16) for s in ((m, 16), (32, 16), (32, 16)))
    text = ATTENTION.format(m=m, one="1", keep=True, wide="")
    if form == "row":
        text = ATTENTION.format(m=m, one="", keep=False, wide="[:, None]").replace(", )", ",)")
    (got,) = run(text, ("float32", (m, 16)), num_warps=num_warps, q=q, k=k, v=v)
    scores = q.astype(np.float64) @ k.astype(np.float64).T
    weights = np.concatenate([np.exp(scores * c) for c in (0.25, 0.5, 0.75, 1.0)], 1)
    wanted = weights @ np.tile(v.astype(np.float64), (4, 1)) / weights.sum(1, keepdims=True)
    assert np.abs(got - wanted).max() < 4e-3  # p is a float16: 2**-11 of values below 4
