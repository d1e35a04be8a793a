// How to convert a value from one distributed layout to another, as tables that a code generator
// emits with plain loops.
//
// With C = destination.invertAndCompose(source), destination place p takes its element from source
// place C(p). Four kinds of conversion, cheapest first:
//
//   Identity         C is the identity: nothing to do.
//   RegisterPermute  C moves no element between threads: result register r is source register
//                    sourceRegister[r].
//   WarpShuffle      C stays within each warp. See ShufflePlan.
//   SharedMemory     else, or where the shuffles would cost more. See SharedPlan.
//
// A warp shuffle moves, in each round, one word from each lane to any lanes; sender and receiver
// both choose a register with an index that may depend on their lane. All these choices can be made
// linear. Let the destination (j, l) want source register q = Mrr j + Mrl l and source lane
// Mlr j + Mll l (a matrix M over F2, additions are XOR). Naively, "for each destination register
// shuffle" fails when two lanes want different registers of the same lane. So in round j lane l
// receives destination register r = j + A l, with A chosen such that P = Mll + Mlr A maps lanes to
// source lanes without such clashes. Then sender s = P l + Mlr j sends register q = B s + (constant
// of the round). The plan is three steps:
//
//   1. send stages: permute the source registers by a linear function of the lane (selects);
//   2. rounds: round j sends register sendWord(j) to be read from lane P l ^ laneXor(j);
//   3. receive stages: permute the received words by a linear function of the lane (selects).
//
// For example, the transposition of a 2x2 of lanes and registers (C swaps register bit 0 and lane
// bit 0) takes A l = l0: round 0 keeps the diagonal where it is, round 1 exchanges the other
// diagonal with lane ^ 1: one shuffle and four selects.
#pragma once

#include "dialects/Layout/LayoutQueries.h"

namespace cosmati {

//===----------------------------------------------------------------------------------------------===//
// Expressions of the thread
//===----------------------------------------------------------------------------------------------===//

/// A place of execution: what a thread knows of itself.
struct ThreadPlace {
  uint32_t lane = 0, warp = 0, block = 0;
};

/// One term: shift(place[dim] & mask), to the left where shift is positive. dim is lane, warp or
/// block.
struct PlaceTerm {
  LayoutDim dim;
  uint32_t mask;
  int32_t shift;
};

/// The XOR of its terms: an F2-linear function of the thread.
struct PlaceExpr {
  llvm::SmallVector<PlaceTerm, 4> terms;

  bool isZero() const { return terms.empty(); }
  uint32_t evaluate(ThreadPlace place) const;
  /// All bits that the value may have. A constant without these bits may be added instead of XORed,
  /// and so go into the immediate offset of an address.
  uint32_t possibleBits() const;
  /// The dependence of output `to` of a layout on lane, warp and block.
  static PlaceExpr of(const LinearLayout &layout, LayoutDim to);
};

/// The parity of masked bits of the thread: 0 or 1. E.g. popcount(lane & lanes) & 1.
struct PlaceParity {
  uint32_t lanes = 0, warps = 0, blocks = 0;
  bool evaluate(ThreadPlace place) const;
};

//===----------------------------------------------------------------------------------------------===//
// Warp shuffles
//===----------------------------------------------------------------------------------------------===//

/// words[i] = condition ? words[i ^ flip] : words[i], for all i at once.
struct SelectStage {
  uint32_t flip;
  PlaceParity condition;
};

/// received[j] = shuffle(words[sendWord], from lane sourceLane(thread) ^ laneXor); a plain copy of
/// words[sendWord] where !moves.
struct ShuffleRound {
  int32_t sendWord;
  uint32_t laneXor;
  bool moves;
};

/// Emission:
///   words[w]   = pack(source registers sourceWords[w], first one in the low bits)
///   for stage in sendStages:     words = select(...)
///   for round j:                 received[j] = shuffle of words[rounds[j].sendWord]
///   for stage in receiveStages:  received = select(...)
///   result r   = element results[r].element of received[results[r].word]
/// A word has at most 32 bits, except that an element of 64 bits is one word and takes two
/// shuffles. All lanes of the warp take part. Received words that no result names are padding.
struct ShufflePlan {
  struct ResultElement {
    int32_t word, element;
  };
  int64_t elementsPerWord = 1;
  llvm::SmallVector<llvm::SmallVector<int32_t, 4>, 8> sourceWords;
  llvm::SmallVector<SelectStage, 4> sendStages;
  llvm::SmallVector<ShuffleRound, 8> rounds;
  /// The part of the source lane that depends on the thread.
  PlaceExpr sourceLane;
  /// sourceLane is the thread's own lane: shfl.bfly with laneXor does, instead of shfl.idx.
  bool isButterfly = false;
  llvm::SmallVector<SelectStage, 4> receiveStages;
  llvm::SmallVector<ResultElement, 8> results;

  int64_t shuffleCount() const;
  int64_t selectCount() const;
};

//===----------------------------------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------------------------------===//

/// Emission: every thread stores its groups at element offset (group.offset ^ storeOffset);
/// barrier; every thread loads its groups from (group.offset ^ loadOffset). Threads with a bit of
/// `replicas` set hold copies and need not store.
struct SharedPlan {
  LinearLayout shared; ///< (block, offset) -> tensor
  int64_t bytes = 0;   ///< scratch of one CTA
  VectorAccess stores, loads;
  PlaceExpr storeOffset, loadOffset;
  BankConflicts storeConflicts, loadConflicts;
  ReplicationMasks replicas;
  /// No element changes its warp: __syncwarp is barrier enough.
  bool withinWarp = false;
};

//===----------------------------------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------------------------------===//

enum class ConversionKind { Identity, RegisterPermute, WarpShuffle, SharedMemory };
llvm::StringRef conversionKindName(ConversionKind kind);

struct ConversionPlan {
  ConversionKind kind = ConversionKind::Identity;
  /// C: destination place -> source place.
  LinearLayout conversion;
  /// Identity and RegisterPermute: result register r is source register sourceRegister[r].
  llvm::SmallVector<int32_t, 16> sourceRegister;
  ShufflePlan shuffle; ///< WarpShuffle only
  SharedPlan shared;   ///< SharedMemory only
};

struct ConversionOptions {
  /// Consider warp shuffles at all.
  bool allowShuffles = true;
  /// Prefer warp shuffles whatever they cost, where they are possible: needs no scratch.
  bool avoidSharedMemory = false;
};

/// The plan from `source` to `destination`, two distributed layouts of one tensor whose elements
/// have `elementBits` bits. Fails, with the reason, if the shapes differ, the numbers of lanes,
/// warps or blocks differ, the source lacks an element that the destination holds, or elements
/// would move between the CTAs of a cluster.
llvm::Expected<ConversionPlan> planConversion(const LinearLayout &source,
                                              const LinearLayout &destination, unsigned elementBits,
                                              const ConversionOptions &options = {});

/// The kind alone and the scratch bytes, as `planConversion` would choose them.
struct ConversionCost {
  ConversionKind kind = ConversionKind::Identity;
  int64_t scratchBytes = 0;
};
llvm::Expected<ConversionCost> conversionCost(const LinearLayout &source,
                                              const LinearLayout &destination, unsigned elementBits,
                                              const ConversionOptions &options = {});

/// The shared layout with the fewest wavefronts for a store from `source` and a load to
/// `destination` (SharedSwizzle.cpp). Both hold the whole part of the tensor that a CTA owns.
LinearLayout chooseSharedLayout(const LinearLayout &source, const LinearLayout &destination,
                                unsigned elementBits);

} // namespace cosmati
