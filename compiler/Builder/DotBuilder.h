// Matrix product, reduction and scan.
#pragma once

#include "compiler/Builder/MemoryBuilder.h"
#include <functional>

namespace cosmati::lang {

struct DotOptions {
  /// Added to the product; its type must be the result's. Zero if absent.
  std::optional<Value> acc = std::nullopt;
  /// "" (see BuilderOptions), "tf32", "tf32x3", "ieee", "bf16x3", "bf16x6".
  llvm::StringRef inputPrecision = "";
  /// Older spelling: true is "tf32", false "ieee".
  std::optional<bool> allowTF32 = std::nullopt;
  /// fp8: how many products may be summed at the hardware's reduced precision. Absent: 0, every
  /// product at full precision.
  std::optional<int64_t> maxNumImpreciseAcc = std::nullopt;
  /// Accumulator and result type for fp16 and fp8 operands: fp32 or fp16. void: the type of `acc`,
  /// else fp32.
  LanguageType outType = Scalar::Void;
};

/// Combines two tuples of scalars into one; called once, inside the region being built.
using Combine = std::function<Values(llvm::ArrayRef<Value> lhs, llvm::ArrayRef<Value> rhs)>;

class DotBuilder : public MemoryBuilder {
public:
  using MemoryBuilder::MemoryBuilder;

  /// [M, K] x [K, N] (or with a leading batch dimension). Operands share one type; fp8 types may
  /// differ. int8 -> int32; fp32, bf16 -> fp32; fp64 -> fp64; fp16, fp8 -> outType.
  Value dot(const Value &a, const Value &b, const DotOptions &options = {});

  /// Opens the combine region of a reduction along `axis` (absent: over all elements, in any order)
  /// and returns its arguments: the first half is one tuple, the second half the other.
  Values beginReduce(llvm::ArrayRef<Value> values, std::optional<int64_t> axis);
  /// Closes it with the combined tuple; gives the reduced values, scalars where rank 1 was reduced.
  Values endReduce(llvm::ArrayRef<Operand> combined);
  Values beginScan(llvm::ArrayRef<Value> values, int64_t axis, bool reverse = false);
  Values endScan(llvm::ArrayRef<Operand> combined);

  Values reduce(llvm::ArrayRef<Value> values, std::optional<int64_t> axis, const Combine &combine);
  Values scan(llvm::ArrayRef<Value> values, int64_t axis, const Combine &combine,
              bool reverse = false);
  /// The reduction of one block by one binary function.
  Value reduce(const Value &value, std::optional<int64_t> axis,
               const std::function<Value(Value, Value)> &combine);

private:
  struct OpenCombine {
    mlir::Operation *op;
    mlir::OpBuilder::InsertPoint outer;
    llvm::SmallVector<LanguageType, 4> scalars, results;
  };
  Values openCombine(mlir::Operation *op, llvm::ArrayRef<Value> values,
                     llvm::ArrayRef<LanguageType> results);
  Values closeCombine(llvm::ArrayRef<Operand> combined, bool isReduce);
  llvm::SmallVector<OpenCombine, 1> openCombines;
};

} // namespace cosmati::lang
