#include "compiler/Analysis/SharedHazards.h"

#include "compiler/Analysis/PointerRoot.h"
#include "dialects/Layout/LayoutQueries.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include <map>

using namespace mlir;

namespace cosmati::tilegpu {

//===--------------------------------------------------------------------------------------------===//
// Accesses of one op
//===--------------------------------------------------------------------------------------------===//

static SharedAccess accessTo(Value memory, bool write) {
  auto slot = memory.getDefiningOp<SharedSlotOp>();
  SharedAllocOp alloc = slot ? slot.ring() : cast<SharedAllocOp>(memory.getDefiningOp());
  int64_t offset = *alloc.getOffset();
  if (!slot)
    return {{offset, offset + alloc.slotBytes()}, write, {}};
  RingPhase phase{alloc, int32_t(slot.getPhase())};
  APInt index;
  if (!matchPattern(slot.getIndex(), m_ConstantInt(&index)))
    return {{offset, offset + alloc.sizeInBytes()}, write, phase};
  offset += index.getSExtValue() * alloc.slotBytes();
  return {{offset, offset + alloc.slotBytes()}, write, phase};
}

SmallVector<SharedAccess, 2> sharedAccessesOf(Operation *op) {
  using Accesses = SmallVector<SharedAccess, 2>;
  return llvm::TypeSwitch<Operation *, Accesses>(op)
      .Case<SharedStoreOp, AsyncCopyOp>(
          [](auto store) { return Accesses{accessTo(store.getMemory(), true)}; })
      .Case([](SharedLoadOp load) { return Accesses{accessTo(load.getMemory(), false)}; })
      .Case([](DotFmaOp dot) {
        return Accesses{accessTo(dot.getA(), false), accessTo(dot.getB(), false)};
      })
      .Default([](Operation *) { return Accesses(); });
}

namespace {

/// How an op takes part in the order of global memory.
struct GlobalOrder {
  bool accesses = false, releases = false, acquires = false;
  Value written;  ///< pointers that it writes through
  Value repeated; ///< pointers that several threads read through to one element
};

} // namespace

template <class Op> static GlobalOrder atomicOrder(Op op) {
  using tile::MemSemantic;
  MemSemantic sem = op.getSem();
  return {true, sem == MemSemantic::Release || sem == MemSemantic::AcquireRelease,
          sem == MemSemantic::Acquire || sem == MemSemantic::AcquireRelease, op.getPtr(), nullptr};
}

static bool isReplicated(Type type) {
  if (!isa<RankedTensorType>(type))
    return true;
  ReplicationMasks masks = replicationMasks(layoutOf(type));
  return masks.lanes || masks.warps;
}

static GlobalOrder globalOrderOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, GlobalOrder>(op)
      .Case<tile::AtomicRMWOp, tile::AtomicCASOp>([](auto atomic) { return atomicOrder(atomic); })
      .Case([](tile::LoadOp load) {
        bool repeated = isReplicated(load.getType());
        return GlobalOrder{true, false, false, nullptr, repeated ? load.getPtr() : Value()};
      })
      .Case([](tile::StoreOp store) {
        return GlobalOrder{true, false, false, store.getPtr(), nullptr};
      })
      .Case([](AsyncCopyOp) { return GlobalOrder{true, false, false, nullptr, nullptr}; })
      .Default([](Operation *) { return GlobalOrder(); });
}

//===--------------------------------------------------------------------------------------------===//
// What no barrier has ordered yet
//===--------------------------------------------------------------------------------------------===//

namespace {

/// A set of bytes as disjoint intervals: begin -> end.
class ByteSet {
public:
  void insert(ByteInterval bytes) {
    auto it = intervals.upper_bound(bytes.begin);
    if (it != intervals.begin() && std::prev(it)->second >= bytes.begin)
      --it;
    while (it != intervals.end() && it->first <= bytes.end) {
      bytes.begin = std::min(bytes.begin, it->first);
      bytes.end = std::max(bytes.end, it->second);
      it = intervals.erase(it);
    }
    intervals[bytes.begin] = bytes.end;
  }
  void insert(const ByteSet &other) {
    for (auto [begin, end] : other.intervals)
      insert({begin, end});
  }
  bool overlaps(ByteInterval bytes) const {
    auto it = intervals.lower_bound(bytes.end); // the first that begins beyond
    return it != intervals.begin() && std::prev(it)->second > bytes.begin;
  }
  bool operator==(const ByteSet &) const = default;

private:
  std::map<int64_t, int64_t> intervals;
};

/// Arguments through which global memory was accessed.
class RootSet {
public:
  void insert(Value root) {
    unknown |= !root;
    if (root && !llvm::is_contained(roots, root))
      roots.push_back(root);
  }
  void insert(const RootSet &other) {
    unknown |= other.unknown;
    for (Value root : other.roots)
      insert(root);
  }
  /// A root that isn't known may be any.
  bool contains(Value root) const {
    return unknown || (root ? llvm::is_contained(roots, root) : !roots.empty());
  }
  /// Insertion only ever adds, so sizes tell.
  bool operator==(const RootSet &other) const {
    return unknown == other.unknown && roots.size() == other.roots.size();
  }

private:
  SmallVector<Value, 2> roots;
  bool unknown = false;
};

/// Bytes that were accessed, by the slots that they were accessed as.
class AccessedBytes {
public:
  void insert(const SharedAccess &access) { sets[access.slot].insert(access.bytes); }
  void insert(const AccessedBytes &other) {
    for (const auto &[slot, bytes] : other.sets)
      sets[slot].insert(bytes);
  }
  bool meets(const SharedAccess &access) const {
    return llvm::any_of(sets, [&](const auto &entry) {
      return !access.slot.apartFrom(entry.first) && entry.second.overlaps(access.bytes);
    });
  }
  bool operator==(const AccessedBytes &) const = default;

private:
  std::map<RingPhase, ByteSet> sets;
};

struct Pending {
  AccessedBytes read, written;
  AccessedBytes copying; ///< by copies that may be under way, barriers or not
  RootSet globalWrites, repeatedReads;
  bool globalAccess = false; ///< some thread accessed global memory
  bool acquire = false;      ///< some thread acquired

  void join(const Pending &other) {
    read.insert(other.read);
    written.insert(other.written);
    copying.insert(other.copying);
    globalWrites.insert(other.globalWrites);
    repeatedReads.insert(other.repeatedReads);
    globalAccess |= other.globalAccess;
    acquire |= other.acquire;
  }
  /// A barrier: what has been done is seen by all. Copies go on.
  void synchronize() {
    AccessedBytes underWay = std::move(copying);
    *this = {};
    copying = std::move(underWay);
  }
  bool operator==(const Pending &) const = default;
};

class HazardFinder {
public:
  LogicalResult run(func::FuncOp func);
  SmallVector<Operation *> missing;

private:
  LogicalResult visitBlock(Block &block, Pending &pending, bool record);
  LogicalResult visitControlFlow(RegionBranchOpInterface op, Pending &pending, bool record);
  void visitAccess(Operation *op, Pending &pending, bool record);
};

} // namespace

void HazardFinder::visitAccess(Operation *op, Pending &pending, bool record) {
  if (isa<BarrierOp, tile::DebugBarrierOp>(op))
    return pending.synchronize();
  if (auto wait = dyn_cast<AsyncWaitOp>(op); wait && wait.getPending() == 0) {
    // Each thread has waited for its own copies: for the others a barrier is still needed.
    pending.written.insert(pending.copying);
    pending.copying = {};
    return;
  }
  SmallVector<SharedAccess, 2> accesses = sharedAccessesOf(op);
  GlobalOrder global = globalOrderOf(op);
  Value writes = global.written ? cosmati::pointerRoot(global.written) : nullptr;
  Value repeats = global.repeated ? cosmati::pointerRoot(global.repeated) : nullptr;
  bool hazard = (global.releases && pending.globalAccess) || (global.accesses && pending.acquire) ||
                (global.written && pending.repeatedReads.contains(writes)) ||
                (global.repeated && pending.globalWrites.contains(repeats));
  for (const SharedAccess &access : accesses)
    hazard |= pending.written.meets(access) || (access.write && pending.read.meets(access));
  if (hazard) {
    pending.synchronize();
    if (record)
      missing.push_back(op);
  }
  for (const SharedAccess &access : accesses) {
    (access.write ? pending.written : pending.read).insert(access);
    if (isa<AsyncCopyOp>(op))
      pending.copying.insert(access);
  }
  if (global.written)
    pending.globalWrites.insert(writes);
  if (global.repeated)
    pending.repeatedReads.insert(repeats);
  pending.globalAccess |= global.accesses;
  pending.acquire |= global.acquires;
}

/// Where control goes from the op's start (`from` null) or from the end of one of its regions. A
/// loop that is known to run at least once is not gone around, one that runs once does not repeat.
static SmallVector<RegionSuccessor> successorsOf(RegionBranchOpInterface op, Region *from) {
  SmallVector<RegionSuccessor> successors;
  if (from)
    op.getSuccessorRegions(*from, successors);
  else
    op.getSuccessorRegions(RegionBranchPoint::parent(), successors);
  auto loop = dyn_cast<scf::ForOp>(op.getOperation());
  std::optional<APInt> trips = loop ? loop.getStaticTripCount() : std::nullopt;
  if (trips && !from && !trips->isZero())
    llvm::erase_if(successors, [](const RegionSuccessor &to) { return to.isParent(); });
  if (trips && from && trips->isOne())
    llvm::erase_if(successors, [](const RegionSuccessor &to) { return !to.isParent(); });
  return successors;
}

/// Whether control may come from a region of the op to one of its regions. Else each region is
/// entered from the op's start alone, and one visit settles it: branches nested in branches would
/// otherwise be visited a number of times that is exponential in their depth.
static bool isCyclic(RegionBranchOpInterface op) {
  return llvm::any_of(op->getRegions(), [&](Region &region) {
    return llvm::any_of(successorsOf(op, &region),
                        [](const RegionSuccessor &to) { return !to.isParent(); });
  });
}

/// Follows the op's branches between its regions until the states at their entries are final.
LogicalResult HazardFinder::visitControlFlow(RegionBranchOpInterface op, Pending &pending,
                                             bool record) {
  std::map<Region *, Pending> entries;
  Pending after;
  bool changed = false;
  auto flow = [&](ArrayRef<RegionSuccessor> successors, const Pending &state) {
    for (const RegionSuccessor &successor : successors) {
      if (successor.isParent()) {
        after.join(state);
        continue;
      }
      auto [entry, isNew] = entries.try_emplace(successor.getSuccessor());
      Pending before = entry->second;
      entry->second.join(state);
      changed |= isNew || !(entry->second == before);
    }
  };
  flow(successorsOf(op, nullptr), pending);
  changed = isCyclic(op);
  auto visitRegions = [&](bool recording) {
    for (Region &region : op->getRegions()) {
      if (!entries.contains(&region))
        continue;
      if (!region.hasOneBlock())
        return op->emitError("has a region of several blocks; barriers are placed on structured "
                             "control flow"),
               failure();
      Pending state = entries[&region];
      if (failed(visitBlock(region.front(), state, recording)))
        return failure();
      flow(successorsOf(op, &region), state);
    }
    return success();
  };
  while (changed) {
    changed = false;
    if (failed(visitRegions(false)))
      return failure();
  }
  // The state after the op comes from the final states alone: what was pending before a barrier was
  // found is not.
  after = {};
  flow(successorsOf(op, nullptr), pending);
  if (failed(visitRegions(record)))
    return failure();
  pending = std::move(after);
  return success();
}

LogicalResult HazardFinder::visitBlock(Block &block, Pending &pending, bool record) {
  for (Operation &op : block) {
    visitAccess(&op, pending, record);
    auto branch = dyn_cast<RegionBranchOpInterface>(op);
    if (branch && failed(visitControlFlow(branch, pending, record)))
      return failure();
  }
  return success();
}

LogicalResult HazardFinder::run(func::FuncOp func) {
  if (func.isExternal())
    return success();
  if (!func.getBody().hasOneBlock())
    return func.emitError("has several blocks; barriers are placed on structured control flow");
  WalkResult placed = func.walk([](SharedAllocOp alloc) {
    if (alloc.getOffset())
      return WalkResult::advance();
    alloc.emitOpError("has no offset; tilegpu-allocate-shared gives one");
    return WalkResult::interrupt();
  });
  if (placed.wasInterrupted())
    return failure();
  Pending pending;
  return visitBlock(func.getBody().front(), pending, /*record=*/true);
}

FailureOr<SmallVector<Operation *>> findMissingBarriers(func::FuncOp func) {
  HazardFinder finder;
  if (failed(finder.run(func)))
    return failure();
  return std::move(finder.missing);
}

} // namespace cosmati::tilegpu
