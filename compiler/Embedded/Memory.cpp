// Construct.h: loads, stores and atomics.
#include "compiler/Embedded/Trace.h"

namespace cosmati::detail {

Handle load(const Operand &pointer, const Operand &mask, const Operand &other,
            const MemoryWords &words, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(
        b.load(trace.value(pointer.value), {trace.optional(mask), trace.optional(other),
                                            words.cache, words.evict, words.isVolatile}));
  });
}

void store(const Operand &pointer, const Operand &value, const Operand &mask,
           const MemoryWords &words, Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) {
    b.store(trace.value(pointer.value), trace.operand(value),
            {trace.optional(mask), words.cache, words.evict});
  });
}

Handle atomic(AtomicOp op, const Operand &pointer, const Operand &value, const Operand &mask,
              std::string_view sem, std::string_view scope, Where where) {
  using A = lang::AtomicOp;
  // In the order of AtomicOp.
  static constexpr A kinds[] = {A::Add, A::Max, A::Min, A::And, A::Or, A::Xor, A::Xchg};
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.atomic(kinds[static_cast<size_t>(op)], trace.value(pointer.value),
                              trace.operand(value), {trace.optional(mask), sem, scope}));
  });
}

Handle atomicCas(const Operand &pointer, const Operand &compare, const Operand &value,
                 std::string_view sem, std::string_view scope, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(b.atomicCas(trace.value(pointer.value), trace.operand(compare),
                                 trace.operand(value), {std::nullopt, sem, scope}));
  });
}

static lang::BlockPointer toBlockPointer(const Handle *handles, const Dims &block,
                                         const Trace &trace) {
  lang::BlockPointer pointer{trace.value(*handles++), {}, {}, {}, {}};
  for (lang::Values *part : {&pointer.shape, &pointer.strides, &pointer.offsets})
    for (int i = 0; i < block.rank; ++i)
      part->push_back(trace.value(*handles++));
  pointer.blockShape.assign(block.extent, block.extent + block.rank);
  return pointer;
}

static llvm::SmallVector<int64_t, 4> dimensions(const Dims &list) {
  return {list.extent, list.extent + list.rank};
}

Handle loadWindow(const Handle *values, const Dims &block, const Dims &checked,
                  std::string_view padding, const MemoryWords &words, Where where) {
  return at(where, [&](Trace &trace, lang::Builder &b) {
    return trace.add(
        b.load(toBlockPointer(values, block, trace), dimensions(checked), padding,
               {std::nullopt, std::nullopt, words.cache, words.evict, words.isVolatile}));
  });
}

void storeWindow(const Handle *values, const Dims &block, const Operand &value, const Dims &checked,
                 const MemoryWords &words, Where where) {
  at(where, [&](Trace &trace, lang::Builder &b) {
    b.store(toBlockPointer(values, block, trace), trace.operand(value), dimensions(checked),
            {std::nullopt, words.cache, words.evict});
  });
}

} // namespace cosmati::detail
