// Predicated loads and stores, atomics and a selection, as inline PTX.
//
// What accesses memory is marked as having side effects: LLVM may neither remove nor reorder it. A
// predicated instruction that gives a value has the value for "off" tied to its output.
#include "compiler/Conversion/TileGPUToNVVM/InlinePtx.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

/// A piece of PTX under construction: operands are numbered outputs first.
class PtxBuilder {
public:
  explicit PtxBuilder(Emitter &emit) : emit(emit) {}

  /// Call all of these before the first input.
  unsigned output(Type type) {
    outputs.push_back(registerType(type));
    append("=" + letter(outputs.back()));
    return next++;
  }
  unsigned input(Value value) {
    append(letter(value.getType()));
    return addInput(value);
  }
  void tie(Value value, unsigned output) {
    append(std::to_string(output));
    addInput(value);
  }
  /// "@$5 " or nothing.
  std::string guard(Value predicate) {
    return predicate ? "@$" + std::to_string(input(predicate)) + " " : "";
  }
  /// PTX has no 8-bit registers: such values travel in 16 bits.
  Value widen(Value value) {
    return value.getType().isInteger(8) ? emit.zext(value, emit.i16()) : value;
  }

  SmallVector<Value> finish(const std::string &text, bool sideEffects = true) {
    return emitText(emit, text, constraints, inputs, outputs, sideEffects);
  }

private:
  Type registerType(Type type) { return type.isInteger(8) ? emit.i16() : type; }
  static std::string letter(Type type) {
    if (isa<LLVM::LLVMPointerType>(type))
      return "l";
    switch (cast<IntegerType>(type).getWidth()) {
    case 1:
      return "b";
    case 16:
      return "h";
    case 32:
      return "r";
    default:
      return "l";
    }
  }
  void append(const std::string &constraint) {
    if (!constraints.empty())
      constraints += ",";
    constraints += constraint;
  }
  unsigned addInput(Value value) {
    inputs.push_back(value);
    return next++;
  }

  Emitter &emit;
  std::string constraints;
  SmallVector<Type> outputs;
  SmallVector<Value> inputs;
  unsigned next = 0;
};

std::string spaceSuffix(Value ptr) {
  switch (cast<LLVM::LLVMPointerType>(ptr.getType()).getAddressSpace()) {
  case 1:
    return ".global";
  case 3:
    return ".shared";
  default:
    return "";
  }
}

/// A cache operator excludes an eviction priority (ptxas refuses both): the operator wins.
std::string cacheSuffix(tile::CacheModifier cache, tile::EvictionPolicy evict) {
  if (cache != tile::CacheModifier::None)
    return ("." + tile::stringifyCacheModifier(cache)).str();
  if (evict == tile::EvictionPolicy::Normal)
    return "";
  return ".L1::" + tile::stringifyEvictionPolicy(evict).str();
}

/// ".v4.b32".
std::string wordsSuffix(size_t count, Type word) {
  std::string type = ".b" + std::to_string(cast<IntegerType>(word).getWidth());
  return count == 1 ? type : ".v" + std::to_string(count) + type;
}

/// "$0" or "{$0,$1}".
std::string wordList(ArrayRef<unsigned> numbers) {
  std::string text;
  for (unsigned number : numbers)
    text += (text.empty() ? "$" : ",$") + std::to_string(number);
  return numbers.size() == 1 ? text : "{" + text + "}";
}

struct LowerPredLoad : OpConversionPattern<tilegpu::PredLoadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(tilegpu::PredLoadOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    PtxBuilder ptx(emit);
    Type word = op.getWords().front().getType();
    SmallVector<unsigned> numbers;
    for (size_t i = 0; i < op.getWords().size(); ++i)
      numbers.push_back(ptx.output(word));
    unsigned address = ptx.input(in.getPtr());
    for (auto [number, other] : llvm::zip(numbers, in.getOthers()))
      ptx.tie(ptx.widen(other), number);
    std::string text = ptx.guard(in.getPred()) + "ld";
    text += op.getIsVolatile() ? ".volatile" : "";
    text += spaceSuffix(in.getPtr());
    text += op.getIsVolatile() ? "" : cacheSuffix(op.getCache(), op.getEvict());
    text += wordsSuffix(numbers.size(), word) + " " + wordList(numbers) + ", [$" +
            std::to_string(address) + "];";
    SmallVector<Value> words = ptx.finish(text);
    for (Value &value : words)
      value = emit.trunc(value, word);
    rewriter.replaceOp(op, words);
    return success();
  }
};

struct LowerPredStore : OpConversionPattern<tilegpu::PredStoreOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(tilegpu::PredStoreOp op, OpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    PtxBuilder ptx(emit);
    unsigned address = ptx.input(in.getPtr());
    SmallVector<unsigned> numbers;
    for (Value word : in.getWords())
      numbers.push_back(ptx.input(ptx.widen(word)));
    std::string text = ptx.guard(in.getPred()) + "st" + spaceSuffix(in.getPtr()) +
                       cacheSuffix(op.getCache(), op.getEvict()) +
                       wordsSuffix(numbers.size(), in.getWords().front().getType()) + " [$" +
                       std::to_string(address) + "], " + wordList(numbers) + ";";
    ptx.finish(text);
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

SmallVector<Value> emitText(Emitter &emit, StringRef text, StringRef constraints, ValueRange inputs,
                            ArrayRef<Type> results, bool sideEffects) {
  Type type;
  if (results.size() == 1)
    type = results[0];
  else if (results.size() > 1)
    type = LLVM::LLVMStructType::getLiteral(emit.builder.getContext(), results);
  auto op = LLVM::InlineAsmOp::create(
      emit.builder, emit.loc, type ? TypeRange(type) : TypeRange(), inputs, text, constraints,
      sideEffects, /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
      LLVM::AsmDialectAttr(), ArrayAttr());
  if (results.size() == 1)
    return {op.getRes()};
  SmallVector<Value> values;
  for (size_t i = 0; i < results.size(); ++i)
    values.push_back(emit.field(op.getRes(), i));
  return values;
}

Value emitAtomic(Emitter &emit, const AtomicInstruction &instruction, Value ptr,
                 ValueRange operands, Value predicate, Value other) {
  PtxBuilder ptx(emit);
  unsigned result = ptx.output(operands.front().getType());
  unsigned address = ptx.input(ptr);
  SmallVector<unsigned> numbers;
  for (Value operand : operands)
    numbers.push_back(ptx.input(operand));
  if (predicate)
    ptx.tie(other, result);
  std::string text = ptx.guard(predicate) + "atom." +
                     tile::stringifyMemSemantic(instruction.semantic).str() + "." +
                     tile::stringifyMemScope(instruction.scope).str() + spaceSuffix(ptr) + "." +
                     instruction.operation.str() + " $" + std::to_string(result) + ", [$" +
                     std::to_string(address) + "]";
  for (unsigned number : numbers)
    text += ", $" + std::to_string(number);
  return ptx.finish(text + ";").front();
}

Value emitValueOrZero(Emitter &emit, Value condition, int32_t value) {
  PtxBuilder ptx(emit);
  unsigned result = ptx.output(emit.i32()), predicate = ptx.input(condition);
  return ptx
      .finish("selp.b32 $" + std::to_string(result) + ", " + std::to_string(value) + ", 0, $" +
                  std::to_string(predicate) + ";",
              /*sideEffects=*/false)
      .front();
}

void populateInlinePtx(const TypeConverter &types, RewritePatternSet &patterns) {
  patterns.add<LowerPredLoad, LowerPredStore>(types, patterns.getContext());
}

} // namespace cosmati::tonvvm
