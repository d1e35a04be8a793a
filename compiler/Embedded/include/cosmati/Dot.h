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

namespace detail {

/// Every scale is 1.
struct NoScale {};

template <typename S> Operand scaleOf(const S &scale) {
  if constexpr (AnyBlock<S>)
    return Operand(scale);
  else
    return Operand();
}

} // namespace detail

/// An operand of dotScaled: `format` is "e2m1", "e4m3", "e5m2", "bf16" or "fp16". Values of "e2m1"
/// are bytes with two elements that follow one another along K, the first in the low nibble; those
/// of 8-bit formats may be bytes. `scale` is [M, K / 32] (on the right [N, K / 32]) of E8M0 bytes.
template <detail::AnyBlock V, typename S = detail::NoScale> struct Scaled {
  V values;
  std::string_view format;
  S scale = {};
};
template <typename V> Scaled(V, const char *) -> Scaled<V>;
template <typename V, typename S> Scaled(V, const char *, S) -> Scaled<V, S>;

/// acc + sum over k of (a[m, k] * scale) * (b[k, n] * scale), in fp32. fastMath: no scale is NaN.
template <typename A, typename SA, typename B, typename SB, int M, int N>
Block<float, M, N> dotScaled(const Scaled<A, SA> &a, const Scaled<B, SB> &b,
                             const Block<float, M, N> &acc, bool fastMath = false,
                             detail::Where where = detail::Where::current()) {
  constexpr detail::Dims x = detail::BlockTraits<A>::dims, y = detail::BlockTraits<B>::dims;
  static_assert(x.rank == 2 && y.rank == 2 && x.extent[0] == M && y.extent[1] == N,
                "dotScaled takes [M, K], [K, N] and acc [M, N]; K counts bytes for e2m1");
  return Block<float, M, N>(detail::dotScaled({a.values, a.format, detail::scaleOf(a.scale)},
                                              {b.values, b.format, detail::scaleOf(b.scale)}, acc,
                                              fastMath, where));
}

} // namespace cosmati
