// tilegpu.mma_sparse: as tilegpu.mma, with a register of metadata for each step.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "compiler/Conversion/TileGPUToNVVM/MmaRegisters.h"
#include "dialects/TileGPU/IR/MmaOps.h"

using namespace mlir;
using cosmati::tilegpu::MmaInstruction;
using cosmati::tilegpu::MmaSparsePlan;
using cosmati::tilegpu::MmaSparseStep;
using cosmati::tilegpu::MmaType;

namespace cosmati::tonvvm {

namespace {

/// The registers that one instruction reads.
struct SparseOperands {
  ValueRange a, b, c;
  Value metadata;
};

/// By NVVM's op where it knows the instruction.
Value emitSparseOp(Emitter &emit, const MmaInstruction &row, bool saturate, Type result,
                   const SparseOperands &in) {
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (row.saturates())
    overflow = saturate ? NVVM::MMAIntOverflow::satfinite : NVVM::MMAIntOverflow::wrapped;
  std::array types{*NVVM::symbolizeMMATypes(mmaTypeName(row.a)),
                   *NVVM::symbolizeMMATypes(mmaTypeName(row.b))};
  int64_t shape[] = {row.m, row.n, row.k};
  auto op = NVVM::MmaSpOp::create(emit.builder, emit.loc, result, in.a, in.b, in.c, in.metadata,
                                  emit.i32(0), shape, overflow, types);
  op.setOrderedMetadata(true);
  return op;
}

/// Selector 0: all lanes that an instruction might read hold the codes (MmaMetadataLayout.h).
SmallVector<Value> multiplySparse(Emitter &emit, const MmaInstruction &row, bool saturate,
                                  const SparseOperands &in) {
  Type result = LLVM::LLVMStructType::getLiteral(emit.builder.getContext(),
                                                 SmallVector<Type>(in.c.getTypes()));
  Value all;
  if (row.nvvmOp) {
    all = emitSparseOp(emit, row, saturate, result, in);
  } else {
    SmallVector<Value> operands(in.a);
    llvm::append_range(operands, in.b);
    llvm::append_range(operands, in.c);
    operands.push_back(in.metadata);
    operands.push_back(emit.i32(0));
    all = emit.intrinsic(saturate ? row.saturatingIntrinsic : row.intrinsic, result, operands);
  }
  SmallVector<Value> registers;
  for (size_t i = 0; i < in.c.size(); ++i)
    registers.push_back(emit.field(all, int64_t(i)));
  return registers;
}

struct LowerMmaSparse : BlockPattern<tilegpu::MmaSparseOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::MmaSparseOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    const MmaInstruction &row = op.row();
    llvm::Expected<MmaSparsePlan> plan = op.plan();
    if (!plan)
      return op.emitOpError() << llvm::toString(plan.takeError());
    Emitter emit(rewriter, op.getLoc());
    MmaFragments a(emit, in.getA(), plan->a, row.a, row.aRegisters),
        metadata(emit, in.getMetadata(), plan->metadata, MmaType::S32, /*count=*/1),
        b(emit, in.getB(), plan->b, row.b, row.bRegisters),
        acc(emit, in.getAcc(), plan->acc, row.acc, row.accRegisters);
    for (const MmaSparseStep &step : plan->steps)
      acc.get(step.acc) = multiplySparse(
          emit, row, op.getSaturate(),
          {a.get(step.a), b.get(step.b), acc.get(step.acc), metadata.get(step.metadata).front()});
    replaceWithRegisters(rewriter, op, acc.unpack());
    return success();
  }
};

} // namespace

void populateMmaSparse(const TypeConverter &types, RewritePatternSet &patterns,
                       LoweringContext &context) {
  patterns.add<LowerMmaSparse>(types, context);
}

} // namespace cosmati::tonvvm
