// Matrix product.
#pragma once

#include "cosmati/Block.h"

namespace cosmati {

struct DotOptions {
  /// How fp32 operands are fed: "" (tf32), "tf32", "tf32x3", "ieee", "bf16x3", "bf16x6".
  std::string_view inputPrecision = "";
  /// fp8: how many products may be summed at the hardware's reduced precision; -1: as the language
  /// says.
  int maxNumImpreciseAcc = -1;
};

namespace detail {

/// Element type of a product; None where there is none.
constexpr Element dotElement(Element a, Element b, Element wanted) {
  auto isByte = [](Element e) { return e == Element::Int8 || e == Element::UInt8; };
  if (isByte(a) && isByte(b))
    return Element::Int32;
  if (isFP8(a) && isFP8(b))
    return wanted == Element::FP16 || wanted == Element::FP32 ? wanted : Element::None;
  if (a != b)
    return Element::None;
  if (a == Element::FP16)
    return wanted == Element::FP16 || wanted == Element::FP32 ? wanted : Element::None;
  if (a == Element::FP32 || a == Element::BF16)
    return Element::FP32;
  return a == Element::FP64 ? Element::FP64 : Element::None;
}

constexpr Dims dotDims(Dims a, Dims b) {
  if (a.rank != b.rank || (a.rank != 2 && a.rank != 3) ||
      a.extent[a.rank - 1] != b.extent[b.rank - 2] || (a.rank == 3 && a.extent[0] != b.extent[0]))
    return kMismatch;
  return replaced(a, a.rank - 1, b.extent[b.rank - 1]);
}

template <Element Wanted, AnyBlock A, AnyBlock B> struct DotType {
  static constexpr Dims dims = dotDims(BlockTraits<A>::dims, BlockTraits<B>::dims);
  static_assert(dims.isValid(),
                "dot takes [M, K] x [K, N], or both with one batch dimension before; "
                "the K of both must be equal");
  static constexpr Element element =
      dotElement(BlockTraits<A>::element, BlockTraits<B>::element, Wanted);
  static_assert(element != Element::None,
                "dot takes operands of one type: (u)int8, fp8, float16, bfloat16, float, double; "
                "the sum of float16 and fp8 is float or float16");
  using type = BlockOf<CppType<element>, dims>;
};

} // namespace detail

/// [M, K] x [K, N], or with a leading batch dimension. int8 -> int32; fp32, bf16 -> fp32; fp64 ->
/// fp64; fp16, fp8 -> Out, float or float16.
template <typename Out = float, detail::AnyBlock A, detail::AnyBlock B>
auto dot(const A &a, const B &b, DotOptions options = {},
         detail::Where where = detail::Where::current()) {
  using Result = typename detail::DotType<detail::elementOf<Out>, A, B>::type;
  return Result(detail::dot(a, b, detail::Operand(), detail::elementOf<Out>, options.inputPrecision,
                            options.maxNumImpreciseAcc, where));
}
/// acc + a x b, in the type of acc.
template <detail::AnyBlock A, detail::AnyBlock B, detail::AnyBlock C>
C dot(const A &a, const B &b, const C &acc, DotOptions options = {},
      detail::Where where = detail::Where::current()) {
  using Result = typename detail::DotType<detail::BlockTraits<C>::element, A, B>::type;
  static_assert(std::is_same_v<Result, C>,
                "acc of dot must have the type and shape of the product");
  return C(detail::dot(a, b, acc, detail::BlockTraits<C>::element, options.inputPrecision,
                       options.maxNumImpreciseAcc, where));
}

} // namespace cosmati
