"""Products over types, warps, stages, targets, layouts, masks and borders, with all checkers on.

By default a sample of the combinations, which shows each value of each choice several times and
each type with each of them; ``--all-dots`` runs all, ``--dots-seed`` chooses another sample.
"""

from __future__ import annotations

import itertools
import random as choices
from dataclasses import replace

import cosmati
import numpy as np
import pytest
from error_bounds import dot_bound
from gemm_kernels import Product, gemm, result_of, shapes_around
from tensorcore_support import (
    SCHEDULES,
    TARGETS,
    TYPES,
    WARPS,
    Types,
    across_stages,
    assert_equal,
    assert_within,
    np_type,
    random,
    run,
    whole,
    wide,
)

F16 = Types("float16", "float16", "float32")
BLOCKS = [(16, 16, 16), (32, 32, 32), (64, 32, 32), (32, 64, 16), (16, 128, 64), (128, 32, 32),
          (64, 64, 64), (32, 16, 128), (64, 128, 32)]  # fmt: skip
ORDERS = list(itertools.product(("rows", "columns"), repeat=2))
MASKS = [("absent", 0), ("other", 0), ("other", 1)]
ACCS = ["zeros", "loaded", "none"]
# (elements between rows, elements before the first): 16-byte accesses possible, and not.
PLACES = [(0, 0), (16, 0), (1, 0), (0, 1), (3, 5)]


def _sample(types: Types, count: int, seed: int) -> list[Product]:
    """Choices drawn like cards, so that each value comes up before any does again."""
    rng = choices.Random(f"{types} {seed}")

    def deck(values):
        values = list(values)
        while True:
            rng.shuffle(values)
            yield from values

    decks = [deck(values) for values in (BLOCKS, ORDERS, MASKS, ACCS, PLACES, WARPS, TARGETS)]
    products = []
    for _ in range(count):
        block, order, mask, acc, place, warps, target = (next(d) for d in decks)
        if (block[0] + block[1]) * block[2] > 4096:
            warps = max(warps, 2)  # else a thread has so many elements that it compiles for long
        products.append(Product(types, block, acc, *mask, *order, *place, warps, None, target))
    return products


def _every(types: Types) -> list[Product]:
    every = itertools.product(BLOCKS, ACCS, MASKS, ORDERS, PLACES, WARPS, TARGETS)
    return [
        Product(types, block, acc, *mask, *order, *place, warps, None, target)
        for block, acc, mask, order, place, warps, target in every
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "product" not in metafunc.fixturenames:
        return
    full = metafunc.config.getoption("--all-dots", default=False)
    seed = metafunc.config.getoption("--dots-seed", default=0)
    count = getattr(metafunc.function, "sample", 2)
    products = [p for t in TYPES for p in (_every(t) if full else _sample(t, count, seed))]
    metafunc.parametrize("product", products, ids=str)


def _operands(product: Product, shape, make):
    m, n, k = shape
    types = product.types
    a, b = make((m, k), types.a, 1), make((k, n), types.b, 2)
    c = make((m, n), types.out, 3) if product.acc == "loaded" else None
    return a, b, c


def _whole_result(product: Product, a, b, c) -> np.ndarray:
    x, y = product.padded(a, b)
    expected = x @ y + (0 if c is None else wide(c))
    if product.types.out == "int32":
        expected = (expected.astype(np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    return expected.astype(np_type(product.types.out))


def test_whole_numbers_give_exact_products_over_all_borders(product):
    depths = product.depths()
    stages = choices.Random(str(product)).sample(depths, min(2, len(depths)))
    for number, shape in enumerate(shapes_around(product.block)):
        a, b, c = _operands(product, shape, whole)
        out = result_of(product, shape[:2], 3)
        grid, args, options = product.arguments(a, b, c, out)
        [got] = run(gemm, grid, args, [3], SCHEDULES[: 1 if number % 3 else 3],
                    num_stages=stages[number % len(stages)], **options)  # fmt: skip
        assert_equal(got, _whole_result(product, a, b, c), f"shape {shape}")


def test_random_values_stay_within_their_bound_and_are_the_same_for_all_stages(product):
    m, n, k = product.block
    shape = (m, n, 4 * k) if product.warps in (1, 4) else (m - 3, n - 5, 3 * k + 7)
    if shape[2] % k == 0:
        product = product.multiple()
    a, b, c = _operands(product, shape, random)
    grid, args, options = product.arguments(a, b, c, result_of(product, shape[:2]))
    [got] = across_stages(gemm, grid, args, [3], product.depths(), **options)
    types = product.types
    if types.out == "int32":
        return assert_equal(got, _whole_result(product, a, b, c))
    x, y = product.padded(a, b)
    acc = None if c is None else wide(c)
    bound = dot_bound(x, y, acc, types.name, types.out, types.precision)
    assert_within(got, x @ y + (0 if c is None else acc), bound, str(types))


test_random_values_stay_within_their_bound_and_are_the_same_for_all_stages.sample = 1


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("types", TYPES, ids=str)
def test_products_run_on_tensor_cores_from_a_pipeline(types, target):
    """What the other tests of this folder compare does come from the path that they are for."""
    product = Product(types, (64, 64, 32), target=target, mask="none")
    a, b = np.zeros((64, 64), np_type(types.a)), np.zeros((64, 64), np_type(types.b))
    _, args, options = product.arguments(a, b, None, result_of(product, (64, 64)))
    ptx = gemm.warmup(*args, **options, assemble=False).asm["ptx"]
    assert ("mma.sync" in ptx) == (types.precision != "ieee")
    assert "cp.async.cg.shared.global" in ptx or types.precision == "ieee"


@pytest.mark.parametrize("loop_stages", [1, 2, 5])
def test_stages_of_the_loop_win_over_those_of_the_kernel(loop_stages):
    product = Product(F16, stages=loop_stages)
    a, b = random((32, 200), "float16", 1), random((200, 32), "float16", 2)
    grid, args, options = product.arguments(a, b, None, result_of(product, (32, 32)))
    across_stages(gemm, grid, args, [3], stages=(1, 4), **options)


@pytest.mark.parametrize("blocks_of_k", [0, 1, 2, 3, 4, 5, 6, 9])
def test_trip_counts_below_and_above_the_stages(blocks_of_k):
    product = Product(F16, mask="none", warps=2)
    a, b = whole((32, 32 * blocks_of_k), "float16", 1), whole((32 * blocks_of_k, 32), "float16", 2)
    grid, args, options = product.arguments(a, b, None, result_of(product, (32, 32)))
    [got] = across_stages(gemm, grid, args, [3], **options)
    assert_equal(got, wide(a) @ wide(b))


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(order))
@pytest.mark.parametrize("name", ["int8", "float8e5", "float16", "float32", "float64"])
def test_transposed_operands_of_each_width(name, order):
    out = {"int8": "int32", "float64": "float64"}.get(name, "float32")
    types = Types(name, name, out, "tf32" if name == "float32" else None)
    product = Product(types, (32, 64, 32), a_order=order[0], b_order=order[1], mask="none")
    product = replace(product, pad=16, target=TARGETS[len(name) % 3])
    a, b = whole((64, 64), name, 1), whole((64, 64), name, 2)
    grid, args, options = product.arguments(a, b, None, result_of(product, (64, 64)))
    for warps in (4, 1 if name in ("int8", "float16") else 8):
        [got] = run(gemm, grid, args, [3], **{**options, "num_warps": warps})
        assert_equal(got, wide(a) @ wide(b))


@pytest.mark.parametrize("warps", WARPS)
@pytest.mark.parametrize(
    "block",
    [(16, 16, 16), (16, 128, 16), (128, 16, 32), (64, 128, 64), (128, 128, 32)],
    ids=lambda block: "x".join(map(str, block)),
)
def test_blocks_of_all_sizes_by_any_number_of_warps(block, warps):
    if warps == 1 and block[0] * block[1] > 4096:
        pytest.skip("an accumulator of more than 128 registers per thread")
    product = Product(F16, block, mask="none", warps=warps, stages=3)
    m, n, k = block[0], block[1], 3 * block[2]
    a, b = whole((m, k), "float16", 1), whole((k, n), "float16", 2)
    grid, args, options = product.arguments(a, b, None, result_of(product, (m, n)))
    [got] = run(gemm, grid, args, [3], **options)
    assert_equal(got, wide(a) @ wide(b))


@pytest.mark.parametrize("block, warps, target, stages", [
    ((128, 128, 32), 16, "sm_80", 4), ((128, 256, 64), 8, "sm_80", 3),
    ((128, 256, 64), 8, "sm_90a", 4), ((128, 128, 64), 8, "sm_89", 3),
], ids=str)  # fmt: skip
def test_the_large_blocks_of_real_kernels(block, warps, target, stages):
    product = Product(F16, block, mask="none", warps=warps, target=target)
    m, n, k = block[0], block[1], 5 * block[2]
    a, b = whole((m, k), "float16", 1), whole((k, n), "float16", 2)
    grid, args, options = product.arguments(a, b, None, result_of(product, (m, n)))
    [got] = run(gemm, grid, args, [3], num_stages=stages, **options)
    assert_equal(got, wide(a) @ wide(b))


def test_a_pipeline_that_does_not_fit_says_what_would():
    product = Product(F16, (128, 256, 64), mask="none", warps=8, target="sm_80")
    a, b = np.zeros((128, 64), np.float16), np.zeros((64, 256), np.float16)
    _, args, options = product.arguments(a, b, None, result_of(product, (128, 256)))
    with pytest.raises(cosmati.OutOfResources, match="num_stages=3 instead of 4: ") as caught:
        gemm.warmup(*args, num_stages=4, assemble=False, **options)
    assert "sm_80 has 166912 for one CTA" in str(caught.value)


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float8e5", "float64"])
def test_infinities_and_nans_spread_through_pipelines(name):
    types = Types(name, name, "float64" if name == "float64" else "float32")
    a, b = whole((32, 64), name, 1), np.ones((64, 32), np_type(name))
    a[0, 40], a[1, 3], a[2, 0], a[2, 63] = np.inf, np.nan, np.inf, -np.inf
    product = Product(types, warps=2)
    grid, args, options = product.arguments(a, b, None, result_of(product, (32, 32)))
    [got] = run(gemm, grid, args, [3], **options)
    assert np.isposinf(got[0]).all() and np.isnan(got[1]).all() and np.isnan(got[2]).all()
    assert_equal(got[3:], wide(a[3:]) @ wide(b))


def test_float16_accumulators_overflow_to_infinity():
    types = Types("float16", "float16", "float16")
    a, b = np.full((32, 64), 128, np.float16), np.full((64, 32), 128, np.float16)
    product = Product(types, mask="none")
    grid, args, options = product.arguments(a, b, None, result_of(product, (32, 32)))
    [got] = across_stages(gemm, grid, args, [3], stages=(1, 3), **options)
    assert np.isposinf(got).all()


def test_int8_sums_wrap():
    a, b = np.full((32, 64), -128, np.int8), np.full((64, 32), -128, np.int8)
    c = np.full((32, 32), 2**31 - 1, np.int32)
    product = Product(Types("int8", "int8", "int32"), acc="loaded")
    grid, args, options = product.arguments(a, b, c, result_of(product, (32, 32)))
    [got] = across_stages(gemm, grid, args, [3], stages=(1, 3), **options)
    assert (got == 64 * 128 * 128 - 2**31 - 1).all()
