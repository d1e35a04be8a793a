//===- WgmmaOperand.cpp - matrices of wgmma in shared memory --------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PTX ISA, "Matrix Descriptor Format" and "Canonical Layouts". A matrix is made of pieces of 16
// bytes: K-major, a piece holds neighbours along K of one row (of A, or column of B); MN-major, it
// holds neighbours along M or N at one k. W is the width of the swizzle in bytes (16 without), n =
// W / 16. Piece (row r, number c along K), or (number c along M or N, k), lies at the start address
// plus
//   K-major, no swizzle    r / 8 * SBO + r % 8 * 16 + c * LBO
//   K-major, swizzled      r / 8 * SBO + r % 8 * W + c * 16
//   MN-major, no swizzle   c * SBO + k % 8 * 16 + k / 8 * LBO
//   MN-major, swizzled     c / n * LBO + c % n * 16 + k % 8 * W + k / 8 * SBO
// and of that address the bits from 4 on are then XORed with the bits from 7 on (1, 2 or 3 of them
// for 32, 64, 128 bytes). The pattern begins at the base offset, in units of 128 bytes.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/Wgmma.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cstring>

namespace cosmati::ptxvm {
namespace {

struct Descriptor {
  uint32_t start, leading, stride, base, mode;
  uint64_t reserved;
  explicit Descriptor(uint64_t d)
      : start(uint32_t(d & 0x3fff) << 4), leading(uint32_t(d >> 16 & 0x3fff) << 4),
        stride(uint32_t(d >> 32 & 0x3fff) << 4), base(uint32_t(d >> 49 & 7)),
        mode(uint32_t(d >> 62)), reserved(d & 0x3ff1c000c000c000) {}
  uint32_t width() const {
    static constexpr uint32_t widths[] = {16, 128, 64, 32};
    return widths[mode];
  }
  uint32_t swizzle(uint32_t address) const {
    uint32_t phase = ((address >> 7) - base) & (width() / 16 - 1);
    return mode ? address ^ phase << 4 : address;
  }
};

/// A matrix as pieces of 16 bytes: `outer` by `inner`, the order in which they are gathered.
struct Pieces {
  Descriptor d;
  bool transposed;       ///< MN-major: outer is k, inner along M or N; else outer is the row
  uint32_t outer, inner; ///< how many

  /// Offset that the outer and the inner number contribute.
  uint32_t outerOffset(uint32_t o) const {
    uint32_t group = transposed && !d.mode ? d.leading : d.stride;
    return o / 8 * group + o % 8 * d.width();
  }
  uint32_t innerOffset(uint32_t c) const {
    if (!transposed)
      return c * (d.mode ? 16 : d.leading);
    uint32_t n = d.width() / 16;
    return d.mode ? c / n * d.leading + c % n * 16 : c * d.stride;
  }
  uint32_t address(uint32_t o, uint32_t c) const {
    return d.swizzle(d.start + outerOffset(o) + innerOffset(c));
  }
  /// No piece lies at or beyond it.
  uint32_t bound() const {
    uint32_t last = 0, groups = (outer - 1) / 8;
    last = std::max(outerOffset(outer - 1), groups ? outerOffset(8 * groups - 1) : 0);
    uint32_t across = innerOffset(inner - 1);
    if (uint32_t n = d.width() / 16; transposed && d.mode && inner > n)
      across = std::max(across, innerOffset((inner - 1) / n * n - 1));
    return ((d.start + last + across) | (d.width() - 1)) + 1;
  }
};

/// A of the whole warpgroup, or B.
Pieces piecesOf(const WgmmaKind &kind, uint64_t descriptor, bool isA) {
  unsigned rows = isA ? 64 : 8u * kind.n8, k = isA ? storedK(kind) : kind.k;
  unsigned bits = bitsOf(isA ? kind.a : kind.b);
  bool transposed = kind.flags & (isA ? WgmmaKind::TransposeA : WgmmaKind::TransposeB);
  Pieces p{Descriptor(descriptor), transposed, rows, k * bits / 128};
  if (transposed)
    p.outer = k, p.inner = rows * bits / 128;
  return p;
}

std::string hex(uint64_t v) { return "0x" + llvm::utohexstr(v, /*LowerCase=*/true); }

std::string describe(uint64_t descriptor, bool isA) {
  static constexpr const char *modes[] = {"no swizzle", "128-byte swizzle", "64-byte swizzle",
                                          "32-byte swizzle"};
  Descriptor d(descriptor);
  return llvm::formatv("the descriptor of {0}, {1}: start address {2} (bits 0-13), leading "
                       "dimension byte offset {3} (bits 16-29), stride dimension byte offset {4} "
                       "(bits 32-45), base offset {5} (bits 49-51), {6} (bits 62-63)",
                       isA ? "A" : "B", hex(descriptor), hex(d.start), d.leading, d.stride, d.base,
                       modes[d.mode]);
}

/// The first piece that isn't in shared memory; the bound alone may be too careful.
bool findOutside(const Pieces &p, uint64_t bytes, uint32_t &o, uint32_t &c) {
  for (o = 0; o < p.outer; ++o)
    for (c = 0; c < p.inner; ++c)
      if (p.address(o, c) + uint64_t(16) > bytes)
        return true;
  return false;
}

/// Makes room for the bytes and the values of the largest matrix of this kind.
void reserve(WgmmaBlock &block, size_t bytes, size_t elements) {
  size_t raw = (bytes + 63) & ~size_t(63), values = elements * 8;
  block.memory = std::make_unique<uint8_t[]>(raw + values + 64);
  uint8_t *p = block.memory.get();
  block.matrix.raw = p + (-reinterpret_cast<uintptr_t>(p) & 63);
  block.matrix.values = block.matrix.raw + raw;
}

/// A part of a matrix.
struct Window {
  uint32_t firstOuter, outer, firstInner, inner;
};
Window whole(const Pieces &p) { return {0, p.outer, 0, p.inner}; }
/// The warp's 16 rows of A.
Window rowsOf(const Warp &w, const WgmmaKind &kind, const Pieces &p) {
  uint32_t quarter = w.index % 4, perRows = 16 * bitsOf(kind.a) / 128;
  return p.transposed ? Window{0, p.outer, quarter * perRows, perRows}
                      : Window{16 * quarter, 16, 0, p.inner};
}

void gather(const Pieces &p, const uint8_t *shared, const Window &part, uint8_t *to) {
  for (uint32_t o = part.firstOuter; o < part.firstOuter + part.outer; ++o) {
    uint32_t base = p.d.start + p.outerOffset(o);
    for (uint32_t c = part.firstInner; c < part.firstInner + part.inner; ++c, to += 16)
      std::memcpy(to, shared + p.d.swizzle(base + p.innerOffset(c)), 16);
  }
}

void addRanges(std::vector<AsyncRange> &ranges, Cta *cta, const Pieces &p, const Window &part) {
  std::vector<uint32_t> starts;
  for (uint32_t o = part.firstOuter; o < part.firstOuter + part.outer; ++o)
    for (uint32_t c = part.firstInner; c < part.firstInner + part.inner; ++c)
      starts.push_back(p.address(o, c));
  std::sort(starts.begin(), starts.end());
  for (uint32_t s : starts) {
    bool joins = !ranges.empty() && ranges.back().address + ranges.back().bytes >= s &&
                 ranges.back().address <= s;
    if (joins)
      ranges.back().bytes = std::max(ranges.back().bytes, uint32_t(s + 16 - ranges.back().address));
    else
      ranges.push_back({Space::Shared, cta, s, 16, /*write=*/false});
  }
}

} // namespace

bool checkDescriptor(Warp &w, const Inst *i, uint64_t descriptor, bool isA) {
  Pieces p = piecesOf(wgmmaKind(i), descriptor, isA);
  std::string reason;
  uint32_t o = 0, c = 0;
  if (p.d.reserved)
    reason = "the reserved bits " + hex(p.d.reserved) +
             " are set; encode each address and offset as (x & 0x3ffff) >> 4";
  else if (!p.d.mode && p.d.base)
    reason = "a base offset has a meaning only with a swizzle; it must be 0 without";
  else if (p.bound() > w.sharedBytes && findOutside(p, w.sharedBytes, o, c))
    reason = llvm::formatv(
        "{0} {1}, 16 bytes number {2} along {3} lie at shared address {4}, but the CTA has {5} "
        "bytes of shared memory; check the offsets and how far the start address was advanced",
        p.transposed ? "k"
        : isA        ? "row"
                     : "column",
        o, c, p.transposed ? (isA ? "M" : "N") : "K", hex(p.address(o, c)), w.sharedBytes);
  if (reason.empty())
    return true;
  wgmmaFault(w, i, w.active, describe(descriptor, isA) + ": " + reason);
  return false;
}

void gatherA(const Warp &w, const WgmmaOp &op, uint8_t *to) {
  WgmmaKind kind = wgmmaKind(op.inst);
  Pieces p = piecesOf(kind, op.a, /*isA=*/true);
  gather(p, w.shared, rowsOf(w, kind, p), to);
}

WgmmaBytes gatherB(Warp &w, const WgmmaOp &op, bool &fresh) {
  alignas(64) uint8_t bytes[256 * 64];
  WgmmaKind kind = wgmmaKind(op.inst);
  Pieces p = piecesOf(kind, op.b, /*isA=*/false);
  size_t size = size_t(p.outer) * p.inner * 16;
  gather(p, w.shared, whole(p), bytes);
  // Steps along K differ in the low bits of the start address, or (MN-major) in higher ones.
  uint32_t start = uint32_t(op.b & 0x3fff);
  WgmmaBlock &block = w.cta->warpgroups->blocks[(start ^ start >> 6) >> 1 & 7];
  uint64_t key = uint64_t(kind.b) | uint64_t(kind.n8) << 8 | uint64_t(kind.k) << 16 |
                 uint64_t(p.transposed) << 32 |
                 reinterpret_cast<uint64_t>(op.perform) << 33; // the type of the values
  fresh = block.kind != key || std::memcmp(block.matrix.raw, bytes, size) != 0;
  if (!fresh)
    return block.matrix;
  if (block.kind != key)
    reserve(block, size, size_t(kind.n8) * 8 * kind.k);
  block.kind = key;
  std::memcpy(block.matrix.raw, bytes, size);
  return block.matrix;
}

void announceReads(Warp &w, const Inst *i, const WgmmaOp &op) {
  Observer *observer = observerOf(w);
  if (!observer)
    return;
  WgmmaKind kind = wgmmaKind(i);
  std::vector<AsyncRange> ranges;
  if (kind.flags & WgmmaKind::SharedA) {
    Pieces p = piecesOf(kind, op.a, /*isA=*/true);
    addRanges(ranges, w.cta, p, rowsOf(w, kind, p));
  }
  Pieces b = piecesOf(kind, op.b, /*isA=*/false);
  addRanges(ranges, w.cta, b, whole(b));
  AsyncEvent event{w, i, w.cta->launch->indexOf(i), 0, AsyncKind::Wgmma, op.token, ranges};
  observer->asyncIssue(event);
}

} // namespace cosmati::ptxvm
