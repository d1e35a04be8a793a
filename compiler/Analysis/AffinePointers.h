// How pointers and indices change with the place in their block.
//
// Along dim d of a block, if the value at index i + 1 differs from that at i by the same amount for
// all i, that amount is the block's coefficient along d: an integer, or a sum of integers times
// scalars of the kernel, so that all threads agree on it. Pointers count bytes. Layouts play no
// part.
//
// Example: `ptr + rows[:, None] * stride + cols[None, :]` of f16, with rows and cols ranges, has
// the coefficients 2 * stride and 2; `ptr + (rows % n)[:, None] * stride + cols[None, :]` is
// unknown along dim 0 and has 2 along dim 1.
//
// Scalars and sums count as what they are without wrapping, sign-extended to 64 bits: index
// arithmetic that overflows its type is the program's error, as in AxisInfo.h. Who computes an
// address from another one by a coefficient does so in 64 bits, so that no wrap is added.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace cosmati {

/// constant + the sum of factor * scalar, in 64 bits. Scalars are i32 or i64 and occur once each;
/// no factor is 0.
struct UniformSum {
  struct Term {
    mlir::Value scalar;
    int64_t factor;
  };

  static UniformSum of(int64_t constant) { return {constant, {}}; }

  bool isConstant() const { return terms.empty(); }
  bool isZero() const { return isConstant() && constant == 0; }
  bool operator==(const UniformSum &other) const;

  int64_t constant = 0;
  llvm::SmallVector<Term, 2> terms;
};

/// Null where a number leaves 64 bits, or a product has two scalars in one term.
std::optional<UniformSum> add(const UniformSum &a, const UniformSum &b);
std::optional<UniformSum> multiply(const UniformSum &a, const UniformSum &b);

/// What is known of a value.
struct AffineBlock {
  using Sum = std::optional<UniformSum>;

  /// The coefficient along each dim, null where unknown; none for a scalar. An extent of 1 has 0.
  llvm::SmallVector<Sum, 4> alongDim;
  /// What every element is, where that is known.
  Sum uniform;

  static AffineBlock unknown(mlir::Type type);
  bool operator==(const AffineBlock &) const = default;
};

/// The analysis of one function. The scalars in its sums dominate the values that it describes.
class AffinePointers {
public:
  explicit AffinePointers(mlir::func::FuncOp function);

  AffineBlock of(mlir::Value value) const;

private:
  void visitBlock(mlir::Block &block);
  void visit(mlir::Operation &op);
  void visitFor(mlir::Operation &op);
  void visitIf(mlir::Operation &op);
  bool set(mlir::Value value, AffineBlock known);

  llvm::DenseMap<mlir::Value, AffineBlock> infos;
};

} // namespace cosmati
