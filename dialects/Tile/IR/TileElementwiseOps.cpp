// Rules of the ops in TileElementwiseOps.td.
#include "dialects/Tile/IR/AsmConstraints.h"
#include "dialects/Tile/IR/TileDialect.h"

using namespace mlir;
using namespace cosmati::tile;

using Effects = SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Reads and writes whatever it likes: neither removed nor moved past other accesses.
static void addUnknownEffects(Effects &effects) {
  effects.emplace_back(MemoryEffects::Read::get());
  effects.emplace_back(MemoryEffects::Write::get());
}

static Speculation::Speculatability speculatability(bool impure) {
  return impure ? Speculation::NotSpeculatable : Speculation::Speculatable;
}

//===- extern_elementwise ---------------------------------------------------------------------===//

void ExternElementwiseOp::getEffects(Effects &effects) {
  if (getImpure())
    addUnknownEffects(effects);
}

Speculation::Speculatability ExternElementwiseOp::getSpeculatability() {
  return speculatability(getImpure());
}

LogicalResult ExternElementwiseOp::verify() {
  if (getArgs().empty()) // extern_elementwise_c1
    return emitOpError("calls ") << getSymbol() << " without an argument; it takes one or more";
  if (getSymbol().empty()) // extern_elementwise_c2
    return emitOpError("names no function");
  if (getLibrary() != "libdevice" && getLibrary() != kDeviceCodeLibrary &&
      !getPath()) // extern_elementwise_c3
    return emitOpError("calls ") << getSymbol() << " of the library '" << getLibrary()
                                 << "', whose file is not given; only libdevice is searched for";
  return success();
}

//===- inline_asm -----------------------------------------------------------------------------===//

void InlineAsmOp::getEffects(Effects &effects) {
  if (getImpure())
    addUnknownEffects(effects);
}

Speculation::Speculatability InlineAsmOp::getSpeculatability() {
  return speculatability(getImpure());
}

LogicalResult InlineAsmOp::verify() {
  if (getNumResults() == 0) // inline_asm_c1
    return emitOpError("has no result; give it one that is not used");
  auto bits = [](TypeRange types) {
    return llvm::map_to_vector(types, [](Type type) { return asmElementBits(type); });
  };
  if (auto problem =
          checkAsm(getConstraints(), getPack(), bits(getResultTypes()), bits(getArgs().getTypes())))
    return emitOpError(*problem);
  return success();
}

//===- map_elementwise ------------------------------------------------------------------------===//

LogicalResult MapElementwiseOp::verify() {
  if (getSources().empty() || getNumResults() == 0) // map_elementwise_c1
    return emitOpError("has ") << getSources().size() << " source(s) and " << getNumResults()
                               << " result(s); it needs one of each at least";
  if (int32_t(getPack()) < 1) // map_elementwise_c2
    return emitOpError("pack is ") << int32_t(getPack()) << "; it is 1 or more";
  return success();
}

/// `pack` scalars for each value, of its element type.
static LogicalResult verifyGroups(MapElementwiseOp op, TypeRange scalars, TypeRange values,
                                  StringRef what, StringRef value) {
  unsigned pack = op.getPack();
  if (scalars.size() != values.size() * pack)
    return op.emitOpError("region ")
           << what << " " << scalars.size() << " value(s); " << values.size() << " " << value
           << "(s) with pack " << pack << " need " << values.size() * pack;
  for (auto [index, scalar] : llvm::enumerate(scalars))
    if (scalar != elementTypeOf(values[index / pack]))
      return op.emitOpError("region ")
             << what << " " << scalar << " as value " << index << "; the elements of " << value
             << " " << index / pack << " have type " << elementTypeOf(values[index / pack]);
  return success();
}

LogicalResult MapElementwiseOp::verifyRegions() {
  Block &block = getBody().front();
  if (failed(verifyGroups(*this, block.getArgumentTypes(), getSources().getTypes(), "takes",
                          "source"))) // map_elementwise_c3
    return failure();
  auto yield = dyn_cast_or_null<YieldOp>(block.empty() ? nullptr : &block.back());
  if (!yield) // map_elementwise_c4
    return emitOpError("region does not end with tile.yield");
  return verifyGroups(*this, yield.getValues().getTypes(), getResultTypes(), "yields",
                      "result"); // map_elementwise_c5
}
