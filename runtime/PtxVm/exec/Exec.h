//===- Exec.h - What a handler sees --------------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A handler executes one decoded instruction for the active lanes of a warp and returns the next
// one, or null when the warp must stop (it waits, it ended, it failed). Registers are arrays of 32
// lanes; an operand is a byte offset from `Warp::regs`. Constants and special registers lie in the
// same frame, so that no handler asks what kind of operand it has.
//
// This header is included by files compiled for several instruction sets: no inline function with
// external linkage may live here, and nothing from the standard library beyond integers.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Ids.h"
#include <cstddef>
#include <cstdint>

namespace cosmati::ptxvm {

struct Warp;
struct Inst;
struct WarpState;
struct Cta;
using Handler = const Inst *(*)(Warp &, const Inst *);

inline constexpr unsigned kLanes = 32;
inline constexpr uint32_t kFull = 0xffffffffu;
inline constexpr uint32_t kNoBlock = 0xffffffffu;

/// Generic addresses of the spaces that are not global memory: 4 GiB windows far above it.
inline constexpr uint64_t kSharedWindow = uint64_t(0x71) << 56;
inline constexpr uint64_t kLocalWindow = uint64_t(0x72) << 56;
inline constexpr uint64_t kParamWindow = uint64_t(0x73) << 56;
inline constexpr uint64_t kWindowBytes = uint64_t(1) << 32;
/// Shared memory of the CTA of rank r begins at r times this in the cluster's addresses.
inline constexpr unsigned kCtaWindowBits = 24;
inline constexpr uint64_t kCtaWindowBytes = uint64_t(1) << kCtaWindowBits;

struct alignas(64) Inst {
  Handler fn;
  uint32_t guard;     ///< slot of the guard predicate; of the constant true if there is none
  uint32_t guardFlip; ///< ~0 for @!p
  uint32_t op[8];     ///< slots, destinations first; block numbers for branches
  union {
    int64_t imm;   ///< address offset
    Handler inner; ///< the round-to-nearest handler that a rounding-mode wrapper calls
  };
  uint32_t aux; ///< meaning depends on the handler
  uint16_t n;   ///< number of elements of a vector access
  uint16_t flags;
};
static_assert(sizeof(Inst) == 64);

enum class FaultKind : uint8_t {
  OutOfBounds,
  Misaligned,
  ReadOnly,
  Trap,
  Breakpoint,
  BadBarrier,
  BadCall,
  Limit,
  Deadlock,
  Exited,     ///< access to the shared memory of a CTA that has exited
  BadCluster, ///< misuse of the cluster's barrier, of ranks or masks
  BadAsync,   ///< misuse of an mbarrier or of an asynchronous copy
  Matrix,     ///< operands of a matrix instruction that have no meaning
  Wgmma,      ///< misuse of a warpgroup's matrix instructions
  Convergence ///< an instruction of the whole warp without it
};

/// Why Warp::run came back.
enum class Stop : uint8_t { Yield, Blocked, Done, Fault };

/// A global buffer that this warp touched lately. bytes = 0: empty.
struct RegionSlot {
  uint64_t base, bytes;
  uint8_t *host;
  uint64_t writable;
};
inline constexpr unsigned kRegionSlots = 8;

/// The hot part of a warp; Cta.h has the rest.
struct Warp {
  uint8_t *regs;        ///< frame of the running split
  uint32_t active;      ///< lanes of the running split
  uint32_t reconvBlock; ///< block at which the running split meets its siblings
  int32_t budget;       ///< blocks until the warp yields
  uint32_t live;        ///< lanes that have not exited
  uint64_t *blockCounts;
  const Inst *const *blocks; ///< first instruction of each block
  uint8_t *shared;
  uint64_t sharedBytes;
  uint64_t sharedBase; ///< the address at which the CTA's shared memory begins
  uint8_t *local;      ///< lane l's local memory begins at local + l * localStride
  uint64_t localStride;
  uint64_t localBase; ///< where the frame's locals begin in a lane's memory
  const uint8_t *params;
  uint64_t paramBytes;
  const uint32_t *vectorOps; ///< operand lists that don't fit in Inst::op
  uint32_t index;            ///< within the CTA
  Stop stop;
  Cta *cta;
  WarpState *state;
  RegionSlot regions[kRegionSlots];
};

/// What a selector is asked for: a row of the instruction table and what was matched.
struct Selection {
  InstId id;
  ScalarType t[3];
  uint64_t mods[2];       ///< set of Mod
  uint8_t dstBits;        ///< width of the destination register, for forms that widen
  uint8_t srcBits;        ///< width of the first source (or stored) register
  uint8_t addressBits;    ///< width of the address register
  Space space;            ///< of a memory access
  uint8_t vec;            ///< elements of a vector access
  mutable uint16_t flags; ///< answers of the selector, copied into the instruction
  mutable uint32_t aux;
  mutable int64_t imm;
};
/// Shapes of mov, in Selection::flags.
enum class MoveForm : uint16_t { Plain, Pack, Unpack, FrameAddress };

/// How a memory handler finds its bytes, in the low bits of Inst::flags. The address is op[7] +
/// imm.
enum class Way : uint16_t {
  Global,
  Shared, ///< of the CTA itself
  Shared32,
  Cluster, ///< shared memory of any CTA of the cluster
  Cluster32,
  Local,
  Local32,
  Param,
  Param32,
  Generic
};
inline constexpr uint16_t kWayMask = 15;
inline constexpr uint16_t kFrameRelative = 16; ///< add the frame's local base to the address
inline constexpr uint16_t kStrong = 32;        ///< ordered: volatile, relaxed, acquire, release
/// Stores, for checkers: how wide the registers are, 2 bytes times a power of two.
inline constexpr uint16_t kStoredWidth = 0xc0, kStoredWidthUnit = 0x40;
inline constexpr unsigned kAddressOp = 7;

/// Bit of Inst::flags that the decoder sets when the `!pred` operand is negated.
inline constexpr uint16_t kNegatedPredicate = 0x8000;
using Selector = Handler (*)(const Selection &);

/// The selectors of one instruction set, by Family; a null entry means "not in this file".
struct Isa {
  const char *name;
  Selector select[size_t(Family::NumFamilies)];
};

// Slow paths, out of line in files compiled once.

/// Records a fault and stops the warp; returns null so that a handler can return its result.
const Inst *fault(Warp &w, const Inst *i, FaultKind kind, unsigned lane, uint64_t address,
                  uint32_t bytes, Space space);
/// Tells observers, if there are any, that bar.warp.sync has gathered `lanes`.
void observeWarpSync(Warp &w, const Inst *i, uint32_t lanes);
/// Finds the region for [address, address + bytes) and keeps it in the warp's slots; null if none.
const RegionSlot *findRegion(Warp &w, uint64_t address, uint64_t bytes);

} // namespace cosmati::ptxvm
