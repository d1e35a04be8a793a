#include "compiler/Analysis/AxisOfLayout.h"

#include "dialects/Layout/F2.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

namespace cosmati::tilegpu {

bool axisCrosses(const LinearLayout &layout, unsigned axis, LayoutDim dim) {
  uint32_t mask = layout.out().mask(tensorDim(axis));
  return llvm::any_of(layout.columns(dim), [&](uint32_t column) { return column & mask; });
}

bool axisIsSeparate(const LinearLayout &layout, unsigned axis) {
  uint32_t mask = layout.out().mask(tensorDim(axis));
  f2::Subspace seen;
  for (uint32_t column : layout.columns())
    if ((column & mask) && ((column & ~mask) || !seen.insert(column)))
      return false;
  return true;
}

bool axisIsBitwise(const LinearLayout &layout, unsigned axis) {
  uint32_t mask = layout.out().mask(tensorDim(axis));
  return llvm::all_of(layout.columns(),
                      [&](uint32_t column) { return llvm::popcount(column & mask) <= 1; });
}

} // namespace cosmati::tilegpu
