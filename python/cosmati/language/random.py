"""Random numbers from a counter: Philox 4x32 and what is made of it.

Philox: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The number
depends on the seed and the element's offset alone: not on block shapes, warps or programs, and is
that of every device. Two elements with one seed and one offset get the same number. Words, and
uniform numbers made of them, have the bits that Triton gives.
"""

from __future__ import annotations

from cosmati.language import core, math
from cosmati.language.constexpr import constexpr
from cosmati.runtime.jit import jit

N_ROUNDS_DEFAULT = constexpr(10)


@jit
def philox_impl(c0, c1, c2, c3, k0, k1, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """``n_rounds`` rounds on a counter of four words and a key of two; uint32 or uint64.

    Examples
    --------
    >>> evaluate("tl.random.philox_impl(x, x, x, x, x, x)[0]", x=np.arange(2, dtype=np.uint32))
    array([1713891541,  897475542], dtype=uint32)
    """
    wide: constexpr = c0.dtype == core.uint64
    for _ in core.static_range(n_rounds):
        if wide:
            a = core.full(c0.shape, 0xD2E7470EE14C6C93, core.uint64)
            b = core.full(c0.shape, 0xCA5A826395121157, core.uint64)
        else:
            a = core.full(c0.shape, 0xD2511F53, core.uint32)
            b = core.full(c0.shape, 0xCD9E8D57, core.uint32)
        next0 = math.umulhi(b, c2) ^ c1 ^ k0
        next2 = math.umulhi(a, c0) ^ c3 ^ k1
        c1 = b * c2
        c3 = a * c0
        c0 = next0
        c2 = next2
        if wide:
            k0 = k0 + core.full(k0.shape, 0x9E3779B97F4A7C15, core.uint64)
            k1 = k1 + core.full(k1.shape, 0xBB67AE8584CAA73B, core.uint64)
        else:
            k0 = k0 + core.full(k0.shape, 0x9E3779B9, core.uint32)
            k1 = k1 + core.full(k1.shape, 0xBB67AE85, core.uint32)
    return c0, c1, c2, c3


@jit
def philox(seed, c0, c1, c2, c3, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """Four random words for a 64-bit seed and a counter of four words.

    Examples
    --------
    >>> evaluate("tl.philox(7, x, 0, 0, 0)[0]", x=np.arange(2, dtype=np.uint32))
    array([4099963437, 1747881627], dtype=uint32)
    """
    wide_seed = core.to_tensor(seed).to(core.uint64)
    c0 = core.to_tensor(c0)
    if c0.dtype.primitive_bitwidth == 32:
        low = (wide_seed & 0xFFFFFFFF).to(core.uint32)
        high = ((wide_seed >> 32) & 0xFFFFFFFF).to(core.uint32)
        zero = c0.to(core.uint32, bitcast=True) & 0
        return philox_impl(
            zero + c0.to(core.uint32, bitcast=True),
            zero + core.to_tensor(c1).to(core.uint32),
            zero + core.to_tensor(c2).to(core.uint32),
            zero + core.to_tensor(c3).to(core.uint32),
            zero + low,
            zero + high,
            n_rounds,
        )
    else:
        zero = c0.to(core.uint64, bitcast=True) & 0
        return philox_impl(
            zero + c0.to(core.uint64, bitcast=True),
            zero + core.to_tensor(c1).to(core.uint64),
            zero + core.to_tensor(c2).to(core.uint64),
            zero + core.to_tensor(c3).to(core.uint64),
            zero + wide_seed,
            zero,
            n_rounds,
        )


@jit
def randint4x(seed, offset, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """Four blocks of random uint32 (uint64 for 64-bit offsets), one per element of ``offset``.

    ``seed``: an integer scalar or block, of which 64 bits count. ``offset``: integers of 32 or 64
    bits; other types are an error. ``n_rounds``: fewer than 10 are faster and less random.

    Examples
    --------
    >>> evaluate("tl.randint4x(7, x)[3]", x=np.arange(2, dtype=np.int32))
    array([ 367897730, 4113952422], dtype=uint32)
    """
    zero = core.to_tensor(offset) & 0
    return philox(seed, offset, zero, zero, zero, n_rounds)


@jit
def randint(seed, offset, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """A block of random uint32; the first of randint4x, which costs the same.

    Examples
    --------
    >>> evaluate("tl.randint(7, x)", x=np.arange(2, dtype=np.int32))
    array([4099963437, 1747881627], dtype=uint32)
    """
    word, _, _, _ = randint4x(seed, offset, n_rounds)
    return word


@jit
def uint_to_uniform_float(x):
    """A random word as a float32 in [0, 1), of 31 (or 63) of its bits.

    Examples
    --------
    >>> evaluate("tl.random.uint_to_uniform_float(x)", x=np.array([0, 1 << 30], np.uint32))
    array([0.        , 0.49999997], dtype=float32)
    """
    if x.dtype.primitive_bitwidth == 32:
        signed = x.to(core.int32, bitcast=True)
        scale: constexpr = 4.6566127342e-10  # just below 2**-31, so that 1 is never reached
    else:
        signed = x.to(core.int64, bitcast=True)
        scale: constexpr = 1.0842020432385337e-19
    folded = core.where(signed < 0, -signed - 1, signed)
    return folded.to(core.float32) * scale


@jit
def rand(seed, offset, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """Uniform float32 in [0, 1), one per element of ``offset``; arguments as in randint4x.

    Examples
    --------
    >>> evaluate("tl.rand(7, x)", x=np.arange(2, dtype=np.int32))
    array([0.09080574, 0.81392074], dtype=float32)
    """
    return uint_to_uniform_float(randint(seed, offset, n_rounds))


@jit
def rand4x(seed, offsets, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """Four blocks of uniform float32 in [0, 1).

    Examples
    --------
    >>> evaluate("tl.rand4x(7, x)[3]", x=np.arange(2, dtype=np.int32))
    array([0.17131571, 0.08429161], dtype=float32)
    """
    a, b, c, d = randint4x(seed, offsets, n_rounds)
    return (
        uint_to_uniform_float(a),
        uint_to_uniform_float(b),
        uint_to_uniform_float(c),
        uint_to_uniform_float(d),
    )


@jit
def pair_uniform_to_normal(u1, u2):
    """Two uniform blocks as two normal ones (Box and Muller 1958), of at most 5.68 in size.

    Examples
    --------
    >>> evaluate("tl.random.pair_uniform_to_normal(x, x)[0]",
    ...          x=np.array([0.25, 0.5], np.float32)).round(3)
    array([-0.   , -1.177], dtype=float32)
    """
    u1 = core.maximum(1.0e-7, u1)
    angle = 6.283185307179586 * u2
    radius = math.sqrt(-2.0 * math.log(u1))
    return radius * math.cos(angle), radius * math.sin(angle)


@jit
def randn(seed, offset, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """Normal float32 with mean 0 and variance 1, one per element of ``offset``.

    Made of log, sqrt, sin and cos, hence with the bits of the numeric mode (``approx_math``).

    Examples
    --------
    >>> evaluate("tl.randn(7, x)", x=np.arange(2, dtype=np.int32)).round(3)
    array([-2.19 , -0.541], dtype=float32)
    """
    a, b, _, _ = randint4x(seed, offset, n_rounds)
    normal, _ = pair_uniform_to_normal(uint_to_uniform_float(a), uint_to_uniform_float(b))
    return normal


@jit
def randn4x(seed, offset, n_rounds: constexpr = N_ROUNDS_DEFAULT):
    """Four blocks of normal float32.

    Examples
    --------
    >>> evaluate("tl.randn4x(7, x)[3]", x=np.arange(2, dtype=np.int32)).round(3)
    array([1.513, 0.738], dtype=float32)
    """
    a, b, c, d = rand4x(seed, offset, n_rounds)
    n1, n2 = pair_uniform_to_normal(a, b)
    n3, n4 = pair_uniform_to_normal(c, d)
    return n1, n2, n3, n4


__all__ = [
    "pair_uniform_to_normal", "philox", "philox_impl", "rand", "rand4x", "randint", "randint4x",
    "randn", "randn4x", "uint_to_uniform_float",
]  # fmt: skip
