//===- Main.cpp - cosmati-ptx-tblgen --------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "llvm/Support/CommandLine.h"
#include "llvm/TableGen/TableGenBackend.h"

int main(int argc, char **argv) {
  llvm::cl::ParseCommandLineOptions(argc, argv, "Generator of the PTX machine's tables\n");
  llvm::MultiFileTableGenMainFn generatorOnCommandLine = nullptr;
  return llvm::TableGenMain(argv[0], generatorOnCommandLine);
}
