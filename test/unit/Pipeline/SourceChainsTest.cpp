#include "compiler/Target/NVPTX/SourceChains.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace cosmati;

namespace {

TEST(SourceChains, CallSitesListTheInnermostFrameFirst) {
  MLIRContext context;
  Location inner = FileLineColLoc::get(&context, "sum", 3, 5),
           outer = FileLineColLoc::get(&context, "kernel", 7, 9);
  runtime::SourceChain chain = chainOf(CallSiteLoc::get(inner, outer));
  ASSERT_EQ(chain.frames.size(), 2u);
  EXPECT_EQ(chain.frames[0], (runtime::SourceFrame{"sum", 3, 5}));
  EXPECT_EQ(chain.frames[1], (runtime::SourceFrame{"kernel", 7, 9}));
}

TEST(SourceChains, NestedCallsKeepTheirOrder) {
  MLIRContext context;
  auto at = [&](const char *name, unsigned line) {
    return Location(FileLineColLoc::get(&context, name, line, 1));
  };
  runtime::SourceChain chain =
      chainOf(CallSiteLoc::get(CallSiteLoc::get(at("c", 1), at("b", 2)), at("a", 3)));
  ASSERT_EQ(chain.frames.size(), 3u);
  EXPECT_EQ(chain.frames[0].function, "c");
  EXPECT_EQ(chain.frames[2].function, "a");
}

TEST(SourceChains, FusedLocationSpeaksThroughItsFirstKnownPart) {
  MLIRContext context;
  Location known = FileLineColLoc::get(&context, "kernel", 4, 2);
  runtime::SourceChain chain = chainOf(FusedLoc::get(&context, {UnknownLoc::get(&context), known}));
  ASSERT_EQ(chain.frames.size(), 1u);
  EXPECT_EQ(chain.frames[0].line, 4);
}

TEST(SourceChains, UnknownLocationHasNoFrames) {
  MLIRContext context;
  EXPECT_TRUE(chainOf(UnknownLoc::get(&context)).frames.empty());
}

} // namespace
