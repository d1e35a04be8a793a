"""Atomics: every operation on every type it has, results, masks, contention, orders and scopes."""

from __future__ import annotations

import cosmati
import cosmati.language as tl
import numpy as np
import pytest
from language_support import NUM_WARPS, assert_same, np_type, samples

WIDE = ["int32", "uint32", "int64", "uint64"]
WIDE_FLOATS = ["float32", "float64"]
TYPES = {
    "add": [*WIDE, "float16", "bfloat16", *WIDE_FLOATS],
    "max": WIDE + WIDE_FLOATS,
    "min": WIDE + WIDE_FLOATS,
    "and": WIDE,
    "or": WIDE,
    "xor": WIDE,
    "xchg": WIDE + WIDE_FLOATS,
}
REFERENCE = {
    "add": np.add, "max": np.maximum, "min": np.minimum, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "xchg": lambda old, new: new,
}  # fmt: skip
CASES = [(kind, name) for kind, names in TYPES.items() for name in names]
ORDERS = ["acquire", "release", "acq_rel", "relaxed", None]
SCOPES = ["gpu", "cta", "sys", None]


@cosmati.jit
def atomic(pointer, value, mask, KIND: tl.constexpr, SEM: tl.constexpr, SCOPE: tl.constexpr):
    if KIND == "add":
        return tl.atomic_add(pointer, value, mask, SEM, SCOPE)
    elif KIND == "max":
        return tl.atomic_max(pointer, value, mask=mask, sem=SEM, scope=SCOPE)
    elif KIND == "min":
        return tl.atomic_min(pointer, value, mask=mask, sem=SEM, scope=SCOPE)
    elif KIND == "and":
        return tl.atomic_and(pointer, value, mask=mask, sem=SEM, scope=SCOPE)
    elif KIND == "or":
        return tl.atomic_or(pointer, value, mask=mask, sem=SEM, scope=SCOPE)
    elif KIND == "xor":
        return tl.atomic_xor(pointer, value, mask=mask, sem=SEM, scope=SCOPE)
    else:
        return pointer.atomic_xchg(value, mask=mask, sem=SEM, scope=SCOPE)


@cosmati.jit
def elementwise_kernel(memory, values, old, n, KIND: tl.constexpr, SEM: tl.constexpr,
                       SCOPE: tl.constexpr, BLOCK: tl.constexpr):  # fmt: skip
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    value = tl.load(values + offs, mask=mask)
    before = atomic(memory + offs, value, mask, KIND, SEM, SCOPE)
    tl.static_assert(before.dtype == memory.dtype.element_ty)
    tl.store(old + offs, before, mask=mask)


def _values(name: str, size: int, seed: int) -> np.ndarray:
    if name in WIDE:
        return samples(name, size, seed)
    values = np.random.default_rng(seed).integers(-99, 99, size) / 2
    return values.astype(np_type(name))


@pytest.mark.parametrize("kind, name", CASES)
@pytest.mark.parametrize("num_warps", [1, 4])
def test_each_operation_on_each_type(kind, name, num_warps):
    n = 300
    memory, values = _values(name, n + 20, 1), _values(name, n + 20, 2)
    before, old = memory.copy(), np.zeros(n + 20, np_type(name))
    elementwise_kernel[(3,)](memory, values, old, n, KIND=kind, SEM=None, SCOPE=None, BLOCK=128,
                             num_warps=num_warps)  # fmt: skip
    expected = before.copy()
    with np.errstate(all="ignore"):
        expected[:n] = REFERENCE[kind](before[:n], values[:n])
    assert_same(memory, expected)
    assert_same(old[:n], before[:n], "what was there before")
    assert not old[n:].view(np.uint8).any()


@pytest.mark.parametrize("sem", ORDERS)
@pytest.mark.parametrize("scope", SCOPES)
def test_every_order_and_scope(sem, scope):
    memory = np.zeros(128, np.int32)
    compiled = elementwise_kernel[(1,)](memory, np.arange(128, dtype=np.int32), memory.copy(), 128,
                                        KIND="add", SEM=sem, SCOPE=scope, BLOCK=128)  # fmt: skip
    np.testing.assert_array_equal(memory, np.arange(128))
    assert f".{sem or 'acq_rel'}.{scope or 'gpu'}." in compiled.asm["ptx"]


@cosmati.jit
def contended_kernel(memory, values, index, n, KIND: tl.constexpr, BLOCK: tl.constexpr):
    offs = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    mask = offs < n
    place = tl.load(index + offs, mask=mask, other=0)
    atomic(memory + place, tl.load(values + offs, mask=mask), mask, KIND, None, None)


@pytest.mark.parametrize("kind, name", [c for c in CASES if c[0] != "xchg"])
def test_contended_elements(kind, name):
    n = 700
    index = np.random.default_rng(0).integers(0, 7, n).astype(np.int32)
    values = _values(name, n, 3)
    if name in ("float16", "bfloat16"):  # exact sums
        values = np.random.default_rng(1).integers(-1, 2, n).astype(np_type(name))
    memory = _values(name, 8, 4) if name in WIDE + WIDE_FLOATS else np.zeros(8, np_type(name))
    expected = memory.copy()
    for place, value in zip(index, values, strict=True):
        with np.errstate(all="ignore"):
            expected[place] = REFERENCE[kind](expected[place], value)
    contended_kernel[(6,)](memory, values, index, n, KIND=kind, BLOCK=128)
    assert_same(memory, expected)


@cosmati.jit
def ticket_kernel(counter, tickets, BLOCK: tl.constexpr):
    """Every element of every program takes a number of its own."""
    one = tl.full((BLOCK,), 1, counter.dtype.element_ty)
    ticket = tl.atomic_add(counter + tl.zeros((BLOCK,), tl.int32), one)
    tl.store(tickets + tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), ticket)


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("num_warps", NUM_WARPS)
def test_block_atomics_on_one_address_act_once_for_each_element(name, num_warps):
    counter, tickets = np.zeros(1, name), np.zeros(5 * 16, name)
    ticket_kernel[(5,)](counter, tickets, BLOCK=16, num_warps=num_warps)
    assert counter[0] == 80
    np.testing.assert_array_equal(np.sort(tickets), np.arange(80))


@cosmati.jit
def scalar_kernel(counter, out, KIND: tl.constexpr):
    """A scalar atomic acts once for a program; every thread sees what it gave."""
    before = atomic(counter, 3, None, KIND, None, None)
    offs = tl.arange(0, 64)
    tl.store(out + tl.program_id(0) * 64 + offs, before + tl.zeros((64,), tl.int32))


@pytest.mark.parametrize("kind", REFERENCE)
@pytest.mark.parametrize("num_warps", [1, 8])
def test_scalar_atomics_act_once_for_a_program(kind, num_warps):
    counter, out = np.array([5], np.int32), np.zeros((4, 64), np.int32)
    scalar_kernel[(4,)](counter, out, KIND=kind, num_warps=num_warps)
    states, value = [], np.int32(5)
    for _ in range(4):
        states.append(int(value))
        value = np.int32(REFERENCE[kind](value, np.int32(3)))
    assert counter[0] == value
    assert (out == out[:, :1]).all()
    assert sorted(out[:, 0].tolist()) == sorted(states)


@cosmati.jit
def masked_scalar(counter, flag):
    tl.atomic_add(counter, 1, mask=flag > 0)


def test_masked_scalar_atomics():
    for flag in (0, 1):
        counter = np.zeros(1, np.int32)
        masked_scalar[(3,)](counter, flag)
        assert counter[0] == 3 * flag


@cosmati.jit
def cas_kernel(memory, compare, values, old, BLOCK: tl.constexpr):
    offs = tl.arange(0, BLOCK)
    before = tl.atomic_cas(memory + offs, tl.load(compare + offs), tl.load(values + offs))
    tl.static_assert(before.dtype == memory.dtype.element_ty)
    tl.store(old + offs, before)


CAS_TYPES = ["int16", "uint16", "float16", "bfloat16", *WIDE, *WIDE_FLOATS]


@pytest.mark.parametrize("name", CAS_TYPES)
@pytest.mark.parametrize("num_warps", [1, 4])
def test_compare_and_swap(name, num_warps):
    memory, values = samples(name, 128, 1), samples(name, 128, 2)
    compare = np.where(np.arange(128) % 2 == 0, memory, samples(name, 128, 3))
    before, old = memory.copy(), np.zeros_like(memory)
    cas_kernel[(1,)](memory, compare, values, old, BLOCK=128, num_warps=num_warps)
    unsigned = f"u{memory.dtype.itemsize}"
    equal = before.view(unsigned) == compare.view(unsigned)
    expected = np.where(equal, values.view(unsigned), before.view(unsigned))
    np.testing.assert_array_equal(memory.view(unsigned), expected)
    np.testing.assert_array_equal(old.view(unsigned), before.view(unsigned))


@cosmati.jit
def spin_kernel(lock, counter, N: tl.constexpr):
    while tl.atomic_cas(lock, 0, 1, sem="acquire") != 0:
        pass
    offs = tl.arange(0, N)
    tl.store(counter + offs, tl.load(counter + offs) + 1)
    tl.debug_barrier()
    tl.atomic_xchg(lock, 0, sem="release")


@pytest.mark.parametrize("num_warps", [1, 4])
def test_a_lock_guards_a_block(num_warps):
    lock, counter = np.zeros(1, np.int32), np.zeros(64, np.int32)
    spin_kernel[(12,)](lock, counter, N=64, num_warps=num_warps)
    assert (counter == 12).all() and lock[0] == 0


@cosmati.jit
def extreme_floats(memory, values, N: tl.constexpr, LARGEST: tl.constexpr):
    value = tl.load(values + tl.arange(0, N))
    place = memory + tl.zeros((N,), tl.int32)
    if LARGEST:
        tl.atomic_max(place, value)
    else:
        tl.atomic_min(place, value)


@pytest.mark.parametrize("name", WIDE_FLOATS)
@pytest.mark.parametrize("start", [-3.0, 0.0, -0.0, 2.5, -np.inf, np.inf])
def test_float_extrema_of_both_signs(name, start):
    values = np.array([-1.5, -7.0, -1e-30, -0.25] * 8 + [1e-40, 0.5, -2.0, 3.0] * 8, name)
    for subset in (values[:32], values[32:]):
        for largest in (True, False):
            memory = np.array([start], name)
            extreme_floats[(1,)](memory, subset, N=32, LARGEST=largest)
            expected = max(start, subset.max()) if largest else min(start, subset.min())
            assert memory[0] == expected


@cosmati.jit
def refused(x, KIND: tl.constexpr, SEM: tl.constexpr, SCOPE: tl.constexpr):
    atomic(x, 1, None, KIND, SEM, SCOPE)


@pytest.mark.parametrize(
    "kind, name, sem, scope, message",
    [
        ("add", "int8", None, None, "atomic_add does not support int8"),
        ("max", "float16", None, None, "atomic_max does not support fp16"),
        ("and", "float32", None, None, "atomic_and does not support fp32"),
        ("add", "int32", "seq_cst", None, "Memory semantic seq_cst"),
        ("add", "int32", None, "world", "world"),
    ],
)
def test_what_is_refused(kind, name, sem, scope, message):
    with pytest.raises(cosmati.CompilationError, match=message):
        refused[(1,)](np.zeros(1, np_type(name)), KIND=kind, SEM=sem, SCOPE=scope)


@cosmati.jit
def contention_kernel(memory, old, VALUE: tl.constexpr, BLOCK: tl.constexpr):
    pointers = memory + tl.arange(0, BLOCK) % 2
    before = tl.atomic_add(pointers, tl.full((BLOCK,), VALUE, memory.dtype.element_ty))
    tl.store(old + tl.program_id(0) * BLOCK + tl.arange(0, BLOCK), before)


@pytest.mark.parametrize("target", ["sm_80", "sm_90a"])
def test_bfloat16_sums_lose_nothing_under_contention(target):
    """sm_80 has no instruction: a loop of compare-and-swap."""
    memory, old = np.zeros(2, np_type("bfloat16")), np.zeros(4 * 64, np_type("bfloat16"))
    contention_kernel[(4,)](memory, old, 1.0, 64, target=target, num_warps=2)
    assert memory.astype(float).tolist() == [128, 128]
    assert sorted(old.astype(int).tolist()) == sorted([*range(128)] * 2)


@pytest.mark.parametrize("sem", ORDERS)
def test_bfloat16_scalars_orders_and_masks_on_old_targets(sem):
    memory, values = np.ones(64, np_type("bfloat16")), _values("bfloat16", 64, 3)
    old = np.zeros_like(memory)
    elementwise_kernel[(1,)](memory, values, old, 50, "add", sem, "gpu", 64, target="sm_80")
    expected = np.ones_like(memory)
    expected[:50] += values[:50]
    assert_same(memory, expected, f"sums with sem={sem}")
    assert (old[:50] == 1).all()
