"""Reductions over masked rows; every reduction and scan by itself: test/python/language."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import samples


@cosmati.jit
def softmax_rows(x, out, n, BLOCK: tl.constexpr):
    row = tl.program_id(0)
    offs = tl.arange(0, BLOCK)
    value = tl.load(x + row * n + offs, mask=offs < n, other=-float("inf"))
    tl.store(out + row * n + offs, tl.softmax(value), mask=offs < n)


@pytest.mark.parametrize("n", [1, 31, 64, 127, 1000])
def test_softmax(n):
    x = samples("float32", 3 * n).reshape(3, n) * 5
    out = np.zeros_like(x)
    softmax_rows[(3,)](x, out, n, BLOCK=max(cosmati.next_power_of_2(n), 2))
    wide = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    np.testing.assert_allclose(out, wide / wide.sum(axis=1, keepdims=True), rtol=2e-5)
