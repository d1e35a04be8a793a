//===- Combine.h - What atomics and reductions do ----------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Op::apply(old, operand) is the new value. Integers here; CombineFloat.h has the rest.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace cosmati::ptxvm {
namespace {

struct Add {
  template <class T> static T apply(T old, T v) { return T(old + v); }
};
struct Min {
  template <class T> static T apply(T old, T v) { return v < old ? v : old; }
};
struct Max {
  template <class T> static T apply(T old, T v) { return v > old ? v : old; }
};
struct And {
  template <class T> static T apply(T old, T v) { return T(old & v); }
};
struct Or {
  template <class T> static T apply(T old, T v) { return T(old | v); }
};
struct Xor {
  template <class T> static T apply(T old, T v) { return T(old ^ v); }
};
struct Inc {
  static uint32_t apply(uint32_t old, uint32_t v) { return old >= v ? 0 : old + 1; }
};
struct Dec {
  static uint32_t apply(uint32_t old, uint32_t v) { return old == 0 || old > v ? v : old - 1; }
};

} // namespace
} // namespace cosmati::ptxvm
