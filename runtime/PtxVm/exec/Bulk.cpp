//===- Bulk.cpp - cp.async.bulk without tensors ---------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Like cp.async, a bulk copy happens when something demands it: a wait at its mbarrier, a
// wait_group of its thread (with or without .read), or the end of the thread.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/Async.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include "runtime/PtxVm/exec/Soft.h"
#include <algorithm>
#include <cstring>

namespace cosmati::ptxvm {

bool completeBulkLoads(Cta &cta, const uint8_t *mbarrier) {
  auto &loads = cta.bulkLoads;
  bool any = false;
  for (size_t k = 0; k < loads.size();) {
    if (mbarrier && loads[k].mbarrier != mbarrier) {
      ++k;
      continue;
    }
    BulkCopy copy = loads[k];
    loads.erase(loads.begin() + ptrdiff_t(k));
    std::memmove(copy.to, copy.from, copy.bytes);
    if (MbarrierBits::load(copy.mbarrier).valid)
      addTransactions(cta, copy.mbarrier, -int32_t(copy.bytes));
    any = true;
  }
  return any;
}

/// Performs, in order, each lane's stores of groups before `end[lane]`.
static void completeStores(Warp &w, uint32_t lanes, const std::array<uint32_t, kLanes> &end) {
  auto &stores = w.state->copies.stores;
  auto due = [&](const BulkCopy &c) { return (lanes >> c.lane & 1) && c.group < end[c.lane]; };
  for (const BulkCopy &copy : stores)
    if (due(copy) && copy.reduce)
      copy.reduce(copy.to, copy.from, copy.bytes);
    else if (due(copy))
      std::memcpy(copy.to, copy.from, copy.bytes);
  stores.erase(std::remove_if(stores.begin(), stores.end(), due), stores.end());
}
void completeBulkStores(Warp &w, uint32_t lanes) {
  if (w.state->copies.stores.empty())
    return;
  std::array<uint32_t, kLanes> all;
  all.fill(~0u);
  completeStores(w, lanes, all);
}

namespace {

/// The bytes of one side of a copy; null after a fault.
uint8_t *sideOf(Warp &w, const Inst *i, unsigned lane, uint64_t address, uint32_t bytes,
                bool global, bool write) {
  FaultKind kind = FaultKind::Misaligned;
  Way way = global ? Way::Global : Way::Shared;
  if (!global)
    address = uint32_t(address);
  uint8_t *p = address % 16 ? nullptr : resolveLane(w, way, address, bytes, write, lane, kind);
  if (!p)
    fault(w, i, kind, lane, address, kind == FaultKind::Misaligned ? 16 : bytes,
          global ? Space::Global : Space::Shared);
  return p;
}

// Reductions: each element on its own is an atomic operation.
struct BulkAdd {
  template <class T> static T apply(T a, T b) { return T(a + b); }
};
struct BulkMin {
  template <class T> static T apply(T a, T b) { return b < a ? b : a; }
};
struct BulkMax {
  template <class T> static T apply(T a, T b) { return a < b ? b : a; }
};
struct BulkAnd {
  template <class T> static T apply(T a, T b) { return a & b; }
};
struct BulkOr {
  template <class T> static T apply(T a, T b) { return a | b; }
};
struct BulkXor {
  template <class T> static T apply(T a, T b) { return a ^ b; }
};
struct BulkInc {
  static uint32_t apply(uint32_t a, uint32_t b) { return a >= b ? 0 : a + 1; }
};
struct BulkDec {
  static uint32_t apply(uint32_t a, uint32_t b) { return a == 0 || a > b ? b : a - 1; }
};
struct BulkAddF32 {
  static uint32_t apply(uint32_t a, uint32_t b) {
    return bitsAs<uint32_t>(canonical(bitsAs<float>(a) + bitsAs<float>(b)));
  }
};
struct BulkAddF64 {
  static uint64_t apply(uint64_t a, uint64_t b) {
    return bitsAs<uint64_t>(bitsAs<double>(a) + bitsAs<double>(b));
  }
};
struct BulkAddF16 { // a single holds the sum closely enough that rounding twice does no harm
  static uint16_t apply(uint16_t a, uint16_t b) {
    return floatToHalf(halfToFloat(a) + halfToFloat(b));
  }
};
struct BulkAddBf16 {
  static uint16_t apply(uint16_t a, uint16_t b) {
    return floatToBfloat(bfloatToFloat(a) + bfloatToFloat(b));
  }
};
template <class Op, class T> void reduceBulk(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += sizeof(T)) {
    T operand, *place = reinterpret_cast<T *>(to + at);
    std::memcpy(&operand, from + at, sizeof(T));
    T old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(place, &old, Op::apply(old, operand), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
      ;
  }
}

enum class Direction { Load, Move, Store };
template <Direction D, BulkCopy::Reduction Reduce = nullptr>
const Inst *copyBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint32_t bytes = slot<uint32_t>(w, listed(w, i, 6))[l];
    if (bytes % 16 || bytes > uint32_t(MbarrierBits::kMaxTx)) {
      faultText(w, i, FaultKind::BadAsync, 1u << l,
                std::to_string(bytes) + " bytes; a bulk copy has a multiple of 16, below 1 MiB");
      return nullptr;
    }
    BulkCopy copy{};
    copy.bytes = bytes;
    copy.to = sideOf(w, i, l, listedAddress(w, i, 0, l), bytes, D == Direction::Store, true);
    if (!copy.to)
      return nullptr;
    copy.from = sideOf(w, i, l, listedAddress(w, i, 3, l), bytes, D == Direction::Load, false);
    if (!copy.from)
      return nullptr;
    AsyncCopies &copies = w.state->copies;
    if (D == Direction::Store) {
      copy.lane = l;
      copy.reduce = Reduce;
      copy.group = copies.bulkGroups[l];
      copies.stores.push_back(copy);
      continue;
    }
    copy.mbarrier = sharedBytes(w, i, l, listedAddress(w, i, 7, l), 8, 8);
    if (!copy.mbarrier || !checkMbarrier(w, i, l, copy.mbarrier))
      return nullptr;
    w.cta->bulkLoads.push_back(copy);
  }
  return i + 1;
}
/// Checks what it would read.
const Inst *prefetchBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint32_t bytes = slot<uint32_t>(w, listed(w, i, 3))[l];
    if (!sideOf(w, i, l, listedAddress(w, i, 0, l), bytes, true, false))
      return nullptr;
  }
  return i + 1;
}
const Inst *commitBulk(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1)
    ++w.state->copies.bulkGroups[unsigned(__builtin_ctz(rest))];
  return i + 1;
}
const Inst *waitBulk(Warp &w, const Inst *i) {
  std::array<uint32_t, kLanes> end;
  for (unsigned l = 0; l < kLanes; ++l) {
    uint64_t committed = w.state->copies.bulkGroups[l];
    end[l] = committed > uint64_t(i->imm) ? uint32_t(committed - uint64_t(i->imm)) : 0;
  }
  completeStores(w, lanesOf(w, i), end);
  return i + 1;
}

template <class Op, class T> const Inst *reduceOf(Warp &w, const Inst *i) {
  return copyBulk<Direction::Store, reduceBulk<Op, T>>(w, i);
}
template <class Op> Handler bitReduction(ScalarType t) {
  return t == ScalarType::B64 ? reduceOf<Op, uint64_t> : reduceOf<Op, uint32_t>;
}
template <class Op> Handler orderReduction(ScalarType t) {
  return t == ScalarType::U32   ? reduceOf<Op, uint32_t>
         : t == ScalarType::S32 ? reduceOf<Op, int32_t>
         : t == ScalarType::U64 ? reduceOf<Op, uint64_t>
                                : reduceOf<Op, int64_t>;
}
Handler sumReduction(ScalarType t) {
  switch (t) {
  case ScalarType::F32:
    return reduceOf<BulkAddF32, uint32_t>;
  case ScalarType::F64:
    return reduceOf<BulkAddF64, uint64_t>;
  case ScalarType::F16:
    return reduceOf<BulkAddF16, uint16_t>;
  case ScalarType::BF16:
    return reduceOf<BulkAddBf16, uint16_t>;
  case ScalarType::U64:
    return reduceOf<BulkAdd, uint64_t>;
  default:
    return reduceOf<BulkAdd, uint32_t>;
  }
}

} // namespace

namespace base {
Handler selectBulk(const Selection &s) {
  switch (s.id) {
  case InstId::BulkLoad:
    return copyBulk<Direction::Load>;
  case InstId::BulkMove:
    return copyBulk<Direction::Move>;
  case InstId::BulkStore:
    return copyBulk<Direction::Store>;
  case InstId::BulkReduceB:
    return has(s, Mod::and_)  ? bitReduction<BulkAnd>(s.t[0])
           : has(s, Mod::or_) ? bitReduction<BulkOr>(s.t[0])
                              : bitReduction<BulkXor>(s.t[0]);
  case InstId::BulkReduceMinMax:
    return has(s, Mod::min) ? orderReduction<BulkMin>(s.t[0]) : orderReduction<BulkMax>(s.t[0]);
  case InstId::BulkReduceAdd:
  case InstId::BulkReduceAddH:
    return sumReduction(s.t[0]);
  case InstId::BulkReduceIncDec:
    return has(s, Mod::inc) ? reduceOf<BulkInc, uint32_t> : reduceOf<BulkDec, uint32_t>;
  case InstId::BulkPrefetch:
    return prefetchBulk;
  case InstId::BulkCommit:
    return commitBulk;
  case InstId::BulkWait:
    return waitBulk;
  default:
    return nullptr;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
