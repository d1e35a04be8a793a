#include "compiler/Pipeline/Diagnostics.h"

#include "compiler/Target/NVPTX/SourceChains.h"

using namespace cosmati;

namespace {

/// True for what only a broken compiler says; see the convention in the header.
bool blamesCompiler(llvm::StringRef text) {
  return text.starts_with("'") || text.contains("failed to legalize") ||
         text.contains("unresolved materialization");
}

} // namespace

DiagnosticCollector::DiagnosticCollector(mlir::MLIRContext *context)
    : handler(context, [this](mlir::Diagnostic &diagnostic) { return handle(diagnostic); }) {}

mlir::LogicalResult DiagnosticCollector::handle(mlir::Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Remark) {
    // A remark reads "name: text".
    auto [name, message] = llvm::StringRef(text).split(": ");
    remarks.push_back({name.str(), message.str(), chainOf(diagnostic.getLocation())});
    return mlir::success();
  }
  if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
    return mlir::success();
  if (!sawError) {
    first = text;
    for (mlir::Diagnostic &note : diagnostic.getNotes())
      notes.push_back({note.str(), chainOf(note.getLocation())});
    place = chainOf(diagnostic.getLocation());
    isResource = llvm::StringRef(text).starts_with(kResourcePrefix);
    isProgram = !isResource && !blamesCompiler(text);
  }
  sawError = true;
  if (!errors.empty())
    errors += "\n";
  errors += text;
  for (mlir::Diagnostic &note : diagnostic.getNotes())
    errors += "\n  " + note.str();
  return mlir::success();
}
