#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using MemoryTest = BuilderTest;

TEST_F(MemoryTest, LoadGivesWhatThePointersPointTo) {
  EXPECT_EQ(b.load(pointer(Scalar::UInt16, {8})).type, blockOf(Scalar::UInt16, {8}));
  EXPECT_EQ(b.load(pointer(Scalar::FP32)).type.str(), "fp32");
  EXPECT_REFUSED(b.load(block(Scalar::Int64)), LanguageTypeError,
                 "Unsupported ptr type <[8], int64> in `tl.load`");
}

TEST_F(MemoryTest, MaskAndOtherAreBroadcastToThePointers) {
  Value p = pointer(Scalar::FP16, {4, 8});
  Value loaded = b.load(p, {.mask = block(Scalar::Int1, {4, 1}), .other = 0.0});
  EXPECT_EQ(loaded.type, blockOf(Scalar::FP16, {4, 8}));
  EXPECT_EQ(b.load(p, {.mask = any(Scalar::Int1), .other = any(Scalar::Int32)}).type, loaded.type);
  EXPECT_EQ(b.load(p, {.mask = true}).type, loaded.type);
}

TEST_F(MemoryTest, OtherIsConvertedToTheElementType) {
  auto load = llvm::cast<tile::LoadOp>(
      b.load(pointer(Scalar::Int8, {8}), {.mask = block(Scalar::Int1), .other = 300})
          .handle.getDefiningOp());
  EXPECT_TRUE(contains(textOf(load.getOther().getDefiningOp()), "dense<44>"));
}

TEST_F(MemoryTest, LoadRefusesMasksThatDoNotFit) {
  Value p = pointer(Scalar::FP32), ps = pointer(Scalar::FP32, {8});
  EXPECT_REFUSED(b.load(ps, {.other = 0.0}), LanguageError,
                 "`other` cannot be provided without `mask`");
  EXPECT_REFUSED(b.load(p, {.mask = block(Scalar::Int1)}), LanguageError,
                 "Mask argument cannot be block type if pointer argument is not a block");
  EXPECT_REFUSED(b.load(p, {.mask = any(Scalar::Int1), .other = block(Scalar::FP32)}),
                 LanguageError,
                 "Other argument cannot be block type if pointer argument is not a block");
  EXPECT_REFUSED(b.load(ps, {.mask = block(Scalar::Int32)}), LanguageTypeError,
                 "Mask must have boolean scalar type, got <[8], int32>");
  EXPECT_REFUSED(b.load(ps, {.mask = block(Scalar::Int1, {4})}), LanguageError,
                 "incompatible dimensions");
}

TEST_F(MemoryTest, HintsAreWords) {
  Value p = pointer(Scalar::FP32, {8});
  auto load = llvm::cast<tile::LoadOp>(
      b.load(p, {.cache = ".cg", .evict = "evict_last", .isVolatile = true})
          .handle.getDefiningOp());
  EXPECT_EQ(load.getCache(), tile::CacheModifier::CG);
  EXPECT_EQ(load.getEvict(), tile::EvictionPolicy::Last);
  EXPECT_TRUE(load.getIsVolatile());
  EXPECT_REFUSED(b.load(p, {.cache = ".wb"}), LanguageError,
                 "Cache modifier .wb not supported: it is one of '', '.ca'");
  EXPECT_REFUSED(b.store(p, 0, {.cache = ".ca"}), LanguageError,
                 "Cache modifier .ca not supported");
  EXPECT_REFUSED(b.load(p, {.evict = "never"}), LanguageError,
                 "Eviction policy never not supported");
}

TEST_F(MemoryTest, BoolsAreBytesInMemory) {
  Value loaded = b.load(pointer(Scalar::Int1, {8}), {.mask = block(Scalar::Int1), .other = false});
  EXPECT_EQ(loaded.type, blockOf(Scalar::Int1, {8}));
  EXPECT_EQ(opName(loaded), "arith.cmpi");
  b.store(pointer(Scalar::Int1, {8}), loaded);
  EXPECT_TRUE(mlir::getElementTypeOrSelf(last<tile::StoreOp>().getValue()).isInteger(8));
  b.store(pointer(Scalar::Int1, {8}), block(Scalar::FP32)); // 0.5 is true: a byte 1
  mlir::Operation *widened = last<tile::StoreOp>().getValue().getDefiningOp();
  EXPECT_EQ(widened->getName().getStringRef(), "arith.extui");
  EXPECT_EQ(widened->getOperand(0).getDefiningOp()->getName().getStringRef(), "arith.cmpf");
}

TEST_F(MemoryTest, StoreConvertsAndBroadcastsTheValue) {
  Value p = pointer(Scalar::FP16, {8});
  b.store(p, block(Scalar::FP32));
  EXPECT_TRUE(mlir::getElementTypeOrSelf(last<tile::StoreOp>().getValue()).isF16());
  b.store(p, any(Scalar::Int32), {.mask = any(Scalar::Int1)});
  EXPECT_EQ(last<tile::StoreOp>().getMask().getType(),
            blockOf(Scalar::Int1, {8}).mlirType(context.get()));
  b.store(pointer(Scalar::FP32), 1);
  EXPECT_TRUE(last<tile::StoreOp>().getValue().getType().isF32());
}

TEST_F(MemoryTest, StoreRefusesWhatCannotBeWritten) {
  EXPECT_REFUSED(b.store(pointer(Scalar::FP32, {8}, true), 0.0), LanguageError,
                 "Cannot store to a constant pointer");
  EXPECT_REFUSED(b.store(pointer(Scalar::FP32), block(Scalar::FP32)), LanguageError,
                 "Value argument cannot be block type if pointer argument is not a block");
  EXPECT_REFUSED(b.store(pointer(Scalar::FP32), 0.0, {.mask = block(Scalar::Int1)}), LanguageError,
                 "Mask argument cannot be block type if pointer argument is not a block");
  EXPECT_REFUSED(b.store(pointer(Scalar::FP32, {1}), block(Scalar::FP32)), LanguageError,
                 "Expected pointer argument to have shape [8] but got [1]");
  EXPECT_REFUSED(b.store(block(Scalar::FP32), 0.0), LanguageTypeError, "in `tl.store`");
}

TEST_F(MemoryTest, PointersToPointersLoadPointers) {
  Value p = b.load(pointer(LanguageType::pointer(Scalar::FP32)));
  EXPECT_EQ(p.type, LanguageType::pointer(Scalar::FP32));
  EXPECT_EQ(b.load(p).type.str(), "fp32");
}

} // namespace
} // namespace cosmati::lang
