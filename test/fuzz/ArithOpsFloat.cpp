//===- ArithOpsFloat.cpp - floating point, comparison, selection ----------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/ArithFloat.h"
#include "test/fuzz/ArithOps.h"

using namespace vmfuzz;

namespace {

using Elements = std::function<Value(const uint64_t *)>; ///< one element from the operands' bits

const std::pair<const char *, Mode> modes[] = {
    {".rn", Mode::Rn}, {".rz", Mode::Rz}, {".rm", Mode::Rm}, {".rp", Mode::Rp}};

std::string operands(unsigned n) {
  std::string text = " $d";
  for (unsigned k = 0; k < n; ++k)
    text += ", $" + std::to_string(k);
  return text + ";";
}

/// An operation on a scalar type, and on pairs of it if there are such.
void add(std::vector<Op> &ops, const std::string &name, const Float &t, unsigned n, Elements f) {
  ops.push_back({name + "." + t.name + operands(n), t.kind, std::vector<Kind>(n, t.kind),
                 [n, f](const Value *v) {
                   uint64_t in[3] = {};
                   for (unsigned k = 0; k < n; ++k)
                     in[k] = v[k].bits;
                   return f(in);
                 }});
  if (t.pair == Kind::Pred)
    return;
  ops.push_back({name + "." + t.name + "x2" + operands(n), t.pair, std::vector<Kind>(n, t.pair),
                 [n, f](const Value *v) {
                   Value out;
                   for (unsigned e : {0u, 1u}) {
                     uint64_t in[3] = {};
                     for (unsigned k = 0; k < n; ++k)
                       in[k] = v[k].bits >> (16 * e) & 0xffff;
                     Value one = f(in);
                     out.bits |= one.bits << (16 * e);
                     out.loose |= uint8_t(one.loose << e);
                     out.known &= one.known;
                   }
                   return out;
                 }});
}

/// add, sub, mul, fma by the exact integers.
void addRounded(std::vector<Op> &ops, const Float &t, const std::string &rnd, Mode mode,
                const std::string &rest, Flags flags) {
  const Format f = t.format;
  auto flush = [=](uint64_t v) { return flags.ftz ? flushed(f, v) : v; };
  auto one = uint64_t(f.bias) << f.mantissa;
  std::string tail = rnd + rest;
  if (!flags.relu) {
    add(ops, "add" + tail, t, 2, [=](const uint64_t *v) {
      return finish(f, multiplyAdd(f, mode, flush(v[0]), one, flush(v[1]), true), flags);
    });
    add(ops, "sub" + tail, t, 2, [=](const uint64_t *v) {
      return finish(f, multiplyAdd(f, mode, flush(v[0]), one, flush(v[1]) ^ signBit(f), true),
                    flags);
    });
    add(ops, "mul" + tail, t, 2, [=](const uint64_t *v) {
      return finish(f, multiplyAdd(f, mode, flush(v[0]), flush(v[1]), 0, false), flags);
    });
  }
  add(ops, "fma" + tail, t, 3, [=](const uint64_t *v) {
    return finish(f, multiplyAdd(f, mode, flush(v[0]), flush(v[1]), flush(v[2]), true), flags);
  });
}

void addDivisions(std::vector<Op> &ops, const Float &t, const std::string &rnd, Mode mode,
                  bool ftz) {
  const Format f = t.format;
  auto flush = [=](uint64_t v) { return ftz ? flushed(f, v) : v; };
  std::string tail = rnd + (ftz ? ".ftz" : "");
  Flags flags;
  flags.ftz = ftz;
  add(ops, "div" + tail, t, 2, [=](const uint64_t *v) {
    return finish(f, divide(f, mode, flush(v[0]), flush(v[1])), flags);
  });
  add(ops, "rcp" + tail, t, 1, [=](const uint64_t *v) {
    return finish(f, divide(f, mode, uint64_t(f.bias) << f.mantissa, flush(v[0])), flags);
  });
  add(ops, "sqrt" + tail, t, 1,
      [=](const uint64_t *v) { return finish(f, squareRoot(f, mode, flush(v[0])), flags); });
}

/// min or max of numbers, -0 below +0; a NaN loses unless `nan`.
Value lesser(const Format &f, uint64_t a, uint64_t b, bool larger, bool nan) {
  bool na = isNan(f, a), nb = isNan(f, b);
  if (na || nb)
    return finish(f, (na && nb) || nan ? someNan(f) : na ? b : a, {});
  bool aFirst = less(f, a, b) || (isZero(f, a) && isZero(f, b) && isNegative(f, a));
  return {aFirst != larger ? a : b};
}

void addSigns(std::vector<Op> &ops, const Float &t, bool ftz) {
  const Format f = t.format;
  std::string tail = ftz ? ".ftz" : "";
  auto flush = [=](uint64_t v) { return ftz ? flushed(f, v) : v; };
  auto signOnly = [=](uint64_t v, uint64_t r) {
    return Value{r, uint8_t(isNan(f, v))}; // of a NaN the payload is open
  };
  add(ops, "abs" + tail, t, 1,
      [=](const uint64_t *v) { return signOnly(v[0], flush(v[0]) & ~signBit(f)); });
  add(ops, "neg" + tail, t, 1,
      [=](const uint64_t *v) { return signOnly(v[0], flush(v[0]) ^ signBit(f)); });
  for (bool larger : {false, true})
    for (bool nan : {false, true}) {
      std::string name = (larger ? "max" : "min") + tail + (nan ? ".NaN" : "");
      if (nan && t.format.bits == 64)
        continue;
      add(ops, name, t, 2,
          [=](const uint64_t *v) { return lesser(f, flush(v[0]), flush(v[1]), larger, nan); });
      if (t.format.bits == 64)
        continue;
      add(ops, name + ".xorsign.abs", t, 2, [=](const uint64_t *v) {
        uint64_t s = signBit(f), a = flush(v[0]), b = flush(v[1]);
        Value m = lesser(f, a & ~s, b & ~s, larger, nan);
        if (isNan(f, a) || isNan(f, b)) // a NaN's sign is open, so is what it gives
          return Value{m.bits, m.loose, isNan(f, m.bits)};
        return Value{m.bits | ((a ^ b) & s)};
      });
    }
}

void addCopySign(std::vector<Op> &ops, const Float &t) {
  const Format f = t.format;
  add(ops, "copysign", t, 2, [=](const uint64_t *v) {
    return Value{(v[0] & signBit(f)) | (v[1] & ~signBit(f)), uint8_t(isNan(f, v[1])),
                 !isNan(f, v[0])};
  });
}

// Comparison.

struct Comparison {
  const char *name;
  bool less, equal, greater, unordered;
};
const Comparison floatComparisons[] = {
    {"eq", 0, 1, 0, 0},  {"ne", 1, 0, 1, 0},  {"lt", 1, 0, 0, 0},  {"le", 1, 1, 0, 0},
    {"gt", 0, 0, 1, 0},  {"ge", 0, 1, 1, 0},  {"equ", 0, 1, 0, 1}, {"neu", 1, 0, 1, 1},
    {"ltu", 1, 0, 0, 1}, {"leu", 1, 1, 0, 1}, {"gtu", 0, 0, 1, 1}, {"geu", 0, 1, 1, 1},
    {"num", 1, 1, 1, 0}, {"nan", 0, 0, 0, 1}};

bool holds(const Comparison &c, const Format &f, uint64_t a, uint64_t b) {
  if (isNan(f, a) || isNan(f, b))
    return c.unordered;
  return less(f, a, b) ? c.less : less(f, b, a) ? c.greater : c.equal;
}

void addFloatComparisons(std::vector<Op> &ops, const Float &t, bool ftz) {
  const Format f = t.format;
  auto flush = [=](uint64_t v) { return ftz ? flushed(f, v) : v; };
  std::string tail = std::string(ftz ? ".ftz." : ".") + t.name;
  for (const Comparison &c : floatComparisons) {
    std::string name = std::string(c.name);
    ops.push_back({"setp." + name + tail + " $d, $0, $1;",
                   Kind::Pred,
                   {t.kind, t.kind},
                   [=, &c](const Value *v) {
                     return Value{holds(c, f, flush(v[0].bits), flush(v[1].bits))};
                   }});
    ops.push_back({"setp." + name + ".xor" + tail + " $d, $0, $1, !$2;",
                   Kind::Pred,
                   {t.kind, t.kind, Kind::Pred},
                   [=, &c](const Value *v) {
                     return Value{holds(c, f, flush(v[0].bits), flush(v[1].bits)) != !v[2].bits};
                   }});
    ops.push_back({"set." + name + (ftz ? ".ftz" : "") + ".u32." + t.name + " $d, $0, $1;",
                   Kind::I32,
                   {t.kind, t.kind},
                   [=, &c](const Value *v) {
                     bool is = holds(c, f, flush(v[0].bits), flush(v[1].bits));
                     return Value{is ? 0xffffffffu : 0u};
                   }});
    if (f.bits >= 32)
      ops.push_back(
          {"set." + name + ".and" + (ftz ? ".ftz" : "") + ".f32." + t.name + " $d, $0, $1, $2;",
           Kind::F32,
           {t.kind, t.kind, Kind::Pred},
           [=, &c](const Value *v) {
             bool is = holds(c, f, flush(v[0].bits), flush(v[1].bits)) && v[2].bits;
             return Value{is ? 0x3f800000u : 0u};
           }});
  }
}

void addIntComparisons(std::vector<Op> &ops) {
  static const Comparison comparisons[] = {{"eq", 0, 1, 0, 0}, {"ne", 1, 0, 1, 0},
                                           {"lt", 1, 0, 0, 0}, {"le", 1, 1, 0, 0},
                                           {"gt", 0, 0, 1, 0}, {"ge", 0, 1, 1, 0}};
  for (auto [bits, kind] :
       {std::pair(16u, Kind::I16), std::pair(32u, Kind::I32), std::pair(64u, Kind::I64)})
    for (bool isSigned : {false, true})
      for (const Comparison &c : comparisons) {
        uint64_t flip = isSigned ? uint64_t(1) << (bits - 1) : 0; // orders signed as unsigned
        auto is = [=, &c](const Value *v) {
          uint64_t a = v[0].bits ^ flip, b = v[1].bits ^ flip;
          return a < b ? c.less : a > b ? c.greater : c.equal;
        };
        std::string type = std::string(isSigned ? "s" : "u") + std::to_string(bits), name = c.name;
        ops.push_back({"setp." + name + "." + type + " $d, $0, $1;",
                       Kind::Pred,
                       {kind, kind},
                       [is](const Value *v) { return Value{is(v)}; }});
        ops.push_back({"setp." + name + ".or." + type + " $d, $0, $1, $2;",
                       Kind::Pred,
                       {kind, kind, Kind::Pred},
                       [is](const Value *v) { return Value{is(v) || v[2].bits}; }});
        ops.push_back({"set." + name + ".s32." + type + " $d, $0, $1;",
                       Kind::I32,
                       {kind, kind},
                       [is](const Value *v) { return Value{is(v) ? 0xffffffffu : 0u}; }});
      }
}

void addSelections(std::vector<Op> &ops) {
  struct Type {
    const char *name;
    Kind kind;
  };
  for (Type t : {Type{"b16", Kind::I16},
                 {"b32", Kind::I32},
                 {"b64", Kind::I64},
                 {"f32", Kind::F32},
                 {"f64", Kind::F64},
                 {"b16", Kind::Half},
                 {"b32", Kind::Bfloat2}}) {
    std::string n = std::string(".") + t.name;
    ops.push_back(
        {"selp" + n + " $d, $0, $1, $2;", t.kind, {t.kind, t.kind, Kind::Pred}, [](const Value *v) {
           return v[2].bits ? v[0] : v[1];
         }});
    ops.push_back({"slct" + n + ".s32 $d, $0, $1, $2;",
                   t.kind,
                   {t.kind, t.kind, Kind::I32},
                   [](const Value *v) { return v[2].bits >> 31 ? v[1] : v[0]; }});
    ops.push_back({"slct" + n + ".f32 $d, $0, $1, $2;",
                   t.kind,
                   {t.kind, t.kind, Kind::F32},
                   [](const Value *v) {
                     bool atLeastZero = !isNan(kF32, v[2].bits) && !less(kF32, v[2].bits, 0);
                     return v[atLeastZero ? 0 : 1];
                   }});
  }
  for (auto [name, f] :
       {std::pair<const char *, bool (*)(bool, bool)>{"and", [](bool a, bool b) { return a && b; }},
        {"or", [](bool a, bool b) { return a || b; }},
        {"xor", [](bool a, bool b) { return a != b; }}})
    ops.push_back({std::string(name) + ".pred $d, $0, $1;",
                   Kind::Pred,
                   {Kind::Pred, Kind::Pred},
                   [f = f](const Value *v) { return Value{f(v[0].bits, v[1].bits)}; }});
  ops.push_back({"not.pred $d, $0;", Kind::Pred, {Kind::Pred}, [](const Value *v) {
                   return Value{!v[0].bits};
                 }});
}

void addTests(std::vector<Op> &ops) {
  for (const Float *t : {&kSingle, &kDouble}) {
    const Format f = t->format;
    auto test = [&](const char *name, std::function<bool(uint64_t)> is) {
      ops.push_back({std::string("testp.") + name + "." + t->name + " $d, $0;",
                     Kind::Pred,
                     {t->kind},
                     [is](const Value *v) { return Value{is(v[0].bits)}; }});
    };
    test("finite", [f](uint64_t v) { return !isNan(f, v) && !isInf(f, v); });
    test("infinite", [f](uint64_t v) { return isInf(f, v); });
    test("number", [f](uint64_t v) { return !isNan(f, v); });
    test("notanumber", [f](uint64_t v) { return isNan(f, v); });
    test("normal", [f](uint64_t v) {
      return !isNan(f, v) && !isInf(f, v) && !isZero(f, v) && !isSubnormal(f, v);
    });
    test("subnormal", [f](uint64_t v) { return isSubnormal(f, v); });
  }
}

} // namespace

void vmfuzz::addFloatOps(std::vector<Op> &ops) {
  for (auto [rnd, mode] : modes) {
    for (bool ftz : {false, true}) {
      for (bool sat : {false, true})
        addRounded(ops, kSingle, rnd, mode, std::string(ftz ? ".ftz" : "") + (sat ? ".sat" : ""),
                   {ftz, sat});
      addDivisions(ops, kSingle, rnd, mode, ftz);
    }
    addRounded(ops, kDouble, rnd, mode, "", {});
    addDivisions(ops, kDouble, rnd, mode, false);
  }
  for (bool ftz : {false, true}) {
    for (bool sat : {false, true})
      addRounded(ops, kHalf, ".rn", Mode::Rn, std::string(ftz ? ".ftz" : "") + (sat ? ".sat" : ""),
                 {ftz, sat});
    addRounded(ops, kHalf, ".rn", Mode::Rn, std::string(ftz ? ".ftz" : "") + ".relu",
               {ftz, false, true});
    addSigns(ops, kSingle, ftz);
    addSigns(ops, kHalf, ftz);
  }
  addRounded(ops, kBfloat, ".rn", Mode::Rn, "", {});
  addRounded(ops, kBfloat, ".rn", Mode::Rn, ".relu", {false, false, true});
  addSigns(ops, kBfloat, false);
  addSigns(ops, kDouble, false);
  addCopySign(ops, kSingle);
  addCopySign(ops, kDouble);
}
void vmfuzz::addCompareOps(std::vector<Op> &ops) {
  for (bool ftz : {false, true}) {
    addFloatComparisons(ops, kSingle, ftz);
    addFloatComparisons(ops, kHalf, ftz);
  }
  addFloatComparisons(ops, kDouble, false);
  addFloatComparisons(ops, kBfloat, false);
  addIntComparisons(ops);
  addSelections(ops);
  addTests(ops);
}
