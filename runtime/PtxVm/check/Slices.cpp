//===- Slices.cpp - addresses that leave their variable -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared memory is one range, in which an index that leaves its array hits the next one. Here each
// lane of a register that may reach an address carries the variable whose address it was made from:
// `mov` of a symbol begins it, sums and conversions keep it, everything else ends it. An access
// through such an address must lie in its variable. Addresses that come from memory, parameters or
// other arithmetic carry nothing, so they raise no false alarm.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/AddressFlow.h"
#include "runtime/PtxVm/check/Findings.h"
#include "runtime/PtxVm/exec/Resolve.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::ptxvm;

namespace {

/// Join: the one operand that points somewhere.
enum Kind : uint8_t { Drop, Begin, Join, Minus, Pick };
using Tags = std::array<uint16_t, kLanes>; ///< number of the variable plus one; 0: none
/// Made from two addresses, like their difference: what is added to it may lead anywhere.
constexpr uint16_t kMixed = 0xffff;
constexpr uint32_t kMaxVariable = kMixed - 1;

struct Shadow {
  std::vector<Tags> slots; ///< by tracked slot
};

FlowRule ruleOf(const Inst &, const InstInfo &info) {
  constexpr uint8_t one = 2, two = 6, third = 8;
  ScalarType t = info.match.types[0], from = info.match.types[1];
  unsigned bits = bitsOf(t);
  InstId id = info.match.form->id;
  if (info.variable != kNoVariable && (id == InstId::Mov || id == InstId::AddI))
    return {Begin, two};
  switch (id) {
  case InstId::AddI:
  case InstId::Or: // an offset below the variable's alignment
    return bits >= 32 ? FlowRule{Join, two} : FlowRule{};
  case InstId::SubI:
    return bits >= 32 ? FlowRule{Minus, two} : FlowRule{};
  case InstId::MadLo:
  case InstId::MadWide:
    return bits >= 32 ? FlowRule{Join, third} : FlowRule{};
  case InstId::Mov:
    return bits >= 32 && !info.text.contains('{') ? FlowRule{Join, one} : FlowRule{};
  case InstId::Cvta:
    return {Join, one};
  case InstId::CvtII:
    return bits >= 32 && bitsOf(from) >= 32 ? FlowRule{Join, one} : FlowRule{};
  case InstId::Selp:
    return bits >= 32 ? FlowRule{Pick, two} : FlowRule{};
  default:
    return {};
  }
}

bool inSharedOrLocal(const Inst &inst) {
  Way way = Way(inst.flags & kWayMask);
  return way != Way::Global && way != Way::Param && way != Way::Param32;
}

const Inst *watch(Warp &w, const Inst *i);

class SliceChecker : public Observer {
public:
  void instrument(ObservedCode &observed, const Launch &launch) override {
    const Program &program = *launch.program;
    code = &observed;
    bool any = false; // variables with an end, besides that of shared memory
    auto rule = [&](const Inst &inst, const InstInfo &info) {
      FlowRule r = ruleOf(inst, info);
      if (r.kind == Begin && !hasEnd(program, info.variable))
        return FlowRule{};
      any |= r.kind == Begin;
      return r;
    };
    for (uint32_t k = 0; k < program.code.size(); ++k)
      any |= direct(program, k);
    flow = findAddressFlow(*code, program, rule, [&](const Inst &inst, const InstInfo &info) {
      auto index = size_t(&info - program.info.data());
      return code->accesses[index].bytes && inSharedOrLocal(inst) ? inst.op[kAddressOp] : ~0u;
    });
    if (!any)
      return;
    code->owner[size_t(Layer::Slices)] = this;
    for (uint32_t k = 0; k < flow.flows.size(); ++k)
      if (flow.flows[k].used || direct(program, k))
        code->wrap(k, watch, Layer::Slices);
  }

  const Inst *run(Warp &w, const Inst *i) {
    const Launch &launch = *w.cta->launch;
    uint32_t index = launch.indexOf(i);
    const Flow &f = flow.flows[index];
    uint32_t lanes = f.everyLane ? kFull : effectiveLanes(w, i);
    if (!lanes)
      return runBelow(Layer::Slices, w, i);
    Shadow &shadow = shadowOf(*w.state->current.frame);
    Tags tags{};
    if (direct(*launch.program, index))
      tags.fill(uint16_t(launch.program->info[index].variable + 1));
    else if (f.address != Flow::kNone)
      tags = shadow.slots[f.address];
    check(w, i, lanes & code->accesses[index].lanes, tags);
    if (f.kind != Drop && !f.destinations.empty())
      tags = result(w, i, f, shadow);
    else
      tags.fill(0);
    const Inst *next = runBelow(Layer::Slices, w, i);
    for (uint16_t slot : f.destinations)
      for (uint32_t rest = lanes; rest; rest &= rest - 1)
        shadow.slots[slot][unsigned(__builtin_ctz(rest))] = tags[unsigned(__builtin_ctz(rest))];
    return next;
  }

private:
  ObservedCode *code = nullptr;
  AddressFlow flow;

  static bool hasEnd(const Program &program, uint32_t variable) {
    return variable < kMaxVariable && program.variables[variable].bytes != VariableInfo::kRest;
  }
  /// An access to [variable + constant].
  bool direct(const Program &program, uint32_t index) const {
    return code->accesses[index].bytes && hasEnd(program, program.info[index].variable) &&
           inSharedOrLocal(program.code[index]);
  }
  Shadow &shadowOf(Frame &frame) {
    std::shared_ptr<void> &p = frame.shadow[1];
    if (!p) {
      auto shadow = std::make_shared<Shadow>();
      shadow->slots.resize(flow.numbers[frame.function]);
      p = std::move(shadow);
    }
    return *static_cast<Shadow *>(p.get());
  }

  Tags result(const Warp &w, const Inst *i, const Flow &f, const Shadow &shadow) const {
    static constexpr Tags none{};
    auto tagsOf = [&](unsigned k) -> const Tags & {
      return f.source[k] == Flow::kNone ? none : shadow.slots[f.source[k]];
    };
    const Tags &a = tagsOf(f.source[3] != Flow::kNone ? 3 : 1), &b = tagsOf(2);
    uint32_t variable = w.cta->launch->infoOf(i).variable;
    auto own = uint16_t(variable < kMaxVariable ? variable + 1 : 0);
    uint32_t chooses = f.kind == Pick ? predicate(w, i->op[3]) : 0;
    Tags out;
    for (unsigned l = 0; l < kLanes; ++l) {
      uint16_t x = f.kind == Begin ? own : a[l], y = f.kind == Begin ? a[l] | b[l] : b[l];
      out[l] = f.kind == Pick ? (chooses >> l & 1 ? x : y) : x && y ? kMixed : uint16_t(x | y);
      if (f.kind == Minus && y)
        out[l] = kMixed;
    }
    return out;
  }

  void check(Warp &w, const Inst *i, uint32_t lanes, const Tags &tags) {
    uint32_t tagged = 0;
    for (unsigned l = 0; l < kLanes; ++l)
      tagged |= uint32_t(tags[l] != 0 && tags[l] != kMixed) << l;
    lanes &= tagged;
    if (!lanes)
      return;
    const Launch &launch = *w.cta->launch;
    uint32_t bytes = code->accesses[launch.indexOf(i)].bytes;
    alignas(64) uint64_t address[kLanes];
    addressesOf(w, i, lanes, address);
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      const VariableInfo &v = launch.program->variables[tags[l] - 1u];
      bool shared = v.space == Space::Shared;
      uint64_t window = address[l] & ~(kWindowBytes - 1), memory;
      if (window && window != (shared ? kSharedWindow : kLocalWindow))
        continue; // no longer an address of that space
      uint64_t at = address[l] & ((shared ? kCtaWindowBytes : kWindowBytes) - 1);
      memory = shared ? w.sharedBytes : w.localStride;
      if (at + bytes > memory)
        continue; // outside of all memory: the access itself reports that
      auto into = int64_t(at - v.offset - (shared ? 0 : w.localBase));
      if (into >= 0 && uint64_t(into) + bytes <= v.bytes)
        continue;
      return report(w, i, l, v, into, at);
    }
  }

  void report(Warp &w, const Inst *i, unsigned lane, const VariableInfo &v, int64_t into,
              uint64_t at) {
    Launch &launch = *w.cta->launch;
    const AccessTraits &traits = code->accesses[launch.indexOf(i)];
    std::string what = llvm::formatv("{0} of {1} bytes",
                                     traits.kind == AccessKind::Read    ? "read"
                                     : traits.kind == AccessKind::Write ? "write"
                                                                        : "update",
                                     traits.bytes);
    Finding f;
    f.kind = "out-of-bounds";
    f.buffer = v.name;
    f.address = at;
    f.index = into < 0 ? 0 : uint64_t(into);
    f.accesses.push_back(accessPoint(w, i, what, lane));
    const VariableInfo *hit =
        v.space == Space::Shared ? sharedVariable(launch, at) : localVariable(w, at);
    std::string where = hit && hit != &v ? llvm::formatv("; it hits '{0}'", hit->name).str() : "";
    compose(launch, f,
            llvm::formatv("{0} at byte {1} of '{2}', which has {3} bytes of {4} memory{5}", what,
                          into, v.name, v.bytes, v.space == Space::Shared ? "shared" : "local",
                          where),
            "mask the access or make the variable larger");
    addFinding(launch, std::move(f), /*stop=*/false);
  }
};

const Inst *watch(Warp &w, const Inst *i) {
  Observer *owner = w.cta->launch->observed->owner[size_t(Layer::Slices)];
  return static_cast<SliceChecker *>(owner)->run(w, i);
}

} // namespace

std::unique_ptr<Observer> cosmati::ptxvm::createSliceChecker() {
  return std::make_unique<SliceChecker>();
}
