// Reads of shared memory move down to what first uses them.
//
// A block is read as a whole, and products take it piece by piece: where the reads stand, all
// pieces would be in registers at once. The assembler schedules for latency within the registers
// that there are, but does not find back from an order that needs far more of them.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

bool isSharedRead(Operation *op) {
  if (isa<NVVM::LdMatrixOp>(op))
    return true;
  auto load = dyn_cast<LLVM::LoadOp>(op);
  return load && !load.getVolatile_() &&
         cast<LLVM::LLVMPointerType>(load.getAddr().getType()).getAddressSpace() == 3;
}

/// What only rearranges registers goes with what it rearranges.
bool canSink(Operation *op) {
  return isSharedRead(op) ||
         isa<LLVM::ExtractValueOp, LLVM::ExtractElementOp, LLVM::InsertElementOp, LLVM::BitcastOp>(
             op);
}

/// Whether a read may not pass `op`: what may write memory or waits.
bool isFence(Operation *op) {
  if (isa<NVVM::LdMatrixOp, NVVM::MmaOp, LLVM::LoadOp>(op) || isMemoryEffectFree(op))
    return false;
  auto call = dyn_cast<LLVM::CallIntrinsicOp>(op);
  return !call || !(call.getIntrin().starts_with("llvm.nvvm.mma.") ||
                    call.getIntrin().starts_with("llvm.nvvm.move."));
}

/// Writes down the ops of a block anew: those that can sink when they are first needed.
class NewOrder {
public:
  explicit NewOrder(Block &block) : block(block) {}

  void apply() {
    for (Operation &op : block) {
      if (canSink(&op)) {
        waiting.insert(&op);
        (isSharedRead(&op) ? reads : others).push_back(&op);
        continue;
      }
      if (op.hasTrait<OpTrait::IsTerminator>() || isFence(&op))
        placeAll(reads);
      if (op.hasTrait<OpTrait::IsTerminator>()) // what other blocks use
        placeAll(others);
      place(&op);
    }
    for (Operation *op : order)
      op->moveBefore(&block, block.end());
  }

private:
  void placeAll(SmallVector<Operation *> &ops) {
    for (Operation *op : ops)
      place(op);
    ops.clear();
  }

  void place(Operation *op) {
    if (canSink(op) && !waiting.erase(op))
      return; // has its place
    for (Value operand : op->getOperands())
      if (Operation *maker = operand.getDefiningOp(); maker && waiting.contains(maker))
        place(maker);
    order.push_back(op);
  }

  Block &block;
  llvm::DenseSet<Operation *> waiting;
  SmallVector<Operation *> reads, others, order;
};

} // namespace

void sinkReads(ModuleOp module) {
  module.walk([](LLVM::LLVMFuncOp function) {
    for (Block &block : function.getBody())
      NewOrder(block).apply();
  });
}

} // namespace cosmati::tonvvm
