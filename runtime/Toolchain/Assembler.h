// Assembler: PTX to cubin. nvJitLink in process, else ptxas as a subprocess, else an error that
// names both.
#pragma once

#include "runtime/Toolchain/Toolchain.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cosmati::runtime {

enum class AssemblerTool : uint8_t {
  Any,       // nvJitLink where it is found, else ptxas
  NvJitLink, // only this one
  Ptxas,
};

struct AssembleOptions {
  int maxRegs = 0;       // limit of registers per thread; 0: none
  bool lineInfo = false; // keep the PTX's .loc lines in the cubin, for profilers
  int optLevel = 3;      // 0..3
  AssemblerTool tool = AssemblerTool::Any;
  std::vector<std::string> extra; // words of ptxas's command line, after all others
  std::string kernel;             // named in errors; the module's first entry when empty
};

struct Assembled {
  std::vector<uint8_t> cubin;
  // Of the kernel, per thread and in bytes (shared: per CTA, static part); -1 where the tool's log
  // doesn't say.
  int regs = -1, spillStores = -1, spillLoads = -1, stackBytes = -1, sharedBytes = -1;
  std::vector<std::string>
      warnings;     // lines of the log that warn: C7510 "wgmma serialized", spills, ...
  std::string log;  // the whole verbose log
  double ms = 0;    // wall time of the tool
  std::string tool; // "nvJitLink 13.5", "ptxas 13.0"
};

/// The PTX was refused, or the tool failed.
class AssemblerError : public llvm::ErrorInfo<AssemblerError> {
public:
  static char ID;
  AssemblerError(std::string kernel, std::string target, std::string tool, std::string log)
      : kernel(std::move(kernel)), target(std::move(target)), tool(std::move(tool)),
        toolLog(std::move(log)) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override;

  const std::string kernel, target, tool, toolLog;
};

/// No assembler was found. Callers may go on with PTX alone: the driver assembles it at load time,
/// the VM runs it.
class NoAssemblerError : public llvm::ErrorInfo<NoAssemblerError> {
public:
  static char ID;
  explicit NoAssemblerError(std::string text) : text(std::move(text)) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override;

  const std::string text;
};

/// Assembles one module for `target` ("sm_90a"). Errors: AssemblerError, NoAssemblerError.
/// Thread-safe.
llvm::Expected<Assembled> assemble(const Toolchain &toolchain, llvm::StringRef ptx,
                                   llvm::StringRef target, const AssembleOptions &options = {});

/// Reads the figures for `kernel` (the first kernel when empty) out of a verbose log, either
/// tool's, into `result`.
void parseAssemblerLog(llvm::StringRef log, llvm::StringRef kernel, Assembled &result);

/// Version text of the assembler that assemble() would use, for cache keys: "nvJitLink 13.5";
/// "none" without one.
std::string assemblerVersion(const Toolchain &toolchain, AssemblerTool tool = AssemblerTool::Any);

} // namespace cosmati::runtime
