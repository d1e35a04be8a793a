#include "compiler/Builder/DotBuilder.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {

namespace {

tile::InputPrecision parsePrecision(llvm::StringRef text) {
  using P = tile::InputPrecision;
  constexpr std::pair<const char *, P> words[] = {{"tf32", P::TF32},
                                                  {"tf32x3", P::TF32x3},
                                                  {"ieee", P::IEEE},
                                                  {"bf16x3", P::BF16x3},
                                                  {"bf16x6", P::BF16x6}};
  for (auto [name, precision] : words)
    if (text.equals_insensitive(name))
      return precision;
  fail("input_precision must be one of ('tf32', 'tf32x3', 'ieee', 'bf16x3', 'bf16x6'). Got {0}",
       text);
}

/// The precision of fp32 operands; other types are fed as they are.
tile::InputPrecision choosePrecision(const DotOptions &options, LanguageType type,
                                     llvm::StringRef byDefault) {
  if (options.allowTF32 && !options.inputPrecision.empty())
    fail("Only one of input_precision ({0}) and allow_tf32 can be specified",
         options.inputPrecision);
  llvm::StringRef word = options.inputPrecision.empty() ? byDefault : options.inputPrecision;
  if (options.allowTF32)
    word = *options.allowTF32 ? "tf32" : "ieee";
  tile::InputPrecision precision = parsePrecision(word);
  return type.scalarKind() == Scalar::FP32 ? precision : tile::InputPrecision::IEEE;
}

bool isByte(LanguageType type) {
  return type.scalarKind() == Scalar::Int8 || type.scalarKind() == Scalar::UInt8;
}

void checkOperandTypes(LanguageType a, LanguageType b) {
  static constexpr Scalar allowed[] = {Scalar::Int8, Scalar::UInt8, Scalar::FP16,
                                       Scalar::BF16, Scalar::FP32,  Scalar::FP64};
  if ((a.isFP8() && b.isFP8()) || (isByte(a) && isByte(b)))
    return;
  if (!llvm::is_contained(allowed, a.scalarKind()) && !a.isFP8())
    failType("Unsupported lhs dtype {0}: dot takes int8, uint8, fp8, fp16, bf16, fp32 and fp64",
             a.str());
  if (!llvm::is_contained(allowed, b.scalarKind()) && !b.isFP8())
    failType("Unsupported rhs dtype {0}: dot takes int8, uint8, fp8, fp16, bf16, fp32 and fp64",
             b.str());
  if (a != b)
    failType("Both operands must be same dtype. Got {0} and {1}: convert one with .to(...)",
             a.str(), b.str());
}

/// Smallest K: what one matrix instruction of that width sums, so that a kernel does not depend on
/// the target.
int64_t minimumK(LanguageType type) { return type.bitwidth() == 64 ? 4 : 16; }

void checkShapes(const Value &a, const Value &b) {
  Shape s = a.shape(), t = b.shape();
  size_t rank = s.size();
  if (rank != t.size() || (rank != 2 && rank != 3))
    fail("Both inputs must be either 2D or 3D; (lhs: {0} vs rhs: {1})", printShape(s),
         printShape(t));
  if (s[rank - 1] != t[rank - 2])
    fail("First input shape ({0}) and second input shape {1} are not compatible for matmul (second "
         "index of first "
         "shape ({2}) must be equal to first index of second shape ({3}))",
         printShape(s), printShape(t), s[rank - 1], t[rank - 2]);
  if (rank == 3 && s[0] != t[0])
    fail("First input shape ({0}) and second input shape {1} have different batch sizes: {2} and "
         "{3}",
         printShape(s), printShape(t), s[0], t[0]);
  int64_t k = minimumK(a.type);
  if (s[rank - 1] < k)
    fail("Input shapes should have M >= 1, N >= 1 and K >= {0}, got K = {1} (lhs: {2}, rhs: {3}); "
         "pad K with zeros",
         k, s[rank - 1], printShape(s), printShape(t));
}

LanguageType resultScalar(LanguageType operand, const DotOptions &options) {
  if (options.outType.scalarKind() == Scalar::BF16)
    fail("out_dtype=bfloat16 is unsupported. Please use out_dtype=float32/float16 and cast with "
         "`.to(tl.bfloat16)`");
  if (operand.isInt())
    return Scalar::Int32;
  switch (operand.scalarKind()) {
  case Scalar::FP32:
  case Scalar::BF16:
    return Scalar::FP32;
  case Scalar::FP64:
    return Scalar::FP64;
  default:
    break;
  }
  LanguageType wanted = options.outType;
  if (wanted.isVoid())
    wanted = options.acc ? options.acc->type.scalar() : LanguageType(Scalar::FP32);
  if (wanted != Scalar::FP32 && wanted != Scalar::FP16)
    failType("dot of {0} operands gives fp32 or fp16, not {1}", operand.str(), wanted.str());
  return wanted;
}

} // namespace

/// tile.dot's maxNumImpreciseAcc, of which 0 means no bound. One instruction sums several products
/// whatever is asked for: a bound of none is one of as few as there can be.
static uint32_t impreciseProducts(int64_t wanted, int64_t k) {
  return wanted >= k ? 0 : static_cast<uint32_t>(std::max<int64_t>(1, wanted));
}

Value DotBuilder::dot(const Value &a, const Value &b, const DotOptions &options) {
  if (!a.isBlock() || !b.isBlock())
    failType("dot takes blocks, got {0} and {1}", a.type.str(), b.type.str());
  bool stored = a.type.isStorageOnly() || b.type.isStorageOnly();
  if (stored && a.type.isFP8() && b.type.isFP8()) // fp16 holds all their values
    return dot(cast(a, Scalar::FP16), cast(b, Scalar::FP16), options);
  checkOperandTypes(a.type.scalar(), b.type.scalar());
  checkShapes(a, b);
  llvm::SmallVector<int64_t, 4> shape(a.shape());
  shape.back() = b.shape().back();
  LanguageType type = LanguageType::block(resultScalar(a.type.scalar(), options), shape);
  Value acc = options.acc ? *options.acc : zeros(shape, type);
  if (acc.type != type)
    failType("acc of dot must have the result's type {0}, got {1}", type.str(), acc.type.str());
  int64_t k = a.shape().back(), imprecise = options.maxNumImpreciseAcc.value_or(k);
  if (imprecise < 0 || (a.type.isFP8() && imprecise > k))
    fail("max_num_imprecise_acc ({0}) must be <= K ({1}) and not negative", imprecise, k);
  return emit<tile::DotOp>(type, a.handle, b.handle, acc.handle,
                           choosePrecision(options, a.type, this->options.dotPrecision),
                           a.type.isFP8() ? impreciseProducts(imprecise, k) : 0,
                           a.type.scalarKind() == Scalar::UInt8,
                           b.type.scalarKind() == Scalar::UInt8);
}

//===------------------------------------------------------------------------------------------===//
// Reduce and scan
//===------------------------------------------------------------------------------------------===//

static void checkSources(llvm::ArrayRef<Value> values, const char *what) {
  if (values.empty())
    fail("{0} needs at least one block", what);
  for (const Value &value : values) {
    if (!value.isBlock())
      failType("{0} takes blocks, got {1}", what, value.type.str());
    if (value.shape() != values.front().shape())
      fail("all {0} inputs must have the same shape, got {1} and {2}", what,
           printShape(values.front().shape()), printShape(value.shape()));
  }
}

static llvm::SmallVector<mlir::Value, 4> handlesOf(llvm::ArrayRef<Value> values) {
  return llvm::to_vector<4>(llvm::map_range(values, [](const Value &v) { return v.handle; }));
}

Values DotBuilder::openCombine(mlir::Operation *op, llvm::ArrayRef<Value> values,
                               llvm::ArrayRef<LanguageType> results) {
  OpenCombine open{op, ops.saveInsertionPoint(), {}, llvm::SmallVector<LanguageType, 4>(results)};
  mlir::Block *body = ops.createBlock(&op->getRegion(0));
  Values arguments;
  for (int tuple = 0; tuple < 2; ++tuple)
    for (const Value &value : values) {
      LanguageType scalar = value.type.scalar();
      arguments.push_back({body->addArgument(mlirType(scalar), loc), scalar});
    }
  for (const Value &value : values)
    open.scalars.push_back(value.type.scalar());
  openCombines.push_back(std::move(open));
  return arguments;
}

Values DotBuilder::closeCombine(llvm::ArrayRef<Operand> combined, bool isReduce) {
  const char *what = isReduce ? "reduce" : "associative_scan";
  if (openCombines.empty() || llvm::isa<tile::ReduceOp>(openCombines.back().op) != isReduce)
    fail("no combine region of {0} is open", what);
  const OpenCombine &open = openCombines.back();
  if (combined.size() != open.scalars.size())
    fail("the combine function of {0} must return {1} values, got {2}", what, open.scalars.size(),
         combined.size());
  llvm::SmallVector<mlir::Value, 4> yields;
  for (auto [i, operand, type] : llvm::enumerate(combined, open.scalars)) {
    Value value = operand.isWeak() ? constant(operand, type) : operand.value();
    if (value.type != type)
      failType("the combine function of {0} must return the type of its arguments: value {1} is "
               "{2}, not {3}",
               what, i, value.type.str(), type.str());
    yields.push_back(value.handle);
  }
  tile::YieldOp::create(ops, loc, yields);
  OpenCombine closed = openCombines.pop_back_val();
  ops.restoreInsertionPoint(closed.outer);
  Values results;
  for (auto [result, type] : llvm::zip_equal(closed.op->getResults(), closed.results))
    results.push_back({result, type});
  return results;
}

Values DotBuilder::beginReduce(llvm::ArrayRef<Value> sources, std::optional<int64_t> axis) {
  checkSources(sources, "reduction");
  Values values(sources);
  if (!axis)
    for (Value &value : values)
      value = reshape(value, {value.type.numel()}, /*canReorder=*/true);
  int64_t dim = normalizeAxis(axis.value_or(0), values.front().type.rank(), "reduction");
  llvm::SmallVector<int64_t, 4> shape(values.front().shape());
  shape.erase(shape.begin() + dim);
  llvm::SmallVector<LanguageType, 4> types;
  llvm::SmallVector<mlir::Type, 4> mlirTypes;
  for (const Value &value : values) {
    types.push_back(LanguageType::block(value.type.scalar(), shape));
    mlirTypes.push_back(mlirType(types.back()));
  }
  auto op =
      tile::ReduceOp::create(ops, loc, mlirTypes, handlesOf(values), static_cast<uint32_t>(dim));
  return openCombine(op, values, types);
}

Values DotBuilder::beginScan(llvm::ArrayRef<Value> values, int64_t axis, bool reverse) {
  checkSources(values, "scan");
  int64_t dim = normalizeAxis(axis, values.front().type.rank(), "scan");
  llvm::SmallVector<LanguageType, 4> types;
  llvm::SmallVector<mlir::Type, 4> mlirTypes;
  for (const Value &value : values) {
    types.push_back(value.type);
    mlirTypes.push_back(mlirType(value.type));
  }
  auto op = tile::ScanOp::create(ops, loc, mlirTypes, handlesOf(values), static_cast<uint32_t>(dim),
                                 reverse);
  return openCombine(op, values, types);
}

Values DotBuilder::endReduce(llvm::ArrayRef<Operand> combined) {
  return closeCombine(combined, true);
}
Values DotBuilder::endScan(llvm::ArrayRef<Operand> combined) {
  return closeCombine(combined, false);
}

static llvm::SmallVector<Operand, 4> callCombine(const Combine &combine,
                                                 llvm::ArrayRef<Value> arguments) {
  size_t half = arguments.size() / 2;
  Values combined = combine(arguments.take_front(half), arguments.drop_front(half));
  return llvm::SmallVector<Operand, 4>(combined.begin(), combined.end());
}

Values DotBuilder::reduce(llvm::ArrayRef<Value> values, std::optional<int64_t> axis,
                          const Combine &combine) {
  Values arguments = beginReduce(values, axis);
  return endReduce(callCombine(combine, arguments));
}

Values DotBuilder::scan(llvm::ArrayRef<Value> values, int64_t axis, const Combine &combine,
                        bool reverse) {
  Values arguments = beginScan(values, axis, reverse);
  return endScan(callCombine(combine, arguments));
}

Value DotBuilder::reduce(const Value &value, std::optional<int64_t> axis,
                         const std::function<Value(Value, Value)> &combine) {
  Values arguments = beginReduce(value, axis);
  Operand combined = combine(arguments[0], arguments[1]);
  return endReduce(combined).front();
}

} // namespace cosmati::lang
