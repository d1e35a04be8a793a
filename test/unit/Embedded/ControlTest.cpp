// Loops and branches carry what their bodies assign, and nothing else.
#include "EmbeddedTest.h"

#include <optional>

namespace cosmati {
namespace {

TEST(EmbeddedControl, ForCarriesWhatItsBodyAssigns) {
  for (int n : {0, 1, 2, 7}) {
    std::vector<int32_t> out(4);
    kernel("loop", [](Ptr<int32_t> out, Scalar<int> n) {
      Scalar<int> total = 0, last = -1, untouched = 5;
      auto pointer = out;
      forRange(n, [&](Scalar<int> i) {
        total += i * untouched;
        last = i;
        pointer = out + 3;
      });
      store(out, total);
      store(out + 1, last);
      store(out + 2, untouched);
      store(pointer, n, n > 0);
    })[1](out, n);
    EXPECT_EQ(out[0], 5 * n * (n - 1) / 2);
    EXPECT_EQ(out[1], n - 1);
    EXPECT_EQ(out[2], 5);
    EXPECT_EQ(out[3], n);
  }
}

TEST(EmbeddedControl, RangesHaveStartsAndSteps) {
  auto out = compute<int32_t>(4, [](auto out) {
    Scalar<int> up = 0, down = 0, wide = 0;
    forRange(3, 20, 4, [&](Scalar<int> i) { up = up * 20 + i; });
    forRange(9, 0, -3, [&](Scalar<int> i) { down = down * 10 + i; });
    forRange(int64_t(0), int64_t(3), [&](Scalar<int64_t> i) { wide += i.to<int>(); });
    store(out, up);
    store(out + 1, down);
    store(out + 2, wide);
    Scalar<int> times = 0;
    forRange(5, [&] { times += 1; });
    store(out + 3, times);
  });
  EXPECT_EQ(out,
            (std::vector<int32_t>{((((3 * 20) + 7) * 20 + 11) * 20 + 15) * 20 + 19, 963, 3, 5}));
}

TEST(EmbeddedControl, LoopsNest) {
  auto out = compute<int32_t>(1, [](auto out) {
    Scalar<int> total = 0;
    forRange(4, [&](Scalar<int> i) {
      Scalar<int> row = 0;
      forRange(i, [&](Scalar<int> j) { row += j; });
      total += row;
    });
    store(out, total);
  });
  EXPECT_EQ(out[0], 0 + 0 + 1 + 3);
}

TEST(EmbeddedControl, ACopyDoesNotChangeWithItsOriginal) {
  auto out = compute<int32_t>(2, [](auto out) {
    Scalar<int> x = 1;
    auto copy = x;
    forRange(3, [&] { x *= 2; });
    store(out, x);
    store(out + 1, copy);
  });
  EXPECT_EQ(out, (std::vector<int32_t>{8, 1}));
}

TEST(EmbeddedControl, SwappedVariablesSwap) {
  auto out = compute<int32_t>(2, [](auto out) {
    Scalar<int> a = 0, b = 1; // Fibonacci
    forRange(10, [&] {
      std::swap(a, b);
      b += a;
    });
    store(out, a);
    store(out + 1, b);
  });
  EXPECT_EQ(out, (std::vector<int32_t>{55, 89}));
}

TEST(EmbeddedControl, VariablesInContainersAreCarried) {
  auto out = compute<int32_t>(3, [](auto out) {
    std::vector<Scalar<int>> sums(3, Scalar<int>(0));
    forRange(5, [&](Scalar<int> i) {
      for (int k = 0; k < 3; ++k)
        sums[k] += i * (k + 1);
    });
    for (int k = 0; k < 3; ++k)
      store(out + k, sums[k]);
  });
  EXPECT_EQ(out, (std::vector<int32_t>{10, 20, 30}));
}

TEST(EmbeddedControl, While) {
  for (int n : {1, 6, 27}) {
    std::vector<int32_t> out(1);
    kernel("collatz", [](Ptr<int32_t> out, Scalar<int> n) {
      Scalar<int> x = n, steps = 0, unused = 3;
      whileLoop([&] { return x != 1; },
                [&] {
                  ifThenElse(x % 2 == 0, [&] { x = x / 2; }, [&] { x = 3 * x + 1; });
                  steps += 1;
                });
      store(out, steps + unused - 3);
    })[1](out, n);
    int steps = 0;
    for (int x = n; x != 1; ++steps)
      x = x % 2 ? 3 * x + 1 : x / 2;
    EXPECT_EQ(out[0], steps);
  }
}

TEST(EmbeddedControl, BranchesAgreeOnTheirVariables) {
  for (int n : {2, 5}) {
    std::vector<int32_t> out(4);
    kernel("branch", [](Ptr<int32_t> out, Scalar<int> n) {
      Scalar<int> both = 0, thenOnly = 10, elseOnly = 20, first;
      ifThenElse(
          n > 3,
          [&] {
            both = 1;
            thenOnly = 11;
            first = n;
          },
          [&] {
            both = 2;
            elseOnly = 21;
            first = -n;
          });
      ifThen(n > 3, [&] { both += 100; });
      store(out, both);
      store(out + 1, thenOnly);
      store(out + 2, elseOnly);
      store(out + 3, first);
    })[1](out, n);
    EXPECT_EQ(out, n > 3 ? (std::vector<int32_t>{101, 11, 20, 5})
                         : (std::vector<int32_t>{2, 10, 21, -2}));
  }
}

TEST(EmbeddedControl, WhatALoopMadeEndsWithIt) {
  int line = 0;
  auto made = kernel("made", [&](Ptr<int> out, Scalar<int> n) {
    std::optional<Scalar<int>> inside;
    forRange(n, [&](Scalar<int> i) { inside = i + 1; });
    line = __LINE__ + 1;
    store(out, *inside);
  });
  EXPECT_REFUSED_AT(line, "made inside of the loop or branch at line", made.compile());
}

TEST(EmbeddedControl, AVariableNeedsAValueBeforeTheLoop) {
  int line = 0;
  auto unset = kernel("unset", [&](Ptr<int> out, Scalar<int> n) {
    Scalar<int> last;
    forRange(n, [&](Scalar<int> i) { last = i; });
    line = __LINE__ + 1;
    store(out, last);
  });
  EXPECT_REFUSED_AT(line, "give the variable a value before it", unset.compile());
}

TEST(EmbeddedControl, ConditionsDoNotAssign) {
  auto assigning = kernel(
      "assigning", [](Ptr<int>, Scalar<int> n) { whileLoop([&] { return (n += 1) < 5; }, [] {}); });
  EXPECT_REFUSED_AT(__LINE__ - 1, "the condition of whileLoop assigns a variable",
                    assigning.compile());
}

} // namespace
} // namespace cosmati
