// What every MLIR tool of Cosmati knows: the dialects that its files may hold.
#pragma once

#include "mlir/IR/DialectRegistry.h"

namespace cosmati {

/// Our dialects, and those of MLIR's that a module holds on its way to PTX.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace cosmati
