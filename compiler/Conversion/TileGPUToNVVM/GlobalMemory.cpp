// tile.load and tile.store: vectors of `tilegpu.vector` registers, predicated where masked.
//
// Registers k*V .. k*V + V - 1 form a vector: their addresses are consecutive and their masks
// equal; whoever set the attribute has proved it.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

#include "mlir/Dialect/LLVMIR/LLVMTypes.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

constexpr int64_t kWidestAccess = 16; ///< bytes

Value at(ValueRange values, int64_t index) {
  if (values.empty())
    return {};
  return values[values.size() == 1 ? 0 : index];
}

bool isConstantTrue(Value value) {
  APInt constant;
  return matchPattern(value, m_ConstantInt(&constant)) && constant.isOne();
}

/// Elements of one access: the attribute, within what a thread holds and 16 bytes.
int64_t vectorLength(Operation *op, int64_t registers, Type element) {
  auto attribute = op->getAttrOfType<IntegerAttr>(tilegpu::kVectorAttr);
  int64_t length = attribute ? attribute.getInt() : 1;
  return std::max<int64_t>(1,
                           std::min({length, registers, kWidestAccess / bytesInMemory(element)}));
}

/// Bits of a word of an access of `count` elements: one register each, as few as possible.
unsigned wordBitsFor(int64_t count, Type element) {
  unsigned bits = bitsInMemory(element);
  return bits >= 32 ? bits : std::min<int64_t>(32, bits * count);
}

/// The mask and the wish that only one replica acts, as one predicate; null where always true.
Value allOf(Emitter &emit, Value mask, Value replica) {
  if (mask && isConstantTrue(mask))
    mask = {};
  if (!mask || !replica)
    return mask ? mask : replica;
  return emit.bitAnd(mask, replica);
}

/// The type that memory holds: i1 lies there as a byte.
Type memoryType(Emitter &emit, Type element) { return element.isInteger(1) ? emit.i8() : element; }

/// The eviction priority, where the PTX version of the target has it (7.4). It changes no result.
tile::EvictionPolicy evictionFor(tilegpu::TargetAttr target, tile::EvictionPolicy wanted) {
  constexpr int kFirstVersion = 74;
  return target.ptxVersion() < kFirstVersion ? tile::EvictionPolicy::Normal : wanted;
}

struct LowerLoad : BlockPattern<tile::LoadOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::LoadOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type element = loweredElementType(op.getType());
    int64_t registers = registerCount(op.getType());
    int64_t length = vectorLength(op, registers, element);
    Emitter emit(rewriter, op.getLoc());
    AccessPointers pointers(emit, context.addresses.of(op), in.getPtr());
    SmallVector<Value> results;
    for (int64_t r = 0; r < registers; r += length) {
      Value mask = at(in.getMask(), r);
      if (mask && isConstantTrue(mask))
        mask = {};
      bool hints = !op.getIsVolatile() &&
                   (op.getCache() != tile::CacheModifier::None ||
                    evictionFor(context.target, op.getEvict()) != tile::EvictionPolicy::Normal);
      Value ptr = pointers.at(r);
      if (!mask && !hints)
        llvm::append_range(results, plain(emit, op, ptr, element, length));
      else
        llvm::append_range(results, predicated(emit, op, in, ptr, r, mask, element, length));
    }
    replaceWithRegisters(rewriter, op, results);
    return success();
  }

private:
  static SmallVector<Value> plain(Emitter &emit, tile::LoadOp op, Value ptr, Type element,
                                  int64_t length) {
    if (length > 1 && bitsInMemory(element) == 8)
      return plainBytes(emit, op, ptr, element, length);
    Type memory = memoryType(emit, element);
    if (length > 1 && isa<LLVM::LLVMPointerType>(element))
      memory = emit.i64();
    Type whole = length > 1 ? emit.vector(length, memory) : memory;
    Value loaded = LLVM::LoadOp::create(emit.builder, emit.loc, whole, ptr,
                                        length * bytesInMemory(element), op.getIsVolatile());
    SmallVector<Value> values = emit.unpack(loaded);
    for (Value &value : values)
      if (value.getType() != element)
        value = fromBits(emit, value, element);
    return values;
  }

  /// Bytes come in words, from which unpackWords takes them.
  static SmallVector<Value> plainBytes(Emitter &emit, tile::LoadOp op, Value ptr, Type element,
                                       int64_t length) {
    unsigned wordBits = wordBitsFor(length, element);
    int64_t words = length * 8 / wordBits;
    Type word = emit.intType(wordBits);
    Type whole = words > 1 ? emit.vector(words, word) : word;
    Value loaded =
        LLVM::LoadOp::create(emit.builder, emit.loc, whole, ptr, length, op.getIsVolatile());
    return unpackWords(emit, emit.unpack(loaded), element, length);
  }

  SmallVector<Value> predicated(Emitter &emit, tile::LoadOp op, OneToNOpAdaptor in, Value ptr,
                                int64_t r, Value mask, Type element, int64_t length) const {
    unsigned wordBits = wordBitsFor(length, element);
    int64_t words = length * bitsInMemory(element) / wordBits;
    SmallVector<Value> others;
    if (mask && in.getOther().empty()) {
      others.assign(words, emit.integer(emit.intType(wordBits), 0));
    } else if (mask) {
      SmallVector<Value> values;
      for (int64_t i = 0; i < length; ++i)
        values.push_back(at(in.getOther(), r + i));
      others = packWords(emit, values, wordBits);
    }
    SmallVector<Type> types(words, emit.intType(wordBits));
    auto load =
        tilegpu::PredLoadOp::create(emit.builder, emit.loc, types, ptr, mask, others, op.getCache(),
                                    evictionFor(context.target, op.getEvict()), op.getIsVolatile());
    return unpackWords(emit, load.getWords(), element, length);
  }
};

struct LowerStore : BlockPattern<tile::StoreOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::StoreOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = op.getValue().getType();
    Type element = loweredElementType(type);
    int64_t registers = registerCount(type);
    int64_t length = vectorLength(op, registers, element);
    ThreadValues &thread = context.thread(op);
    ReplicationMasks replicas;
    if (isa<RankedTensorType>(type))
      replicas = replicationMasks(tilegpu::layoutOf(type));
    Value replica =
        isa<RankedTensorType>(type) ? thread.isFirstReplica(replicas) : thread.isThreadZero();
    Emitter emit(rewriter, op.getLoc());
    AccessPointers pointers(emit, context.addresses.of(op), in.getPtr());
    for (int64_t r = 0; r < registers; r += length) {
      if (r & replicas.registers)
        continue;
      Value predicate = allOf(emit, at(in.getMask(), r), replica);
      storeVector(emit, op, pointers.at(r), in.getValue().slice(r, length), predicate);
    }
    rewriter.eraseOp(op);
    return success();
  }

private:
  void storeVector(Emitter &emit, tile::StoreOp op, Value ptr, ValueRange values,
                   Value predicate) const {
    Type element = values.front().getType();
    bool hints = op.getCache() != tile::CacheModifier::None ||
                 evictionFor(context.target, op.getEvict()) != tile::EvictionPolicy::Normal;
    if (predicate || hints) {
      SmallVector<Value> words = packWords(emit, values, wordBitsFor(values.size(), element));
      tilegpu::PredStoreOp::create(emit.builder, emit.loc, ptr, words, predicate, op.getCache(),
                                   evictionFor(context.target, op.getEvict()));
      return;
    }
    SmallVector<Value> stored(values);
    if (bitsInMemory(element) == 8)
      stored = packWords(emit, values, wordBitsFor(values.size(), element));
    else if (isa<LLVM::LLVMPointerType>(element) && values.size() > 1)
      for (Value &value : stored)
        value = toBits(emit, value);
    LLVM::StoreOp::create(emit.builder, emit.loc, emit.pack(stored), ptr,
                          values.size() * bytesInMemory(element));
  }
};

} // namespace

void populateGlobalMemory(const TypeConverter &types, RewritePatternSet &patterns,
                          LoweringContext &context) {
  patterns.add<LowerLoad, LowerStore>(types, context);
}

} // namespace cosmati::tonvvm
