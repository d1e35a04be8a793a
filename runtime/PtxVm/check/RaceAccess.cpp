//===- RaceAccess.cpp - accesses become marks in shadow memory ------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceCursor.h"

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

/// Whether whoever is unordered with `old`, a mark of the same kind, is also unordered with `m`,
/// which can take its place then.
static bool replaces(const Probe &p, const Mark &old) {
  const Mark &m = p.mark;
  if (old.cta != m.cta || old.is(MarkPending) || old.is(MarkAgent) ||
      (m.is(MarkStrong) && !old.is(MarkStrong)))
    return false;
  if (old.time <= p.cta.floor)
    return true;
  if (old.warp != m.warp || (old.flags ^ m.flags) & MarkSpread)
    return false;
  if (m.is(MarkSpread))
    return old.place.base == m.place.base && old.place.shift == m.place.shift;
  return !(old.lanes & ~m.lanes);
}
/// The same instruction by other lanes of the warp at the same bytes.
static bool joins(const Mark &m, const Mark &old) {
  return old.bytes == m.bytes && old.time == m.time && old.inst == m.inst && old.warp == m.warp &&
         old.cta == m.cta && old.flags == m.flags && !m.is(MarkSpread) && !m.is(MarkPending) &&
         !m.is(MarkAgent);
}

namespace {
/// What becomes of earlier marks of a kind of which the line keeps several.
struct Keeper {
  const Probe &p;
  Mark *oldest = nullptr;
  unsigned kept = 0;
  bool joined = false;

  void meet(Mark &old, uint32_t overlap) {
    const Mark &m = p.mark;
    if (replaces(p, old)) {
      old.bytes &= ~overlap;
    } else if (joins(m, old)) {
      old.lanes |= m.lanes;
      joined = true;
    } else {
      bool older = !((old.flags | m.flags) & (MarkSpread | MarkPending | MarkAgent)) &&
                   old.cta == m.cta && old.warp == m.warp && !(old.bytes & ~m.bytes) &&
                   m.is(MarkStrong) == old.is(MarkStrong);
      if (older)
        old.lanes &= ~m.lanes;
      if (older && !old.lanes) {
        old.bytes = 0;
        return;
      }
      oldest = oldest ? oldest : &old;
      ++kept;
    }
  }
  /// Global memory: of each byte, two.
  void bound() {
    if (p.space == Space::Global && kept > 1 && !oldest->is(MarkPending))
      oldest->bytes &= ~p.mark.bytes;
  }
};
} // namespace

/// `keep`: the access leaves a mark.
void RaceChecker::record(Line &line, Probe &p, bool keep) {
  const Mark &m = p.mark;
  Keeper reads{p}, strongWrites{p};
  line.each([&](Mark &old) {
    uint32_t overlap = old.bytes & m.bytes;
    if (!overlap)
      return;
    if (!old.is(MarkWrite) && !m.is(MarkWrite)) {
      if (keep)
        reads.meet(old, overlap);
      return;
    }
    Conflict conflict = compare(p, old, overlap);
    if (conflict.clash != Clash::None)
      report(p, old, conflict);
    if (!keep || !m.is(MarkWrite))
      return;
    if (!m.is(MarkStrong) || !old.is(MarkWrite)) {
      old.bytes &= ~overlap;
      return;
    }
    // An atomic operation leaves the plain write before it, which others may race with.
    if (old.is(MarkStrong))
      strongWrites.meet(old, overlap);
    else if (p.cta.alone && p.space == Space::Shared && !old.is(MarkAgent) &&
             !old.is(MarkPending) && old.time <= p.cta.floor)
      old.bytes &= ~overlap;
  });
  if (!keep)
    return;
  if (m.is(MarkWrite))
    strongWrites.bound();
  else
    reads.bound();
  if (!reads.joined && !strongWrites.joined)
    line.add(m);
}

void RaceChecker::recordRange(Probe &p, uint64_t address, uint64_t bytes, bool keep) {
  LineCursor cursor(*this, p.cta, p.space, p.owner);
  for (uint64_t end = address + bytes; address < end;) {
    uint64_t first = address & ~(kLineBytes - 1);
    uint64_t stop = std::min(end, first + kLineBytes);
    p.line = first;
    uint32_t upTo = stop - first == kLineBytes ? ~0u : (1u << (stop - first)) - 1;
    p.mark.bytes = upTo & ~0u << (address - first);
    if (Line *line = cursor.at(first))
      record(*line, p, keep);
    address = stop;
  }
}

/// Of `lanes`, those that use the same address as lane l.
static uint32_t sharers(const uint64_t *address, unsigned l, uint32_t lanes) {
  uint32_t same = 0;
  for (unsigned k = 0; k < kLanes; ++k)
    same |= uint32_t(address[k] == address[l]) << k;
  return same & lanes;
}

/// How many lanes from l on use consecutive places of one line.
static unsigned runFrom(const AccessEvent &e, unsigned l) {
  uint64_t first = e.address[l];
  uint32_t end = (uint32_t(first) & (kLineBytes - 1)) + e.bytes;
  unsigned run = 1;
  for (; l + run < kLanes && end < kLineBytes; ++run, end += e.bytes)
    if (!(e.lanes >> (l + run) & 1) || e.address[l + run] != first + uint64_t(run) * e.bytes)
      break;
  return run;
}

/// Lanes that read one place, or consecutive lanes at consecutive places, make one mark per line.
/// Lanes that write one place are taken one by one, for their values are compared.
void RaceChecker::recordLanes(Probe &p, const AccessEvent &e) {
  LineCursor cursor(*this, p.cta, e.space, e.owner);
  uint8_t flags = p.mark.flags;
  unsigned shift = unsigned(__builtin_ctz(e.bytes));
  bool sharing = !p.mark.is(MarkWrite); // until a lane is alone: mostly all are then
  for (uint32_t rest = e.lanes; rest;) {
    unsigned l = unsigned(__builtin_ctz(rest));
    uint32_t lanes = sharing ? sharers(e.address, l, rest) : 1u << l;
    sharing &= lanes != 1u << l;
    unsigned run = sharing ? 1 : runFrom(e, l);
    uint32_t offset = uint32_t(e.address[l]) & (kLineBytes - 1);
    uint32_t bytes = run * e.bytes;
    p.line = e.address[l] - offset;
    p.mark.bytes = (bytes == kLineBytes ? ~0u : (1u << bytes) - 1) << offset;
    p.mark.flags = flags;
    p.mark.lanes = lanes;
    p.mark.agent = 0;
    if (run > 1) {
      lanes = (run == kLanes ? ~0u : (1u << run) - 1) << l;
      p.mark.flags |= MarkSpread;
      p.mark.place.base = int8_t(int(l) - int(offset >> shift));
      p.mark.place.shift = uint8_t(shift);
    }
    if (Line *line = cursor.at(p.line))
      record(*line, p, /*keep=*/true);
    rest &= ~lanes;
  }
}

/// Rows of wmma fragments are up to 128 bytes long and begin at multiples of 16 only: pieces of 16
/// lie in one line each.
void RaceChecker::accessInPieces(const AccessEvent &e) {
  constexpr uint32_t piece = 16;
  uint64_t addresses[kLanes];
  AccessEvent part = e;
  part.address = addresses;
  for (uint32_t at = 0; at < e.bytes; at += piece) {
    for (uint32_t rest = e.lanes; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      addresses[l] = e.address[l] + at;
    }
    part.bytes = std::min(piece, e.bytes - at);
    access(part);
  }
}

void RaceChecker::access(const AccessEvent &e) {
  if (e.space != Space::Global && e.space != Space::Shared)
    return;
  if (e.bytes >= kLineBytes)
    return accessInPieces(e);
  CtaState &c = stateOf(e.warp);
  Probe p{c, e.warp, &e, {}};
  p.space = e.space;
  p.owner = e.owner;
  p.agreed = c.clockOf(e.warp).agree(e.lanes, p.known);
  p.mark.time = c.now;
  p.mark.inst = e.index;
  p.mark.cta = c.linear;
  p.mark.warp = uint8_t(e.warp.index);
  p.mark.flags = uint8_t(
      (e.kind == AccessKind::Read ? 0 : MarkWrite) |
      (e.order == MemoryOrder::Weak ? 0 : MarkStrong | int(reachOf(e.scope) << kReachShift)));
  recordLanes(p, e);
  if (e.order != MemoryOrder::Weak)
    strongAccess(c, e);
}
