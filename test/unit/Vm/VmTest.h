//===- VmTest.h - Running small PTX programs in tests --------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// OpTest runs one instruction over arrays of operands, one thread per element, on every instruction
// set of the host, unguarded and guarded, and checks that all agree bit by bit. Tests then compare
// with a reference of their own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/PtxVm.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace vmtest {

using namespace cosmati::ptxvm;

/// Instruction sets that this host has.
std::vector<std::string> hostIsas();

/// Header of a module for sm_90a.
std::string moduleHeader();

/// Parses or fails the test.
std::shared_ptr<Module> parse(const std::string &ptx);
/// The text of the error that parsing gives; empty if there is none.
std::string parseError(const std::string &ptx);

/// A launch with buffers and scalars in the order of the parameters.
class Grid {
public:
  explicit Grid(const std::string &ptx, const std::string &entry = "k");
  explicit Grid(std::shared_ptr<Module> module, const std::string &entry = "k",
                const LaunchConfig &config = {});
  template <class T>
  Grid &buffer(std::vector<T> &v, const std::string &name = "", bool writable = true) {
    return address(memory.map(v.data(), v.size() * sizeof(T), name, writable));
  }
  Grid &address(uint64_t value) { return bytes(&value, 8); }
  template <class T> Grid &scalar(T value) { return bytes(&value, sizeof(T)); }
  /// Launches; returns the error's text, empty on success.
  std::string go(std::array<uint32_t, 3> grid, std::array<uint32_t, 3> block);
  std::string go(uint32_t grid, uint32_t block) { return go({grid, 1, 1}, {block, 1, 1}); }

  LaunchConfig config;
  Report report;
  AddressSpace memory;
  std::shared_ptr<Module> module;

private:
  std::string entry;
  std::unique_ptr<ParamBlock> params;
  size_t next = 0;
  Grid &bytes(const void *data, size_t size);
};

/// Type of the operands' registers: its width decides load, store and register class.
struct Column {
  unsigned bytes;
  std::vector<uint8_t> data;
  size_t size() const { return data.size() / bytes; }
};
template <class T> Column column(const std::vector<T> &values) {
  Column c{sizeof(T), std::vector<uint8_t>(values.size() * sizeof(T))};
  std::memcpy(c.data.data(), values.data(), c.data.size());
  return c;
}

/// Runs `code`, in which $d is the result and $0, $1, $2 the operands (registers of their widths;
/// %p0, %p1 and %x<4> (b32), %y<4> (b64), %h<4> (b16) are free), and returns the results' bytes.
std::vector<uint8_t> runCode(const std::string &code, unsigned resultBytes,
                             const std::vector<Column> &columns);

template <class D, class... A>
std::vector<D> run(const std::string &code, const std::vector<A> &...in) {
  std::vector<uint8_t> bytes = runCode(code, sizeof(D), {column(in)...});
  std::vector<D> result(bytes.size() / sizeof(D));
  std::memcpy(result.data(), bytes.data(), bytes.size());
  return result;
}

/// All combinations of two or three lists, as parallel columns.
template <class A, class B>
void cross(const std::vector<A> &a, const std::vector<B> &b, std::vector<A> &x, std::vector<B> &y) {
  for (A u : a)
    for (B v : b)
      x.push_back(u), y.push_back(v);
}
template <class A, class B, class C>
void cross(const std::vector<A> &a, const std::vector<B> &b, const std::vector<C> &c,
           std::vector<A> &x, std::vector<B> &y, std::vector<C> &z) {
  for (A u : a)
    for (B v : b)
      for (C w : c)
        x.push_back(u), y.push_back(v), z.push_back(w);
}

template <class To, class From> To as(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To r;
  std::memcpy(&r, &v, sizeof(r));
  return r;
}

/// Edge values: limits, powers of two, alternating bits; for floats NaN, infinities, subnormals,
/// ties.
template <class T> std::vector<T> edges();
template <> std::vector<float> edges<float>();
template <> std::vector<double> edges<double>();
template <class T> std::vector<T> edges() {
  std::vector<T> v{0,
                   1,
                   2,
                   3,
                   7,
                   31,
                   100,
                   std::numeric_limits<T>::max(),
                   std::numeric_limits<T>::min(),
                   T(-1),
                   T(-2),
                   T(-100)};
  for (unsigned b = 0; b + 1 < 8 * sizeof(T); b += 5)
    v.push_back(T(uint64_t(1) << b));
  v.push_back(T(0x5555555555555555ull));
  v.push_back(T(0xaaaaaaaaaaaaaaaaull));
  v.push_back(T(0x123456789abcdef0ull));
  return v;
}

/// The value of an f16, bf16, e4m3 or e5m2 encoding, by the definition of the format.
double halfValue(uint16_t bits);
double bfloatValue(uint16_t bits);
double e4m3Value(uint8_t bits);
double e5m2Value(uint8_t bits);
/// Rounds to nearest even by scaling: another method than the machine's.
uint16_t toHalf(double v);
uint16_t toBfloat(double v);

} // namespace vmtest
