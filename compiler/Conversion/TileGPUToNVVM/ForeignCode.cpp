// Code that others wrote, applied to each element: PTX text, functions of bitcode libraries,
// regions over scalars.
#include "compiler/Conversion/TileGPUToNVVM/Combine.h"
#include "compiler/Conversion/TileGPUToNVVM/InlinePtx.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "dialects/Tile/IR/AsmConstraints.h"

#include <map>

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// The element of a value that register `r` of a block uses: scalars serve all registers.
Value elementAt(ValueRange registers, int64_t r) {
  return registers[registers.size() == 1 ? 0 : r];
}

//===----------------------------------------------------------------------------------------------===//
// PTX text
//===----------------------------------------------------------------------------------------------===//

/// One value's elements of a group in registers of the text.
class AsmPacker {
public:
  AsmPacker(Emitter &emit, const tile::AsmPacking &packing, Type element)
      : emit(emit), packing(packing), element(element) {}

  Value toRegister(ArrayRef<Value> elements, tile::AsmRegister target) {
    Value bits = resize(joined(elements), emit.intType(target.bits));
    return target.isFloat ? emit.bitcast(bits, target.bits == 32 ? emit.f32() : emit.f64()) : bits;
  }

  void fromRegister(Value value, SmallVectorImpl<Value> &elements) {
    Type integer = emit.intType(value.getType().getIntOrFloatBitWidth());
    Value bits = resize(emit.bitcast(value, integer), emit.intType(packing.registerBits()));
    if (element.isInteger(1)) {
      for (unsigned i = 0; i < packing.perRegister; ++i)
        elements.push_back(emit.trunc(i ? emit.lshr(bits, i) : bits, emit.i1()));
      return;
    }
    llvm::append_range(elements, unpackWords(emit, bits, element, packing.perRegister));
  }

  /// How a register is declared to LLVM.
  Type typeOf(tile::AsmRegister one) {
    if (one.isFloat)
      return one.bits == 32 ? emit.f32() : emit.f64();
    return emit.intType(one.bits);
  }

private:
  Value resize(Value value, Type type) {
    return value.getType().getIntOrFloatBitWidth() < type.getIntOrFloatBitWidth()
               ? emit.zext(value, type)
               : emit.trunc(value, type);
  }

  /// The elements' bits, the first one lowest.
  Value joined(ArrayRef<Value> elements) {
    if (!element.isInteger(1))
      return packWords(emit, elements, packing.registerBits()).front();
    Value word = emit.zext(elements.front(), emit.intType(packing.registerBits()));
    for (size_t i = 1; i < elements.size(); ++i)
      word = emit.bitOr(word,
                        emit.shl(emit.zext(elements[i], word.getType()), static_cast<int64_t>(i)));
    return word;
  }

  Emitter &emit;
  tile::AsmPacking packing;
  Type element;
};

struct LowerInlineAsm : BlockPattern<tile::InlineAsmOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::InlineAsmOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    tile::AsmConstraints constraints =
        llvm::cantFail(tile::parseAsmConstraints(op.getConstraints()));
    Emitter emit(rewriter, op.getLoc());
    const int64_t registers = registerCount(op.getResult(0).getType()), pack = op.getPack();
    SmallVector<SmallVector<Value>> results(op.getNumResults());
    for (int64_t first = 0; first < registers; first += pack) {
      SmallVector<Value> inputs = inputsOf(emit, op, in, constraints, first, registers);
      SmallVector<Value> outputs = run(emit, op, constraints, inputs);
      size_t next = 0;
      for (auto [result, value] : llvm::zip_equal(results, op.getResults())) {
        AsmPacker packer(emit, packingOf(op, value), loweredElementType(value.getType()));
        for (unsigned i = 0; i < packingOf(op, value).registerCount; ++i)
          packer.fromRegister(outputs[next++], result);
      }
    }
    for (SmallVector<Value> &result : results)
      result.resize(registers); // what a group that is not full gave for the padding goes
    rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }

private:
  static tile::AsmPacking packingOf(tile::InlineAsmOp op, Value value) {
    return tile::asmPacking(tile::asmElementBits(value.getType()), op.getPack());
  }

  /// The inputs for the group that begins with register `first`; zeros beyond the last register.
  static SmallVector<Value> inputsOf(Emitter &emit, tile::InlineAsmOp op, OneToNOpAdaptor in,
                                     const tile::AsmConstraints &constraints, int64_t first,
                                     int64_t registers) {
    SmallVector<Value> inputs;
    for (auto [value, elements] : llvm::zip_equal(op.getArgs(), in.getArgs())) {
      Type element = loweredElementType(value.getType());
      tile::AsmPacking packing = packingOf(op, value);
      AsmPacker packer(emit, packing, element);
      for (unsigned i = 0; i < packing.registerCount; ++i) {
        SmallVector<Value> group;
        for (unsigned k = 0; k < packing.perRegister; ++k) {
          int64_t r = first + i * packing.perRegister + k;
          group.push_back(r < registers ? elementAt(elements, r) : emit.zero(element));
        }
        inputs.push_back(packer.toRegister(group, constraints.inputs[inputs.size()]));
      }
    }
    return inputs;
  }

  static SmallVector<Value> run(Emitter &emit, tile::InlineAsmOp op,
                                const tile::AsmConstraints &constraints, ValueRange inputs) {
    SmallVector<Type> types;
    for (tile::AsmRegister output : constraints.outputs)
      types.push_back(AsmPacker(emit, {}, Type()).typeOf(output));
    return emitText(emit, op.getText(), op.getConstraints(), inputs, types, op.getImpure());
  }
};

//===----------------------------------------------------------------------------------------------===//
// Bitcode libraries
//===----------------------------------------------------------------------------------------------===//

/// Calls a function that the target stage links from a bitcode library.
struct LowerExtern : BlockPattern<tile::ExternElementwiseOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tile::ExternElementwiseOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    SmallVector<Type> params;
    for (Value arg : op.getArgs())
      params.push_back(loweredElementType(arg.getType()));
    Type result = loweredElementType(op.getType());
    LLVM::LLVMFuncOp callee = context.declare(op.getSymbol(), result, params);
    if (callee.getFunctionType() != LLVM::LLVMFunctionType::get(result, params))
      return op.emitOpError("calls ")
             << op.getSymbol()
             << " with another signature than before: " << callee.getFunctionType();
    if (op.getPath()) { // errors about the library stand where it is first used
      callee->setLoc(op.getLoc());
      callee->setAttr(tilegpu::kLibraryAttr, op.getPathAttr());
    }
    auto make = [&](ArrayRef<Value> v) -> Value {
      return LLVM::CallOp::create(rewriter, op.getLoc(), callee, v).getResult();
    };
    const int64_t registers = registerCount(op.getType());
    SmallVector<Value> results;
    if (op.getImpure()) {
      for (int64_t r = 0; r < registers; ++r)
        results.push_back(make(llvm::map_to_vector(
            in.getArgs(), [&](ValueRange values) { return elementAt(values, r); })));
    } else {
      results = perRegister(SmallVector<ValueRange>(in.getArgs()), registers, make);
    }
    replaceWithRegisters(rewriter, op, results);
    return success();
  }
};

//===----------------------------------------------------------------------------------------------===//
// Regions over scalars
//===----------------------------------------------------------------------------------------------===//

/// Each thread runs the region by itself, so nothing in it may need the other threads.
LogicalResult verifyPerThread(tile::MapElementwiseOp op) {
  WalkResult result = op.getBody().walk([&](Operation *inner) {
    auto isBlock = [](Type type) { return isa<RankedTensorType>(type); };
    bool blocks = llvm::any_of(inner->getOperandTypes(), isBlock) ||
                  llvm::any_of(inner->getResultTypes(), isBlock);
    bool scalarOp = isa<tile::LoadOp, tile::YieldOp, func::CallOp>(inner) ||
                    inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>() ||
                    isMemoryEffectFree(inner);
    if (!blocks && scalarOp)
      return WalkResult::advance();
    inner->emitError("the function of tl.map_elementwise runs for single elements: it may compute "
                     "with scalars and load them, but ")
        << (blocks ? "it makes a block (" : "it does more (") << inner->getName().getStringRef()
        << "); do that outside of it";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

struct LowerMapElementwise : BlockPattern<tile::MapElementwiseOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::MapElementwiseOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(verifyPerThread(op)))
      return failure();
    const int64_t registers = registerCount(op.getResult(0).getType()), pack = op.getPack();
    SmallVector<SmallVector<Value>> results(op.getNumResults());
    std::map<std::vector<void *>, Tuple> done; // a thread may hold an element several times
    for (int64_t first = 0; first < registers; first += pack) {
      SmallVector<Value> arguments;
      for (ValueRange elements : in.getSources())
        for (int64_t i = 0; i < pack; ++i)
          arguments.push_back(elementAt(elements, std::min(first + i, registers - 1)));
      std::vector<void *> key;
      for (Value value : arguments)
        key.push_back(value.getAsOpaquePointer());
      Tuple &yielded = done[key];
      if (yielded.empty())
        yielded = runRegion(rewriter, op.getBody(), arguments);
      for (auto [i, value] : llvm::enumerate(yielded))
        results[i / pack].push_back(value);
    }
    for (SmallVector<Value> &result : results)
      result.resize(registers);
    rewriter.replaceOpWithMultiple(op, std::move(results));
    return success();
  }
};

} // namespace

void populateForeignCode(const TypeConverter &types, RewritePatternSet &patterns,
                         LoweringContext &context) {
  patterns.add<LowerInlineAsm, LowerExtern, LowerMapElementwise>(types, context);
}

} // namespace cosmati::tonvvm
