// Step 1: every block becomes its registers; control flow stays structured.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Dialect/Func/Transforms/FuncConversions.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/UB/IR/UBOps.h"

using namespace mlir;

namespace cosmati::tonvvm {

/// What the patterns rely on, with errors that say who broke it.
static LogicalResult verifyBlocks(LoweringContext &context) {
  WalkResult result = context.module.walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto block = dyn_cast<RankedTensorType>(type);
      if (!block)
        continue;
      if (!tilegpu::layoutAttrOf(block)) {
        op->emitOpError("has a block without a layout: ")
            << block << "; the pass convert-tile-to-tilegpu must come before";
        return WalkResult::interrupt();
      }
      const LinearLayout &layout = tilegpu::layoutOf(block);
      if (layout.inSize(LayoutDim::Warp) != context.numWarps ||
          layout.inSize(LayoutDim::Block) != 1) {
        op->emitOpError("has a layout of ")
            << layout.inSize(LayoutDim::Warp) << " warps and " << layout.inSize(LayoutDim::Block)
            << " CTAs; this module has " << context.numWarps << " warps and one CTA per program";
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult convertBlocksToRegisters(LoweringContext &context) {
  if (failed(verifyBlocks(context)))
    return failure();
  context.addresses.prepare(context.module);
  MLIRContext *ctx = context.module.getContext();
  BlockTypeConverter types;
  RewritePatternSet patterns(ctx);
  ConversionTarget target(*ctx);

  target.addIllegalDialect<tile::TileDialect, tilegpu::TileGPUDialect>();
  target.addLegalOp<tilegpu::PredLoadOp, tilegpu::PredStoreOp>();
  target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
  target.addLegalOp<ModuleOp, UnrealizedConversionCastOp>();
  target.markUnknownOpDynamicallyLegal([&](Operation *op) { return types.isLegal(op); });
  target.addDynamicallyLegalOp<func::FuncOp>(
      [&](func::FuncOp op) { return types.isSignatureLegal(op.getFunctionType()); });
  // The yield of a combine region goes with its op.
  target.addDynamicallyLegalOp<tile::YieldOp>([](tile::YieldOp) { return true; });
  scf::populateSCFStructuralTypeConversionsAndLegality(types, patterns, target);
  populateFunctionOpInterfaceTypeConversionPattern<func::FuncOp>(patterns, types);
  populateCallOpTypeConversionPattern(patterns, types);
  populateReturnOpTypeConversionPattern(patterns, types);

  populateElementwise(types, patterns, context);
  populateForeignCode(types, patterns, context);
  populatePointers(types, patterns, context);
  populateFpConvert(types, patterns, context);
  populateShapes(types, patterns, context);
  populateConvertLayout(types, patterns, context);
  populateGlobalMemory(types, patterns, context);
  populateAtomics(types, patterns, context);
  populateSharedMemory(types, patterns, context);
  populateAsyncCopy(types, patterns, context);
  populateReduce(types, patterns, context);
  populateScan(types, patterns, context);
  populateDotFma(types, patterns, context);
  populateMma(types, patterns, context);
  populateMmaSparse(types, patterns, context);
  populateProgram(types, patterns, context);
  populateDebug(types, patterns, context);

  ConversionConfig config;
  // Folding again what the passes before have folded costs more than it gives.
  config.foldingMode = DialectConversionFoldingMode::Never;
  config.allowPatternRollback = false;
  if (failed(applyPartialConversion(context.module, target, std::move(patterns), config)))
    return failure();
  // Combine regions are cloned between casts of their arguments (Combine.cpp), which the conversion
  // pairs with its own.
  SmallVector<UnrealizedConversionCastOp> casts;
  context.module.walk([&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
  reconcileUnrealizedCasts(casts);
  return success();
}

} // namespace cosmati::tonvvm
