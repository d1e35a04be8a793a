// Software pipelines: loads go some iterations ahead of the products that use them.
//
// What a loop becomes, for S = num_stages and operands that can be copied (slots of the rings are
// counted modulo S by two loop variables, one for the copies, one for the reads):
//
//   copies of iterations 0 .. S-2, each a group            (masked off beyond the last iteration)
//   for i:
//     wait until the group of iteration i has arrived; barrier
//     addresses and copies of iteration i+S-1, a group     (into the slot that iteration i-1 read)
//     read slot i mod S, multiply
//   wait for what is still under way
//
// One barrier an iteration does for both: what was copied is seen by all threads, and nobody still
// reads the slot that is written next.
#include "compiler/Analysis/LoopSchedule.h"
#include "compiler/Analysis/Remarks.h"
#include "compiler/Transforms/TileGPU/Passes.h"
#include "dialects/TileGPU/IR/MmaOps.h"

#include "mlir/Dialect/SCF/Transforms/Transforms.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_PIPELINELOOPS
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

//===--------------------------------------------------------------------------------------------===//
// Rings
//===--------------------------------------------------------------------------------------------===//

/// Adds a variable that counts iterations modulo `slots`; the new loop replaces the old one. Its
/// increment is the last op of the body but for the yield.
scf::ForOp addCounter(scf::ForOp loop, int slots, Operation *&increment) {
  IRRewriter rewriter(loop);
  Location loc = loop.getLoc();
  auto i32 = [&](int value) -> Value {
    return arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(value));
  };
  Value zero = i32(0), one = i32(1), end = i32(slots);
  auto next = [&](OpBuilder &builder, Location loc, ArrayRef<BlockArgument> arguments) {
    Value sum = arith::AddIOp::create(builder, loc, arguments.front(), one);
    Value wraps = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, sum, end);
    Value result = arith::SelectOp::create(builder, loc, wraps, zero, sum);
    increment = result.getDefiningOp();
    return SmallVector<Value>{result};
  };
  auto widened = loop.replaceWithAdditionalYields(rewriter, zero,
                                                  /*replaceInitOperandUsesInLoop=*/false, next);
  return cast<scf::ForOp>(widened->getOperation());
}

/// What a loop's copies share.
struct Ring {
  Value copied, read; ///< loop variables: the slots of the next copy and of the next read
  int slots = 1;
};

/// The buffer of `store` becomes a ring before the loop, filled by a copy in place of the load.
AsyncCopyOp makeCopy(tile::LoadOp load, SharedStoreOp store, scf::ForOp loop, const Ring &ring) {
  auto alloc = store.getMemory().getDefiningOp<SharedAllocOp>();
  alloc->moveBefore(loop);
  alloc.setSlots(static_cast<uint32_t>(ring.slots));
  OpBuilder builder(load);
  Value target = SharedSlotOp::create(builder, load.getLoc(), alloc.getType(), alloc, ring.copied,
                                      /*phase=*/1);
  auto copy = AsyncCopyOp::create(builder, load.getLoc(), load.getPtr(), target, load.getMask(),
                                  load.getCache(), load.getEvict());
  if (Attribute vector = load->getAttr(kVectorAttr))
    copy->setAttr(kVectorAttr, vector);
  builder.setInsertionPoint(store);
  Value source = SharedSlotOp::create(builder, store.getLoc(), alloc.getType(), alloc, ring.read,
                                      /*phase=*/0);
  alloc->getResult(0).replaceUsesWithIf(
      source, [](OpOperand &use) { return !isa<SharedSlotOp, SharedStoreOp>(use.getOwner()); });
  store.erase();
  return copy;
}

//===--------------------------------------------------------------------------------------------===//
// One loop
//===--------------------------------------------------------------------------------------------===//

/// `op` with its effect only where `predicate` holds; null if that cannot be.
Operation *predicated(RewriterBase &rewriter, Operation *op, Value predicate) {
  if (isMemoryEffectFree(op) || isa<AsyncCommitOp>(op))
    return op;
  auto combine = [&](Value mask, Type like) {
    rewriter.setInsertionPoint(op);
    Value wanted = predicate;
    if (auto block = dyn_cast<RankedTensorType>(like))
      wanted = tile::SplatOp::create(rewriter, op->getLoc(), block.clone(rewriter.getI1Type()),
                                     predicate);
    return mask ? arith::AndIOp::create(rewriter, op->getLoc(), wanted, mask).getResult() : wanted;
  };
  if (auto copy = dyn_cast<AsyncCopyOp>(op)) {
    copy.getMaskMutable().assign(combine(copy.getMask(), copy.getPtr().getType()));
    return op;
  }
  if (auto load = dyn_cast<tile::LoadOp>(op)) {
    load.getMaskMutable().assign(combine(load.getMask(), load.getType()));
    return op;
  }
  return nullptr;
}

class LoopPipeliner {
public:
  LoopPipeliner(scf::ForOp loop, const LoopSchedule &schedule)
      : loop(loop), lastStage(schedule.lastStage()) {
    for (Operation *op : schedule.earlyOps())
      stages[op] = schedule.stageOf(op);
    for (tile::LoadOp load : schedule.loads())
      if (whyNoCopy(load).empty()) {
        copies.push_back(load);
        copyStage = schedule.stageOf(load);
      }
  }

  LogicalResult run() {
    computeAgainForLastStage();
    if (!copies.empty())
      makeCopies();
    scf::PipeliningOption options;
    options.getScheduleFn = [&](scf::ForOp,
                                std::vector<std::pair<Operation *, unsigned>> &schedule) {
      schedule = order();
    };
    options.peelEpilogue = false;
    options.supportDynamicLoops = true;
    options.predicateFn = predicated;
    IRRewriter rewriter(loop);
    rewriter.setInsertionPoint(loop);
    FailureOr<scf::ForOp> done = scf::pipelineForLoop(rewriter, loop, options);
    if (failed(done))
      return failure();
    if (!copies.empty()) {
      OpBuilder builder(*done);
      builder.setInsertionPointAfter(*done);
      AsyncWaitOp::create(builder, done->getLoc(), 0);
    }
    return success();
  }

private:
  /// What early ops compute is also used in the last stage: rather than carry blocks over stages in
  /// registers, the last stage computes them again.
  void computeAgainForLastStage() {
    SmallVector<Operation *> inOrder;
    for (Operation &op : loop.getBody()->without_terminator())
      if (stages.contains(&op))
        inOrder.push_back(&op);
    for (Operation *op : llvm::reverse(inOrder)) {
      if (!isMemoryEffectFree(op) || op->getNumRegions())
        continue;
      auto isLate = [&](OpOperand &use) {
        Operation *user = loop.getBody()->findAncestorOpInBlock(*use.getOwner());
        return user && user != loop.getBody()->getTerminator() && !stages.contains(user);
      };
      if (!llvm::any_of(op->getUses(), isLate))
        continue;
      OpBuilder builder(op);
      Operation *again = builder.clone(*op);
      for (auto [result, copy] : llvm::zip_equal(op->getResults(), again->getResults()))
        result.replaceUsesWithIf(copy, isLate);
    }
  }

  void makeCopies() {
    const int distance = lastStage - copyStage;
    Ring ring{{}, {}, distance + 1};
    Operation *countCopies = nullptr, *countReads = nullptr;
    loop = addCounter(loop, ring.slots, countCopies);
    loop = addCounter(loop, ring.slots, countReads);
    ring.read = loop.getRegionIterArgs().back();
    ring.copied = loop.getRegionIterArgs()[loop.getNumRegionIterArgs() - 2];
    stages[countCopies] = copyStage; // with the addition and the comparison before it
    for (Value operand : countCopies->getOperands())
      if (Operation *maker = operand.getDefiningOp(); maker && maker->getParentOp() == loop)
        stages[maker] = copyStage;

    Operation *last = nullptr;
    for (tile::LoadOp load : copies) {
      stages.erase(load);
      for (Operation *user : llvm::make_early_inc_range(load.getResult().getUsers())) {
        AsyncCopyOp copy = makeCopy(load, cast<SharedStoreOp>(user), loop, ring);
        stages[copy] = stages[copy.getMemory().getDefiningOp()] = copyStage;
        if (!last || last->isBeforeInBlock(copy))
          last = copy;
      }
      load.erase();
    }
    OpBuilder builder(last->getContext());
    builder.setInsertionPointAfter(last);
    auto commit = AsyncCommitOp::create(builder, loop.getLoc());
    stages[commit] = copyStage;
    builder.setInsertionPointToStart(loop.getBody());
    head.push_back(AsyncWaitOp::create(builder, loop.getLoc(), distance - 1));
    head.push_back(BarrierOp::create(builder, loop.getLoc()));
  }

  /// The ops of the new body: the wait, the early stages, the last one.
  std::vector<std::pair<Operation *, unsigned>> order() {
    std::vector<std::pair<Operation *, unsigned>> result;
    for (Operation *op : head)
      result.emplace_back(op, lastStage);
    SmallVector<Operation *> early, late;
    for (Operation &op : loop.getBody()->without_terminator())
      if (stages.contains(&op))
        early.push_back(&op);
      else if (!llvm::is_contained(head, &op))
        late.push_back(&op);
    for (Operation *op : early)
      result.emplace_back(op, stages.lookup(op));
    for (Operation *op : late)
      result.emplace_back(op, lastStage);
    return result;
  }

  scf::ForOp loop;
  int lastStage, copyStage = 0;
  llvm::DenseMap<Operation *, int> stages; ///< of the ops before the last stage
  SmallVector<tile::LoadOp> copies;
  SmallVector<Operation *> head;
};

//===--------------------------------------------------------------------------------------------===//
// The pass
//===--------------------------------------------------------------------------------------------===//

bool multipliesOnTensorCores(scf::ForOp loop) {
  return loop
      .walk([](Operation *op) {
        return isa<MmaOp, MmaSparseOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

bool hasInnerLoop(scf::ForOp loop) {
  return loop.getBody()
      ->walk([](LoopLikeOpInterface) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// MLIR pipelines loops whose bounds are compared as signed numbers: unsigned ones of less than 64
/// bits are such, wider. False for 64 bits.
bool countSigned(scf::ForOp loop) {
  auto type = dyn_cast<IntegerType>(loop.getInductionVar().getType());
  if (!loop.getUnsignedCmp())
    return true;
  if (!type || type.getWidth() >= 64)
    return false;
  OpBuilder builder(loop);
  auto widen = [&](Value value) -> Value {
    return arith::ExtUIOp::create(builder, loop.getLoc(), builder.getI64Type(), value);
  };
  loop.setLowerBound(widen(loop.getLowerBound()));
  loop.setUpperBound(widen(loop.getUpperBound()));
  loop.setStep(widen(loop.getStep()));
  loop.setUnsignedCmp(false);
  Value counter = loop.getInductionVar();
  counter.setType(builder.getI64Type());
  builder.setInsertionPointToStart(loop.getBody());
  auto narrow = arith::TruncIOp::create(builder, loop.getLoc(), type, counter);
  counter.replaceAllUsesExcept(narrow, narrow);
  return true;
}

/// Gives each value that is carried to the next iteration an op of the body that makes it, also
/// where the loop passes on its counter, another of its variables or a value from outside: stages
/// are given to ops, and dependences lead from op to op. What stays in place folds away later.
void passOnByOps(scf::ForOp loop) {
  Operation *yield = loop.getBody()->getTerminator();
  for (OpOperand &carried : yield->getOpOperands()) {
    Value value = carried.get();
    Operation *maker = value.getDefiningOp();
    if (maker && maker->getBlock() == loop.getBody())
      continue;
    OpBuilder builder(loop);
    Value always = arith::ConstantOp::create(builder, loop.getLoc(), builder.getBoolAttr(true));
    builder.setInsertionPoint(yield);
    carried.set(arith::SelectOp::create(builder, loop.getLoc(), always, value, value));
  }
}

class PipelineLoopsPass : public tilegpu::impl::PipelineLoopsBase<PipelineLoopsPass> {
public:
  using PipelineLoopsBase::PipelineLoopsBase;

private:
  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (stagesOf(loop, numStages) > 1 && !hasInnerLoop(loop) && multipliesOnTensorCores(loop))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops)
      if (failed(pipeline(loop)))
        return signalPassFailure();
  }

  LogicalResult pipeline(scf::ForOp loop) {
    if (!countSigned(loop)) {
      cosmati::emitRemark(loop, Remark::LoopNotPipelined)
          << "the range counts in uint64: use a signed type or uint32";
      return success();
    }
    passOnByOps(loop);
    LoopSchedule schedule(loop, stagesOf(loop, numStages));
    for (const LoopSchedule::Refusal &refusal : schedule.refusals())
      cosmati::emitRemark(refusal.load, Remark::LoadNotPipelined)
          << "the load waits in its own iteration: " << refusal.reason;
    if (schedule.loads().empty())
      return success();
    Location loc = loop.getLoc();
    for (tile::LoadOp load : schedule.loads())
      if (std::string why = whyNoCopy(load); !why.empty() && isWholeOperand(load))
        cosmati::emitRemark(load, Remark::LoadNotPipelined)
            << "the load is one iteration ahead, in registers: " << why;
    if (failed(LoopPipeliner(loop, schedule).run()))
      return emitError(loc, "'tilegpu-pipeline-loops' could not pipeline a loop that it had "
                            "scheduled");
    ++numLoops;
    return success();
  }

  static bool isWholeOperand(tile::LoadOp load) {
    return llvm::any_of(load.getResult().getUsers(),
                        [](Operation *user) { return isa<SharedStoreOp>(user); });
  }
};

} // namespace
