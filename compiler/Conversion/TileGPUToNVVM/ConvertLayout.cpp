// tilegpu.convert_layout within a warp, as planConversion says.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/Shuffle.h"

using namespace mlir;

namespace cosmati::tonvvm {

static Value shuffle32(Emitter &emit, Value word, Value lane, NVVM::ShflKind kind) {
  // Clamp 31 and no segments: all 32 lanes form one group.
  return NVVM::ShflOp::create(emit.builder, emit.loc, word.getType(), emit.i32(-1), word, lane,
                              emit.i32(31), kind, UnitAttr());
}

static Value shuffle(Emitter &emit, Value word, Value lane, NVVM::ShflKind kind) {
  if (!word.getType().isInteger(64))
    return shuffle32(emit, word, lane, kind);
  SmallVector<Value> halves = emit.unpack(emit.bitcast(word, emit.vector(2, emit.i32())));
  for (Value &half : halves)
    half = shuffle32(emit, half, lane, kind);
  return emit.bitcast(emit.pack(halves), emit.i64());
}

Value shuffleIndex(Emitter &emit, Value word, Value lane) {
  return shuffle(emit, word, lane, NVVM::ShflKind::idx);
}

Value shuffleXor(Emitter &emit, Value word, uint32_t laneXor) {
  return shuffle(emit, word, emit.i32(laneXor), NVVM::ShflKind::bfly);
}

static Value shuffleScalar(Emitter &emit, Value scalar, Value lane, NVVM::ShflKind kind) {
  Type type = scalar.getType();
  if (type.isF32())
    return shuffle32(emit, scalar, lane, kind);
  Type word = bitsInMemory(type) == 64 ? emit.i64() : emit.i32();
  Value bits = emit.zext(toBits(emit, scalar), word);
  Value moved = shuffle(emit, bits, lane, kind);
  return fromBits(emit, emit.trunc(moved, emit.intType(bitsInMemory(type))), type);
}

Value shuffleScalarIndex(Emitter &emit, Value scalar, Value lane) {
  return shuffleScalar(emit, scalar, lane, NVVM::ShflKind::idx);
}

Value shuffleScalarXor(Emitter &emit, Value scalar, uint32_t laneXor) {
  return shuffleScalar(emit, scalar, emit.i32(laneXor), NVVM::ShflKind::bfly);
}

namespace {

/// words[i] = condition ? words[i ^ flip] : words[i].
void applyStages(Emitter &emit, ThreadValues &thread, ArrayRef<SelectStage> stages,
                 SmallVector<Value> &words) {
  for (const SelectStage &stage : stages) {
    Value condition = thread.parity(stage.condition);
    SmallVector<Value> next;
    for (size_t i = 0; i < words.size(); ++i)
      next.push_back(emit.select(condition, words[i ^ stage.flip], words[i]));
    words = std::move(next);
  }
}

class ShuffleEmitter {
public:
  ShuffleEmitter(Emitter &emit, ThreadValues &thread, const ShufflePlan &plan, Type element)
      : emit(emit), thread(thread), plan(plan), element(element),
        wordBits(bitsInMemory(element) == 64 ? 64 : 32) {}

  SmallVector<Value> run(ValueRange registers) {
    SmallVector<Value> words;
    for (ArrayRef<int32_t> sources : plan.sourceWords) {
      SmallVector<Value> values;
      for (int32_t r : sources)
        values.push_back(registers[r]);
      words.push_back(packWords(emit, values, wordBits).front());
    }
    applyStages(emit, thread, plan.sendStages, words);
    SmallVector<Value> received;
    for (const ShuffleRound &round : plan.rounds)
      received.push_back(move(words[round.sendWord], round));
    applyStages(emit, thread, plan.receiveStages, received);
    return results(received);
  }

private:
  Value move(Value word, const ShuffleRound &round) {
    if (!round.moves)
      return word;
    if (plan.isButterfly)
      return shuffleXor(emit, word, round.laneXor);
    Value lane = thread.evaluate(plan.sourceLane);
    return shuffleIndex(emit, word,
                        xorConstant(emit, lane, plan.sourceLane.possibleBits(), round.laneXor));
  }

  SmallVector<Value> results(ArrayRef<Value> received) {
    SmallVector<SmallVector<Value>> elements(received.size());
    SmallVector<Value> values;
    for (auto [word, position] : plan.results) {
      if (elements[word].empty())
        elements[word] = unpackWords(emit, received[word], element, plan.elementsPerWord);
      values.push_back(elements[word][position]);
    }
    return values;
  }

  Emitter &emit;
  ThreadValues &thread;
  const ShufflePlan &plan;
  Type element;
  unsigned wordBits;
};

struct LowerConvertLayout : BlockPattern<tilegpu::ConvertLayoutOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::ConvertLayoutOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type element = loweredElementType(op.getType());
    const LinearLayout &from = tilegpu::layoutOf(op.getValue());
    const LinearLayout &to = tilegpu::layoutOf(op.getType());
    auto plan = planConversion(from, to, bitsInMemory(element));
    if (plan && plan->kind == ConversionKind::SharedMemory)
      plan = planConversion(from, to, bitsInMemory(element), {.avoidSharedMemory = true});
    if (!plan)
      return op.emitOpError(llvm::toString(plan.takeError()));
    Emitter emit(rewriter, op.getLoc());
    SmallVector<Value> registers;
    switch (plan->kind) {
    case ConversionKind::Identity:
    case ConversionKind::RegisterPermute:
      for (int32_t source : plan->sourceRegister)
        registers.push_back(in.getValue()[source]);
      break;
    case ConversionKind::WarpShuffle:
      registers =
          ShuffleEmitter(emit, context.thread(op), plan->shuffle, element).run(in.getValue());
      break;
    case ConversionKind::SharedMemory:
      return op.emitOpError("moves elements between warps, which needs shared memory; the pass "
                            "tilegpu-explicit-scratch must come before");
    }
    replaceWithRegisters(rewriter, op, registers);
    return success();
  }
};

} // namespace

void populateConvertLayout(const TypeConverter &types, RewritePatternSet &patterns,
                           LoweringContext &context) {
  patterns.add<LowerConvertLayout>(types, context);
}

} // namespace cosmati::tonvvm
