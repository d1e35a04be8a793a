#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/Passes.h"

namespace cosmati::tilegpu {

#define GEN_PASS_DEF_CONVERTTILEGPUTONVVM
#include "compiler/Conversion/TileGPUToNVVM/Passes.h.inc"

namespace {

struct ConvertTileGPUToNVVMPass : impl::ConvertTileGPUToNVVMBase<ConvertTileGPUToNVVMPass> {
  using Base::Base;

  void runOnOperation() override {
    mlir::ModuleOp module = getOperation();
    if (!module->getAttrOfType<TargetAttr>(kTargetAttr) ||
        !module->getAttrOfType<mlir::IntegerAttr>(kNumWarpsAttr)) {
      module.emitOpError("lacks the attributes ")
          << kTargetAttr << " and " << kNumWarpsAttr << ", which convert-tile-to-tilegpu sets";
      return signalPassFailure();
    }
    tonvvm::NumericMode mode{ftz, approxDivision, approxMath};
    tonvvm::LoweringContext context(module, mode, maxRegisters);
    if (failed(convertBlocksToRegisters(context)) || failed(convertScalarsToLLVM(context)))
      return signalPassFailure();
    tonvvm::sinkReads(module);
  }
};

} // namespace

} // namespace cosmati::tilegpu
