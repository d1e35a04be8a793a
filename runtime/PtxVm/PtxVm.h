//===- PtxVm.h - Execute PTX text on the CPU --------------------*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The PTX virtual machine. Three steps:
//
//   auto module = ptxvm::Module::parse(text, "kernel.ptx");        // parse, check, decode once
//   ptxvm::AddressSpace memory;                                     // what the kernel may touch
//   uint64_t x = memory.map(array.data(), array.bytes(), "x", true);
//   ptxvm::ParamBlock params(*(*module)->findEntry("k"));           // pack the arguments
//   params.set(0, x);
//   Error e = ptxvm::launch(**module, "k", config, params.bytes(), memory, &report);
//
// A module is immutable after parsing apart from the storage of its `.global` variables, and may be
// launched from several threads at once. Units: bytes everywhere; grid and block in CTAs and
// threads.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/AddressSpace.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cosmati::ptxvm {

struct Program;

/// One parameter of an entry, laid out in the parameter block as the CUDA driver does: at the next
/// multiple of its alignment.
struct ParamInfo {
  std::string name;
  std::string type;     ///< PTX type text: "u64", "f32", "b8"
  uint32_t offset = 0;  ///< byte offset in the parameter block
  uint32_t bytes = 0;   ///< size; for an array parameter the size of the whole array
  uint32_t align = 1;   ///< alignment in bytes
  bool pointer = false; ///< declared with `.ptr`
};

/// What a module says about one `.entry`.
struct EntryInfo {
  std::string name;
  std::vector<ParamInfo> params;
  uint32_t paramBytes = 0;                        ///< size of the parameter block
  std::optional<std::array<uint32_t, 3>> reqntid; ///< `.reqntid`: the only legal block shape
  std::optional<std::array<uint32_t, 3>> maxntid; ///< `.maxntid`: product bounds the block size
  uint32_t staticShared = 0;                      ///< bytes of statically sized shared memory
  uint32_t numRegs = 0;                           ///< 32-lane register slots after slot allocation
};

/// A parsed, checked and decoded PTX module.
class Module {
public:
  /// Parses `ptx`. `name` stands for it in messages. Fails with "name:line: text: reason" for PTX
  /// that is malformed and for every instruction, modifier or type that the machine does not
  /// implement.
  static llvm::Expected<std::shared_ptr<Module>> parse(llvm::StringRef ptx, llvm::StringRef name);
  ~Module();

  const std::vector<EntryInfo> &entries() const;
  /// The entry called `name`, or null.
  const EntryInfo *findEntry(llvm::StringRef name) const;
  /// `.target` of the module, for example "sm_90a".
  llvm::StringRef target() const;
  /// Virtual address and size of a module-scope `.global` or `.const` variable.
  struct Symbol {
    uint64_t address = 0;
    uint64_t bytes = 0;
    void *host = nullptr; ///< its storage
  };
  std::optional<Symbol> findSymbol(llvm::StringRef name) const;
  const Program &program() const { return *program_; }

private:
  Module();
  std::unique_ptr<Program> program_;
};

/// Packs arguments into a parameter block.
class ParamBlock {
public:
  explicit ParamBlock(const EntryInfo &entry) : entry(entry), data(entry.paramBytes) {}
  /// Copies the low `params[index].bytes` bytes of `value`; little-endian hosts only.
  void setBytes(size_t index, const void *value, size_t bytes);
  template <class T> void set(size_t index, T value) { setBytes(index, &value, sizeof(T)); }
  llvm::ArrayRef<uint8_t> bytes() const { return data; }

private:
  const EntryInfo &entry;
  std::vector<uint8_t> data;
};

/// How to run a grid.
struct LaunchConfig {
  std::array<uint32_t, 3> grid{1, 1, 1};    ///< CTAs
  std::array<uint32_t, 3> block{1, 1, 1};   ///< threads per CTA, at most 1024 in all
  std::array<uint32_t, 3> cluster{1, 1, 1}; ///< CTAs per cluster; only 1,1,1 is implemented so far
  uint32_t dynamicShared = 0; ///< bytes behind the static shared variables (`.extern .shared`)
  uint32_t threads = 0;       ///< host threads; 0 = one per core. With 1 a launch is deterministic.
  uint64_t seed = 0;          ///< 0 = CTAs and warps in order; else the order they are tried in
  uint64_t maxInstructions = 0; ///< warp instructions per CTA before "did not finish"; 0 = no limit
  /// Receives the text of device printf. Called under a lock. Default: standard output.
  std::function<void(llvm::StringRef text)> print;
};

/// A fault found while running: which access, by whom, where.
struct Finding {
  std::string kind;    ///< "out-of-bounds", "misaligned", "trap", "deadlock", ...
  std::string message; ///< the whole report, several lines, for people
  std::string entry;
  std::array<uint32_t, 3> ctaid{};   ///< program id
  std::array<uint32_t, 3> tid{};     ///< first offending thread
  uint64_t address = 0;              ///< offending address, when there is one
  uint32_t line = 0;                 ///< line in the PTX text
  std::string instruction;           ///< the instruction's text
  uint32_t locFile = 0, locLine = 0; ///< operands of the `.loc` in force; 0 = none
  uint32_t locColumn = 0; ///< its column: 1-based index of the source chain in images we compiled
};

/// Instruction classes of the counters.
enum class InstClass : uint8_t {
  Integer,
  Float,
  Half,
  Convert,
  Move,
  Compare,
  Control,
  GlobalLoad,
  GlobalStore,
  SharedLoad,
  SharedStore,
  OtherMemory,
  Atomic,
  Barrier,
  Warp,
  Special,
  Tensor, ///< matrix multiplications
  NumClasses
};
llvm::StringRef instClassName(InstClass c);

/// Counted during a launch, summed over all CTAs.
struct Counters {
  uint64_t warpInstructions = 0; ///< instructions issued, one per warp (or part of a diverged warp)
  std::array<uint64_t, size_t(InstClass::NumClasses)> byClass{};
  uint64_t ctas = 0;
  double seconds = 0; ///< wall clock of the launch
};

struct Report {
  std::vector<Finding> findings;
  Counters counters;
};

/// Runs `entry` over the grid; returns when all CTAs have ended. On a fault the launch stops and
/// the error's text is that of the first finding; `report`, when given, holds it structured.
llvm::Error launch(const Module &module, llvm::StringRef entry, const LaunchConfig &config,
                   llvm::ArrayRef<uint8_t> paramBlock, const AddressSpace &memory,
                   Report *report = nullptr);

/// Name of the instruction set the executor uses on this machine: "avx512", "avx2" or "base".
llvm::StringRef hostIsaName();
/// Forces one of the names above (for tests and benches); false if this host lacks it. Affects
/// modules parsed afterwards.
bool setHostIsa(llvm::StringRef name);

} // namespace cosmati::ptxvm
