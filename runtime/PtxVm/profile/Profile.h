//===- Profile.h - What each instruction of a launch cost ------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Counts, not times: they follow from the program and its data alone, so they are the same on every
// host, for every schedule that takes the same branches.
//
// Sectors. Global memory is transferred in sectors of 32 bytes, aligned to 32. A request is one
// instruction of one warp; it moves the sectors that its active lanes touch. Ideal is the number
// that as many different bytes would fill, densely packed. ("CUDA C++ Best Practices Guide",
// Coalesced Access to Global Memory.)
//
// Bank conflicts. Shared memory has 32 banks; successive 4-byte words lie in successive banks. A
// pass delivers one word of each bank; lanes that want the same word share it. Accesses of up to 4
// bytes per lane are served for the whole warp together, of 8 bytes for each half of the warp, of
// 16 bytes for each quarter, ldmatrix and stmatrix for each matrix's 8 rows; each such part takes
// as many passes as its fullest bank has different words. Ideal is one pass for every 32 different
// words that a part wants, at least one. ("CUDA C++ Programming Guide", Shared Memory of compute
// capability 5.x and later; half and quarter warps: the same, 64-bit and 128-bit accesses of
// compute capability 2.x.)
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cosmati::ptxvm {

/// What is summed, over instructions, lines or a launch.
struct ProfileCounts {
  uint64_t executions = 0; ///< times a warp, or a part of a diverged one, executed it
  uint64_t lanes = 0;      ///< active lanes, summed over the executions
  uint64_t globalRequests = 0, globalSectors = 0, globalIdealSectors = 0;
  uint64_t globalReadBytes = 0, globalWriteBytes = 0; ///< that lanes asked for; atomics in both
  uint64_t sharedRequests = 0, sharedPasses = 0, sharedIdealPasses = 0;
  uint64_t sharedReadBytes = 0, sharedWriteBytes = 0;
  uint64_t localReadBytes = 0, localWriteBytes = 0;
  uint64_t asyncBytes = 0;   ///< written by cp.async, bulk and tensor copies
  uint64_t atomics = 0;      ///< lanes that made an atomic access
  uint64_t barrierWaits = 0; ///< times a warp waited at a barrier or found an mbarrier complete
  uint64_t floatOps = 0;     ///< of f32, f64, f16, bf16 instructions; a multiply-add is two
  std::map<std::string, uint64_t> tensorOps; ///< by the type of A: 2 m n k of each multiplication

  void add(const ProfileCounts &other);
  uint64_t bankConflicts() const { return sharedPasses - sharedIdealPasses; }
};

/// One instruction of the program that was executed.
struct ProfiledInstruction {
  uint32_t line = 0; ///< in the PTX text
  std::string text;
  uint32_t locFile = 0, locLine = 0, locColumn = 0; ///< operands of the `.loc` in force
  ProfileCounts counts;
};

struct Profile {
  std::vector<ProfiledInstruction> instructions; ///< in the program's order
  ProfileCounts total;
  uint64_t footprintBytes = 0; ///< different sectors of global memory that were touched, in bytes
  bool empty() const { return instructions.empty(); }
};

/// Field names as above, in snake_case; counts that are zero are left out.
llvm::json::Value toJson(const ProfileCounts &counts);
/// {"total": {...}, "footprint_bytes", "instructions": [{"line", "text", "loc", ...}]}.
llvm::json::Value toJson(const Profile &profile);

/// Operations of one warp's matrix multiplication (mma, wmma, or a warp's quarter of wgmma) and the
/// type of A, from the instruction's text: "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 ..."
/// gives 4096 and "f16". Sparse ones count as the dense multiplication that they stand for. 0: no
/// matrix multiplication.
uint64_t tensorOpsOf(llvm::StringRef instruction, std::string &type);
/// Arithmetic operations per lane of an instruction of floating-point numbers; else 0.
uint64_t floatOpsOf(llvm::StringRef instruction);

} // namespace cosmati::ptxvm
