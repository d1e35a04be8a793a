// How one dimension of a block lies in its layout: what reductions and scans ask.
#pragma once

#include "dialects/Layout/LinearLayout.h"

namespace cosmati::tilegpu {

/// Whether bits of `dim` (warp, block, ...) move along `axis`.
bool axisCrosses(const LinearLayout &layout, unsigned axis, LayoutDim dim);

/// Whether each bit of a place moves along `axis` or along other dims, never both, and no two
/// places of one axis position differ in bits that move along it: combining over the places that
/// differ in those bits takes each element of the axis exactly once.
bool axisIsSeparate(const LinearLayout &layout, unsigned axis);

/// Whether each bit that moves along `axis` flips exactly one bit of the index: positions then
/// ascend with the places.
bool axisIsBitwise(const LinearLayout &layout, unsigned axis);

} // namespace cosmati::tilegpu
