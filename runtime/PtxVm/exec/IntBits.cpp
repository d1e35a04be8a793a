//===- IntBits.cpp - bit fields, counts, byte permutation, funnel shifts --===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"
#include <type_traits>

namespace cosmati::ptxvm {
namespace {

struct Popc {
  static uint32_t apply(uint32_t a) { return uint32_t(__builtin_popcount(a)); }
  static uint32_t apply(uint64_t a) { return uint32_t(__builtin_popcountll(a)); }
};
struct Clz {
  static uint32_t apply(uint32_t a) { return a ? uint32_t(__builtin_clz(a)) : 32; }
  static uint32_t apply(uint64_t a) { return a ? uint32_t(__builtin_clzll(a)) : 64; }
};
struct Brev {
  static uint32_t apply(uint32_t a) {
    a = (a >> 1 & 0x55555555u) | (a & 0x55555555u) << 1;
    a = (a >> 2 & 0x33333333u) | (a & 0x33333333u) << 2;
    a = (a >> 4 & 0x0f0f0f0fu) | (a & 0x0f0f0f0fu) << 4;
    return __builtin_bswap32(a);
  }
  static uint64_t apply(uint64_t a) {
    return uint64_t(apply(uint32_t(a))) << 32 | apply(uint32_t(a >> 32));
  }
};
/// Position of the most significant bit that differs from the sign; all ones if none.
template <bool ShiftAmount> struct Bfind {
  template <class T> static uint32_t apply(T a) {
    using Bits = std::make_unsigned_t<T>;
    Bits v = T(-1) < T(0) && a < 0 ? Bits(~Bits(a)) : Bits(a);
    if (v == 0)
      return 0xffffffffu;
    uint32_t top = 8 * sizeof(T) - 1;
    uint32_t position = top - Clz::apply(v);
    if (sizeof(T) == 4)
      position = 31 - Clz::apply(uint32_t(v));
    return ShiftAmount ? top - position : position;
  }
};
/// Field of `length` bits at `position`; beyond the register the sign (or zero) goes on.
struct Bfe {
  template <class T> static T apply(T a, uint32_t position, uint32_t length) {
    using Bits = std::make_unsigned_t<T>;
    constexpr uint32_t width = 8 * sizeof(T);
    uint32_t pos = position & 0xff, len = length & 0xff;
    if (len == 0)
      return 0;
    uint32_t top = pos + len - 1 < width - 1 ? pos + len - 1 : width - 1;
    bool sign = T(-1) < T(0) && (Bits(a) >> top & 1);
    Bits field = pos < width ? Bits(a) >> pos : 0;
    uint32_t known = pos < width ? (len < width - pos ? len : width - pos) : 0;
    Bits keep = known >= width ? ~Bits(0) : (Bits(1) << known) - 1;
    return T((field & keep) | (sign ? ~keep : 0));
  }
};
struct Bfi {
  template <class T> static T apply(T a, T b, uint32_t position, uint32_t length) {
    constexpr uint32_t width = 8 * sizeof(T);
    uint32_t pos = position & 0xff, len = length & 0xff;
    if (pos >= width || len == 0)
      return b;
    T keep = len >= width ? ~T(0) : (T(1) << len) - 1;
    return T((b & ~(keep << pos)) | ((a & keep) << pos));
  }
};
/// Position of the n-th set bit counted from `base`, upwards for n > 0, downwards for n < 0.
struct Fns {
  static uint32_t apply(uint32_t mask, uint32_t base, int32_t n) {
    if (base > 31)
      return 0xffffffffu;
    if (n == 0)
      return mask >> base & 1 ? base : 0xffffffffu;
    int32_t step = n > 0 ? 1 : -1;
    uint32_t left = n > 0 ? uint32_t(n) : 0 - uint32_t(n);
    for (int32_t p = int32_t(base); p >= 0 && p < 32; p += step)
      if ((mask >> p & 1) && --left == 0)
        return uint32_t(p);
    return 0xffffffffu;
  }
};
template <bool Wrap> struct Szext {
  template <class T> static T apply(T a, uint32_t bits) {
    uint32_t n = Wrap ? bits & 31 : bits;
    if (n >= 32)
      return a;
    if (n == 0)
      return 0;
    return T(-1) < T(0) ? T(int32_t(uint32_t(a) << (32 - n)) >> (32 - n))
                        : T(uint32_t(a) << (32 - n) >> (32 - n));
  }
};
template <bool Wrap> struct Bmsk {
  static uint32_t apply(uint32_t from, uint32_t count) {
    uint32_t p = Wrap ? from & 31 : from, n = Wrap ? count & 31 : count;
    if (p > 31 || n == 0)
      return 0;
    uint32_t ones = n > 31 ? 0xffffffffu : (1u << n) - 1;
    return ones << p;
  }
};
template <bool Left, bool Wrap> struct Shf {
  static uint32_t apply(uint32_t lo, uint32_t hi, uint32_t amount) {
    uint32_t n = Wrap ? amount & 31 : amount < 32 ? amount : 32;
    uint64_t both = uint64_t(hi) << 32 | lo;
    return Left ? uint32_t(both << n >> 32) : uint32_t(both >> n);
  }
};

/// Eight bytes {b,a}; each nibble of the selector picks one, its top bit replicates the sign.
struct Prmt {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t selector) {
    uint64_t bytes = uint64_t(b) << 32 | a;
    uint32_t d = 0;
    for (unsigned k = 0; k < 4; ++k) {
      uint32_t nibble = selector >> (4 * k) & 15;
      uint32_t byte = uint32_t(bytes >> (8 * (nibble & 7))) & 0xff;
      uint32_t sign = 0u - (byte >> 7);
      d |= ((nibble & 8 ? sign : byte) & 0xff) << (8 * k);
    }
    return d;
  }
};
/// The named modes are fixed selectors, chosen by the low two bits of c.
template <Mod M> struct PrmtMode {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    constexpr uint32_t table[6][4] = {
        {0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
        {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
        {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
    return Prmt::apply(a, b, table[unsigned(M) - unsigned(Mod::f4e)][c & 3]);
  }
};

using B32 = uint32_t;
using B64 = uint64_t;
template <class Op> Handler count(ScalarType t) {
  return t == ScalarType::B64 ? unary<Op, B32, B64> : unary<Op, B32, B32>;
}
template <class Op> Handler findFor(ScalarType t) {
  switch (t) {
  case ScalarType::U32:
    return unary<Op, B32, uint32_t>;
  case ScalarType::S32:
    return unary<Op, B32, int32_t>;
  case ScalarType::U64:
    return unary<Op, B32, uint64_t>;
  default:
    return unary<Op, B32, int64_t>;
  }
}
Handler bfe(ScalarType t) {
  switch (t) {
  case ScalarType::U32:
    return ternary<Bfe, uint32_t, uint32_t, B32, B32>;
  case ScalarType::S32:
    return ternary<Bfe, int32_t, int32_t, B32, B32>;
  case ScalarType::U64:
    return ternary<Bfe, uint64_t, uint64_t, B32, B32>;
  default:
    return ternary<Bfe, int64_t, int64_t, B32, B32>;
  }
}
template <bool Wrap> Handler szext(ScalarType t) {
  return t == ScalarType::U32 ? binary<Szext<Wrap>, uint32_t, uint32_t, B32>
                              : binary<Szext<Wrap>, int32_t, int32_t, B32>;
}
template <class Op> Handler three() { return ternary<Op, B32, B32, B32, B32>; }
Handler prmt(const Selection &s) {
  if (has(s, Mod::f4e))
    return three<PrmtMode<Mod::f4e>>();
  if (has(s, Mod::b4e))
    return three<PrmtMode<Mod::b4e>>();
  if (has(s, Mod::rc8))
    return three<PrmtMode<Mod::rc8>>();
  if (has(s, Mod::ecl))
    return three<PrmtMode<Mod::ecl>>();
  if (has(s, Mod::ecr))
    return three<PrmtMode<Mod::ecr>>();
  if (has(s, Mod::rc16))
    return three<PrmtMode<Mod::rc16>>();
  return three<Prmt>();
}
Handler shf(const Selection &s) {
  bool wrap = has(s, Mod::wrap);
  if (has(s, Mod::l))
    return wrap ? three<Shf<true, true>>() : three<Shf<true, false>>();
  return wrap ? three<Shf<false, true>>() : three<Shf<false, false>>();
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectIntBits(const Selection &s) {
  bool wrap = has(s, Mod::wrap), wide = s.t[0] == ScalarType::B64;
  switch (s.id) {
  case InstId::Popc:
    return count<Popc>(s.t[0]);
  case InstId::Clz:
    return count<Clz>(s.t[0]);
  case InstId::Brev:
    return wide ? unary<Brev, B64, B64> : unary<Brev, B32, B32>;
  case InstId::Bfind:
    return has(s, Mod::shiftamt) ? findFor<Bfind<true>>(s.t[0]) : findFor<Bfind<false>>(s.t[0]);
  case InstId::Bfe:
    return bfe(s.t[0]);
  case InstId::Bfi:
    return wide ? quaternary<Bfi, B64, B64, B64, B32, B32>
                : quaternary<Bfi, B32, B32, B32, B32, B32>;
  case InstId::Fns:
    return ternary<Fns, B32, B32, B32, int32_t>;
  case InstId::Szext:
    return wrap ? szext<true>(s.t[0]) : szext<false>(s.t[0]);
  case InstId::Bmsk:
    return wrap ? binary<Bmsk<true>, B32, B32, B32> : binary<Bmsk<false>, B32, B32, B32>;
  case InstId::Prmt:
    return prmt(s);
  case InstId::Shf:
    return shf(s);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
