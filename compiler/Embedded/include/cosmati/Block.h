// Block<T, N...>: a value of a kernel. Its element type and shape are its C++ type, so that the C++
// compiler checks what Python's front end checks when a kernel is compiled.
//
//   Block<float, 128, 64>   128 x 64 floats        Scalar<int>         = Block<int>
//   Block<float *, 1024>    1024 pointers          Ptr<const float>    = Block<const float *>
//
// Variables may be assigned anywhere, in the bodies of forRange, whileLoop and ifThen as well:
// those find out which variables they change. A variable without a value (default constructed) must
// get one before it is read.
#pragma once

#include "cosmati/Construct.h"

#include <utility>

namespace cosmati {

template <typename T, int... N> class Block;
/// One value of type T; a number converts to it.
template <typename T> using Scalar = Block<T>;
/// A pointer into the device's memory; `const T`: it is only read.
template <typename T> using Ptr = Block<T *>;

namespace detail {

template <typename T> constexpr TypeSpec scalarSpec() {
  if constexpr (std::is_pointer_v<T>) {
    using Pointee = std::remove_pointer_t<T>;
    TypeSpec spec = scalarSpec<std::remove_cv_t<Pointee>>();
    spec.isConst |= std::is_const_v<Pointee> && !std::is_pointer_v<Pointee>;
    ++spec.pointers;
    return spec;
  } else {
    return {elementOf<T>, 0, false, {}};
  }
}

template <typename T> struct BlockTraits {
  static constexpr bool isBlock = false;
};
template <typename T, int... N> struct BlockTraits<Block<T, N...>> {
  static constexpr bool isBlock = true;
  static constexpr bool isPointer = std::is_pointer_v<T>;
  static constexpr bool isNumber = false;
  static constexpr Element element = elementOf<T>;
  static constexpr Dims dims = dimsOf<N...>();
  using type = T;
};
template <Number T> struct BlockTraits<T> {
  static constexpr bool isBlock = false;
  static constexpr bool isPointer = false;
  static constexpr bool isNumber = true;
  static constexpr Element element = ownElement<T>();
  static constexpr Dims dims = {};
  using type = CppType<element>;
};

template <typename T>
concept AnyBlock = BlockTraits<T>::isBlock;
/// What an operation takes: a value or a number.
template <typename T>
concept Term = AnyBlock<T> || Number<T>;
template <typename T>
concept PointerBlock = AnyBlock<T> && BlockTraits<T>::isPointer;

// `auto` rather than Dims, and no function in the alias: g++ 12 crashes on these.
template <typename T, auto D, typename I> struct MakeBlock;
template <typename T, auto D, size_t... I> struct MakeBlock<T, D, std::index_sequence<I...>> {
  using type = Block<T, D.extent[I]...>;
};
/// The block with elements T and the extents D.
template <typename T, auto D>
using BlockOf =
    typename MakeBlock<T, D, std::make_index_sequence<static_cast<size_t>(D.rank)>>::type;

/// A value with the place where an operator was applied to it: the conversion to the operator's
/// parameter happens there.
template <typename B> struct At {
  const B &value;
  Where where;
  At(const B &value, Where where = Where::current()) : value(value), where(where) {}
};
template <typename B> struct ChangedAt {
  B &variable;
  Where where;
  ChangedAt(B &variable, Where where = Where::current()) : variable(variable), where(where) {}
};

/// A text with the place where it was written.
struct TextAt {
  std::string_view text;
  Where where;
  TextAt(const char *text, Where where = Where::current()) : text(text), where(where) {}
};

constexpr bool isComparison(BinaryOp op) { return op >= BinaryOp::Lt && op <= BinaryOp::Ne; }
constexpr bool isBitwise(BinaryOp op) { return op >= BinaryOp::And && op <= BinaryOp::Shr; }
constexpr bool isDivision(BinaryOp op) { return op >= BinaryOp::TrueDiv && op <= BinaryOp::Mod; }

/// Element type of the result; None where the language has none.
constexpr Element resultElement(BinaryOp op, Element a, bool aIsNumber, Element b, bool bIsNumber) {
  if (op == BinaryOp::LogicalAnd || op == BinaryOp::LogicalOr)
    return Element::Bool;
  Element common = promote(a, aIsNumber, b, bIsNumber, isDivision(op));
  if (common == Element::None || (isBitwise(op) && !isInteger(common)) ||
      (op == BinaryOp::FloorDiv && !isInteger(common)))
    return Element::None;
  if (isComparison(op))
    return Element::Bool;
  return op == BinaryOp::TrueDiv && isInteger(common) ? Element::FP32 : common;
}

template <BinaryOp Op, Term A, Term B> auto binaryOf(const A &a, const B &b, Where where);

/// `/` divides integers as C++ does: toward zero.
template <Term A, Term B> constexpr BinaryOp slash() {
  return isInteger(BlockTraits<A>::element) && isInteger(BlockTraits<B>::element)
             ? BinaryOp::FloorDiv
             : BinaryOp::TrueDiv;
}

} // namespace detail

#define COSMATI_BINARY(symbol, op)                                                                 \
  template <detail::Term B> friend auto operator symbol(detail::At<Block> a, const B &b) {         \
    return detail::binaryOf<op(Block, B)>(a.value, b, a.where);                                    \
  }                                                                                                \
  template <detail::Number A> friend auto operator symbol(const A &a, detail::At<Block> b) {       \
    return detail::binaryOf<op(A, Block)>(a, b.value, b.where);                                    \
  }
#define COSMATI_COMPOUND(symbol, op)                                                               \
  COSMATI_BINARY(symbol, op)                                                                       \
  template <detail::Term B>                                                                        \
  friend Block &operator symbol## = (detail::ChangedAt<Block> a, const B &b) {                     \
    auto result = detail::binaryOf<op(Block, B)>(std::as_const(a.variable), b, a.where);           \
    static_assert(std::is_same_v<decltype(result), Block>,                                         \
                  "the result has another type or shape than the variable: convert the operand "   \
                  "with .to<...>(), or the variable beforehand");                                  \
    return a.variable = result;                                                                    \
  }
#define COSMATI_OP_ADD(A, B) detail::BinaryOp::Add
#define COSMATI_OP_SUB(A, B) detail::BinaryOp::Sub
#define COSMATI_OP_MUL(A, B) detail::BinaryOp::Mul
#define COSMATI_OP_DIV(A, B) detail::slash<A, B>()
#define COSMATI_OP_MOD(A, B) detail::BinaryOp::Mod
#define COSMATI_OP_AND(A, B) detail::BinaryOp::And
#define COSMATI_OP_OR(A, B) detail::BinaryOp::Or
#define COSMATI_OP_XOR(A, B) detail::BinaryOp::Xor
#define COSMATI_OP_SHL(A, B) detail::BinaryOp::Shl
#define COSMATI_OP_SHR(A, B) detail::BinaryOp::Shr
#define COSMATI_OP_LT(A, B) detail::BinaryOp::Lt
#define COSMATI_OP_LE(A, B) detail::BinaryOp::Le
#define COSMATI_OP_GT(A, B) detail::BinaryOp::Gt
#define COSMATI_OP_GE(A, B) detail::BinaryOp::Ge
#define COSMATI_OP_LAND(A, B) detail::BinaryOp::LogicalAnd
#define COSMATI_OP_LOR(A, B) detail::BinaryOp::LogicalOr

template <typename T, int... N> class Block : public detail::Variable {
public:
  /// Type and shape, for the library.
  static constexpr detail::TypeSpec spec{detail::scalarSpec<T>().element,
                                         detail::scalarSpec<T>().pointers,
                                         detail::scalarSpec<T>().isConst, detail::dimsOf<N...>()};
  static_assert(spec.element != detail::Element::None,
                "elements are bool, int8_t to int64_t, uint8_t to uint64_t, float8e4nv, float8e5, "
                "float16, bfloat16, float, double, and pointers to these");
  static_assert(spec.dims.isLegal(),
                "the extents of a block are powers of two; it has at most 2^20 elements");
  static constexpr int rank = sizeof...(N);

  /// No value; it must be assigned before it is read.
  Block() = default;
  /// Every element is the number.
  template <detail::Number U>
    requires(!std::is_pointer_v<T>)
  Block(U number, detail::Where where = detail::Where::current())
      : Variable(detail::full(spec, number, where), spec) {
    static_assert(!std::is_floating_point_v<U> || detail::isFloat(spec.element),
                  "a float is no constant of an integer type: convert it first");
  }
  /// For the library.
  explicit Block(detail::Handle handle) : Variable(handle, spec) {}

  /// The elements converted to U. float to integer truncates and saturates (NaN gives 0); narrower
  /// floats round to nearest even unless `rounding` is "rtz"; fp8 overflow saturates; to bool: !=
  /// 0.
  template <typename U>
  Block<U, N...> to(std::string_view rounding = "",
                    detail::Where where = detail::Where::current()) const {
    return Block<U, N...>(detail::cast(*this, Block<U, N...>::spec, rounding, where));
  }
  /// The same bits as another type of equal width.
  template <typename U>
  Block<U, N...> bitcast(detail::Where where = detail::Where::current()) const {
    return Block<U, N...>(detail::bitcast(*this, Block<U, N...>::spec, where));
  }
  /// A block [n] as [n, 1].
  Block<T, N..., 1> column(detail::Where where = detail::Where::current()) const
    requires(sizeof...(N) == 1)
  {
    return Block<T, N..., 1>(detail::expandDims(*this, 1, where));
  }
  /// A block [n] as [1, n].
  Block<T, 1, N...> row(detail::Where where = detail::Where::current()) const
    requires(sizeof...(N) == 1)
  {
    return Block<T, 1, N...>(detail::expandDims(*this, 0, where));
  }

  COSMATI_COMPOUND(+, COSMATI_OP_ADD)
  COSMATI_COMPOUND(-, COSMATI_OP_SUB)
  COSMATI_COMPOUND(*, COSMATI_OP_MUL)
  COSMATI_COMPOUND(/, COSMATI_OP_DIV)
  COSMATI_COMPOUND(%, COSMATI_OP_MOD)
  COSMATI_COMPOUND(&, COSMATI_OP_AND)
  COSMATI_COMPOUND(|, COSMATI_OP_OR)
  COSMATI_COMPOUND(^, COSMATI_OP_XOR)
  COSMATI_COMPOUND(<<, COSMATI_OP_SHL)
  COSMATI_COMPOUND(>>, COSMATI_OP_SHR)
  COSMATI_BINARY(<, COSMATI_OP_LT)
  COSMATI_BINARY(<=, COSMATI_OP_LE)
  COSMATI_BINARY(>, COSMATI_OP_GT)
  COSMATI_BINARY(>=, COSMATI_OP_GE)
  // Both sides are evaluated: C++'s shortcut is for numbers that C++ knows.
  COSMATI_BINARY(&&, COSMATI_OP_LAND)
  COSMATI_BINARY(||, COSMATI_OP_LOR)

  friend Block operator-(detail::At<Block> x) {
    static_assert(!std::is_pointer_v<T>, "a pointer has no negative");
    return Block(detail::unary(detail::UnaryOp::Negate, x.value, x.where));
  }
  friend Block operator~(detail::At<Block> x) {
    static_assert(detail::isInteger(spec.element) && !std::is_pointer_v<T>, "~ takes integers");
    return Block(detail::unary(detail::UnaryOp::Invert, x.value, x.where));
  }
  friend Block<bool, N...> operator!(detail::At<Block> x) {
    return Block<bool, N...>(detail::unary(detail::UnaryOp::Not, x.value, x.where));
  }
};

#undef COSMATI_BINARY
#undef COSMATI_COMPOUND
#undef COSMATI_OP_ADD
#undef COSMATI_OP_SUB
#undef COSMATI_OP_MUL
#undef COSMATI_OP_DIV
#undef COSMATI_OP_MOD
#undef COSMATI_OP_AND
#undef COSMATI_OP_OR
#undef COSMATI_OP_XOR
#undef COSMATI_OP_SHL
#undef COSMATI_OP_SHR
#undef COSMATI_OP_LT
#undef COSMATI_OP_LE
#undef COSMATI_OP_GT
#undef COSMATI_OP_GE
#undef COSMATI_OP_LAND
#undef COSMATI_OP_LOR

namespace detail {

/// The type of an operation on pointers: pointer + integer, integer + pointer, pointer - integer.
template <BinaryOp Op, Term A, Term B> constexpr bool isPointerArithmetic() {
  using X = BlockTraits<A>;
  using Y = BlockTraits<B>;
  if (X::isPointer)
    return !Y::isPointer && isInteger(Y::element) && (Op == BinaryOp::Add || Op == BinaryOp::Sub);
  return Y::isPointer && isInteger(X::element) && Op == BinaryOp::Add;
}

template <BinaryOp Op, Term A, Term B> constexpr auto binaryType() {
  using X = BlockTraits<A>;
  using Y = BlockTraits<B>;
  constexpr Dims dims = broadcast(X::dims, Y::dims);
  static_assert(dims.isValid(),
                "the operands' shapes do not broadcast: counted from the last dimension, extents "
                "must be equal, or one of them 1; see column(), row() and expandDims<>()");
  if constexpr (!dims.isValid()) {
    return std::type_identity<A>();
  } else if constexpr (X::isPointer || Y::isPointer) {
    static_assert(isPointerArithmetic<Op, A, B>(),
                  "pointers take integers: pointer + n, n + pointer, pointer - n");
    using T = std::conditional_t<X::isPointer, typename X::type, typename Y::type>;
    return std::type_identity<BlockOf<T, dims>>();
  } else {
    constexpr Element e = resultElement(Op, X::element, X::isNumber, Y::element, Y::isNumber);
    static_assert(e != Element::None,
                  "the operands have no common type for this operator: fp8 and integers, integers "
                  "of different signs under / and %, and floats under bit operators do not mix; "
                  "convert one with .to<...>()");
    if constexpr (e != Element::None)
      return std::type_identity<BlockOf<CppType<e>, dims>>();
    else
      return std::type_identity<A>();
  }
}
template <BinaryOp Op, Term A, Term B>
using BinaryType = typename decltype(binaryType<Op, A, B>())::type;

template <BinaryOp Op, Term A, Term B> auto binaryOf(const A &a, const B &b, Where where) {
  return BinaryType<Op, A, B>(binary(Op, a, b, where));
}

} // namespace detail

// Found for both orders of operands at once, so that C++20's reversed candidates are never
// ambiguous; that leaves no parameter that could carry a place.
template <detail::Term A, detail::Term B>
  requires(detail::AnyBlock<A> || detail::AnyBlock<B>)
auto operator==(const A &a, const B &b) {
  return detail::BinaryType<detail::BinaryOp::Eq, A, B>(
      detail::binaryHere(detail::BinaryOp::Eq, a, b));
}
template <detail::Term A, detail::Term B>
  requires(detail::AnyBlock<A> || detail::AnyBlock<B>)
auto operator!=(const A &a, const B &b) {
  return detail::BinaryType<detail::BinaryOp::Ne, A, B>(
      detail::binaryHere(detail::BinaryOp::Ne, a, b));
}

} // namespace cosmati
