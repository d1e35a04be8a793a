//===- IntWide.cpp - wide and 24-bit products, division, dot products -----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"
#include <type_traits>

namespace cosmati::ptxvm {
namespace {

template <class W> struct MulWide {
  template <class T> static W apply(T a, T b) { return W(W(a) * W(b)); }
};
template <class W> struct MadWide {
  template <class T> static W apply(T a, T b, W c) {
    using Bits = std::make_unsigned_t<W>;
    return W(Bits(W(a) * W(b)) + Bits(c));
  }
};

/// PTX leaves division by zero open; hardware gives all ones for the quotient and the dividend for
/// the remainder. INT_MIN / -1 wraps.
struct Div {
  template <class T> static T apply(T a, T b) {
    if (b == 0)
      return T(-1);
    if (T(-1) < T(0) && b == T(-1))
      return T(0 - std::make_unsigned_t<T>(a));
    return T(a / b);
  }
};
struct Rem {
  template <class T> static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (T(-1) < T(0) && b == T(-1))
      return T(0);
    return T(a % b);
  }
};

/// The low 24 bits of a, extended as T says.
template <class T> int64_t low24(T a) {
  return T(-1) < T(0) ? int64_t(int32_t(uint32_t(a) << 8) >> 8) : int64_t(uint32_t(a) & 0xffffff);
}
struct Mul24Lo {
  template <class T> static T apply(T a, T b) { return T(low24(a) * low24(b)); }
};
struct Mul24Hi {
  template <class T> static T apply(T a, T b) { return T((low24(a) * low24(b)) >> 16); }
};
struct Mad24Lo {
  template <class T> static T apply(T a, T b, T c) { return T(low24(a) * low24(b) + c); }
};
struct Mad24HiSat {
  static int32_t apply(int32_t a, int32_t b, int32_t c) {
    int64_t sum = ((low24(a) * low24(b)) >> 16) + c;
    return sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : int32_t(sum);
  }
};
struct Mad24Hi {
  template <class T> static T apply(T a, T b, T c) { return T(((low24(a) * low24(b)) >> 16) + c); }
};

template <bool Signed> int32_t byteOf(uint32_t v, unsigned k) {
  return Signed ? int32_t(int8_t(v >> (8 * k))) : int32_t(uint8_t(v >> (8 * k)));
}
template <bool Signed> int32_t halfOf(uint32_t v, unsigned k) {
  return Signed ? int32_t(int16_t(v >> (16 * k))) : int32_t(uint16_t(v >> (16 * k)));
}
template <bool SA, bool SB> struct Dp4a {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned k = 0; k < 4; ++k)
      c += uint32_t(byteOf<SA>(a, k) * byteOf<SB>(b, k));
    return c;
  }
};
template <bool SA, bool SB, unsigned First> struct Dp2a {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    c += uint32_t(halfOf<SA>(a, 0) * byteOf<SB>(b, First));
    return c + uint32_t(halfOf<SA>(a, 1) * byteOf<SB>(b, First + 1));
  }
};

template <class Op> Handler divisionFor(ScalarType t) {
  switch (t) {
  case ScalarType::U16:
    return binary<Op, uint16_t, uint16_t, uint16_t>;
  case ScalarType::S16:
    return binary<Op, int16_t, int16_t, int16_t>;
  case ScalarType::U32:
    return binary<Op, uint32_t, uint32_t, uint32_t>;
  case ScalarType::S32:
    return binary<Op, int32_t, int32_t, int32_t>;
  case ScalarType::U64:
    return binary<Op, uint64_t, uint64_t, uint64_t>;
  case ScalarType::S64:
    return binary<Op, int64_t, int64_t, int64_t>;
  default:
    return nullptr;
  }
}
Handler mulWide(ScalarType t) {
  switch (t) {
  case ScalarType::U16:
    return binary<MulWide<uint32_t>, uint32_t, uint16_t, uint16_t>;
  case ScalarType::S16:
    return binary<MulWide<int32_t>, int32_t, int16_t, int16_t>;
  case ScalarType::U32:
    return binary<MulWide<uint64_t>, uint64_t, uint32_t, uint32_t>;
  case ScalarType::S32:
    return binary<MulWide<int64_t>, int64_t, int32_t, int32_t>;
  default:
    return nullptr;
  }
}
Handler madWide(ScalarType t) {
  switch (t) {
  case ScalarType::U16:
    return ternary<MadWide<uint32_t>, uint32_t, uint16_t, uint16_t, uint32_t>;
  case ScalarType::S16:
    return ternary<MadWide<int32_t>, int32_t, int16_t, int16_t, int32_t>;
  case ScalarType::U32:
    return ternary<MadWide<uint64_t>, uint64_t, uint32_t, uint32_t, uint64_t>;
  case ScalarType::S32:
    return ternary<MadWide<int64_t>, int64_t, int32_t, int32_t, int64_t>;
  default:
    return nullptr;
  }
}
template <class Op> Handler binary24(ScalarType t) {
  return t == ScalarType::U32 ? binary<Op, uint32_t, uint32_t, uint32_t>
                              : binary<Op, int32_t, int32_t, int32_t>;
}
template <class Op> Handler ternary24(ScalarType t) {
  return t == ScalarType::U32 ? ternary<Op, uint32_t, uint32_t, uint32_t, uint32_t>
                              : ternary<Op, int32_t, int32_t, int32_t, int32_t>;
}
template <class Op> Handler dot() { return ternary<Op, uint32_t, uint32_t, uint32_t, uint32_t>; }
/// Picks by the signedness of both factors.
template <template <bool, bool> class Op> Handler dotFor(const Selection &s) {
  bool a = s.t[0] == ScalarType::S32, b = s.t[1] == ScalarType::S32;
  return a ? (b ? dot<Op<true, true>>() : dot<Op<true, false>>())
           : (b ? dot<Op<false, true>>() : dot<Op<false, false>>());
}
template <bool SA, bool SB> using Dp2aLo = Dp2a<SA, SB, 0>;
template <bool SA, bool SB> using Dp2aHi = Dp2a<SA, SB, 2>;

} // namespace

namespace COSMATI_VM_ISA {
Handler selectIntWide(const Selection &s) {
  switch (s.id) {
  case InstId::MulWide:
    return mulWide(s.t[0]);
  case InstId::MadWide:
    return madWide(s.t[0]);
  case InstId::DivI:
    return divisionFor<Div>(s.t[0]);
  case InstId::RemI:
    return divisionFor<Rem>(s.t[0]);
  case InstId::Mul24Lo:
    return binary24<Mul24Lo>(s.t[0]);
  case InstId::Mul24Hi:
    return binary24<Mul24Hi>(s.t[0]);
  case InstId::Mad24Lo:
    return ternary24<Mad24Lo>(s.t[0]);
  case InstId::Mad24HiSat:
    return ternary<Mad24HiSat, int32_t, int32_t, int32_t, int32_t>;
  case InstId::Mad24Hi:
    return ternary24<Mad24Hi>(s.t[0]);
  case InstId::Dp4a:
    return dotFor<Dp4a>(s);
  case InstId::Dp2aLo:
    return dotFor<Dp2aLo>(s);
  case InstId::Dp2aHi:
    return dotFor<Dp2aHi>(s);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
