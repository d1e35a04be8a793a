"""Gradients of attention against float64."""

from __future__ import annotations

import attention_backward as zoo
import numpy as np
import pytest
from accuracy import check, eps
from attention_forward import attention, attention_reference, scores_reference
from zoo_tools import random, wide


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "n, dtype",
    [(32, "float32"), (1, "bfloat16"), (31, "bfloat16"), (33, "float32"), (67, "bfloat16")],
)
def test_attention_backward(n: int, causal: bool, dtype: str) -> None:
    q, k, v, do = (random(i, 1, 2, n, 16, dtype=dtype) for i in range(4))
    o, lse = attention(q, k, v, causal=causal)
    got = zoo.attention_backward(do, q, k, v, o, lse, causal)
    for h in range(2):
        operands = do[0, h], q[0, h], k[0, h], v[0, h]
        want, size = zoo.attention_backward_reference(*operands, causal)
        # Keys are scaled in their own type: a score is off by eps of it, and so is exp, relatively.
        lengths = (
            np.linalg.norm(wide(operands[1]), axis=-1).max(),
            np.linalg.norm(wide(operands[2]), axis=-1).max(),
        )
        score = lengths[0] * lengths[1] / 4 * eps(q.dtype) / 2
        sums = (np.sqrt(16) + 2 * np.sqrt(n)) * eps(np.float32)
        for a, b, c in zip(got, want, size, strict=True):
            # Weights and their gradients are rounded to the type of the values.
            check(a[0, h], b, c * (2 + (score + sums) / eps(q.dtype)))


def test_delta_is_the_row_sum() -> None:
    q, k, v = (random(i, 1, 1, 5, 16) for i in range(3))
    o, lse = attention(q, k, v)
    s = scores_reference(q[0, 0], k[0, 0])
    assert np.abs(attention_reference(s, v[0, 0])[1] - lse[0, 0]).max() < 1e-5
    delta = np.empty((1, 1, 5), np.float32)
    zoo.preprocess_kernel[(1, 1)](o, v, delta, 5, BLOCK_M=16, HEAD_DIM=16)
    check(
        delta[0, 0],
        (wide(o) * wide(v)).sum(-1)[0, 0],
        4 * (np.abs(wide(o) * wide(v))).sum(-1)[0, 0],
    )
