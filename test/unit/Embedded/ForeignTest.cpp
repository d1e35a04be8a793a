// PTX text and functions of libraries.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

TEST(EmbeddedForeign, PtxOnEachElement) {
  auto out = compute<int32_t>(iota<int32_t>(64), 64, [](auto x, auto out) {
    auto i = arange<64>();
    auto reversed = inlineAsm<int32_t>("brev.b32 $0, $1;", "=r,r", {}, load(x + i));
    store(out + i, reversed);
  });
  EXPECT_EQ(static_cast<uint32_t>(out[1]), 0x80000000u);
  EXPECT_EQ(out[6], 0x60000000);
}

TEST(EmbeddedForeign, ConstraintsAreChecked) {
  auto wrong = kernel("wrong", [](Ptr<int> out) {
    auto x = arange<16>();
    store(out + x, inlineAsm<int32_t>("mov.b32 $0, $1;", "=r", {}, x));
  });
  EXPECT_REFUSED_AT(__LINE__ - 2, "constraint", wrong.compile());
}

TEST(EmbeddedForeign, LibraryFunctionsAreCalledByName) {
  buildOnly([](Scalar<int>) {
    Block<float, 16> y = libdevice<float>("__nv_sinhf", full<float, 16>(1));
    EXPECT_NO_THROW(y + libdevice<float>("__nv_powf", y, 2.0f));
  });
}

} // namespace
} // namespace cosmati
