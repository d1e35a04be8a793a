// Random numbers from a counter, with the bits of `triton.language`: Philox 4x32 and what is made
// of it. J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include "cosmati/Math.h"

#include <array>

namespace cosmati {
namespace detail {

/// A seed: an integer scalar or number of any width.
template <typename X>
concept Seed = (AnyBlock<X> && std::is_integral_v<typename BlockTraits<X>::type> &&
                BlockTraits<X>::dims.rank == 0) ||
               std::is_integral_v<X>;

template <Seed X> Scalar<uint64_t> seedOf(const X &seed) {
  if constexpr (Number<X>)
    return Scalar<uint64_t>(static_cast<uint64_t>(seed));
  else
    return seed.template to<uint64_t>();
}

} // namespace detail

/// Four blocks of random words, one of each for every element of `offset`, for a 64-bit seed.
template <int... N, detail::Seed S>
std::array<Block<uint32_t, N...>, 4> randint4x(const S &seed, const Block<int32_t, N...> &offset,
                                               int rounds = 10) {
  using Words = Block<uint32_t, N...>;
  Scalar<uint64_t> wide = detail::seedOf(seed);
  Words zero = 0;
  Words c0 = offset.template bitcast<uint32_t>(), c1 = zero, c2 = zero, c3 = zero;
  Words k0 = zero + (wide & 0xffffffffu).template to<uint32_t>();
  Words k1 = zero + (wide >> 32).template to<uint32_t>();
  const Words a = 0xD2511F53u, b = 0xCD9E8D57u;
  for (int i = 0; i < rounds; ++i) {
    Words next0 = umulhi(b, c2) ^ c1 ^ k0, next2 = umulhi(a, c0) ^ c3 ^ k1;
    c1 = b * c2;
    c3 = a * c0;
    c0 = next0;
    c2 = next2;
    k0 += Words(0x9E3779B9u);
    k1 += Words(0xBB67AE85u);
  }
  return {c0, c1, c2, c3};
}
/// The first of randint4x.
template <int... N, detail::Seed S>
Block<uint32_t, N...> randint(const S &seed, const Block<int32_t, N...> &offset, int rounds = 10) {
  return randint4x(seed, offset, rounds)[0];
}

/// A random word as a float in [0, 1), of 31 of its bits.
template <int... N> Block<float, N...> uniformFloat(const Block<uint32_t, N...> &word) {
  auto bits = word.template bitcast<int32_t>();
  // Just below 2^-31, so that 1 is never reached.
  return where(bits < 0, -bits - 1, bits).template to<float>() * 4.6566127342e-10;
}
/// Uniform float in [0, 1), one for every element of `offset`.
template <int... N, detail::Seed S>
Block<float, N...> rand(const S &seed, const Block<int32_t, N...> &offset, int rounds = 10) {
  return uniformFloat(randint(seed, offset, rounds));
}
/// Normal float with mean 0 and variance 1 (Box and Muller 1958).
template <int... N, detail::Seed S>
Block<float, N...> randn(const S &seed, const Block<int32_t, N...> &offset, int rounds = 10) {
  auto words = randint4x(seed, offset, rounds);
  auto radius = sqrt(-2.0f * log(maximum(1.0e-7f, uniformFloat(words[0]))));
  return radius * cos(6.283185307179586f * uniformFloat(words[1]));
}

} // namespace cosmati
