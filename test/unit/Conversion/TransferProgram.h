// Kernels that bring a matrix from one buffer in global memory to another by way of shared memory.
#pragma once

#include "dialects/Layout/LinearLayout.h"

#include <string>

namespace transfer {

struct Element {
  std::string name; ///< as IR writes it
  unsigned bits;
  std::string pointer() const { return "!tile.ptr<" + name + ">"; }
};

/// Writes IR for the blocks of one layout, which is `#name`.
class Blocks {
public:
  Blocks(std::string name, Element element, const cosmati::LinearLayout &layout,
         bool rowMajor = true)
      : name(std::move(name)), element(std::move(element)), layout(layout), shape(layout.shape()),
        rowMajor(rowMajor) {}

  std::string extents() const; ///< "64x32x"
  std::string of(const std::string &type) const;
  std::string type() const { return of(element.name); }
  std::string pointers() const { return of(element.pointer()); }
  std::string definitions() const;
  /// %i_name, the positions of the elements in memory, and %q_name, their addresses behind
  /// %p_name.
  std::string addresses() const;
  /// %m_name, the positions below `limit`.
  std::string mask(int64_t limit) const;

private:
  std::string define(const std::string &letter, const std::string &value) const;
  std::string constant(int64_t value) const;

  std::string name;
  Element element;
  cosmati::LinearLayout layout;
  llvm::SmallVector<int64_t, 4> shape;
  bool rowMajor;
};

/// The PTX of a module that has passed all stages before TileGPUToNVVM; on failure the test has
/// failed and there is none.
std::string compile(const std::string &text, const std::string &target, int64_t numWarps);

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

  bool asBits = false; ///< 0 and 1 in i8, which shared memory holds as i1

  int64_t elements() const;
  std::string text() const;
  /// Runs on random bytes under all checks of the PTX machine and compares; what was masked off is
  /// zero, and the source ends where the mask does. Returns the PTX.
  std::string check() const;
};

/// How often an instruction that begins with `name` occurs.
int64_t count(const std::string &ptx, const std::string &name);

} // namespace transfer
