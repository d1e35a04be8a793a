#include "compiler/Analysis/Remarks.h"

namespace cosmati {

llvm::StringRef remarkName(Remark remark) {
  switch (remark) {
  case Remark::DotOnFma:
    return "dot-on-fma";
  case Remark::LoopNotPipelined:
    return "loop-not-pipelined";
  case Remark::LoadNotPipelined:
    return "load-not-pipelined";
  case Remark::LoopNotFlattened:
    return "loop-not-flattened";
  case Remark::LoopNotUnrolled:
    return "loop-not-unrolled";
  case Remark::LoopNotSpecialized:
    return "loop-not-specialized";
  }
  llvm::report_fatal_error("a remark that is not in the catalogue");
}

mlir::InFlightDiagnostic emitRemark(mlir::Operation *op, Remark remark) {
  mlir::InFlightDiagnostic diagnostic = mlir::emitRemark(op->getLoc());
  diagnostic << remarkName(remark) << ": ";
  return diagnostic;
}

} // namespace cosmati
