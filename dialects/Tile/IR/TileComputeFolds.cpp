// Folds of the ops in TileComputeOps.td.
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace cosmati::tile;

/// Rounds once; what an overflow becomes is the caller's choice. Nothing for a NaN: which NaN a
/// conversion gives is the target's affair.
static std::optional<APFloat> convert(APFloat value, const llvm::fltSemantics &to,
                                      Rounding rounding, Overflow overflow) {
  if (value.isNaN())
    return std::nullopt;
  bool truncates = rounding == Rounding::TowardZero;
  APFloat result = value;
  bool losesInfo = false;
  result.convert(to, truncates ? APFloat::rmTowardZero : APFloat::rmNearestTiesToEven, &losesInfo);
  // Infinity or NaN here: the value was infinite, or rounds beyond the largest finite one. A wider
  // type holds every value of the narrower one, its infinity included: nothing overflows.
  bool widens = APFloat::isRepresentableBy(value.getSemantics(), to);
  bool overflows = !widens && !result.isFinite();
  if (overflows && (overflow == Overflow::Saturate || (truncates && value.isFinite())))
    return APFloat::getLargest(to, value.isNegative());
  if (result.isNaN())
    return std::nullopt;
  return result;
}

OpFoldResult FpConvertOp::fold(FoldAdaptor in) {
  FloatAttr source = dyn_cast_or_null<FloatAttr>(in.getValue());
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(in.getValue()))
    source = dyn_cast<FloatAttr>(splat.getSplatValue<Attribute>());
  if (!source)
    return {};
  auto element = cast<FloatType>(elementTypeOf(getType()));
  auto result =
      convert(source.getValue(), element.getFloatSemantics(), getRounding(), getOverflow());
  if (!result)
    return {};
  if (auto block = dyn_cast<RankedTensorType>(getType()))
    return SplatElementsAttr::get(block, *result);
  return FloatAttr::get(element, *result);
}
