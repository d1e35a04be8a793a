#include "compiler/Conversion/TileGPUToNVVM/MatrixTransfer.h"

#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/SharedAddress.h"
#include "dialects/Layout/StagingLayout.h"

using namespace mlir;

namespace cosmati::tonvvm {

namespace {

constexpr int32_t kRowBytes = 16; ///< a row of a matrix: its address is a multiple of it
constexpr unsigned kWordBits = 32;

template <typename PlanT>
std::optional<MatrixAccessPlan> planIfCheaper(RankedTensorType block, tilegpu::MemDescType memory,
                                              PlanT planAccess) {
  unsigned bits = bitsInMemory(loweredElementType(block));
  if (bits > kWordBits || memory.getLayout().getAlignment() < kRowBytes)
    return std::nullopt;
  const LinearLayout &distributed = tilegpu::layoutOf(block), &shared = memory.getLayout().getMap();
  llvm::Expected<MatrixAccessPlan> plan = planAccess(distributed, shared, bits, 4);
  if (!plan) {
    llvm::consumeError(plan.takeError());
    return std::nullopt;
  }
  llvm::Expected<SharedTraffic> vectors = vectorTraffic(distributed, shared, bits);
  if (!vectors) {
    llvm::consumeError(vectors.takeError());
    return std::move(*plan);
  }
  auto cost = [](const SharedTraffic &t) { return std::tuple(t.wavefronts(), t.instructions); };
  if (cost(matrixTraffic(*plan)) >= cost(*vectors))
    return std::nullopt;
  return std::move(*plan);
}

/// base + (rowAddress ^ flip) + add. The thread's part is made at the head of the function. Where
/// lanes and warps have bits of their own, as (base + warp) + (lane ^ flip) + add: what stands in
/// front is the same for all lanes and lies in a uniform register, and lane ^ flip is shared by
/// blocks with rows of one length that are read in one way. Else, where
/// the buffer lies at a multiple of what a flip moves, as ((base + rowAddress) ^ flip) + add: of a
/// base that changes in a loop, one addition and one exclusive or for each flip are left there,
/// which occupy a register for a moment only. Else rowAddress ^ flip is made at the head, too, and
/// holds a register.
class RowAddresses {
public:
  RowAddresses(Emitter &emit, ThreadValues &thread, const MatrixAccessPlan &plan,
               SharedBuffer buffer)
      : emit(emit), thread(thread), plan(plan), buffer(buffer) {
    for (const PlaceTerm &term : plan.rowAddress.terms)
      (term.dim == LayoutDim::Lane ? lanePart : warpPart).terms.push_back(term);
    separate = !(lanePart.possibleBits() & warpPart.possibleBits());
  }

  Value at(const MatrixInstruction &instruction) {
    Value &row = rows[instruction.flip];
    if (!row)
      row = flipped(instruction.flip);
    return emit.byteOffset(row, instruction.add);
  }

private:
  Value flipped(uint32_t flip) {
    if (separate && !(flip & ~lanePart.possibleBits())) {
      if (!ofWarp)
        ofWarp = warpPart.isZero()
                     ? buffer.base
                     : emit.element(buffer.base, emit.i8(), thread.evaluateForWarp(warpPart));
      return emit.element(ofWarp, emit.i8(), thread.evaluate(lanePart, flip));
    }
    if (flip >= static_cast<uint32_t>(buffer.alignment))
      return emit.element(buffer.base, emit.i8(), thread.evaluate(plan.rowAddress, flip));
    if (!unflipped)
      unflipped = emit.element(buffer.base, emit.i8(), thread.evaluate(plan.rowAddress));
    if (!flip)
      return unflipped;
    Value address = LLVM::PtrToIntOp::create(emit.builder, emit.loc, emit.i64(), unflipped);
    return LLVM::IntToPtrOp::create(emit.builder, emit.loc, unflipped.getType(),
                                    emit.bitXor(address, flip));
  }

  Emitter &emit;
  ThreadValues &thread;
  const MatrixAccessPlan &plan;
  SharedBuffer buffer;
  PlaceExpr lanePart, warpPart;
  bool separate;
  Value unflipped, ofWarp;
  llvm::SmallDenseMap<uint32_t, Value, 8> rows;
};

NVVM::MMALayout formOf(const MatrixAccessPlan &plan) {
  return plan.transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row;
}

NVVM::LdStMatrixShapeAttr eightByEight(Emitter &emit) {
  return NVVM::LdStMatrixShapeAttr::get(emit.builder.getContext(), 8, 8);
}

/// The 32-bit words of the plan.
SmallVector<Value> loadWords(Emitter &emit, const MatrixAccessPlan &plan, RowAddresses &rows) {
  SmallVector<Type> types(plan.matrices, emit.i32());
  Type result = plan.matrices == 1
                    ? emit.i32()
                    : LLVM::LLVMStructType::getLiteral(emit.builder.getContext(), types);
  SmallVector<Value> words;
  for (const MatrixInstruction &instruction : plan.instructions) {
    Value loaded = NVVM::LdMatrixOp::create(emit.builder, emit.loc, result, rows.at(instruction),
                                            static_cast<uint32_t>(plan.matrices), formOf(plan),
                                            eightByEight(emit), NVVM::LdStMatrixEltType::B16);
    if (plan.matrices == 1)
      words.push_back(loaded);
    else
      for (int64_t i = 0; i < plan.matrices; ++i)
        words.push_back(emit.field(loaded, i));
  }
  return words;
}

/// A word as scalars, the lowest bits first.
SmallVector<Value> elementsOf(Emitter &emit, Value word, Type type) {
  Type memory = sharedMemoryType(emit.builder, type);
  int64_t count = kWordBits / bitsInMemory(type);
  Value whole = emit.bitcast(word, count > 1 ? emit.vector(count, memory) : memory);
  SmallVector<Value> values = emit.unpack(whole);
  for (Value &value : values)
    if (value.getType() != type)
      value = fromBits(emit, value, type);
  return values;
}

Value permute(Emitter &emit, ArrayRef<Value> words, const PackedWord &packed) {
  if (packed.isCopy())
    return words[packed.first];
  return NVVM::PermuteOp::create(emit.builder, emit.loc, emit.i32(), words[packed.first],
                                 words[packed.second], emit.i32(packed.selector),
                                 NVVM::PermuteMode::DEFAULT);
}

} // namespace

std::optional<MatrixAccessPlan> planMatrixLoad(RankedTensorType block,
                                               tilegpu::MemDescType memory) {
  return planIfCheaper(block, memory, planLdmatrix);
}

std::optional<MatrixAccessPlan> planMatrixStore(RankedTensorType block,
                                                tilegpu::MemDescType memory) {
  return planIfCheaper(block, memory, planStmatrix);
}

SmallVector<Value> loadMatrices(Emitter &emit, ThreadValues &thread, const MatrixAccessPlan &plan,
                                SharedBuffer buffer, Type type) {
  RowAddresses rows(emit, thread, plan, buffer);
  SmallVector<Value> words = loadWords(emit, plan, rows);
  SmallVector<Value> registers;
  if (!plan.packed.empty()) {
    for (const PackedWord &packed : plan.packed)
      llvm::append_range(registers, elementsOf(emit, permute(emit, words, packed), type));
    return registers;
  }
  SmallVector<SmallVector<Value>> elements;
  for (Value word : words)
    elements.push_back(elementsOf(emit, word, type));
  for (const MatrixAccessPlan::Element &element : plan.elements)
    registers.push_back(elements[element.word][element.position]);
  return registers;
}

void storeMatrices(Emitter &emit, ThreadValues &thread, const MatrixAccessPlan &plan,
                   SharedBuffer buffer, ValueRange registers) {
  Type memory = sharedMemoryType(emit.builder, registers.front().getType());
  RowAddresses rows(emit, thread, plan, buffer);
  auto word = [&](ArrayRef<int32_t> held) {
    SmallVector<Value> values;
    for (int32_t r : held)
      values.push_back(registers[r].getType() == memory ? registers[r]
                                                        : toBits(emit, registers[r]));
    return emit.bitcast(emit.pack(values), emit.i32());
  };
  for (auto [index, instruction] : llvm::enumerate(plan.instructions)) {
    SmallVector<Value> words;
    for (int64_t i = 0; i < plan.matrices; ++i)
      words.push_back(word(plan.words[index * plan.matrices + i]));
    NVVM::StMatrixOp::create(emit.builder, emit.loc, rows.at(instruction), words, formOf(plan),
                             eightByEight(emit), NVVM::LdStMatrixEltType::B16);
  }
}

} // namespace cosmati::tonvvm
