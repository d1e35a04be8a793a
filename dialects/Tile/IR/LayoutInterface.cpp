#include "dialects/Tile/IR/LayoutInterface.h"

#include "mlir/IR/Dialect.h"
#include "mlir/IR/Operation.h"
#include "llvm/Support/ErrorHandling.h"

using namespace mlir;

namespace cosmati::tile {

StringRef stringify(ShapeChange::Kind kind) {
  switch (kind) {
  case ShapeChange::Kind::ExpandDims:
    return "expand_dims";
  case ShapeChange::Kind::Broadcast:
    return "broadcast";
  case ShapeChange::Kind::Trans:
    return "trans";
  case ShapeChange::Kind::Reshape:
    return "reshape";
  case ShapeChange::Kind::Join:
    return "join";
  case ShapeChange::Kind::Split:
    return "split";
  case ShapeChange::Kind::Reduce:
    return "reduce";
  }
  llvm_unreachable("unknown kind of shape change");
}

LogicalResult LayoutInterface::verifyEncodings(const ShapeChange &change, Attribute source,
                                               Attribute result, EmitError emitError) const {
  FailureOr<Attribute> expected = inferEncoding(change, source, emitError);
  if (failed(expected))
    return failure();
  if (*expected == result)
    return success();
  if (emitError)
    emitError() << stringify(change.kind) << " of a block with encoding " << source
                << " has encoding " << *expected << ", not " << result
                << "; convert the layout in an op of its own";
  return failure();
}

LogicalResult verifyEncodings(Operation *op, const ShapeChange &change, RankedTensorType source,
                              RankedTensorType result) {
  Attribute from = source.getEncoding(), to = result.getEncoding();
  if (!from != !to) // layout_c1
    return op->emitOpError("has a layout on one side only: ")
           << source << " becomes " << result << "; give both an encoding, or neither";
  if (!from)
    return success();
  const auto *layouts = from.getDialect().getRegisteredInterface<LayoutInterface>();
  if (!layouts) // a dialect that doesn't answer has no rule
    return success();
  return layouts->verifyEncodings(change, from, to, [&] { return op->emitOpError(); }); // layout_c2
}

FailureOr<RankedTensorType> inferResultType(const ShapeChange &change, RankedTensorType source,
                                            LayoutInterface::EmitError emitError) {
  Attribute encoding = source.getEncoding();
  if (encoding) {
    const auto *layouts = encoding.getDialect().getRegisteredInterface<LayoutInterface>();
    if (!layouts) {
      if (emitError)
        emitError() << "dialect '" << encoding.getDialect().getNamespace()
                    << "' does not say how its encodings change: it has no LayoutInterface";
      return failure();
    }
    FailureOr<Attribute> inferred = layouts->inferEncoding(change, encoding, emitError);
    if (failed(inferred))
      return failure();
    encoding = *inferred;
  }
  return RankedTensorType::get(change.resultShape, source.getElementType(), encoding);
}

} // namespace cosmati::tile
