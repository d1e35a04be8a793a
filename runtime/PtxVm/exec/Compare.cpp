//===- Compare.cpp - setp and set -----------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every comparison is one of five relations, possibly with operands swapped and the result negated.
// setp: op = {p, q, a, b, c}; set: op = {d, a, b, c}, the value for true in imm.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Soft.h"

namespace cosmati::ptxvm {
namespace {

enum : uint16_t { kSwap = 1, kNegate = 2, kAnd = 4, kOr = 8, kXor = 16 };

struct Lt {
  template <class T> static bool apply(T a, T b) { return a < b; }
};
struct Le {
  template <class T> static bool apply(T a, T b) { return a <= b; }
};
struct Eq {
  template <class T> static bool apply(T a, T b) { return a == b; }
};
struct LtGt {
  template <class T> static bool apply(T a, T b) { return a < b || a > b; }
};
struct Unordered {
  template <class T> static bool apply(T a, T b) { return a != a || b != b; }
};

// How a register's raw lanes are read.
template <class T> struct Plain {
  using Raw = T;
  static T read(T v) { return v; }
};
struct Single : Plain<float> {};
struct SingleFtz {
  using Raw = float;
  static float read(float v) { return flush(v); }
};
struct HalfLane {
  using Raw = uint16_t;
  static float read(uint16_t v) { return halfToFloat(v); }
};
struct HalfFtzLane {
  using Raw = uint16_t;
  static float read(uint16_t v) { return halfToFloat(v & 0x7c00 ? v : v & 0x8000); }
};
struct BfloatLane {
  using Raw = uint16_t;
  static float read(uint16_t v) { return bfloatToFloat(v); }
};

template <class Op, class Lane>
uint32_t relation(const typename Lane::Raw *a, const typename Lane::Raw *b) {
  alignas(64) uint8_t bytes[kLanes];
  COSMATI_VM_LANES bytes[l] = Op::apply(Lane::read(a[l]), Lane::read(b[l])) ? 1 : 0;
  return maskOfBytes(bytes);
}
template <class Op, class Lane>
uint32_t compare(Warp &w, const Inst *i, uint32_t offsetA, uint32_t offsetB) {
  using Raw = typename Lane::Raw;
  const Raw *a = slot<Raw>(w, offsetA), *b = slot<Raw>(w, offsetB);
  uint32_t t = i->flags & kSwap ? relation<Op, Lane>(b, a) : relation<Op, Lane>(a, b);
  return i->flags & kNegate ? ~t : t;
}
uint32_t combine(Warp &w, const Inst *i, uint32_t t, uint32_t c) {
  if (!(i->flags & (kAnd | kOr | kXor)))
    return t;
  uint32_t other = predicate(w, c) ^ (i->flags & kNegatedPredicate ? kFull : 0);
  return i->flags & kAnd ? t & other : i->flags & kOr ? t | other : t ^ other;
}

template <class Op, class Lane> const Inst *setp(Warp &w, const Inst *i) {
  uint32_t t = compare<Op, Lane>(w, i, i->op[2], i->op[3]);
  uint32_t p = combine(w, i, t, i->op[4]), q = combine(w, i, ~t, i->op[4]);
  uint32_t mask = lanesOf(w, i);
  setPredicate(w, i->op[0], p, mask);
  setPredicate(w, i->op[1], q, mask);
  return i + 1;
}
template <class D> void writeChoice(Warp &w, const Inst *i, uint32_t t) {
  Result<D> r(w, i, 0);
  D *out = r.data(), yes = D(i->imm);
  COSMATI_VM_LANES out[l] = (t >> l & 1) ? yes : D(0);
  r.finish();
}
template <class Op, class Lane> const Inst *set16(Warp &w, const Inst *i) {
  writeChoice<uint16_t>(w, i, combine(w, i, compare<Op, Lane>(w, i, i->op[1], i->op[2]), i->op[3]));
  return i + 1;
}
template <class Op, class Lane> const Inst *set32(Warp &w, const Inst *i) {
  writeChoice<uint32_t>(w, i, combine(w, i, compare<Op, Lane>(w, i, i->op[1], i->op[2]), i->op[3]));
  return i + 1;
}

/// The relation on the low and on the high halves of packed operands.
template <class Op, class Lane>
void compareHalves(Warp &w, const Inst *i, unsigned first, uint32_t &lo, uint32_t &hi) {
  const uint32_t *a = slot<uint32_t>(w, i->op[first]), *b = slot<uint32_t>(w, i->op[first + 1]);
  if (i->flags & kSwap) {
    const uint32_t *t = a;
    a = b, b = t;
  }
  alignas(64) uint8_t low[kLanes], high[kLanes];
  COSMATI_VM_LANES {
    low[l] = Op::apply(Lane::read(uint16_t(a[l])), Lane::read(uint16_t(b[l]))) ? 1 : 0;
    high[l] = Op::apply(Lane::read(uint16_t(a[l] >> 16)), Lane::read(uint16_t(b[l] >> 16))) ? 1 : 0;
  }
  uint32_t flip = i->flags & kNegate ? kFull : 0;
  lo = maskOfBytes(low) ^ flip;
  hi = maskOfBytes(high) ^ flip;
}
template <class Op, class Lane> const Inst *setpHalves(Warp &w, const Inst *i) {
  uint32_t lo, hi, mask = lanesOf(w, i);
  compareHalves<Op, Lane>(w, i, 2, lo, hi);
  setPredicate(w, i->op[0], combine(w, i, lo, i->op[4]), mask);
  setPredicate(w, i->op[1], combine(w, i, hi, i->op[4]), mask);
  return i + 1;
}
template <class Op, class Lane> const Inst *setHalves(Warp &w, const Inst *i) {
  uint32_t lo, hi;
  compareHalves<Op, Lane>(w, i, 1, lo, hi);
  Result<uint32_t> r(w, i, 0);
  uint32_t *out = r.data(), one = uint16_t(i->imm);
  lo = combine(w, i, lo, i->op[3]);
  hi = combine(w, i, hi, i->op[3]);
  COSMATI_VM_LANES out[l] = ((lo >> l & 1) ? one : 0) | ((hi >> l & 1) ? one << 16 : 0);
  r.finish();
  return i + 1;
}

enum class Form { Setp, Set16, Set32, SetpHalves, SetHalves };

template <class Op, class Lane> Handler formOf(Form form) {
  switch (form) {
  case Form::Setp:
    return setp<Op, Lane>;
  case Form::Set16:
    return set16<Op, Lane>;
  case Form::Set32:
    return set32<Op, Lane>;
  default:
    return nullptr;
  }
}
template <class Op, class Lane> Handler halfFormOf(Form form) {
  if (form == Form::SetpHalves)
    return setpHalves<Op, Lane>;
  if (form == Form::SetHalves)
    return setHalves<Op, Lane>;
  return formOf<Op, Lane>(form);
}
template <class Op> Handler floatFor(ScalarType t, bool ftz, Form form) {
  switch (t) {
  case ScalarType::F32:
    return ftz ? formOf<Op, SingleFtz>(form) : formOf<Op, Single>(form);
  case ScalarType::F64:
    return formOf<Op, Plain<double>>(form);
  case ScalarType::F16:
  case ScalarType::F16x2:
    return ftz ? halfFormOf<Op, HalfFtzLane>(form) : halfFormOf<Op, HalfLane>(form);
  case ScalarType::BF16:
  case ScalarType::BF16x2:
    return halfFormOf<Op, BfloatLane>(form);
  default:
    return nullptr;
  }
}
template <class Op> Handler intFor(ScalarType t, bool forceUnsigned, Form form) {
  switch (t) {
  case ScalarType::S16:
    if (!forceUnsigned)
      return formOf<Op, Plain<int16_t>>(form);
    [[fallthrough]];
  case ScalarType::B16:
  case ScalarType::U16:
    return formOf<Op, Plain<uint16_t>>(form);
  case ScalarType::S32:
    if (!forceUnsigned)
      return formOf<Op, Plain<int32_t>>(form);
    [[fallthrough]];
  case ScalarType::B32:
  case ScalarType::U32:
    return formOf<Op, Plain<uint32_t>>(form);
  case ScalarType::S64:
    if (!forceUnsigned)
      return formOf<Op, Plain<int64_t>>(form);
    [[fallthrough]];
  case ScalarType::B64:
  case ScalarType::U64:
    return formOf<Op, Plain<uint64_t>>(form);
  default:
    return nullptr;
  }
}

Handler selectInt(const Selection &s, ScalarType t, Form form) {
  if (has(s, Mod::eq))
    return intFor<Eq>(t, true, form);
  if (has(s, Mod::ne)) {
    s.flags |= kNegate;
    return intFor<Eq>(t, true, form);
  }
  bool asUnsigned = has(s, Mod::lo) || has(s, Mod::ls) || has(s, Mod::hi) || has(s, Mod::hs);
  if (has(s, Mod::gt) || has(s, Mod::ge) || has(s, Mod::hi) || has(s, Mod::hs))
    s.flags |= kSwap;
  bool strict = has(s, Mod::lt) || has(s, Mod::gt) || has(s, Mod::lo) || has(s, Mod::hi);
  return strict ? intFor<Lt>(t, asUnsigned, form) : intFor<Le>(t, asUnsigned, form);
}
Handler selectFloat(const Selection &s, ScalarType t, Form form) {
  bool ftz = has(s, Mod::ftz);
  auto with = [&](uint16_t flags, auto op) {
    s.flags |= flags;
    return floatFor<decltype(op)>(t, ftz, form);
  };
  if (has(s, Mod::eq))
    return with(0, Eq());
  if (has(s, Mod::ne))
    return with(0, LtGt());
  if (has(s, Mod::lt))
    return with(0, Lt());
  if (has(s, Mod::le))
    return with(0, Le());
  if (has(s, Mod::gt))
    return with(kSwap, Lt());
  if (has(s, Mod::ge))
    return with(kSwap, Le());
  if (has(s, Mod::equ))
    return with(kNegate, LtGt());
  if (has(s, Mod::neu))
    return with(kNegate, Eq());
  if (has(s, Mod::ltu))
    return with(kSwap | kNegate, Le());
  if (has(s, Mod::leu))
    return with(kSwap | kNegate, Lt());
  if (has(s, Mod::gtu))
    return with(kNegate, Le());
  if (has(s, Mod::geu))
    return with(kNegate, Lt());
  if (has(s, Mod::num))
    return with(kNegate, Unordered());
  return with(0, Unordered());
}
/// What set writes for true.
int64_t truth(ScalarType t) {
  switch (t) {
  case ScalarType::F32:
    return 0x3f800000;
  case ScalarType::F16:
  case ScalarType::F16x2:
    return 0x3c00;
  case ScalarType::BF16:
  case ScalarType::BF16x2:
    return 0x3f80;
  default:
    return -1;
  }
}
Form setForm(ScalarType t) {
  return t == ScalarType::U16 || t == ScalarType::S16 || t == ScalarType::F16 ||
                 t == ScalarType::BF16
             ? Form::Set16
             : Form::Set32;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectCompare(const Selection &s) {
  s.flags = 0;
  if (s.id == InstId::SetpIB || s.id == InstId::SetpFB || s.id == InstId::SetIB ||
      s.id == InstId::SetFB || s.id == InstId::SetpH2B || s.id == InstId::SetH2B)
    s.flags = has(s, Mod::and_) ? kAnd : has(s, Mod::or_) ? kOr : kXor;
  s.imm = truth(s.t[0]);
  switch (s.id) {
  case InstId::SetpI:
  case InstId::SetpIB:
    return selectInt(s, s.t[0], Form::Setp);
  case InstId::SetpF:
  case InstId::SetpFB:
    return selectFloat(s, s.t[0], Form::Setp);
  case InstId::SetpH2:
  case InstId::SetpH2B:
    return selectFloat(s, s.t[0], Form::SetpHalves);
  case InstId::SetI:
  case InstId::SetIB:
    return selectInt(s, s.t[1], setForm(s.t[0]));
  case InstId::SetF:
  case InstId::SetFB:
    return selectFloat(s, s.t[1], setForm(s.t[0]));
  case InstId::SetH2:
  case InstId::SetH2B:
    return selectFloat(s, s.t[1], Form::SetHalves);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
