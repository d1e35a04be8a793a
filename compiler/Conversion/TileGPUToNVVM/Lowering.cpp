#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

using namespace mlir;

namespace cosmati::tonvvm {

LoweringContext::LoweringContext(ModuleOp module, NumericMode mode, int64_t maxRegisters)
    : module(module), target(tilegpu::targetOf(module)), numWarps(tilegpu::numWarpsOf(module)),
      mode(mode), maxRegisters(maxRegisters) {
  module.walk([&](FunctionOpInterface function) {
    if (!function.isExternal())
      threads[function] = std::make_unique<ThreadValues>(function, numWarps);
  });
}

ThreadValues &LoweringContext::thread(Operation *op) {
  Operation *function = op->getParentOfType<FunctionOpInterface>();
  return *threads.find(function)->second;
}

LLVM::LLVMFuncOp LoweringContext::declare(StringRef name, Type result, ArrayRef<Type> params) {
  if (auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
    return function;
  auto builder = OpBuilder::atBlockBegin(module.getBody());
  return LLVM::LLVMFuncOp::create(builder, module.getLoc(), name,
                                  LLVM::LLVMFunctionType::get(result, params));
}

Value LoweringContext::stringAddress(Emitter &emit, StringRef text) {
  LLVM::GlobalOp &global = strings[text];
  if (!global) {
    auto builder = OpBuilder::atBlockBegin(module.getBody());
    std::string name = ("cosmati_text_" + Twine(strings.size() - 1)).str();
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size() + 1);
    global = LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true,
                                    LLVM::Linkage::Internal, name,
                                    builder.getStringAttr(text + StringRef("\0", 1)),
                                    /*alignment=*/1, /*addrSpace=*/1);
  }
  Value address = LLVM::AddressOfOp::create(emit.builder, emit.loc, global);
  return LLVM::AddrSpaceCastOp::create(emit.builder, emit.loc, emit.pointer(0), address);
}

Value LoweringContext::sharedBase(Emitter &emit) {
  constexpr StringLiteral name = "cosmati_smem";
  constexpr unsigned sharedSpace = 3;
  if (!module.lookupSymbol(name)) {
    auto builder = OpBuilder::atBlockBegin(module.getBody());
    LLVM::GlobalOp::create(builder, module.getLoc(),
                           LLVM::LLVMArrayType::get(builder.getI8Type(), 0),
                           /*isConstant=*/false, LLVM::Linkage::External, name, Attribute(),
                           /*alignment=*/1024, sharedSpace);
  }
  return LLVM::AddressOfOp::create(emit.builder, emit.loc, emit.pointer(sharedSpace), name);
}

//===----------------------------------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------------------------------===//

Type loweredElementType(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (auto ptr = dyn_cast<tile::PtrType>(element))
    return LLVM::LLVMPointerType::get(type.getContext(), ptr.getAddressSpace());
  if (auto floating = dyn_cast<FloatType>(element); floating && floating.getWidth() == 8)
    return IntegerType::get(type.getContext(), 8);
  return element;
}

int64_t registerCount(Type type) {
  return isa<RankedTensorType>(type) ? tilegpu::layoutOf(type).inSize(LayoutDim::Register) : 1;
}

BlockTypeConverter::BlockTypeConverter() {
  addConversion([](Type type) -> std::optional<Type> {
    if (isa<ShapedType>(type) && !isa<VectorType>(type))
      return Type();
    return loweredElementType(type);
  });
  addConversion(
      [](RankedTensorType type, SmallVectorImpl<Type> &registers) -> std::optional<LogicalResult> {
        if (!tilegpu::layoutAttrOf(type))
          return failure();
        registers.append(registerCount(type), loweredElementType(type));
        return success();
      });
  addConversion([](tilegpu::MemDescType type) -> std::optional<Type> {
    return LLVM::LLVMPointerType::get(type.getContext(), 3);
  });
  auto cast = [](OpBuilder &builder, Type type, ValueRange values, Location loc) -> Value {
    return UnrealizedConversionCastOp::create(builder, loc, type, values).getResult(0);
  };
  addSourceMaterialization(cast);
  addTargetMaterialization([](OpBuilder &builder, TypeRange types, ValueRange values,
                              Location loc) -> SmallVector<Value> {
    return SmallVector<Value>(
        UnrealizedConversionCastOp::create(builder, loc, types, values).getResults());
  });
}

//===----------------------------------------------------------------------------------------------===//
// Registers
//===----------------------------------------------------------------------------------------------===//

SmallVector<Value> perRegister(ArrayRef<ValueRange> operands, int64_t registers,
                               function_ref<Value(ArrayRef<Value>)> make) {
  SmallVector<Value> results;
  DenseMap<std::pair<Value, std::pair<Value, Value>>, Value> made;
  for (int64_t r = 0; r < registers; ++r) {
    SmallVector<Value, 3> tuple;
    for (ValueRange values : operands)
      tuple.push_back(values[values.size() == 1 ? 0 : r]);
    if (tuple.size() > 3) {
      results.push_back(make(tuple));
      continue;
    }
    auto get = [&](size_t i) { return i < tuple.size() ? tuple[i] : Value(); };
    Value &result = made[{get(0), {get(1), get(2)}}];
    if (!result)
      result = make(tuple);
    results.push_back(result);
  }
  return results;
}

void replaceWithRegisters(ConversionPatternRewriter &rewriter, Operation *op,
                          SmallVector<Value> registers) {
  SmallVector<ValueRange, 1> results{ValueRange(registers)};
  rewriter.replaceOpWithMultiple(op, results);
}

} // namespace cosmati::tonvvm
