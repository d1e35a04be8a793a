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
#include "runtime/PtxVm/profile/Profile.h"
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

namespace llvm::json {
class Value;
}

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
  std::optional<std::array<uint32_t, 3>> reqnctapercluster; ///< the only legal cluster
  std::optional<uint32_t> maxClusterRank; ///< `.maxclusterrank`: most CTAs of a cluster
  bool explicitCluster = false;           ///< `.explicitcluster`: a cluster must be given
  bool blocksAreClusters = false;         ///< `.blocksareclusters`: the grid counts clusters
  uint32_t staticShared = 0;              ///< bytes of statically sized shared memory
  uint32_t numRegs = 0;                   ///< 32-lane register slots after slot allocation
};

/// A parsed, checked and decoded PTX module.
class Module {
public:
  /// Parses `ptx`. `name` stands for it in messages. Fails with "name:line: text: reason" for PTX
  /// that is malformed and for every instruction, modifier or type that the machine does not
  /// implement.
  static llvm::Expected<std::shared_ptr<Module>> parse(llvm::StringRef ptx, llvm::StringRef name);
  /// One PTX text and the name that stands for it in messages.
  struct Source {
    llvm::StringRef ptx, name;
  };
  /// Several texts as one module: .extern names of one stand for the .visible, .weak or .common
  /// definitions of another. Fails as parse() does, for a second definition and for a declaration
  /// that doesn't fit its definition; a name that nobody defines is an error where it is used.
  static llvm::Expected<std::shared_ptr<Module>> link(llvm::ArrayRef<Source> sources);
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

/// What a launch looks for besides bounds, alignment, write protection, misuse of barriers and
/// deadlock, which it always finds. A set of bits.
enum class Check : uint32_t {
  None = 0,
  Uninitialized = 1, ///< reads of shared, local or global memory that nobody wrote
  Race = 2,          ///< conflicting accesses that no synchronisation orders
  Sync = 4,          ///< barriers reached by a part of a warp, mbarrier misuse
  Overflow = 8,      ///< signed 32-bit overflow that reaches an address
  Slices = 16,       ///< an address made from one variable of shared or local memory hits another
  All = 31
};
inline Check operator|(Check a, Check b) { return Check(uint32_t(a) | uint32_t(b)); }
inline bool has(Check set, Check c) { return uint32_t(set) & uint32_t(c); }
/// "race", "all", "none", "race,uninitialized" ...; an unknown name gives an error that lists them.
llvm::Expected<Check> parseChecks(llvm::StringRef names);

/// In which order warps and CTAs get their turns; PTX allows all of them.
enum class Schedule : uint8_t {
  InOrder,    ///< warps in order, each as far as it gets; CTAs in order
  RoundRobin, ///< one instruction of each warp in turn
  Random,     ///< seeded: the order of warps and CTAs, and how far each runs
  Adversarial ///< seeded: starves some warps, hurries others, switches behind every instruction
              ///< that synchronises, often begins with the last CTA
};
/// When the data of asynchronous copies (cp.async, cp.async.bulk, .tensor) moves, and wgmma
/// happens.
enum class AsyncCompletion : uint8_t {
  Late,  ///< when a wait demands it: a wait that is missing shows as old data
  Early, ///< at issue: bytes that are overwritten too soon show
  Random ///< seeded: some time in between
};
llvm::StringRef scheduleName(Schedule schedule);
llvm::StringRef asyncCompletionName(AsyncCompletion completion);
/// "in-order", "round-robin", "random", "adversarial"; "late", "early", "random".
llvm::Expected<Schedule> parseSchedule(llvm::StringRef name);
llvm::Expected<AsyncCompletion> parseAsyncCompletion(llvm::StringRef name);

/// How to run a grid.
struct LaunchConfig {
  std::array<uint32_t, 3> grid{1, 1, 1};  ///< CTAs
  std::array<uint32_t, 3> block{1, 1, 1}; ///< threads per CTA, at most 1024 in all
  /// CTAs per cluster; 1,1,1: what the kernel's .reqnctapercluster says, else no clusters. The grid
  /// is a multiple of it; at most 8 CTAs are portable. Needs sm_90.
  std::array<uint32_t, 3> cluster{1, 1, 1};
  bool nonPortableCluster = false; ///< allow clusters of up to 16 CTAs
  uint32_t dynamicShared = 0;      ///< bytes behind the static shared variables (`.extern .shared`)
  uint32_t threads = 0; ///< host threads; 0 = one per core. With 1 a launch is deterministic.
  /// CTAs that may be unfinished at once; 0: as many as the GPU holds that stands for the module's
  /// target (Occupancy.h). Those that wait for a CTA beyond them are reported as a deadlock.
  uint64_t resident = 0;
  uint32_t registers = 0; ///< of a thread, as the assembler gives them; 0: they don't limit that
  uint64_t seed = 0;      ///< of everything random; a seed replays its order in each CTA
  /// Default: InOrder without a seed, Random with one.
  std::optional<Schedule> schedule;
  AsyncCompletion async = AsyncCompletion::Late;
  Check checks = Check::None;
  uint64_t maxInstructions = 0; ///< warp instructions per CTA before "did not finish"; 0 = no limit
  /// Receives the text of device printf. Called under a lock. Default: standard output.
  std::function<void(llvm::StringRef text)> print;
  bool profile = false; ///< fill Report::profile
  /// Asked every 50 ms or so by the thread that called launch(); false stops the launch.
  std::function<bool()> poll;
};
/// "schedule random, seed 7": what repeats a launch's order; empty for the default.
std::string replayText(const LaunchConfig &config);

/// One access (or wait) that a finding names.
struct AccessPoint {
  std::string what; ///< "write of 4 bytes"
  std::array<uint32_t, 3> ctaid{}, tid{};
  uint32_t warp = 0, lane = 0;
  std::string file;                  ///< name of the PTX text
  uint32_t line = 0;                 ///< line in it
  std::string instruction;           ///< the instruction's text
  uint32_t locFile = 0, locLine = 0; ///< operands of the `.loc` in force; 0 = none
  uint32_t locColumn = 0;
};

/// Something wrong found while running: which access, by whom, where.
struct Finding {
  std::string kind;    ///< "out-of-bounds", "misaligned", "race", "uninitialized", ...
  std::string message; ///< the whole report, several lines, for people
  std::string entry;
  std::array<uint32_t, 3> ctaid{};   ///< program id
  std::array<uint32_t, 3> tid{};     ///< first offending thread
  uint64_t address = 0;              ///< offending address, when there is one
  uint32_t line = 0;                 ///< line in the PTX text
  std::string instruction;           ///< the instruction's text
  uint32_t locFile = 0, locLine = 0; ///< operands of the `.loc` in force; 0 = none
  uint32_t locColumn = 0; ///< its column: 1-based index of the source chain in images we compiled
  std::vector<AccessPoint> accesses; ///< those that conflict, the one that showed it first
  std::string buffer;                ///< name of the buffer concerned; empty: none
  uint64_t index = 0;                ///< byte in that buffer
  uint64_t bufferBytes = 0;          ///< its size; 0: unknown
  uint64_t occurrences = 1;          ///< how often it was found at these instructions
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
  std::vector<Finding> findings; ///< at most 64 different ones
  Counters counters;
  Profile profile; ///< with LaunchConfig::profile
};

/// A finding as JSON: {"kind", "message", "entry", "ctaid", "tid", "address", "line",
/// "instruction", "loc": [file, line, column], "buffer", "index", "buffer_bytes", "occurrences",
/// "accesses":
/// [{...}]}.
llvm::json::Value toJson(const Finding &finding);
/// {"findings": [...], "warp_instructions", "ctas", "seconds", "classes": {...}} and, when the
/// profile was asked for, "profile" (see profile/Profile.h).
llvm::json::Value toJson(const Report &report);

/// Runs `entry` over the grid; returns when all CTAs have ended. On a fault the launch stops; what
/// `LaunchConfig::checks` finds doesn't stop it. With any finding the result is an error with the
/// text of the first; `report`, when given, holds all of them structured.
llvm::Error launch(const Module &module, llvm::StringRef entry, const LaunchConfig &config,
                   llvm::ArrayRef<uint8_t> paramBlock, const AddressSpace &memory,
                   Report *report = nullptr);

/// Name of the instruction set the executor uses on this machine: "avx512", "avx2" or "base".
llvm::StringRef hostIsaName();
/// Forces one of the names above (for tests and benches); false if this host lacks it. Affects
/// modules parsed afterwards.
bool setHostIsa(llvm::StringRef name);

} // namespace cosmati::ptxvm
