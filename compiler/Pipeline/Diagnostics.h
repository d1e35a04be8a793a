// Collects what MLIR reports during one compilation, and tells whose fault an error is.
//
// The convention of all our passes: emitOpError ("'tile.x' op ...") and failed legalisation mean
// that the compiler broke its own rules; emitError speaks to the user about the program; an error
// that begins with kResourcePrefix says that the program needs more than the target has.
#pragma once

#include "compiler/Pipeline/Compile.h"

#include "mlir/IR/Diagnostics.h"

namespace cosmati {

inline constexpr llvm::StringLiteral kResourcePrefix = "out of resources: ";

class DiagnosticCollector {
public:
  explicit DiagnosticCollector(mlir::MLIRContext *context);

  bool resourceProblem() const { return sawError && isResource; }
  bool programProblem() const { return sawError && isProgram; }
  /// The first error without its notes, and these.
  const std::string &firstError() const { return first; }
  std::vector<CompileNote> takeNotes() { return std::move(notes); }
  /// All error texts with their notes.
  const std::string &errorText() const { return errors; }
  /// Where the first error stands in the user's source.
  const runtime::SourceChain &errorPlace() const { return place; }
  std::vector<CompileRemark> takeRemarks() { return std::move(remarks); }

private:
  mlir::LogicalResult handle(mlir::Diagnostic &diagnostic);

  mlir::ScopedDiagnosticHandler handler;
  std::string errors, first;
  std::vector<CompileNote> notes;
  runtime::SourceChain place;
  std::vector<CompileRemark> remarks;
  bool sawError = false, isResource = false, isProgram = false;
};

} // namespace cosmati
