// The parts that a conversion plan is put together from.
#pragma once

#include "dialects/Layout/ConversionPlan.h"

namespace cosmati::detail {

/// The shuffle plan of a conversion that stays within each warp; none if it does not.
std::optional<ShufflePlan> planShuffle(const LinearLayout &source, const LinearLayout &destination,
                                       unsigned elementBits);

/// The plan through shared memory. Requires that no element changes its CTA.
SharedPlan planShared(const LinearLayout &source, const LinearLayout &destination,
                      unsigned elementBits);

/// Whether `conversion` maps every index of `dim` to itself, whatever it does to other dims.
bool preserves(const LinearLayout &conversion, LayoutDim dim);

/// Cost of a warp's work in quarters of an SM cycle: of four warps at once, a shuffle or a
/// wavefront takes one pass of the one load/store pipe, a select half a pass of each of the four
/// issue slots.
constexpr int64_t kShuffleCost = 4, kSelectCost = 2, kWavefrontCost = 4;
/// Two barriers of the CTA and the latency of a store followed by a load.
constexpr int64_t kBarrierCost = 160;

} // namespace cosmati::detail
