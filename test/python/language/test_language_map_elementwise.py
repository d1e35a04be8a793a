"""map_elementwise: control flow per element, several results, pack, errors."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from cosmati.errors import CompilationError
from language_support import NUM_WARPS


@cosmati.jit
def branch_and_loop(x, y):
    r = x
    if x > 0:
        for _ in range(y):
            r = r * 0.5
    else:
        r = tl.exp(x) - 1
    return r, y + 1


@cosmati.jit
def two_results_kernel(A, B, C, D, N: tl.constexpr):
    i = tl.arange(0, N)
    c, d = tl.map_elementwise(branch_and_loop, tl.load(A + i), tl.load(B + i))
    tl.store(C + i, c)
    tl.store(D + i, d)


@pytest.mark.parametrize("num_warps", NUM_WARPS)
@pytest.mark.parametrize("size", [1, 4, 32, 512])
def test_branches_and_loops_are_each_elements_own(size, num_warps):
    rng = np.random.default_rng(size)
    a = rng.standard_normal(size).astype(np.float32)
    b = rng.integers(0, 9, size).astype(np.int32)
    c, d = np.zeros(size, np.float32), np.zeros(size, np.int32)
    two_results_kernel[(1,)](a, b, c, d, size, num_warps=num_warps)
    expected = np.where(a > 0, a * np.float32(0.5) ** b, np.expm1(a.astype(float)))
    np.testing.assert_allclose(c, expected, rtol=2e-6, atol=2e-7)
    np.testing.assert_array_equal(d, b + 1)


@cosmati.jit
def collatz(n):
    steps = n * 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@cosmati.jit
def collatz_kernel(X, out, N: tl.constexpr):
    i = tl.arange(0, N)
    tl.store(out + i, tl.map_elementwise(collatz, tl.load(X + i)))


@pytest.mark.parametrize("name", ["int32", "int64", "uint16", "uint64"])
def test_while_loops_end_for_each_element_by_itself(name):
    x = np.arange(1, 65).astype(name)
    out = np.zeros_like(x)
    collatz_kernel[(1,)](x, out, 64, num_warps=1)

    def steps(n):
        return 0 if n == 1 else 1 + steps(n // 2 if n % 2 == 0 else 3 * n + 1)

    assert out.tolist() == [steps(int(n)) for n in x]


@cosmati.jit
def swap_pair(a0, a1, b0, b1):
    # Each element keeps its own result: the order within a group is not defined.
    return a0 + b0, a1 + b1, a0 - b0, a1 - b1


@cosmati.jit
def packed_kernel(A, B, C, D, M: tl.constexpr, N: tl.constexpr):
    i = tl.arange(0, M)[:, None] * N + tl.arange(0, N)[None, :]
    c, d = tl.map_elementwise(swap_pair, tl.load(A + i), tl.load(B + i), pack=2)
    tl.store(C + i, c)
    tl.store(D + i, d)


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.float16])
@pytest.mark.parametrize("shape", [(1, 1), (8, 4), (32, 32)])
def test_a_function_of_pairs_gets_and_gives_two_elements(shape, dtype):
    rng = np.random.default_rng(1)
    a, b = (rng.integers(-50, 50, shape).astype(dtype) for _ in range(2))
    c, d = np.zeros(shape, dtype), np.zeros(shape, dtype)
    packed_kernel[(1,)](a, b, c, d, *shape)
    np.testing.assert_array_equal(c, a + b)
    np.testing.assert_array_equal(d, a - b)


@cosmati.jit
def lookup(table, index, bound):
    value = 0.0
    if index < bound:
        value = tl.load(table + index)
    return value


@cosmati.jit
def lookup_kernel(table, indices, out, bound, N: tl.constexpr):
    i = tl.arange(0, N)
    tl.store(out + i, tl.map_elementwise(lookup, table, tl.load(indices + i), bound))


def test_scalars_are_broadcast_and_the_function_may_load():
    table, n = np.arange(10, dtype=np.float32) + 0.5, 64
    indices = np.random.default_rng(0).integers(0, 20, n).astype(np.int32)
    out = np.zeros(n, np.float32)
    lookup_kernel[(1,)](table, indices, out, 10, n)
    padded = np.concatenate([table, np.zeros(10, np.float32)])
    np.testing.assert_array_equal(out, padded[indices])


@cosmati.jit
def in_loop_kernel(X, Y, out, steps, N: tl.constexpr):
    i = tl.arange(0, N)
    acc = tl.zeros((N, N), tl.float32)
    for _ in range(steps):
        x = tl.load(X + i[:, None] * N + i[None, :])
        y = tl.load(Y + i[:, None] * N + i[None, :])
        acc += tl.map_elementwise(relu, tl.dot(x, y))
    tl.store(out + i[:, None] * N + i[None, :], acc)


@cosmati.jit
def relu(x):
    return x if x > 0 else x * 0


def test_the_result_of_a_dot_in_a_loop():
    rng = np.random.default_rng(5)
    x, y = (rng.integers(-4, 4, (32, 32)).astype(np.float16) for _ in range(2))
    out = np.zeros((32, 32), np.float32)
    in_loop_kernel[(1,)](x, y, out, 3, 32)
    np.testing.assert_array_equal(out, 3 * np.maximum(x.astype(np.float32) @ y, 0))


@cosmati.jit
def store_it(pointer, x):
    tl.store(pointer, x)
    return x


@cosmati.jit
def makes_a_block(pointer, x):
    return x + tl.sum(tl.arange(0, 4))


@cosmati.jit
def returns_nothing(pointer, x):
    pass


@cosmati.jit
def returns_three(pointer, x):
    return x, x, x


@cosmati.jit
def returns_a_mixture(p0, p1, x0, x1):
    return x0, x1 > 0


@cosmati.jit
def faulty_kernel(X, FUNCTION: tl.constexpr, PACK: tl.constexpr):
    i = tl.arange(0, 64)
    r = tl.map_elementwise(FUNCTION, X + i, tl.load(X + i), pack=PACK)
    tl.store(X + i, r)


@pytest.mark.parametrize(
    ("function", "pack", "message"),
    [
        (store_it, 1, r"runs for single elements.*tile.store"),
        (makes_a_block, 1, r"runs for single elements.*it makes a block"),
        (returns_nothing, 1, r"returns nothing; it returns scalars"),
        (returns_a_mixture, 2, r"type mismatch in unpacked results.*int32 and int1"),
        (returns_three, 0, r"pack must be >= 1, got 0"),
    ],
)
def test_what_a_function_of_elements_can_not_do(function, pack, message):
    with pytest.raises(cosmati.CosmatiError, match=message) as caught:
        faulty_kernel[(1,)](np.zeros(64, np.int32), function, pack)
    assert isinstance(caught.value, CompilationError)
