// compile(): a tile module in, a KernelImage out. The one way through the compiler for Python, C++
// and the command line.
#pragma once

#include "compiler/Pipeline/CompileOptions.h"
#include "runtime/Image/KernelImage.h"
#include "runtime/Toolchain/Toolchain.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>
#include <vector>

namespace cosmati {

/// What went wrong, for the caller to turn into its own exception.
enum class CompileErrorKind {
  Program,   ///< the kernel is at fault: verifier messages at the user's line
  Resources, ///< too much shared memory or too many registers
  Assembler, ///< the assembler refused our PTX
  Internal,  ///< the compiler is at fault; `reproducer` says how to repeat it
};

/// A part of an error, at a line of its own: a buffer, and the operation that it is for.
struct CompileNote {
  std::string text;
  runtime::SourceChain place;
};

/// What a kernel needs more of than its target has.
struct Shortage {
  std::string resource; ///< "shared memory", "registers"; empty where nothing is short
  int64_t required = 0, limit = 0;
};

class CompileError : public llvm::ErrorInfo<CompileError> {
public:
  static char ID;
  CompileError(CompileErrorKind kind, std::string message, runtime::SourceChain place = {},
               std::string reproducer = {})
      : kind(kind), message(std::move(message)), place(std::move(place)),
        reproducer(std::move(reproducer)) {}
  CompileError(Shortage shortage, std::string message, runtime::SourceChain place,
               std::vector<CompileNote> notes)
      : kind(CompileErrorKind::Resources), message(std::move(message)), place(std::move(place)),
        notes(std::move(notes)), shortage(std::move(shortage)) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

  const CompileErrorKind kind;
  const std::string message;
  const runtime::SourceChain place;     ///< innermost frame first; empty where unknown
  const std::string reproducer;         ///< folder of the bundle; empty if none was written
  const std::vector<CompileNote> notes; ///< of a Resources error: what the memory is used for
  const Shortage shortage;              ///< of a Resources error
};

/// Wall time of one stage, in milliseconds: "tile", "tilegpu", "nvvm", "llvm", "ptx", "assemble".
struct StageTime {
  std::string stage;
  double ms;
};

/// A missed optimisation or a note, at the user's line.
struct CompileRemark {
  std::string name, message;
  runtime::SourceChain place;
};

struct CompileResult {
  runtime::KernelImage image;
  std::vector<StageTime> times;
  std::vector<CompileRemark> remarks;
};

/// What the surroundings provide. Nothing here changes the code that is made.
struct CompileEnvironment {
  const runtime::Toolchain *toolchain =
      nullptr; ///< for libdevice and the assembler; null: neither is used
  std::string
      reproducerFolder; ///< where bundles go when something fails inside; empty: none are written
  std::vector<runtime::KernelParam>
      params; ///< language types of the kernel's parameters; empty: taken from the function
  std::string firstStage; ///< "tilegpu", "nvvm" or "llvm": the module has passed all stages before
                          ///< this one, as in the bundle of a failure; empty: it is tile IR
};

/// Compiles the one kernel (`tile.kernel`) of `module`, which is consumed: its IR is lowered in
/// place. Not thread-safe on one MLIRContext; different contexts compile in parallel. Errors:
/// CompileError.
llvm::Expected<CompileResult> compile(mlir::ModuleOp module, const CompileOptions &options,
                                      const CompileEnvironment &environment);

/// Parses the text of a tile module and compiles it in a context of its own.
llvm::Expected<CompileResult> compileText(llvm::StringRef text, const CompileOptions &options,
                                          const CompileEnvironment &environment);

/// Makes the cubin of an image's PTX and takes down what the assembler says about it. Does nothing
/// where `options` want no cubin, or no assembler is found. Errors: AssemblerError.
llvm::Error assembleImage(runtime::KernelImage &image, const CompileOptions &options,
                          const runtime::Toolchain *toolchain);

/// Versions of everything that takes part in a compilation, for cache keys.
std::string compilerVersions(const runtime::Toolchain *toolchain);

} // namespace cosmati
