// Types of the kernel language.
//
// MLIR integers are signless and MLIR pointers know no `const`, so a value of the language carries
// its own type beside the MLIR one. A LanguageType is a handle to an immutable description that
// exists once per process: copying it copies a pointer, comparing it compares two. Names and
// printing are those of `triton.language`.
#pragma once

#include "compiler/Builder/Errors.h"
#include "mlir/IR/BuiltinTypes.h"
#include <cstdint>

namespace cosmati::lang {

/// Kinds of scalar. A floating name gives sign and exponent bits: FP8E4NV is NVIDIA's E4M3 (no
/// infinity), FP8E4B8 and FP8E5B16 have biases 8 and 16 and no negative zero, FP8E4B15 has bias 15,
/// no infinity and no NaN.
enum class Scalar : uint8_t {
  Void,
  Int1,
  Int8,
  Int16,
  Int32,
  Int64,
  UInt8,
  UInt16,
  UInt32,
  UInt64,
  FP8E5,
  FP8E5B16,
  FP8E4NV,
  FP8E4B8,
  FP8E4B15,
  FP16,
  BF16,
  FP32,
  FP64,
  Pointer,
};

/// What the promotion of Python scalars compares: a scalar of lower or equal kind does not widen a
/// tensor.
enum class Kind : uint8_t { Void, Boolean, Integral, Floating, Pointer };

/// Largest number of elements of a block.
inline constexpr int64_t kMaxBlockElements = 1 << 20;

struct TypeStorage;

/// A scalar, a pointer or a block of either. The default value is `void`.
class LanguageType {
public:
  LanguageType() : LanguageType(Scalar::Void) {}
  /// A scalar other than a pointer.
  LanguageType(Scalar scalar);

  /// The scalar type of that name ("fp32", "int1", "fp8e4nv", ...); throws LanguageTypeError
  /// listing the names.
  static LanguageType fromName(llvm::StringRef name);
  /// Pointer to a scalar or to a pointer; throws LanguageTypeError for a block or void.
  static LanguageType pointer(LanguageType pointee, bool isConst = false,
                              unsigned addressSpace = 1);
  /// Block of scalars; an empty shape gives `element` itself. Throws LanguageError unless every
  /// extent is a power of two and their product is at most kMaxBlockElements.
  static LanguageType block(LanguageType element, llvm::ArrayRef<int64_t> shape);

  bool isVoid() const { return scalarKind() == Scalar::Void; }
  bool isBlock() const;
  /// Extents of a block; empty for a scalar.
  llvm::ArrayRef<int64_t> shape() const;
  int64_t rank() const { return static_cast<int64_t>(shape().size()); }
  /// Number of elements; 1 for a scalar.
  int64_t numel() const;

  /// Element type of a block, else the type itself.
  LanguageType scalar() const;
  /// This type's shape around another scalar.
  LanguageType withScalar(LanguageType scalar) const;
  /// This type's shape around int1: the type of a comparison.
  LanguageType boolLike() const { return withScalar(Scalar::Int1); }

  // The questions below are about the scalar type.
  Scalar scalarKind() const;
  Kind kind() const;
  bool isPointer() const { return scalarKind() == Scalar::Pointer; }
  /// What a pointer (or block of pointers) points to; void for other types.
  LanguageType pointee() const;
  bool isConst() const;
  unsigned addressSpace() const;
  bool isBool() const { return scalarKind() == Scalar::Int1; }
  /// Integers, int1 among them.
  bool isInt() const;
  /// int8 to int64. int1 counts as unsigned wherever a sign matters: `true` is 1.
  bool isSigned() const;
  bool isUnsigned() const;
  bool isFloat() const;
  bool isFP8() const;
  /// fp8e4b15, fp8e4b8, fp8e5b16: formats that no supported target has instructions for. They are
  /// converted by integer arithmetic, computed with in fp32, and multiplied by dots as fp16.
  bool isStorageOnly() const;
  /// fp8e4b8, fp8e5b16: the code of -0 is NaN.
  bool hasOneZero() const;
  /// Bits of a scalar in memory; int1 has 1, a pointer 64, void 0.
  unsigned bitwidth() const;
  /// Explicit bits of a floating type's significand; 0 for others.
  unsigned mantissaWidth() const;
  /// Smallest and largest value of an integer type.
  int64_t minInt() const;
  uint64_t maxInt() const;

  /// As Triton prints it: `fp32`, `pointer<fp16>`, `<[128, 64], int32>`.
  const std::string &str() const;
  mlir::Type mlirType(mlir::MLIRContext *context) const;

  bool operator==(const LanguageType &other) const { return storage == other.storage; }
  bool operator!=(const LanguageType &other) const { return storage != other.storage; }
  const void *opaque() const { return storage; }

private:
  explicit LanguageType(const TypeStorage *storage) : storage(storage) {}
  const TypeStorage *storage;
};

inline llvm::raw_ostream &operator<<(llvm::raw_ostream &os, const LanguageType &type) {
  return os << type.str();
}
inline std::ostream &operator<<(std::ostream &os, const LanguageType &type) {
  return os << type.str();
}

} // namespace cosmati::lang
