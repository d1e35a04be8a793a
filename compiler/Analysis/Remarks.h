// The catalogue of remarks: what the compiler did not do, why, and what would change it.
//
// A remark reads "name: text"; the name is fixed, so that tools and tests can ask for it, the text
// names the values of the case and ends with advice. Users see remarks at their source line
// (`cosmati compile`, kernel.compiled.remarks).
#pragma once

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"

namespace cosmati {

enum class Remark {
  DotOnFma,           ///< a dot runs on the scalar units
  LoopNotPipelined,   ///< a loop with num_stages > 1 keeps its loads where they are
  LoadNotPipelined,   ///< a load in a pipelined loop is waited for in its own iteration
  LoopNotFlattened,   ///< a loop with flatten=True stays a loop of loops
  LoopNotUnrolled,    ///< a loop with a loop_unroll_factor keeps its iterations one by one
  LoopNotSpecialized, ///< a loop with warp_specialize=True runs on all warps alike
};

/// "dot-on-fma".
llvm::StringRef remarkName(Remark remark);

/// Begins the remark at `op`; stream the text into it.
mlir::InFlightDiagnostic emitRemark(mlir::Operation *op, Remark remark);

} // namespace cosmati
