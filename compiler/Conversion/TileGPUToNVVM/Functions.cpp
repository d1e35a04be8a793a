// func.func to llvm.func: kernels get the attributes that the hardware needs.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "dialects/Layout/LayoutConstructors.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// What an LLVM function returns for several results: a struct of them.
Type resultType(MLIRContext *context, TypeRange results, const TypeConverter &types) {
  SmallVector<Type> converted;
  if (failed(types.convertTypes(results, converted)))
    return {};
  if (converted.empty())
    return LLVM::LLVMVoidType::get(context);
  return converted.size() == 1 ? converted.front()
                               : LLVM::LLVMStructType::getLiteral(context, converted);
}

struct LowerFunc : OpConversionPattern<func::FuncOp> {
  LowerFunc(const TypeConverter &types, LoweringContext &context)
      : OpConversionPattern(types, context.module.getContext()), context(context) {}

  LogicalResult matchAndRewrite(func::FuncOp op, OpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    FunctionType type = op.getFunctionType();
    TypeConverter::SignatureConversion signature(type.getNumInputs());
    if (failed(getTypeConverter()->convertSignatureArgs(type.getInputs(), signature)))
      return rewriter.notifyMatchFailure(op, "has arguments without an LLVM type");
    Type result = resultType(op.getContext(), type.getResults(), *getTypeConverter());
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
      if (op.getNoInline())
        function.setNoInline(true);
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
    ValueRange values = in.getOperands();
    if (values.size() < 2) {
      rewriter.replaceOpWithNewOp<LLVM::ReturnOp>(op, values);
      return success();
    }
    Type type = resultType(op.getContext(), values.getTypes(), *getTypeConverter());
    Value all = LLVM::PoisonOp::create(rewriter, op.getLoc(), type);
    for (auto [index, value] : llvm::enumerate(values))
      all = LLVM::InsertValueOp::create(rewriter, op.getLoc(), all, value,
                                        static_cast<int64_t>(index));
    rewriter.replaceOpWithNewOp<LLVM::ReturnOp>(op, all);
    return success();
  }
};

/// Calls of functions that are to stay functions; all others were inlined.
struct LowerCall : OpConversionPattern<func::CallOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(func::CallOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Operation *callee = SymbolTable::lookupNearestSymbolFrom(op, op.getCalleeAttr());
    auto before = dyn_cast_or_null<func::FuncOp>(callee);
    auto after = dyn_cast_or_null<LLVM::LLVMFuncOp>(callee);
    if (!(before && before.getNoInline()) && !(after && after.getNoInline()))
      return op.emitOpError("of ") << op.getCallee()
                                   << " is left; functions must be inlined (pass `inline`), which "
                                      "recursion prevents";
    Type type = resultType(op.getContext(), op.getResultTypes(), *getTypeConverter());
    if (!type)
      return rewriter.notifyMatchFailure(op, "has results without an LLVM type");
    SmallVector<Type> results;
    if (op.getNumResults())
      results.push_back(type);
    auto call =
        LLVM::CallOp::create(rewriter, op.getLoc(), results, op.getCallee(), in.getOperands());
    SmallVector<Value> values;
    if (op.getNumResults() < 2)
      llvm::append_range(values, call.getResults());
    else
      for (unsigned i = 0; i < op.getNumResults(); ++i)
        values.push_back(LLVM::ExtractValueOp::create(rewriter, op.getLoc(), call.getResult(), i));
    rewriter.replaceOp(op, values);
    return success();
  }
};

} // namespace

void populateFunctions(const TypeConverter &types, RewritePatternSet &patterns,
                       LoweringContext &context) {
  patterns.add<LowerFunc>(types, context);
  patterns.add<LowerReturn, LowerCall>(types, patterns.getContext());
}

} // namespace cosmati::tonvvm
