#include "dialects/Tile/IR/TileDialect.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using ProgramTest = BuilderTest;

TEST_F(ProgramTest, AxesAreZeroToTwo) {
  EXPECT_EQ(b.programId(2).type.str(), "int32");
  EXPECT_REFUSED(b.programId(3), LanguageError, "program_id axis must be 0, 1, or 2 but got 3");
  EXPECT_REFUSED(b.numPrograms(-1), LanguageError,
                 "num_programs axis must be 0, 1, or 2 but got -1");
}

TEST_F(ProgramTest, PrintKeepsTheSigns) {
  b.print("x: ", {block(Scalar::UInt8), any(Scalar::Int32), 1.5}, true);
  auto op = last<tile::PrintOp>();
  EXPECT_EQ(op.getIsSigned(), (llvm::ArrayRef<bool>{false, true, false}));
  EXPECT_TRUE(op.getHex());
}

TEST_F(ProgramTest, PrintShowsFp8AsNumbersAndInHexAsBytes) {
  b.print("x", {block(Scalar::FP8E5)}, false);
  EXPECT_TRUE(mlir::getElementTypeOrSelf(last<tile::PrintOp>().getOperand(0)).isF32());
  b.print("x", {block(Scalar::FP8E5)}, true);
  EXPECT_FALSE(mlir::getElementTypeOrSelf(last<tile::PrintOp>().getOperand(0)).isF32());
}

TEST_F(ProgramTest, AssertIgnoresMaskedOffElements) {
  b.assertThat(block(Scalar::Int1), "in range", block(Scalar::Int1));
  EXPECT_EQ(last<tile::AssertOp>().getMessage(), "in range");
  EXPECT_EQ(last<tile::AssertOp>().getCondition().getDefiningOp()->getName().getStringRef(),
            "arith.ori");
}

TEST_F(ProgramTest, HintsHaveOneNumberPerDimension) {
  Value x = block(Scalar::Int32, {4, 8});
  EXPECT_EQ(opName(b.multipleOf(x, {4, 8})), "tile.hint");
  EXPECT_EQ(b.maxContiguous(any(Scalar::Int32), 4).type.str(), "int32");
  EXPECT_EQ(b.maxConstancy(x, {1, 8}).type, x.type);
  EXPECT_REFUSED(b.multipleOf(x, 8), LanguageError,
                 "Shape of input to multiple_of does not match the length of values");
  EXPECT_REFUSED(b.multipleOf(x, {0, 8}), LanguageError, "must be at least 1");
}

TEST_F(ProgramTest, AssumeTakesATruthValue) {
  b.assume(b.gt(any(Scalar::Int32), 0));
  EXPECT_REFUSED(b.assume(block(Scalar::Int1)), LanguageTypeError,
                 "assume takes a scalar truth value");
}

TEST_F(ProgramTest, TheModuleCanBeTakenAndTheBuilderGoesOn) {
  b.endFunction();
  auto module = b.takeModule();
  EXPECT_TRUE(module->lookupSymbol("f"));
  EXPECT_FALSE(b.module().lookupSymbol("f"));
}

} // namespace
} // namespace cosmati::lang
