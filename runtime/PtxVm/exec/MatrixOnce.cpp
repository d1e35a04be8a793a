//===- MatrixOnce.cpp - parts of matrix instructions compiled once --------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/MmaTile.h"
#include "runtime/PtxVm/exec/Wgmma.h"
#include <cfenv>
#include <cmath>

namespace cosmati::ptxvm {

const Inst *matrixFault(Warp &w, const Inst *i, const char *reason) {
  faultText(w, i, FaultKind::Convergence, w.active, reason);
  return nullptr;
}

const Inst *wgmmaFault(Warp &w, const Inst *i, uint32_t lanes, const std::string &reason) {
  faultText(w, i, FaultKind::Wgmma, lanes, reason);
  return nullptr;
}
void metadataFault(Warp &w, const Inst *i, unsigned lane, unsigned row, unsigned chunk,
                   uint32_t code, bool ordered) {
  std::string bits;
  for (unsigned b = 4; b-- > 0;)
    bits += code >> b & 1 ? '1' : '0';
  faultText(w, i, FaultKind::Matrix, 1u << lane,
            "the metadata of row " + std::to_string(row) + ", chunk " + std::to_string(chunk) +
                " is 0b" + bits + ", which names no two positions" +
                (ordered ? " in ascending order" : "") +
                "; the indices of a chunk must differ (tf32: 0b0100 or 0b1110)");
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
