//===- ArithOpsConvert.cpp - conversions ----------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/ArithFloat.h"

using namespace vmfuzz;

namespace {

const std::pair<const char *, Mode> floatModes[] = {
    {".rn", Mode::Rn}, {".rz", Mode::Rz}, {".rm", Mode::Rm}, {".rp", Mode::Rp}};
const std::pair<const char *, Mode> integerModes[] = {
    {".rni", Mode::Rn}, {".rzi", Mode::Rz}, {".rmi", Mode::Rm}, {".rpi", Mode::Rp}};
const Float *const floats[] = {&kHalf, &kBfloat, &kSingle, &kDouble};

struct Int {
  unsigned bits;
  bool isSigned;
  std::string name() const { return (isSigned ? "s" : "u") + std::to_string(bits); }
  /// The smallest register that holds it.
  Kind kind() const { return bits <= 16 ? Kind::I16 : bits == 32 ? Kind::I32 : Kind::I64; }
};
const Int ints[] = {{8, false},  {8, true},  {16, false}, {16, true},
                    {32, false}, {32, true}, {64, false}, {64, true}};

__int128 least(Int t) { return t.isSigned ? -(static_cast<__int128>(1) << (t.bits - 1)) : 0; }
__int128 greatest(Int t) { return (static_cast<__int128>(1) << (t.bits - t.isSigned)) - 1; }

/// The type's low bits of a register as a number.
__int128 number(Int t, uint64_t raw) {
  __int128 v = t.bits == 64 ? raw : raw & ((uint64_t(1) << t.bits) - 1);
  return t.isSigned && v > greatest(t) ? v - (static_cast<__int128>(1) << t.bits) : v;
}
/// A number of type `t` in a register, extended by its sign.
Value inRegister(Int t, Kind reg, __int128 v) {
  unsigned width = 8 * bytesOf(reg);
  uint64_t raw = uint64_t(number(t, uint64_t(v)));
  return {width == 64 ? raw : raw & ((uint64_t(1) << width) - 1)};
}
__int128 clamp(Int t, __int128 v) {
  return v < least(t) ? least(t) : v > greatest(t) ? greatest(t) : v;
}

void addIntToInt(std::vector<Op> &ops) {
  for (Int d : ints)
    for (Int s : ints)
      for (bool sat : {false, true})
        for (Kind reg : {d.kind(), Kind::I64}) {
          if (sat && least(s) >= least(d) && greatest(s) <= greatest(d))
            continue; // nothing to clamp: PTX has no such form
          if (reg == d.kind() && reg == Kind::I64 && d.bits < 64)
            continue;
          ops.push_back(
              {"cvt" + std::string(sat ? ".sat." : ".") + d.name() + "." + s.name() + " $d, $0;",
               reg,
               {s.kind()},
               [=](const Value *v) {
                 __int128 n = number(s, v[0].bits);
                 return inRegister(d, reg, sat ? clamp(d, n) : n);
               }});
        }
}

void addIntToFloat(std::vector<Op> &ops) {
  for (const Float *d : floats)
    for (Int s : ints)
      for (auto [rnd, mode] : floatModes) {
        Format f = d->format;
        if (f.bits == 16 && (mode != Mode::Rn || s.bits == 8))
          continue;
        ops.push_back({std::string("cvt") + rnd + "." + d->name + "." + s.name() + " $d, $0;",
                       d->kind,
                       {s.kind()},
                       [=, mode = mode](const Value *v) {
                         __int128 n = number(s, v[0].bits);
                         return Value{
                             round(f, mode, exactInteger(n < 0, uint64_t(n < 0 ? -n : n)))};
                       }});
      }
}

void addFloatToInt(std::vector<Op> &ops) {
  for (Int d : ints)
    for (const Float *s : floats)
      for (auto [rnd, mode] : integerModes)
        for (bool ftz : {false, true}) {
          Format f = s->format;
          if ((ftz && f.bits != 32) || (d.bits == 8 && f.bits == 16))
            continue;
          ops.push_back(
              {std::string("cvt") + rnd + (ftz ? ".ftz." : ".") + d.name() + "." + s->name +
                   " $d, $0;",
               d.kind(),
               {s->kind},
               [=, mode = mode](const Value *v) {
                 uint64_t x = ftz ? flushed(f, v[0].bits) : v[0].bits;
                 if (isNan(f, x)) // zero, or the sign bit alone where 64 bits are involved
                   return f.bits == 64 || d.bits == 64
                              ? inRegister(d, d.kind(), static_cast<__int128>(1) << (d.bits - 1))
                              : Value{0};
                 if (isInf(f, x))
                   return inRegister(d, d.kind(), isNegative(f, x) ? least(d) : greatest(d));
                 Exact whole = roundToInteger(mode, exact(f, x));
                 auto n = static_cast<__int128>(integerPart(whole) >>
                                                (integerPart(whole) >> 127 ? 1 : 0));
                 return inRegister(d, d.kind(), clamp(d, whole.negative ? -n : n));
               }});
        }
}

/// A float in another format, one rounding. `finite`: what overflows becomes the largest number.
Value converted(const Format &d, const Format &s, Mode mode, uint64_t x, Flags flags, bool finite) {
  uint64_t sign = isNegative(s, x) ? signBit(d) : 0;
  uint64_t largest = infinity(d) - 1;
  if (isNan(s, x))
    return finish(d, someNan(d), flags);
  if (isInf(s, x))
    return finish(d, sign | (finite ? largest : infinity(d)), flags);
  uint64_t v = round(d, mode, exact(s, x));
  if (finite && (v & ~signBit(d)) > largest)
    v = sign | largest;
  return finish(d, v, flags);
}

void addFloatToFloat(std::vector<Op> &ops) {
  for (const Float *d : floats)
    for (const Float *s : floats)
      for (auto [rnd, mode] : floatModes)
        for (bool ftz : {false, true})
          for (bool sat : {false, true}) {
            Format fd = d->format, fs = s->format;
            bool narrows = fd.bits < fs.bits;
            bool single = fd.bits == 32 || fs.bits == 32;
            if (fd.bits == fs.bits || (ftz && !single) || (!narrows && mode != Mode::Rn))
              continue;
            if (sat && (fd.mantissa == 7 || fs.mantissa == 7))
              continue;
            std::string text = std::string("cvt") + (narrows ? rnd : "") + (ftz ? ".ftz" : "") +
                               (sat ? ".sat" : "") + "." + d->name + "." + s->name + " $d, $0;";
            // ftz speaks of singles only.
            bool in = ftz && fs.bits == 32, out = ftz && fd.bits == 32;
            ops.push_back({text, d->kind, {s->kind}, [=, mode = mode](const Value *v) {
                             uint64_t x = in ? flushed(fs, v[0].bits) : v[0].bits;
                             return converted(fd, fs, mode, x, {out, sat, false}, false);
                           }});
          }
}

/// Rounding to an integer in the same format.
void addIntegral(std::vector<Op> &ops) {
  for (const Float *t : {&kSingle, &kDouble, &kHalf})
    for (auto [rnd, mode] : integerModes)
      for (bool ftz : {false, true}) {
        Format f = t->format;
        if (ftz && f.bits != 32)
          continue;
        ops.push_back({std::string("cvt") + rnd + (ftz ? ".ftz." : ".") + t->name + "." + t->name +
                           " $d, $0;",
                       t->kind,
                       {t->kind},
                       [=, mode = mode](const Value *v) {
                         uint64_t x = ftz ? flushed(f, v[0].bits) : v[0].bits;
                         if (isNan(f, x))
                           return finish(f, x, {});
                         if (isInf(f, x))
                           return Value{x};
                         return Value{round(f, Mode::Rn, roundToInteger(mode, exact(f, x)))};
                       }});
      }
}

void addPairs(std::vector<Op> &ops) {
  for (const Float *t : {&kHalf, &kBfloat})
    for (auto [rnd, mode] : {floatModes[0], floatModes[1]})
      for (bool relu : {false, true}) {
        Format f = t->format;
        auto half = [=, mode = mode](uint64_t x) {
          return converted(f, kF32, mode, x, {false, false, relu}, false).bits;
        };
        ops.push_back(
            {std::string("cvt") + rnd + (relu ? ".relu." : ".") + t->name + "x2.f32 $d, $0, $1;",
             t->pair,
             {Kind::F32, Kind::F32},
             [half](const Value *v) { return Value{half(v[0].bits) << 16 | half(v[1].bits)}; }});
      }
}

void addTensorFormats(std::vector<Op> &ops) {
  for (auto [rnd, mode] : {std::pair(".rna", Mode::Rna), {".rn", Mode::Rn}, {".rz", Mode::Rz}})
    ops.push_back({std::string("cvt") + rnd + ".tf32.f32 $d, $0;",
                   Kind::I32,
                   {Kind::F32},
                   [mode = mode](const Value *v) {
                     if (isNan(kF32, v[0].bits))
                       return Value{0x7fffffff};
                     if (isInf(kF32, v[0].bits))
                       return Value{v[0].bits};
                     return Value{round(kTf32, mode, exact(kF32, v[0].bits)) << 13};
                   }});
  for (auto [name, f] : {std::pair("e4m3x2", kE4m3), std::pair("e5m2x2", kE5m2)})
    for (bool relu : {false, true}) {
      std::string r = relu ? ".relu" : "";
      auto byte = [=, f = f](const Format &s, uint64_t x) {
        if (isNan(s, x))
          return uint64_t(0x7f);
        return converted(f, s, Mode::Rn, x, {false, false, relu}, true).bits;
      };
      ops.push_back({"cvt.rn.satfinite" + r + "." + name + ".f32 $d, $0, $1;",
                     Kind::I16,
                     {Kind::F32, Kind::F32},
                     [byte](const Value *v) {
                       return Value{byte(kF32, v[0].bits) << 8 | byte(kF32, v[1].bits)};
                     }});
      ops.push_back({"cvt.rn.satfinite" + r + "." + name + ".f16x2 $d, $0;",
                     Kind::I16,
                     {Kind::Half2},
                     [byte](const Value *v) {
                       return Value{byte(kF16, v[0].bits >> 16) << 8 |
                                    byte(kF16, v[0].bits & 0xffff)};
                     }});
      ops.push_back({"cvt.rn" + r + ".f16x2." + name + " $d, $0;",
                     Kind::Half2,
                     {Kind::I16},
                     [=, f = f](const Value *v) {
                       auto half = [&](uint64_t b) {
                         return converted(kF16, f, Mode::Rn, b, {false, false, relu}, false).bits;
                       };
                       return Value{half(v[0].bits >> 8) << 16 | half(v[0].bits & 0xff)};
                     }});
    }
}

/// Bits carried from one kind of register to another. Where PTX leaves a NaN's payload open, so are
/// the bits.
void addMoves(std::vector<Op> &ops) {
  auto move = [&](const char *text, Kind to, Kind from) {
    ops.push_back(
        {text, to, {from}, [](const Value *v) { return Value{v[0].bits, 0, v[0].loose == 0}; }});
  };
  move("mov.b32 $d, $0;", Kind::I32, Kind::F32);
  move("mov.b32 $d, $0;", Kind::F32, Kind::I32);
  move("mov.b64 $d, $0;", Kind::I64, Kind::F64);
  move("mov.b64 $d, $0;", Kind::F64, Kind::I64);
  for (Kind k : {Kind::Half, Kind::Bfloat}) {
    move("mov.b16 $d, $0;", Kind::I16, k);
    move("mov.b16 $d, $0;", k, Kind::I16);
  }
  for (Kind k : {Kind::Half2, Kind::Bfloat2}) {
    move("mov.b32 $d, $0;", Kind::I32, k);
    move("mov.b32 $d, $0;", k, Kind::I32);
  }
  ops.push_back(
      {"mov.b32 $d, {$0, $1};", Kind::Half2, {Kind::Half, Kind::Half}, [](const Value *v) {
         return Value{v[0].bits | v[1].bits << 16, uint8_t(v[0].loose | v[1].loose << 1)};
       }});
  ops.push_back({"mov.b32 {$d, _}, $0;", Kind::Bfloat, {Kind::Bfloat2}, [](const Value *v) {
                   return Value{v[0].bits & 0xffff, uint8_t(v[0].loose & 1)};
                 }});
  ops.push_back({"mov.b64 $d, {$0, $1};", Kind::I64, {Kind::I32, Kind::I32}, [](const Value *v) {
                   return Value{v[0].bits | v[1].bits << 32};
                 }});
  ops.push_back({"mov.b64 {_, $d}, $0;", Kind::I32, {Kind::I64}, [](const Value *v) {
                   return Value{v[0].bits >> 32};
                 }});
}

} // namespace

void vmfuzz::addConversions(std::vector<Op> &ops) {
  addIntToInt(ops);
  addIntToFloat(ops);
  addFloatToInt(ops);
  addFloatToFloat(ops);
  addIntegral(ops);
  addPairs(ops);
  addTensorFormats(ops);
  addMoves(ops);
}

unsigned vmfuzz::bytesOf(Kind kind) {
  switch (kind) {
  case Kind::I16:
  case Kind::Half:
  case Kind::Bfloat:
    return 2;
  case Kind::I64:
  case Kind::F64:
    return 8;
  default:
    return 4;
  }
}

const std::vector<Op> &vmfuzz::arithmeticOps() {
  static const std::vector<Op> ops = [] {
    std::vector<Op> all;
    addIntegerOps(all);
    addBitOps(all);
    addFloatOps(all);
    addCompareOps(all);
    addConversions(all);
    return all;
  }();
  return ops;
}
