// Arithmetic on pointers, register by register.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// getelementptr sign-extends the index and multiplies in 64 bits, as tile.addptr does.
struct LowerAddPtr : BlockPattern<tile::AddPtrOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::AddPtrOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    Type pointee = cast<tile::PtrType>(getElementTypeOrSelf(op.getType())).getPointee();
    Type unit = emit.intType(bitsInMemory(loweredElementType(pointee)));
    auto make = [&](ArrayRef<Value> v) { return emit.element(v[0], unit, v[1]); };
    replaceWithRegisters(
        rewriter, op,
        perRegister({in.getPtr(), in.getOffset()}, registerCount(op.getType()), make));
    return success();
  }
};

struct LowerPtrToInt : BlockPattern<tile::PtrToIntOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::PtrToIntOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = loweredElementType(op.getType());
    auto make = [&](ArrayRef<Value> v) -> Value {
      return LLVM::PtrToIntOp::create(rewriter, op.getLoc(), type, v[0]);
    };
    replaceWithRegisters(rewriter, op,
                         perRegister({in.getPtr()}, registerCount(op.getType()), make));
    return success();
  }
};

struct LowerIntToPtr : BlockPattern<tile::IntToPtrOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::IntToPtrOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = loweredElementType(op.getType());
    auto make = [&](ArrayRef<Value> v) -> Value {
      return LLVM::IntToPtrOp::create(rewriter, op.getLoc(), type, v[0]);
    };
    replaceWithRegisters(rewriter, op,
                         perRegister({in.getValue()}, registerCount(op.getType()), make));
    return success();
  }
};

struct LowerPtrCast : BlockPattern<tile::PtrCastOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::PtrCastOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = loweredElementType(op.getType());
    auto make = [&](ArrayRef<Value> v) -> Value {
      if (v[0].getType() == type)
        return v[0];
      return LLVM::AddrSpaceCastOp::create(rewriter, op.getLoc(), type, v[0]);
    };
    replaceWithRegisters(rewriter, op,
                         perRegister({in.getPtr()}, registerCount(op.getType()), make));
    return success();
  }
};

} // namespace

void populatePointers(const TypeConverter &types, RewritePatternSet &patterns,
                      LoweringContext &context) {
  patterns.add<LowerAddPtr, LowerPtrToInt, LowerIntToPtr, LowerPtrCast>(types, context);
}

} // namespace cosmati::tonvvm
