// From the LLVM dialect to PTX text: translation, optimisation, code generation.
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <string>

namespace cosmati {

struct PtxOptions {
  std::string architecture = "90a"; ///< without sm_
  int ptxVersion = 80;              ///< 80 is 8.0
  int optLevel = 3;
  bool contract = true; ///< fuse a*b+c
  bool ftz = false;
  std::string libdevice;        ///< file; empty: a kernel that needs it is an error
  std::string libdeviceError;   ///< why there is none, for that error
  std::string libraryAttribute; ///< names the bitcode file of a declared function that has it
  unsigned entryChain = 0; ///< number of the chain of the kernel's `def`; 0: no line information
  bool keepLlvm = false;   ///< also return the optimised LLVM IR as text
};

/// A bitcode library of the user's does not fit. A diagnostic at the first call says what is wrong.
class LibraryError : public llvm::ErrorInfo<LibraryError> {
public:
  static char ID;
  void log(llvm::raw_ostream &os) const override { os << "a bitcode library can't be linked"; }
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }
};

struct PtxResult {
  std::string ptx, llvmIr;
  std::map<std::string, std::string> libraries; ///< files that were linked: SHA-256 by path
  double translateMs = 0, optimiseMs = 0, emitMs = 0;
};

/// Adds the translations from MLIR's dialects to LLVM IR to the context.
void registerPtxTranslations(mlir::DialectRegistry &registry);

/// Emits the PTX of a module in the LLVM dialect. Errors carry LLVM's text; internal failures of
/// LLVM don't end the process.
llvm::Expected<PtxResult> emitPtx(mlir::ModuleOp module, const PtxOptions &options);

} // namespace cosmati
