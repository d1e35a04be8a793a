//===- Mbarrier.cpp - mbarrier.* ------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A phase is complete when no arrival is pending and the transaction count is zero; then the next
// begins. A wait for parity P, or with the state of an arrival, is over when the running phase has
// the other parity.
//
// test_wait answers at once. try_wait parks the warp until a phase of the object completes; when
// the whole CTA waits, all try_waits return false, so that a program that does something else then
// goes on; when that leads nowhere it is a deadlock.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Mbarrier.h"
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Async.h"

namespace cosmati::ptxvm {

static void wake(Cta &any, const uint8_t *bytes) {
  Cta &cta = ownerOf(any, bytes);
  uint32_t address = uint32_t(bytes - cta.warps[0]->shared);
  if (Observer *observer = observerOf(cta))
    observer->mbarrierPhase(cta, address);
  cta.cluster->giveUps = 0;
  for (auto &state : cta.states)
    for (Split &split : state->splits)
      if (split.wait == Wait::Mbarrier && split.waitArg == address)
        split.wait = Wait::None;
}
/// Stores `b`, after going to the next phase if this one is complete.
static void settle(Cta &cta, uint8_t *bytes, MbarrierBits b) {
  bool complete = b.pending == 0 && b.tx == 0;
  if (complete) {
    b.parity = !b.parity;
    b.pending = b.expected;
  }
  b.store(bytes);
  if (complete)
    wake(cta, bytes);
}

/// What observers are told of the warp's lane and the object at `bytes`.
static MbarrierEvent eventOf(Warp &w, const Inst *i, unsigned lane, const uint8_t *bytes,
                             uint32_t count) {
  const Launch &launch = *w.cta->launch;
  const InstInfo &info = launch.infoOf(i);
  return {&w,
          i,
          launch.indexOf(i),
          lane,
          &ownerOf(*w.cta, bytes),
          sharedOffset(*w.cta, bytes),
          count,
          orderOf(info),
          scopeOf(info)};
}

void arriveAt(Cta &cta, uint8_t *mbarrier, uint32_t count) {
  MbarrierBits b = MbarrierBits::load(mbarrier);
  if (!b.valid || b.pending < count)
    return; // invalidated while the copies were in flight
  if (Observer *observer = observerOf(cta)) {
    MbarrierEvent event;
    event.warp = nullptr;
    event.owner = &cta;
    event.address = uint64_t(mbarrier - cta.warps[0]->shared);
    event.count = count;
    observer->mbarrierArrive(event);
  }
  b.pending -= count;
  settle(cta, mbarrier, b);
}
void addPending(uint8_t *bytes) {
  MbarrierBits b = MbarrierBits::load(bytes);
  ++b.pending;
  b.store(bytes);
}
void addTransactions(Cta &cta, uint8_t *bytes, int32_t count) {
  MbarrierBits b = MbarrierBits::load(bytes);
  b.tx += count;
  settle(cta, bytes, b);
}

static const Inst *misuse(Warp &w, const Inst *i, unsigned lane, const std::string &reason) {
  faultText(w, i, FaultKind::BadAsync, 1u << lane, reason);
  return nullptr;
}
bool checkMbarrier(Warp &w, const Inst *i, unsigned lane, const uint8_t *bytes) {
  if (MbarrierBits::load(bytes).valid)
    return true;
  misuse(w, i, lane,
         "shared address " + std::to_string(sharedOffset(*w.cta, bytes)) +
             (&ownerOf(*w.cta, bytes) == w.cta
                  ? ""
                  : " of the CTA of rank " + std::to_string(ownerOf(*w.cta, bytes).rank)) +
             " holds no initialised mbarrier; mbarrier.init comes first");
  return false;
}

bool releaseTryWaits(Cluster &cluster) {
  constexpr uint32_t kMaxGiveUps = 256;
  bool any = false;
  if (cluster.giveUps >= kMaxGiveUps)
    return false;
  for (auto &cta : cluster.ctas)
    for (auto &state : cta->states)
      for (Split &split : state->splits)
        if (split.wait == Wait::Mbarrier) {
          split.wait = Wait::None;
          state->giveUp |= split.mask;
          any = true;
        }
  ++cluster.giveUps;
  return any;
}

namespace {

/// The object's bytes; `place`: of its address in the list.
uint8_t *objectAt(Warp &w, const Inst *i, unsigned place, unsigned lane) {
  return sharedBytes(w, i, lane, listedAddress(w, i, place, lane), 8, 8);
}

const Inst *initialize(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint8_t *bytes = objectAt(w, i, 0, l);
    if (!bytes)
      return nullptr;
    uint32_t count = slot<uint32_t>(w, listed(w, i, 3))[l];
    if (count == 0 || count > MbarrierBits::kMaxCount)
      return misuse(w, i, l, "count " + std::to_string(count) + "; 1 to 1048575 are possible");
    MbarrierBits b;
    b.expected = b.pending = count;
    b.store(bytes);
    if (Observer *observer = observerOf(w))
      observer->mbarrierInit(eventOf(w, i, l, bytes, count));
  }
  return i + 1;
}
const Inst *invalidate(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint8_t *bytes = objectAt(w, i, 0, l);
    if (!bytes || !checkMbarrier(w, i, l, bytes))
      return nullptr;
    std::memset(bytes, 0, 8);
    if (Observer *observer = observerOf(w))
      observer->mbarrierInval(eventOf(w, i, l, bytes, 0));
  }
  return i + 1;
}

template <int Sign> const Inst *transactions(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint8_t *bytes = objectAt(w, i, 0, l);
    if (!bytes || !checkMbarrier(w, i, l, bytes))
      return nullptr;
    int64_t count = Sign * int64_t(slot<uint32_t>(w, listed(w, i, 3))[l]);
    int64_t sum = MbarrierBits::load(bytes).tx + count;
    if (sum > MbarrierBits::kMaxTx || sum < -MbarrierBits::kMaxTx)
      return misuse(w, i, l,
                    "the transaction count would become " + std::to_string(sum) +
                        "; -1048575 to 1048575 are possible");
    addTransactions(*w.cta, bytes, int32_t(count));
  }
  return i + 1;
}

/// What an arrival does besides.
enum Also : unsigned { Plain = 0, ExpectTx = 1, NoComplete = 2, Drop = 4 };

/// One thread's arrival; false after a fault.
template <unsigned A> bool arriveOne(Warp &w, const Inst *i, unsigned l) {
  unsigned place = i->flags & kHasState ? 1 : 0;
  uint8_t *bytes = objectAt(w, i, place, l);
  if (!bytes || !checkMbarrier(w, i, l, bytes))
    return false;
  MbarrierBits b = MbarrierBits::load(bytes);
  uint64_t state = b.value();
  uint32_t operand = i->flags & kHasCount ? slot<uint32_t>(w, listed(w, i, place + 3))[l] : 1;
  uint32_t count = A & ExpectTx ? 1 : operand;
  if (count == 0 || count > b.pending)
    return misuse(w, i, l,
                  std::to_string(count) + " arrivals, but " + std::to_string(b.pending) +
                      " are pending in this phase"),
           false;
  if ((A & ExpectTx) && int64_t(b.tx) + operand > MbarrierBits::kMaxTx)
    return misuse(w, i, l,
                  "a transaction count of " + std::to_string(int64_t(b.tx) + operand) +
                      "; at most 1048575 is possible"),
           false;
  if (A & ExpectTx)
    b.tx += int32_t(operand);
  b.pending -= count;
  if (A & Drop)
    b.expected -= count < b.expected ? count : b.expected;
  if ((A & NoComplete) && b.pending == 0 && b.tx == 0)
    return misuse(w, i, l, "this arrival completes the phase, which .noComplete promises not to"),
           false;
  if (Observer *observer = observerOf(w))
    observer->mbarrierArrive(eventOf(w, i, l, bytes, count));
  settle(*w.cta, bytes, b);
  if (i->flags & kHasState)
    slot<uint64_t>(w, listed(w, i, 0))[l] = state;
  return true;
}
template <unsigned A> const Inst *arrive(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1)
    if (!arriveOne<A>(w, i, unsigned(__builtin_ctz(rest))))
      return nullptr;
  return i + 1;
}

/// Lanes of `mask` whose phase is over. `first`: the object of the first lane. False after a fault.
bool phasesOver(Warp &w, const Inst *i, uint32_t mask, uint32_t &over, uint8_t *&first) {
  over = 0;
  first = nullptr;
  for (uint32_t rest = mask; rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint8_t *bytes = objectAt(w, i, 1, l);
    if (!bytes || !checkMbarrier(w, i, l, bytes))
      return false;
    first = first ? first : bytes;
    bool parity = i->flags & kParity
                      ? slot<uint32_t>(w, listed(w, i, 4))[l] & 1
                      : MbarrierBits::of(slot<uint64_t>(w, listed(w, i, 4))[l]).parity;
    auto done = [&] { return MbarrierBits::load(bytes).parity != parity; };
    if (!done())
      completeFor(*w.cta, bytes);
    over |= uint32_t(done()) << l;
    if (Observer *observer = done() ? observerOf(w) : nullptr)
      observer->mbarrierWait(eventOf(w, i, l, bytes, 0));
  }
  return true;
}

const Inst *testWait(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i), over;
  uint8_t *first;
  if (!phasesOver(w, i, mask, over, first))
    return nullptr;
  setPredicate(w, listed(w, i, 0), over, mask);
  return i + 1;
}
const Inst *tryWait(Warp &w, const Inst *i) {
  uint32_t mask = w.active, over; // the decoder has moved a guard to a branch
  uint8_t *first;
  if (!phasesOver(w, i, mask, over, first))
    return nullptr;
  WarpState &s = *w.state;
  if (!over && !(s.giveUp & mask)) {
    parkCurrent(w, i, Wait::Mbarrier, uint32_t(first - w.shared));
    return nextSplit(w);
  }
  s.giveUp &= ~mask;
  setPredicate(w, listed(w, i, 0), over, mask);
  return i + 1;
}

const Inst *pendingCount(Warp &w, const Inst *i) {
  const uint64_t *state = slot<uint64_t>(w, i->op[1]);
  return each<uint32_t>(w, i, [=](unsigned l) { return MbarrierBits::of(state[l]).pending; });
}

} // namespace

namespace base {
Handler selectMbarrier(const Selection &s) {
  switch (s.id) {
  case InstId::MbarrierInit:
    return initialize;
  case InstId::MbarrierInval:
    return invalidate;
  case InstId::MbarrierExpectTx:
    return transactions<1>;
  case InstId::MbarrierCompleteTx:
    return transactions<-1>;
  case InstId::MbarrierArrive:
    return arrive<Plain>;
  case InstId::MbarrierArriveTx:
    return arrive<ExpectTx>;
  case InstId::MbarrierArriveNoComplete:
    return arrive<NoComplete>;
  case InstId::MbarrierDrop:
    return arrive<Drop>;
  case InstId::MbarrierDropTx:
    return arrive<Drop | ExpectTx>;
  case InstId::MbarrierDropNoComplete:
    return arrive<Drop | NoComplete>;
  case InstId::MbarrierTestWait:
    return testWait;
  case InstId::MbarrierTryWait:
    return tryWait;
  case InstId::MbarrierPending:
    return pendingCount;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
