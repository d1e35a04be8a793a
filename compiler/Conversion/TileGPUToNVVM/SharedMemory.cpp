// Buffers in shared memory: where they lie, and blocks moved there and back.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/SharedAddress.h"

using namespace mlir;

namespace cosmati::tonvvm {

Value SharedAddresses::at(uint32_t constant) {
  uint32_t inBase = constant & possibleBits;
  Value &address = bases[inBase];
  if (!address) {
    Value index = xorConstant(emit, offset, possibleBits, inBase);
    address = emit.element(base, element, index);
  }
  return emit.byteOffset(address, (constant & ~possibleBits) * bytesInMemory(element));
}

Type sharedElementType(OpBuilder &builder, Type type) {
  return builder.getIntegerType(bitsInMemory(type));
}

int64_t widestSharedAccess(tilegpu::MemDescType memory) {
  int64_t bytes = std::min<int64_t>(16, memory.getLayout().getAlignment());
  return std::max<int64_t>(1, bytes / bytesInMemory(loweredElementType(memory.getElementType())));
}

/// Integers and floats lie in memory as they are; pointers and i1 as integers.
static Type memoryType(OpBuilder &builder, Type type) {
  bool asBits = type.isInteger(1) || isa<LLVM::LLVMPointerType>(type);
  return asBits ? sharedElementType(builder, type) : type;
}

SmallVector<Value> loadShared(Emitter &emit, Value address, Type type, int64_t count) {
  Type memory = memoryType(emit.builder, type);
  Type whole = count > 1 ? emit.vector(count, memory) : memory;
  Value loaded =
      LLVM::LoadOp::create(emit.builder, emit.loc, whole, address, count * bytesInMemory(type));
  SmallVector<Value> values = emit.unpack(loaded);
  for (Value &value : values)
    if (value.getType() != type)
      value = fromBits(emit, value, type);
  return values;
}

void storeShared(Emitter &emit, Value address, ValueRange values) {
  Type type = values.front().getType();
  SmallVector<Value> stored(values);
  if (memoryType(emit.builder, type) != type)
    for (Value &value : stored)
      value = toBits(emit, value);
  LLVM::StoreOp::create(emit.builder, emit.loc, emit.pack(stored), address,
                        values.size() * bytesInMemory(type));
}

namespace {

/// How a block in registers meets a buffer: the map place -> offset, and its vectors.
struct SharedAccess {
  VectorAccess vectors;
  PlaceExpr thread;

  static FailureOr<SharedAccess> of(Operation *op, Type block, tilegpu::MemDescType memory) {
    const LinearLayout &layout = tilegpu::layoutOf(block);
    std::optional<LinearLayout> map = placeToOffset(layout, memory.getLayout().getMap());
    if (!map)
      return op->emitOpError("has a buffer that does not hold every element of the block");
    LinearLayout toOffset =
        map->sublayout({LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register},
                       {LayoutDim::Offset});
    return SharedAccess{vectorAccess(toOffset, widestSharedAccess(memory)),
                        PlaceExpr::of(toOffset, LayoutDim::Offset)};
  }
};

struct LowerSharedAlloc : BlockPattern<tilegpu::SharedAllocOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::SharedAllocOp op, OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getOffset())
      return op.emitOpError("has no offset; the pass tilegpu-allocate-shared must come before");
    Emitter emit(rewriter, op.getLoc());
    rewriter.replaceOp(op, emit.byteOffset(context.sharedBase(emit), *op.getOffset()));
    return success();
  }
};

struct LowerSharedStore : BlockPattern<tilegpu::SharedStoreOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::SharedStoreOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto memory = cast<tilegpu::MemDescType>(op.getMemory().getType());
    auto access = SharedAccess::of(op, op.getValue().getType(), memory);
    if (failed(access))
      return failure();
    ThreadValues &thread = context.thread(op);
    Value offset = thread.evaluate(access->thread);
    ReplicationMasks replicas = replicationMasks(tilegpu::layoutOf(op.getValue()));
    OpBuilder::InsertionGuard guard(rewriter);
    if (Value acting = thread.isFirstReplica(replicas)) {
      auto branch = scf::IfOp::create(rewriter, op.getLoc(), acting, /*withElseRegion=*/false);
      rewriter.setInsertionPointToStart(branch.thenBlock());
    }
    Emitter emit(rewriter, op.getLoc());
    Type element = loweredElementType(memory.getElementType());
    SharedAddresses addresses(emit, in.getMemory().front(), offset, access->thread.possibleBits(),
                              sharedElementType(rewriter, element));
    DenseSet<int32_t> written;
    for (const VectorGroup &group : access->vectors.groups) {
      if (!written.insert(group.offset).second)
        continue;
      SmallVector<Value> values;
      for (int32_t r : group.registers)
        values.push_back(in.getValue()[r]);
      storeShared(emit, addresses.at(group.offset), values);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerSharedLoad : BlockPattern<tilegpu::SharedLoadOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::SharedLoadOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto memory = cast<tilegpu::MemDescType>(op.getMemory().getType());
    auto access = SharedAccess::of(op, op.getType(), memory);
    if (failed(access))
      return failure();
    Value offset = context.thread(op).evaluate(access->thread);
    Emitter emit(rewriter, op.getLoc());
    Type element = loweredElementType(memory.getElementType());
    SharedAddresses addresses(emit, in.getMemory().front(), offset, access->thread.possibleBits(),
                              sharedElementType(rewriter, element));
    SmallVector<Value> results(registerCount(op.getType()));
    DenseMap<int32_t, SmallVector<Value>> loaded;
    for (const VectorGroup &group : access->vectors.groups) {
      SmallVector<Value> &values = loaded[group.offset];
      if (values.empty())
        values = loadShared(emit, addresses.at(group.offset), element, group.registers.size());
      for (auto [value, r] : llvm::zip(values, group.registers))
        results[r] = value;
    }
    replaceWithRegisters(rewriter, op, results);
    return success();
  }
};

} // namespace

void populateSharedMemory(const TypeConverter &types, RewritePatternSet &patterns,
                          LoweringContext &context) {
  patterns.add<LowerSharedAlloc, LowerSharedStore, LowerSharedLoad>(types, context);
}

} // namespace cosmati::tonvvm
