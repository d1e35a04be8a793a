//===- Convert.cpp - conversions with an integer on at least one side -----===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers may be wider than the types of a conversion: a source's low bits count, a result is
// extended to the register by its signedness. Everything that can be hot goes straight from one
// loop to another; the rest passes through a 64-bit integer or a double, both exact.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Soft.h"
#include <cmath>

namespace cosmati::ptxvm {
namespace {

struct IntType {
  unsigned bits;
  bool isSigned;
};
IntType intType(ScalarType t) {
  switch (t) {
  case ScalarType::U8:
    return {8, false};
  case ScalarType::U16:
    return {16, false};
  case ScalarType::U32:
    return {32, false};
  case ScalarType::U64:
    return {64, false};
  case ScalarType::S8:
    return {8, true};
  case ScalarType::S16:
    return {16, true};
  case ScalarType::S32:
    return {32, true};
  default:
    return {64, true};
  }
}
int64_t lowest(IntType t) { return t.isSigned ? int64_t(~uint64_t(0) << (t.bits - 1)) : 0; }
uint64_t highest(IntType t) { return ~uint64_t(0) >> (64 - t.bits + (t.isSigned ? 1 : 0)); }

// The low bits of a register, extended to 64.
template <class T, class Reg> void extend(const Reg *from, uint64_t *to) {
  COSMATI_VM_LANES to[l] = uint64_t(int64_t(T(from[l])));
}
template <class Reg> void readReg(IntType t, const Reg *from, uint64_t *to) {
  switch (t.bits) {
  case 8:
    return t.isSigned ? extend<int8_t>(from, to) : extend<uint8_t>(from, to);
  case 16:
    return t.isSigned ? extend<int16_t>(from, to) : extend<uint16_t>(from, to);
  case 32:
    return t.isSigned ? extend<int32_t>(from, to) : extend<uint32_t>(from, to);
  default:
    return extend<uint64_t>(from, to);
  }
}
void readInts(const Warp &w, uint32_t offset, IntType t, unsigned regBits, uint64_t *to) {
  if (regBits <= 16)
    readReg(t, slot<uint16_t>(w, offset), to);
  else if (regBits == 32)
    readReg(t, slot<uint32_t>(w, offset), to);
  else
    readReg(t, slot<uint64_t>(w, offset), to);
}
template <class Reg> void writeReg(Warp &w, const Inst *i, const uint64_t *from) {
  Result<Reg> r(w, i, 0);
  Reg *out = r.data();
  COSMATI_VM_LANES out[l] = Reg(from[l]);
  r.finish();
}
/// Truncates to the type, extends to the register.
void writeInts(Warp &w, const Inst *i, IntType t, unsigned regBits, uint64_t *values) {
  readReg(t, values, values);
  if (regBits <= 16)
    writeReg<uint16_t>(w, i, values);
  else if (regBits == 32)
    writeReg<uint32_t>(w, i, values);
  else
    writeReg<uint64_t>(w, i, values);
}

// What a generic handler must know, packed into aux.
struct Shape {
  ScalarType dst, src;
  uint8_t dstBits, srcBits;
};
uint32_t pack(const Selection &s) {
  return uint32_t(s.t[0]) | uint32_t(s.t[1]) << 8 | uint32_t(s.dstBits / 8) << 16 |
         uint32_t(s.srcBits / 8) << 24;
}
Shape unpack(uint32_t aux) {
  return {ScalarType(aux & 0xff), ScalarType(aux >> 8 & 0xff), uint8_t((aux >> 16 & 0xff) * 8),
          uint8_t((aux >> 24) * 8)};
}
enum : uint16_t { kSat = 1, kFtz = 2 };

uint64_t clampInt(uint64_t v, IntType from, IntType to) {
  if (from.isSigned) {
    int64_t x = int64_t(v);
    if (x < lowest(to))
      return uint64_t(lowest(to));
    return x > 0 && uint64_t(x) > highest(to) ? highest(to) : v;
  }
  return v > highest(to) ? highest(to) : v;
}
const Inst *intToInt(Warp &w, const Inst *i) {
  Shape s = unpack(i->aux);
  alignas(64) uint64_t v[kLanes];
  readInts(w, i->op[1], intType(s.src), s.srcBits, v);
  if (i->flags & kSat)
    for (uint64_t &x : v)
      x = clampInt(x, intType(s.src), intType(s.dst));
  writeInts(w, i, intType(s.dst), s.dstBits, v);
  return i + 1;
}

template <class D, class S> struct Cast {
  template <class Reg> static D apply(Reg v) { return D(S(v)); }
};
/// Direct loops for the conversions that address arithmetic and widening loads lead to.
Handler direct(const Selection &s) {
  using T = ScalarType;
  auto is = [&](T d, T a) {
    return s.t[0] == d && s.t[1] == a &&
           s.dstBits == (d == T::U64 || d == T::S64   ? 64
                         : d == T::U32 || d == T::S32 ? 32
                                                      : 16);
  };
  auto from = [&](unsigned bits) { return s.srcBits == bits; };
  if (is(T::U64, T::U32) && from(32))
    return unary<Cast<uint64_t, uint32_t>, uint64_t, uint32_t>;
  if (is(T::S64, T::S32) && from(32))
    return unary<Cast<int64_t, int32_t>, int64_t, int32_t>;
  if ((is(T::U32, T::U64) || is(T::S32, T::S64)) && from(64))
    return unary<Cast<uint32_t, uint64_t>, uint32_t, uint64_t>;
  if (is(T::U32, T::U16) && from(16))
    return unary<Cast<uint32_t, uint16_t>, uint32_t, uint16_t>;
  if (is(T::S32, T::S16) && from(16))
    return unary<Cast<int32_t, int16_t>, int32_t, int16_t>;
  if ((is(T::U16, T::U32) || is(T::S16, T::S32)) && from(32))
    return unary<Cast<uint16_t, uint32_t>, uint16_t, uint32_t>;
  if (is(T::U32, T::U8) && from(16))
    return unary<Cast<uint32_t, uint8_t>, uint32_t, uint16_t>;
  if (is(T::U32, T::U8) && from(32))
    return unary<Cast<uint32_t, uint8_t>, uint32_t, uint32_t>;
  if (is(T::S32, T::S8) && from(32))
    return unary<Cast<int32_t, int8_t>, int32_t, int32_t>;
  if (is(T::S32, T::S8) && from(16))
    return unary<Cast<int32_t, int8_t>, int32_t, int16_t>;
  return nullptr;
}

// Float to integer.
double roundInt(double x, int mode) {
  return mode == 0   ? std::nearbyint(x)
         : mode == 1 ? std::trunc(x)
         : mode == 2 ? std::floor(x)
                     : std::ceil(x);
}
/// Out of range clamps. NaN gives 0, or the sign bit alone if the source is f64 or the result 64
/// bits.
uint64_t toInteger(double x, IntType t, ScalarType src, int mode) {
  if (x != x)
    return src == ScalarType::F64 || t.bits == 64 ? uint64_t(1) << (t.bits - 1) : 0;
  double r = roundInt(x, mode);
  double top = std::ldexp(1.0, int(t.bits) - (t.isSigned ? 1 : 0));
  if (r >= top)
    return highest(t);
  if (t.isSigned)
    return r < -top ? uint64_t(lowest(t)) : uint64_t(int64_t(r));
  return r <= 0 ? 0 : uint64_t(r);
}
void readFloats(const Warp &w, uint32_t offset, Shape s, bool ftz, double *to) {
  for (unsigned l = 0; l < kLanes; ++l) {
    if (s.src == ScalarType::F64) {
      to[l] = slot<double>(w, offset)[l];
      continue;
    }
    float f;
    if (s.src == ScalarType::F32) {
      f = slot<float>(w, offset)[l];
    } else {
      uint16_t h =
          s.srcBits <= 16 ? slot<uint16_t>(w, offset)[l] : uint16_t(slot<uint32_t>(w, offset)[l]);
      f = s.src == ScalarType::F16 ? halfToFloat(h) : bfloatToFloat(h);
    }
    to[l] = double(ftz && s.src == ScalarType::F32 ? flush(f) : f);
  }
}
template <int Mode> const Inst *floatToInt(Warp &w, const Inst *i) {
  Shape s = unpack(i->aux);
  alignas(64) double x[kLanes];
  alignas(64) uint64_t v[kLanes];
  readFloats(w, i->op[1], s, i->flags & kFtz, x);
  for (unsigned l = 0; l < kLanes; ++l)
    v[l] = toInteger(x[l], intType(s.dst), s.src, Mode);
  writeInts(w, i, intType(s.dst), s.dstBits, v);
  return i + 1;
}
/// f32 to s32, the conversion of quantisers, as a vector loop.
template <int Mode> struct SingleToInt {
  static int32_t apply(float x) {
    float r = Mode == 0   ? __builtin_nearbyintf(x)
              : Mode == 1 ? __builtin_truncf(x)
              : Mode == 2 ? __builtin_floorf(x)
                          : __builtin_ceilf(x);
    r = r == r ? r : 0.0f;
    bool low = r < -0x1p31f, high = r >= 0x1p31f;
    int32_t v = int32_t(low || high ? 0.0f : r);
    return low ? INT32_MIN : high ? INT32_MAX : v;
  }
};
template <int Mode> Handler floatToIntFor(const Selection &s) {
  if (s.t[0] == ScalarType::S32 && s.t[1] == ScalarType::F32 && !has(s, Mod::ftz) &&
      s.dstBits == 32)
    return unary<SingleToInt<Mode>, int32_t, float>;
  return floatToInt<Mode>;
}

// Integer to float.
/// An integer as a double that rounds like it: exact, or with a sticky last bit.
double sticky(uint64_t v, bool isSigned) {
  bool negative = isSigned && int64_t(v) < 0;
  uint64_t m = negative ? 0 - v : v;
  if (m >> 53) {
    unsigned drop = 11 - unsigned(__builtin_clzll(m));
    uint64_t rest = m & ((uint64_t(1) << drop) - 1);
    m = (m >> drop | (rest != 0)) << drop;
  }
  return negative ? -double(m) : double(m);
}
template <Rounding R> const Inst *intToFloat(Warp &w, const Inst *i) {
  Shape s = unpack(i->aux);
  alignas(64) uint64_t v[kLanes];
  IntType t = intType(s.src);
  readInts(w, i->op[1], t, s.srcBits, v);
  uint32_t mask = lanesOf(w, i);
  bool sat = i->flags & kSat;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    double x = sticky(v[l], t.isSigned);
    if (sat)
      x = x < 0 ? 0 : x > 1 ? 1 : x;
    if (s.dst == ScalarType::F32)
      slot<uint32_t>(w, i->op[0])[l] = roundTo(kSingle, x, R, false);
    else if (s.dstBits <= 16)
      slot<uint16_t>(w, i->op[0])[l] =
          uint16_t(roundTo(s.dst == ScalarType::F16 ? kHalf : kBfloat, x, R, false));
    else
      slot<uint32_t>(w, i->op[0])[l] =
          roundTo(s.dst == ScalarType::F16 ? kHalf : kBfloat, x, R, false);
  }
  return i + 1;
}
/// To double only 64-bit integers round; the quotient by 2^11 splits off what doesn't fit.
template <Rounding R> const Inst *intToDouble(Warp &w, const Inst *i) {
  Shape s = unpack(i->aux);
  alignas(64) uint64_t v[kLanes];
  IntType t = intType(s.src);
  readInts(w, i->op[1], t, s.srcBits, v);
  uint32_t mask = lanesOf(w, i);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    bool negative = t.isSigned && int64_t(v[l]) < 0;
    uint64_t m = negative ? 0 - v[l] : v[l];
    if (m >> 53) {
      unsigned drop = 11 - unsigned(__builtin_clzll(m));
      uint64_t unit = uint64_t(1) << drop, rest = m & (unit - 1);
      m -= rest;
      bool away = R == Rounding::Up ? !negative : R == Rounding::Down ? negative : false;
      bool up = away ? rest != 0
                     : R == Rounding::NearestEven &&
                           (rest > unit / 2 || (rest == unit / 2 && (m & unit)));
      double x = double(m) + (up ? double(unit) : 0.0); // exact: both are multiples of the unit
      slot<double>(w, i->op[0])[l] = negative ? -x : x;
    } else {
      slot<double>(w, i->op[0])[l] = negative ? -double(m) : double(m);
    }
  }
  return i + 1;
}
/// Small integers to single are exact, whatever the rounding. T: the integer, Reg: its register.
template <class T> Handler smallToSingle(unsigned regBits) {
  return regBits <= 16   ? unary<Cast<float, T>, float, uint16_t>
         : regBits == 32 ? unary<Cast<float, T>, float, uint32_t>
                         : nullptr;
}
Handler smallToSingle(const Selection &s) {
  if (s.t[0] != ScalarType::F32 || has(s, Mod::sat))
    return nullptr;
  switch (s.t[1]) {
  case ScalarType::S8:
    return smallToSingle<int8_t>(s.srcBits);
  case ScalarType::U8:
    return smallToSingle<uint8_t>(s.srcBits);
  case ScalarType::S16:
    return smallToSingle<int16_t>(s.srcBits);
  case ScalarType::U16:
    return smallToSingle<uint16_t>(s.srcBits);
  default:
    return nullptr;
  }
}
template <Rounding R> Handler intToFloatFor(const Selection &s) {
  if (Handler h = smallToSingle(s))
    return h;
  if (s.t[0] == ScalarType::F64)
    return intToDouble<R>;
  if (R == Rounding::NearestEven && s.t[0] == ScalarType::F32 && !has(s, Mod::sat) &&
      s.srcBits == 32) {
    if (s.t[1] == ScalarType::S32)
      return unary<Cast<float, int32_t>, float, int32_t>;
    if (s.t[1] == ScalarType::U32)
      return unary<Cast<float, uint32_t>, float, uint32_t>;
  }
  return intToFloat<R>;
}

int32_t clamp32(int32_t v, int32_t lo, int32_t hi) { return v < lo ? lo : v > hi ? hi : v; }
/// cvt.pack: a above b; for results of at most 8 bits c moves up behind them.
template <unsigned Bits, bool Signed> struct PackSat {
  static constexpr int32_t lo = Signed ? -(1 << (Bits - 1)) : 0;
  static constexpr int32_t hi = Signed ? (1 << (Bits - 1)) - 1 : (1 << Bits) - 1;
  static uint32_t apply(int32_t a, int32_t b) {
    uint32_t keep = (1u << Bits) - 1;
    return (uint32_t(clamp32(b, lo, hi)) & keep) | (uint32_t(clamp32(a, lo, hi)) & keep) << Bits;
  }
  static uint32_t apply(int32_t a, int32_t b, uint32_t c) { return apply(a, b) | c << (2 * Bits); }
};
template <unsigned Bits, bool Signed> Handler packOnto() {
  return ternary<PackSat<Bits, Signed>, uint32_t, int32_t, int32_t, uint32_t>;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectConvert(const Selection &s) {
  s.aux = pack(s);
  s.flags = uint16_t((has(s, Mod::sat) ? kSat : 0) | (has(s, Mod::ftz) ? kFtz : 0));
  switch (s.id) {
  case InstId::CvtII:
    if (Handler h = has(s, Mod::sat) ? nullptr : direct(s))
      return h;
    return intToInt;
  case InstId::CvtFI:
    if (has(s, Mod::rni))
      return floatToIntFor<0>(s);
    if (has(s, Mod::rzi))
      return floatToIntFor<1>(s);
    if (has(s, Mod::rmi))
      return floatToIntFor<2>(s);
    return floatToIntFor<3>(s);
  case InstId::CvtIF:
    if (has(s, Mod::rz))
      return intToFloatFor<Rounding::Zero>(s);
    if (has(s, Mod::rm))
      return intToFloatFor<Rounding::Down>(s);
    if (has(s, Mod::rp))
      return intToFloatFor<Rounding::Up>(s);
    return intToFloatFor<Rounding::NearestEven>(s);
  case InstId::CvtPack16:
    return s.t[0] == ScalarType::U16 ? binary<PackSat<16, false>, uint32_t, int32_t, int32_t>
                                     : binary<PackSat<16, true>, uint32_t, int32_t, int32_t>;
  case InstId::CvtPack8:
    return s.t[0] == ScalarType::U8 ? packOnto<8, false>() : packOnto<8, true>();
  case InstId::CvtPackU4:
    return packOnto<4, false>();
  case InstId::CvtPackS4:
    return packOnto<4, true>();
  case InstId::CvtPackU2:
    return packOnto<2, false>();
  case InstId::CvtPackS2:
    return packOnto<2, true>();
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
