//===- Select.cpp - selp and slct -----------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Soft.h"

namespace cosmati::ptxvm {
namespace {

template <class T> const Inst *selp(Warp &w, const Inst *i) {
  Result<T> r(w, i, 0);
  T *out = r.data();
  const T *a = slot<T>(w, i->op[1]), *b = slot<T>(w, i->op[2]);
  uint32_t p = predicate(w, i->op[3]);
  COSMATI_VM_LANES out[l] = (p >> l & 1) ? a[l] : b[l];
  r.finish();
  return i + 1;
}
struct SlctInt {
  template <class T> static T apply(T a, T b, int32_t c) { return c >= 0 ? a : b; }
};
/// -0 counts as zero, NaN selects b; with .ftz subnormals are zero, hence select a.
template <bool Ftz> struct SlctFloat {
  template <class T> static T apply(T a, T b, float c) { return (Ftz ? flush(c) : c) >= 0 ? a : b; }
};
template <class T> Handler slct(const Selection &s) {
  if (s.id == InstId::SlctI)
    return ternary<SlctInt, T, T, T, int32_t>;
  return has(s, Mod::ftz) ? ternary<SlctFloat<true>, T, T, T, float>
                          : ternary<SlctFloat<false>, T, T, T, float>;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectSelect(const Selection &s) {
  bool choose = s.id == InstId::Selp;
  switch (s.dstBits) {
  case 16:
    return choose ? selp<uint16_t> : slct<uint16_t>(s);
  case 32:
    return choose ? selp<uint32_t> : slct<uint32_t>(s);
  case 64:
    return choose ? selp<uint64_t> : slct<uint64_t>(s);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
