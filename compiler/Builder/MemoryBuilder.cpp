#include "compiler/Builder/MemoryBuilder.h"
#include "dialects/Tile/IR/TileDialect.h"
#include <limits>

namespace cosmati::lang {

namespace {

template <typename Enum> struct Word {
  llvm::StringRef text;
  Enum value;
};

/// The value that `text` stands for in `words`; throws LanguageError listing them.
template <typename Enum>
Enum parseWord(llvm::StringRef text, const char *what, llvm::ArrayRef<Word<Enum>> words) {
  for (const Word<Enum> &word : words)
    if (word.text == text)
      return word.value;
  auto names =
      llvm::map_range(words, [](const Word<Enum> &word) { return "'" + word.text.str() + "'"; });
  fail("{0} {1} not supported: it is one of {2}", what, text, llvm::join(names, ", "));
}

using tile::CacheModifier;
using tile::EvictionPolicy;
using tile::MemScope;
using tile::MemSemantic;

CacheModifier parseLoadCache(llvm::StringRef text) {
  static constexpr Word<CacheModifier> words[] = {{"", CacheModifier::None},
                                                  {".ca", CacheModifier::CA},
                                                  {".cg", CacheModifier::CG},
                                                  {".cv", CacheModifier::CV}};
  return parseWord<CacheModifier>(text, "Cache modifier", words);
}

CacheModifier parseStoreCache(llvm::StringRef text) {
  static constexpr Word<CacheModifier> words[] = {{"", CacheModifier::None},
                                                  {".wb", CacheModifier::WB},
                                                  {".cg", CacheModifier::CG},
                                                  {".cs", CacheModifier::CS},
                                                  {".wt", CacheModifier::WT}};
  return parseWord<CacheModifier>(text, "Cache modifier", words);
}

EvictionPolicy parseEviction(llvm::StringRef text) {
  static constexpr Word<EvictionPolicy> words[] = {{"", EvictionPolicy::Normal},
                                                   {"evict_normal", EvictionPolicy::Normal},
                                                   {"evict_first", EvictionPolicy::First},
                                                   {"evict_last", EvictionPolicy::Last}};
  return parseWord<EvictionPolicy>(text, "Eviction policy", words);
}

void requirePointer(const Value &pointer, const char *function) {
  if (!pointer.type.isPointer())
    failType("Unsupported ptr type {0} in `tl.{1}`: it takes a pointer or a block of pointers",
             pointer.type.str(), function);
}

void requireWritable(const Value &pointer) {
  if (pointer.type.isConst())
    fail("Cannot store to a constant pointer ({0}): take `tl.const` from the parameter",
         pointer.type.scalar().str());
}

void forbidBlock(const Operand &operand, const Value &pointer, const char *what) {
  if (!pointer.isBlock() && operand.type().isBlock())
    fail("{0} argument cannot be block type if pointer argument is not a block: pointer is {1}, "
         "{2} is {3}",
         what, pointer.type.str(), llvm::StringRef(what).lower(), operand.type().str());
}

} // namespace

Value MemoryBuilder::boolPointerAsBytes(const Value &pointer) {
  if (!pointer.type.pointee().isBool())
    return pointer;
  return cast(pointer, LanguageType::pointer(Scalar::Int8, pointer.type.isConst(),
                                             pointer.type.addressSpace()));
}

Value MemoryBuilder::checkedMask(const Operand &mask) {
  if (!mask.isWeak() && !mask.type().isBool())
    failType("Mask must have boolean scalar type, got {0}: write `mask != 0`", mask.type().str());
  return toBool(mask);
}

Value MemoryBuilder::load(const Value &source, const LoadOptions &options) {
  requirePointer(source, "load");
  if (options.other && !options.mask)
    fail("`other` cannot be provided without `mask`: it is what lanes hold whose mask is false");
  CacheModifier cache = parseLoadCache(options.cache);
  EvictionPolicy evict = parseEviction(options.evict);
  Value pointer = source, mask, other;
  if (options.mask) {
    forbidBlock(*options.mask, pointer, "Mask");
    std::tie(pointer, mask) = broadcast(pointer, checkedMask(*options.mask));
  }
  bool isBool = pointer.type.pointee().isBool();
  pointer = boolPointerAsBytes(pointer);
  if (options.other) {
    forbidBlock(*options.other, pointer, "Other");
    LanguageType element = pointer.type.pointee();
    bool splatConstant = options.other->isWeak() && !element.isPointer();
    other = splatConstant ? convertedConstant(*options.other, pointer.type.withScalar(element))
                          : cast(*options.other, element);
    std::tie(pointer, other) = broadcast(pointer, other);
    std::tie(pointer, mask) = broadcast(pointer, mask);
  }
  LanguageType type = pointer.type.withScalar(pointer.type.pointee());
  Value loaded = emit<tile::LoadOp>(type, pointer.handle, mask.handle, other.handle, cache, evict,
                                    options.isVolatile);
  return isBool ? toBool(loaded) : loaded;
}

void MemoryBuilder::store(const Value &target, const Operand &operand,
                          const StoreOptions &options) {
  requirePointer(target, "store");
  requireWritable(target);
  CacheModifier cache = parseStoreCache(options.cache);
  EvictionPolicy evict = parseEviction(options.evict);
  forbidBlock(operand, target, "Value");
  Value pointer = boolPointerAsBytes(target), mask;
  LanguageType element = pointer.type.pointee();
  // A bool's byte is 0 or 1, whatever is stored.
  Operand stored = target.type.pointee().isBool() ? Operand(toBool(operand)) : operand;
  Value value = stored.isWeak() && !element.isPointer()
                    ? convertedConstant(stored, pointer.type.withScalar(element))
                    : cast(stored, element);
  std::tie(pointer, value) = broadcast(pointer, value);
  if (options.mask) {
    forbidBlock(*options.mask, target, "Mask");
    std::tie(pointer, mask) = broadcast(pointer, checkedMask(*options.mask));
    std::tie(pointer, value) = broadcast(pointer, value);
  }
  if (pointer.shape() != target.shape())
    fail("Expected pointer argument to have shape {0} but got {1}: several elements would go to "
         "one address",
         printShape(pointer.shape()), printShape(target.shape()));
  tile::StoreOp::create(ops, loc, pointer.handle, value.handle, mask.handle, cache, evict);
}

//===------------------------------------------------------------------------------------------===//
// Atomics
//===------------------------------------------------------------------------------------------===//

namespace {

MemSemantic parseSemantic(llvm::StringRef text) {
  static constexpr Word<MemSemantic> words[] = {{"", MemSemantic::AcquireRelease},
                                                {"relaxed", MemSemantic::Relaxed},
                                                {"acquire", MemSemantic::Acquire},
                                                {"release", MemSemantic::Release},
                                                {"acq_rel", MemSemantic::AcquireRelease}};
  return parseWord<MemSemantic>(text, "Memory semantic", words);
}

MemScope parseScope(llvm::StringRef text) {
  static constexpr Word<MemScope> words[] = {{"", MemScope::GPU},
                                             {"gpu", MemScope::GPU},
                                             {"cta", MemScope::CTA},
                                             {"sys", MemScope::System}};
  return parseWord<MemScope>(text, "Memory scope", words);
}

// In the order of AtomicOp.
constexpr const char *kAtomicNames[] = {"atomic_add", "atomic_max", "atomic_min", "atomic_and",
                                        "atomic_or",  "atomic_xor", "atomic_xchg"};

bool supportsAtomic(AtomicOp op, LanguageType type) {
  unsigned bits = type.bitwidth();
  bool wide = bits == 32 || bits == 64;
  switch (op) {
  case AtomicOp::Add:
    return (wide && !type.isPointer()) || type.scalarKind() == Scalar::FP16 ||
           type.scalarKind() == Scalar::BF16;
  case AtomicOp::Max:
  case AtomicOp::Min:
    return wide && !type.isPointer();
  case AtomicOp::And:
  case AtomicOp::Or:
  case AtomicOp::Xor:
    return wide && type.isInt();
  case AtomicOp::Xchg:
    return wide;
  }
  return false;
}

tile::AtomicKind atomicKind(AtomicOp op, LanguageType type) {
  using K = tile::AtomicKind;
  switch (op) {
  case AtomicOp::Add:
    return type.isFloat() ? K::FAdd : K::Add;
  case AtomicOp::Max:
    return type.isFloat() ? K::FMax : type.isSigned() ? K::Max : K::UMax;
  case AtomicOp::Min:
    return type.isFloat() ? K::FMin : type.isSigned() ? K::Min : K::UMin;
  case AtomicOp::And:
    return K::And;
  case AtomicOp::Or:
    return K::Or;
  case AtomicOp::Xor:
    return K::Xor;
  case AtomicOp::Xchg:
    return K::Exchange;
  }
  llvm_unreachable("every operation is handled above");
}

} // namespace

Value MemoryBuilder::atomic(AtomicOp op, const Value &pointer, const Operand &operand,
                            const AtomicOptions &options) {
  const char *name = kAtomicNames[static_cast<size_t>(op)];
  requirePointer(pointer, name);
  requireWritable(pointer);
  LanguageType element = pointer.type.pointee();
  if (!supportsAtomic(op, element))
    failType("{0} does not support {1}: integers and floats of 32 or 64 bits do, and_/or_/xor take "
             "integers, add takes "
             "fp16 and bf16, too",
             name, element.str());
  MemSemantic sem = parseSemantic(options.sem);
  MemScope scope = parseScope(options.scope);
  forbidBlock(operand, pointer, "Value");
  Value value = broadcastTo(cast(operand, element), pointer.shape()), mask;
  if (options.mask) {
    forbidBlock(*options.mask, pointer, "Mask");
    mask = broadcastTo(checkedMask(*options.mask), pointer.shape());
  }
  return emit<tile::AtomicRMWOp>(value.type, atomicKind(op, element), sem, scope, pointer.handle,
                                 value.handle, mask.handle);
}

Value MemoryBuilder::atomicCas(const Value &pointer, const Operand &compare, const Operand &operand,
                               const AtomicOptions &options) {
  requirePointer(pointer, "atomic_cas");
  requireWritable(pointer);
  if (options.mask)
    fail("atomic_cas takes no mask: choose the pointers, or branch");
  LanguageType element = pointer.type.pointee();
  unsigned bits = element.bitwidth();
  if (bits != 16 && bits != 32 && bits != 64)
    failType("atomic_cas only supports elements with width {{16, 32, 64}, got {0} ({1} bits)",
             element.str(), bits);
  forbidBlock(compare, pointer, "Compare");
  forbidBlock(operand, pointer, "Value");
  Value expected = broadcastTo(cast(compare, element), pointer.shape());
  Value value = broadcastTo(cast(operand, element), pointer.shape());
  return emit<tile::AtomicCASOp>(value.type, parseSemantic(options.sem), parseScope(options.scope),
                                 pointer.handle, expected.handle, value.handle);
}

} // namespace cosmati::lang
