// What a thread computes once, at the head of its function: its index and linear functions of it.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"
#include "dialects/Layout/ConversionPlan.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

#include <map>
#include <optional>

namespace cosmati::tonvvm {

/// Linear functions of the thread's index within the CTA (lane in bits 0 to 4, warp above). All are
/// i32 unless noted, are emitted at the head of the function, and each once.
class ThreadValues {
public:
  ThreadValues(mlir::FunctionOpInterface function, int numWarps);

  /// The thread's index within the CTA.
  Value index() const { return tid; }
  /// The value of an expression in lane and warp (which must not name the block).
  Value evaluate(const PlaceExpr &expr);
  /// The value XORed with a constant.
  Value evaluate(const PlaceExpr &expr, uint32_t flip);
  /// The value of an expression in the warp alone, handed out by lane 0: the assembler then sees
  /// that it is the same for all lanes.
  Value evaluateForWarp(const PlaceExpr &expr);
  /// i1: whether all lane and warp bits of the masks are 0; null where the masks are empty.
  Value isFirstReplica(const ReplicationMasks &masks);
  /// i1: whether this is thread 0.
  Value isThreadZero() { return maskIsZero(~0u); }
  /// i1: the parity of some bits of the place.
  Value parity(const PlaceParity &parity);
  /// (thread & mask) == 0 as i1, or null where the mask has no bit that a thread may have set.
  Value maskIsZero(uint32_t mask) { return mask & threadMask ? maskEquals(mask, 0) : Value(); }
  /// i1: (thread & mask) == value. The mask must name a bit that a thread may have set.
  Value maskEquals(uint32_t mask, uint32_t value);
  /// The head of the function, where values that are shared by all of it may be made.
  OpBuilder headBuilder();

private:
  using Term = std::pair<uint32_t, int32_t>;
  Value emitTerms(llvm::ArrayRef<Term> terms);

  Value tid;
  uint32_t threadMask;
  mlir::Operation *last; ///< new values go behind it
  std::map<std::vector<Term>, Value> linear;
  llvm::DenseMap<std::pair<Value, uint32_t>, Value> flipped;
  std::map<std::pair<uint32_t, uint32_t>, Value> equalities; ///< by mask and value
  std::map<uint32_t, Value> parities;
  llvm::DenseMap<Value, Value> ofWarps;
};

/// base ^ constant, written as an addition-like `or` where base has none of the constant's bits.
Value xorConstant(Emitter &emit, Value base, uint32_t possibleBits, uint32_t constant);

} // namespace cosmati::tonvvm
