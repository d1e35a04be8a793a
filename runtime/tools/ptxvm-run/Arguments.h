//===- Arguments.h - Kernel arguments from the command line --- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/PtxVm.h"
#include <new>

namespace cosmati::ptxvm {

/// Memory aligned to 256 bytes, as cuMemAlloc gives it: counts of sectors depend on it.
template <class T> struct DeviceAlignment {
  using value_type = T;
  static constexpr std::align_val_t alignment{256};
  DeviceAlignment() = default;
  template <class U> DeviceAlignment(const DeviceAlignment<U> &) {}
  T *allocate(size_t n) { return static_cast<T *>(::operator new(n * sizeof(T), alignment)); }
  void deallocate(T *p, size_t) { ::operator delete(p, alignment); }
  bool operator==(const DeviceAlignment &) const = default;
};
using DeviceBytes = std::vector<uint8_t, DeviceAlignment<uint8_t>>;

/// One `--arg`: a scalar (`i32=5`, `f32=1.5`) or a buffer (`f32:1024:iota`).
///
/// Buffer fills: zeros, ones, undefined (zeros that count as unwritten), iota (0, 1, 2, ...),
/// random (seeded; floats in [-1, 1), integers in [0, 256)), and `@FILE` for raw bytes. A size may
/// be left out with @FILE: `u8::@data.bin`.
struct Argument {
  std::string text;
  std::string type; ///< u8 i8 u16 i16 u32 i32 u64 i64 f16 bf16 f32 f64
  bool buffer = false;
  bool undefined = false; ///< a buffer that nobody has written
  DeviceBytes bytes;      ///< the scalar's or the buffer's
  uint64_t address = 0;   ///< of a buffer, once mapped

  size_t elementBytes() const;
  size_t elements() const { return bytes.size() / elementBytes(); }
  /// Element `index` as text.
  std::string element(size_t index) const;
};

llvm::Expected<Argument> parseArgument(llvm::StringRef text, uint64_t seed);

} // namespace cosmati::ptxvm
