// Kernels of tests: run on the virtual machine, with a cache of their own.
#pragma once

#include <cosmati/Kernel.h>

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

namespace cosmati {

/// Before the library reads them: the machine, and a folder that goes with the process.
struct TestSurroundings : ::testing::Environment {
  void SetUp() override {
    char folder[] = "/tmp/cosmati-embedded-XXXXXX";
    path = mkdtemp(folder);
    setenv("COSMATI_CACHE_DIR", (path / "cache").c_str(), 1);
    setenv("COSMATI_DEVICE", "vm", 1);
  }
  void TearDown() override { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};
inline auto *const surroundings = ::testing::AddGlobalTestEnvironment(new TestSurroundings);

/// Runs `body(out)` as one program, where out points to `size` elements, and gives these.
template <typename T, typename F> std::vector<T> compute(size_t size, F body) {
  std::vector<T> out(size);
  kernel("compute(out)", [=](Ptr<T> out) { body(out); })[1](out);
  return out;
}

/// Runs `body(x, out)`; x points to the input.
template <typename T, typename X, typename F>
std::vector<T> compute(std::vector<X> x, size_t size, F body) {
  std::vector<T> out(size);
  kernel("compute(x, out)", [=](Ptr<const X> x, Ptr<T> out) { body(x, out); })[1](x, out);
  return out;
}

template <typename T> std::vector<T> iota(size_t size, T start = T(0)) {
  std::vector<T> values(size);
  std::iota(values.begin(), values.end(), start);
  return values;
}

/// Stops a kernel's function before anything is compiled.
struct Built {};
template <typename F> void buildOnly(F body) {
  EXPECT_THROW(kernel("built",
                      [=](Scalar<int> n) {
                        body(n);
                        throw Built();
                      })
                   .compile(),
               Built);
}

/// Expects a CompilationError at line `at` of this file whose text contains `text`.
#define EXPECT_REFUSED_AT(at, text, statement)                                                     \
  do {                                                                                             \
    try {                                                                                          \
      statement;                                                                                   \
      ADD_FAILURE() << "was accepted";                                                             \
    } catch (const CompilationError &error) {                                                      \
      EXPECT_NE(error.message.find(text), std::string::npos) << error.what();                      \
      EXPECT_EQ(error.place.line, at) << error.what();                                             \
      EXPECT_EQ(error.place.file, __FILE__);                                                       \
    }                                                                                              \
  } while (false)

} // namespace cosmati
