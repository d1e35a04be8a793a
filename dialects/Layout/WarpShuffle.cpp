// Warp shuffle plans. The mathematics stands in ConversionPlan.h; the members are named after it.
#include "dialects/Layout/ConversionDetail.h"
#include "dialects/Layout/F2.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

namespace cosmati {

namespace {

using f2::Columns;
using f2::Word;

/// Spreads the bits of `value` over the set bits of `mask`, lowest first.
Word deposit(Word value, Word mask) {
  Word result = 0;
  for (; mask; mask &= mask - 1, value >>= 1)
    if (value & 1)
      result |= mask & -mask;
  return result;
}

/// Collects the bits of `value` under `mask`, lowest first.
Word extract(Word value, Word mask) {
  Word result = 0;
  for (unsigned position = 0; mask; mask &= mask - 1, ++position)
    if (value & mask & -mask)
      result |= Word(1) << position;
  return result;
}

/// A target in the source: register word and lane.
struct Target {
  Word word = 0, lane = 0;
  Target &operator^=(Target other) {
    word ^= other.word;
    lane ^= other.lane;
    return *this;
  }
};

/// A move that a receiving lane may add to change whom it asks: it swaps received words (flip), or
/// it asks for a replica of the same element (flip = 0).
struct Move {
  Target effect;
  Word flip;
};

/// One choice of A (and replicas): for each lane bit, what the lane's target and word flip become.
struct Choice {
  llvm::SmallVector<Target, 8> perLaneBit; ///< columns of (Q, P)
  Columns flips;                           ///< columns of A
  llvm::SmallVector<Move, 8> moves;        ///< the destination's word bits, virtual ones appended
  unsigned virtualBits = 0;
};

class ShufflePlanner {
public:
  ShufflePlanner(const LinearLayout &source, const LinearLayout &destination, unsigned elementBits)
      : src(source.removeZeroBases(LayoutDim::Register)),
        dst(destination.removeZeroBases(LayoutDim::Register)),
        srcZeros(source.zeroBasisMask(LayoutDim::Register)),
        dstZeros(destination.zeroBasisMask(LayoutDim::Register)),
        dstRegisters(destination.inSize(LayoutDim::Register)), elementBits(elementBits) {}

  std::optional<ShufflePlan> plan();

private:
  void choosePacking();
  void splitMatrix();
  Target targetOf(Word column) const;
  std::optional<Choice> keepLanes() const;
  Choice fewestMoves() const;
  static void addMoves(Choice &choice, unsigned laneBit, Word moveSet);
  Word movesFor(Word direction, Choice &choice, const f2::Subspace &asked) const;
  ShufflePlan build(const Choice &choice) const;
  PlaceExpr sourceLane(const Choice &choice) const;
  void packRegisters(ShufflePlan &plan) const;
  llvm::SmallVector<SelectStage, 4> stages(llvm::ArrayRef<Word> columns) const;

  LinearLayout src, dst, conversion;
  Word srcZeros, dstZeros;
  int64_t dstRegisters;
  unsigned elementBits;

  /// Element bit k of a word is this register bit of the destination and of the source.
  llvm::SmallVector<std::pair<unsigned, unsigned>, 2> packing;
  Word srcWords = 0, dstWords = 0; ///< the register bits that number words
  llvm::SmallVector<Target, 8> fromWord, fromLane, fromWarp, fromBlock; ///< columns of M
  llvm::SmallVector<Move, 8> moves; ///< word bits of the destination, then replicas
  unsigned wordBits = 0;            ///< of the destination
};

/// Elements narrower than a word travel together where a register bit of the destination is exactly
/// a register bit of the source and nothing else selects that bit.
void ShufflePlanner::choosePacking() {
  unsigned room = elementBits >= 32 ? 0 : elementBits <= 8 ? 2 : 1;
  llvm::ArrayRef<Word> columns = conversion.columns();
  unsigned shift = conversion.out().shift(LayoutDim::Register);
  Word registerMask = conversion.out().mask(LayoutDim::Register);
  for (unsigned bit = 0; bit < conversion.inBits(LayoutDim::Register) && room; ++bit) {
    Word column = conversion.columns(LayoutDim::Register)[bit];
    if (llvm::popcount(column) != 1 || !(column & registerMask) ||
        llvm::count_if(columns, [&](Word c) { return c & column; }) != 1)
      continue;
    packing.emplace_back(bit, f2::topBit(column) - shift);
    --room;
  }
  dstWords = f2::lowMask(dst.inBits(LayoutDim::Register));
  srcWords = f2::lowMask(src.inBits(LayoutDim::Register));
  for (auto [dstBit, srcBit] : packing) {
    dstWords &= ~(Word(1) << dstBit);
    srcWords &= ~(Word(1) << srcBit);
  }
  wordBits = llvm::popcount(dstWords);
}

Target ShufflePlanner::targetOf(Word column) const {
  Word reg = conversion.out().coordinate(column, LayoutDim::Register);
  Word lane = conversion.out().coordinate(column, LayoutDim::Lane);
  return {extract(reg, srcWords), lane};
}

void ShufflePlanner::splitMatrix() {
  for (auto [bit, column] : llvm::enumerate(conversion.columns(LayoutDim::Register)))
    if (dstWords >> bit & 1)
      fromWord.push_back(targetOf(column));
  for (Word column : conversion.columns(LayoutDim::Lane))
    fromLane.push_back(targetOf(column));
  for (Word column : conversion.columns(LayoutDim::Warp))
    fromWarp.push_back(targetOf(column));
  for (Word column : conversion.columns(LayoutDim::Block))
    fromBlock.push_back(targetOf(column));

  for (auto [bit, target] : llvm::enumerate(fromWord))
    moves.push_back({target, Word(1) << bit});
  // Words and lanes that the source layout maps to nothing lead to replicas.
  Columns columns;
  for (auto [bit, column] : llvm::enumerate(src.columns(LayoutDim::Register)))
    if (srcWords >> bit & 1)
      columns.push_back(column);
  unsigned words = columns.size();
  llvm::append_range(columns, src.columns(LayoutDim::Lane));
  f2::Solver solver(columns);
  for (Word replica : solver.kernel())
    moves.push_back({{replica & f2::lowMask(words), replica >> words}, 0});
}

void ShufflePlanner::addMoves(Choice &choice, unsigned laneBit, Word moveSet) {
  for (; moveSet; moveSet &= moveSet - 1) {
    const Move &move = choice.moves[llvm::countr_zero(moveSet)];
    choice.perLaneBit[laneBit] ^= move.effect;
    choice.flips[laneBit] ^= move.flip;
  }
}

/// A such that P is the identity: every lane asks itself up to the round's constant, and the rounds
/// without a constant need no shuffle.
std::optional<Choice> ShufflePlanner::keepLanes() const {
  Choice choice{fromLane, Columns(fromLane.size(), 0), moves};
  Columns lanes;
  for (const Move &move : moves)
    lanes.push_back(move.effect.lane);
  f2::Solver solver(lanes);
  for (unsigned bit = 0; bit < fromLane.size(); ++bit) {
    std::optional<Word> set = solver.solve(fromLane[bit].lane ^ (Word(1) << bit));
    if (!set)
      return std::nullopt;
    addMoves(choice, bit, *set);
  }
  return choice;
}

/// The moves for one clashing direction: they must lead to lanes that nobody asks yet, best to the
/// direction itself. Where the destination has too few words for that, a virtual word bit makes
/// further rounds.
Word ShufflePlanner::movesFor(Word direction, Choice &choice, const f2::Subspace &asked) const {
  Columns lanes;
  for (const Move &move : choice.moves)
    lanes.push_back(move.effect.lane);
  if (!asked.contains(direction))
    if (std::optional<Word> set = f2::Solver(lanes).solve(direction))
      return *set;
  for (unsigned i = 0; i < lanes.size(); ++i)
    if (!asked.contains(lanes[i]))
      return Word(1) << i;
  Word lane = 1;
  while (asked.contains(lane))
    lane <<= 1;
  choice.moves.push_back({{0, lane}, Word(1) << (wordBits + choice.virtualBits++)});
  return Word(1) << (choice.moves.size() - 1);
}

/// The smallest A without clashes. Lanes clash along v if they ask one lane (Mll v = 0) for
/// different words (Mrl v != 0).
Choice ShufflePlanner::fewestMoves() const {
  Choice choice{fromLane, Columns(fromLane.size(), 0), moves};
  Columns lanes, whole;
  for (Target target : fromLane) {
    lanes.push_back(target.lane);
    whole.push_back(target.lane | target.word << fromLane.size());
  }
  // A basis of the lanes: harmless directions, clashing ones, the rest.
  f2::Solver wholeSolver(whole), laneSolver(lanes);
  Columns basis(wholeSolver.kernel());
  f2::Subspace span(basis);
  unsigned harmless = basis.size();
  f2::extendBasis(span, basis, laneSolver.kernel());
  unsigned clashing = basis.size() - harmless;
  f2::extendBasis(span, basis, f2::unitVectors(fromLane.size()));

  f2::Subspace asked(lanes);
  Columns moveSets;
  for (Word direction : llvm::ArrayRef<Word>(basis).slice(harmless, clashing)) {
    Word set = movesFor(direction, choice, asked);
    Word lane = 0;
    for (Word rest = set; rest; rest &= rest - 1)
      lane ^= choice.moves[llvm::countr_zero(rest)].effect.lane;
    asked.insert(lane);
    moveSets.push_back(set);
  }
  // A on the clashing directions is given, 0 on the other basis vectors; in terms of lane bits:
  f2::Solver coordinates(basis);
  for (unsigned bit = 0; bit < fromLane.size(); ++bit) {
    Word coefficients = *coordinates.solve(Word(1) << bit) >> harmless;
    for (unsigned i = 0; i < clashing; ++i)
      if (coefficients >> i & 1)
        addMoves(choice, bit, moveSets[i]);
  }
  return choice;
}

//===----------------------------------------------------------------------------------------------===//
// From the choice to tables
//===----------------------------------------------------------------------------------------------===//

/// B with B P = Q, given by its values on the lane bits.
Columns solveSender(const Choice &choice) {
  unsigned laneBits = choice.perLaneBit.size();
  f2::Subspace span;
  Columns basis, values;
  for (Target target : choice.perLaneBit)
    if (span.insert(target.lane)) {
      basis.push_back(target.lane);
      values.push_back(target.word);
    }
  f2::extendBasis(span, basis, f2::unitVectors(laneBits));
  values.resize(laneBits, 0);
  f2::Solver solver(basis);
  Columns sender;
  for (unsigned bit = 0; bit < laneBits; ++bit)
    sender.push_back(f2::apply(values, *solver.solve(Word(1) << bit)));
  return sender;
}

/// Stages for an index that is a linear function of the place: `columns` by place bit (lane, then
/// warp, then block bits). As many stages as the function's rank.
llvm::SmallVector<SelectStage, 4> ShufflePlanner::stages(llvm::ArrayRef<Word> columns) const {
  Columns rows, flips;
  for (unsigned bit = 0; bit < 32; ++bit) {
    Word row = 0;
    for (auto [place, column] : llvm::enumerate(columns))
      row |= (column >> bit & 1) << place;
    std::optional<Word> combination = f2::Solver(rows).solve(row);
    if (!combination) {
      rows.push_back(row);
      flips.push_back(0);
      combination = Word(1) << (rows.size() - 1);
    }
    for (Word rest = *combination; rest; rest &= rest - 1)
      flips[llvm::countr_zero(rest)] |= Word(1) << bit;
  }
  unsigned laneBits = fromLane.size(), warpBits = fromWarp.size();
  llvm::SmallVector<SelectStage, 4> result;
  for (auto [row, flip] : llvm::zip(rows, flips))
    result.push_back({flip,
                      {row & f2::lowMask(laneBits), row >> laneBits & f2::lowMask(warpBits),
                       row >> (laneBits + warpBits)}});
  return result;
}

void ShufflePlanner::packRegisters(ShufflePlan &plan) const {
  int64_t words = int64_t(1) << llvm::popcount(srcWords);
  plan.elementsPerWord = int64_t(1) << packing.size();
  for (Word word = 0; word < words; ++word) {
    auto &registers = plan.sourceWords.emplace_back();
    for (Word element = 0; element < plan.elementsPerWord; ++element) {
      Word reg = deposit(word, srcWords);
      for (auto [bit, pair] : llvm::enumerate(packing))
        reg |= (element >> bit & 1) << pair.second;
      registers.push_back(deposit(reg, ~srcZeros));
    }
  }
  for (Word reg = 0; reg < dstRegisters; ++reg) {
    Word compact = extract(reg, ~dstZeros), element = 0;
    for (auto [bit, pair] : llvm::enumerate(packing))
      element |= (compact >> pair.first & 1) << bit;
    plan.results.push_back(
        {static_cast<int32_t>(extract(compact, dstWords)), static_cast<int32_t>(element)});
  }
}

/// P, and what warp and block add, as an expression of the thread.
PlaceExpr ShufflePlanner::sourceLane(const Choice &choice) const {
  LayoutSpace in, out({{LayoutDim::Lane, conversion.outSize(LayoutDim::Lane)}});
  in.setBits(LayoutDim::Lane, fromLane.size());
  in.setBits(LayoutDim::Warp, fromWarp.size());
  in.setBits(LayoutDim::Block, fromBlock.size());
  Columns columns;
  for (llvm::ArrayRef<Target> targets :
       {llvm::ArrayRef(choice.perLaneBit), llvm::ArrayRef(fromWarp), llvm::ArrayRef(fromBlock)})
    for (Target target : targets)
      columns.push_back(target.lane);
  return PlaceExpr::of(LinearLayout::fromColumns(in, out, columns), LayoutDim::Lane);
}

ShufflePlan ShufflePlanner::build(const Choice &choice) const {
  ShufflePlan plan;
  packRegisters(plan);
  Columns sender = solveSender(choice), sendColumns = sender;
  plan.isButterfly = true;
  for (auto [bit, target] : llvm::enumerate(choice.perLaneBit))
    plan.isButterfly &= target.lane == Word(1) << bit;
  for (llvm::ArrayRef<Target> targets : {llvm::ArrayRef(fromWarp), llvm::ArrayRef(fromBlock)})
    for (Target target : targets) {
      sendColumns.push_back(target.word ^ f2::apply(sender, target.lane));
      plan.isButterfly &= target.lane == 0;
    }
  plan.sendStages = stages(sendColumns);
  plan.sourceLane = sourceLane(choice);
  plan.receiveStages = stages(choice.flips);

  llvm::SmallVector<Target, 8> roundBits;
  for (const Move &move : choice.moves)
    if (move.flip)
      roundBits.push_back(move.effect);
  for (Word round = 0; round < Word(1) << roundBits.size(); ++round) {
    Target target;
    for (Word rest = round; rest; rest &= rest - 1)
      target ^= roundBits[llvm::countr_zero(rest)];
    Word word = target.word ^ f2::apply(sender, target.lane);
    bool moves = !plan.isButterfly || target.lane != 0;
    plan.rounds.push_back({static_cast<int32_t>(word), target.lane, moves});
  }
  return plan;
}

std::optional<ShufflePlan> ShufflePlanner::plan() {
  std::optional<LinearLayout> map = dst.invertAndCompose(src);
  if (!map || !detail::preserves(*map, LayoutDim::Warp) ||
      !detail::preserves(*map, LayoutDim::Block))
    return std::nullopt;
  conversion = std::move(*map);
  choosePacking();
  splitMatrix();
  ShufflePlan best = build(fewestMoves());
  if (std::optional<Choice> inPlace = keepLanes()) {
    ShufflePlan other = build(*inPlace);
    auto cost = [](const ShufflePlan &plan) {
      return plan.shuffleCount() * detail::kShuffleCost + plan.selectCount() * detail::kSelectCost;
    };
    if (cost(other) <= cost(best))
      best = std::move(other);
  }
  return best;
}

} // namespace

std::optional<ShufflePlan> detail::planShuffle(const LinearLayout &source,
                                               const LinearLayout &destination,
                                               unsigned elementBits) {
  return ShufflePlanner(source, destination, elementBits).plan();
}

} // namespace cosmati
