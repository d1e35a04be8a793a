//===- AddressFlow.cpp ----------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/AddressFlow.h"
#include "runtime/PtxVm/exec/Lanes.h"
#include "llvm/ADT/DenseMap.h"

using namespace cosmati::ptxvm;

uint32_t cosmati::ptxvm::effectiveLanes(const Warp &w, const Inst *i) { return lanesOf(w, i); }

namespace {

/// Calls f with each slot that the instruction writes.
template <class F>
void eachDestination(const Program &program, const Inst &inst, const InstInfo &info, F f) {
  for (unsigned k = 0; k < 8; ++k)
    if (info.destinations >> k & 1)
      f(inst.op[k]);
  bool load =
      info.match.form && (info.match.form->id == InstId::Ld || info.match.form->id == InstId::Ldu);
  if (load && inst.n > 4)
    for (unsigned k = 0; k < inst.n; ++k)
      f(program.vectorOps[inst.aux + k]);
}

/// One function's tracked slots.
class FunctionFlow {
public:
  FunctionFlow(const ObservedCode &code, const Program &program, uint32_t begin, uint32_t end,
               uint32_t constants, std::vector<FlowRule> &rules,
               const std::vector<uint32_t> &addresses)
      : code(code), program(program), constants(constants), rules(rules) {
    for (uint32_t k = begin; k < end; ++k)
      if (addresses[k] != ~0u)
        track(addresses[k]);
    for (size_t before = 0; before != numbers.size();) {
      before = numbers.size();
      for (uint32_t k = end; k-- > begin;)
        trackSources(k);
    }
  }
  uint16_t numberOf(uint32_t slot) const {
    auto it = numbers.find(slot);
    return it == numbers.end() ? Flow::kNone : it->second;
  }
  uint32_t count() const { return uint32_t(numbers.size()); }

private:
  const ObservedCode &code;
  const Program &program;
  uint32_t constants;
  std::vector<FlowRule> &rules;
  llvm::DenseMap<uint32_t, uint16_t> numbers;

  /// Constants and special registers are never marked; numbers end at 65534.
  void track(uint32_t slot) {
    if (slot >= constants && numbers.size() < Flow::kNone)
      numbers.try_emplace(slot, uint16_t(numbers.size()));
  }
  void trackSources(uint32_t k) {
    if (!rules[k].kind || !rules[k].sources)
      return;
    bool reaches = false;
    eachDestination(program, code.code[k], program.info[k],
                    [&](uint32_t slot) { reaches |= numbers.contains(slot); });
    for (unsigned o = 0; o < 4 && reaches; ++o)
      if (rules[k].sources >> o & 1)
        track(code.code[k].op[o]);
  }
};

} // namespace

AddressFlow
cosmati::ptxvm::findAddressFlow(const ObservedCode &code, const Program &program,
                                llvm::function_ref<FlowRule(const Inst &, const InstInfo &)> rule,
                                AddressSlot addressSlot) {
  AddressFlow result;
  size_t n = code.code.size();
  result.flows.resize(n);
  result.numbers.resize(program.functions.size());
  std::vector<FlowRule> rules(n);
  std::vector<uint32_t> addresses(n, ~0u);
  for (uint32_t k = 0; k < n; ++k)
    if (program.info[k].match.form) {
      rules[k] = rule(code.code[k], program.info[k]);
      addresses[k] = addressSlot(code.code[k], program.info[k]);
    }
  for (size_t b = 0; b < program.blocks.size();) {
    uint32_t function = program.blocks[b].function, begin = program.blocks[b].first;
    while (b < program.blocks.size() && program.blocks[b].function == function)
      ++b;
    uint32_t end = b < program.blocks.size() ? program.blocks[b].first : uint32_t(n);
    auto constants = uint32_t(program.functions[function].frame.constants.size());
    FunctionFlow slots(code, program, begin, end, constants, rules, addresses);
    result.numbers[function] = slots.count();
    for (uint32_t k = begin; k < end; ++k) {
      Flow &flow = result.flows[k];
      const Inst &inst = code.code[k];
      const InstInfo &info = program.info[k];
      flow.kind = rules[k].kind;
      eachDestination(program, inst, info, [&](uint32_t slot) {
        if (uint16_t number = slots.numberOf(slot); number != Flow::kNone)
          flow.destinations.push_back(number);
      });
      for (unsigned o = 0; o < 4; ++o)
        if (rules[k].sources >> o & 1)
          flow.source[o] = slots.numberOf(inst.op[o]);
      if (addresses[k] != ~0u)
        flow.address = slots.numberOf(addresses[k]);
      if (info.match.form) {
        Family family = info.match.form->family;
        flow.everyLane =
            family == Family::WarpOps || family == Family::Matrix || family == Family::Mma;
      }
      flow.used = !flow.destinations.empty() || flow.address != Flow::kNone;
    }
  }
  return result;
}
