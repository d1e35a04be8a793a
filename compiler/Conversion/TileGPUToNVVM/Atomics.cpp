// Atomic read-modify-write and compare-and-swap.
//
// One instruction per element. Float maximum and minimum are integer ones on the bits: a value
// whose sign bit is clear compares as a signed integer, one whose sign bit is set as an unsigned
// integer in the opposite sense. So -0 < +0, and a NaN without sign is the largest value (it wins a
// maximum and loses a minimum), one with sign the smallest.
#include "compiler/Conversion/TileGPUToNVVM/InlinePtx.h"
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"

using namespace mlir;
using cosmati::tile::AtomicKind;

namespace cosmati::tonvvm {

namespace {

/// The PTX name of an operation on a type; empty where PTX has none.
std::string instructionName(AtomicKind kind, Type type, bool hasBf16Arithmetic) {
  unsigned bits = bitsInMemory(type);
  std::string width = std::to_string(bits);
  bool wide = bits == 32 || bits == 64;
  bool integer = isa<IntegerType>(type) && wide;
  switch (kind) {
  case AtomicKind::And:
    return integer ? "and.b" + width : "";
  case AtomicKind::Or:
    return integer ? "or.b" + width : "";
  case AtomicKind::Xor:
    return integer ? "xor.b" + width : "";
  case AtomicKind::Add:
    return integer ? "add.u" + width : "";
  case AtomicKind::Max:
    return integer ? "max.s" + width : "";
  case AtomicKind::Min:
    return integer ? "min.s" + width : "";
  case AtomicKind::UMax:
    return integer ? "max.u" + width : "";
  case AtomicKind::UMin:
    return integer ? "min.u" + width : "";
  case AtomicKind::Exchange:
    return wide ? "exch.b" + width : "";
  case AtomicKind::FAdd:
    if (type.isF32() || type.isF64())
      return "add.f" + width;
    if (type.isF16())
      return "add.noftz.f16";
    return type.isBF16() && hasBf16Arithmetic ? "add.noftz.bf16" : "";
  case AtomicKind::FMax:
  case AtomicKind::FMin:
    return ""; // made of two integer instructions
  }
  return "";
}

/// The threads that act: one replica of each element, thread 0 for a scalar.
Value actors(ThreadValues &thread, Type type) {
  if (!isa<RankedTensorType>(type))
    return thread.isThreadZero();
  return thread.isFirstReplica(replicationMasks(tilegpu::layoutOf(type)));
}

/// `act(r)` for each register; registers of one thread that hold the same element act once.
SmallVector<Value> oncePerElement(Type type, function_ref<Value(int64_t)> act) {
  if (!isa<RankedTensorType>(type))
    return {act(0)};
  const LinearLayout &layout = tilegpu::layoutOf(type);
  DenseMap<uint32_t, Value> done;
  SmallVector<Value> results;
  for (int64_t r = 0; r < registerCount(type); ++r) {
    Value &result = done[layout.applyFlat(r)];
    if (!result)
      result = act(r);
    results.push_back(result);
  }
  return results;
}

LogicalResult checkScalarUse(Operation *op) {
  if (isa<RankedTensorType>(op->getResult(0).getType()) || op->use_empty())
    return success();
  return op->emitOpError("gives a scalar that is used, but only thread 0 has it; the pass "
                         "tilegpu-explicit-scratch must come before");
}

Value at(ValueRange values, int64_t index) {
  return values.empty() ? Value() : values[values.size() == 1 ? 0 : index];
}

Value both(Emitter &emit, Value a, Value b) { return a && b ? emit.bitAnd(a, b) : a ? a : b; }

struct LowerAtomicRMW : BlockPattern<tile::AtomicRMWOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::AtomicRMWOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = loweredElementType(op.getType());
    bool extremum = op.getKind() == AtomicKind::FMax || op.getKind() == AtomicKind::FMin;
    std::string name = instructionName(op.getKind(), type, context.target.hasBf16Arithmetic());
    // The op's verifier leaves nothing else without an instruction.
    bool looped = name.empty() && op.getKind() == AtomicKind::FAdd;
    if (failed(checkScalarUse(op)))
      return failure();
    Value acting = actors(context.thread(op), op.getType());
    Emitter emit(rewriter, op.getLoc());
    auto act = [&](int64_t r) {
      Value predicate = both(emit, at(in.getMask(), r), acting);
      Value bits = toBits(emit, in.getValue()[r]);
      Value old = extremum ? emitExtremum(emit, op, in.getPtr()[r], bits, predicate)
                  : looped ? emitLoop(emit, op, in.getPtr()[r], in.getValue()[r], predicate)
                           : emitOne(emit, op, name, in.getPtr()[r], bits, predicate, {});
      return fromBits(emit, old, type);
    };
    replaceWithRegisters(rewriter, op, oncePerElement(op.getType(), act));
    return success();
  }

private:
  static Value emitOne(Emitter &emit, tile::AtomicRMWOp op, StringRef name, Value ptr, Value bits,
                       Value predicate, Value other) {
    if (predicate && !other)
      other = emit.integer(bits.getType(), 0);
    return emitAtomic(emit, {name, op.getSem(), op.getScope()}, ptr, bits, predicate, other);
  }

  /// Where there is no instruction: compare-and-swap until nobody else came between. What is in
  /// memory is read by a first swap of 0 for 0. f32 rounds a sum of two bf16 as bf16 itself would.
  static Value emitLoop(Emitter &emit, tile::AtomicRMWOp op, Value ptr, Value addend,
                        Value predicate) {
    Type type = addend.getType(), word = emit.i16();
    auto swap = [&](Emitter &at, Value expected, Value next) {
      return emitAtomic(at, {"cas.b16", op.getSem(), op.getScope()}, ptr, {expected, next}, {}, {});
    };
    auto attempt = [&](OpBuilder &builder, Location loc, ValueRange carried) {
      Emitter at(builder, loc);
      Value sum =
          at.fadd(at.fpext(at.bitcast(carried[0], type), at.f32()), at.fpext(addend, at.f32()));
      Value seen = swap(at, carried[0], at.bitcast(at.fptrunc(sum, type), word));
      Value again = at.icmp(LLVM::ICmpPredicate::ne, seen, carried[0]);
      scf::ConditionOp::create(builder, loc, again, seen);
    };
    auto keep = [](OpBuilder &builder, Location loc, ValueRange carried) {
      scf::YieldOp::create(builder, loc, carried);
    };
    auto loop = [&](OpBuilder &builder, Location loc) {
      Emitter at(builder, loc);
      Value zero = at.integer(word, 0);
      Value first = swap(at, zero, zero);
      return scf::WhileOp::create(builder, loc, word, first, attempt, keep).getResult(0);
    };
    if (!predicate)
      return loop(emit.builder, emit.loc);
    return scf::IfOp::create(
               emit.builder, emit.loc, predicate,
               [&](OpBuilder &builder, Location loc) {
                 scf::YieldOp::create(builder, loc, loop(builder, loc));
               },
               [&](OpBuilder &builder, Location loc) {
                 scf::YieldOp::create(builder, loc, Emitter(builder, loc).integer(word, 0));
               })
        .getResult(0);
  }

  static Value emitExtremum(Emitter &emit, tile::AtomicRMWOp op, Value ptr, Value bits,
                            Value predicate) {
    bool max = op.getKind() == AtomicKind::FMax;
    std::string width = std::to_string(bitsInMemory(bits.getType()));
    Value negative = emit.icmp(LLVM::ICmpPredicate::slt, bits, emit.integer(bits.getType(), 0));
    Value positive = emit.bitXor(negative, 1);
    Value old = emitOne(emit, op, (max ? "max.s" : "min.s") + width, ptr, bits,
                        both(emit, predicate, positive), {});
    return emitOne(emit, op, (max ? "min.u" : "max.u") + width, ptr, bits,
                   both(emit, predicate, negative), old);
  }
};

struct LowerAtomicCAS : BlockPattern<tile::AtomicCASOp> {
  using BlockPattern::BlockPattern;

  LogicalResult matchAndRewrite(tile::AtomicCASOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    Type type = loweredElementType(op.getType());
    unsigned bits = bitsInMemory(type);
    if (bits < 16)
      return op.emitError("atomic compare-and-swap of ")
             << type << " is not there; there are 16, 32 and 64 bits";
    if (failed(checkScalarUse(op)))
      return failure();
    Value acting = actors(context.thread(op), op.getType());
    Emitter emit(rewriter, op.getLoc());
    std::string name = "cas.b" + std::to_string(bits);
    auto act = [&](int64_t r) {
      Value operands[] = {toBits(emit, in.getCompare()[r]), toBits(emit, in.getValue()[r])};
      Value other = emit.integer(emit.intType(bits), 0);
      Value old = emitAtomic(emit, {name, op.getSem(), op.getScope()}, in.getPtr()[r], operands,
                             acting, other);
      return fromBits(emit, old, type);
    };
    replaceWithRegisters(rewriter, op, oncePerElement(op.getType(), act));
    return success();
  }
};

} // namespace

void populateAtomics(const TypeConverter &types, RewritePatternSet &patterns,
                     LoweringContext &context) {
  patterns.add<LowerAtomicRMW, LowerAtomicCAS>(types, context);
}

} // namespace cosmati::tonvvm
