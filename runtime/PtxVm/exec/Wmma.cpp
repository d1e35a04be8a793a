//===- Wmma.cpp - wmma.load, wmma.store, wmma.mma -------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Fragments as in Wmma.h, arithmetic as in Mma.cpp. Programs written for speed use mma.sync: this
// file is plain and compiled once.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Wmma.h"
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Cluster.h"
#include "runtime/PtxVm/exec/MmaTile.h"
#include "runtime/PtxVm/exec/Resolve.h"
#include <cstring>

namespace cosmati::ptxvm {

void fmaChain(unsigned rounding, const double (*a)[kMaxK], const double (*b)[8], unsigned rows,
              unsigned k, double (*c)[8]);

namespace {

//===- Memory ---------------------------------------------------------------===//

/// The rows (or columns) of a matrix in memory.
struct Lines {
  unsigned count; ///< at most 32
  uint32_t bytes; ///< of each
  uint64_t address[kLanes];
  uint8_t *host[kLanes];
};

/// Every thread must give the same address and stride.
bool sameInAllLanes(Warp &w, const Inst *i, const uint64_t *address, const uint32_t *stride) {
  for (unsigned l = 1; l < kLanes; ++l)
    if (address[l] != address[0] || stride[l] != stride[0]) {
      faultText(w, i, FaultKind::Matrix, 1u << l,
                "address or stride differ between lane 0 and lane " + std::to_string(l) +
                    "; all threads of the warp must give the same");
      return false;
    }
  return true;
}

/// Events for observers: each line as if a lane accessed it.
void announce(Warp &w, const Inst *i, Way way, const Lines &lines, bool write) {
  Observer *observer = observerOf(w);
  if (!observer)
    return;
  uint64_t address[kLanes], window = lines.address[0] & ~(kWindowBytes - 1);
  bool shared = way == Way::Shared || way == Way::Shared32 ||
                (way == Way::Generic && window == kSharedWindow);
  Cta *owner = w.cta;
  if (shared) // the CTA's rank, then the offset in its memory
    owner = ctaOfRank(*w.cta, uint32_t(lines.address[0]) >> kCtaWindowBits);
  for (unsigned l = 0; l < lines.count; ++l)
    address[l] =
        shared ? lines.address[l] & ((uint64_t(1) << kCtaWindowBits) - 1) : lines.address[l];
  uint32_t mask = lines.count == kLanes ? kFull : (1u << lines.count) - 1;
  AccessEvent event{w,
                    i,
                    w.cta->launch->indexOf(i),
                    write ? AccessKind::Write : AccessKind::Read,
                    MemoryOrder::Weak,
                    Scope::Sys,
                    shared ? Space::Shared : Space::Global,
                    owner,
                    mask,
                    lines.bytes,
                    address};
  observer->access(event);
}

/// Finds all lines; false after a fault.
bool findLines(Warp &w, const Inst *i, const WmmaAccess &access, unsigned registers, bool write,
               Lines &lines) {
  Way way = Way(i->flags & kWayMask);
  alignas(64) uint64_t address[kLanes];
  int64_t imm = i->imm + (i->flags & kFrameRelative ? int64_t(w.localBase) : 0);
  if (way == Way::Shared32 || way == Way::Local32 || way == Way::Param32)
    loadAddresses(slot<uint32_t>(w, i->op[kAddressOp]), imm, kFull, address);
  else
    loadAddresses(slot<uint64_t>(w, i->op[kAddressOp]), imm, kFull, address);
  const uint32_t *stride = slot<uint32_t>(w, w.vectorOps[i->aux + registers]);
  if (!sameInAllLanes(w, i, address, stride))
    return false;
  unsigned bits = bitsOf(access.element());
  lines.count = access.sameOrder() ? access.rows() : access.across();
  lines.bytes = (access.sameOrder() ? access.across() : access.rows()) * bits / 8;
  // PTX: lines are aligned to the fragment's size; CUDA asks for 16 bytes of the large ones.
  uint32_t fragment = registers * (bits == 64 ? 8 : 4), alignment = fragment < 16 ? fragment : 16;
  for (unsigned l = 0; l < lines.count; ++l) {
    uint64_t at = address[0] + uint64_t(stride[0]) * bits / 8 * l;
    FaultKind kind = FaultKind::Misaligned;
    lines.address[l] = at;
    lines.host[l] = at % alignment ? nullptr : resolveLane(w, way, at, lines.bytes, write, 0, kind);
    if (lines.host[l])
      continue;
    fault(w, i, kind, 0, at, kind == FaultKind::Misaligned ? alignment : lines.bytes,
          Space::Generic);
    return false;
  }
  announce(w, i, way, lines, write);
  return true;
}

/// Element (row, column) of the register's order, in memory.
uint8_t *elementAt(const Lines &lines, const WmmaAccess &access, unsigned row, unsigned column) {
  unsigned bytes = bitsOf(access.element()) / 8;
  return access.sameOrder() ? lines.host[row] + column * bytes : lines.host[column] + row * bytes;
}
/// Copies between the lines and the matrix in row-major order.
void transfer(const Lines &lines, const WmmaAccess &access, uint8_t *matrix, bool load) {
  auto copy = [&](uint8_t *memory, uint8_t *mine, size_t bytes) {
    if (load)
      std::memcpy(mine, memory, bytes);
    else
      std::memcpy(memory, mine, bytes);
  };
  if (access.sameOrder()) {
    for (unsigned l = 0; l < lines.count; ++l)
      copy(lines.host[l], matrix + l * lines.bytes, lines.bytes);
    return;
  }
  unsigned bytes = bitsOf(access.element()) / 8;
  for (unsigned r = 0; r < access.rows(); ++r)
    for (unsigned c = 0; c < access.across(); ++c)
      copy(elementAt(lines, access, r, c), matrix + (r * access.across() + c) * bytes, bytes);
}

template <bool Load> const Inst *accessMatrix(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  WmmaAccess access = WmmaAccess::unpack(i->n);
  unsigned elements = access.rows() * access.across(), bits = bitsOf(access.element());
  unsigned registers = wmmaRegisters(access.element(), elements, access.role == WmmaAccess::C);
  Lines lines;
  if (!findLines(w, i, access, registers, !Load, lines))
    return nullptr;
  uint8_t matrix[4096];
  unsigned size = elements * bits / 8, each = bits == 64 ? 256 : 128;
  const uint32_t *list = w.vectorOps + i->aux;
  if (Load)
    transfer(lines, access, matrix, true);
  for (unsigned r = 0; r < registers; ++r) {
    uint8_t *reg = w.regs + list[r], *part = matrix + r * each % size;
    std::memcpy(Load ? reg : part, Load ? part : reg, each);
  }
  if (!Load)
    transfer(lines, access, matrix, false);
  return warp.done();
}

//===- Products -------------------------------------------------------------===//

constexpr unsigned kMost = 32 * 16; ///< elements of A or B; 8 x 32 for 4 bits, words for b1

struct WmmaList {
  const uint32_t *d, *a, *b, *c;
  WmmaList(const Warp &w, const Inst *i, const WmmaKind &k) {
    unsigned sums = unsigned(k.m) * k.n;
    d = w.vectorOps + i->aux;
    a = d + wmmaRegisters(k.d, sums, true);
    b = a + wmmaRegisters(k.type, unsigned(k.m) * k.k, false);
    c = b + wmmaRegisters(k.type, unsigned(k.n) * k.k, false);
  }
};
/// A fragment's elements in order. f16: the repetition is left out.
template <class T>
void elementsOf(const Warp &w, const uint32_t *regs, Element type, unsigned count, T *out) {
  alignas(64) T block[256];
  unsigned each = type == Element::B1 ? 32 : type == Element::F64 ? 32 : 1024 / bitsOf(type);
  for (unsigned r = 0; r * each < count; ++r) {
    if (type == Element::F32) // unpack would give its bits
      for (unsigned l = 0; l < kLanes; ++l)
        block[l] = T(slot<float>(w, regs[r])[l]);
    else
      unpack(type, w.regs + regs[r], block);
    unsigned n = count - r * each < each ? count - r * each : each;
    std::memcpy(out + r * each, block, n * sizeof(T));
  }
}

const Inst *multiplyFloat(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  WmmaKind kind = bitsAs<WmmaKind>(i->imm);
  WmmaList list(w, i, kind);
  double a[kMost], b[kMost], sums[256];
  elementsOf(w, list.a, kind.type, unsigned(kind.m) * kind.k, a);
  elementsOf(w, list.b, kind.type, unsigned(kind.n) * kind.k, b);
  elementsOf(w, list.c, kind.c, 256, sums);
  for (unsigned m = 0; m < kind.m; ++m)
    for (unsigned n = 0; n < kind.n; ++n)
      for (unsigned k = 0; k < kind.k; ++k)
        sums[m * kind.n + n] += a[m * kind.k + k] * b[n * kind.k + k];
  for (unsigned j = 0; j < 256; ++j)
    if (kind.d == Element::F16)
      slot<uint16_t>(w, list.d[j / 64])[j % 64] =
          uint16_t(roundTo(kHalf, sums[j], Rounding::NearestEven, false));
    else
      slot<float>(w, list.d[j / 32])[j % 32] = canonical(float(sums[j]));
  return warp.done();
}

const Inst *multiplyDouble(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  WmmaKind kind = bitsAs<WmmaKind>(i->imm);
  WmmaList list(w, i, kind);
  double x[32], y[32], a[8][kMaxK], b[4][8], c[8][8];
  elementsOf(w, list.a, Element::F64, 32, x);
  elementsOf(w, list.b, Element::F64, 32, y);
  elementsOf(w, list.c, Element::F64, 64, &c[0][0]);
  for (unsigned r = 0; r < 8; ++r)
    for (unsigned k = 0; k < 4; ++k)
      a[r][k] = x[4 * r + k], b[k][r] = y[4 * r + k];
  fmaChain(kind.rounding, a, b, 8, 4, c);
  for (unsigned r = 0; r < 2; ++r)
    std::memcpy(w.regs + list.d[r], &c[4 * r][0], 256);
  return warp.done();
}

/// Integers; for b1 the elements are words, their product the number of common (or different) bits.
const Inst *multiplyInteger(Warp &w, const Inst *i) {
  WholeWarp warp(w, i);
  if (!warp.ready)
    return nullptr;
  WmmaKind kind = bitsAs<WmmaKind>(i->imm);
  WmmaList list(w, i, kind);
  bool bits = kind.type == Element::B1;
  unsigned depth = bits ? kind.k / 32u : kind.k;
  int32_t a[kMost], b[kMost], c[256];
  elementsOf(w, list.a, kind.type, kind.m * depth, a);
  elementsOf(w, list.b, kind.type, kind.n * depth, b);
  elementsOf(w, list.c, Element::S32, unsigned(kind.m) * kind.n, c);
  for (unsigned m = 0; m < kind.m; ++m)
    for (unsigned n = 0; n < kind.n; ++n) {
      int64_t sum = c[m * kind.n + n];
      for (unsigned k = 0; k < depth; ++k) {
        int32_t x = a[m * depth + k], y = b[n * depth + k];
        sum +=
            bits ? __builtin_popcount(uint32_t(kind.flags & WmmaKind::Xor ? x ^ y : x & y)) : x * y;
      }
      int64_t limited = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
      unsigned j = m * kind.n + n;
      slot<int32_t>(w, list.d[j / 32])[j % 32] =
          kind.flags & WmmaKind::Saturate ? int32_t(limited) : int32_t(uint32_t(sum));
    }
  return warp.done();
}

} // namespace

namespace base {
Handler selectWmma(const Selection &s) {
  switch (s.id) {
  case InstId::WmmaStore:
  case InstId::WmmaStore32:
  case InstId::WmmaStoreF64:
  case InstId::WmmaStoreS32:
    return accessMatrix<false>;
  case InstId::WmmaF16:
  case InstId::WmmaBf16:
  case InstId::WmmaTf32:
    return multiplyFloat;
  case InstId::WmmaF64:
    return multiplyDouble;
  case InstId::WmmaI8:
  case InstId::WmmaI4:
  case InstId::WmmaB1:
    return multiplyInteger;
  default:
    return accessMatrix<true>;
  }
}
} // namespace base
} // namespace cosmati::ptxvm
