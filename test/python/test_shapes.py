"""Shape operations against NumPy."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from kernels_for_tests import block, samples


@cosmati.jit
def transposed(x):
    return tl.trans(x)


@cosmati.jit
def transposed_property(x):
    return x.T


@cosmati.jit
def permuted3(x):
    return tl.permute(x.reshape(4, 8, 16), 2, 0, 1)


@cosmati.jit
def broadcasted(x):
    return tl.broadcast_to(tl.sum(x, axis=1)[:, None], (16, 32))


@cosmati.jit
def joined(x):
    return tl.join(x, x + 1)


@cosmati.jit
def split_sum(x):
    low, high = tl.split(tl.reshape(x, (16, 16, 2)))
    return low * 3 + high


@cosmati.jit
def interleaved(x):
    return tl.interleave(x, -x)


@cosmati.jit
def raveled(x):
    return tl.ravel(x) + x.ravel()


@cosmati.jit
def concatenated(x):
    return tl.cat(x, x + 1, dim=0)


@cosmati.jit
def concatenated1(x):
    return tl.cat(x, x + 1, dim=1)


@cosmati.jit
def expanded(x):
    return tl.expand_dims(tl.sum(x, 0), (0, 2)) + 0


@cosmati.jit
def squeezed(x):
    return tl.squeeze(tl.unsqueeze(x, 1), 1)


@cosmati.jit
def gathered(x):
    index = tl.broadcast_to(((tl.arange(0, 32) * 7) % 32)[None, :], (16, 32))
    return tl.gather(x, index, 1)


X = samples("int32", 512).reshape(16, 32)
INDEX = (np.arange(32) * 7) % 32
CASES = {
    transposed: X.T,
    transposed_property: X.T,
    permuted3: X.reshape(4, 8, 16).transpose(2, 0, 1),
    broadcasted: np.broadcast_to(X.sum(axis=1, dtype=np.int32)[:, None], (16, 32)),
    joined: np.stack([X, X + 1], axis=-1),
    split_sum: X.reshape(16, 16, 2)[..., 0] * 3 + X.reshape(16, 16, 2)[..., 1],
    interleaved: np.stack([X, -X], axis=-1).reshape(16, 64),
    raveled: 2 * X.reshape(-1),
    concatenated: np.concatenate([X, X + 1], axis=0),
    concatenated1: np.concatenate([X, X + 1], axis=1),
    expanded: X.sum(axis=0, dtype=np.int32)[None, :, None],
    squeezed: X,
    gathered: X[:, INDEX],
}


@pytest.mark.parametrize("num_warps", [1, 4])
@pytest.mark.parametrize("fn", CASES, ids=lambda fn: fn.__name__)
def test_shape_operation(fn, num_warps):
    expected = np.ascontiguousarray(CASES[fn])
    got = block(fn, X, np.zeros(expected.shape, np.int32), num_warps=num_warps)
    np.testing.assert_array_equal(got, expected)


@cosmati.jit
def filled(out, VALUE: tl.constexpr, N: tl.constexpr):
    value = tl.full((N,), VALUE, out.dtype.element_ty)
    like = tl.zeros_like(value) + tl.zeros((N,), value.dtype)
    tl.store(out + tl.arange(0, N), value + like)


@pytest.mark.parametrize("name, value", [("int8", -3), ("uint64", 2**63), ("float32", 0.1)])
def test_full_and_zeros(name, value):
    out = np.zeros(64, name)
    filled[(1,)](out, VALUE=value, N=64)
    np.testing.assert_array_equal(out, np.full(64, value, name))


@cosmati.jit
def swizzled(out, rows: tl.constexpr, columns: tl.constexpr):
    pid = tl.program_id(0)
    i, j = tl.swizzle2d(pid // columns, pid % columns, rows, columns, 2)
    tl.store(out + i * columns + j, pid)


def test_swizzle2d_visits_every_index_once():
    out = np.full(15, -1, np.int32)
    swizzled[(15,)](out, rows=3, columns=5)
    assert sorted(out.tolist()) == list(range(15))
    assert out.reshape(3, 5)[:2, 0].tolist() == [0, 1]
