// Step 2: structured control flow to branches, scalars to LLVM.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"

using namespace mlir;

namespace cosmati::tonvvm {

static ConversionConfig fastConfig() {
  ConversionConfig config;
  config.foldingMode = DialectConversionFoldingMode::Never;
  config.allowPatternRollback = false;
  return config;
}

static LogicalResult convertControlFlow(ModuleOp module) {
  MLIRContext *ctx = module.getContext();
  RewritePatternSet patterns(ctx);
  populateSCFToControlFlowConversionPatterns(patterns);
  ConversionTarget target(*ctx);
  target.addIllegalDialect<scf::SCFDialect>();
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  return applyPartialConversion(module, target, std::move(patterns), fastConfig());
}

LogicalResult convertScalarsToLLVM(LoweringContext &context) {
  ModuleOp module = context.module;
  MLIRContext *ctx = module.getContext();
  if (failed(convertControlFlow(module)))
    return failure();
  dropPromises(module);

  LowerToLLVMOptions options(ctx);
  LLVMTypeConverter types(ctx, options);
  RewritePatternSet patterns(ctx);
  constexpr unsigned kOurs = 10; // above upstream's
  arith::populateCeilFloorDivExpandOpsPatterns(patterns);
  arith::populateArithToLLVMConversionPatterns(types, patterns);
  cf::populateControlFlowToLLVMConversionPatterns(types, patterns);
  populateMathToLLVMConversionPatterns(types, patterns);
  populateDefinedBehaviour(types, patterns, kOurs);
  populateFloatArithmetic(types, patterns, context, kOurs);
  populateMathFunctions(types, patterns, context, kOurs);
  populateFunctions(types, patterns, context);
  populateInlinePtx(types, patterns);

  LLVMConversionTarget target(*ctx);
  target.addLegalOp<ModuleOp>();
  target.addLegalDialect<NVVM::NVVMDialect>();
  if (failed(applyFullConversion(module, target, std::move(patterns), fastConfig())))
    return failure();
  module->setAttr(LLVM::LLVMDialect::getTargetTripleAttrName(),
                  StringAttr::get(ctx, "nvptx64-nvidia-cuda"));
  return success();
}

} // namespace cosmati::tonvvm
