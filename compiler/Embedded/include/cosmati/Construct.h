// The library's side of the language: one function per family of operations. Users write Block.h's
// operators and the functions of the other headers, which add the static types.
//
// A value is known to the outside as a handle into the kernel that is being built in this thread.
#pragma once

#include "cosmati/Elements.h"
#include "cosmati/Shapes.h"

#include <cstddef>
#include <initializer_list>
#include <source_location>
#include <string_view>
#include <utility>

namespace cosmati::detail {

using Where = std::source_location;

/// A type of the language: shape and element, or with `pointers` > 0 a pointer to it (to a pointer,
/// ...); isConst is about what the innermost pointer points to.
struct TypeSpec {
  Element element = Element::None;
  uint8_t pointers = 0;
  bool isConst = false;
  Dims dims;
};

struct Handle {
  uint32_t trace = 0; // of the kernel; 0: no value
  uint32_t index = 0;
};

/// A variable of a kernel. All that are alive are known to the kernel being built, so that loops
/// and branches can tell which of them their bodies assign.
class COSMATI_API Variable {
public:
  Handle handle() const { return value; }

protected:
  Variable() noexcept;
  /// Throws CompilationError if the value is of another type than `type`.
  Variable(Handle value, const TypeSpec &type);
  Variable(const Variable &other) noexcept;
  Variable &operator=(const Variable &other) noexcept;
  ~Variable();

private:
  friend class Trace;
  void link() noexcept;

  Variable *previous = nullptr, *next = nullptr;
  uint64_t serial = 0; // a name that no other variable of the thread had or will have
  Handle value;
};

/// A value, or a number in its place.
class Operand {
public:
  enum class Kind : uint8_t { None, Value, Bool, Int, UInt, Float };

  Operand() = default;
  Operand(const Variable &variable) : kind(Kind::Value), value(variable.handle()) {}
  Operand(Handle handle) : kind(Kind::Value), value(handle) {}
  template <Number T> Operand(T number) {
    if constexpr (std::is_same_v<T, bool>) {
      kind = Kind::Bool;
      integer = number;
    } else if constexpr (std::is_floating_point_v<T>) {
      kind = Kind::Float;
      real = number;
    } else {
      kind = std::is_signed_v<T> ? Kind::Int : Kind::UInt;
      integer = static_cast<uint64_t>(number);
    }
  }

  Kind kind = Kind::None;
  Handle value;
  uint64_t integer = 0;
  double real = 0;
};

enum class UnaryOp : uint8_t { Negate, Invert, Not, ToBool, Abs, Exp, Exp2, Log, Log2, Sin, Cos };
enum class FloatOp : uint8_t { Tanh, Erf, Sqrt, SqrtRn, Rsqrt, Floor, Ceil };
enum class BinaryOp : uint8_t {
  Add,
  Sub,
  Mul,
  TrueDiv,
  FloorDiv,
  Mod,
  And,
  Or,
  Xor,
  Shl,
  Shr,
  Lt,
  Le,
  Gt,
  Ge,
  Eq,
  Ne,
  LogicalAnd,
  LogicalOr,
  DivRn,
  UMulHi,
};

COSMATI_API Handle unary(UnaryOp op, const Operand &x, Where where);
COSMATI_API Handle unary(FloatOp op, const Operand &x, Where where);
COSMATI_API Handle binary(BinaryOp op, const Operand &x, const Operand &y, Where where);
/// As binary, with the place of the operation before it: `==` and `!=` have none of their own.
COSMATI_API Handle binaryHere(BinaryOp op, const Operand &x, const Operand &y);
COSMATI_API Handle extremum(bool isMax, const Operand &x, const Operand &y, bool propagateNaN,
                            Where where);
COSMATI_API Handle clamp(const Operand &x, const Operand &low, const Operand &high,
                         bool propagateNaN, Where where);
COSMATI_API Handle fma(const Operand &x, const Operand &y, const Operand &z, Where where);
COSMATI_API Handle fdiv(const Operand &x, const Operand &y, bool ieeeRounding, Where where);
COSMATI_API Handle where(const Operand &condition, const Operand &x, const Operand &y, Where where);

COSMATI_API Handle cast(const Operand &x, const TypeSpec &type, std::string_view rounding,
                        Where where);
COSMATI_API Handle bitcast(const Operand &x, const TypeSpec &type, Where where);
COSMATI_API Handle full(const TypeSpec &type, const Operand &value, Where where);
COSMATI_API Handle arange(int start, int end, Where where);

COSMATI_API Handle broadcastTo(const Operand &x, const Dims &shape, Where where);
COSMATI_API Handle expandDims(const Operand &x, int axis, Where where);
COSMATI_API Handle reshape(const Operand &x, const Dims &shape, bool canReorder, Where where);
COSMATI_API Handle permute(const Operand &x, const Dims &order, Where where);
COSMATI_API Handle join(const Operand &x, const Operand &y, Where where);
COSMATI_API std::pair<Handle, Handle> split(const Operand &x, Where where);
COSMATI_API Handle cat(const Operand &x, const Operand &y, int dim, Where where);

struct MemoryWords {
  std::string_view cache, evict;
  bool isVolatile = false;
};
COSMATI_API Handle load(const Operand &pointer, const Operand &mask, const Operand &other,
                        const MemoryWords &words, Where where);
COSMATI_API void store(const Operand &pointer, const Operand &value, const Operand &mask,
                       const MemoryWords &words, Where where);

enum class AtomicOp : uint8_t { Add, Max, Min, And, Or, Xor, Xchg };
COSMATI_API Handle atomic(AtomicOp op, const Operand &pointer, const Operand &value,
                          const Operand &mask, std::string_view sem, std::string_view scope,
                          Where where);
COSMATI_API Handle atomicCas(const Operand &pointer, const Operand &compare, const Operand &value,
                             std::string_view sem, std::string_view scope, Where where);

COSMATI_API Handle dot(const Operand &a, const Operand &b, const Operand &acc, Element outType,
                       std::string_view precision, int maxNumImpreciseAcc, Where where);

/// One operand of dotScaled; a scale of kind None: every scale is 1.
struct ScaledSide {
  Operand values;
  std::string_view format;
  Operand scale;
};
COSMATI_API Handle dotScaled(const ScaledSide &a, const ScaledSide &b, const Operand &acc,
                             bool fastMath, Where where);

/// Values of a block pointer: base, then shape, strides and offsets, `block.rank` of each.
/// `checked` lists dimensions.
COSMATI_API Handle loadWindow(const Handle *values, const Dims &block, const Dims &checked,
                              std::string_view padding, const MemoryWords &words, Where where);
COSMATI_API void storeWindow(const Handle *values, const Dims &block, const Operand &value,
                             const Dims &checked, const MemoryWords &words, Where where);

COSMATI_API Handle inlineAsm(std::string_view text, std::string_view constraints,
                             std::initializer_list<Operand> args, Element result, int pack,
                             bool isPure, Where where);
COSMATI_API Handle externElementwise(std::string_view library, std::string_view path,
                                     std::string_view symbol, std::initializer_list<Operand> args,
                                     Element result, Where where);

/// Opens the combine region of a reduction (axis -1: over all elements) or scan of `count` blocks;
/// fills `arguments` with its 2 * count scalars.
COSMATI_API void beginReduce(const Handle *blocks, size_t count, int axis, Handle *arguments,
                             Where where);
COSMATI_API void beginScan(const Handle *blocks, size_t count, int axis, bool reverse,
                           Handle *arguments, Where where);
/// Closes it with the combined values; fills `results`.
COSMATI_API void endReduce(const Operand *combined, size_t count, Handle *results);
COSMATI_API void endScan(const Operand *combined, size_t count, Handle *results);

COSMATI_API Handle programId(int axis, Where where);
COSMATI_API Handle numPrograms(int axis, Where where);
COSMATI_API void debugBarrier(Where where);
COSMATI_API void print(std::string_view prefix, std::initializer_list<Operand> args, bool hex,
                       Where where);
COSMATI_API void assertThat(const Operand &condition, std::string_view message, const Operand &mask,
                            Where where);
COSMATI_API void assume(const Operand &condition, Where where);
enum class Hint : uint8_t { MultipleOf, MaxContiguous, MaxConstancy };
COSMATI_API Handle hint(Hint kind, const Operand &x, std::initializer_list<int> values,
                        Where where);

struct LoopHints {
  int numStages = 0, unrollFactor = 0; // 0: not said
  bool flatten = false, warpSpecialize = false, disableLicm = false;
};
/// Opens a loop in which every variable that is alive may be assigned; gives its counter.
COSMATI_API Handle beginFor(const Operand &low, const Operand &high, const Operand &step,
                            const LoopHints &hints, Where where);
COSMATI_API void endFor();
COSMATI_API void beginWhile(Where where);
COSMATI_API void whileCondition(const Operand &condition, Where where);
COSMATI_API void endWhile();
COSMATI_API void beginIf(const Operand &condition, Where where);
COSMATI_API void beginElse();
COSMATI_API void endIf();

} // namespace cosmati::detail
