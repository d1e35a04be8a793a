//===- Assemble.h - NVIDIA's assembler as a judge of syntax ---- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

namespace vmtest {

/// What ptxas says against `ptx` for sm_90a; empty if it accepts it or there is no ptxas.
std::string assemblerErrors(const std::string &ptx);

/// Header of a module for sm_90a with the newest forms.
inline std::string newestHeader() { return ".version 8.7\n.target sm_90a\n.address_size 64\n"; }

} // namespace vmtest
