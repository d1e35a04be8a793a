//===- ArithOpsInt.cpp - integer arithmetic and bits ----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/ArithOps.h"
#include <algorithm>

using namespace vmfuzz;

namespace {

using I128 = __int128;

/// An integer type of PTX.
struct Int {
  const char *name;
  unsigned bits;
  bool isSigned;
  Kind kind;
  I128 of(uint64_t raw) const {
    uint64_t low = bits == 64 ? raw : raw & ((uint64_t(1) << bits) - 1);
    return isSigned && low >> (bits - 1) ? I128(low) - (I128(1) << bits) : I128(low);
  }
  Value value(I128 v) const {
    uint64_t raw = uint64_t(v);
    return {bits == 64 ? raw : raw & ((uint64_t(1) << bits) - 1)};
  }
  I128 least() const { return isSigned ? -(I128(1) << (bits - 1)) : 0; }
  I128 greatest() const { return (I128(1) << (isSigned ? bits - 1 : bits)) - 1; }
  I128 clamp(I128 v) const { return std::min(std::max(v, least()), greatest()); }
};
const Int ints[] = {{"u16", 16, false, Kind::I16}, {"s16", 16, true, Kind::I16},
                    {"u32", 32, false, Kind::I32}, {"s32", 32, true, Kind::I32},
                    {"u64", 64, false, Kind::I64}, {"s64", 64, true, Kind::I64}};
const Int &u32 = ints[2], &s32 = ints[3];

using Math = std::function<I128(I128, I128, I128)>;

void add(std::vector<Op> &ops, const std::string &name, const Int &t, unsigned n, Math f) {
  std::string text = name + "." + t.name + " $d";
  for (unsigned k = 0; k < n; ++k)
    text += ", $" + std::to_string(k);
  ops.push_back({text + ";", t.kind, std::vector<Kind>(n, t.kind), [t, n, f](const Value *v) {
                   return t.value(f(t.of(v[0].bits), n > 1 ? t.of(v[1].bits) : 0,
                                    n > 2 ? t.of(v[2].bits) : 0));
                 }});
}

/// The upper half of a product; of 64-bit factors it needs all 128 bits.
I128 high(const Int &t, I128 a, I128 b) {
  if (t.bits < 64)
    return (a * b) >> t.bits;
  if (t.isSigned)
    return (a * b) >> 64; // fits: |a|, |b| <= 2^63
  return I128((static_cast<unsigned __int128>(a) * static_cast<unsigned __int128>(b)) >> 64);
}

void addPlain(std::vector<Op> &ops, const Int &t) {
  add(ops, "add", t, 2, [](I128 a, I128 b, I128) { return a + b; });
  add(ops, "sub", t, 2, [](I128 a, I128 b, I128) { return a - b; });
  // Products of unsigned 64-bit numbers don't fit a signed 128-bit one; their low bits do.
  auto low = [](I128 a, I128 b) {
    return I128(static_cast<unsigned __int128>(a) * static_cast<unsigned __int128>(b));
  };
  add(ops, "mul.lo", t, 2, [low](I128 a, I128 b, I128) { return low(a, b); });
  add(ops, "mad.lo", t, 3, [low](I128 a, I128 b, I128 c) {
    return I128(static_cast<unsigned __int128>(low(a, b)) + static_cast<unsigned __int128>(c));
  });
  add(ops, "mul.hi", t, 2, [t](I128 a, I128 b, I128) { return high(t, a, b); });
  add(ops, "mad.hi", t, 3, [t](I128 a, I128 b, I128 c) { return high(t, a, b) + c; });
  add(ops, "sad", t, 3, [](I128 a, I128 b, I128 c) { return c + (a > b ? a - b : b - a); });
  // By zero: what the machine documents.
  add(ops, "div", t, 2, [](I128 a, I128 b, I128) { return b == 0 ? -1 : a / b; });
  add(ops, "rem", t, 2, [](I128 a, I128 b, I128) { return b == 0 ? a : a % b; });
  add(ops, "min", t, 2, [](I128 a, I128 b, I128) { return std::min(a, b); });
  add(ops, "max", t, 2, [](I128 a, I128 b, I128) { return std::max(a, b); });
  if (t.isSigned) {
    add(ops, "abs", t, 1, [](I128 a, I128, I128) { return a < 0 ? -a : a; });
    add(ops, "neg", t, 1, [](I128 a, I128, I128) { return -a; });
  }
  if (t.bits == 64)
    return;
  const Int &w = ints[&t - ints + 2]; // twice as wide
  std::string name = t.name;
  ops.push_back(
      {"mul.wide." + name + " $d, $0, $1;", w.kind, {t.kind, t.kind}, [t, w](const Value *v) {
         return w.value(t.of(v[0].bits) * t.of(v[1].bits));
       }});
  ops.push_back({"mad.wide." + name + " $d, $0, $1, $2;",
                 w.kind,
                 {t.kind, t.kind, w.kind},
                 [t, w](const Value *v) {
                   return w.value(t.of(v[0].bits) * t.of(v[1].bits) + w.of(v[2].bits));
                 }});
}

void addSpecial32(std::vector<Op> &ops) {
  add(ops, "add.sat", s32, 2, [](I128 a, I128 b, I128) { return s32.clamp(a + b); });
  add(ops, "sub.sat", s32, 2, [](I128 a, I128 b, I128) { return s32.clamp(a - b); });
  add(ops, "mad.hi.sat", s32, 3,
      [](I128 a, I128 b, I128 c) { return s32.clamp(((a * b) >> 32) + c); });
  add(ops, "min.relu", s32, 2,
      [](I128 a, I128 b, I128) { return std::max<I128>(std::min(a, b), 0); });
  add(ops, "max.relu", s32, 2,
      [](I128 a, I128 b, I128) { return std::max<I128>(std::max(a, b), 0); });
  for (const Int *t : {&u32, &s32}) {
    auto narrow = [t](I128 v) {
      v &= 0xffffff;
      return t->isSigned && v >> 23 ? v - (1 << 24) : v;
    };
    add(ops, "mul24.lo", *t, 2, [narrow](I128 a, I128 b, I128) { return narrow(a) * narrow(b); });
    add(ops, "mul24.hi", *t, 2,
        [narrow](I128 a, I128 b, I128) { return narrow(a) * narrow(b) >> 16; });
    add(ops, "mad24.lo", *t, 3,
        [narrow](I128 a, I128 b, I128 c) { return narrow(a) * narrow(b) + c; });
    add(ops, "mad24.hi", *t, 3,
        [narrow](I128 a, I128 b, I128 c) { return (narrow(a) * narrow(b) >> 16) + c; });
  }
  auto element = [](uint64_t v, unsigned k, unsigned bits, bool isSigned) {
    int64_t e = int64_t(v >> (k * bits) & ((1u << bits) - 1));
    return isSigned && e >> (bits - 1) ? e - (int64_t(1) << bits) : e;
  };
  for (bool sa : {false, true})
    for (bool sb : {false, true}) {
      std::string types = std::string(sa ? ".s32" : ".u32") + (sb ? ".s32" : ".u32");
      auto dot = [=](unsigned n, unsigned bits, unsigned firstB) {
        return [=](const Value *v) {
          int64_t total = int64_t(v[2].bits);
          for (unsigned k = 0; k < n; ++k)
            total += element(v[0].bits, k, bits, sa) * element(v[1].bits, k + firstB, 8, sb);
          return u32.value(total);
        };
      };
      std::vector<Kind> three(3, Kind::I32);
      ops.push_back({"dp4a" + types + " $d, $0, $1, $2;", Kind::I32, three, dot(4, 8, 0)});
      ops.push_back({"dp2a.lo" + types + " $d, $0, $1, $2;", Kind::I32, three, dot(2, 16, 0)});
      ops.push_back({"dp2a.hi" + types + " $d, $0, $1, $2;", Kind::I32, three, dot(2, 16, 2)});
    }
}

/// Two instructions that hand the carry over, as one operation on the wider number's upper word.
void addCarries(std::vector<Op> &ops) {
  for (const Int *t : {&ints[2], &ints[4]}) {
    std::string n = t->name;
    Kind k = t->kind;
    auto two = [t](uint64_t low, uint64_t up) {
      return static_cast<unsigned __int128>(up) << t->bits | low;
    };
    unsigned bits = t->bits;
    ops.push_back({"add.cc." + n + " $t, $0, $1;\n  addc." + n + " $d, $2, $3;",
                   k,
                   {k, k, k, k},
                   [=](const Value *v) {
                     return t->value(
                         I128((two(v[0].bits, v[2].bits) + two(v[1].bits, v[3].bits)) >> bits));
                   }});
    ops.push_back({"sub.cc." + n + " $t, $0, $1;\n  subc." + n + " $d, $2, $3;",
                   k,
                   {k, k, k, k},
                   [=](const Value *v) {
                     return t->value(
                         I128((two(v[0].bits, v[2].bits) - two(v[1].bits, v[3].bits)) >> bits));
                   }});
    ops.push_back({"mad.lo.cc." + n + " $t, $0, $1, $2;\n  madc.hi." + n + " $d, $0, $1, $3;",
                   k,
                   {k, k, k, k},
                   [=](const Value *v) {
                     auto p = static_cast<unsigned __int128>(v[0].bits) * v[1].bits;
                     return t->value(I128((p + two(v[2].bits, v[3].bits)) >> bits));
                   }});
  }
}

void addPacked(std::vector<Op> &ops) {
  for (const Int *t : {&ints[0], &ints[1]}) {
    auto packed = [t](auto f) {
      return [t, f](const Value *v) {
        uint64_t out = 0;
        for (unsigned s : {0u, 16u})
          out |= t->value(f(t->of(v[0].bits >> s), t->of(v[1].bits >> s))).bits << s;
        return Value{out};
      };
    };
    std::string n = std::string(t->name) + "x2 $d, $0, $1;";
    std::vector<Kind> two(2, Kind::I32);
    ops.push_back({"add." + n, Kind::I32, two, packed([](I128 a, I128 b) { return a + b; })});
    ops.push_back(
        {"min." + n, Kind::I32, two, packed([](I128 a, I128 b) { return std::min(a, b); })});
    ops.push_back(
        {"max." + n, Kind::I32, two, packed([](I128 a, I128 b) { return std::max(a, b); })});
  }
}

// Bits.

void addLogic(std::vector<Op> &ops) {
  for (auto [name, kind, bits] :
       {std::tuple("b16", Kind::I16, 16u), std::tuple("b32", Kind::I32, 32u),
        std::tuple("b64", Kind::I64, 64u)}) {
    std::string n = std::string(".") + name;
    uint64_t mask = ~uint64_t(0) >> (64 - bits);
    std::vector<Kind> two(2, kind), one(1, kind), shift{kind, Kind::I32};
    ops.push_back({"and" + n + " $d, $0, $1;", kind, two,
                   [](const Value *v) { return Value{v[0].bits & v[1].bits}; }});
    ops.push_back({"or" + n + " $d, $0, $1;", kind, two,
                   [](const Value *v) { return Value{v[0].bits | v[1].bits}; }});
    ops.push_back({"xor" + n + " $d, $0, $1;", kind, two,
                   [](const Value *v) { return Value{v[0].bits ^ v[1].bits}; }});
    ops.push_back({"not" + n + " $d, $0;", kind, one,
                   [mask](const Value *v) { return Value{~v[0].bits & mask}; }});
    ops.push_back(
        {"cnot" + n + " $d, $0;", kind, one, [](const Value *v) { return Value{v[0].bits == 0}; }});
    ops.push_back({"shl" + n + " $d, $0, $1;", kind, shift, [=](const Value *v) {
                     return Value{v[1].bits >= bits ? 0 : v[0].bits << v[1].bits & mask};
                   }});
  }
  for (const Int &t : ints)
    ops.push_back({std::string("shr.") + t.name + " $d, $0, $1;",
                   t.kind,
                   {t.kind, Kind::I32},
                   [t](const Value *v) {
                     return t.value(t.of(v[0].bits) >> std::min<uint64_t>(v[1].bits, 100));
                   }});
  for (unsigned table : {0x96u, 0xe8u, 0xcau, 0x1fu, 0x80u, 0x5au})
    ops.push_back({"lop3.b32 $d, $0, $1, $2, " + std::to_string(table) + ";",
                   Kind::I32,
                   {Kind::I32, Kind::I32, Kind::I32},
                   [table](const Value *v) {
                     uint64_t out = 0;
                     for (unsigned k = 0; k < 32; ++k) {
                       unsigned row = unsigned(v[0].bits >> k & 1) << 2 |
                                      unsigned(v[1].bits >> k & 1) << 1 |
                                      unsigned(v[2].bits >> k & 1);
                       out |= uint64_t(table >> row & 1) << k;
                     }
                     return Value{out};
                   }});
  for (bool left : {false, true})
    for (bool wrap : {false, true})
      ops.push_back({std::string("shf.") + (left ? "l" : "r") + (wrap ? ".wrap" : ".clamp") +
                         ".b32 $d, $0, $1, $2;",
                     Kind::I32,
                     {Kind::I32, Kind::I32, Kind::I32},
                     [=](const Value *v) {
                       unsigned n =
                           unsigned(wrap ? v[2].bits % 32 : std::min<uint64_t>(v[2].bits, 32));
                       uint64_t both = v[1].bits << 32 | v[0].bits;
                       return Value{left ? both << n >> 32 : both >> n & 0xffffffff};
                     }});
}

unsigned bitCount(uint64_t v) {
  unsigned n = 0;
  for (; v; v &= v - 1)
    ++n;
  return n;
}

void addCounts(std::vector<Op> &ops) {
  for (auto [name, kind, bits] :
       {std::tuple("b32", Kind::I32, 32u), std::tuple("b64", Kind::I64, 64u)}) {
    std::string n = std::string(".") + name + " $d, $0;";
    ops.push_back(
        {"popc" + n, Kind::I32, {kind}, [](const Value *v) { return Value{bitCount(v[0].bits)}; }});
    ops.push_back({"clz" + n, Kind::I32, {kind}, [bits](const Value *v) {
                     unsigned count = 0;
                     while (count < bits && !(v[0].bits >> (bits - 1 - count) & 1))
                       ++count;
                     return Value{count};
                   }});
    ops.push_back({"brev" + n, kind, {kind}, [bits](const Value *v) {
                     uint64_t out = 0;
                     for (unsigned k = 0; k < bits; ++k)
                       out |= (v[0].bits >> k & 1) << (bits - 1 - k);
                     return Value{out};
                   }});
  }
  for (const Int &t : ints) {
    if (t.bits == 16)
      continue;
    for (bool shiftAmount : {false, true})
      ops.push_back(
          {std::string("bfind") + (shiftAmount ? ".shiftamt." : ".") + t.name + " $d, $0;",
           Kind::I32,
           {t.kind},
           [=](const Value *v) {
             uint64_t raw = t.of(v[0].bits) < 0 ? uint64_t(~t.of(v[0].bits)) : v[0].bits;
             int at = int(t.bits) - 1;
             while (at >= 0 && !(raw >> at & 1))
               --at;
             if (shiftAmount && at >= 0)
               at = int(t.bits) - 1 - at;
             return Value{uint32_t(at)};
           }});
    ops.push_back({std::string("bfe.") + t.name + " $d, $0, $1, $2;",
                   t.kind,
                   {t.kind, Kind::I32, Kind::I32},
                   [t](const Value *v) {
                     unsigned at = unsigned(v[1].bits & 0xff), count = unsigned(v[2].bits & 0xff);
                     uint64_t out = 0;
                     unsigned signAt = std::min(at + count - 1, t.bits - 1);
                     bool fill = t.isSigned && count && v[0].bits >> signAt & 1;
                     for (unsigned k = 0; k < t.bits; ++k) {
                       bool bit = k < count && at + k < t.bits ? v[0].bits >> (at + k) & 1 : fill;
                       out |= uint64_t(bit) << k;
                     }
                     return Value{out};
                   }});
  }
  for (auto [name, kind, bits] :
       {std::tuple("b32", Kind::I32, 32u), std::tuple("b64", Kind::I64, 64u)})
    ops.push_back({std::string("bfi.") + name + " $d, $0, $1, $2, $3;",
                   kind,
                   {kind, kind, Kind::I32, Kind::I32},
                   [bits](const Value *v) {
                     unsigned at = unsigned(v[2].bits & 0xff), count = unsigned(v[3].bits & 0xff);
                     uint64_t out = v[1].bits;
                     for (unsigned k = 0; k < count && at + k < bits; ++k) {
                       out &= ~(uint64_t(1) << (at + k));
                       out |= (v[0].bits >> k & 1) << (at + k);
                     }
                     return Value{out};
                   }});
}

void addFields(std::vector<Op> &ops) {
  std::vector<Kind> two(2, Kind::I32), three(3, Kind::I32);
  for (bool wrap : {false, true}) {
    std::string mode = wrap ? ".wrap" : ".clamp";
    auto limit = [wrap](uint64_t v) { return unsigned(wrap ? v % 32 : std::min<uint64_t>(v, 32)); };
    ops.push_back({"bmsk" + mode + ".b32 $d, $0, $1;", Kind::I32, two, [limit](const Value *v) {
                     unsigned at = limit(v[0].bits), count = limit(v[1].bits);
                     uint64_t ones = (uint64_t(1) << count) - 1;
                     return Value{ones << at & 0xffffffff};
                   }});
    for (bool isSigned : {false, true})
      ops.push_back({"szext" + mode + (isSigned ? ".s32" : ".u32") + " $d, $0, $1;", Kind::I32, two,
                     [=](const Value *v) {
                       unsigned n = limit(v[1].bits);
                       if (n == 32)
                         return v[0];
                       uint64_t low = v[0].bits & ((uint64_t(1) << n) - 1);
                       if (isSigned && n && low >> (n - 1))
                         low |= ~uint64_t(0) << n;
                       return Value{low & 0xffffffff};
                     }});
  }
  auto byteOf = [](const Value *v, unsigned k) {
    return (v[1].bits << 32 | v[0].bits) >> (8 * k) & 0xff;
  };
  ops.push_back({"prmt.b32 $d, $0, $1, $2;", Kind::I32, three, [byteOf](const Value *v) {
                   uint64_t out = 0;
                   for (unsigned k = 0; k < 4; ++k) {
                     unsigned s = unsigned(v[2].bits >> (4 * k) & 15);
                     uint64_t b = byteOf(v, s & 7);
                     out |= (s & 8 ? (b >> 7 ? 0xff : 0) : b) << (8 * k);
                   }
                   return Value{out};
                 }});
  // The named modes, as rows of byte numbers (lowest first) for c = 0, 1, 2, 3.
  struct Mode {
    const char *name;
    unsigned rows[4][4];
  };
  static const Mode modes[] = {{"f4e", {{0, 1, 2, 3}, {1, 2, 3, 4}, {2, 3, 4, 5}, {3, 4, 5, 6}}},
                               {"b4e", {{0, 7, 6, 5}, {1, 0, 7, 6}, {2, 1, 0, 7}, {3, 2, 1, 0}}},
                               {"rc8", {{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}}},
                               {"ecl", {{0, 1, 2, 3}, {1, 1, 2, 3}, {2, 2, 2, 3}, {3, 3, 3, 3}}},
                               {"ecr", {{0, 0, 0, 0}, {0, 1, 1, 1}, {0, 1, 2, 2}, {0, 1, 2, 3}}},
                               {"rc16", {{0, 1, 0, 1}, {2, 3, 2, 3}, {0, 1, 0, 1}, {2, 3, 2, 3}}}};
  for (const Mode &m : modes)
    ops.push_back({std::string("prmt.b32.") + m.name + " $d, $0, $1, $2;", Kind::I32, three,
                   [&m, byteOf](const Value *v) {
                     uint64_t out = 0;
                     for (unsigned k = 0; k < 4; ++k)
                       out |= byteOf(v, m.rows[v[2].bits & 3][k]) << (8 * k);
                     return Value{out};
                   }});
  ops.push_back({"fns.b32 $d, $0, $1, $2;", Kind::I32, three, [](const Value *v) {
                   int n = int(uint32_t(v[2].bits));
                   if (v[1].bits > 31)
                     return Value{0, 0, false};
                   int at = int(v[1].bits), step = n < 0 ? -1 : 1, found = 0;
                   int64_t wanted = n < 0 ? -int64_t(n) : n;
                   if (n == 0) // the bit at the base itself
                     return Value{v[0].bits >> at & 1 ? uint64_t(at) : 0xffffffff};
                   for (; at >= 0 && at < 32; at += step)
                     if (v[0].bits >> at & 1 && ++found == wanted)
                       return Value{uint64_t(at)};
                   return Value{0xffffffff};
                 }});
}

} // namespace

void vmfuzz::addIntegerOps(std::vector<Op> &ops) {
  for (const Int &t : ints)
    addPlain(ops, t);
  addSpecial32(ops);
  addCarries(ops);
  addPacked(ops);
}
void vmfuzz::addBitOps(std::vector<Op> &ops) {
  addLogic(ops);
  addCounts(ops);
  addFields(ops);
}
