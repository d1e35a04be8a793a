#include "test/unit/Dialect/MmaBlock.h"

#include <cstring>

using namespace cosmati;
using namespace cosmati::tilegpu;

namespace mmatest {

Element elementOf(MmaType type) {
  switch (type) {
  case MmaType::TF32:
    return {"f32", 32};
  case MmaType::E4M3:
    return {"f8E4M3FN", 8};
  case MmaType::E5M2:
    return {"f8E5M2", 8};
  case MmaType::S8:
  case MmaType::U8:
  case MmaType::S4:
  case MmaType::U4:
    return {"i8", 8};
  case MmaType::B1:
  case MmaType::S32:
    return {"i32", 32};
  default:
    return {mmaTypeName(type).str(), mmaTypeBits(type)};
  }
}

std::string Block::extents() const {
  return std::to_string(rows) + "x" + std::to_string(columns) + "x";
}
std::string Block::type() const {
  return "tensor<" + extents() + element.name + ", #" + name + ">";
}
std::string Block::pointers() const {
  return "tensor<" + extents() + "!tile.ptr<" + element.name + ">, #" + name + ">";
}

std::string Block::definitions() const {
  return "#" + name + " = #tilegpu.layout<" + layout.toString() + ">\n#flat_" + name +
         " = #tilegpu.layout<" + layout.flatten().toString() + ">\n";
}

std::string Block::addresses() const {
  std::string flat = "tensor<" + std::to_string(rows * columns) + "xi32, #flat_" + name + ">";
  std::string index = "tensor<" + extents() + "i32, #" + name + ">";
  return "  %r_" + name + " = tile.make_range 0, " + std::to_string(rows * columns) + " : " + flat +
         "\n  %i_" + name + " = tile.reshape %r_" + name + " : " + flat + " -> " + index +
         "\n  %s_" + name + " = tile.splat %p_" + name + " : !tile.ptr<" + element.name + "> -> " +
         pointers() + "\n  %q_" + name + " = tile.addptr %s_" + name + ", %i_" + name + " : " +
         pointers() + ", " + index + "\n";
}

std::string Block::load() const {
  return addresses() + "  %v_" + name + " = tile.load %q_" + name + " : " + pointers() + "\n";
}

void Block::put(int64_t row, int64_t column, unsigned bits, unsigned part, uint64_t value) {
  size_t position = size_t(row * columns + column) * element.bits + part * bits;
  if (bits >= 8)
    std::memcpy(&bytes[position / 8], &value, bits / 8);
  else
    bytes[position / 8] |= uint8_t(value << (position % 8));
}

Block makeBlock(const std::string &name, Element element, int64_t rows, int64_t columns,
                LinearLayout layout) {
  size_t size = size_t(rows * columns) * element.bits / 8;
  return {name, std::move(element), rows, columns, std::move(layout), std::vector<uint8_t>(size)};
}

} // namespace mmatest
