#include "dialects/TileGPU/IR/MmaOps.h"

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

#define GET_OP_CLASSES
#include "dialects/TileGPU/IR/TileGPUMmaOps.cpp.inc"

bool cosmati::tilegpu::holdsMmaType(Type element, MmaType type) {
  switch (type) {
  case MmaType::F16:
    return element.isF16();
  case MmaType::BF16:
    return element.isBF16();
  case MmaType::TF32:
  case MmaType::F32:
    return element.isF32();
  case MmaType::F64:
    return element.isF64();
  case MmaType::E4M3:
    return isa<Float8E4M3FNType>(element);
  case MmaType::E5M2:
    return isa<Float8E5M2Type>(element);
  default:
    break;
  }
  auto integer = dyn_cast<IntegerType>(element);
  return integer && llvm::is_contained({1u, 4u, 8u, 16u, 32u}, integer.getWidth()) &&
         integer.getWidth() >= mmaTypeBits(type) &&
         (type != MmaType::S32 || integer.getWidth() == 32);
}

const MmaInstruction &MmaOp::row() { return *mmaByName(getInstruction()); }

llvm::Expected<MmaPlan> MmaOp::plan() {
  return planMma(row(), {layoutOf(getA()), layoutOf(getB()), layoutOf(getAcc()),
                         elementBits(getA().getType().getElementType()),
                         elementBits(getB().getType().getElementType())});
}

LogicalResult MmaOp::verify() {
  const MmaInstruction *row = mmaByName(getInstruction());
  if (!row || row->sparse) // mma_c1
    return emitOpError("knows no ") << (row ? "sparse " : "") << "instruction "
                                    << getInstructionAttr() << "; see MmaInstructions.td";
  auto module = (*this)->getParentOfType<ModuleOp>();
  auto target = module ? module->getAttrOfType<TargetAttr>(kTargetAttr) : TargetAttr();
  if (target && row->sm > computeCapability(target.getSm()).value_or(0)) // mma_c2
    return emitOpError("uses ") << getInstruction() << ", which sm_" << row->sm
                                << " and later have; the target is sm_" << target.getSm();
  for (auto [type, wanted, name] :
       {std::tuple(getA().getType(), row->a, "a"), std::tuple(getB().getType(), row->b, "b"),
        std::tuple(getAcc().getType(), row->acc, "acc")}) {
    if (!holdsMmaType(type.getElementType(), wanted)) // mma_c3
      return emitOpError("has ") << type.getElementType() << " in " << name << ", where "
                                 << getInstruction() << " takes " << mmaTypeName(wanted);
    if (!layoutAttrOf(type)) // mma_c5
      return emitOpError("takes blocks with layouts; ") << name << " is " << type;
  }
  if (getSaturate() && !row->saturates()) // mma_c4
    return emitOpError("saturates, but ") << getInstruction() << " has no such form";
  if (getPromoteEvery() && row->acc != MmaType::F32) // mma_c6
    return emitOpError("promotes sums to f32, but ")
           << getInstruction() << " accumulates in " << mmaTypeName(row->acc);
  llvm::Expected<MmaPlan> planned = plan();
  if (!planned) // mma_c5
    return emitOpError() << llvm::toString(planned.takeError());
  return success();
}

LogicalResult RoundTf32Op::verify() {
  if (!getType().getElementType().isF32())
    return emitOpError("rounds f32, got ") << getType();
  return success();
}
