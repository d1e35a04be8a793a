//===- ParseFuzzer.cpp - libFuzzer's way into the loader ------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   ptx-parse-fuzzer --dictionary > ptx.dict
//   ptx-parse-fuzzer -dict=ptx.dict CORPUS
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/Mutate.h"
#include "test/fuzz/RunModule.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

/// LLVM's allocators poison their slabs in headers compiled with ASan, but its archives never lift
/// that. A module may declare 4 GiB that nobody touches.
extern "C" const char *__asan_default_options() {
  return "allow_user_poisoning=0:max_allocation_size_mb=8192:allocator_may_return_null=1";
}

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv) {
  if (*argc < 2 || std::strcmp((*argv)[1], "--dictionary") != 0)
    return 0;
  for (const std::string &word : vmfuzz::dictionary())
    std::printf("\"%s\"\n", word.c_str());
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vmfuzz::runModule(llvm::StringRef(reinterpret_cast<const char *>(data), size));
  return 0;
}

static size_t copyOut(const std::string &text, uint8_t *data, size_t maxSize) {
  size_t size = std::min(text.size(), maxSize);
  std::memcpy(data, text.data(), size);
  return size;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  std::mt19937 random(seed);
  if (random() % 4 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::string text(reinterpret_cast<const char *>(data), size);
  return copyOut(vmfuzz::mutate(text, random), data, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t sizeA, const uint8_t *b,
                                            size_t sizeB, uint8_t *out, size_t maxSize,
                                            unsigned seed) {
  std::mt19937 random(seed);
  std::string textA(reinterpret_cast<const char *>(a), sizeA),
      textB(reinterpret_cast<const char *>(b), sizeB);
  return copyOut(vmfuzz::crossOver(textA, textB, random), out, maxSize);
}
