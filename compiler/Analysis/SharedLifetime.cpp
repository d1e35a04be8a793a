#include "compiler/Analysis/SharedLifetime.h"

using namespace mlir;

namespace cosmati::tilegpu {

namespace {

/// Times of all ops of a function.
class Clock {
public:
  explicit Clock(Operation *root) { visit(root); }
  unsigned entry(Operation *op) const { return times.lookup(op).first; }
  unsigned exit(Operation *op) const { return times.lookup(op).second; }

private:
  void visit(Operation *op) {
    unsigned entry = now++;
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        visit(&inner);
    times[op] = {entry, now++};
  }
  DenseMap<Operation *, std::pair<unsigned, unsigned>> times;
  unsigned now = 0;
};

} // namespace

/// The users of the buffer itself or of a slot of it.
static SmallVector<Operation *> accessesOf(SharedAllocOp alloc) {
  SmallVector<Operation *> users;
  for (Operation *user : alloc->getUsers()) {
    if (isa<SharedSlotOp>(user))
      users.append(user->user_begin(), user->user_end());
    else
      users.push_back(user);
  }
  return users;
}

static FailureOr<SharedBuffer> measure(SharedAllocOp alloc, const Clock &clock) {
  SharedBuffer buffer{alloc, alloc.sizeInBytes(), alloc.getType().getLayout().getAlignment()};
  buffer.begin = buffer.end = clock.entry(alloc);
  bool first = true;
  for (Operation *user : accessesOf(alloc)) {
    if (!isa<SharedStoreOp, SharedLoadOp, DotFmaOp, AsyncCopyOp>(user)) {
      user->emitError("uses the shared buffer \"") << alloc.getPurpose()
                                                   << "\" other than by shared_store, shared_load, "
                                                      "async_copy or dot_fma; its lifetime would "
                                                      "be unknown";
      return failure();
    }
    Operation *around = alloc->getBlock()->findAncestorOpInBlock(*user);
    buffer.begin = first ? clock.entry(around) : std::min(buffer.begin, clock.entry(around));
    buffer.end = first ? clock.exit(around) : std::max(buffer.end, clock.exit(around));
    first = false;
  }
  return buffer;
}

FailureOr<SmallVector<SharedBuffer>> findSharedBuffers(func::FuncOp func) {
  SmallVector<SharedAllocOp> allocs;
  func.walk<WalkOrder::PreOrder>([&](SharedAllocOp alloc) { allocs.push_back(alloc); });
  SmallVector<SharedBuffer> buffers;
  if (allocs.empty())
    return buffers;
  Clock clock(func);
  for (SharedAllocOp alloc : allocs) {
    FailureOr<SharedBuffer> buffer = measure(alloc, clock);
    if (failed(buffer))
      return failure();
    buffers.push_back(*buffer);
  }
  return buffers;
}

SmallVector<const SharedBuffer *> buffersAtPeak(ArrayRef<SharedBuffer> buffers) {
  SmallVector<const SharedBuffer *> worst;
  int64_t most = -1;
  // The most bytes are alive when some buffer has just come to life.
  for (const SharedBuffer &start : buffers) {
    SmallVector<const SharedBuffer *> alive;
    int64_t bytes = 0;
    for (const SharedBuffer &buffer : buffers)
      if (buffer.begin <= start.begin && start.begin <= buffer.end) {
        alive.push_back(&buffer);
        bytes += buffer.bytes;
      }
    if (bytes > most) {
      most = bytes;
      worst = std::move(alive);
    }
  }
  return worst;
}

} // namespace cosmati::tilegpu
