// Rules and builders of the ops in TileMemoryOps.td.
#include "dialects/Tile/IR/TileDialect.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace cosmati::tile;

/// Shape and encoding of a mask are those of the pointers.
static LogicalResult verifyMask(Operation *op, Type ptr, Value mask) {
  if (!mask || mask.getType() == boolLike(ptr))
    return success();
  return op->emitOpError("mask has type ") << mask.getType() << "; pointers of type " << ptr
                                           << " take a mask of type " << boolLike(ptr);
}

static LogicalResult verifyAccessible(Operation *op, Type ptr) {
  Type pointee = elementTypeOf(pointeeTypeOf(ptr));
  if (!pointee.isIntOrFloat() || (pointee.getIntOrFloatBitWidth() >= 8 &&
                                  llvm::isPowerOf2_32(pointee.getIntOrFloatBitWidth()) &&
                                  pointee.getIntOrFloatBitWidth() <= 64))
    return success();
  return op->emitOpError("memory holds elements of 8, 16, 32 or 64 bits, not ")
         << pointee << "; cast the pointer with tile.ptr_cast, e.g. from i1 to i8";
}

static LogicalResult verifyAddress64(Operation *op, Type integers) {
  if (elementTypeOf(integers).isSignlessInteger(64)) // address_c1
    return success();
  return op->emitOpError("an address has 64 bits, got ") << integers << "; extend or truncate it";
}

//===- addresses ------------------------------------------------------------------------------===//

LogicalResult AddPtrOp::verify() {
  Type offset = elementTypeOf(getOffset().getType());
  unsigned width = offset.getIntOrFloatBitWidth();
  if (width < 8 || width > 64) // addptr_c1
    return emitOpError("offset has ") << width << " bits; an offset has 8 to 64";
  return success();
}

LogicalResult PtrToIntOp::verify() { return verifyAddress64(*this, getResult().getType()); }

LogicalResult IntToPtrOp::verify() { return verifyAddress64(*this, getValue().getType()); }

LogicalResult PtrCastOp::verify() {
  auto from = cast<PtrType>(elementTypeOf(getPtr().getType()));
  auto to = cast<PtrType>(elementTypeOf(getResult().getType()));
  if (from.getAddressSpace() != to.getAddressSpace()) // ptr_cast_c1
    return emitOpError("changes the address space from ")
           << from.getAddressSpace() << " to " << to.getAddressSpace()
           << "; it changes the pointee only";
  return success();
}

//===- load and store -------------------------------------------------------------------------===//

void LoadOp::build(OpBuilder &builder, OperationState &state, Value ptr, Value mask, Value other,
                   CacheModifier cache, EvictionPolicy evict, bool isVolatile) {
  build(builder, state, pointeeTypeOf(ptr.getType()), ptr, mask, other, cache, evict, isVolatile);
}

void LoadOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  effects.emplace_back(MemoryEffects::Read::get());
  if (getIsVolatile()) // neither removed nor merged with another
    effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult LoadOp::verify() {
  if (failed(verifyMask(*this, getPtr().getType(), getMask()))) // load_c1
    return failure();
  if (getOther() && !getMask()) // load_c2
    return emitOpError("`other` replaces masked-off elements, but there is no mask; "
                       "drop it or give a mask");
  if (getOther() && getOther().getType() != getType()) // load_c3
    return emitOpError("`other` has type ")
           << getOther().getType() << "; it has the type of the result, " << getType();
  constexpr CacheModifier legal[] = {CacheModifier::None, CacheModifier::CA, CacheModifier::CG,
                                     CacheModifier::CS, CacheModifier::CV};
  if (!llvm::is_contained(legal, getCache())) // load_c4
    return emitOpError("cache operator '") << stringifyCacheModifier(getCache())
                                           << "' is for stores; a load takes ca, cg, cs or cv";
  return verifyAccessible(*this, getPtr().getType()); // load_c5
}

void StoreOp::build(OpBuilder &builder, OperationState &state, Value ptr, Value value, Value mask,
                    CacheModifier cache, EvictionPolicy evict) {
  build(builder, state, TypeRange(), ptr, value, mask, cache, evict);
}

LogicalResult StoreOp::verify() {
  if (failed(verifyMask(*this, getPtr().getType(), getMask()))) // store_c1
    return failure();
  constexpr CacheModifier legal[] = {CacheModifier::None, CacheModifier::WB, CacheModifier::CG,
                                     CacheModifier::CS, CacheModifier::WT};
  if (!llvm::is_contained(legal, getCache())) // store_c2
    return emitOpError("cache operator '") << stringifyCacheModifier(getCache())
                                           << "' is for loads; a store takes wb, cg, cs or wt";
  return verifyAccessible(*this, getPtr().getType()); // store_c3
}

//===- atomics --------------------------------------------------------------------------------===//

namespace {
/// What one kind of atomic works on.
struct AtomicRule {
  AtomicKind kind;
  bool onInteger, onFloat;
  unsigned minBits;
};
} // namespace

// Integer atomics and exchange exist for 32 and 64 bits, additions of floats from 16 bits.
static constexpr AtomicRule atomicRules[] = {
    {AtomicKind::And, true, false, 32},  {AtomicKind::Or, true, false, 32},
    {AtomicKind::Xor, true, false, 32},  {AtomicKind::Add, true, false, 32},
    {AtomicKind::FAdd, false, true, 16}, {AtomicKind::Max, true, false, 32},
    {AtomicKind::Min, true, false, 32},  {AtomicKind::UMax, true, false, 32},
    {AtomicKind::UMin, true, false, 32}, {AtomicKind::FMax, false, true, 32},
    {AtomicKind::FMin, false, true, 32}, {AtomicKind::Exchange, true, true, 32}};

static bool fits(const AtomicRule &rule, Type type) {
  bool kindFits = isa<FloatType>(type) ? rule.onFloat : rule.onInteger;
  unsigned bits = type.getIntOrFloatBitWidth();
  return kindFits && llvm::isPowerOf2_32(bits) && bits >= rule.minBits && bits <= 64;
}

LogicalResult AtomicRMWOp::verify() {
  if (failed(verifyMask(*this, getPtr().getType(), getMask()))) // atomic_rmw_c1
    return failure();
  Type element = elementTypeOf(getValue().getType());
  const AtomicRule &rule =
      *llvm::find_if(atomicRules, [&](const AtomicRule &r) { return r.kind == getKind(); });
  if (element.isIntOrFloat() && fits(rule, element)) // atomic_rmw_c2
    return success();
  return emitOpError("'") << stringifyAtomicKind(getKind()) << "' does not work on " << element
                          << "; it takes "
                          << (rule.onInteger && rule.onFloat ? "numbers"
                              : rule.onInteger               ? "integers"
                                                             : "floats")
                          << " of " << rule.minBits << " to 64 bits";
}

LogicalResult AtomicCASOp::verify() {
  Type element = elementTypeOf(getValue().getType());
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (bits == 16 || bits == 32 || bits == 64) // atomic_cas_c1
    return success();
  return emitOpError("does not work on ") << element << "; it takes numbers of 16, 32 or 64 bits";
}
