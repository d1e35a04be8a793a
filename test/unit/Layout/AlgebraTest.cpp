// The laws of the algebra, on random layouts.
#include "test/unit/Layout/RandomLayouts.h"

#include <gtest/gtest.h>

using namespace cosmati;
using cosmati::test::RandomLayouts;
using cosmati::test::unwrap;

namespace {

constexpr int kTrials = 200;
const LayoutDim kPlaces[] = {LayoutDim::Register, LayoutDim::Lane, LayoutDim::Warp,
                             LayoutDim::Block};

llvm::SmallVector<LayoutDim, 3> tensorDims(unsigned rank) {
  llvm::SmallVector<LayoutDim, 3> dims;
  for (unsigned i = 0; i < rank; ++i)
    dims.push_back(tensorDim(i));
  return dims;
}

TEST(LayoutAlgebra, CompositionIsAssociative) {
  RandomLayouts random(10);
  for (int i = 0; i < kTrials; ++i) {
    LayoutSpace a = random.space(kPlaces, 3), b = random.space(tensorDims(2), 4);
    LayoutSpace c = random.space(kPlaces, 3), d = random.space({LayoutDim::Offset}, 8);
    LinearLayout ab = random.any(a, b), bc = random.any(b, c), cd = random.any(c, d);
    EXPECT_EQ(ab.compose(bc).compose(cd), ab.compose(bc.compose(cd)));
    EXPECT_EQ(ab.compose(LinearLayout::identity(b)), ab);
    EXPECT_EQ(LinearLayout::identity(a).compose(ab), ab);
  }
}

TEST(LayoutAlgebra, CompositionIntoALargerSpaceKeepsCoordinates) {
  LinearLayout inner = LinearLayout::identity1D(4, LayoutDim::Register, tensorDim(0)) *
                       LinearLayout::identity1D(2, LayoutDim::Lane, tensorDim(1));
  LinearLayout outer = LinearLayout::identity(LayoutSpace::tensor({16, 8}));
  EXPECT_EQ(inner.compose(outer).apply({{LayoutDim::Register, 3}, {LayoutDim::Lane, 1}}),
            (llvm::SmallVector<int32_t, 4>{3, 1}));
}

TEST(LayoutAlgebra, InverseIsTwoSided) {
  RandomLayouts random(11);
  for (int i = 0; i < kTrials; ++i) {
    LayoutSpace in({{LayoutDim::Register, 8}, {LayoutDim::Lane, 16}});
    LinearLayout layout = random.fullRank(in, LayoutSpace::tensor({4, 32}));
    LinearLayout inverse = *layout.inverse();
    EXPECT_EQ(layout.compose(inverse), LinearLayout::identity(in));
    EXPECT_EQ(inverse.compose(layout), LinearLayout::identity(layout.out()));
    EXPECT_EQ(*inverse.inverse(), layout);
  }
}

TEST(LayoutAlgebra, RightInverseFindsAPlaceOfEveryElement) {
  RandomLayouts random(12);
  for (int i = 0; i < kTrials; ++i) {
    LinearLayout layout =
        random.fullRank(RandomLayouts::threads(2, 1), LayoutSpace::tensor({4, 8}));
    EXPECT_EQ(layout.rightInverse()->compose(layout), LinearLayout::identity(layout.out()));
    EXPECT_EQ(layout.inverse(), std::nullopt);
    EXPECT_EQ(layout.leftInverse(), std::nullopt);
  }
}

TEST(LayoutAlgebra, LeftInverseUndoesAnInjection) {
  RandomLayouts random(13);
  for (int i = 0; i < kTrials; ++i) {
    LayoutSpace in({{LayoutDim::Register, 8}, {LayoutDim::Lane, 4}});
    LinearLayout layout = random.fullRank(in, LayoutSpace::tensor({16, 32}));
    EXPECT_EQ(layout.compose(*layout.leftInverse()), LinearLayout::identity(in));
    EXPECT_EQ(layout.rightInverse(), std::nullopt);
  }
}

TEST(LayoutAlgebra, InvertAndComposeSolvesItsEquation) {
  RandomLayouts random(14);
  for (int i = 0; i < kTrials; ++i) {
    LayoutSpace tensor = LayoutSpace::tensor({8, 16});
    LinearLayout source = random.fullRank(RandomLayouts::threads(random.number(2, 4), 2), tensor);
    LinearLayout destination = random.any(RandomLayouts::threads(random.number(0, 4), 2), tensor);
    LinearLayout conversion = *destination.invertAndCompose(source);
    EXPECT_EQ(conversion.compose(source), destination);
    EXPECT_EQ(*source.invertAndCompose(source), LinearLayout::identity(source.in()));
  }
}

TEST(LayoutAlgebra, InvertAndComposeHasNoAnswerOutsideTheImage) {
  LinearLayout half = unwrap(LinearLayout::parse("register = [[1]], shape = [4]"));
  LinearLayout full = unwrap(LinearLayout::parse("register = [[1], [2]], shape = [4]"));
  EXPECT_EQ(full.invertAndCompose(half), std::nullopt);
  EXPECT_NE(half.invertAndCompose(full), std::nullopt);
}

TEST(LayoutAlgebra, InvertAndComposeStaysAtHomeWhereTheSourceReplicates) {
  // Every warp holds everything, so no element needs to come from another warp.
  LinearLayout source =
      unwrap(LinearLayout::parse("register = [[1]], lane = [[2], [4]], warp = [[0]], shape = [8]"));
  LinearLayout destination =
      unwrap(LinearLayout::parse("register = [[1]], lane = [[2], [0]], warp = [[4]], shape = [8]"));
  LinearLayout conversion = *destination.invertAndCompose(source);
  EXPECT_EQ(conversion.sublayout({LayoutDim::Warp}, {LayoutDim::Warp}),
            LinearLayout::identity1D(2, LayoutDim::Warp, LayoutDim::Warp));
}

TEST(LayoutAlgebra, ProductIsAssociativeAndHasAUnit) {
  RandomLayouts random(15);
  for (int i = 0; i < kTrials; ++i) {
    LinearLayout a = random.any(random.space(kPlaces, 2), random.space(tensorDims(2), 2));
    LinearLayout b = random.any(random.space(kPlaces, 2), random.space(tensorDims(3), 2));
    LinearLayout c = random.any(random.space(kPlaces, 2), random.space(tensorDims(2), 2));
    EXPECT_EQ((a * b) * c, a * (b * c));
    EXPECT_EQ(a * LinearLayout(), a);
    EXPECT_EQ(LinearLayout() * a, a);
  }
}

TEST(LayoutAlgebra, ProductActsOnLowAndHighBitsIndependently) {
  RandomLayouts random(16);
  LayoutSpace in({{LayoutDim::Register, 4}}), tensor = LayoutSpace::tensor({8});
  LinearLayout a = random.any(in, tensor), b = random.any(in, tensor), product = a * b;
  for (uint32_t low = 0; low < 4; ++low)
    for (uint32_t high = 0; high < 4; ++high)
      EXPECT_EQ(product.applyFlat(low | high << 2), a.applyFlat(low) | b.applyFlat(high) << 3);
}

TEST(LayoutAlgebra, DivisionUndoesTheProduct) {
  RandomLayouts random(17);
  for (int i = 0; i < kTrials; ++i) {
    LinearLayout a = random.any(random.space(kPlaces, 2), random.space(tensorDims(2), 2));
    LinearLayout b = random.any(random.space(kPlaces, 2), random.space(tensorDims(2), 2));
    EXPECT_EQ((a * b).divideLeft(a), b);
    EXPECT_EQ((a * b).divideRight(b), a);
  }
}

TEST(LayoutAlgebra, DivisionRefusesWhatIsNoFactor) {
  LinearLayout plain = LinearLayout::identity1D(8, LayoutDim::Register, tensorDim(0));
  LinearLayout swizzled = unwrap(LinearLayout::parse("register = [[1], [2], [5]], shape = [8]"));
  LinearLayout pair = LinearLayout::identity1D(2, LayoutDim::Register, tensorDim(0));
  EXPECT_NE(plain.divideLeft(pair), std::nullopt);
  EXPECT_EQ(swizzled.divideLeft(pair), std::nullopt);
  EXPECT_EQ(plain.divideLeft(LinearLayout::identity1D(2, LayoutDim::Lane, tensorDim(0))),
            std::nullopt);
}

TEST(LayoutAlgebra, QuotientDropsIdentityDimsOnly) {
  LinearLayout swap = unwrap(
      LinearLayout::parse("register = [[1, 0]], lane = [[0, 1]], out = {lane: 2, register: 2}"));
  LinearLayout both = swap * LinearLayout::identity1D(4, LayoutDim::Warp, LayoutDim::Warp);
  EXPECT_EQ(both.quotient({LayoutDim::Warp}), swap);
  EXPECT_EQ(both.quotient({LayoutDim::Lane}), std::nullopt);
  EXPECT_TRUE(both.isIdentityOn(LayoutDim::Warp));
}

TEST(LayoutAlgebra, SublayoutIsABlockOfTheMatrix) {
  RandomLayouts random(18);
  LinearLayout layout = random.any(RandomLayouts::threads(2, 2), LayoutSpace::tensor({8, 16}));
  LinearLayout block = layout.sublayout({LayoutDim::Lane}, {tensorDim(1)});
  for (int32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(block.apply({{LayoutDim::Lane, lane}})[0],
              layout.apply({{LayoutDim::Lane, lane}})[1]);
  EXPECT_TRUE(LinearLayout::zeros1D(4, LayoutDim::Warp, tensorDim(0), 2)
                  .sublayoutIsZero({LayoutDim::Warp}, {tensorDim(0)}));
}

TEST(F2, IntersectionIsTheLargestCommonSubspace) {
  RandomLayouts random(19);
  for (int i = 0; i < kTrials; ++i) {
    f2::Columns a, b, both;
    for (unsigned k = random.number(0, 5); k-- > 0;)
      a.push_back(random.number(0, 127));
    for (unsigned k = random.number(0, 5); k-- > 0;)
      b.push_back(random.number(0, 127));
    f2::Columns common = f2::intersect(a, b);
    f2::Subspace spanA(a), spanB(b), sum(a);
    sum.insertAll(b);
    for (uint32_t v : common)
      EXPECT_TRUE(spanA.contains(v) && spanB.contains(v));
    EXPECT_EQ(f2::rank(common), common.size());
    EXPECT_EQ(common.size() + sum.dim(), spanA.dim() + spanB.dim());
  }
}

TEST(F2, NearestSolutionAgreesWhereItCan) {
  RandomLayouts random(20);
  for (int i = 0; i < kTrials; ++i) {
    f2::Columns columns;
    for (int k = 0; k < 8; ++k)
      columns.push_back(random.number(0, 31));
    f2::Solver solver(columns);
    uint32_t wanted = random.number(0, 255), image = f2::apply(columns, wanted);
    EXPECT_EQ(solver.nearest(*solver.solve(image), wanted), wanted);
  }
}

} // namespace
