// Which argument a pointer comes from.
#pragma once

#include "mlir/IR/Value.h"

namespace cosmati {

/// The function's argument (or other value with no pointer behind it) from which a pointer, or
/// every pointer of a block, is made by arithmetic; null where there are several, or where control
/// flow other than a for loop decides.
mlir::Value pointerRoot(mlir::Value pointer);

} // namespace cosmati
