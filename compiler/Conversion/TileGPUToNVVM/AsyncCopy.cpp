// tilegpu.async_copy and its groups: cp.async.
//
// Registers k*V .. k*V + V - 1 are one copy, as in GlobalMemory.cpp. A copy that is masked off has
// a source of 0 bytes: the instruction reads nothing and writes zeros.
#include "compiler/Conversion/TileGPUToNVVM/InlinePtx.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/SharedAddress.h"
#include "dialects/Layout/F2.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

constexpr int64_t kWholeSector = 16; ///< bytes; the only size that may bypass L1

/// Why vectors of `length` registers are not vectors of the buffer; empty if they are.
std::string whyNotVectors(const LinearLayout &toOffset, int64_t length) {
  unsigned within = llvm::Log2_64(length);
  auto place = [](LayoutDim dim, unsigned bit) {
    return (layoutDimName(dim) + " bit " + Twine(bit) + " leads to element offset ").str();
  };
  if (toOffset.inBits(LayoutDim::Register) < within)
    return "a thread holds " + std::to_string(toOffset.inSize(LayoutDim::Register)) + " elements";
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp})
    for (auto [bit, offset] : llvm::enumerate(toOffset.columns(dim))) {
      bool inVector = dim == LayoutDim::Register && bit < within;
      if (inVector && offset != 1u << bit)
        return place(dim, bit) + std::to_string(offset) + " instead of " +
               std::to_string(1u << bit);
      if (!inVector && offset & (length - 1))
        return place(dim, bit) + std::to_string(offset) + ", within a vector";
    }
  return {};
}

struct LowerAsyncCopy : BlockPattern<tilegpu::AsyncCopyOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tilegpu::AsyncCopyOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    auto memory = cast<tilegpu::MemDescType>(op.getMemory().getType());
    FailureOr<LinearLayout> toOffset = offsetsInBuffer(op, op.getPtr().getType(), memory);
    if (failed(toOffset) || failed(check(op, memory, *toOffset)))
      return failure();
    ReplicationMasks replicas = replicationMasks(tilegpu::layoutOf(op.getPtr()));
    ThreadValues &thread = context.thread(op);
    PlaceExpr threadOffset = PlaceExpr::of(*toOffset, LayoutDim::Offset);
    Type element = sharedElementType(rewriter, loweredElementType(memory.getElementType()));
    OpBuilder::InsertionGuard guard(rewriter);
    enterBranch(rewriter, op.getLoc(), thread.isFirstReplica(replicas));
    Emitter emit(rewriter, op.getLoc());
    SharedAddresses addresses(emit, in.getMemory().front(), thread.evaluate(threadOffset),
                              threadOffset.possibleBits(), element);
    AccessPointers pointers(emit, context.addresses.of(op), in.getPtr());
    int64_t length = op.vectorLength();
    SourceSizes sizes(emit, in.getMask(), length * bytesInMemory(element));
    for (int64_t r = 0; r < registerCount(op.getPtr().getType()); r += length)
      if (!(r & replicas.registers))
        copy(emit, op, addresses.at(f2::apply(toOffset->columns(LayoutDim::Register), r)),
             pointers.at(r), length * bytesInMemory(element), sizes.of(r));
    rewriter.eraseOp(op);
    return success();
  }

private:
  /// Bytes to read for each register, equal masks sharing one; null where all are read.
  class SourceSizes {
  public:
    SourceSizes(Emitter &emit, ValueRange masks, int64_t bytes)
        : emit(emit), masks(masks), bytes(bytes) {}
    Value of(int64_t reg) {
      if (masks.empty())
        return {};
      Value mask = masks[masks.size() == 1 ? 0 : reg];
      APInt constant;
      if (matchPattern(mask, m_ConstantInt(&constant)) && constant.isOne())
        return {};
      Value &size = sizes[mask];
      if (!size)
        size = emitValueOrZero(emit, mask, static_cast<int32_t>(bytes));
      return size;
    }

  private:
    Emitter &emit;
    ValueRange masks;
    int64_t bytes;
    DenseMap<Value, Value> sizes;
  };

  LogicalResult check(tilegpu::AsyncCopyOp op, tilegpu::MemDescType memory,
                      const LinearLayout &toOffset) const {
    if (!context.target.hasCpAsync())
      return op.emitOpError("needs cp.async, which the target does not have");
    tile::CacheModifier cache = op.getCache();
    if (cache != tile::CacheModifier::None && cache != tile::CacheModifier::CA &&
        cache != tile::CacheModifier::CG)
      return op.emitOpError("has cache operator ")
             << tile::stringifyCacheModifier(cache) << "; cp.async has ca and cg";
    int64_t length = op.vectorLength();
    if (std::string reason = whyNotVectors(toOffset, length); !reason.empty())
      return op.emitOpError("copies vectors of ")
             << length << " elements, but the buffer does not hold them in one piece: " << reason;
    int64_t bytes = length * bytesInMemory(loweredElementType(memory.getElementType()));
    if (memory.getLayout().getAlignment() < bytes)
      return op.emitOpError("copies ") << bytes << " bytes at once to a buffer aligned to "
                                       << memory.getLayout().getAlignment();
    return success();
  }

  /// cp.async has no eviction priority like that of a load (.L1::evict_first); it changes no
  /// result.
  static void copy(Emitter &emit, tilegpu::AsyncCopyOp op, Value to, Value from, int64_t bytes,
                   Value size) {
    constexpr unsigned globalSpace = 1;
    if (cast<LLVM::LLVMPointerType>(from.getType()).getAddressSpace() != globalSpace)
      from = LLVM::AddrSpaceCastOp::create(emit.builder, emit.loc, emit.pointer(globalSpace), from);
    bool bypassL1 = bytes == kWholeSector && op.getCache() != tile::CacheModifier::CA;
    NVVM::CpAsyncOp::create(
        emit.builder, emit.loc, to, from, static_cast<uint32_t>(bytes),
        bypassL1 ? NVVM::LoadCacheModifierKind::CG : NVVM::LoadCacheModifierKind::CA, size);
  }
};

struct LowerAsyncCommit : BlockPattern<tilegpu::AsyncCommitOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::AsyncCommitOp op, OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    NVVM::CpAsyncCommitGroupOp::create(rewriter, op.getLoc());
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerAsyncWait : BlockPattern<tilegpu::AsyncWaitOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::AsyncWaitOp op, OneToNOpAdaptor,
                                ConversionPatternRewriter &rewriter) const override {
    NVVM::CpAsyncWaitGroupOp::create(rewriter, op.getLoc(), op.getPending());
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void populateAsyncCopy(const TypeConverter &types, RewritePatternSet &patterns,
                       LoweringContext &context) {
  patterns.add<LowerAsyncCopy, LowerAsyncCommit, LowerAsyncWait>(types, context);
}

} // namespace cosmati::tonvvm
