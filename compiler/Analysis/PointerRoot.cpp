#include "compiler/Analysis/PointerRoot.h"

#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace cosmati {

static bool isPointer(Value value) {
  return isa<tile::PtrType>(getElementTypeOrSelf(value.getType()));
}

namespace {

class RootFinder {
public:
  /// False where no one root is sure. A value that is asked for again, around a loop, adds nothing.
  bool visit(Value value) {
    if (!seen.insert(value).second)
      return true;
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      Operation *parent = argument.getOwner()->getParentOp();
      if (isa<FunctionOpInterface>(parent))
        return found(value);
      auto loop = dyn_cast<scf::ForOp>(parent);
      return loop && visit(loop.getTiedLoopInit(argument)->get()) &&
             visit(loop.getTiedLoopYieldedValue(argument)->get());
    }
    auto result = cast<OpResult>(value);
    if (auto loop = dyn_cast<scf::ForOp>(result.getOwner()))
      return visit(loop.getTiedLoopInit(result)->get()) &&
             visit(loop.getYieldedValues()[result.getResultNumber()]);
    if (result.getOwner()->getNumRegions() || !isMemoryEffectFree(result.getOwner()))
      return false;
    bool any = false;
    for (Value operand : result.getOwner()->getOperands()) {
      if (!isPointer(operand))
        continue;
      any = true;
      if (!visit(operand))
        return false;
    }
    return any;
  }
  Value root;

private:
  llvm::SmallPtrSet<Value, 8> seen;

  bool found(Value value) {
    bool agrees = !root || root == value;
    root = value;
    return agrees;
  }
};

} // namespace

Value pointerRoot(Value pointer) {
  RootFinder finder;
  return finder.visit(pointer) ? finder.root : Value();
}

} // namespace cosmati
