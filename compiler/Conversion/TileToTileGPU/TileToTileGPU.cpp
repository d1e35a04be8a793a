// Gives every block a layout: first all types, each the layout of its shape, then conversions
// around the ops whose operands and results are tied to each other. A hand walk, since a type here
// depends on the type alone.
#include "compiler/Conversion/TileToTileGPU/DefaultLayouts.h"
#include "compiler/Conversion/TileToTileGPU/Passes.h"
#include "dialects/TileGPU/IR/ShapeLayouts.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_CONVERTTILETOTILEGPU
#include "compiler/Conversion/TileToTileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

class Converter {
public:
  Converter(ModuleOp module, int numWarps)
      : module(module), builder(module.getContext()), layouts(module.getContext(), numWarps) {}
  LogicalResult run();

private:
  LogicalResult checkShapes(Operation *op);
  Type convert(Type type);
  void retype(Operation *op);
  void retypeConstant(arith::ConstantOp op);
  void fitShapeOp(Operation *op, const tile::ShapeChange &change);
  void fitCat(tile::CatOp op);
  void convertOperand(OpOperand &operand, const LinearLayout &layout);
  void convertResult(OpResult result, const LinearLayout &layout);

  ModuleOp module;
  OpBuilder builder;
  DefaultLayouts layouts;
  DenseMap<Type, Type> converted;
};

LogicalResult Converter::checkShapes(Operation *op) {
  auto check = [&](Type type) -> LogicalResult {
    auto block = dyn_cast<RankedTensorType>(type);
    if (!block ||
        llvm::all_of(block.getShape(), [](int64_t extent) { return llvm::isPowerOf2_64(extent); }))
      return success();
    return op->emitError("a block of shape ")
           << block
           << " can't be placed on threads: every extent must be a power of two; pad it and mask";
  };
  for (Type type : op->getResultTypes())
    if (failed(check(type)))
      return failure();
  for (Region &region : op->getRegions())
    for (Type type : region.getArgumentTypes())
      if (failed(check(type)))
        return failure();
  return success();
}

Type Converter::convert(Type type) {
  auto block = dyn_cast<RankedTensorType>(type);
  if (!block || block.getEncoding())
    return type;
  Type &result = converted[type];
  if (!result)
    result = withLayout(block, layouts.of(block.getShape()));
  return result;
}

void Converter::retypeConstant(arith::ConstantOp op) {
  if (auto elements = dyn_cast<DenseElementsAttr>(op.getValue()))
    op.setValueAttr(elements.reshape(cast<ShapedType>(op.getType())));
}

void Converter::retype(Operation *op) {
  for (OpResult result : op->getResults())
    result.setType(convert(result.getType()));
  for (Region &region : op->getRegions())
    for (BlockArgument argument : region.getArguments())
      argument.setType(convert(argument.getType()));
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    retypeConstant(constant);
  if (auto func = dyn_cast<func::FuncOp>(op)) {
    auto all = [&](TypeRange types) {
      return llvm::map_to_vector(types, [&](Type type) { return convert(type); });
    };
    func.setFunctionType(
        builder.getFunctionType(all(func.getArgumentTypes()), all(func.getResultTypes())));
  }
}

void Converter::convertOperand(OpOperand &operand, const LinearLayout &layout) {
  auto block = cast<RankedTensorType>(operand.get().getType());
  RankedTensorType wanted = withLayout(block, layout);
  if (wanted == block)
    return;
  builder.setInsertionPoint(operand.getOwner());
  operand.set(
      ConvertLayoutOp::create(builder, operand.getOwner()->getLoc(), wanted, operand.get()));
}

/// Makes `result` come in `layout`, and its users see the type that they had.
void Converter::convertResult(OpResult result, const LinearLayout &layout) {
  auto block = cast<RankedTensorType>(result.getType());
  RankedTensorType made = withLayout(block, layout);
  if (made == block)
    return;
  result.setType(made);
  builder.setInsertionPointAfter(result.getOwner());
  auto back = ConvertLayoutOp::create(builder, result.getOwner()->getLoc(), block, result);
  result.replaceAllUsesExcept(back, back);
}

/// Ties operands and results of an op that changes the shape. Where both directions have an answer,
/// expand_dims, broadcast and split convert the operand, which is the smaller block or the cheaper
/// to make again; trans and reshape convert the result, so that the chain from a load to a dot's
/// operand, which may lie in any layout, stays free of conversions.
void Converter::fitShapeOp(Operation *op, const tile::ShapeChange &change) {
  using Kind = tile::ShapeChange::Kind;
  bool wantsOperand =
      llvm::is_contained({Kind::ExpandDims, Kind::Broadcast, Kind::Join, Kind::Split}, change.kind);
  if (wantsOperand) {
    if (std::optional<LinearLayout> source = backwardLayout(change, layoutOf(op->getResult(0)))) {
      for (OpOperand &operand : op->getOpOperands())
        convertOperand(operand, *source);
      return;
    }
  }
  std::optional<LinearLayout> result = forwardLayout(change, layoutOf(op->getOperand(0)));
  assert(result && "only split has no forward layout, and it has a backward one");
  for (OpResult each : op->getResults())
    if (layoutAttrOf(each.getType()))
      convertResult(each, *result);
}

void Converter::fitCat(tile::CatOp op) {
  convertResult(op->getResult(0), forwardCatLayout(op, layoutOf(op.getLhs())));
}

LogicalResult Converter::run() {
  WalkResult checked = module.walk([&](Operation *op) {
    if (auto dot = dyn_cast<tile::DotOp>(op))
      layouts.addDotResult(dot.getType().getShape());
    return WalkResult(checkShapes(op));
  });
  if (checked.wasInterrupted())
    return failure();

  SmallVector<Operation *> tied;
  module.walk([&](Operation *op) {
    retype(op);
    if (shapeChangeOf(op) || isa<tile::CatOp>(op))
      tied.push_back(op);
  });
  for (Operation *op : tied) {
    if (std::optional<tile::ShapeChange> change = shapeChangeOf(op))
      fitShapeOp(op, *change);
    else
      fitCat(cast<tile::CatOp>(op));
  }
  return success();
}

struct ConvertTileToTileGPU : tilegpu::impl::ConvertTileToTileGPUBase<ConvertTileToTileGPU> {
  using ConvertTileToTileGPUBase::ConvertTileToTileGPUBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto emitError = [&] { return module.emitError(); };
    if (numWarps < 1 || numWarps > 32 || !llvm::isPowerOf2_32(numWarps)) {
      emitError() << "num-warps is " << numWarps.getValue()
                  << "; it must be a power of two from 1 to 32";
      return signalPassFailure();
    }
    auto targetAttr = TargetAttr::getChecked(emitError, &getContext(), StringRef(target));
    if (!targetAttr)
      return signalPassFailure();
    module->setAttr(kTargetAttr, targetAttr);
    module->setAttr(kNumWarpsAttr, OpBuilder(module).getI32IntegerAttr(numWarps));
    if (failed(Converter(module, numWarps).run()))
      signalPassFailure();
  }
};

} // namespace
