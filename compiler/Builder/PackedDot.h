// Products that only tensor cores have: of elements narrower than a byte, and with a matrix of
// which half is zero and not stored.
#pragma once

#include "compiler/Builder/DotScaled.h"

namespace cosmati::lang {

struct DotSparseOptions {
  /// Added to the product; its type must be the result's. Zero if absent.
  std::optional<Value> acc = std::nullopt;
  /// Accumulator and result type for fp16 operands: fp32 or fp16. void: the type of `acc`, else
  /// fp32.
  LanguageType outType = Scalar::Void;
};

class PackedDotBuilder : public DotScaledBuilder {
public:
  using DotScaledBuilder::DotScaledBuilder;

  /// [M, K / 2] x [K / 2, N] of (u)int8, each with two elements that follow one another along K,
  /// the first in the low nibble. Types are "s4" and "u4". int32, wraps.
  Value dotPacked(const Value &a, const Value &b, llvm::StringRef aType, llvm::StringRef bType,
                  const std::optional<Value> &acc = std::nullopt);

  /// [M, K / 32] x [K / 32, N] of (u)int32 with 32 bits along K each, the first one lowest: how
  /// many k there are with (a op b) = 1. `product` is "xor" or "and". int32.
  Value dotBits(const Value &a, const Value &b, llvm::StringRef product,
                const std::optional<Value> &acc = std::nullopt);

  /// A x b, where `a`, [M, K / 2], has the elements of A and `metadata`, [M, K / 16] (fp32:
  /// [M, K / 8]) of (u)int16, says where they stand; see tile.dot_sparse. b is [K, N]. Operands
  /// share one type; fp8 types may differ, as may int8 and uint8. (u)int8 -> int32; fp32, bf16,
  /// fp8 -> fp32; fp16 -> outType. fp32 is rounded to tf32.
  Value dotSparse(const Value &a, const Value &metadata, const Value &b,
                  const DotSparseOptions &options = {});

private:
  Value accumulator(const std::optional<Value> &acc, LanguageType type, const char *what);
};

} // namespace cosmati::lang
