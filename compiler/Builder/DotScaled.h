// Matrix product of blocks in microscaling (MX) formats, by decomposition into casts, bit
// arithmetic, multiplications by powers of two and an ordinary dot.
#pragma once

#include "compiler/Builder/DotBuilder.h"

namespace cosmati::lang {

/// One operand of dotScaled: [.., M, K] on the left, [.., K, N] on the right.
struct ScaledOperand {
  /// e4m3, e5m2, bf16, fp16: elements of that type (fp8e4nv, fp8e5, bf16, fp16), or unsigned
  /// integers with their bits. e2m1: uint8, each with two elements that follow one another along
  /// the packed dimension, the first in the low nibble.
  Value values;
  /// "e2m1", "e4m3", "e5m2", "bf16" or "fp16".
  llvm::StringRef format;
  /// [.., M, K / 32] uint8 on the left, [.., N, K / 32] on the right: E8M0, 2^(s - 127), 255 is
  /// NaN. [.., K / 16] fp8e4nv scales e2m1, e4m3 and e5m2. Absent: every scale is 1.
  std::optional<Value> scale = std::nullopt;
  /// e2m1: packed along K, else along M or N.
  bool packedAlongK = true;
};

struct DotScaledOptions {
  /// Added to the product; [.., M, N] fp32. Zero if absent.
  std::optional<Value> acc = std::nullopt;
  /// Scales are never 255 (if one is, it counts as infinity).
  bool fastMath = false;
  LanguageType outType = Scalar::FP32;
};

/// A float type that scaled operands are multiplied in, and integers of its width for its bits.
struct ScaledArithmetic;

class DotScaledBuilder : public DotBuilder {
public:
  using DotBuilder::DotBuilder;

  /// r[m, n] = acc[m, n] + sum_k (lhs[m, k] * sl[m, k / 32]) * (rhs[k, n] * sr[n, k / 32]), fp32.
  ///
  /// Each operand times its scale is rounded to bf16; where one operand is fp16, to the fp32 that a
  /// tf32 dot takes (fp16 if there are no scales and no bf16). All of them hold each scaled element
  /// exactly unless it leaves the range of that type: beyond 2^128 it becomes infinity, below
  /// 2^-126 it is rounded to a multiple of 2^-133 (bf16; fp32: 2^-149, of which tf32 hardware keeps
  /// 2^-136).
  Value dotScaled(const ScaledOperand &lhs, const ScaledOperand &rhs,
                  const DotScaledOptions &options = {});

private:
  struct Side;
  Value decodeE2M1(const Value &bytes, bool high);
  Value unpackE2M1(const Value &bytes, int64_t dim);
  Value decodeE8M0(const Value &scale, const ScaledArithmetic &arithmetic, bool fastMath);
  Value spreadAlongK(const Value &scale, const Side &side);
  Value upcast(const Side &side, const ScaledArithmetic &arithmetic, bool fastMath);
};

} // namespace cosmati::lang
