// Foreign code on each element: PTX text, and functions of bitcode libraries.
#pragma once

#include "cosmati/Math.h"

namespace cosmati {

struct AsmOptions {
  /// Elements that one run of the text handles: a power of two up to 32.
  int pack = 1;
  /// false: no run is removed, moved or made twice.
  bool isPure = true;
};

/// Runs PTX on each element of `args`, which are broadcast, not converted. `constraints` are
/// LLVM's:
/// "=r,r,r" is a 32-bit result of two 32-bit operands. The text names registers $0, $1, ...;
/// several elements of 8 or 16 bits share a register where `pack` says so.
///
///   auto high = inlineAsm<uint32_t>("mul.hi.u32 $0, $1, $2;", "=r,r,r", {}, x, y);
template <typename R, detail::Term... X>
auto inlineAsm(detail::TextAt text, std::string_view constraints, AsmOptions options,
               const X &...args) {
  return detail::Elementwise<detail::elementOf<R>, X...>(
      detail::inlineAsm(text.text, constraints, {detail::Operand(args)...}, detail::elementOf<R>,
                        options.pack, options.isPure, text.where));
}

/// A function of NVIDIA's libdevice on each element; R is its result's type. Arguments are
/// broadcast, not converted.
///
///   auto y = libdevice<float>("__nv_sinhf", x);
template <typename R, detail::Term... X> auto libdevice(detail::TextAt symbol, const X &...args) {
  return detail::Elementwise<detail::elementOf<R>, X...>(detail::externElementwise(
      "libdevice", "", symbol.text, {detail::strong(args, symbol.where)...}, detail::elementOf<R>,
      symbol.where));
}
/// A function of a bitcode file, likewise.
template <typename R, detail::Term... X>
auto externElementwise(detail::TextAt symbol, std::string_view library, std::string_view path,
                       const X &...args) {
  return detail::Elementwise<detail::elementOf<R>, X...>(
      detail::externElementwise(library, path, symbol.text, {detail::strong(args, symbol.where)...},
                                detail::elementOf<R>, symbol.where));
}

} // namespace cosmati
