// Checked construction of tile IR: the semantics of the kernel language, written once for Python
// and C++.
//
//   auto context = makeContext();
//   Builder b(*context);
//   Values args = b.beginFunction("scale", {LanguageType::pointer(Scalar::FP32), Scalar::Int32},
//   {.isKernel = true}); Value i = b.add(b.mul(b.programId(0), 128), b.arange(0, 128)); Value p =
//   b.add(args[0], i), m = b.lt(i, args[1]); b.store(p, b.mul(b.load(p, {.mask = m}), 2.0), {.mask
//   = m}); b.endFunction();
//
// Every operation promotes, converts and broadcasts its operands by the rules of `triton.language`,
// and throws LanguageError or LanguageTypeError for what the language does not allow. Each family
// of operations is a class of its own that uses those before it:
//   BuilderCore < ShapeBuilder < CastBuilder < ArithmeticBuilder < MathBuilder < MemoryBuilder <
//   DotBuilder < DotScaledBuilder < PackedDotBuilder < ForeignCodeBuilder < ControlBuilder <
//   Builder
#pragma once

#include "compiler/Builder/ControlBuilder.h"

namespace cosmati::lang {

class Builder : public ControlBuilder {
public:
  using ControlBuilder::ControlBuilder;

  /// Place of this program in the grid, and the grid's extent; axis 0, 1 or 2; int32.
  Value programId(int64_t axis);
  Value numPrograms(int64_t axis);

  void debugBarrier();
  /// Prints each element of `args` after `prefix`.
  void print(llvm::StringRef prefix, llvm::ArrayRef<Operand> args, bool hex = false);
  /// Stops the launch with `message` where `condition` is false (and `mask`, if given, is true).
  void assertThat(const Operand &condition, llvm::StringRef message,
                  const OptionalOperand &mask = std::nullopt);
  /// Checks that `condition` is a scalar truth value. It is advice that no pass takes yet, so
  /// nothing is built.
  void assume(const Operand &condition);

  // The value itself with the author's promise; one number per dimension, one for a scalar.
  Value multipleOf(const Value &value, llvm::ArrayRef<int64_t> multiples);
  Value maxContiguous(const Value &value, llvm::ArrayRef<int64_t> lengths);
  Value maxConstancy(const Value &value, llvm::ArrayRef<int64_t> lengths);
};

} // namespace cosmati::lang
