// The program's place in the grid, and barriers.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

template <typename OpT, typename X, typename Y, typename Z>
struct LowerGridRegister : BlockPattern<OpT> {
  using BlockPattern<OpT>::BlockPattern;
  LogicalResult matchAndRewrite(OpT op, typename BlockPattern<OpT>::OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = op.getType();
    switch (op.getAxis()) {
    case tile::Axis::X:
      rewriter.replaceOpWithNewOp<X>(op, type);
      break;
    case tile::Axis::Y:
      rewriter.replaceOpWithNewOp<Y>(op, type);
      break;
    case tile::Axis::Z:
      rewriter.replaceOpWithNewOp<Z>(op, type);
      break;
    }
    return success();
  }
};

template <typename OpT> struct LowerBarrier : BlockPattern<OpT> {
  using BlockPattern<OpT>::BlockPattern;
  LogicalResult matchAndRewrite(OpT op, typename BlockPattern<OpT>::OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<NVVM::Barrier0Op>(op);
    return success();
  }
};

} // namespace

void populateProgram(const TypeConverter &types, RewritePatternSet &patterns,
                     LoweringContext &context) {
  patterns.add<
      LowerGridRegister<tile::ProgramIdOp, NVVM::BlockIdXOp, NVVM::BlockIdYOp, NVVM::BlockIdZOp>,
      LowerGridRegister<tile::NumProgramsOp, NVVM::GridDimXOp, NVVM::GridDimYOp, NVVM::GridDimZOp>,
      LowerBarrier<tile::DebugBarrierOp>, LowerBarrier<tilegpu::BarrierOp>>(types, context);
}

} // namespace cosmati::tonvvm
