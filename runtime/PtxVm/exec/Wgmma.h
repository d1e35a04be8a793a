//===- Wgmma.h - What the parts of wgmma agree on -------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The decoder, the code compiled once (queues, descriptors, hazards) and the code compiled for each
// instruction set (arithmetic). Operands lie in Warp::vectorOps from Inst::aux on: the registers of
// D as results, the same as sources, then A (four registers, or one descriptor), the descriptor of
// B, the metadata if sparse, the predicate scale-d.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/exec/Matrix.h"

namespace cosmati::ptxvm {

/// One wgmma.mma_async, packed into Inst::imm. M is 64, of which each warp has 16.
struct WgmmaKind {
  enum : uint8_t {
    Saturate = 1,
    Sparse = 2,
    SharedA = 4, ///< A lies in shared memory
    TransposeA = 8,
    TransposeB = 16,
    Negate = 32 ///< exactly one of A and B is negated
  };
  Element a, b, d;
  uint8_t flags;
  uint8_t n8;       ///< N / 8
  uint8_t selector; ///< of the lanes that hold metadata
  uint16_t k;
};
static_assert(sizeof(WgmmaKind) == 8);

namespace {

inline WgmmaKind wgmmaKind(const Inst *i) {
  WgmmaKind kind;
  __builtin_memcpy(&kind, &i->imm, sizeof(kind));
  return kind;
}
/// Registers of D; elements of a row of A as stored.
constexpr unsigned resultsOf(const WgmmaKind &k) {
  return k.d == Element::F16 ? 2u * k.n8 : 4u * k.n8;
}
constexpr unsigned storedK(const WgmmaKind &k) {
  return k.flags & WgmmaKind::Sparse ? k.k / 2u : k.k;
}
/// Where the operands begin in the list.
constexpr unsigned placeOfA(const WgmmaKind &k) { return 2 * resultsOf(k); }
constexpr unsigned placeOfB(const WgmmaKind &k) {
  return placeOfA(k) + (k.flags & WgmmaKind::SharedA ? 1 : 4);
}
constexpr unsigned placeOfScale(const WgmmaKind &k) {
  return placeOfB(k) + (k.flags & WgmmaKind::Sparse ? 2 : 1);
}

} // namespace

struct WgmmaOp;
/// Performs consecutive operations on one accumulator.
using WgmmaPerform = void (*)(Warp &w, const WgmmaOp *ops, size_t count);

/// One wgmma.mma_async of one warp.
struct WgmmaOp {
  const Inst *inst = nullptr;
  uint8_t *regs = nullptr; ///< the frame whose registers it uses
  WgmmaPerform perform = nullptr;
  uint64_t a = 0, b = 0; ///< matrix descriptors; a only when A lies in shared memory
  uint64_t token = 0;    ///< names it for observers
  uint64_t number = 0;   ///< among the warp's operations
  uint32_t group = 0;    ///< number of its group
  bool accumulate = true;
  bool performed = false;
  uint32_t metadata[kLanes] = {}; ///< sparse: taken when it was issued
};

/// A matrix B. Both parts are aligned to 64 bytes.
struct WgmmaBytes {
  uint8_t *raw = nullptr;    ///< its bytes, K-major [N][K], else [K][N]
  uint8_t *values = nullptr; ///< room for its elements in the type of the arithmetic
};

// Wgmma.cpp
/// Queues a wgmma.mma_async.
const Inst *issueWgmma(Warp &w, const Inst *i, WgmmaPerform perform);
/// wgmma.fence, .commit_group and .wait_group; null for the other rows.
Handler wgmmaControl(InstId id);
/// Instructions that the decoder adds (WgmmaFlow.cpp). The check's list holds n registers to look
/// at (bit k of imm: number k is written), the rest is only kept alive. The drain performs all that
/// is pending.
Handler wgmmaCheckHandler();
Handler wgmmaDrainHandler();

// WgmmaOperand.cpp
/// Checks a descriptor; false after a fault. `isA`: for A of the whole warpgroup.
bool checkDescriptor(Warp &w, const Inst *i, uint64_t descriptor, bool isA);
/// The bytes of the warp's rows of A: K-major [16][K], else [K][16]. `to`: 512 bytes.
void gatherA(const Warp &w, const WgmmaOp &op, uint8_t *to);
/// B of the operation. `fresh`: the values are still to be made from the bytes.
WgmmaBytes gatherB(Warp &w, const WgmmaOp &op, bool &fresh);
/// Tells observers which bytes of shared memory the operation reads from now on.
void announceReads(Warp &w, const Inst *i, const WgmmaOp &op);

} // namespace cosmati::ptxvm
