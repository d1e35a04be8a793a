#include "compiler/Builder/Builder.h"
#include "dialects/Tile/IR/TileDialect.h"

namespace cosmati::lang {

static tile::Axis checkedAxis(int64_t axis, const char *function) {
  if (axis < 0 || axis > 2)
    fail("{0} axis must be 0, 1, or 2 but got {1}", function, axis);
  return static_cast<tile::Axis>(axis);
}

Value Builder::programId(int64_t axis) {
  return emit<tile::ProgramIdOp>(Scalar::Int32, checkedAxis(axis, "program_id"));
}

Value Builder::numPrograms(int64_t axis) {
  return emit<tile::NumProgramsOp>(Scalar::Int32, checkedAxis(axis, "num_programs"));
}

void Builder::debugBarrier() { tile::DebugBarrierOp::create(ops, loc); }

void Builder::print(llvm::StringRef prefix, llvm::ArrayRef<Operand> args, bool hex) {
  llvm::SmallVector<mlir::Value, 4> handles;
  llvm::SmallVector<bool, 4> isSigned;
  for (Value value : materialize(args)) {
    if (!hex && value.type.isFP8()) // printf knows no 8-bit floats
      value = cast(value, Scalar::FP32);
    handles.push_back(value.handle);
    isSigned.push_back(value.type.isSigned());
  }
  tile::PrintOp::create(ops, loc, prefix, hex, isSigned, handles);
}

void Builder::assertThat(const Operand &condition, llvm::StringRef message,
                         const OptionalOperand &mask) {
  Value holds = toBool(condition);
  if (mask)
    holds = logicalOr(holds, logicalNot(*mask));
  tile::AssertOp::create(ops, loc, holds.handle, message);
}

void Builder::assume(const Operand &condition) {
  if (condition.type().isBlock() || !condition.type().isInt())
    failType("assume takes a scalar truth value, got {0}", condition.str());
}

namespace {

/// One number per dimension of `value`, each at least 1.
llvm::SmallVector<int32_t, 4> hintNumbers(const Value &value, llvm::ArrayRef<int64_t> numbers,
                                          const char *function) {
  size_t wanted = std::max<size_t>(1, value.shape().size());
  if (numbers.size() != wanted)
    fail("Shape of input to {0} does not match the length of values: {1} takes {2}, got {3}",
         function, value.type.str(), wanted, numbers.size());
  llvm::SmallVector<int32_t, 4> result;
  for (int64_t number : numbers) {
    if (number < 1 || number > INT32_MAX)
      fail("values of {0} must be at least 1 and fit in int32, got {1}", function, number);
    result.push_back(static_cast<int32_t>(number));
  }
  return result;
}

} // namespace

Value Builder::multipleOf(const Value &value, llvm::ArrayRef<int64_t> multiples) {
  auto numbers = ops.getDenseI32ArrayAttr(hintNumbers(value, multiples, "multiple_of"));
  return emit<tile::HintOp>(value.type, value.handle, numbers, nullptr, nullptr);
}

Value Builder::maxContiguous(const Value &value, llvm::ArrayRef<int64_t> lengths) {
  auto numbers = ops.getDenseI32ArrayAttr(hintNumbers(value, lengths, "max_contiguous"));
  return emit<tile::HintOp>(value.type, value.handle, nullptr, numbers, nullptr);
}

Value Builder::maxConstancy(const Value &value, llvm::ArrayRef<int64_t> lengths) {
  auto numbers = ops.getDenseI32ArrayAttr(hintNumbers(value, lengths, "max_constancy"));
  return emit<tile::HintOp>(value.type, value.handle, nullptr, nullptr, numbers);
}

} // namespace cosmati::lang
