//===- Assemble.cpp -------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Assemble.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

std::string vmtest::assemblerErrors(const std::string &ptx) {
  if (std::system("ptxas --version > /dev/null 2>&1") != 0)
    return "";
  std::string base =
      (std::filesystem::temp_directory_path() / ("cosmati-vm-" + std::to_string(getpid())))
          .string();
  std::ofstream(base + ".ptx") << ptx;
  std::string command = "ptxas -arch=sm_90a -o /dev/null " + base + ".ptx > " + base + ".log 2>&1";
  int status = std::system(command.c_str());
  std::ostringstream log;
  log << std::ifstream(base + ".log").rdbuf();
  std::remove((base + ".ptx").c_str());
  std::remove((base + ".log").c_str());
  return status == 0 ? "" : log.str();
}
