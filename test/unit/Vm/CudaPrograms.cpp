//===- CudaPrograms.cpp ---------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/CudaPrograms.h"
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace {

std::filesystem::path folder() {
  const char *other = std::getenv("COSMATI_VM_CUDA");
  return other ? other : COSMATI_VM_CUDA_DIR;
}

/// The variants of a program, by name, parsed once.
const std::map<std::string, std::shared_ptr<vmtest::Module>> &variants(const std::string &name) {
  static std::map<std::string, std::map<std::string, std::shared_ptr<vmtest::Module>>> cache;
  auto [it, isNew] = cache.try_emplace(name);
  if (!isNew)
    return it->second;
  for (const auto &file : std::filesystem::directory_iterator(folder())) {
    std::string stem = file.path().stem().string(); // NAME.VARIANT
    if (file.path().extension() != ".ptx" || stem.substr(0, stem.find('.')) != name)
      continue;
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    SCOPED_TRACE(stem);
    it->second[stem.substr(name.size() + 1)] = vmtest::parse(text.str());
  }
  EXPECT_FALSE(it->second.empty()) << "no PTX of " << name << " in " << folder();
  return it->second;
}

} // namespace

vmtest::Grid vmtest::Compiled::grid(const std::string &entry) const {
  EXPECT_TRUE(module && module->findEntry(entry)) << entry;
  LaunchConfig config;
  config.seed = seed;
  config.threads = threads;
  if (seed) { // the programs are right: no checker may say a word, whatever the order
    config.checks = Check::All;
    config.schedule = Schedule::Adversarial;
  }
  return Grid(module, entry, config);
}

void vmtest::forEachVariant(const std::string &name,
                            const std::function<void(const Compiled &)> &body) {
  for (const auto &[variant, module] : variants(name))
    for (auto [seed, threads] : {std::pair(0u, 1u), {0u, 2u}, {5u, 1u}, {977u, 2u}}) {
      SCOPED_TRACE(name + "." + variant + ", seed " + std::to_string(seed) + ", threads " +
                   std::to_string(threads));
      body({module, variant, seed, threads});
      if (testing::Test::HasFatalFailure())
        return;
    }
}

std::vector<float> vmtest::randomFloats(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> v(n);
  for (float &x : v)
    x = float(random() >> 8) / float(1 << 23) - 1.0f;
  return v;
}
std::vector<int> vmtest::randomInts(size_t n, unsigned seed, int low, int high) {
  std::mt19937 random(seed);
  std::vector<int> v(n);
  unsigned span = unsigned(high) - unsigned(low) + 1; // the difference may exceed an int
  for (int &x : v)
    x = int(unsigned(low) + unsigned(random()) % span);
  return v;
}
std::vector<uint32_t> vmtest::randomWords(size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<uint32_t> v(n);
  for (uint32_t &x : v)
    x = uint32_t(random());
  return v;
}
