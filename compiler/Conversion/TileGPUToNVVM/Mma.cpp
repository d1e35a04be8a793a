// tilegpu.mma: packs the registers of each fragment once, multiplies tile by tile, unpacks results.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/MmaRegisters.h"
#include "dialects/TileGPU/IR/MmaOps.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using cosmati::tilegpu::MmaBitOp;
using cosmati::tilegpu::MmaInstruction;
using cosmati::tilegpu::MmaPlan;
using cosmati::tilegpu::MmaStep;

namespace cosmati::tonvvm {

namespace {

/// By NVVM's op where it knows the instruction.
Value emitOp(Emitter &emit, const MmaInstruction &row, bool saturate, Type result, ValueRange a,
             ValueRange b, ValueRange c) {
  std::optional<NVVM::MMAB1Op> bitOp;
  if (row.bitOp != MmaBitOp::None)
    bitOp = row.bitOp == MmaBitOp::Xor ? NVVM::MMAB1Op::xor_popc : NVVM::MMAB1Op::and_popc;
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (row.saturates())
    overflow = saturate ? NVVM::MMAIntOverflow::satfinite : NVVM::MMAIntOverflow::wrapped;
  std::array types{*NVVM::symbolizeMMATypes(mmaTypeName(row.a)),
                   *NVVM::symbolizeMMATypes(mmaTypeName(row.b))};
  std::array layouts{NVVM::MMALayout::row, NVVM::MMALayout::col};
  int64_t shape[] = {row.m, row.n, row.k};
  return NVVM::MmaOp::create(emit.builder, emit.loc, result, a, b, c, shape, bitOp, overflow, types,
                             layouts);
}

SmallVector<Value> multiply(Emitter &emit, const MmaInstruction &row, bool saturate, ValueRange a,
                            ValueRange b, ValueRange c) {
  Type result =
      LLVM::LLVMStructType::getLiteral(emit.builder.getContext(), SmallVector<Type>(c.getTypes()));
  Value all;
  if (row.nvvmOp) {
    all = emitOp(emit, row, saturate, result, a, b, c);
  } else {
    SmallVector<Value> operands(a);
    llvm::append_range(operands, b);
    llvm::append_range(operands, c);
    all = emit.intrinsic(saturate ? row.saturatingIntrinsic : row.intrinsic, result, operands);
  }
  SmallVector<Value> registers;
  for (size_t i = 0; i < c.size(); ++i)
    registers.push_back(emit.field(all, int64_t(i)));
  return registers;
}

/// The steps so that few fragments are in registers at once: within one k, all fragments of the
/// operand with fewer registers stay, those of the other come one after the other.
SmallVector<MmaStep, 0> fewestFragments(const MmaPlan &plan, const MmaInstruction &row) {
  SmallVector<MmaStep, 0> steps;
  const size_t perK = plan.acc.tiles();
  for (ArrayRef<MmaStep> left = plan.steps; !left.empty(); left = left.drop_front(perK)) {
    ArrayRef<MmaStep> group = left.take_front(perK);
    llvm::MapVector<int32_t, SmallVector<MmaStep>> byA, byB;
    for (const MmaStep &step : group) {
      byA[step.a].push_back(step);
      byB[step.b].push_back(step);
    }
    bool keepA = byA.size() * row.aRegisters <= byB.size() * row.bRegisters;
    for (auto &[fragment, together] : keepA ? byB : byA)
      llvm::append_range(steps, together);
  }
  return steps;
}

struct LowerMma : BlockPattern<tilegpu::MmaOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::MmaOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    const MmaInstruction &row = op.row();
    llvm::Expected<MmaPlan> plan = op.plan();
    if (!plan)
      return op.emitOpError() << llvm::toString(plan.takeError());
    Emitter emit(rewriter, op.getLoc());
    MmaFragments a(emit, in.getA(), plan->a, row.a, row.aRegisters),
        b(emit, in.getB(), plan->b, row.b, row.bRegisters),
        acc(emit, in.getAcc(), plan->acc, row.acc, row.accRegisters);
    if (op.getPromoteEvery())
      multiplyPromoting(emit, op, plan->steps, a, b, acc);
    else
      for (const MmaStep &step : fewestFragments(*plan, row))
        acc.get(step.acc) =
            multiply(emit, row, op.getSaturate(), a.get(step.a), b.get(step.b), acc.get(step.acc));
    replaceWithRegisters(rewriter, op, acc.unpack());
    return success();
  }

private:
  /// Sums of a few instructions from zero, each added to the accumulator in f32.
  static void multiplyPromoting(Emitter &emit, tilegpu::MmaOp op, ArrayRef<MmaStep> steps,
                                MmaFragments &a, MmaFragments &b, MmaFragments &acc) {
    const MmaInstruction &row = op.row();
    const int64_t perSum = std::max<int64_t>(1, op.getPromoteEvery() / row.k);
    DenseMap<int32_t, SmallVector<const MmaStep *>> stepsOf; // in the order of k
    SmallVector<int32_t> order;
    for (const MmaStep &step : steps) {
      if (stepsOf[step.acc].empty())
        order.push_back(step.acc);
      stepsOf[step.acc].push_back(&step);
    }
    for (int32_t tile : order) {
      ArrayRef<const MmaStep *> left = stepsOf[tile];
      while (!left.empty()) {
        SmallVector<Value> sum(size_t(row.accRegisters), emit.f32(0.0));
        for (const MmaStep *step : left.take_front(perSum))
          sum = multiply(emit, row, /*saturate=*/false, a.get(step->a), b.get(step->b), sum);
        for (auto [into, part] : llvm::zip_equal(acc.get(tile), sum))
          into = emit.fadd(into, part);
        left = left.drop_front(std::min<size_t>(perSum, left.size()));
      }
    }
  }
};

} // namespace

void populateMma(const TypeConverter &types, RewritePatternSet &patterns,
                 LoweringContext &context) {
  patterns.add<LowerMma>(types, context);
}

} // namespace cosmati::tonvvm
