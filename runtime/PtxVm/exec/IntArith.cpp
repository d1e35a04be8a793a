//===- IntArith.cpp - add, sub, mul, mad, min, max, abs, neg, sad ---------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

template <class T> struct Widened;
template <> struct Widened<uint16_t> {
  using type = uint32_t;
};
template <> struct Widened<int16_t> {
  using type = int32_t;
};
template <> struct Widened<uint32_t> {
  using type = uint64_t;
};
template <> struct Widened<int32_t> {
  using type = int64_t;
};
template <> struct Widened<uint64_t> {
  using type = unsigned __int128;
};
template <> struct Widened<int64_t> {
  using type = __int128;
};
template <class T> using Wide = typename Widened<T>::type;

/// Wrap-around arithmetic without signed overflow, whatever C++ would promote T to.
template <class T> struct UnsignedOf;
template <> struct UnsignedOf<uint16_t> {
  using type = uint32_t;
};
template <> struct UnsignedOf<int16_t> {
  using type = uint32_t;
};
template <> struct UnsignedOf<uint32_t> {
  using type = uint32_t;
};
template <> struct UnsignedOf<int32_t> {
  using type = uint32_t;
};
template <> struct UnsignedOf<uint64_t> {
  using type = uint64_t;
};
template <> struct UnsignedOf<int64_t> {
  using type = uint64_t;
};
template <class T> using U = typename UnsignedOf<T>::type;

struct Add {
  template <class T> static T apply(T a, T b) { return T(U<T>(a) + U<T>(b)); }
};
struct Sub {
  template <class T> static T apply(T a, T b) { return T(U<T>(a) - U<T>(b)); }
};
struct MulLo {
  template <class T> static T apply(T a, T b) { return T(U<T>(a) * U<T>(b)); }
};
struct MulHi {
  template <class T> static T apply(T a, T b) {
    return T((Wide<T>(a) * Wide<T>(b)) >> (8 * sizeof(T)));
  }
};
struct MadLo {
  template <class T> static T apply(T a, T b, T c) { return T(U<T>(a) * U<T>(b) + U<T>(c)); }
};
struct MadHi {
  template <class T> static T apply(T a, T b, T c) { return Add::apply(MulHi::apply(a, b), c); }
};
struct Clamp32 {
  static int32_t of(int64_t v) {
    return int32_t(v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v);
  }
};
struct AddSat {
  static int32_t apply(int32_t a, int32_t b) { return Clamp32::of(int64_t(a) + b); }
};
struct SubSat {
  static int32_t apply(int32_t a, int32_t b) { return Clamp32::of(int64_t(a) - b); }
};
struct MadHiSat {
  static int32_t apply(int32_t a, int32_t b, int32_t c) {
    return Clamp32::of((int64_t(a) * b >> 32) + c);
  }
};
struct Min {
  template <class T> static T apply(T a, T b) { return a < b ? a : b; }
};
struct Max {
  template <class T> static T apply(T a, T b) { return a > b ? a : b; }
};
struct MinRelu {
  template <class T> static T apply(T a, T b) { return Max::apply(Min::apply(a, b), T(0)); }
};
struct MaxRelu {
  template <class T> static T apply(T a, T b) { return Max::apply(Max::apply(a, b), T(0)); }
};
struct Sad {
  template <class T> static T apply(T a, T b, T c) {
    return T(U<T>(c) + (a < b ? U<T>(b) - U<T>(a) : U<T>(a) - U<T>(b)));
  }
};
struct Abs {
  template <class T> static T apply(T a) { return a < 0 ? T(0 - U<T>(a)) : a; }
};
struct Neg {
  template <class T> static T apply(T a) { return T(0 - U<T>(a)); }
};

/// Op on both 16-bit halves of a 32-bit register.
template <class Op, class T> struct Halves {
  static uint32_t apply(uint32_t a, uint32_t b) {
    uint16_t lo = uint16_t(Op::template apply<T>(T(a), T(b)));
    uint16_t hi = uint16_t(Op::template apply<T>(T(a >> 16), T(b >> 16)));
    return lo | uint32_t(hi) << 16;
  }
};

template <class Op> Handler binaryFor(ScalarType t) {
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
/// For operations whose result doesn't depend on the sign.
template <class Op> Handler signlessBinary(ScalarType t) {
  switch (t) {
  case ScalarType::U16:
  case ScalarType::S16:
    return binary<Op, uint16_t, uint16_t, uint16_t>;
  case ScalarType::U32:
  case ScalarType::S32:
    return binary<Op, uint32_t, uint32_t, uint32_t>;
  case ScalarType::U64:
  case ScalarType::S64:
    return binary<Op, uint64_t, uint64_t, uint64_t>;
  default:
    return nullptr;
  }
}
template <class Op> Handler ternaryFor(ScalarType t) {
  switch (t) {
  case ScalarType::U16:
    return ternary<Op, uint16_t, uint16_t, uint16_t, uint16_t>;
  case ScalarType::S16:
    return ternary<Op, int16_t, int16_t, int16_t, int16_t>;
  case ScalarType::U32:
    return ternary<Op, uint32_t, uint32_t, uint32_t, uint32_t>;
  case ScalarType::S32:
    return ternary<Op, int32_t, int32_t, int32_t, int32_t>;
  case ScalarType::U64:
    return ternary<Op, uint64_t, uint64_t, uint64_t, uint64_t>;
  case ScalarType::S64:
    return ternary<Op, int64_t, int64_t, int64_t, int64_t>;
  default:
    return nullptr;
  }
}
template <class Op> Handler unaryFor(ScalarType t) {
  switch (t) {
  case ScalarType::S16:
    return unary<Op, int16_t, int16_t>;
  case ScalarType::S32:
    return unary<Op, int32_t, int32_t>;
  case ScalarType::S64:
    return unary<Op, int64_t, int64_t>;
  default:
    return nullptr;
  }
}
template <class Op> Handler halvesFor(ScalarType t) {
  return t == ScalarType::U16x2 ? binary<Halves<Op, uint16_t>, uint32_t, uint32_t, uint32_t>
                                : binary<Halves<Op, int16_t>, uint32_t, uint32_t, uint32_t>;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectIntArith(const Selection &s) {
  switch (s.id) {
  case InstId::AddI:
    return signlessBinary<Add>(s.t[0]);
  case InstId::SubI:
    return signlessBinary<Sub>(s.t[0]);
  case InstId::MulLo:
    return signlessBinary<MulLo>(s.t[0]);
  case InstId::MulHi:
    return binaryFor<MulHi>(s.t[0]);
  case InstId::MadLo:
    return ternaryFor<MadLo>(s.t[0]);
  case InstId::MadHi:
    return ternaryFor<MadHi>(s.t[0]);
  case InstId::MadHiSat:
    return ternary<MadHiSat, int32_t, int32_t, int32_t, int32_t>;
  case InstId::SadI:
    return ternaryFor<Sad>(s.t[0]);
  case InstId::MinI:
    return binaryFor<Min>(s.t[0]);
  case InstId::MaxI:
    return binaryFor<Max>(s.t[0]);
  case InstId::AbsI:
    return unaryFor<Abs>(s.t[0]);
  case InstId::NegI:
    return unaryFor<Neg>(s.t[0]);
  case InstId::AddSatI:
    return binary<AddSat, int32_t, int32_t, int32_t>;
  case InstId::SubSatI:
    return binary<SubSat, int32_t, int32_t, int32_t>;
  case InstId::MinReluI:
    return binary<MinRelu, int32_t, int32_t, int32_t>;
  case InstId::MaxReluI:
    return binary<MaxRelu, int32_t, int32_t, int32_t>;
  case InstId::AddI2:
    return halvesFor<Add>(s.t[0]);
  case InstId::MinI2:
    return has(s, Mod::relu) ? halvesFor<MinRelu>(s.t[0]) : halvesFor<Min>(s.t[0]);
  case InstId::MaxI2:
    return has(s, Mod::relu) ? halvesFor<MaxRelu>(s.t[0]) : halvesFor<Max>(s.t[0]);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
