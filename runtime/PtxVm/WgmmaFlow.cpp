//===- WgmmaFlow.cpp - which instructions may touch registers in flight ---===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accumulators, and registers that hold A, belong to a wgmma.mma_async until a wgmma.wait_group; a
// wgmma.fence must separate it from earlier accesses. A check of every instruction would cost every
// program. So a data-flow analysis over the function finds, when the module is loaded, the
// instructions that on some path could break a rule, and puts a check before those alone. The check
// decides when it runs, by what is really in flight. In correct programs there is hardly ever one.
//
// The analysis also keeps registers in flight alive (Slots.cpp) until the wait that completes them,
// because that is when the machine reads A and writes D.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cfg.h"
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Wgmma.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstring>

using namespace cosmati::ptxvm;

namespace {

constexpr uint8_t kIdle = 255; ///< not in flight
constexpr uint8_t kOldest = 250;

/// What is known before an instruction, by watched register.
struct State {
  std::vector<uint8_t> age;  ///< commits since its operation was issued, the least over all paths
  std::vector<bool> touched; ///< on some path, by an ordinary instruction since the last fence
  bool reached = false;

  explicit State(size_t n) : age(n, kIdle), touched(n) {}
  /// Joins another path; true if that changed something.
  bool join(const State &other) {
    bool changed = !reached;
    reached = true;
    for (size_t k = 0; k < age.size(); ++k) {
      if (other.age[k] < age[k])
        age[k] = other.age[k], changed = true;
      if (other.touched[k] && !touched[k])
        touched[k] = true, changed = true;
    }
    return changed;
  }
};

class WgmmaFlow {
public:
  explicit WgmmaFlow(std::vector<Draft> &drafts) : drafts(drafts), cfg(drafts, labels()) {
    for (const Draft &d : drafts)
      if (isMultiply(d))
        forWatched(d, [&](uint32_t r, llvm::StringRef name) { watch(r, name); });
  }
  void run(bool entry, const VirtualOp &always) {
    this->always = always;
    solve();
    findSuspects();
    before.resize(drafts.size());
    walk([&](uint32_t k, const State &s) { instrument(k, s, entry); });
    std::vector<Draft> result;
    for (size_t k = 0; k < drafts.size(); ++k) {
      for (Draft &d : before[k])
        result.push_back(std::move(d));
      result.push_back(std::move(drafts[k]));
    }
    drafts = std::move(result);
  }

private:
  std::vector<Draft> &drafts;
  Cfg cfg;
  VirtualOp always;                           ///< the guard that holds for all lanes
  llvm::DenseMap<uint32_t, uint32_t> numbers; ///< of the watched registers
  std::vector<uint32_t> watched;              ///< by number: the register
  std::vector<llvm::StringRef> names;
  std::vector<State> in;
  std::vector<bool> suspect;              ///< some mma_async may use it without a fence
  std::vector<std::vector<Draft>> before; ///< by draft: what to put in front of it

  uint32_t labels() const {
    uint32_t n = 0;
    for (const Draft &d : drafts)
      if (d.kind == Draft::Label)
        n = std::max(n, d.label + 1);
    return n;
  }
  static InstId idOf(const Draft &d) { return d.match.form ? d.match.form->id : InstId::NumInsts; }
  static bool isMultiply(const Draft &d) {
    return d.match.form && d.match.form->family == Family::Wgmma && d.cls == InstClass::Tensor;
  }
  void watch(uint32_t r, llvm::StringRef name) {
    if (!numbers.try_emplace(r, uint32_t(watched.size())).second)
      return;
    watched.push_back(r);
    names.push_back(name);
  }
  /// The registers of D (once) and A, with their names.
  template <class F> static void forWatched(const Draft &d, F f) {
    WgmmaKind kind;
    std::memcpy(&kind, &d.inst.imm, sizeof(kind));
    unsigned a = placeOfA(kind), end = kind.flags & WgmmaKind::SharedA ? a : a + 4;
    for (unsigned k = 0; k < end; k = k + 1 == a / 2 ? a : k + 1)
      if (d.vector[k].kind == VirtualOp::Register)
        f(d.vector[k].id, d.vectorNames[k]);
  }
  /// Watched registers that an ordinary instruction touches: f(number, written).
  template <class F> void forTouched(const Draft &d, F f) const {
    auto visit = [&](const VirtualOp &op, bool written) {
      if (op.kind != VirtualOp::Register)
        return;
      if (auto it = numbers.find(op.id); it != numbers.end())
        f(it->second, written);
    };
    for (unsigned k = 0; k < d.ops.size(); ++k)
      visit(d.ops[k], d.destinations >> k & 1);
    size_t written = d.vectorIsDestination ? d.vector.size() : d.vectorResults;
    for (size_t k = 0; k < d.vector.size(); ++k)
      visit(d.vector[k], k < written);
  }

  void transfer(const Draft &d, State &s) const {
    if (isMultiply(d)) {
      forWatched(d, [&](uint32_t r, llvm::StringRef) { s.age[numbers.lookup(r)] = 0; });
      return;
    }
    switch (idOf(d)) {
    case InstId::WgmmaFence:
      s.touched.assign(s.touched.size(), false);
      return;
    case InstId::WgmmaCommit:
      for (uint8_t &age : s.age)
        age = age < kOldest ? uint8_t(age + 1) : age;
      return;
    case InstId::WgmmaWait:
      for (uint8_t &age : s.age)
        if (completes(d, age))
          age = kIdle;
      return;
    default:
      forTouched(d, [&](uint32_t n, bool) { s.touched[n] = true; });
    }
  }
  static bool completes(const Draft &wait, uint8_t age) {
    return age != kIdle && (age >= kOldest || int64_t(age) > wait.inst.imm);
  }

  void solve() {
    in.assign(cfg.blocks.size(), State(watched.size()));
    if (cfg.blocks.empty())
      return;
    in[0].reached = true;
    for (bool changed = true; changed;) {
      changed = false;
      for (uint32_t b = 0; b < cfg.blocks.size(); ++b) {
        if (!in[b].reached)
          continue;
        State s = in[b];
        for (uint32_t k = cfg.blocks[b].first; k < cfg.blocks[b].last; ++k)
          transfer(drafts[k], s);
        for (uint32_t next : cfg.blocks[b].successors)
          changed |= in[next].join(s);
      }
    }
  }
  template <class F> void walk(F f) {
    for (uint32_t b = 0; b < cfg.blocks.size(); ++b) {
      State s = in[b];
      for (uint32_t k = cfg.blocks[b].first; k < cfg.blocks[b].last; ++k) {
        f(k, s);
        transfer(drafts[k], s);
      }
    }
  }
  void findSuspects() {
    suspect.assign(watched.size(), false);
    walk([&](uint32_t k, const State &s) {
      if (isMultiply(drafts[k]))
        forWatched(drafts[k], [&](uint32_t r, llvm::StringRef) {
          uint32_t n = numbers.lookup(r);
          if (s.touched[n])
            suspect[n] = true;
        });
    });
  }

  /// An instruction of the machine's own in front of draft `k`.
  Draft &insert(uint32_t k, Handler handler) {
    Draft d;
    d.synthetic = true;
    d.statement = drafts[k].statement;
    d.guard = always;
    d.inst.fn = handler;
    before[k].push_back(d);
    return before[k].back();
  }
  template <class F> void keepAlive(Draft &d, const State &s, F which) const {
    for (size_t n = 0; n < watched.size(); ++n)
      if (s.age[n] != kIdle && which(s.age[n]))
        d.vector.push_back({VirtualOp::Register, watched[n]});
  }
  bool anyInFlight(const State &s) const {
    return llvm::any_of(s.age, [](uint8_t age) { return age != kIdle; });
  }
  void instrument(uint32_t k, const State &s, bool entry) {
    Draft &d = drafts[k];
    auto all = [](uint8_t) { return true; };
    if (idOf(d) == InstId::WgmmaWait)
      keepAlive(d, s, [&](uint8_t age) { return completes(d, age); });
    else if (d.kind == Draft::Leave && !entry && anyInFlight(s))
      keepAlive(insert(k, wgmmaDrainHandler()), s, all);
    else if (idOf(d) == InstId::Call && anyInFlight(s)) // the callee may wait
      keepAlive(insert(k, wgmmaCheckHandler()), s, all);
    else if (!isMultiply(d))
      insertCheck(k, s);
  }
  void insertCheck(uint32_t k, const State &s) {
    llvm::SmallVector<std::pair<uint32_t, bool>> touched;
    forTouched(drafts[k], [&](uint32_t n, bool written) {
      if (s.age[n] != kIdle || suspect[n])
        touched.emplace_back(n, written);
    });
    constexpr size_t perCheck = 32;
    for (size_t first = 0; first < touched.size(); first += perCheck) {
      Draft &check = insert(k, wgmmaCheckHandler());
      check.guard = drafts[k].guard;
      check.inst.guardFlip = drafts[k].inst.guardFlip;
      for (auto [n, written] : llvm::ArrayRef(touched).slice(first).take_front(perCheck)) {
        check.inst.imm |= int64_t(written) << check.vector.size();
        check.vector.push_back({VirtualOp::Register, watched[n]});
        check.vectorNames.push_back(names[n]);
      }
      check.inst.n = uint16_t(check.vector.size());
    }
  }
};

} // namespace

void cosmati::ptxvm::checkWgmmaRegisters(std::vector<Draft> &drafts, bool entry,
                                         const VirtualOp &always) {
  auto multiplies = [](const Draft &d) {
    return d.match.form && d.match.form->family == Family::Wgmma;
  };
  if (llvm::any_of(drafts, multiplies))
    WgmmaFlow(drafts).run(entry, always);
}
