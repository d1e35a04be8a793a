// Kernels that bring a matrix from one buffer in global memory to another by way of shared memory.
#pragma once

#include "dialects/Layout/LinearLayout.h"

#include <string>

namespace transfer {

struct Element {
  std::string name; ///< as IR writes it
  unsigned bits;
};

struct Program {
  Element element;
  cosmati::LinearLayout writer, shared, reader;
  int64_t numWarps;
  bool rowMajor = true; ///< both buffers in global memory
  std::string target = "90a";
  int64_t vector = 0;     ///< elements of one cp.async; 0: load and shared_store instead
  std::string cache = ""; ///< of cp.async: "ca", "cg" or empty
  int64_t limit = -1;     ///< where memory positions are masked off; -1: there is no mask
  int32_t alignment = 16; ///< of the shared buffer

  int64_t elements() const;
  std::string text() const;
  /// The PTX; on failure the test has failed and there is none.
  std::string compile() const;
  /// Runs on random bytes under all checks of the PTX machine and compares; what was masked off is
  /// zero, and the source ends where the mask does. Returns the PTX.
  std::string check() const;
};

/// How often an instruction that begins with `name` occurs.
int64_t count(const std::string &ptx, const std::string &name);

} // namespace transfer
