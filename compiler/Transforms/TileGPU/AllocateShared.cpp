// Offsets for shared buffers.
#include "compiler/Transforms/TileGPU/Passes.h"

#include "compiler/Analysis/SharedLifetime.h"

#include "llvm/Support/MathExtras.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_ALLOCATESHARED
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

struct Placement {
  SmallVector<int64_t> offsets; ///< one per buffer
  int64_t bytes = 0;
};

/// The lowest offset at which `buffer` meets none of the placed buffers that are alive with it.
int64_t lowestFreeOffset(const SharedBuffer &buffer,
                         ArrayRef<std::pair<const SharedBuffer *, int64_t>> placed) {
  SmallVector<std::pair<int64_t, int64_t>> taken;
  for (auto [other, offset] : placed)
    if (buffer.aliveWith(*other))
      taken.emplace_back(offset, offset + other->bytes);
  llvm::sort(taken);
  int64_t offset = 0;
  for (auto [begin, end] : taken)
    if (begin < offset + buffer.bytes)
      offset = std::max<int64_t>(offset, llvm::alignTo(end, buffer.alignment));
  return offset;
}

Placement placeInOrder(ArrayRef<SharedBuffer> buffers, ArrayRef<size_t> order) {
  Placement result;
  result.offsets.resize(buffers.size());
  SmallVector<std::pair<const SharedBuffer *, int64_t>> placed;
  for (size_t index : order) {
    const SharedBuffer &buffer = buffers[index];
    int64_t offset = lowestFreeOffset(buffer, placed);
    placed.emplace_back(&buffer, offset);
    result.offsets[index] = offset;
    result.bytes = std::max(result.bytes, offset + buffer.bytes);
  }
  return result;
}

/// The better of two orders: largest first packs buffers of different size, first used first packs
/// chains of equal ones.
Placement place(ArrayRef<SharedBuffer> buffers) {
  auto order = llvm::to_vector(llvm::seq<size_t>(0, buffers.size()));
  llvm::stable_sort(order, [&](size_t a, size_t b) { return buffers[a].begin < buffers[b].begin; });
  Placement byTime = placeInOrder(buffers, order);
  llvm::stable_sort(order, [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  Placement bySize = placeInOrder(buffers, order);
  return bySize.bytes <= byTime.bytes ? bySize : byTime;
}

/// "64x32xf16", for people.
std::string describeBlock(MemDescType type) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (int64_t extent : type.getShape())
    out << extent << "x";
  out << type.getElementType();
  return text;
}

void reportTooMuch(func::FuncOp func, ArrayRef<SharedBuffer> buffers, int64_t bytes,
                   TargetAttr target) {
  InFlightDiagnostic error = func.emitError("out of resources: kernel '")
                             << func.getName() << "' needs " << bytes
                             << " bytes of shared memory; sm_" << target.getSm() << " has "
                             << target.maxSharedBytes() << " for one CTA";
  int64_t sum = 0;
  for (const SharedBuffer *buffer : buffersAtPeak(buffers)) {
    MemDescType type = SharedAllocOp(buffer->alloc).getType();
    error.attachNote(buffer->alloc->getLoc())
        << buffer->bytes << " bytes: " << SharedAllocOp(buffer->alloc).getPurpose() << ", "
        << describeBlock(type);
    sum += buffer->bytes;
  }
  error.attachNote(func.getLoc())
      << sum
      << " bytes are in use at one time; use smaller blocks, fewer stages or a narrower type";
}

constexpr int64_t kSharedAlignment = 1024; // of the widest swizzle

class AllocateSharedPass : public tilegpu::impl::AllocateSharedBase<AllocateSharedPass> {
  void runOnOperation() override {
    // Functions that are called have bytes of their own, before the kernel's: what is alive in a
    // caller is not theirs to overwrite.
    int64_t called = 0, most = 0;
    bool fits = true;
    for (bool noInline : {true, false})
      for (auto func : getOperation().getOps<func::FuncOp>()) {
        if (func.getNoInline() != noInline)
          continue;
        FailureOr<int64_t> bytes = allocate(func, called, fits);
        if (failed(bytes))
          return signalPassFailure();
        most = std::max(most, called + *bytes);
        if (noInline && *bytes) {
          separateCalls(func);
          called = llvm::alignTo(called + *bytes, kSharedAlignment);
        }
      }
    // Also where it is too much: the caller may ask how much it was.
    getOperation()->setAttr(kSharedBytesAttr, OpBuilder(&getContext()).getI32IntegerAttr(most));
    if (!fits)
      return signalPassFailure();
    numBytes += most;
  }

  /// The last call may still be reading: hazards are found within one call only.
  static void separateCalls(func::FuncOp func) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    BarrierOp::create(builder, func.getLoc());
  }

  /// Bytes that the function needs, from `base` on; `fits` becomes false if the target has less.
  FailureOr<int64_t> allocate(func::FuncOp func, int64_t base, bool &fits) {
    FailureOr<SmallVector<SharedBuffer>> buffers = findSharedBuffers(func);
    if (failed(buffers) || buffers->empty())
      return failed(buffers) ? FailureOr<int64_t>(failure()) : FailureOr<int64_t>(0);
    Placement placement = place(*buffers);
    if (TargetAttr target = targetOf(func); base + placement.bytes > target.maxSharedBytes()) {
      reportTooMuch(func, *buffers, base + placement.bytes, target);
      fits = false;
      return placement.bytes;
    }
    for (auto [buffer, offset] : llvm::zip_equal(*buffers, placement.offsets))
      buffer.alloc.setOffset(base + offset);
    numBuffers += buffers->size();
    return placement.bytes;
  }
};

} // namespace
