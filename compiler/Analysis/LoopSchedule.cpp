#include "compiler/Analysis/LoopSchedule.h"

#include "compiler/Analysis/PointerRoot.h"
#include "dialects/Layout/LayoutQueries.h"
#include "dialects/TileGPU/IR/MmaOps.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;

namespace cosmati::tilegpu {

/// A loaded value that waits for its use in registers may take so many of them (of 32 bits) in a
/// thread.
static constexpr int64_t kMostPrefetchRegisters = 32;

int stagesOf(scf::ForOp loop, int kernelStages) {
  auto own = loop->getAttrOfType<IntegerAttr>("tile.num_stages");
  return own ? static_cast<int>(own.getInt()) : kernelStages;
}

namespace {

/// What an op needs from the same loop: what makes its operands, those of its regions too, and what
/// makes the loop's variables that it reads, in the iteration before.
SmallVector<Operation *> dependences(Operation *op, scf::ForOp loop) {
  SmallVector<Operation *> result;
  auto add = [&](Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() != loop.getBody() || argument == loop.getInductionVar())
        return;
      value = loop.getYieldedValues()[argument.getArgNumber() - 1];
    }
    Operation *maker = value.getDefiningOp();
    if (!maker)
      return;
    if (Operation *inBody = loop.getBody()->findAncestorOpInBlock(*maker))
      result.push_back(inBody);
  };
  op->walk([&](Operation *inner) { llvm::for_each(inner->getOperands(), add); });
  return result;
}

/// Everything that `op` depends on, in this iteration or earlier ones; not `op` itself, unless it
/// depends on itself.
SetVector<Operation *> allDependences(Operation *op, scf::ForOp loop) {
  SetVector<Operation *> found;
  SmallVector<Operation *> worklist = dependences(op, loop);
  while (!worklist.empty()) {
    Operation *next = worklist.pop_back_val();
    if (found.insert(next))
      worklist.append(dependences(next, loop));
  }
  return found;
}

/// The ops of the loop that other threads may wait for or see: no load may pass them.
Operation *firstFence(scf::ForOp loop) {
  Operation *fence = nullptr;
  loop.getBody()->walk([&](Operation *op) {
    if (!fence && isa<tile::AtomicRMWOp, tile::AtomicCASOp, tile::DebugBarrierOp, BarrierOp>(op))
      fence = op;
  });
  return fence;
}

/// Whether a store of the loop may write what `load` reads in a later iteration.
bool mayBeStored(tile::LoadOp load, scf::ForOp loop) {
  Value root = pointerRoot(load.getPtr());
  bool found = false;
  loop.getBody()->walk([&](tile::StoreOp store) {
    Value stored = pointerRoot(store.getPtr());
    found |= !root || !stored || root == stored;
  });
  return found;
}

int64_t registersOf(Type type) {
  auto block = dyn_cast<RankedTensorType>(type);
  if (!block)
    return 1;
  int64_t bits = elementsPerThread(layoutOf(type)) * elementBits(block.getElementType());
  return (bits + 31) / 32;
}

/// Whether V registers of a block go to V neighbouring, aligned elements of a buffer.
bool keepsVectors(const LinearLayout &block, const LinearLayout &buffer, int64_t vector) {
  std::optional<LinearLayout> map = placeToOffset(block, buffer);
  if (!map)
    return false;
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
    for (unsigned bit = 0; bit < map->inBits(dim); ++bit) {
      int32_t step = map->basis(dim, bit, LayoutDim::Offset);
      bool inVector = dim == LayoutDim::Register && (int64_t(1) << bit) < vector;
      if (inVector ? step != int32_t(1) << bit : step % vector != 0)
        return false;
    }
  return true;
}

bool isZero(Value value) {
  return matchPattern(value, m_Zero()) || matchPattern(value, m_PosZeroFloat());
}

} // namespace

std::string whyNoCopy(tile::LoadOp load) {
  auto block = dyn_cast<RankedTensorType>(load.getType());
  if (!block || load.getResult().use_empty())
    return "it is not a dot's operand as it is";
  auto width = load->getAttrOfType<IntegerAttr>(kVectorAttr);
  const int64_t vector = width ? width.getInt() : 1;
  const int64_t bytes = vector * sharedElementBytes(elementBits(block.getElementType()));
  for (Operation *user : load.getResult().getUsers()) {
    auto store = dyn_cast<SharedStoreOp>(user);
    auto alloc = store ? store.getMemory().getDefiningOp<SharedAllocOp>() : SharedAllocOp();
    if (!alloc || store->getBlock() != load->getBlock() || alloc->getBlock() != load->getBlock())
      return "it is not a dot's operand as it is";
    if (!keepsVectors(layoutOf(block), alloc.getType().getLayout().getMap(), vector))
      return "the dot reads it along another dimension than memory is contiguous in";
  }
  if (!targetOf(load).hasCpAsync())
    return "the target has no cp.async";
  if (load.getOther() && !isZero(load.getOther()))
    return "`other` is not zero";
  using tile::CacheModifier;
  if (!llvm::is_contained({CacheModifier::None, CacheModifier::CA, CacheModifier::CG},
                          load.getCache()))
    return "its cache modifier is " + tile::stringifyCacheModifier(load.getCache()).str() +
           ", and cp.async has .ca and .cg alone";
  if (bytes != 4 && bytes != 8 && bytes != 16)
    return "a thread reads " + std::to_string(bytes) +
           " bytes at once, and cp.async copies 4, 8 or 16: contiguity, alignment or the mask "
           "allow no more (tl.multiple_of, tl.max_contiguous or padded strides may help)";
  return "";
}

namespace {

/// Whether the loaded value is only stored to shared memory.
bool isStaged(tile::LoadOp load) { return whyNoCopy(load).empty(); }

} // namespace

LoopSchedule::LoopSchedule(scf::ForOp loop, int stages) : loop(loop), numStages(stages) {
  Operation *fence = firstFence(loop);
  SmallVector<tile::LoadOp> candidates;
  for (auto load : loop.getBody()->getOps<tile::LoadOp>()) {
    if (fence)
      refused.push_back({load, "the loop has an atomic or a barrier, which no load may pass"});
    else
      candidates.push_back(load);
  }
  // A load is refused if one that its address needs is: until nothing changes.
  pipelined = candidates;
  for (bool changed = true; changed;) {
    SmallVector<tile::LoadOp> admitted;
    for (tile::LoadOp load : pipelined)
      if (admit(load))
        admitted.push_back(load);
    changed = admitted.size() != pipelined.size();
    pipelined = std::move(admitted);
  }
  placeLoads();
}

bool LoopSchedule::admit(tile::LoadOp load) {
  auto refuse = [&](const Twine &reason) {
    refused.push_back({load, reason.str()});
    return false;
  };
  if (load.getIsVolatile())
    return refuse("it is volatile");
  if (mayBeStored(load, loop))
    return refuse("the loop stores through the same pointer argument (or one that isn't known), so "
                  "an earlier load might miss a new value");
  if (int64_t registers = registersOf(load.getType());
      !isStaged(load) && registers > kMostPrefetchRegisters)
    return refuse("it can't be copied to shared memory, since " + whyNoCopy(load) +
                  ", and its result would occupy " + Twine(registers) +
                  " registers of each thread for an iteration");
  for (Operation *needed : allDependences(load, loop)) {
    auto other = dyn_cast<tile::LoadOp>(needed);
    bool early = other ? llvm::is_contained(pipelined, other)
                       : isMemoryEffectFree(needed) && !isa<MmaOp, MmaSparseOp>(needed);
    if (!early)
      return refuse("its address or mask depends on '" + needed->getName().getStringRef() +
                    "', which stays in its iteration");
  }
  return true;
}

void LoopSchedule::placeLoads() {
  // Loads that others' addresses come from.
  llvm::DenseMap<Operation *, SmallVector<tile::LoadOp>> indicesOf;
  llvm::DenseMap<Operation *, int> depth;
  int deepest = 1;
  for (tile::LoadOp load : pipelined) {
    depth[load] = 1;
    for (Operation *needed : allDependences(load, loop))
      if (auto index = dyn_cast<tile::LoadOp>(needed); index && index != load) {
        indicesOf[load].push_back(index);
        depth[load] = std::max(depth[load], depth.lookup(index) + 1);
      }
    if (isStaged(load))
      deepest = std::max(deepest, depth[load]);
  }
  // Copies to shared memory go as early as their indices let them, all in one stage; what waits in
  // registers goes one stage before its use, an index one stage before its load.
  const int copies = std::min(deepest - 1, lastStage() - 1);
  for (tile::LoadOp load : llvm::reverse(pipelined)) {
    int stage = isStaged(load) ? copies : lastStage() - 1;
    auto needed = early.find(load); // as an index of a load that was placed before
    if (needed != early.end())
      stage = std::min(stage, needed->second);
    early[load] = stage;
    for (tile::LoadOp index : indicesOf[load]) {
      auto [place, isNew] = early.try_emplace(index, std::max(0, stage - 1));
      if (!isNew)
        place->second = std::min(place->second, std::max(0, stage - 1));
    }
  }
  for (tile::LoadOp load : pipelined)
    for (Operation *needed : allDependences(load, loop)) {
      auto [place, isNew] = early.try_emplace(needed, early.lookup(load));
      if (!isNew)
        place->second = std::min(place->second, early.lookup(load));
    }
}

SmallVector<Operation *> LoopSchedule::earlyOps() const {
  SmallVector<Operation *> ops;
  scf::ForOp body = loop;
  for (Operation &op : body.getBody()->without_terminator())
    if (early.contains(&op))
      ops.push_back(&op);
  return ops;
}

} // namespace cosmati::tilegpu
