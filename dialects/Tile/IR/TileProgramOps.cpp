// Rules of the ops in TileProgramOps.td.
#include "dialects/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace cosmati::tile;

LogicalResult PrintOp::verify() {
  if (getIsSigned().size() != getArgs().size()) // print_c1
    return emitOpError("has ") << getArgs().size() << " argument(s) but " << getIsSigned().size()
                               << " sign(s); `signed` has one entry per argument";
  return success();
}
