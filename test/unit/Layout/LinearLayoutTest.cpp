// Construction, points, text and rank of LinearLayout.
#include "test/unit/Layout/RandomLayouts.h"

#include <gtest/gtest.h>

using namespace cosmati;
using cosmati::test::RandomLayouts;
using cosmati::test::unwrap;

namespace {

using Point = llvm::SmallVector<int32_t, 4>;

std::string reasonOf(llvm::Expected<LinearLayout> layout) {
  if (layout)
    return "no error";
  return llvm::toString(layout.takeError());
}

TEST(LinearLayout, HeaderExample1FourConsecutiveElementsInEachLane) {
  LinearLayout layout = unwrap(LinearLayout::create(
      {{LayoutDim::Register, {{1}, {2}}}, {LayoutDim::Lane, {{4}, {8}, {16}, {32}, {64}}}}, {128}));
  EXPECT_EQ(layout.apply({{LayoutDim::Register, 3}, {LayoutDim::Lane, 5}}), Point{23});
  EXPECT_TRUE(layout.isInvertible());
}

TEST(LinearLayout, HeaderExample2SwizzledTile) {
  LinearLayout layout =
      unwrap(LinearLayout::parse("offset = [[0, 1], [0, 2], [1, 1], [2, 2]], shape = [4, 4]"));
  EXPECT_EQ(layout.apply({{LayoutDim::Offset, 4}}), (Point{1, 1}));
  EXPECT_EQ(layout.apply({{LayoutDim::Offset, 9}}), (Point{2, 3}));
  LinearLayout offsets = *layout.inverse();
  for (int32_t row = 0; row < 4; ++row)
    EXPECT_EQ(offsets.apply({{tensorDim(0), row}}), Point{5 * row});
}

TEST(LinearLayout, HeaderExample4Transposition) {
  LinearLayout source = unwrap(LinearLayout::parse("register = [[1]], lane = [[2]], shape = [4]"));
  LinearLayout destination =
      unwrap(LinearLayout::parse("register = [[2]], lane = [[1]], shape = [4]"));
  LinearLayout conversion = *destination.invertAndCompose(source);
  EXPECT_EQ(conversion.toString(),
            "register = [[1, 0]], lane = [[0, 1]], out = {lane: 2, register: 2}");
}

TEST(LinearLayout, CreateNamesTheOffendingBasis) {
  EXPECT_EQ(reasonOf(LinearLayout::create({{LayoutDim::Lane, {{1, 0}, {0, 4}}}}, {2, 4})),
            "basis 1 of lane has coordinate 4 in dim1, whose size is 4");
  EXPECT_EQ(reasonOf(LinearLayout::create({{LayoutDim::Lane, {{1}}}}, {2, 4})),
            "basis 0 of lane has 1 coordinates, the output has 2 dims");
  EXPECT_EQ(reasonOf(LinearLayout::create({{LayoutDim::Lane, {{-1}}}}, {4})),
            "basis 0 of lane has coordinate -1 in dim0, whose size is 4");
  EXPECT_EQ(reasonOf(LinearLayout::create({}, {3})), "extent 3 of tensor dim 0 is no power of two");
  EXPECT_EQ(reasonOf(LinearLayout::create({{LayoutDim::Lane, {}}, {LayoutDim::Lane, {}}}, {1})),
            "input dim lane is given twice");
  EXPECT_EQ(reasonOf(LinearLayout::create({{tensorDim(0), {}}}, {1})),
            "dim0 is a tensor dim; inputs are register, lane, warp, block and offset");
  EXPECT_EQ(reasonOf(LinearLayout::create({}, {1 << 20, 1 << 20})),
            "a tensor of 2^40 elements exceeds 2^31");
}

TEST(LinearLayout, ParseNamesPositionAndExpectation) {
  EXPECT_EQ(reasonOf(LinearLayout::parse("register = [[1], shape = [2]")),
            "at character 17 of layout 'register = [[1], shape = [2]': expected '['");
  EXPECT_EQ(
      reasonOf(LinearLayout::parse("thread = [], shape = [1]")),
      "at character 8 of layout 'thread = [], shape = [1]': expected an input dim, 'shape' or "
      "'out' before '=', found 'thread'");
  EXPECT_EQ(reasonOf(LinearLayout::parse("shape = [1] x")),
            "at character 12 of layout 'shape = [1] x': expected the end");
  EXPECT_EQ(reasonOf(LinearLayout::parse("out = {lane: 3}")),
            "at character 14 of layout 'out = {lane: 3}': expected a power of two as size of lane, "
            "found 3");
  EXPECT_EQ(reasonOf(LinearLayout::parse("")), "at character 0 of layout '': expected '='");
}

TEST(LinearLayout, ParseReadsWhatPrintWrites) {
  RandomLayouts random(1);
  for (int i = 0; i < 200; ++i) {
    LayoutSpace in =
        random.space({LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block}, 4);
    LayoutSpace tensor = random.space({tensorDim(0), tensorDim(1), tensorDim(2)}, 4);
    LayoutSpace places = random.space({LayoutDim::Lane, LayoutDim::Register}, 4);
    for (const LayoutSpace &out : {tensor, places}) {
      LinearLayout layout = random.any(in, out);
      EXPECT_EQ(unwrap(LinearLayout::parse(layout.toString())), layout) << layout.toString();
    }
  }
}

TEST(LinearLayout, ApplyIsLinear) {
  RandomLayouts random(2);
  LinearLayout layout = random.any(RandomLayouts::threads(3, 2), LayoutSpace::tensor({32, 64}));
  for (int i = 0; i < 100; ++i) {
    uint32_t a = random.number(0, 1023), b = random.number(0, 1023);
    EXPECT_EQ(layout.applyFlat(a ^ b), layout.applyFlat(a) ^ layout.applyFlat(b));
  }
}

TEST(LinearLayout, ShiftTermsReproduceTheMap) {
  RandomLayouts random(3);
  for (int i = 0; i < 50; ++i) {
    LinearLayout layout = random.any(RandomLayouts::threads(2, 2), LayoutSpace::tensor({16, 32}));
    for (int32_t lane = 0; lane < 32; ++lane) {
      Point expected = layout.apply({{LayoutDim::Lane, lane}});
      for (unsigned dim = 0; dim < 2; ++dim) {
        uint32_t value = 0;
        for (ShiftTerm term : layout.shiftTerms(LayoutDim::Lane, tensorDim(dim)))
          value ^= term.apply(lane);
        EXPECT_EQ(static_cast<int32_t>(value), expected[dim]);
      }
    }
  }
}

TEST(LinearLayout, ContiguousLanesNeedOneShiftTerm) {
  LinearLayout layout = unwrap(
      LinearLayout::parse("register = [[1]], lane = [[2], [4], [8], [16], [32]], shape = [64]"));
  EXPECT_EQ(layout.shiftTerms(LayoutDim::Lane, tensorDim(0)),
            (llvm::SmallVector<ShiftTerm, 4>{{31, 1}}));
}

TEST(LinearLayout, FreeVariablesCoverEachHeldElementOnce) {
  RandomLayouts random(4);
  for (int i = 0; i < 100; ++i) {
    LinearLayout layout =
        random.any(random.space({LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp}, 3),
                   LayoutSpace::tensor({8, 4}));
    std::vector<int> all(32), once(32);
    uint32_t freeBits = layout.freeInputBits();
    for (uint32_t place = 0; place < layout.in().totalSize(); ++place) {
      ++all[layout.applyFlat(place)];
      once[layout.applyFlat(place)] += (place & freeBits) == 0;
    }
    for (int element = 0; element < 32; ++element)
      EXPECT_EQ(once[element], all[element] != 0);
  }
}

TEST(LinearLayout, ReplicationShowsAsZeroBases) {
  LinearLayout layout = unwrap(LinearLayout::parse(
      "register = [[1], [0]], lane = [[2], [0], [4]], warp = [[0], [0]], shape = [8]"));
  EXPECT_EQ(layout.zeroBasisMask(LayoutDim::Register), 2u);
  EXPECT_EQ(layout.zeroBasisMask(LayoutDim::Lane), 2u);
  EXPECT_EQ(layout.freeVariableMask(LayoutDim::Warp), 3u);
  EXPECT_TRUE(layout.isSurjective());
  EXPECT_FALSE(layout.isInjective());
}

TEST(LinearLayout, EqualLayoutsHashAlikeWhateverTheOrderOfConstruction) {
  LinearLayout a = unwrap(
      LinearLayout::create({{LayoutDim::Lane, {{0, 1}}}, {LayoutDim::Register, {{1, 0}}}}, {2, 2}));
  LinearLayout b = unwrap(
      LinearLayout::create({{LayoutDim::Register, {{1, 0}}}, {LayoutDim::Lane, {{0, 1}}}}, {2, 2}));
  EXPECT_EQ(a, b);
  EXPECT_EQ(hash_value(a), hash_value(b));
  EXPECT_NE(a, a.transpose({1, 0}));
  EXPECT_NE(a, a.reshape({4}));
}

TEST(LayoutSpace, FlattenAndCoordinatesAreInverse) {
  LayoutSpace space({{LayoutDim::Register, 4}, {LayoutDim::Warp, 2}, {LayoutDim::Lane, 32}});
  for (uint32_t flat = 0; flat < space.totalSize(); ++flat) {
    llvm::SmallVector<LayoutCoordinate, 4> point;
    for (const LayoutSpace::Axis &axis : space.axes())
      point.emplace_back(axis.dim, space.coordinate(flat, axis.dim));
    EXPECT_EQ(space.flatten(point), flat);
  }
  EXPECT_EQ(space.coordinate(5, LayoutDim::Register), 1); // register is the least significant
}

TEST(LinearLayoutDeathTest, BrokenPreconditionsNameWhatIsWrong) {
  LinearLayout layout =
      unwrap(LinearLayout::parse("register = [[0, 1], [0, 2]], lane = [[1, 0]], shape = [2, 4]"));
  EXPECT_DEATH((void)layout.reshape({4, 4}), "cannot reshape a tensor of 8 elements to one of 16");
  EXPECT_DEATH((void)layout.transpose({0, 0}), "no permutation at entry 0");
  EXPECT_DEATH((void)layout.removeDim(2), "axis 2 is out of range");
  EXPECT_DEATH((void)layout.apply({{LayoutDim::Lane, 2}}),
               "coordinate 2 of dim lane lies outside its size 2");
  EXPECT_DEATH((void)layout.compose(layout), "the outer map has no input for dim0");
  EXPECT_DEATH((void)LinearLayout::identity1D(3, LayoutDim::Lane, tensorDim(0)),
               "size of dim lane must be a power of two, got 3");
}

TEST(LayoutDim, NamesRoundTrip) {
  for (LayoutDim dim : {LayoutDim::Block, LayoutDim::Warp, LayoutDim::Lane, LayoutDim::Register,
                        LayoutDim::Offset, tensorDim(0), tensorDim(15)})
    EXPECT_EQ(parseLayoutDim(layoutDimName(dim)), dim);
  EXPECT_EQ(parseLayoutDim("dim16"), std::nullopt);
  EXPECT_EQ(parseLayoutDim("row"), std::nullopt);
}

} // namespace
