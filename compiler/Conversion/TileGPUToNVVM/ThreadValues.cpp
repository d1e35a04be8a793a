#include "compiler/Conversion/TileGPUToNVVM/ThreadValues.h"

#include "compiler/Conversion/TileGPUToNVVM/Shuffle.h"

#include "dialects/Layout/LayoutConstructors.h"
#include "dialects/Layout/LayoutError.h"

#include <bit>

using namespace mlir;

namespace cosmati::tonvvm {

constexpr unsigned kLaneBits = 5;
static_assert(kLanesPerWarp == 1 << kLaneBits);

ThreadValues::ThreadValues(FunctionOpInterface function, int numWarps)
    : threadMask(kLanesPerWarp * numWarps - 1) {
  OpBuilder builder(function.getContext());
  builder.setInsertionPointToStart(&function.getFunctionBody().front());
  auto op = NVVM::ThreadIdXOp::create(builder, function.getLoc(), builder.getI32Type());
  tid = op;
  last = op;
}

OpBuilder ThreadValues::headBuilder() {
  OpBuilder builder(last->getContext());
  builder.setInsertionPointAfter(last);
  return builder;
}

Value ThreadValues::emitTerms(ArrayRef<Term> terms) {
  OpBuilder builder = headBuilder();
  Emitter emit(builder, tid.getLoc());
  if (terms.empty())
    return emit.i32(0);
  Value sum;
  uint32_t sumBits = 0;
  for (auto [mask, shift] : terms) {
    uint32_t bits = shift >= 0 ? mask << shift : mask >> -shift;
    Value term = mask == threadMask ? tid : emit.bitAnd(tid, mask);
    if (shift)
      term = shift > 0 ? emit.shl(term, shift) : emit.lshr(term, -shift);
    if (!sum)
      sum = term;
    else
      sum = sumBits & bits ? emit.bitXor(sum, term) : emit.bitOr(sum, term);
    sumBits |= bits;
  }
  return sum;
}

Value ThreadValues::evaluate(const PlaceExpr &expr) {
  // Lane and warp bits that move by the same distance share one term.
  std::map<int32_t, uint32_t> byShift;
  for (const PlaceTerm &term : expr.terms) {
    if (term.dim == LayoutDim::Block)
      detail::layoutBug("an expression of the thread depends on the block");
    bool isWarp = term.dim == LayoutDim::Warp;
    uint32_t mask = isWarp ? term.mask << kLaneBits : term.mask;
    int32_t shift = isWarp ? term.shift - static_cast<int32_t>(kLaneBits) : term.shift;
    byShift[shift] ^= mask & threadMask;
  }
  std::vector<Term> terms;
  for (auto [shift, mask] : byShift)
    if (mask)
      terms.emplace_back(mask, shift);
  Value &value = linear[terms];
  if (!value) {
    value = emitTerms(terms);
    last = value.getDefiningOp();
  }
  return value;
}

Value ThreadValues::evaluate(const PlaceExpr &expr, uint32_t flip) {
  Value base = evaluate(expr);
  if (!flip)
    return base;
  Value &value = flipped[{base, flip}];
  if (!value) {
    OpBuilder builder = headBuilder();
    Emitter emit(builder, tid.getLoc());
    value = xorConstant(emit, base, expr.possibleBits(), flip);
    last = value.getDefiningOp();
  }
  return value;
}

Value ThreadValues::evaluateForWarp(const PlaceExpr &expr) {
  Value own = evaluate(expr);
  Value &value = ofWarps[own];
  if (!value) {
    OpBuilder builder = headBuilder();
    Emitter emit(builder, tid.getLoc());
    value = shuffleIndex(emit, own, emit.i32(0));
    last = value.getDefiningOp();
  }
  return value;
}

Value ThreadValues::maskEquals(uint32_t mask, uint32_t wanted) {
  mask &= threadMask;
  Value &value = equalities[{mask, wanted}];
  if (!value) {
    OpBuilder builder = headBuilder();
    Emitter emit(builder, tid.getLoc());
    value = emit.eq(mask == threadMask ? tid : emit.bitAnd(tid, mask), wanted);
    last = value.getDefiningOp();
  }
  return value;
}

Value ThreadValues::isFirstReplica(const ReplicationMasks &masks) {
  return maskIsZero(masks.lanes | masks.warps << kLaneBits);
}

Value ThreadValues::parity(const PlaceParity &parity) {
  uint32_t mask = (parity.lanes | parity.warps << kLaneBits) & threadMask;
  Value &value = parities[mask];
  if (!value) {
    OpBuilder builder = headBuilder();
    Emitter emit(builder, tid.getLoc());
    Value bits = emit.bitAnd(tid, mask);
    if (!std::has_single_bit(mask)) {
      bits = LLVM::CtPopOp::create(builder, tid.getLoc(), emit.i32(), bits);
      bits = emit.bitAnd(bits, 1);
    }
    value = emit.ne(bits, 0);
    last = value.getDefiningOp();
  }
  return value;
}

Value xorConstant(Emitter &emit, Value base, uint32_t possibleBits, uint32_t constant) {
  if (!constant)
    return base;
  return constant & possibleBits ? emit.bitXor(base, constant) : emit.bitOr(base, constant);
}

} // namespace cosmati::tonvvm
