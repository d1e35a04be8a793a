"""Random numbers against a Philox of one's own: bit for bit where integers, bounded elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import arrays, examples, run
from hypothesis import given
from hypothesis import strategies as st
from language_support import assert_same

N = 64
# Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011: multipliers, Weyl steps.
CONSTANTS = {
    32: ((0xD2511F53, 0xCD9E8D57), (0x9E3779B9, 0xBB67AE85)),
    64: ((0xD2E7470EE14C6C93, 0xCA5A826395121157), (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)),
}


def philox(counter: list[int], key: tuple[int, int], bits: int, rounds: int) -> list[int]:
    """Philox 4x32 or 4x64 of one counter, in Python's integers."""
    (m0, m1), (w0, w1) = CONSTANTS[bits]
    mask = 2**bits - 1
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(rounds):
        p0, p1 = m0 * c0, m1 * c2
        c0, c1, c2, c3 = (p1 >> bits) ^ c1 ^ k0, p1 & mask, (p0 >> bits) ^ c3 ^ k1, p0 & mask
        k0, k1 = (k0 + w0) & mask, (k1 + w1) & mask
    return [c0, c1, c2, c3]


def test_the_reference_gives_the_known_answers():
    """The vectors of Random123's kat_vectors."""
    assert philox([0] * 4, (0, 0), 32, 10) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    ones = 0xFFFFFFFF
    assert philox([ones] * 4, (ones, ones), 32, 10) == [
        0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]  # fmt: skip


def words(seed: int, offsets: np.ndarray, rounds: int) -> np.ndarray:
    """[4, N] words, as randint4x makes them."""
    bits = offsets.dtype.itemsize * 8
    seed %= 2**64
    key = (seed & 0xFFFFFFFF, seed >> 32) if bits == 32 else (seed, 0)
    rows = [philox([int(o) % 2**bits, 0, 0, 0], key, bits, rounds) for o in offsets]
    return np.array(rows, f"u{bits // 8}").T


@pytest.mark.parametrize("name", ["int32", "uint32", "int64", "uint64"])
@examples(3)
@given(st.data(), st.integers(-(2**63), 2**63 - 1), st.sampled_from([10, 7, 1]))
def test_randint_is_philox_bit_for_bit(name, data, seed, rounds):
    offsets = data.draw(arrays(name, N))
    word = "uint64" if name.endswith("64") else "uint32"
    got = run(f"tl.randint4x(seed, x, {rounds})", *[(word, (N,))] * 4, x=offsets,
              seed=np.array(seed, np.int64))  # fmt: skip
    first, = run(f"tl.randint(seed, x, {rounds})", (word, (N,)), x=offsets,
                 seed=np.array(seed, np.int64))  # fmt: skip
    expected = words(seed, offsets, rounds)
    for found, wanted in zip([*got, first], [*expected, expected[0]], strict=True):
        assert_same(found, wanted)


@examples(3)
@given(st.data())
def test_philox_of_four_counters_is_bit_exact(data):
    counters = [data.draw(arrays("uint32", N)) for _ in range(4)]
    seed = data.draw(st.integers(0, 2**31))
    a, b, c, d = counters
    got = run(f"tl.philox({seed}, a, b, c, d)", *[("uint32", (N,))] * 4, a=a, b=b, c=c, d=d)
    expected = [philox([int(v) for v in row], (seed, 0), 32, 10)
                for row in zip(a, b, c, d, strict=True)]  # fmt: skip
    for found, wanted in zip(got, np.array(expected, np.uint32).T, strict=True):
        assert_same(found, wanted)


def uniform(word: np.ndarray) -> np.ndarray:
    """A word as a number in [0, 1): its upper half folded over, times just below 2**-31 (-63)."""
    signed = word.view(f"i{word.dtype.itemsize}")
    scale = np.float32(4.6566127342e-10 if word.dtype.itemsize == 4 else 1.0842020432385337e-19)
    return np.where(signed < 0, -signed - 1, signed).astype(np.float32) * scale


@pytest.mark.parametrize("name", ["int32", "int64"])
@examples(3)
@given(st.data(), st.integers(0, 2**63 - 1))
def test_rand_is_in_0_to_1_and_randn_is_box_and_mullers(name, data, seed):
    offsets = data.draw(arrays(name, N))
    base = words(seed, offsets, 10)
    seeds = np.array(seed, np.int64)
    (rand,) = run("tl.rand(seed, x)", ("float32", (N,)), x=offsets, seed=seeds)
    four = run("tl.rand4x(seed, x)", *[("float32", (N,))] * 4, x=offsets, seed=seeds)
    for found, word in zip([rand, *four], [base[0], *base], strict=True):
        assert_same(found, uniform(word))
        assert ((found >= 0) & (found < 1)).all()
    (normal,) = run("tl.randn(seed, x)", ("float32", (N,)), x=offsets, seed=seeds)
    u1, u2 = (uniform(word).astype(np.float64) for word in base[:2])
    wanted = np.sqrt(-2 * np.log(np.maximum(u1, 1e-7))) * np.cos(2 * np.pi * u2)
    # the angle is a float32 of up to 2 pi, so its half unit is 2.4e-7; the radius is at most 5.7
    assert np.abs(normal - wanted).max() < 5.7 * 1e-6


def test_edges_of_the_unit_interval_are_not_reached():
    x = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**31 + 1, 5, 7], np.uint32)
    (got,) = run("tl.random.uint_to_uniform_float(x)", ("float32", (8,)), x=x)
    assert_same(got, uniform(x))
    assert got.max() < 1 and got.min() == 0
