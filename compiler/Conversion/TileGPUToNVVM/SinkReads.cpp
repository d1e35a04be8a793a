// Reads of shared memory move down to what first uses them.
//
// A block is read as a whole, and products take it piece by piece: where the reads stand, all
// pieces would be in registers at once. The assembler schedules for latency within the registers
// that there are, but does not find back from an order that needs far more of them.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace cosmati::tonvvm {

/// A read, or what only rearranges registers.
static bool canSink(Operation *op) {
  if (isa<NVVM::LdMatrixOp>(op))
    return true;
  if (auto load = dyn_cast<LLVM::LoadOp>(op))
    return !load.getVolatile_() &&
           cast<LLVM::LLVMPointerType>(load.getAddr().getType()).getAddressSpace() == 3;
  return isa<LLVM::ExtractValueOp, LLVM::ExtractElementOp, LLVM::InsertElementOp, LLVM::BitcastOp>(
      op);
}

/// Whether a read may not pass `op`: what writes memory or waits.
static bool isFence(Operation *op) {
  if (isa<NVVM::LdMatrixOp, NVVM::MmaOp>(op) || isMemoryEffectFree(op))
    return false;
  if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op))
    return !call.getIntrin().starts_with("llvm.nvvm.mma.") &&
           !call.getIntrin().starts_with("llvm.nvvm.move.");
  if (isa<LLVM::LoadOp>(op))
    return false;
  return true;
}

static void sinkReads(Block &block) {
  // From the end: users are in their places before what they use is moved to them. `fences` counts
  // those that stand behind an op.
  DenseMap<Operation *, Operation *> nextFence;
  Operation *fence = nullptr;
  for (Operation &op : llvm::reverse(block)) {
    nextFence[&op] = fence;
    if (isFence(&op))
      fence = &op;
  }
  SmallVector<Operation *> candidates;
  for (Operation &op : block)
    if (canSink(&op))
      candidates.push_back(&op);
  for (Operation *op : llvm::reverse(candidates)) {
    Operation *first = nullptr;
    for (Operation *user : op->getUsers()) {
      Operation *inBlock = block.findAncestorOpInBlock(*user);
      if (inBlock && (!first || inBlock->isBeforeInBlock(first)))
        first = inBlock;
    }
    Operation *end = isMemoryEffectFree(op) ? nullptr : nextFence.lookup(op);
    if (first && end && end->isBeforeInBlock(first))
      first = end;
    if (first)
      op->moveBefore(first);
  }
}

void sinkReads(ModuleOp module) {
  module.walk([](LLVM::LLVMFuncOp function) {
    for (Block &block : function.getBody())
      sinkReads(block);
  });
}

} // namespace cosmati::tonvvm
