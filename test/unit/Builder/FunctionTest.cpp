#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "test/unit/Builder/BuilderTest.h"

namespace cosmati::lang {
namespace {

using FunctionTest = BuilderTest;

TEST_F(FunctionTest, AKernelCarriesItsArgumentsPromises) {
  b.endFunction(); // the fixture's
  LanguageType pointerType = LanguageType::pointer(Scalar::FP32);
  std::string names[] = {"x", "n"};
  int64_t divisibility[] = {16, 1};
  Values arguments =
      b.beginFunction("kernel", {pointerType, Scalar::Int32},
                      {.isKernel = true, .argNames = names, .argDivisibility = divisibility});
  EXPECT_EQ(arguments[0].type, pointerType);
  b.endFunction();
  std::string text = b.moduleText();
  EXPECT_TRUE(contains(
      text, "func.func @kernel(%arg0: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %arg1: i32)"))
      << text;
  EXPECT_TRUE(contains(text, "attributes {tile.kernel}")) << text;
  EXPECT_TRUE(contains(b.moduleText(true), "loc(\"x\"")) << b.moduleText(true);
}

TEST_F(FunctionTest, ACalleeMayBeBuiltWhileItsCallerIsOpen) {
  Value x = block(Scalar::UInt8);
  Values arguments = b.beginFunction("twice", x.type);
  b.endFunction({b.add(arguments[0], arguments[0])});
  EXPECT_TRUE(b.hasFunction("twice"));
  Values results = b.call("twice", x);
  EXPECT_EQ(results[0].type, blockOf(Scalar::UInt8, {8}));
  EXPECT_EQ(opName(results[0]), "func.call");
}

TEST_F(FunctionTest, CallsAreCheckedAgainstTheSignature) {
  b.beginFunction("g", {Scalar::Int32});
  EXPECT_REFUSED(b.call("g", any(Scalar::Int32)), LanguageError, "function g is not complete");
  b.endFunction();
  EXPECT_REFUSED(b.call("g", any(Scalar::UInt32)), LanguageTypeError,
                 "argument 0 of g is uint32, expected int32");
  EXPECT_REFUSED(b.call("g", {}), LanguageTypeError, "function g takes 1 arguments, got 0");
  EXPECT_REFUSED(b.call("h", {}), LanguageError, "function h is not complete");
  EXPECT_REFUSED(b.beginFunction("g", {}), LanguageError, "function g exists already");
}

TEST_F(FunctionTest, AKernelReturnsNothing) {
  b.beginFunction("kernel", {Scalar::Int32}, {.isKernel = true});
  EXPECT_REFUSED(b.endFunction({1}), LanguageTypeError, "a kernel returns nothing");
  b.endFunction();
  EXPECT_REFUSED(b.beginFunction("k2", {blockOf(Scalar::Int32, {8})}, {.isKernel = true}),
                 LanguageTypeError, "takes scalars and pointers");
}

TEST_F(FunctionTest, EveryOpHasItsLocation) {
  b.setLocation("mod.kernel", 7, 12);
  Value x = b.programId(0);
  auto location = llvm::cast<mlir::FileLineColLoc>(x.handle.getLoc());
  EXPECT_EQ(location.getFilename().getValue(), "mod.kernel");
  EXPECT_EQ(location.getLine(), 7u);
  EXPECT_EQ(location.getColumn(), 12u);
}

} // namespace
} // namespace cosmati::lang
