//===- ArithFuzzer.cpp - random arithmetic against a host evaluation ------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/ArithProgram.h"
#include <cstdio>
#include <cstdlib>

extern "C" const char *__asan_default_options() { return "allow_user_poisoning=0"; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  vmfuzz::Dice dice(llvm::ArrayRef<uint8_t>(data, size));
  vmfuzz::ArithProgram program(dice, 1 + dice.below(120));
  if (program.compare().empty())
    return 0;
  std::fprintf(stderr, "the machine and the host differ: %s\n", program.minimize().c_str());
  std::abort();
}
