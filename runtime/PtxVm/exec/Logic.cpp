//===- Logic.cpp - and, or, xor, not, lop3, shifts ------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

struct And {
  template <class T> static T apply(T a, T b) { return T(a & b); }
};
struct Or {
  template <class T> static T apply(T a, T b) { return T(a | b); }
};
struct Xor {
  template <class T> static T apply(T a, T b) { return T(a ^ b); }
};
struct Not {
  template <class T> static T apply(T a) { return T(~a); }
};
struct Cnot {
  template <class T> static T apply(T a) { return T(a == 0 ? 1 : 0); }
};

/// Shifts clamp: an amount beyond the width shifts everything out.
struct Shl {
  template <class T> static T apply(T a, uint32_t n) {
    return n < 8 * sizeof(T) ? T(a << (n & (8 * sizeof(T) - 1))) : T(0);
  }
};
struct Shr {
  template <class T> static T apply(T a, uint32_t n) {
    constexpr uint32_t top = 8 * sizeof(T) - 1;
    if (T(-1) < T(0))
      return T(a >> (n < top ? n : top));
    return n <= top ? T(a >> (n & top)) : T(0);
  }
};

template <class Op> const Inst *predicateBinary(Warp &w, const Inst *i) {
  uint32_t value = Op::apply(predicate(w, i->op[1]), predicate(w, i->op[2]));
  setPredicate(w, i->op[0], value, lanesOf(w, i));
  return i + 1;
}
const Inst *predicateNot(Warp &w, const Inst *i) {
  setPredicate(w, i->op[0], ~predicate(w, i->op[1]), lanesOf(w, i));
  return i + 1;
}

/// lop3's truth table, the constant in imm: bit 4a+2b+c is the result for (a, b, c). Summed as
/// minterms.
const Inst *lop3(Warp &w, const Inst *i) {
  Result<uint32_t> r(w, i, 0);
  uint32_t *out = r.data();
  const uint32_t *a = slot<uint32_t>(w, i->op[1]);
  const uint32_t *b = slot<uint32_t>(w, i->op[2]);
  const uint32_t *c = slot<uint32_t>(w, i->op[3]);
  uint32_t term[8];
  for (unsigned k = 0; k < 8; ++k)
    term[k] = 0u - uint32_t(i->imm >> k & 1);
  COSMATI_VM_LANES {
    uint32_t x = a[l], y = b[l], z = c[l];
    uint32_t low = (~y & ((~z & term[0]) | (z & term[1]))) | (y & ((~z & term[2]) | (z & term[3])));
    uint32_t high =
        (~y & ((~z & term[4]) | (z & term[5]))) | (y & ((~z & term[6]) | (z & term[7])));
    out[l] = (~x & low) | (x & high);
  }
  r.finish();
  return i + 1;
}

template <class Op> Handler logicFor(ScalarType t) {
  switch (t) {
  case ScalarType::B16:
    return binary<Op, uint16_t, uint16_t, uint16_t>;
  case ScalarType::B32:
    return binary<Op, uint32_t, uint32_t, uint32_t>;
  case ScalarType::B64:
    return binary<Op, uint64_t, uint64_t, uint64_t>;
  case ScalarType::Pred:
    return predicateBinary<Op>;
  default:
    return nullptr;
  }
}
template <class Op> Handler unaryFor(ScalarType t) {
  switch (t) {
  case ScalarType::B16:
    return unary<Op, uint16_t, uint16_t>;
  case ScalarType::B32:
    return unary<Op, uint32_t, uint32_t>;
  case ScalarType::B64:
    return unary<Op, uint64_t, uint64_t>;
  default:
    return nullptr;
  }
}
template <class Op> Handler shiftFor(ScalarType t) {
  switch (t) {
  case ScalarType::B16:
  case ScalarType::U16:
    return binary<Op, uint16_t, uint16_t, uint32_t>;
  case ScalarType::B32:
  case ScalarType::U32:
    return binary<Op, uint32_t, uint32_t, uint32_t>;
  case ScalarType::B64:
  case ScalarType::U64:
    return binary<Op, uint64_t, uint64_t, uint32_t>;
  case ScalarType::S16:
    return binary<Op, int16_t, int16_t, uint32_t>;
  case ScalarType::S32:
    return binary<Op, int32_t, int32_t, uint32_t>;
  case ScalarType::S64:
    return binary<Op, int64_t, int64_t, uint32_t>;
  default:
    return nullptr;
  }
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectLogic(const Selection &s) {
  switch (s.id) {
  case InstId::And:
    return logicFor<And>(s.t[0]);
  case InstId::Or:
    return logicFor<Or>(s.t[0]);
  case InstId::Xor:
    return logicFor<Xor>(s.t[0]);
  case InstId::Not:
    return s.t[0] == ScalarType::Pred ? predicateNot : unaryFor<Not>(s.t[0]);
  case InstId::Cnot:
    return unaryFor<Cnot>(s.t[0]);
  case InstId::Lop3:
    return lop3;
  case InstId::Shl:
    return shiftFor<Shl>(s.t[0]);
  case InstId::Shr:
    return shiftFor<Shr>(s.t[0]);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
