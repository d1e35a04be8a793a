#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

class BlockPointerTest : public BuilderTest {
protected:
  BlockPointer make(Scalar scalar = Scalar::FP32) {
    Value n = any(Scalar::Int32);
    return b.makeBlockPointer(pointer(scalar), {n, n}, {n, 1}, {0, any(Scalar::Int64)}, {4, 8});
  }
};

TEST_F(BlockPointerTest, LoadHasTheBlocksShape) {
  Value loaded = b.load(make(), {0, 1}, "zero");
  EXPECT_EQ(loaded.type, blockOf(Scalar::FP32, {4, 8}));
  EXPECT_TRUE(llvm::cast<tile::LoadOp>(loaded.handle.getDefiningOp()).getMask());
  Value unchecked = b.load(make(), {}, "");
  EXPECT_FALSE(llvm::cast<tile::LoadOp>(unchecked.handle.getDefiningOp()).getMask());
}

TEST_F(BlockPointerTest, PaddingIsZeroOrNaN) {
  auto load = llvm::cast<tile::LoadOp>(b.load(make(), {1}, "nan").handle.getDefiningOp());
  EXPECT_TRUE(load.getOther());
  EXPECT_REFUSED(b.load(make(Scalar::Int32), {1}, "nan"), LanguageError,
                 "Padding option `nan` is not supported for integer block pointers");
  EXPECT_REFUSED(b.load(make(), {1}, "one"), LanguageError, "Padding option one not supported");
}

TEST_F(BlockPointerTest, BoundaryCheckNamesDimensionsOnce) {
  EXPECT_REFUSED(b.load(make(), {2}, ""), LanguageError,
                 "boundary_check names dimension 2, but the block has rank 2");
  EXPECT_REFUSED(b.load(make(), {1, 1}, ""), LanguageError,
                 "Duplicate dimension in `boundary_check`");
  EXPECT_REFUSED(b.load(make(), {}, "", {.mask = true}), LanguageError,
                 "`mask` and `other` arguments cannot be specified");
}

TEST_F(BlockPointerTest, AdvanceMovesTheOffsets) {
  BlockPointer p = make(), q = b.advance(p, {4, any(Scalar::Int32)});
  EXPECT_NE(p.offsets[0].handle, q.offsets[0].handle);
  EXPECT_EQ(q.offsets[1].type.str(), "int64");
  EXPECT_REFUSED(b.advance(p, {4}), LanguageError, "to have the block's rank, 2, got 1");
}

TEST_F(BlockPointerTest, StoreChecksTheShape) {
  b.store(make(), block(Scalar::FP16, {4, 8}), {0});
  EXPECT_TRUE(last<tile::StoreOp>().getMask());
  EXPECT_REFUSED(b.store(make(), block(Scalar::FP32, {8, 4}), {}), LanguageError,
                 "Block shape([4, 8]) and value shape([8, 4]) mismatch");
}

TEST_F(BlockPointerTest, TheBaseIsAScalarPointer) {
  EXPECT_REFUSED(b.makeBlockPointer(pointer(Scalar::FP32, {8}), {8}, {1}, {0}, {8}),
                 LanguageTypeError, "Expected `base` to be a pointer type");
  EXPECT_REFUSED(b.makeBlockPointer(pointer(Scalar::FP32), {8.0}, {1}, {0}, {8}), LanguageTypeError,
                 "Expected an integer scalar type in shape");
}

} // namespace
} // namespace cosmati::lang
