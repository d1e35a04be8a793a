// The static types of results are those that the Builder gives: every pair of element types, and
// numbers, under every operator. A Block's constructor compares the two.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

using detail::BinaryOp;
using detail::Element;
using detail::Handle;

constexpr int kElements = static_cast<int>(Element::None);
const auto kHere = detail::Where::current();

detail::TypeSpec four(Element element) { return {element, 0, false, detail::dimsOf<4>()}; }

/// A value that throws unless the Builder gave it the type of four such elements.
class Checked : public detail::Variable {
public:
  Checked(Handle handle, Element element) : Variable(handle, four(element)) {}
};

/// An operand with the static facts about it.
struct Side {
  detail::Operand operand;
  Element element;
  bool isNumber;
};

std::vector<Side> allSides() {
  std::vector<Side> sides;
  for (int i = 0; i < kElements; ++i) {
    auto element = static_cast<Element>(i);
    sides.push_back({detail::full(four(element), 1, kHere), element, false});
  }
  sides.push_back({true, Element::Bool, true});
  sides.push_back({3, Element::Int32, true});
  sides.push_back({2.5, Element::FP32, true});
  return sides;
}

/// Expects a value of four elements of type `expected`, or with None a refusal.
template <typename Make> void expect(Element expected, Make make, const char *what) {
  if (expected == Element::None) {
    EXPECT_THROW(make(), CompilationError) << what << " is refused statically alone";
    return;
  }
  EXPECT_NO_THROW(Checked(make(), expected)) << what;
}

template <typename Visit> void forPairs(Visit visit) {
  buildOnly([=](Scalar<int>) {
    std::vector<Side> sides = allSides();
    for (const Side &a : sides)
      for (const Side &b : sides) {
        SCOPED_TRACE(testing::Message() << "elements " << int(a.element) << " and "
                                        << int(b.element) << (a.isNumber ? ", number first" : "")
                                        << (b.isNumber ? ", number second" : ""));
        if (!a.isNumber || !b.isNumber)
          visit(a, b);
      }
  });
}

TEST(EmbeddedPromotion, EveryOperatorHasTheBuildersResult) {
  forPairs([](const Side &a, const Side &b) {
    for (int i = 0; i <= static_cast<int>(BinaryOp::LogicalOr); ++i) {
      auto op = static_cast<BinaryOp>(i);
      Element expected = resultElement(op, a.element, a.isNumber, b.element, b.isNumber);
      expect(expected, [&] { return detail::binary(op, a.operand, b.operand, kHere); }, "operator");
    }
  });
}

TEST(EmbeddedPromotion, SelectionHasTheBuildersResult) {
  forPairs([](const Side &a, const Side &b) {
    Element expected = promote(a.element, a.isNumber, b.element, b.isNumber, false);
    expect(expected, [&] { return detail::where(true, a.operand, b.operand, kHere); }, "where");
  });
}

TEST(EmbeddedPromotion, ExtremesHaveTheBuildersResult) {
  forPairs([](const Side &a, const Side &b) {
    if (a.isNumber || b.isNumber)
      return; // they become values before
    Element expected = promote(detail::widenedBF16(a.element), false,
                               detail::widenedBF16(b.element), false, false);
    auto minimum = [&] { return detail::extremum(false, a.operand, b.operand, false, kHere); };
    expect(expected, minimum, "minimum");
    if (isFloat(a.element) && isFloat(b.element)) {
      auto clamp = [&] { return detail::clamp(a.operand, b.operand, b.operand, false, kHere); };
      expect(expected, clamp, "clamp");
      auto fdiv = [&] { return detail::fdiv(a.operand, b.operand, false, kHere); };
      expect(promote(a.element, false, b.element, false, false), fdiv, "fdiv");
    }
  });
}

TEST(EmbeddedPromotion, ALoneNumberHasItsOwnType) {
  buildOnly([](Scalar<int> n) {
    EXPECT_NO_THROW(where(n > 0, 1, 0) + Scalar<int>(1));
    Scalar<float> a = where(n > 0, 1.0, 0.0);
    Scalar<int64_t> b = where(n > 0, int64_t(1), int64_t(0));
    Scalar<bool> c = where(n > 0, true, false);
  });
}

} // namespace
} // namespace cosmati
