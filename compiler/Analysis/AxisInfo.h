// Contiguity, divisibility and constancy of index and pointer values: what a wide memory access
// needs to know.
//
// For a block, each property is given for every dim; a scalar has one dim of extent 1. Along a dim,
// cut the block into aligned groups of g elements:
//
//   contiguity[d] = g     within each group the values are v, v+1, v+2, ... (pointers: consecutive
//   elements in memory) constancy[d] = g      within each group all values are equal
//   divisibility[d]       the first value of each contiguity group is a multiple of this (pointers:
//   the address in bytes)
//
// All are powers of two. Example: `16 * pid + arange(0, 128)` has contiguity 128, constancy 1,
// divisibility 16. Index arithmetic that overflows its type is the program's error (the VM reports
// it where it reaches an address), so a sum or product of values that aren't negative counts as not
// negative.
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace cosmati {

class AxisInfo {
public:
  using Dims = llvm::SmallVector<int64_t, 4>;

  /// Nothing is known: all ones.
  static AxisInfo unknown(unsigned rank);
  /// Every element is `value`.
  static AxisInfo constant(llvm::ArrayRef<int64_t> shape, int64_t value);
  /// What holds for both.
  static AxisInfo join(const AxisInfo &a, const AxisInfo &b);

  unsigned rank() const { return contiguity.size(); }
  /// Divisor of the first value of each aligned group of `group` elements along `dim`, group <=
  /// contiguity; `unit` is 1 for integers, the element's bytes for pointers.
  int64_t divisibilityOfGroup(unsigned dim, int64_t group, int64_t unit = 1) const;
  /// Divisor of every single element.
  int64_t elementDivisibility(unsigned dim, int64_t unit = 1) const {
    return divisibilityOfGroup(dim, 1, unit);
  }

  bool operator==(const AxisInfo &) const = default;

  Dims contiguity, divisibility, constancy;
  std::optional<int64_t> value; ///< of every element, where known
  bool nonNegative = false;
};

/// Largest power of two that divides `value`, at most kMaxDivisor (which 0 gets).
int64_t powerOfTwoDivisor(int64_t value);
inline constexpr int64_t kMaxDivisor = int64_t(1) << 40;

/// The analysis of one function, with or without layouts.
class AxisInfoAnalysis {
public:
  explicit AxisInfoAnalysis(mlir::func::FuncOp function);

  /// The info of a value of integer, index or pointer type; unknown for others.
  AxisInfo infoOf(mlir::Value value) const;

  /// Along `dim`, how many consecutive elements of the block of pointers can be read or written in
  /// one access: contiguous, aligned to the access, with one mask for all, at most `maxBytes`.
  int64_t accessWidth(mlir::Value pointers, mlir::Value mask, unsigned dim,
                      int64_t maxBytes = 16) const;

private:
  void visitBlock(mlir::Block &block);
  void visit(mlir::Operation &op);
  void visitFor(mlir::Operation &op);
  void visitWhile(mlir::Operation &op);
  void visitIf(mlir::Operation &op);
  bool set(mlir::Value value, AxisInfo info);

  llvm::DenseMap<mlir::Value, AxisInfo> infos;
};

/// The transfer function of one op without regions. `operands` are in order.
AxisInfo transferAxisInfo(mlir::Operation &op, llvm::ArrayRef<AxisInfo> operands);

/// Bytes of what `pointers` (a pointer or a block of them) point to.
int64_t pointeeBytes(mlir::Type pointers);

} // namespace cosmati
