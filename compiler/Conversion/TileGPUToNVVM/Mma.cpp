// tilegpu.mma: packs the registers of each fragment once, multiplies tile by tile, unpacks results.
#include "compiler/Conversion/TileGPUToNVVM/Lowering.h"
#include "dialects/TileGPU/IR/MmaOps.h"

using namespace mlir;
using cosmati::tilegpu::MmaBitOp;
using cosmati::tilegpu::MmaInstruction;
using cosmati::tilegpu::MmaPlan;
using cosmati::tilegpu::MmaStep;
using cosmati::tilegpu::MmaType;
using cosmati::tilegpu::TilePlaces;

namespace cosmati::tonvvm {

namespace {

/// The LLVM type of one register of an operand.
Type registerType(OpBuilder &builder, MmaType type) {
  switch (type) {
  case MmaType::F16:
    return VectorType::get({2}, builder.getF16Type());
  case MmaType::F32:
    return builder.getF32Type();
  case MmaType::F64:
    return builder.getF64Type();
  default:
    return builder.getI32Type();
  }
}

/// The fragments of an operand's tiles, packed when first needed.
class Fragments {
public:
  Fragments(Emitter &emit, ValueRange elements, const TilePlaces &places, MmaType type, int count)
      : emit(emit), elements(elements), places(places), type(registerType(emit.builder, type)),
        count(count), tiles(size_t(places.tiles())) {}

  SmallVector<Value> &get(int32_t tile) {
    SmallVector<Value> &registers = tiles[size_t(tile)];
    int32_t perRegister = (int32_t(1) << places.inner.size()) / count;
    for (int32_t i = 0; registers.size() < size_t(count); ++i) {
      SmallVector<Value> packed;
      for (int32_t j = 0; j < perRegister; ++j)
        packed.push_back(elements[places.blockRegister(tile, i * perRegister + j)]);
      registers.push_back(emit.bitcast(emit.pack(packed), type));
    }
    return registers;
  }

  /// The elements of all tiles, in the order of the block's registers.
  SmallVector<Value> unpack() {
    SmallVector<Value> result(elements.size());
    for (int32_t tile = 0; tile < places.tiles(); ++tile) {
      int32_t inTile = 0;
      for (Value word : get(tile))
        for (Value element : emit.unpack(word))
          result[places.blockRegister(tile, inTile++)] = element;
    }
    return result;
  }

private:
  Emitter &emit;
  ValueRange elements;
  const TilePlaces &places;
  Type type;
  int count; ///< registers of a tile
  SmallVector<SmallVector<Value>> tiles;
};

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

struct LowerMma : BlockPattern<tilegpu::MmaOp> {
  using BlockPattern::BlockPattern;
  LogicalResult matchAndRewrite(tilegpu::MmaOp op, OneToNOpAdaptor in,
                                ConversionPatternRewriter &rewriter) const override {
    const MmaInstruction &row = op.row();
    llvm::Expected<MmaPlan> plan = op.plan();
    if (!plan)
      return op.emitOpError() << llvm::toString(plan.takeError());
    Emitter emit(rewriter, op.getLoc());
    Fragments a(emit, in.getA(), plan->a, row.a, row.aRegisters),
        b(emit, in.getB(), plan->b, row.b, row.bRegisters),
        acc(emit, in.getAcc(), plan->acc, row.acc, row.accRegisters);
    for (const MmaStep &step : plan->steps)
      acc.get(step.acc) =
          multiply(emit, row, op.getSaturate(), a.get(step.a), b.get(step.b), acc.get(step.acc));
    replaceWithRegisters(rewriter, op, acc.unpack());
    return success();
  }
};

} // namespace

void populateMma(const TypeConverter &types, RewritePatternSet &patterns,
                 LoweringContext &context) {
  patterns.add<LowerMma>(types, context);
}

} // namespace cosmati::tonvvm
