// Buffers in shared memory: where they lie, and blocks moved there and back.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/MatrixTransfer.h"
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

FailureOr<LinearLayout> offsetsInBuffer(Operation *op, Type block, tilegpu::MemDescType memory) {
  std::optional<LinearLayout> map =
      placeToOffset(tilegpu::layoutOf(block), memory.getLayout().getMap());
  if (!map)
    return op->emitOpError("has a buffer that does not hold every element of the block");
  return map->sublayout({LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register},
                        {LayoutDim::Offset});
}

void enterBranch(OpBuilder &builder, Location loc, Value acting) {
  if (!acting)
    return;
  auto branch = scf::IfOp::create(builder, loc, acting, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(branch.thenBlock());
}

Type sharedElementType(OpBuilder &builder, Type type) {
  return builder.getIntegerType(bitsInMemory(type));
}

Type sharedMemoryType(OpBuilder &builder, Type type) {
  bool asBits = type.isInteger(1) || isa<LLVM::LLVMPointerType>(type);
  return asBits ? sharedElementType(builder, type) : type;
}

int64_t widestSharedAccess(tilegpu::MemDescType memory) {
  int64_t bytes = std::min<int64_t>(16, memory.getLayout().getAlignment());
  return std::max<int64_t>(1, bytes / bytesInMemory(loweredElementType(memory.getElementType())));
}

/// Bytes move in words, in and out of which they are shifted (packWords).
static unsigned wordBitsOfBytes(int64_t count) { return std::min<int64_t>(32, 8 * count); }

static SmallVector<Value> loadBytes(Emitter &emit, Value address, Type type, int64_t count) {
  unsigned wordBits = wordBitsOfBytes(count);
  int64_t words = 8 * count / wordBits;
  Type word = emit.intType(wordBits);
  Value loaded = LLVM::LoadOp::create(emit.builder, emit.loc,
                                      words > 1 ? emit.vector(words, word) : word, address, count);
  return unpackWords(emit, emit.unpack(loaded), type, count);
}

SmallVector<Value> loadShared(Emitter &emit, Value address, Type type, int64_t count) {
  if (count > 1 && bitsInMemory(type) == 8)
    return loadBytes(emit, address, type, count);
  Type memory = sharedMemoryType(emit.builder, type);
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
  if (bitsInMemory(type) == 8)
    stored = packWords(emit, values, wordBitsOfBytes(values.size()));
  else if (sharedMemoryType(emit.builder, type) != type)
    for (Value &value : stored)
      value = toBits(emit, value);
  LLVM::StoreOp::create(emit.builder, emit.loc, emit.pack(stored), address,
                        values.size() * bytesInMemory(type));
}

namespace {

/// How a block in registers meets a buffer by vectors.
struct VectorTransfer {
  VectorAccess vectors;
  PlaceExpr thread;

  static FailureOr<VectorTransfer> of(Operation *op, Type block, tilegpu::MemDescType memory) {
    FailureOr<LinearLayout> toOffset = offsetsInBuffer(op, block, memory);
    if (failed(toOffset))
      return failure();
    return VectorTransfer{vectorAccess(*toOffset, widestSharedAccess(memory)),
                          PlaceExpr::of(*toOffset, LayoutDim::Offset)};
  }

  SharedAddresses addresses(Emitter &emit, ThreadValues &values, Value base, Type element) const {
    return SharedAddresses(emit, base, values.evaluate(thread), thread.possibleBits(),
                           sharedElementType(emit.builder, element));
  }
};

SharedBuffer bufferOf(tilegpu::MemDescType memory, ValueRange lowered) {
  return {lowered.front(), memory.getLayout().getAlignment()};
}

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

/// A slot's address, in 32 bits: shared memory has no more.
struct LowerSharedSlot : BlockPattern<tilegpu::SharedSlotOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::SharedSlotOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter emit(rewriter, op.getLoc());
    auto memory = cast<tilegpu::MemDescType>(op.getType());
    // As SharedAllocOp::slotBytes, which may be gone.
    int64_t bytes = llvm::alignTo(memory.sizeInBytes(), memory.getLayout().getAlignment());
    Value offset = emit.mul(in.getIndex().front(), emit.i32(bytes));
    rewriter.replaceOp(op, emit.element(in.getMemory().front(), emit.i8(), offset));
    return success();
  }
};

struct LowerSharedStore : BlockPattern<tilegpu::SharedStoreOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::SharedStoreOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto block = op.getValue().getType();
    auto memory = cast<tilegpu::MemDescType>(op.getMemory().getType());
    OpBuilder::InsertionGuard guard(rewriter);
    if (context.target.hasStmatrix())
      if (std::optional<MatrixAccessPlan> plan = planMatrixStore(block, memory)) {
        ThreadValues &thread = context.thread(op);
        enterBranch(rewriter, op.getLoc(), thread.isFirstReplica(plan->replicas));
        Emitter emit(rewriter, op.getLoc());
        storeMatrices(emit, thread, *plan, bufferOf(memory, in.getMemory()), in.getValue());
        rewriter.eraseOp(op);
        return success();
      }
    return storeVectors(op, in, rewriter);
  }

private:
  LogicalResult storeVectors(tilegpu::SharedStoreOp op, OneToNOpAdaptor in,
                             ConversionPatternRewriter &rewriter) const {
    auto memory = cast<tilegpu::MemDescType>(op.getMemory().getType());
    auto transfer = VectorTransfer::of(op, op.getValue().getType(), memory);
    if (failed(transfer))
      return failure();
    ThreadValues &thread = context.thread(op);
    enterBranch(rewriter, op.getLoc(),
                thread.isFirstReplica(replicationMasks(tilegpu::layoutOf(op.getValue()))));
    Emitter emit(rewriter, op.getLoc());
    SharedAddresses addresses = transfer->addresses(emit, thread, in.getMemory().front(),
                                                    loweredElementType(memory.getElementType()));
    DenseSet<int32_t> written;
    for (const VectorGroup &group : transfer->vectors.groups) {
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
    auto block = cast<RankedTensorType>(op.getType());
    auto memory = cast<tilegpu::MemDescType>(op.getMemory().getType());
    Type element = loweredElementType(block);
    Emitter emit(rewriter, op.getLoc());
    // All architectures of the target table have ldmatrix (sm_75).
    if (std::optional<MatrixAccessPlan> plan = planMatrixLoad(block, memory)) {
      replaceWithRegisters(
          rewriter, op,
          loadMatrices(emit, context.thread(op), *plan, bufferOf(memory, in.getMemory()), element));
      return success();
    }
    auto transfer = VectorTransfer::of(op, block, memory);
    if (failed(transfer))
      return failure();
    SharedAddresses addresses =
        transfer->addresses(emit, context.thread(op), in.getMemory().front(), element);
    SmallVector<Value> results(registerCount(block));
    DenseMap<int32_t, SmallVector<Value>> loaded;
    for (const VectorGroup &group : transfer->vectors.groups) {
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
  patterns.add<LowerSharedAlloc, LowerSharedSlot, LowerSharedStore, LowerSharedLoad>(types,
                                                                                     context);
}

} // namespace cosmati::tonvvm
