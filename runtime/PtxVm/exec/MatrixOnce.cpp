//===- MatrixOnce.cpp - parts of matrix instructions compiled once --------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/MmaTile.h"
#include <cfenv>
#include <cmath>

namespace cosmati::ptxvm {

const Inst *matrixFault(Warp &w, const Inst *i, const char *reason) {
  faultText(w, i, FaultKind::Convergence, w.active, reason);
  return nullptr;
}

void fmaChain(unsigned rounding, const double (*a)[kMaxK], const double (*b)[8], unsigned rows,
              unsigned k, double (*c)[8]) {
  static constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  std::fesetround(modes[rounding]);
  for (unsigned r = 0; r < rows; ++r)
    for (unsigned n = 0; n < 8; ++n) {
      volatile double sum = c[r][n]; // the compiler must not move it across fesetround
      for (unsigned j = 0; j < k; ++j)
        sum = std::fma(a[r][j], b[j][n], sum);
      c[r][n] = sum != sum ? bitsAs<double>(uint64_t(0x7fffffffffffffff)) : double(sum);
    }
  std::fesetround(FE_TONEAREST);
}

} // namespace cosmati::ptxvm
