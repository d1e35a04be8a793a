// Rules of tilegpu.mma_sparse.
#include "dialects/TileGPU/IR/MmaOps.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

const MmaInstruction &MmaSparseOp::row() { return *mmaByName(getInstruction()); }

llvm::Expected<MmaSparsePlan> MmaSparseOp::plan() {
  return planMmaSparse(row(), {layoutOf(getA()), layoutOf(getMetadata()), layoutOf(getB()),
                               layoutOf(getAcc()), elementBits(getA().getType().getElementType()),
                               elementBits(getB().getType().getElementType())});
}

static LogicalResult verifyBlocks(MmaSparseOp op, const MmaInstruction &row) {
  for (auto [type, wanted, name] :
       {std::tuple(op.getA().getType(), row.a, "a"), std::tuple(op.getB().getType(), row.b, "b"),
        std::tuple(op.getAcc().getType(), row.acc, "acc")}) {
    if (!holdsMmaType(type.getElementType(), wanted)) // mma_sparse_c3
      return op.emitOpError("has ") << type.getElementType() << " in " << name << ", where "
                                    << op.getInstruction() << " takes " << mmaTypeName(wanted);
    if (!layoutAttrOf(type)) // mma_sparse_c5
      return op.emitOpError("takes blocks with layouts; ") << name << " is " << type;
  }
  RankedTensorType metadata = op.getMetadata().getType();
  if (!metadata.getElementType().isSignlessInteger(16)) // mma_sparse_c3
    return op.emitOpError("takes metadata in i16, four codes each; got ") << metadata;
  if (!layoutAttrOf(metadata)) // mma_sparse_c5
    return op.emitOpError("takes blocks with layouts; metadata is ") << metadata;
  return success();
}

LogicalResult MmaSparseOp::verify() {
  const MmaInstruction *row = mmaByName(getInstruction());
  if (!row || !row->sparse) // mma_sparse_c1
    return emitOpError("knows no ") << (row ? "dense " : "") << "instruction "
                                    << getInstructionAttr() << "; see MmaInstructions.td";
  auto module = (*this)->getParentOfType<ModuleOp>();
  auto target = module ? module->getAttrOfType<TargetAttr>(kTargetAttr) : TargetAttr();
  if (target && row->sm > computeCapability(target.getSm()).value_or(0)) // mma_sparse_c2
    return emitOpError("uses ") << getInstruction() << ", which sm_" << row->sm
                                << " and later have; the target is sm_" << target.getSm();
  if (failed(verifyBlocks(*this, *row)))
    return failure();
  if (getSaturate() && !row->saturates()) // mma_sparse_c4
    return emitOpError("saturates, but ") << getInstruction() << " has no such form";
  llvm::Expected<MmaSparsePlan> planned = plan();
  if (!planned) // mma_sparse_c5
    return emitOpError() << llvm::toString(planned.takeError());
  return success();
}
