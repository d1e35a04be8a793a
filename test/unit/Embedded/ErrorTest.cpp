// Errors name the value, the bound and the C++ line.
#include "EmbeddedTest.h"

namespace cosmati {
namespace {

TEST(EmbeddedError, TheBuildersTextAtTheOperatorsLine) {
  int line = 0;
  auto ranged = kernel("ranged", [&](Ptr<int8_t> out) {
    auto x = load(out + arange<16>());
    line = __LINE__ + 1;
    store(out + arange<16>(), x + 1000);
  });
  EXPECT_REFUSED_AT(line, "Scalar 1000 is out of range for type int8", ranged.compile());
}

TEST(EmbeddedError, FunctionsNameTheirLine) {
  auto cache = kernel("cache", [](Ptr<int> out) { load(out, true, 0, {.cache = ".xx"}); });
  EXPECT_REFUSED_AT(__LINE__ - 1, "Cache modifier .xx not supported", cache.compile());
  auto axis = kernel("axis", [](Ptr<int> out) { store(out, programId(3)); });
  EXPECT_REFUSED_AT(__LINE__ - 1, "program_id axis must be 0, 1, or 2 but got 3", axis.compile());
  auto step = kernel("step", [](Ptr<int>) { forRange(0, 5, 0, [](Scalar<int>) {}); });
  EXPECT_REFUSED_AT(__LINE__ - 1, "the step of a range must not be zero", step.compile());
}

TEST(EmbeddedError, WhatShowsTheSourceWithACaret) {
  auto unset = kernel("unset", [](Ptr<int> out) {
    Scalar<int> x;
    store(out, x);
  });
  try {
    unset.compile();
    FAIL();
  } catch (const CompilationError &error) {
    std::string text = error.what();
    EXPECT_NE(text.find("ErrorTest.cpp:" + std::to_string(__LINE__ - 7) +
                        ":5: a variable is read "
                        "that has no value"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("\n    store(out, x);\n    ^"), std::string::npos) << text;
  }
}

static const int kHelperLine = __LINE__ + 1;
static Scalar<int8_t> helper(const Scalar<int8_t> &x) { return x + 300; }

TEST(EmbeddedError, HelpersAboveTheKernelNameTheirOwnLine) {
  auto calling = kernel("calling", [](Ptr<int8_t> out) { store(out, helper(load(out))); });
  EXPECT_REFUSED_AT(kHelperLine, "Scalar 300 is out of range", calling.compile());
}

TEST(EmbeddedError, CombineFunctionsSeeTheirArgumentsAlone) {
  auto outside = kernel("outside", [](Ptr<int> out, Scalar<int> n) {
    auto combine = [&](Scalar<int> a, Scalar<int> b) { return a + b * n; };
    store(out, reduceAll(arange<16>(), combine));
  });
  EXPECT_REFUSED_AT(__LINE__ - 3, "a combine function uses a value from outside",
                    outside.compile());
  auto looping = kernel("looping", [](Ptr<int> out) {
    auto combine = [&](Scalar<int> a, Scalar<int> b) {
      ifThen(a > b, [&] { a = b; });
      return a;
    };
    store(out, reduceAll(arange<16>(), combine));
  });
  EXPECT_REFUSED_AT(__LINE__ - 5, "ifThen cannot stand in a combine function", looping.compile());
}

TEST(EmbeddedError, ValuesBelongToOneKernel) {
  Scalar<int> kept;
  kernel("keeping", [&](Ptr<int>, Scalar<int> n) { kept = n; }).compile();
  auto reader = kernel("reader", [&](Ptr<int> out) { store(out, kept); });
  EXPECT_REFUSED_AT(__LINE__ - 1, "belongs to another kernel", reader.compile());
}

TEST(EmbeddedError, OperationsBelongIntoKernels) {
  EXPECT_REFUSED_AT(__LINE__, "this is an operation of a kernel", programId(0));
}

TEST(EmbeddedError, KernelsDoNotLaunchKernels) {
  auto inner = kernel("inner", [](Ptr<int> out) { store(out, 1); });
  auto outer = kernel("outer", [&](Ptr<int>) { inner.compile(); });
  EXPECT_THROW(outer.compile(), CompilationError);
  // Neither of them is stuck.
  EXPECT_NO_THROW(inner.compile());
}

TEST(EmbeddedError, AFailedFunctionCanBeRepaired) {
  bool fails = true;
  auto throwing = kernel("throwing", [&](Ptr<int> out) {
    auto x = load(out);
    forRange(3, [&] {
      x += 1;
      if (fails)
        throw std::runtime_error("of the user");
    });
    store(out, x);
  });
  EXPECT_THROW(throwing.compile(), std::runtime_error);
  fails = false;
  EXPECT_NO_THROW(throwing.compile());
}

TEST(EmbeddedError, Signatures) {
  auto body = [](Ptr<int>, Scalar<int>) {};
  EXPECT_REFUSED_AT(__LINE__, "names 1 parameters, the function has 2", kernel("f(x)", body));
  EXPECT_REFUSED_AT(__LINE__, "must begin with a name", kernel("2f", body));
  EXPECT_REFUSED_AT(__LINE__, "lacks its closing parenthesis", kernel("f(x, y", body));
  EXPECT_NO_THROW(kernel("f( x , y )", body));
  EXPECT_NO_THROW(kernel("f()", [] {}));
}

TEST(EmbeddedError, AccessesOutOfBoundsNameBufferAndLine) {
  auto reading = kernel("reading(x, out)", [](Ptr<const float> x, Ptr<float> out) {
    auto i = arange<64>();
    auto values = load(x + i);
    store(out + i, values);
  });
  int line = __LINE__ - 3;
  std::vector<float> x(40), out(64);
  try {
    reading[1](x, out);
    FAIL();
  } catch (const KernelFault &fault) {
    std::string text = fault.what();
    EXPECT_NE(text.find("out-of-bounds"), std::string::npos) << text;
    EXPECT_NE(text.find("'x', 160 bytes"), std::string::npos) << text;
    EXPECT_NE(text.find("ErrorTest.cpp:" + std::to_string(line)), std::string::npos) << text;
  }
}

TEST(EmbeddedError, RacesAreFoundWhereAskedFor) {
  auto racing = kernel("racing(out)", [](Ptr<int> out) { store(out, load(out) + 1); });
  std::vector<int> out(1);
  EXPECT_NO_THROW(racing[8](out));
  setChecks("race");
  EXPECT_THROW(racing[8](out), KernelFault);
  setChecks("none");
  EXPECT_THROW(setChecks("raze"), CosmatiError);
}

TEST(EmbeddedError, TooMuchSharedMemoryNamesBothNumbers) {
  auto large = kernel("large", [](Ptr<const float16> a, Ptr<float> out) {
    auto at = arange<256>().column() * 256 + arange<256>().row();
    Block<float, 256, 256> acc = 0;
    auto p = a + at;
    forRange(8, [&] {
      acc = dot(load(p), load(p + 65536), acc);
      p += 65536;
    });
    store(out + at, acc);
  });
  try {
    large.compile({.numWarps = 8, .numStages = 4});
    FAIL();
  } catch (const OutOfResources &error) {
    EXPECT_EQ(error.name, "shared memory");
    EXPECT_GT(error.required, error.limit);
    EXPECT_NE(std::string(error.what()).find("ErrorTest.cpp"), std::string::npos) << error.what();
  }
}

TEST(EmbeddedError, OptionsAndArguments) {
  auto none = kernel("none(n)", [](Scalar<int> n) { (void)n; });
  EXPECT_THROW(none.launch({.numWarps = 3}, 1), CosmatiError);
  EXPECT_THROW(none.launch({.target = "sm_13"}, 1), CosmatiError);
  EXPECT_THROW(none.launch({.options = {{"no_such_option", "1"}}}, 1), CosmatiError);
  EXPECT_THROW(none.launch({.grid = -1}, 1), DeviceError);
  EXPECT_THROW(none[1](5000000000), CosmatiError);
  EXPECT_THROW(setDevice("tpu"), CosmatiError);
  int number = 0;
  auto raw = kernel("raw(p)", [](Ptr<int> p) { store(p, 1); });
  EXPECT_THROW(raw[1](&number), CosmatiError) << "memory that nobody described";
}

} // namespace
} // namespace cosmati
