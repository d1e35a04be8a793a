// The swizzled shared layout for a conversion.
//
// Think of the part of the tensor that one CTA holds as the vector space E over F2. A shared layout
// is a basis of E: its first vectors are the bits of the offset within one vector access (V), the
// next ones number the banks, the last ones (G) number the rows of 128 bytes. Let a side's access
// be R (register columns), L (the lane columns of one phase: 32, 16 or 8 lanes for accesses of up
// to 4, 8, 16 bytes).
//
//   * A side can use vectors if V lies within span(R) and all of its lanes and warps have
//   coordinate 0 in V.
//   * A side is free of conflicts if no two lanes of a phase meet in one bank in different rows:
//     (V + span(L)) and span(G) intersect in 0 only.
//
// So G must be a common complement of two subspaces A (store) and B (load) of equal dimension, and
// over any field two such subspaces have one: with I their intersection, A = I + <a_i>, B = I +
// <b_i>, and C a complement of A + B, G = C + <a_i + b_i> does it. Hence a conflict-free swizzle
// always exists where V is common to both sides. The sums a_i + b_i are the XOR swizzle that one
// writes by hand.
//
// V is taken from registers common to both sides first; then it may be extended by registers of one
// side, which makes that side's accesses wider and leaves the other's as they are. Candidates are
// compared by the wavefronts they really cost.
#include "dialects/Layout/ConversionDetail.h"
#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutError.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

namespace cosmati {

namespace {

using f2::Columns;
using f2::Subspace;
using f2::Word;

/// Store or load: where the registers, lanes and warps of a CTA lie in E.
struct Side {
  Columns registers, lanes, warps;

  void appendThreads(Columns &to) const {
    llvm::append_range(to, lanes);
    llvm::append_range(to, warps);
  }
};

enum class Extend { None, Load, Store };

class SwizzleSearch {
public:
  SwizzleSearch(const LinearLayout &source, const LinearLayout &destination, unsigned elementBits);
  LinearLayout best();

private:
  Side sideOf(const LinearLayout &layout) const;
  Columns commonVector(unsigned limit) const;
  Columns extraVector(llvm::ArrayRef<Word> common, Extend extend, unsigned limit) const;
  Columns accessSpan(const Side &side, llvm::ArrayRef<Word> prefix, unsigned width) const;
  Columns rowBasis(llvm::ArrayRef<Word> a, llvm::ArrayRef<Word> b, unsigned count) const;
  Columns candidate(Extend extend, unsigned limit) const;
  int64_t cost(const LinearLayout &shared, bool &conflictFree) const;

  const LinearLayout &source, &destination;
  unsigned elementBits, elementLog;
  LinearLayout plain; ///< (block, offset) -> tensor with the CTA's part in natural order
  unsigned bits;      ///< dimension of E
  Side store, load;
};

/// The CTA's part of the tensor in natural order: unit vectors of the tensor where they lie in it.
LinearLayout naturalOrder(const LinearLayout &source) {
  Columns held;
  for (LayoutDim dim : {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp})
    llvm::append_range(held, source.columns(dim));
  Subspace part(held), span;
  Columns offsets;
  for (Word unit : f2::unitVectors(source.out().totalBits()))
    if (part.contains(unit))
      f2::extendBasis(span, offsets, unit);
  f2::extendBasis(span, offsets, held);
  LayoutSpace in;
  in.setBits(LayoutDim::Offset, offsets.size());
  in.setBits(LayoutDim::Block, source.inBits(LayoutDim::Block));
  llvm::append_range(offsets, source.columns(LayoutDim::Block));
  return LinearLayout::fromColumns(std::move(in), source.out(), offsets);
}

SwizzleSearch::SwizzleSearch(const LinearLayout &source, const LinearLayout &destination,
                             unsigned elementBits)
    : source(source), destination(destination), elementBits(elementBits),
      elementLog(llvm::Log2_64(sharedElementBytes(elementBits))), plain(naturalOrder(source)),
      bits(plain.inBits(LayoutDim::Offset)), store(sideOf(source)), load(sideOf(destination)) {}

Side SwizzleSearch::sideOf(const LinearLayout &layout) const {
  std::optional<LinearLayout> toOffset = placeToOffset(layout, plain);
  if (!toOffset)
    detail::layoutBug("the CTA holds " + plain.toString() + ", which lacks elements of " +
                      layout.toString());
  auto columns = [&](LayoutDim dim) {
    Columns result;
    for (Word column : toOffset->columns(dim))
      result.push_back(toOffset->out().coordinate(column, LayoutDim::Offset));
    return result;
  };
  return {columns(LayoutDim::Register), columns(LayoutDim::Lane), columns(LayoutDim::Warp)};
}

/// At most `limit` vectors of both sides' registers that keep clear of all threads.
Columns SwizzleSearch::commonVector(unsigned limit) const {
  Columns threads, candidates, chosen;
  store.appendThreads(threads);
  load.appendThreads(threads);
  Subspace loads(load.registers);
  llvm::copy_if(store.registers, std::back_inserter(candidates),
                [&](Word column) { return loads.contains(column); });
  llvm::append_range(candidates, f2::intersect(store.registers, load.registers));
  Subspace span(threads);
  f2::extendBasis(span, chosen, candidates, limit);
  return chosen;
}

/// Further vectors from one side's registers, so that `limit` is reached where possible.
Columns SwizzleSearch::extraVector(llvm::ArrayRef<Word> common, Extend extend,
                                   unsigned limit) const {
  Columns extra;
  if (extend == Extend::None)
    return extra;
  const Side &side = extend == Extend::Load ? load : store;
  Columns own(common), all;
  side.appendThreads(own);
  store.appendThreads(all);
  load.appendThreads(all);
  Subspace ownSpan(own);
  for (Word column : side.registers) {
    if (common.size() + extra.size() >= limit)
      break;
    // The common part must stay clear of the threads and of the extra vectors together.
    Columns outside(all);
    llvm::append_range(outside, extra);
    outside.push_back(column);
    Columns whole(outside);
    whole.append(common.begin(), common.end());
    if (f2::rank(whole) != common.size() + f2::rank(outside) || ownSpan.contains(column))
      continue;
    ownSpan.insert(column);
    extra.push_back(column);
  }
  return extra;
}

/// What one phase of a side's access touches, its lanes first.
Columns SwizzleSearch::accessSpan(const Side &side, llvm::ArrayRef<Word> prefix,
                                  unsigned width) const {
  unsigned accessLog = elementLog + width;
  unsigned phaseLanes = accessLog <= 2 ? 5 : 7 - accessLog;
  unsigned wordBits = elementLog < 2 ? 2 - elementLog : 0;
  Columns span;
  llvm::append_range(span, llvm::ArrayRef<Word>(side.lanes).take_front(phaseLanes));
  llvm::append_range(span, prefix.take_front(std::max(width, wordBits)));
  return span;
}

/// G: `count` vectors whose span meets neither span(a) nor span(b).
Columns SwizzleSearch::rowBasis(llvm::ArrayRef<Word> a, llvm::ArrayRef<Word> b,
                                unsigned count) const {
  Columns common = f2::intersect(a, b), onlyA, onlyB, rows;
  Subspace inA(common), inB(common), both(a);
  both.insertAll(b);
  f2::extendBasis(inA, onlyA, a);
  f2::extendBasis(inB, onlyB, b);
  for (llvm::ArrayRef<Word> candidates :
       {llvm::ArrayRef<Word>(store.warps), llvm::ArrayRef<Word>(load.warps),
        llvm::ArrayRef<Word>(store.lanes), llvm::ArrayRef<Word>(load.lanes),
        llvm::ArrayRef<Word>(store.registers), llvm::ArrayRef<Word>(load.registers)})
    f2::extendBasis(both, rows, candidates, count);
  f2::extendBasis(both, rows, f2::unitVectors(bits), count);
  for (auto [fromA, fromB] : llvm::zip(onlyA, onlyB))
    if (rows.size() < count)
      rows.push_back(fromA ^ fromB);
  return rows;
}

Columns SwizzleSearch::candidate(Extend extend, unsigned limit) const {
  Columns prefix = commonVector(limit);
  unsigned common = prefix.size();
  llvm::append_range(prefix, extraVector(Columns(prefix), extend, limit));
  unsigned storeWidth = extend == Extend::Store ? prefix.size() : common;
  unsigned loadWidth = extend == Extend::Load ? prefix.size() : common;

  // Elements narrower than a bank share it; lanes of the load are the natural neighbours.
  unsigned wordBits = elementLog < 2 ? 2 - elementLog : 0;
  Subspace span(prefix);
  for (llvm::ArrayRef<Word> candidates :
       {llvm::ArrayRef<Word>(load.lanes), llvm::ArrayRef<Word>(store.lanes)})
    f2::extendBasis(span, prefix, candidates, std::max<unsigned>(wordBits, prefix.size()));
  f2::extendBasis(span, prefix, f2::unitVectors(bits), std::max<unsigned>(wordBits, prefix.size()));

  unsigned bankRow = std::min(7 - elementLog, bits);
  Columns rows = rowBasis(accessSpan(store, prefix, storeWidth),
                          accessSpan(load, prefix, loadWidth), bits - bankRow);
  span.insertAll(rows);
  Columns basis(prefix);
  unsigned bankEnd = bits - rows.size();
  for (llvm::ArrayRef<Word> candidates :
       {llvm::ArrayRef<Word>(load.lanes), llvm::ArrayRef<Word>(store.lanes),
        llvm::ArrayRef<Word>(load.warps), llvm::ArrayRef<Word>(store.warps),
        llvm::ArrayRef<Word>(load.registers), llvm::ArrayRef<Word>(store.registers)})
    f2::extendBasis(span, basis, candidates, bankEnd);
  f2::extendBasis(span, basis, f2::unitVectors(bits), bankEnd);
  llvm::append_range(basis, rows);
  return basis;
}

int64_t SwizzleSearch::cost(const LinearLayout &shared, bool &conflictFree) const {
  int64_t total = 0;
  conflictFree = true;
  for (const LinearLayout *layout : {&source, &destination}) {
    LinearLayout toOffset = *placeToOffset(*layout, shared);
    VectorAccess access = vectorAccess(toOffset, 16 >> elementLog);
    BankConflicts conflicts = bankConflicts(toOffset, elementBits, access.width);
    conflictFree &= conflicts.free();
    // Every instruction costs an issue slot besides its wavefronts.
    total += static_cast<int64_t>(access.groups.size()) * (4 * conflicts.wavefronts + 1);
  }
  return total;
}

LinearLayout SwizzleSearch::best() {
  LinearLayout result = plain;
  bool conflictFree = false;
  int64_t lowest = cost(plain, conflictFree);
  unsigned widest = 4 - elementLog;
  for (unsigned limit = std::min(widest, bits) + 1; limit-- > 0;) {
    for (Extend extend : {Extend::None, Extend::Load, Extend::Store}) {
      Columns basis = candidate(extend, limit);
      LayoutSpace in = plain.in();
      Columns columns;
      for (Word vector : basis)
        columns.push_back(plain.applyFlat(vector));
      llvm::append_range(columns, plain.columns(LayoutDim::Block));
      LinearLayout shared = LinearLayout::fromColumns(in, plain.out(), columns);
      bool free = false;
      int64_t candidateCost = cost(shared, free);
      if (candidateCost < lowest) {
        lowest = candidateCost;
        result = shared;
        conflictFree = free;
      }
    }
    // Narrower vectors can only help where wide ones conflict.
    if (conflictFree)
      break;
  }
  return result;
}

/// Registers that store what an earlier group of the same thread stores, too.
void dropRepeatedGroups(VectorAccess &access) {
  llvm::SmallVector<VectorGroup, 8> kept;
  for (VectorGroup &group : access.groups)
    if (llvm::none_of(kept, [&](const VectorGroup &k) { return k.offset == group.offset; }))
      kept.push_back(std::move(group));
  access.groups = std::move(kept);
}

} // namespace

LinearLayout chooseSharedLayout(const LinearLayout &source, const LinearLayout &destination,
                                unsigned elementBits) {
  return SwizzleSearch(source, destination, elementBits).best();
}

SharedPlan detail::planShared(const LinearLayout &source, const LinearLayout &destination,
                              unsigned elementBits) {
  SharedPlan plan;
  plan.shared = chooseSharedLayout(source, destination, elementBits);
  int64_t elementBytes = sharedElementBytes(elementBits);
  plan.bytes = plan.shared.inSize(LayoutDim::Offset) * elementBytes;
  LinearLayout toStore = *placeToOffset(source, plan.shared);
  LinearLayout toLoad = *placeToOffset(destination, plan.shared);
  plan.stores = vectorAccess(toStore, 16 / elementBytes);
  plan.loads = vectorAccess(toLoad, 16 / elementBytes);
  dropRepeatedGroups(plan.stores);
  plan.storeOffset = PlaceExpr::of(toStore, LayoutDim::Offset);
  plan.loadOffset = PlaceExpr::of(toLoad, LayoutDim::Offset);
  plan.storeConflicts = bankConflicts(toStore, elementBits, plan.stores.width);
  plan.loadConflicts = bankConflicts(toLoad, elementBits, plan.loads.width);
  plan.replicas = replicationMasks(source);
  plan.replicas.blocks = 0;    // every CTA fills its own shared memory
  plan.replicas.registers = 0; // dropped from the groups already
  std::optional<LinearLayout> conversion = destination.invertAndCompose(source);
  plan.withinWarp = conversion && preserves(*conversion, LayoutDim::Warp);
  if (plan.withinWarp)
    plan.replicas.warps = 0; // a warp must not wait for another one's copy
  return plan;
}

} // namespace cosmati
