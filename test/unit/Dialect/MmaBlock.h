// Blocks of matrix products as IR: their types, their bytes in memory, and the ops that load them.
#pragma once

#include "dialects/Layout/LinearLayout.h"
#include "dialects/TileGPU/IR/MmaTable.h"

#include <string>
#include <vector>

namespace mmatest {

/// Elements of a block as IR writes them. Integers of less than 8 bits are packed.
struct Element {
  std::string name;
  unsigned bits;
};
Element elementOf(cosmati::tilegpu::MmaType type);

/// A block of IR: its layout and the bytes that it is loaded from, row by row.
struct Block {
  std::string name;
  Element element;
  int64_t rows, columns; ///< in elements of the block
  cosmati::LinearLayout layout;
  std::vector<uint8_t> bytes;

  std::string extents() const;
  std::string type() const;
  std::string pointers() const;
  /// The attributes of its layouts.
  std::string definitions() const;
  /// %q_name, the addresses of the elements behind %p_name.
  std::string addresses() const;
  /// Those, and %v_name, the block.
  std::string load() const;
  /// `value` as element `part` of those packed in (row, column).
  void put(int64_t row, int64_t column, unsigned bits, unsigned part, uint64_t value);
};

Block makeBlock(const std::string &name, Element element, int64_t rows, int64_t columns,
                cosmati::LinearLayout layout);

} // namespace mmatest
