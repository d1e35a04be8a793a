#include "dialects/TileGPU/IR/ShapeLayouts.h"

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutConstructors.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using cosmati::tile::ShapeChange;

namespace cosmati::tilegpu {

using Kind = ShapeChange::Kind;

static ArrayRef<int64_t> shapeOf(Value value) {
  auto block = dyn_cast<RankedTensorType>(value.getType());
  return block ? block.getShape() : ArrayRef<int64_t>();
}

std::optional<ShapeChange> shapeChangeOf(Operation *op) {
  auto change = [&](Kind kind) -> ShapeChange {
    return {kind, shapeOf(op->getOperand(0)), shapeOf(op->getResult(0))};
  };
  using Answer = std::optional<ShapeChange>;
  return llvm::TypeSwitch<Operation *, Answer>(op)
      .Case([&](tile::ExpandDimsOp expand) -> Answer {
        ShapeChange result = change(Kind::ExpandDims);
        result.axis = expand.getAxis();
        return result;
      })
      .Case([&](tile::BroadcastOp) -> Answer { return change(Kind::Broadcast); })
      .Case([&](tile::TransOp trans) -> Answer {
        ShapeChange result = change(Kind::Trans);
        result.order = trans.getOrder();
        return result;
      })
      .Case([&](tile::ReshapeOp reshape) -> Answer {
        ShapeChange result = change(Kind::Reshape);
        result.allowReorder = reshape.getAllowReorder();
        return result;
      })
      .Case([&](tile::JoinOp) -> Answer { return change(Kind::Join); })
      .Case([&](tile::SplitOp) -> Answer { return change(Kind::Split); })
      .Case([&](tile::ReduceOp reduce) -> Answer {
        ShapeChange result = change(Kind::Reduce);
        result.axis = reduce.getAxis();
        return result;
      })
      .Default([](Operation *) -> Answer { return std::nullopt; });
}

std::optional<LinearLayout> forwardLayout(const ShapeChange &change, const LinearLayout &source) {
  switch (change.kind) {
  case Kind::ExpandDims:
    return source.expandDims(change.axis);
  case Kind::Broadcast:
    return source.ensureSizeNotSmallerThan(change.resultShape);
  case Kind::Trans:
    return source.transpose(SmallVector<int64_t>(change.order));
  case Kind::Reshape:
    return source.reshape(change.resultShape);
  case Kind::Join:
    return source.joinTrailing();
  case Kind::Split:
    return source.splitTrailing();
  case Kind::Reduce:
    return sliceLayout(source, change.axis);
  }
  llvm_unreachable("unknown kind of shape change");
}

/// The operand of a broadcast: extents of 1 stay, and registers that then hold the same element are
/// one.
static LinearLayout unbroadcast(const ShapeChange &change, LinearLayout layout) {
  for (auto [axis, extent] : llvm::enumerate(change.sourceShape))
    if (extent == 1 && change.resultShape[axis] != 1)
      layout = layout.collapseDim(axis);
  return layout.removeZeroBases(LayoutDim::Register);
}

static LinearLayout untranspose(const ShapeChange &change, const LinearLayout &result) {
  SmallVector<int64_t> inverse(change.order.size());
  for (auto [to, from] : llvm::enumerate(change.order))
    inverse[from] = to;
  return result.transpose(inverse);
}

std::optional<LinearLayout> backwardLayout(const ShapeChange &change, const LinearLayout &result) {
  switch (change.kind) {
  case Kind::ExpandDims:
    return result.removeDim(change.axis);
  case Kind::Broadcast:
    return unbroadcast(change, result);
  case Kind::Trans:
    return untranspose(change, result);
  case Kind::Reshape:
    return result.reshape(change.sourceShape);
  case Kind::Join:
    return result.splitTrailing();
  case Kind::Split:
    return result.joinTrailing();
  case Kind::Reduce:
    return std::nullopt;
  }
  llvm_unreachable("unknown kind of shape change");
}

/// The dimension along which a cat joins its blocks.
static unsigned catAxis(tile::CatOp op) {
  ArrayRef<int64_t> from = op.getLhs().getType().getShape(), to = op.getType().getShape();
  return std::distance(from.begin(), std::mismatch(from.begin(), from.end(), to.begin()).first);
}

LinearLayout forwardCatLayout(tile::CatOp op, const LinearLayout &source) {
  return source.concat(catAxis(op));
}

std::optional<LinearLayout> backwardCatLayout(tile::CatOp op, const LinearLayout &result) {
  LinearLayout half = LinearLayout::identity1D(2, LayoutDim::Register, tensorDim(catAxis(op)));
  std::optional<LinearLayout> source = result.divideRight(half);
  if (!source || forwardCatLayout(op, *source) != result)
    return std::nullopt;
  return source;
}

bool isThreadLocal(const LinearLayout &from, const LinearLayout &to) {
  for (LayoutDim dim : {LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane})
    if (from.columns(dim) != to.columns(dim))
      return false;
  f2::Subspace held(from.columns(LayoutDim::Register));
  return from.out() == to.out() &&
         llvm::all_of(to.columns(LayoutDim::Register),
                      [&](uint32_t column) { return held.contains(column); });
}

FailureOr<Attribute> ShapeLayoutInterface::inferEncoding(const ShapeChange &change,
                                                         Attribute source,
                                                         EmitError emitError) const {
  auto layout = dyn_cast<LayoutAttr>(source);
  if (!layout) {
    if (emitError)
      emitError() << "expected a #tilegpu.layout as encoding, got " << source;
    return failure();
  }
  if (std::optional<LinearLayout> result = forwardLayout(change, layout.getMap()))
    return Attribute(LayoutAttr::get(source.getContext(), *result));
  if (emitError)
    emitError() << tile::stringify(change.kind)
                << " needs both halves of the last dimension in registers of one thread; layout "
                << source << " spreads them; convert the layout first";
  return failure();
}

LogicalResult ShapeLayoutInterface::verifyEncodings(const ShapeChange &change, Attribute source,
                                                    Attribute result, EmitError emitError) const {
  auto from = dyn_cast<LayoutAttr>(source), to = dyn_cast<LayoutAttr>(result);
  if (from && to) {
    // Several results are legal: the new register bit may stand anywhere, and the repeats of a
    // broadcast, too.
    if (change.kind == Kind::Broadcast &&
        isThreadLocal(from.getMap(), unbroadcast(change, to.getMap())))
      return success();
    if (change.kind == Kind::Join && to.getMap().splitTrailing() == from.getMap())
      return success();
  }
  return LayoutInterface::verifyEncodings(change, source, result, emitError);
}

} // namespace cosmati::tilegpu
