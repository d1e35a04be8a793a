#include "compiler/Analysis/AxisInfo.h"
#include "compiler/Transforms/TileGPU/Passes.h"
#include "dialects/Layout/LayoutConstructors.h"

#include <map>
#include <numeric>

namespace cosmati::tilegpu {
#define GEN_PASS_DEF_COALESCE
#include "compiler/Transforms/TileGPU/Passes.h.inc"
} // namespace cosmati::tilegpu

using namespace mlir;
using namespace cosmati;
using namespace cosmati::tilegpu;

namespace {

/// A memory operation on a block, and how wide its addresses allow it to be.
struct Access {
  Operation *op;
  Value pointers;
  SmallVector<int64_t> order; ///< dims, fastest first
  int64_t width;              ///< elements per access along order[0]
};

/// Accesses of one shape and order get one layout.
using Group = std::pair<SmallVector<int64_t>, SmallVector<int64_t>>;

Value pointersOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<tile::LoadOp, tile::StoreOp, tile::AtomicRMWOp, tile::AtomicCASOp>(
          [](auto access) { return access.getPtr(); })
      .Default(Value());
}

Value maskOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<tile::LoadOp, tile::StoreOp, tile::AtomicRMWOp>(
          [](auto access) { return access.getMask(); })
      .Default(Value());
}

/// Dims by falling contiguity; among equals the last dim is the faster.
SmallVector<int64_t> orderOf(const AxisInfo &info) {
  SmallVector<int64_t> order(info.rank());
  std::iota(order.rbegin(), order.rend(), 0);
  llvm::stable_sort(order,
                    [&](int64_t a, int64_t b) { return info.contiguity[a] > info.contiguity[b]; });
  return order;
}

class Coalesce : public tilegpu::impl::CoalesceBase<Coalesce> {
  void runOnOperation() override {
    AxisInfoAnalysis analysis(getOperation());
    SmallVector<Access> accesses = collect(analysis);
    std::map<Group, int64_t> widest;
    for (const Access &access : accesses) {
      int64_t &width = widest[groupOf(access)];
      width = std::max(width, access.width);
    }
    for (const Access &access : accesses)
      place(access, widest[groupOf(access)]);
  }

  SmallVector<Access> collect(const AxisInfoAnalysis &analysis) {
    SmallVector<Access> accesses;
    getOperation().walk([&](Operation *op) {
      Value pointers = pointersOf(op);
      if (!pointers || !isa<RankedTensorType>(pointers.getType()))
        return;
      SmallVector<int64_t> order = orderOf(analysis.infoOf(pointers));
      bool atomic = isa<tile::AtomicRMWOp, tile::AtomicCASOp>(op);
      int64_t width =
          atomic || order.empty() ? 1 : analysis.accessWidth(pointers, maskOf(op), order.front());
      accesses.push_back({op, pointers, std::move(order), width});
    });
    return accesses;
  }

  static Group groupOf(const Access &access) {
    return {llvm::to_vector(cast<RankedTensorType>(access.pointers.getType()).getShape()),
            access.order};
  }

  /// Elements per thread: no more than leave every thread something to do.
  int64_t perThread(const Access &access, int64_t width) {
    int64_t elements = cast<RankedTensorType>(access.pointers.getType()).getNumElements();
    int64_t threads = int64_t(numWarpsOf(access.op)) * kLanesPerWarp;
    return std::min(width, std::max<int64_t>(1, elements / threads));
  }

  void place(const Access &access, int64_t groupWidth) {
    auto type = cast<RankedTensorType>(access.pointers.getType());
    if (access.order.empty())
      return; // a block of rank 0 has one layout
    int64_t vector = perThread(access, groupWidth);
    auto layout = LayoutAttr::get(
        type.getContext(),
        blockedLayout(type.getShape(),
                      defaultBlockedParameters(type.getShape(), numWarpsOf(access.op), vector,
                                               access.order)));
    int64_t width = std::min(access.width, vector);
    if (isa<tile::LoadOp, tile::StoreOp>(access.op))
      access.op->setAttr(kVectorAttr,
                         IntegerAttr::get(IntegerType::get(type.getContext(), 32), width));
    numWidened += width > 1;
    if (layout != layoutAttrOf(type))
      relayout(access.op, layout);
  }

  /// Runs `op` in `layout`, between conversions.
  static void relayout(Operation *op, LayoutAttr layout) {
    OpBuilder builder(op);
    for (OpOperand &operand : op->getOpOperands()) {
      auto block = dyn_cast<RankedTensorType>(operand.get().getType());
      if (block)
        operand.set(ConvertLayoutOp::create(builder, op->getLoc(), withLayout(block, layout),
                                            operand.get()));
    }
    builder.setInsertionPointAfter(op);
    for (OpResult result : op->getResults()) {
      auto block = cast<RankedTensorType>(result.getType());
      result.setType(withLayout(block, layout));
      auto back = ConvertLayoutOp::create(builder, op->getLoc(), block, result);
      result.replaceAllUsesExcept(back, back);
    }
  }
};

} // namespace
