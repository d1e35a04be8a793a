// compile() as a caller meets it: the image, and every kind of error.
#include "compiler/Pipeline/Compile.h"

#include <gtest/gtest.h>

#include <set>

using namespace cosmati;

namespace {

constexpr const char *kCopy = R"(
func.func @copy(%x: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %y: !tile.ptr<f32> {tile.divisibility = 16 : i32}, %n: i32) attributes {tile.kernel} {
  %r = tile.make_range 0, 128 : tensor<128xi32> loc("copy":3:5)
  %ns = tile.splat %n : i32 -> tensor<128xi32>
  %m = arith.cmpi slt, %r, %ns : tensor<128xi32>
  %xs = tile.splat %x : !tile.ptr<f32> -> tensor<128x!tile.ptr<f32>>
  %xp = tile.addptr %xs, %r : tensor<128x!tile.ptr<f32>>, tensor<128xi32>
  %v = tile.load %xp mask %m : tensor<128xi1> : tensor<128x!tile.ptr<f32>> loc("copy":5:9)
  %ys = tile.splat %y : !tile.ptr<f32> -> tensor<128x!tile.ptr<f32>>
  %yp = tile.addptr %ys, %r : tensor<128x!tile.ptr<f32>>, tensor<128xi32>
  tile.store %yp, %v mask %m : tensor<128xi1> : tensor<128x!tile.ptr<f32>> loc("copy":6:5)
  return
}
)";

/// The error of a failed compilation.
template <typename Check> void expectError(llvm::Expected<CompileResult> result, Check check) {
  ASSERT_FALSE(static_cast<bool>(result));
  llvm::handleAllErrors(result.takeError(), [&](const CompileError &error) { check(error); });
}

TEST(Compile, ImageDescribesTheKernel) {
  CompileOptions options;
  options.num_warps = 2;
  auto result = compileText(kCopy, options, {});
  ASSERT_TRUE(static_cast<bool>(result)) << llvm::toString(result.takeError());
  const runtime::KernelImage &image = result->image;
  EXPECT_EQ(image.entry, "copy");
  EXPECT_EQ(image.target, "sm_90a");
  EXPECT_EQ(image.threadsPerCta(), 64u);
  ASSERT_EQ(image.params.size(), 3u);
  EXPECT_EQ(image.params[0].kind, runtime::ParamKind::Pointer);
  EXPECT_EQ(image.params[2].kind, runtime::ParamKind::I32);
  EXPECT_NE(image.ptx.find(".visible .entry copy("), std::string::npos) << image.ptx;
  EXPECT_NE(image.ptx.find(".reqntid 64"), std::string::npos) << image.ptx;
}

TEST(Compile, LocationsOfMemoryAccessesReachThePtx) {
  auto result = compileText(kCopy, CompileOptions(), {});
  ASSERT_TRUE(static_cast<bool>(result)) << llvm::toString(result.takeError());
  std::set<std::pair<std::string, int>> lines;
  for (const runtime::SourceChain &chain : result->image.chains)
    lines.insert({chain.frames.front().function, chain.frames.front().line});
  EXPECT_TRUE(lines.contains({"copy", 5}));
  EXPECT_TRUE(lines.contains({"copy", 6}));
  EXPECT_NE(result->image.ptx.find(".loc"), std::string::npos);
}

TEST(Compile, SameInputGivesTheSameImage) {
  auto first = compileText(kCopy, CompileOptions(), {}),
       second = compileText(kCopy, CompileOptions(), {});
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->image.serialize(), second->image.serialize());
}

TEST(Compile, SyntaxErrorIsTheProgramsFault) {
  expectError(compileText("func.func @f( {", CompileOptions(), {}),
              [](const CompileError &error) { EXPECT_EQ(error.kind, CompileErrorKind::Program); });
}

TEST(Compile, ModuleWithoutAKernelIsNamed) {
  expectError(compileText("func.func @f() { return }", CompileOptions(), {}),
              [](const CompileError &error) {
                EXPECT_EQ(error.kind, CompileErrorKind::Program);
                EXPECT_NE(error.message.find("tile.kernel"), std::string::npos);
              });
}

TEST(Compile, BlockAsParameterIsNamed) {
  const char *text = R"(
func.func @big(%x: !tile.ptr<f32>, %a: tensor<256x256xf32>) attributes {tile.kernel} { return }
)";
  expectError(compileText(text, CompileOptions(), {}), [](const CompileError &error) {
    EXPECT_EQ(error.kind, CompileErrorKind::Program);
    EXPECT_NE(error.message.find("argument 1 of a kernel has type 'tensor<256x256xf32>'"),
              std::string::npos)
        << error.message;
  });
}

} // namespace
