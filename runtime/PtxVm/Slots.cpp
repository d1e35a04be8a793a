//===- Slots.cpp - liveness and linear scan -------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Slots.h"
#include <algorithm>
#include <cstring>

using namespace cosmati::ptxvm;

namespace {

/// A set of registers.
class BitSet {
public:
  explicit BitSet(size_t n) : words((n + 63) / 64) {}
  void set(uint32_t k) { words[k / 64] |= uint64_t(1) << (k % 64); }
  void reset(uint32_t k) { words[k / 64] &= ~(uint64_t(1) << (k % 64)); }
  bool test(uint32_t k) const { return words[k / 64] >> (k % 64) & 1; }
  bool merge(const BitSet &other) { // true if it grew
    bool grew = false;
    for (size_t k = 0; k < words.size(); ++k) {
      uint64_t v = words[k] | other.words[k];
      grew |= v != words[k];
      words[k] = v;
    }
    return grew;
  }
  template <class F> void each(F f) const {
    for (size_t k = 0; k < words.size(); ++k)
      for (uint64_t w = words[k]; w; w &= w - 1)
        f(uint32_t(64 * k + size_t(__builtin_ctzll(w))));
  }

private:
  std::vector<uint64_t> words;
};

bool isRegister(const VirtualOp &op) { return op.kind == VirtualOp::Register; }
bool guarded(const Draft &d) { return isRegister(d.guard) && d.kind == Draft::Normal; }

template <class F> void forUses(const Draft &d, F f) {
  if (isRegister(d.guard))
    f(d.guard.id);
  for (unsigned k = 0; k < d.ops.size(); ++k)
    if (isRegister(d.ops[k]) && !(d.destinations >> k & 1))
      f(d.ops[k].id);
  if (!d.vectorIsDestination)
    for (size_t k = d.vectorResults; k < d.vector.size(); ++k)
      if (isRegister(d.vector[k]))
        f(d.vector[k].id);
}
template <class F> void forDefinitions(const Draft &d, F f) {
  for (unsigned k = 0; k < d.ops.size(); ++k)
    if (isRegister(d.ops[k]) && (d.destinations >> k & 1))
      f(d.ops[k].id);
  size_t written = d.vectorIsDestination ? d.vector.size() : d.vectorResults;
  for (size_t k = 0; k < written; ++k)
    if (isRegister(d.vector[k]))
      f(d.vector[k].id);
}

struct Interval {
  uint32_t begin = ~0u, end = 0;
  void cover(uint32_t position) {
    begin = std::min(begin, position);
    end = std::max(end, position);
  }
};

class Liveness {
public:
  Liveness(const FunctionDraft &draft, const Cfg &cfg)
      : draft(draft), cfg(cfg), intervals(draft.registers.size()) {
    number();
    size_t n = used.size();
    in.assign(cfg.blocks.size(), BitSet(n));
    out.assign(cfg.blocks.size(), BitSet(n));
    solve();
    for (uint32_t b = 0; b < cfg.blocks.size(); ++b)
      cover(b);
    if (!cfg.blocks.empty())
      in[0].each([&](uint32_t) { readsUnwritten = true; });
  }
  const FunctionDraft &draft;
  const Cfg &cfg;
  std::vector<Interval> intervals;
  bool readsUnwritten = false;

private:
  std::vector<BitSet> in, out;
  // Sets hold only registers that occur: families are declared larger than they are used.
  std::vector<uint32_t> dense, used;

  void number() {
    dense.assign(draft.registers.size(), ~0u);
    auto add = [&](uint32_t r) {
      if (dense[r] == ~0u) {
        dense[r] = uint32_t(used.size());
        used.push_back(r);
      }
    };
    for (const Draft &d : draft.drafts) {
      forUses(d, add);
      forDefinitions(d, add);
    }
  }
  void transfer(uint32_t b) {
    BitSet live = out[b];
    for (uint32_t k = cfg.blocks[b].last; k-- > cfg.blocks[b].first;) {
      const Draft &d = draft.drafts[k];
      if (!guarded(d)) // a guarded write leaves other lanes' values alive
        forDefinitions(d, [&](uint32_t r) { live.reset(dense[r]); });
      forUses(d, [&](uint32_t r) { live.set(dense[r]); });
    }
    in[b].merge(live);
  }
  void solve() {
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t b = uint32_t(cfg.blocks.size()); b-- > 0;) {
        for (uint32_t s : cfg.blocks[b].successors)
          changed |= out[b].merge(in[s]);
        BitSet before = in[b];
        transfer(b);
        changed |= before.merge(in[b]);
      }
    }
  }
  /// Uses stand at even, definitions at odd positions. An instruction with several destinations
  /// keeps its sources alive beyond the definitions: they must not share slots.
  void cover(uint32_t b) {
    const CfgBlock &block = cfg.blocks[b];
    in[b].each([&](uint32_t k) { intervals[used[k]].cover(2 * block.first); });
    out[b].each([&](uint32_t k) { intervals[used[k]].cover(2 * block.last); });
    for (uint32_t k = block.first; k < block.last; ++k) {
      const Draft &d = draft.drafts[k];
      unsigned destinations = unsigned(__builtin_popcount(d.destinations));
      bool several =
          destinations > 1 || d.vectorResults || (d.vectorIsDestination && !d.vector.empty());
      forUses(d, [&](uint32_t r) { intervals[r].cover(2 * k + (several || guarded(d) ? 1 : 0)); });
      forDefinitions(d, [&](uint32_t r) { intervals[r].cover(2 * k + 1); });
    }
  }
};

/// Lays constants and specials at the frame's beginning, largest alignment need first.
void placeConstants(const FunctionDraft &draft, SlotAssignment &result) {
  FrameLayout &layout = result.layout;
  uint32_t offset = 0;
  auto align = [&] { offset = (offset + 63) & ~63u; };
  result.constants.resize(draft.constants.size());
  for (size_t k = 0; k < draft.constants.size(); ++k)
    if (draft.constants[k].cls == SlotClass::Pred) {
      result.constants[k] = offset;
      offset += 4;
    }
  result.specials.resize(draft.specials.size());
  auto placeSpecials = [&](bool predicates) {
    for (size_t k = 0; k < draft.specials.size(); ++k)
      if (const SpecialUse &s = draft.specials[k]; (s.bits == 1) == predicates) {
        result.specials[k] = offset;
        layout.specials.push_back({s.which, offset, s.bits, s.offset});
        offset += slotBytes(slotClassOf(s.bits));
      }
  };
  placeSpecials(/*predicates=*/true);
  align();
  for (size_t k = 0; k < draft.constants.size(); ++k)
    if (draft.constants[k].cls != SlotClass::Pred) {
      result.constants[k] = offset;
      offset += slotBytes(draft.constants[k].cls);
    }
  placeSpecials(/*predicates=*/false);
  layout.constants.assign(offset, 0);
  for (size_t k = 0; k < draft.constants.size(); ++k) {
    const ConstantValue &c = draft.constants[k];
    uint32_t size = slotBytes(c.cls), element = c.cls == SlotClass::Pred ? 4 : size / kLanes;
    uint64_t value[2] = {c.lo, c.hi};
    for (uint32_t at = 0; at < size; at += element)
      std::memcpy(&layout.constants[result.constants[k] + at], value, element);
  }
}

} // namespace

SlotAssignment cosmati::ptxvm::assignSlots(const FunctionDraft &draft, const Cfg &cfg) {
  SlotAssignment result;
  placeConstants(draft, result);
  Liveness liveness(draft, cfg);
  std::vector<uint32_t> order;
  for (uint32_t r = 0; r < draft.registers.size(); ++r)
    if (liveness.intervals[r].begin != ~0u)
      order.push_back(r);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return liveness.intervals[a].begin < liveness.intervals[b].begin;
  });
  // Slot numbers within each class, then offsets class by class.
  constexpr size_t classes = size_t(SlotClass::NumClasses);
  std::vector<uint32_t> number(draft.registers.size(), ~0u);
  std::array<std::vector<uint32_t>, classes> freeSlots;
  std::array<std::vector<std::pair<uint32_t, uint32_t>>, classes> active; // heap of (end, slot)
  std::array<uint32_t, classes> used{};
  for (uint32_t r : order) {
    size_t c = size_t(draft.registers[r]);
    auto later = [](auto &a, auto &b) { return a.first > b.first; };
    while (!active[c].empty() && active[c].front().first < liveness.intervals[r].begin) {
      freeSlots[c].push_back(active[c].front().second);
      std::pop_heap(active[c].begin(), active[c].end(), later);
      active[c].pop_back();
    }
    if (freeSlots[c].empty())
      freeSlots[c].push_back(used[c]++);
    number[r] = freeSlots[c].back();
    freeSlots[c].pop_back();
    active[c].push_back({liveness.intervals[r].end, number[r]});
    std::push_heap(active[c].begin(), active[c].end(), later);
  }
  uint32_t offset = uint32_t(result.layout.constants.size());
  offset = (offset + 63) & ~63u;
  result.layout.constants.resize(offset);
  std::array<uint32_t, classes> base{};
  for (size_t c = 0; c < classes; ++c) {
    base[c] = offset;
    offset = (offset + used[c] * slotBytes(SlotClass(c)) + 63) & ~63u;
    result.numSlots += used[c];
  }
  result.registers.assign(draft.registers.size(), ~0u);
  for (uint32_t r : order)
    result.registers[r] =
        base[size_t(draft.registers[r])] + number[r] * slotBytes(draft.registers[r]);
  result.layout.bytes = offset;
  result.layout.readsUnwritten = liveness.readsUnwritten;
  return result;
}
