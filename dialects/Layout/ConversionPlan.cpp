// Choice of the kind of conversion.
#include "dialects/Layout/ConversionPlan.h"

#include "dialects/Layout/ConversionDetail.h"
#include "dialects/Layout/F2.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

namespace cosmati {

//===----------------------------------------------------------------------------------------------===//
// Expressions of the thread
//===----------------------------------------------------------------------------------------------===//

uint32_t PlaceExpr::evaluate(ThreadPlace place) const {
  uint32_t value = 0;
  for (const PlaceTerm &term : terms) {
    uint32_t index = term.dim == LayoutDim::Lane   ? place.lane
                     : term.dim == LayoutDim::Warp ? place.warp
                                                   : place.block;
    value ^= ShiftTerm{term.mask, term.shift}.apply(index);
  }
  return value;
}

uint32_t PlaceExpr::possibleBits() const {
  uint32_t bits = 0;
  for (const PlaceTerm &term : terms)
    bits |= ShiftTerm{term.mask, term.shift}.apply(~uint32_t(0));
  return bits;
}

PlaceExpr PlaceExpr::of(const LinearLayout &layout, LayoutDim to) {
  PlaceExpr expr;
  for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
    for (ShiftTerm term : layout.shiftTerms(dim, to))
      expr.terms.push_back({dim, term.mask, term.shift});
  return expr;
}

bool PlaceParity::evaluate(ThreadPlace place) const {
  return (llvm::popcount(place.lane & lanes) + llvm::popcount(place.warp & warps) +
          llvm::popcount(place.block & blocks)) &
         1;
}

int64_t ShufflePlan::shuffleCount() const {
  return llvm::count_if(rounds, [](const ShuffleRound &round) { return round.moves; });
}

int64_t ShufflePlan::selectCount() const {
  return sendStages.size() * sourceWords.size() + receiveStages.size() * rounds.size();
}

llvm::StringRef conversionKindName(ConversionKind kind) {
  switch (kind) {
  case ConversionKind::Identity:
    return "identity";
  case ConversionKind::RegisterPermute:
    return "register permutation";
  case ConversionKind::WarpShuffle:
    return "warp shuffle";
  case ConversionKind::SharedMemory:
    return "shared memory";
  }
  return "unknown";
}

//===----------------------------------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------------------------------===//

bool detail::preserves(const LinearLayout &conversion, LayoutDim dim) {
  if (conversion.inBits(dim) != conversion.outBits(dim))
    return false;
  uint32_t inMask = conversion.in().mask(dim);
  for (auto [bit, column] : llvm::enumerate(conversion.columns())) {
    uint32_t wanted = (inMask >> bit & 1) ? conversion.in().coordinate(1u << bit, dim) : 0;
    if (static_cast<uint32_t>(conversion.out().coordinate(column, dim)) != wanted)
      return false;
  }
  return true;
}

namespace {

llvm::Error invalid(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

/// C, after checking that a plan exists.
llvm::Expected<LinearLayout> conversionMap(const LinearLayout &source,
                                           const LinearLayout &destination) {
  if (source.out() != destination.out())
    return invalid("cannot convert between layouts of different shapes: " + source.toString() +
                   " to " + destination.toString());
  for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
    if (source.inBits(dim) != destination.inBits(dim))
      return invalid("cannot convert from " + llvm::Twine(source.inSize(dim)) + " to " +
                     llvm::Twine(destination.inSize(dim)) + " in dim " + layoutDimName(dim) +
                     "; both layouts must describe the same threads");
  std::optional<LinearLayout> conversion = destination.invertAndCompose(source);
  if (!conversion)
    return invalid("the source layout does not hold every element that the destination holds: " +
                   source.toString() + " to " + destination.toString());
  if (!detail::preserves(*conversion, LayoutDim::Block))
    return invalid("this conversion moves elements between the CTAs of a cluster, which layout "
                   "conversions do not do; keep the split over CTAs or go through global memory: " +
                   source.toString() + " to " + destination.toString());
  return *conversion;
}

/// Whether C only renames registers: register and thread parts do not mix.
bool staysInThread(const LinearLayout &conversion) {
  if (!detail::preserves(conversion, LayoutDim::Lane) ||
      !detail::preserves(conversion, LayoutDim::Warp))
    return false;
  for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
    for (uint32_t column : conversion.columns(dim))
      if (conversion.out().coordinate(column, LayoutDim::Register))
        return false;
  return true;
}

int64_t costOf(const ShufflePlan &plan, unsigned elementBits) {
  int64_t parts = elementBits > 32 ? 2 : 1;
  return parts *
         (plan.shuffleCount() * detail::kShuffleCost + plan.selectCount() * detail::kSelectCost);
}

int64_t costOf(const SharedPlan &plan) {
  auto traffic = [](const VectorAccess &access, BankConflicts conflicts) {
    return static_cast<int64_t>(access.groups.size()) * conflicts.wavefronts *
           detail::kWavefrontCost;
  };
  return traffic(plan.stores, plan.storeConflicts) + traffic(plan.loads, plan.loadConflicts) +
         detail::kBarrierCost;
}

} // namespace

llvm::Expected<ConversionPlan> planConversion(const LinearLayout &source,
                                              const LinearLayout &destination, unsigned elementBits,
                                              const ConversionOptions &options) {
  llvm::Expected<LinearLayout> conversion = conversionMap(source, destination);
  if (!conversion)
    return conversion.takeError();
  ConversionPlan plan;
  plan.conversion = *conversion;

  if (staysInThread(plan.conversion)) {
    bool isIdentity = source.inBits(LayoutDim::Register) == destination.inBits(LayoutDim::Register);
    llvm::ArrayRef<uint32_t> columns = plan.conversion.columns(LayoutDim::Register);
    for (int32_t reg = 0; reg < destination.inSize(LayoutDim::Register); ++reg) {
      plan.sourceRegister.push_back(
          plan.conversion.out().coordinate(f2::apply(columns, reg), LayoutDim::Register));
      isIdentity &= plan.sourceRegister.back() == reg;
    }
    plan.kind = isIdentity ? ConversionKind::Identity : ConversionKind::RegisterPermute;
    return plan;
  }

  std::optional<ShufflePlan> shuffle;
  if (options.allowShuffles)
    shuffle = detail::planShuffle(source, destination, elementBits);
  if (shuffle &&
      (options.avoidSharedMemory || costOf(*shuffle, elementBits) <= detail::kBarrierCost)) {
    plan.kind = ConversionKind::WarpShuffle;
    plan.shuffle = std::move(*shuffle);
    return plan;
  }
  SharedPlan shared = detail::planShared(source, destination, elementBits);
  if (shuffle && costOf(*shuffle, elementBits) <= costOf(shared)) {
    plan.kind = ConversionKind::WarpShuffle;
    plan.shuffle = std::move(*shuffle);
    return plan;
  }
  plan.kind = ConversionKind::SharedMemory;
  plan.shared = std::move(shared);
  return plan;
}

llvm::Expected<ConversionCost> conversionCost(const LinearLayout &source,
                                              const LinearLayout &destination, unsigned elementBits,
                                              const ConversionOptions &options) {
  llvm::Expected<ConversionPlan> plan = planConversion(source, destination, elementBits, options);
  if (!plan)
    return plan.takeError();
  return ConversionCost{plan->kind, plan->shared.bytes};
}

} // namespace cosmati
