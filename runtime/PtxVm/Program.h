//===- Program.h - A decoded module --------------------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All functions of a module share one array of instructions and one numbering of basic blocks, so
// that a block's counter, first instruction and source line are plain array look-ups.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Ast.h"
#include "runtime/PtxVm/InstTable.h"
#include "runtime/PtxVm/PtxVm.h"
#include "runtime/PtxVm/exec/Exec.h"
#include "llvm/ADT/StringMap.h"
#include <cstdlib>
#include <memory>
#include <unordered_map>

namespace cosmati::ptxvm {

/// Registers whose value the machine supplies. The ones before Clock are fixed for a thread.
enum class Special : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NWarpId,
  SmId,
  NSmId,
  GridId,
  MaskEq,
  MaskLe,
  MaskLt,
  MaskGe,
  MaskGt,
  DynamicShared,
  TotalShared,
  ClusterIdX,
  ClusterIdY,
  ClusterIdZ,
  NClusterIdX,
  NClusterIdY,
  NClusterIdZ,
  ClusterCtaIdX,
  ClusterCtaIdY,
  ClusterCtaIdZ,
  ClusterNCtaIdX,
  ClusterNCtaIdY,
  ClusterNCtaIdZ,
  ClusterCtaRank,
  ClusterNCtaRank,
  IsExplicitCluster, ///< a predicate
  SharedAddress,     ///< address of SpecialSlot::offset in the CTA's shared memory
  Zero,              ///< what the machine doesn't have
  Clock,
  Clock64,
  ClockHi,
  GlobalTimer,
  GlobalTimerLo,
  GlobalTimerHi,
};
inline bool isDynamic(Special s) { return s >= Special::Clock; }

/// A special register that a function uses and the slot that holds it.
struct SpecialSlot {
  Special which;
  uint32_t slot;
  uint8_t bits;
  uint32_t offset = 0; ///< SharedAddress
};

/// Layout of a function's frame: [constants and specials][registers].
struct FrameLayout {
  uint32_t bytes = 0;
  std::vector<uint8_t> constants; ///< image of the frame's beginning
  std::vector<SpecialSlot> specials;
  uint32_t localBytes = 0;     ///< per lane: .local variables and .param of calls
  bool readsUnwritten = false; ///< some register may be read before it is written
};

struct BlockInfo {
  uint32_t first = 0; ///< instruction number
  uint32_t count = 0; ///< instructions that stand in the source
  uint32_t function = 0;
  std::array<uint16_t, size_t(InstClass::NumClasses)> classes{};
};

/// A parameter or result of a function, in its frame's local memory.
struct Slice {
  uint32_t offset = 0, bytes = 0;
};

struct FunctionInfo {
  std::string name;
  bool entry = false;
  uint32_t module = 0; ///< in Program::modules
  uint32_t firstBlock = 0;
  FrameLayout frame;
  std::vector<Slice> params, results; ///< of a .func
};

/// Functions that the machine provides itself.
enum class Builtin : uint8_t { None, Vprintf, AssertFail };

struct CallSite {
  uint32_t function = ~0u; ///< callee; ~0: indirect or builtin
  Builtin builtin = Builtin::None;
  uint32_t target = 0;                   ///< slot of the function address for indirect calls
  std::vector<Slice> arguments, results; ///< in the caller's frame
};

/// A variable in shared memory (offset in the CTA's) or of a function's frame: .local and .param.
struct VariableInfo {
  std::string name;
  Space space = Space::Generic;
  uint64_t offset = 0;
  uint64_t bytes = 0;                             ///< kRest for .extern .shared arrays
  uint32_t function = ~0u;                        ///< that declares it; ~0: the module
  static constexpr uint64_t kRest = ~uint64_t(0); ///< to the end of shared memory
};
inline constexpr uint32_t kNoVariable = ~0u;

/// Whether the instruction may change global memory. Atomics don't count: they say so themselves.
bool storesGlobally(const InstMatch &match, InstClass cls, const Inst &inst);
/// Atomics, volatile, relaxed and acquiring loads, tests of an mbarrier: a loop around one may wait
/// for another CTA.
bool looksAtFlags(const InstMatch &match, const Inst &inst);

/// Where an instruction comes from.
struct InstInfo {
  llvm::StringRef file; ///< name of the module
  uint32_t line = 0;
  llvm::StringRef text;
  ast::Location loc;
  InstMatch match;                 ///< null form: the machine's own (a branch between blocks)
  uint8_t destinations = 0;        ///< bit k: Inst::op[k] is written
  uint32_t variable = kNoVariable; ///< whose address the instruction names, in Program::variables
};

/// Module-scope variable with its storage.
struct GlobalVariable {
  std::string name;
  uint64_t address = 0, bytes = 0;
  std::unique_ptr<void, decltype(&std::free)> owner{nullptr, &std::free};
  uint8_t *host = nullptr; ///< aligned
  bool writable = true;
};

struct Program {
  std::vector<std::unique_ptr<ast::Module>> modules; ///< own all text
  std::string name;                                  ///< of all modules
  std::string target;                                ///< the newest of the modules' .target
  const Isa *isa = nullptr;

  std::vector<Inst> code;
  std::vector<InstInfo> info;           ///< parallel to `code`
  std::vector<const Inst *> blockStart; ///< by block
  std::vector<BlockInfo> blocks;
  std::vector<uint32_t>
      storeBlocks;                  ///< blocks that may change global memory, by other than atomics
  std::vector<uint32_t> flagBlocks; ///< with accesses that others may answer: see looksAtFlags()
  std::vector<uint32_t> vectorOps;  ///< operand lists of 8-element accesses
  std::unordered_map<uint32_t, llvm::StringRef>
      vectorNames;                                 ///< by place in vectorOps: wgmma's registers
  std::vector<std::vector<uint32_t>> branchTables; ///< targets of brx.idx, as blocks
  std::vector<CallSite> calls;
  std::vector<FunctionInfo> functions;
  std::vector<EntryInfo> entries;
  std::vector<uint32_t> entryFunction; ///< by entry: its function
  std::vector<GlobalVariable> globals;
  std::vector<VariableInfo> variables; ///< in shared and local memory
  RegionMap globalRegions;             ///< the globals, for address look-up
  bool hasDynamicShared = false;       ///< there is an .extern .shared array
  uint32_t dynamicSharedAlign = 16;
};

/// Function addresses (indirect calls): this plus the function's number.
inline constexpr uint64_t kFunctionAddressBase = uint64_t(0x74) << 56;

/// Links `program.modules` and decodes them; errors read "name:line: text: reason".
llvm::Error decodeModule(Program &program);

} // namespace cosmati::ptxvm
