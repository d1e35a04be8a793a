//===- Overflow.cpp - signed 32-bit overflow that reaches an address ------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compilers write add.s32 for unsigned sums, too, and sums that wrap are often meant (hashes) or
// mend themselves (a + b - b). So an overflow counts only if the value is then widened as a signed
// one, while it still differs from what exact arithmetic would give, and if the result reaches the
// address of an access that is made.
//
// For each lane of a register that may reach an address there is a mark: the exact value, and where
// it left the range of 32 bits. Sums, differences, products and shifts of marked values keep the
// exact value in step; what is not linear (and, rem, shr, xor, unsigned widening, ...) drops it.
// From the widening on the mark only says where the address comes from.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/AddressFlow.h"
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/exec/Resolve.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;

namespace {

enum Kind : uint8_t { Drop, Copy, Add, Sub, Mul, Mad, Shl, Neg, Pick, Widen, Wide };

/// One lane's value that is not what exact arithmetic gives.
struct Mark {
  uint32_t inst = 0;    ///< where it overflowed
  int64_t exact = 0;    ///< the value that the register should hold; of a wide one, of its source
  int64_t operand[3]{}; ///< of `inst`
};
using Marks = std::array<Mark, kLanes>;

/// The marks of a frame's registers.
struct Shadow {
  std::vector<uint32_t> lanes; ///< by tracked slot
  llvm::DenseMap<uint16_t, std::unique_ptr<Marks>> marks;
  Marks &of(uint16_t slot) {
    std::unique_ptr<Marks> &m = marks[slot];
    if (!m)
      m = std::make_unique<Marks>();
    return *m;
  }
};

bool isWord(ScalarType t) { return bitsOf(t) == 32; }

/// Kind and sources of the 32-bit (signed) or 64-bit (any) form of an arithmetic instruction.
FlowRule arithmetic(const InstInfo &info, Kind word, uint8_t sources) {
  ScalarType t = info.match.types[0];
  if (t == ScalarType::S32 || t == ScalarType::B32)
    return {word, sources};
  return bitsOf(t) == 64 ? FlowRule{Wide, sources} : FlowRule{};
}

FlowRule ruleOf(const Inst &, const InstInfo &info) {
  constexpr uint8_t one = 2, two = 6, three = 14;
  ScalarType t = info.match.types[0], from = info.match.types[1];
  unsigned bits = bitsOf(t);
  switch (info.match.form->id) {
  case InstId::AddI:
    return arithmetic(info, Add, two);
  case InstId::SubI:
    return arithmetic(info, Sub, two);
  case InstId::MulLo:
    return arithmetic(info, Mul, two);
  case InstId::MadLo:
    return arithmetic(info, Mad, three);
  case InstId::Shl:
    return arithmetic(info, Shl, one);
  case InstId::NegI:
    return arithmetic(info, Neg, one);
  case InstId::MinI:
  case InstId::MaxI:
  case InstId::Selp:
    return bits >= 32 ? FlowRule{Pick, two} : FlowRule{};
  case InstId::Mov: // not the ones that take registers apart
    return bits >= 32 && !info.text.contains('{') ? FlowRule{Copy, one} : FlowRule{};
  case InstId::Cvta:
    return {Copy, one};
  case InstId::CvtII:
    if (bits == bitsOf(from) && bits >= 32)
      return {Copy, one};
    return bits == 64 && from == ScalarType::S32 ? FlowRule{Widen, one} : FlowRule{};
  case InstId::MulWide:
    return t == ScalarType::S32 ? FlowRule{Widen, two} : FlowRule{};
  case InstId::MadWide:
    return t == ScalarType::S32   ? FlowRule{Widen, three}
           : t == ScalarType::U32 ? FlowRule{Wide, 8}
                                  : FlowRule{};
  default:
    return {};
  }
}

/// Global memory and the generic window: the others have addresses of 32 bits.
uint32_t addressSlot(const ObservedCode &code, const Inst &inst, uint32_t index) {
  Way way = Way(inst.flags & kWayMask);
  bool wide = way == Way::Global || way == Way::Generic;
  return code.accesses[index].bytes && wide ? inst.op[kAddressOp] : ~0u;
}

const Inst *watch(Warp &w, const Inst *i);

class OverflowChecker : public Observer {
public:
  void instrument(ObservedCode &observed, const Launch &launch) override {
    const Program &program = *launch.program;
    code = &observed;
    flow = findAddressFlow(*code, program, ruleOf, [&](const Inst &inst, const InstInfo &info) {
      auto index = uint32_t(&info - program.info.data());
      if (info.match.form->id == InstId::CpAsync) // list: shared address, global address, ...
        return program.vectorOps[inst.aux + 3];
      return addressSlot(*code, inst, index);
    });
    code->owner[size_t(Layer::Overflow)] = this;
    for (uint32_t k = 0; k < flow.flows.size(); ++k)
      if (flow.flows[k].used)
        code->wrap(k, watch, Layer::Overflow);
  }

  const Inst *run(Warp &w, const Inst *i) {
    const Launch &launch = *w.cta->launch;
    const Flow &f = flow.flows[launch.indexOf(i)];
    uint32_t lanes = f.everyLane ? kFull : effectiveLanes(w, i);
    if (!lanes)
      return runBelow(Layer::Overflow, w, i);
    Shadow &shadow = shadowOf(*w.state->current.frame);
    if (f.address != Flow::kNone)
      if (uint32_t wrong = shadow.lanes[f.address] & lanes)
        report(w, i, shadow.of(f.address), unsigned(__builtin_ctz(wrong)));
    uint32_t marked =
        f.kind == Drop || f.destinations.empty() ? 0 : marksOf(w, i, f, shadow, lanes);
    const Inst *next = runBelow(Layer::Overflow, w, i);
    for (uint16_t slot : f.destinations) {
      shadow.lanes[slot] = (shadow.lanes[slot] & ~lanes) | marked;
      if (!marked)
        continue;
      Marks &to = shadow.of(slot);
      for (uint32_t rest = marked; rest; rest &= rest - 1)
        to[unsigned(__builtin_ctz(rest))] = fresh[unsigned(__builtin_ctz(rest))];
    }
    return next;
  }

private:
  ObservedCode *code = nullptr;
  AddressFlow flow;
  static thread_local Marks fresh; ///< of the instruction that runs

  Shadow &shadowOf(Frame &frame) {
    std::shared_ptr<void> &p = frame.shadow[0];
    if (!p) {
      auto shadow = std::make_shared<Shadow>();
      shadow->lanes.resize(flow.numbers[frame.function]);
      p = std::move(shadow);
    }
    return *static_cast<Shadow *>(p.get());
  }

  /// The lanes of which the result is marked; their marks in `fresh`.
  uint32_t marksOf(const Warp &w, const Inst *i, const Flow &f, Shadow &shadow, uint32_t lanes) {
    uint32_t sources = 0;
    for (uint16_t s : f.source)
      sources |= s == Flow::kNone ? 0 : shadow.lanes[s];
    if (f.kind >= Add && f.kind <= Neg) {
      uint32_t candidates = (overflowing(w, i, f.kind) | sources) & lanes;
      uint32_t marked = 0;
      for (uint32_t rest = candidates; rest; rest &= rest - 1)
        marked |= compute(w, i, f, shadow, unsigned(__builtin_ctz(rest)));
      return marked;
    }
    uint32_t marked = 0;
    for (uint32_t rest = sources & lanes; rest; rest &= rest - 1)
      marked |= inherit(w, i, f, shadow, unsigned(__builtin_ctz(rest)));
    return marked;
  }

  static int32_t word(const Warp &w, const Inst *i, unsigned k, unsigned l) {
    return reinterpret_cast<const int32_t *>(w.regs + i->op[k])[l];
  }

  /// Lanes where the operation leaves the range of 32 bits with the values that registers hold.
  static uint32_t overflowing(const Warp &w, const Inst *i, uint8_t kind) {
    const int32_t *a = slot<int32_t>(w, i->op[1]), *b = slot<int32_t>(w, i->op[2]),
                  *c = slot<int32_t>(w, i->op[3]);
    alignas(64) uint8_t over[kLanes];
    auto differs = [](int64_t v) { return v != int32_t(v) ? uint8_t(1) : uint8_t(0); };
    switch (kind) {
    case Add:
      COSMATI_VM_LANES over[l] = differs(int64_t(a[l]) + b[l]);
      break;
    case Sub:
      COSMATI_VM_LANES over[l] = differs(int64_t(a[l]) - b[l]);
      break;
    case Mul:
      COSMATI_VM_LANES over[l] = differs(int64_t(a[l]) * b[l]);
      break;
    case Mad:
      COSMATI_VM_LANES over[l] = differs(int64_t(a[l]) * b[l] + c[l]);
      break;
    case Shl:
      COSMATI_VM_LANES over[l] = uint32_t(b[l]) < 32 ? differs(int64_t(a[l]) << b[l]) : 0;
      break;
    default:
      COSMATI_VM_LANES over[l] = differs(-int64_t(a[l]));
      break;
    }
    return maskOfBytes(over);
  }

  /// What the operation gives with these operands, in 32 bits and exactly.
  static int64_t apply(uint8_t kind, const int64_t *v) {
    using Wide128 = __int128;
    Wide128 r = kind == Add   ? Wide128(v[0]) + v[1]
                : kind == Sub ? Wide128(v[0]) - v[1]
                : kind == Mul ? Wide128(v[0]) * v[1]
                : kind == Mad ? Wide128(v[0]) * v[1] + v[2]
                : kind == Shl ? (uint64_t(v[1]) < 32 ? Wide128(v[0]) * (int64_t(1) << v[1]) : 0)
                              : -Wide128(v[0]);
    // Beyond 64 bits it only has to stay wrong.
    return r > INT64_MAX ? INT64_MAX : r < INT64_MIN ? INT64_MIN : int64_t(r);
  }

  uint32_t compute(const Warp &w, const Inst *i, const Flow &f, Shadow &shadow, unsigned l) {
    int64_t exact[3] = {}, held[3] = {};
    const Mark *origin = nullptr;
    for (unsigned k = 0; k < 3; ++k) {
      if ((k == 1 && f.kind == Neg) || (k == 2 && f.kind != Mad))
        break;
      held[k] = exact[k] = word(w, i, k + 1, l);
      uint16_t s = f.source[k + 1];
      if (s == Flow::kNone || !(shadow.lanes[s] >> l & 1))
        continue;
      origin = &shadow.of(s)[l];
      exact[k] = origin->exact;
    }
    int64_t result = apply(f.kind, exact), wrapped = int32_t(uint64_t(apply(f.kind, held)));
    if (result == wrapped)
      return 0;
    Mark mark = origin ? *origin : Mark{w.cta->launch->indexOf(i), 0, {held[0], held[1], held[2]}};
    mark.exact = result;
    fresh[l] = mark;
    return 1u << l;
  }

  /// The mark of the source that the result is, or is made from.
  uint32_t inherit(const Warp &w, const Inst *i, const Flow &f, Shadow &shadow, unsigned l) {
    for (unsigned k = 1; k < 4; ++k) {
      uint16_t s = f.source[k];
      if (s == Flow::kNone || !(shadow.lanes[s] >> l & 1))
        continue;
      if (f.kind == Pick && !picks(w, i, k, l))
        continue;
      fresh[l] = shadow.of(s)[l];
      return 1u << l;
    }
    return 0;
  }
  /// selp, min, max: is operand k (1 or 2) what lane l gets?
  static bool picks(const Warp &w, const Inst *i, unsigned k, unsigned l) {
    const InstInfo &info = w.cta->launch->infoOf(i);
    if (info.match.form->id == InstId::Selp)
      return (predicate(w, i->op[3]) >> l & 1) == (k == 1);
    ScalarType t = info.match.types[0];
    auto value = [&](unsigned o) -> __int128 {
      if (isWord(t))
        return t == ScalarType::S32 ? int64_t(word(w, i, o, l))
                                    : int64_t(uint32_t(word(w, i, o, l)));
      uint64_t v = slot<uint64_t>(w, i->op[o])[l];
      return t == ScalarType::S64 ? __int128(int64_t(v)) : __int128(v);
    };
    bool first = info.match.form->id == InstId::MinI ? value(1) <= value(2) : value(1) >= value(2);
    return first == (k == 1);
  }

  static std::string operation(uint8_t kind, const Mark &m) {
    const int64_t *v = m.operand;
    switch (kind) {
    case Add:
      return llvm::formatv("{0} + {1}", v[0], v[1]);
    case Sub:
      return llvm::formatv("{0} - {1}", v[0], v[1]);
    case Mul:
      return llvm::formatv("{0} * {1}", v[0], v[1]);
    case Mad:
      return llvm::formatv("{0} * {1} + {2}", v[0], v[1], v[2]);
    case Shl:
      return llvm::formatv("{0} << {1}", v[0], v[1]);
    default:
      return llvm::formatv("-({0})", v[0]);
    }
  }

  void report(Warp &w, const Inst *i, const Marks &marks, unsigned lane) {
    Launch &launch = *w.cta->launch;
    const Mark &mark = marks[lane];
    uint8_t kind = flow.flows[mark.inst].kind;
    std::string sum = operation(kind, mark);
    int64_t exact = apply(kind, mark.operand);
    Finding f;
    f.kind = "overflow";
    const AccessTraits &traits = code->accesses[launch.indexOf(i)];
    std::string what = traits.bytes ? llvm::formatv("access to {0} bytes", traits.bytes).str()
                                    : std::string("asynchronous copy");
    f.accesses.push_back(accessPoint(w, i, what, lane));
    f.accesses.push_back(accessPoint(w, launch.code + mark.inst, "overflow of " + sum, lane));
    if (traits.bytes) {
      alignas(64) uint64_t address[kLanes];
      addressesOf(w, i, 1u << lane, address);
      nameBuffer(launch, Space::Global, address[lane], f);
    }
    compose(launch, f,
            llvm::formatv("the address of this {0} comes from {1}, which is {2} and overflows to "
                          "{3} in 32 bits",
                          what, sum, exact, int32_t(uint64_t(exact))),
            "compute the index in 64 bits: tl.cast(x, tl.int64) or (int64_t)x on an operand of the "
            "operation that overflows");
    addFinding(launch, std::move(f), /*stop=*/false);
  }
};

thread_local Marks OverflowChecker::fresh;

const Inst *watch(Warp &w, const Inst *i) {
  Observer *owner = w.cta->launch->observed->owner[size_t(Layer::Overflow)];
  return static_cast<OverflowChecker *>(owner)->run(w, i);
}

} // namespace

std::unique_ptr<Observer> cosmati::ptxvm::createOverflowChecker() {
  return std::make_unique<OverflowChecker>();
}
