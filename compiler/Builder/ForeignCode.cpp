#include "compiler/Builder/ForeignCode.h"

#include "dialects/Tile/IR/AsmConstraints.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {

static llvm::SmallVector<mlir::Value> handlesOf(llvm::ArrayRef<Value> values) {
  return llvm::map_to_vector(values, [](const Value &value) { return value.handle; });
}

Values ForeignCodeBuilder::inlineAsm(llvm::StringRef text, llvm::StringRef constraints,
                                     llvm::ArrayRef<Operand> args,
                                     llvm::ArrayRef<LanguageType> results,
                                     const AsmOptions &options) {
  if (results.empty())
    fail("inline_asm_elementwise: dtype is empty; give it a type, and leave the result unused");
  Values values = materialize(args);
  broadcastAll(values);
  llvm::SmallVector<unsigned> resultBits, argumentBits;
  llvm::SmallVector<LanguageType> types;
  llvm::SmallVector<mlir::Type> mlirTypes;
  for (LanguageType type : results) {
    if (type.isVoid())
      failType("inline_asm_elementwise: dtype is void; a result has a type");
    types.push_back(values.empty() ? type.scalar() : values.front().type.withScalar(type));
    mlirTypes.push_back(mlirType(types.back()));
    resultBits.push_back(type.bitwidth());
  }
  for (const Value &value : values)
    argumentBits.push_back(value.type.bitwidth());
  if (auto problem = tile::checkAsm(constraints, static_cast<unsigned>(options.pack), resultBits,
                                    argumentBits))
    fail("inline_asm_elementwise: {0}", *problem);
  auto op = tile::InlineAsmOp::create(ops, loc, mlirTypes, text, constraints, handlesOf(values),
                                      static_cast<uint32_t>(options.pack), !options.isPure);
  Values made;
  for (auto [result, type] : llvm::zip_equal(op.getResults(), types))
    made.push_back({result, type});
  return made;
}

Values ForeignCodeBuilder::beginMap(llvm::ArrayRef<Operand> args, int64_t pack) {
  if (args.empty())
    fail("map_elementwise must have at least 1 input tensor");
  if (pack < 1)
    fail("pack must be >= 1, got {0}", pack);
  Values values = materialize(args);
  broadcastAll(values);
  // Built without results: their types are known when the region is.
  auto op = tile::MapElementwiseOp::create(ops, loc, mlir::TypeRange(), handlesOf(values),
                                           static_cast<uint32_t>(pack));
  openMaps.push_back({op, ops.saveInsertionPoint(), values.front().type, loc});
  mlir::Block *body = ops.createBlock(&op.getBody());
  Values arguments;
  for (const Value &value : values)
    for (int64_t i = 0; i < pack; ++i) {
      LanguageType scalar = value.type.scalar();
      arguments.push_back({body->addArgument(mlirType(scalar), loc), scalar});
    }
  return arguments;
}

Values ForeignCodeBuilder::endMap(llvm::ArrayRef<Operand> operands) {
  if (openMaps.empty())
    fail("no region of map_elementwise is open");
  OpenMap map = openMaps.pop_back_val();
  auto open = llvm::cast<tile::MapElementwiseOp>(map.op);
  const size_t pack = open.getPack();
  Values scalars = materialize(operands);
  if (scalars.empty() || scalars.size() % pack)
    fail("the function of map_elementwise returns {0} values; with pack={1} it returns {1} for "
         "each result",
         scalars.size(), pack);
  llvm::SmallVector<LanguageType> types;
  llvm::SmallVector<mlir::Type> mlirTypes;
  for (size_t i = 0; i < scalars.size(); ++i) {
    if (scalars[i].isBlock())
      failType("the function of map_elementwise returns {0}; it returns scalars",
               scalars[i].type.str());
    if (i % pack && scalars[i].type != scalars[i - 1].type)
      failType("type mismatch in unpacked results: the function of map_elementwise returns {0} and "
               "{1} for the elements of one result",
               scalars[i - 1].type.str(), scalars[i].type.str());
    if (i % pack)
      continue;
    types.push_back(map.shape.withScalar(scalars[i].type));
    mlirTypes.push_back(mlirType(types.back()));
  }
  tile::YieldOp::create(ops, loc, handlesOf(scalars));
  ops.restoreInsertionPoint(map.outer);
  auto op = tile::MapElementwiseOp::create(ops, map.loc, mlirTypes, open.getSources(),
                                           static_cast<uint32_t>(pack));
  op.getBody().takeBody(open.getBody());
  open.erase();
  Values results;
  for (auto [result, type] : llvm::zip_equal(op.getResults(), types))
    results.push_back({result, type});
  return results;
}

} // namespace cosmati::lang
