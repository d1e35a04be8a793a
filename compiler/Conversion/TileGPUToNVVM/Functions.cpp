// func.func to llvm.func: kernels get the attributes that the hardware needs.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "dialects/Layout/LayoutConstructors.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

struct LowerFunc : OpConversionPattern<func::FuncOp> {
  LowerFunc(const TypeConverter &types, LoweringContext &context)
      : OpConversionPattern(types, context.module.getContext()), context(context) {}

  LogicalResult matchAndRewrite(func::FuncOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    FunctionType type = op.getFunctionType();
    TypeConverter::SignatureConversion signature(type.getNumInputs());
    if (failed(getTypeConverter()->convertSignatureArgs(type.getInputs(), signature)))
      return rewriter.notifyMatchFailure(op, "has arguments without an LLVM type");
    if (type.getNumResults() > 1)
      return op.emitOpError("has several results; only kernels and inlined functions are lowered");
    Type result = LLVM::LLVMVoidType::get(op.getContext());
    if (type.getNumResults())
      result = getTypeConverter()->convertType(type.getResult(0));
    auto function = LLVM::LLVMFuncOp::create(
        rewriter, op.getLoc(), op.getName(),
        LLVM::LLVMFunctionType::get(result, signature.getConvertedTypes()));
    setAttributes(op, function, rewriter);
    rewriter.inlineRegionBefore(op.getBody(), function.getBody(), function.end());
    if (!function.isExternal() &&
        failed(rewriter.convertRegionTypes(&function.getBody(), *getTypeConverter(), &signature)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }

private:
  void setAttributes(func::FuncOp op, LLVM::LLVMFuncOp function, OpBuilder &builder) const {
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      if (attribute.getName().strref().starts_with("nvvm."))
        function->setDiscardableAttr(attribute.getName(), attribute.getValue());
    if (context.mode.ftz)
      function.setDenormalFpMathF32("preserve-sign,preserve-sign");
    if (!op->hasAttr(tile::kKernelAttr)) {
      function.setLinkage(op.isExternal() ? LLVM::Linkage::External : LLVM::Linkage::Internal);
      return;
    }
    function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    int32_t threads = kLanesPerWarp * context.numWarps;
    function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                      builder.getDenseI32ArrayAttr({threads, 1, 1}));
    if (context.maxRegisters)
      function->setAttr(NVVM::NVVMDialect::getMaxnregAttrName(),
                        builder.getI32IntegerAttr(context.maxRegisters));
    // Nothing is said of the pointers' alignment, which blocks have made use of already: LLVM would
    // join neighbouring scalar loads to vectors and fill gaps with what lies behind an array.
  }

  LoweringContext &context;
};

struct LowerReturn : OpConversionPattern<func::ReturnOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(func::ReturnOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::ReturnOp>(op, in.getOperands());
    return success();
  }
};

struct RefuseCall : OpConversionPattern<func::CallOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(func::CallOp op, OpAdaptor,
                                ConversionPatternRewriter &) const override {
    return op.emitOpError("of ") << op.getCallee()
                                 << " is left; functions must be inlined (pass `inline`), which "
                                    "recursion prevents";
  }
};

} // namespace

void populateFunctions(const TypeConverter &types, RewritePatternSet &patterns,
                       LoweringContext &context) {
  patterns.add<LowerFunc>(types, context);
  patterns.add<LowerReturn, RefuseCall>(types, patterns.getContext());
}

} // namespace cosmati::tonvvm
