// Rules and canonicalisations of the ops in TileProgramOps.td.
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace cosmati::tile;

LogicalResult PrintOp::verify() {
  if (getIsSigned().size() != getArgs().size()) // print_c1
    return emitOpError("has ") << getArgs().size() << " argument(s) but " << getIsSigned().size()
                               << " sign(s); `signed` has one entry per argument";
  return success();
}

LogicalResult AssertOp::canonicalize(AssertOp op, PatternRewriter &rewriter) {
  if (!matchPattern(op.getCondition(), m_One()))
    return rewriter.notifyMatchFailure(op, "condition is not known to be all true");
  rewriter.eraseOp(op);
  return success();
}
