// Loads, stores, block pointers and atomics.
#pragma once

#include "compiler/Builder/MathBuilder.h"

namespace cosmati::lang {

using OptionalOperand = std::optional<Operand>;

/// Options of a load; the words are Triton's, "" is the default of each.
struct LoadOptions {
  OptionalOperand mask = std::nullopt;
  OptionalOperand other = std::nullopt;
  /// "", ".ca", ".cg", ".cv"
  llvm::StringRef cache = "";
  /// "", "evict_first", "evict_last"
  llvm::StringRef evict = "";
  bool isVolatile = false;
};

struct StoreOptions {
  OptionalOperand mask = std::nullopt;
  /// "", ".wb", ".cg", ".cs", ".wt"
  llvm::StringRef cache = "";
  llvm::StringRef evict = "";
};

struct AtomicOptions {
  OptionalOperand mask = std::nullopt;
  /// "" (acq_rel), "relaxed", "acquire", "release", "acq_rel"
  llvm::StringRef sem = "";
  /// "" (gpu), "gpu", "cta", "sys"
  llvm::StringRef scope = "";
};

enum class AtomicOp : uint8_t { Add, Max, Min, And, Or, Xor, Xchg };

/// A window of a strided array: base[sum((offset[d] + i[d]) * stride[d])], i[d] in [0,
/// blockShape[d]). Shape, strides and offsets are integer scalars; it is a value of the front ends
/// only, expanded where it is loaded or stored.
struct BlockPointer {
  Value base;
  Values shape, strides, offsets;
  llvm::SmallVector<int64_t, 4> blockShape;
};

class MemoryBuilder : public MathBuilder {
public:
  using MathBuilder::MathBuilder;

  /// The element type at `pointer`, a scalar or block. Masked-off elements are `other`, 0 without
  /// it.
  Value load(const Value &pointer, const LoadOptions &options = {});
  /// `value` is converted to the element type and broadcast to the pointer's shape.
  void store(const Value &pointer, const Operand &value, const StoreOptions &options = {});

  /// Old values at `pointer`. Supports what the hardware has: see the error's text.
  Value atomic(AtomicOp op, const Value &pointer, const Operand &value,
               const AtomicOptions &options = {});
  Value atomicAdd(const Value &pointer, const Operand &value, const AtomicOptions &options = {}) {
    return atomic(AtomicOp::Add, pointer, value, options);
  }
  Value atomicMax(const Value &pointer, const Operand &value, const AtomicOptions &options = {}) {
    return atomic(AtomicOp::Max, pointer, value, options);
  }
  Value atomicMin(const Value &pointer, const Operand &value, const AtomicOptions &options = {}) {
    return atomic(AtomicOp::Min, pointer, value, options);
  }
  Value atomicXchg(const Value &pointer, const Operand &value, const AtomicOptions &options = {}) {
    return atomic(AtomicOp::Xchg, pointer, value, options);
  }
  /// Compare-and-swap of elements of 16, 32 or 64 bits; gives the old values. Options may not hold
  /// a mask.
  Value atomicCas(const Value &pointer, const Operand &compare, const Operand &value,
                  const AtomicOptions &options = {});

  /// Checks ranks and types; shape and strides become int64, offsets int32 (or stay int64).
  BlockPointer makeBlockPointer(const Value &base, llvm::ArrayRef<Operand> shape,
                                llvm::ArrayRef<Operand> strides, llvm::ArrayRef<Operand> offsets,
                                Shape blockShape);
  BlockPointer advance(const BlockPointer &pointer, llvm::ArrayRef<Operand> offsets);
  /// Elements outside the array along the dimensions of `boundaryCheck` are 0 ("" or "zero") or NaN
  /// ("nan").
  Value load(const BlockPointer &pointer, llvm::ArrayRef<int64_t> boundaryCheck,
             llvm::StringRef padding, const LoadOptions &options = {});
  void store(const BlockPointer &pointer, const Operand &value,
             llvm::ArrayRef<int64_t> boundaryCheck, const StoreOptions &options = {});

  /// The address of each element of the window, and whether it lies inside of the array along the
  /// dimensions of `boundaryCheck` (absent where none is checked). Shapes broadcast.
  struct Expanded {
    Value pointers;
    OptionalOperand mask;
  };
  Expanded expand(const BlockPointer &pointer, llvm::ArrayRef<int64_t> boundaryCheck);

private:
  Value boolPointerAsBytes(const Value &pointer);
  Value checkedMask(const Operand &mask);
};

} // namespace cosmati::lang
