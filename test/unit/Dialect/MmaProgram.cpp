#include "test/unit/Dialect/MmaProgram.h"
#include "test/unit/Vm/VmTest.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace cosmati;
using namespace cosmati::tilegpu;
using mmatest::Coordinates;

namespace {

std::string list(char name, int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i)
    text += (i ? ", %" : "%") + std::string(1, name) + std::to_string(i);
  return text + "}";
}

/// Loads or stores the registers of one operand.
std::string transfer(char name, int count, int bits, bool store) {
  std::string text = "  ld.param.u64 %rd, [p" + std::string(1, name) +
                     "];\n  mad.wide.u32 %rd, %t, " + std::to_string(count * bits / 8) + ", %rd;\n";
  for (int i = 0; i < count; ++i) {
    std::string place = "[%rd+" + std::to_string(i * bits / 8) + "]";
    std::string reg = "%" + std::string(1, name) + std::to_string(i);
    text += store ? "  st.global.b" : "  ld.global.b";
    text += std::to_string(bits) + " " + (store ? place + ", " + reg : reg + ", " + place) + ";\n";
  }
  return text;
}

/// Bit position of a register element of a lane, and the lanes and registers themselves.
void forEachPlace(const LinearLayout &layout, unsigned bits,
                  const std::function<void(Coordinates, size_t)> &see) {
  int32_t registers = layout.inSize(LayoutDim::Register);
  for (int32_t lane = 0; lane < 32; ++lane)
    for (int32_t reg = 0; reg < registers; ++reg)
      see(layout.apply({{LayoutDim::Lane, lane}, {LayoutDim::Register, reg}}),
          (size_t(lane) * registers + reg) * bits);
}

} // namespace

std::string mmatest::mmaEntry(const MmaInstruction &row, const std::string &name, bool saturate,
                              unsigned selector) {
  int in = MmaInstruction::registerBits(row.a), out = MmaInstruction::registerBits(row.acc);
  std::string text = ".visible .entry " + name +
                     "(.param .u64 pa, .param .u64 pb, .param .u64 pc, .param .u64 pd, "
                     ".param .u64 pe) {\n  .reg .b32 %t, %e<1>;\n  .reg .b64 %rd;\n  .reg .b" +
                     std::to_string(in) + " %a<9>, %b<9>;\n  .reg .b" + std::to_string(out) +
                     " %c<5>, %d<5>;\n  mov.u32 %t, %tid.x;\n";
  text += transfer('a', row.aRegisters, in, false) + transfer('b', row.bRegisters, in, false) +
          transfer('c', row.accRegisters, out, false);
  if (row.sparse)
    text += transfer('e', 1, 32, false);
  text += "  " + (saturate ? row.saturatingPtx : row.ptx).str() + " " +
          list('d', row.accRegisters) + ", " + list('a', row.aRegisters) + ", " +
          list('b', row.bRegisters) + ", " + list('c', row.accRegisters);
  if (row.sparse)
    text += ", %e0, " + std::to_string(selector);
  return text + ";\n" + transfer('d', row.accRegisters, out, true) + "  ret;\n}\n";
}

std::vector<uint8_t> mmatest::pack(const LinearLayout &layout, unsigned bits,
                                   const std::function<uint64_t(Coordinates)> &value) {
  std::vector<uint8_t> data(32 * layout.inSize(LayoutDim::Register) * bits / 8);
  forEachPlace(layout, bits, [&](Coordinates at, size_t position) {
    uint64_t x = value(at);
    if (bits >= 8)
      std::memcpy(&data[position / 8], &x, bits / 8);
    else
      data[position / 8] |= uint8_t(x << (position % 8));
  });
  return data;
}

void mmatest::unpack(const LinearLayout &layout, unsigned bits, const std::vector<uint8_t> &data,
                     const std::function<void(Coordinates, uint64_t)> &see) {
  forEachPlace(layout, bits, [&](Coordinates at, size_t position) {
    uint64_t x = 0;
    std::memcpy(&x, &data[position / 8], bits / 8);
    see(at, x);
  });
}

/// The encoding of an integer from -3 to 3 in a format with the exponent's bias and two or more
/// bits of mantissa.
static uint64_t encodeFp8(int64_t value, unsigned mantissaBits, unsigned bias) {
  uint64_t sign = value < 0 ? 0x80 : 0;
  switch (std::abs(value)) {
  case 0:
    return sign;
  case 1:
    return sign | bias << mantissaBits;
  case 2:
    return sign | (bias + 1) << mantissaBits;
  default:
    return sign | (bias + 1) << mantissaBits | 1u << (mantissaBits - 1);
  }
}

uint64_t mmatest::encode(MmaType type, int64_t value) {
  switch (type) {
  case MmaType::F16:
    return vmtest::toHalf(double(value));
  case MmaType::BF16:
    return vmtest::toBfloat(double(value));
  case MmaType::TF32:
  case MmaType::F32:
    return vmtest::as<uint32_t>(float(value));
  case MmaType::F64:
    return vmtest::as<uint64_t>(double(value));
  case MmaType::E4M3:
    return encodeFp8(value, 3, 7);
  case MmaType::E5M2:
    return encodeFp8(value, 2, 15);
  default:
    return uint64_t(value) & ((uint64_t(1) << mmaTypeBits(type)) - 1);
  }
}

int64_t mmatest::decode(MmaType type, uint64_t bits) {
  switch (type) {
  case MmaType::F16:
    return int64_t(vmtest::halfValue(uint16_t(bits)));
  case MmaType::F32:
    return int64_t(vmtest::as<float>(uint32_t(bits)));
  case MmaType::F64:
    return int64_t(vmtest::as<double>(bits));
  default:
    return int32_t(bits);
  }
}

bool mmatest::hasAssembler() { return std::system("ptxas --version > /dev/null 2>&1") == 0; }

std::string mmatest::assemblerErrors(const std::string &ptx, int sm) {
  std::filesystem::path folder = std::filesystem::temp_directory_path();
  std::string base = (folder / ("cosmati-mma-" + std::to_string(getpid()))).string();
  std::ofstream(base + ".ptx") << ptx;
  std::string command = "ptxas -arch=sm_" + std::to_string(sm) + " -o /dev/null " + base +
                        ".ptx > " + base + ".log 2>&1";
  bool failed = std::system(command.c_str()) != 0;
  std::ostringstream log;
  log << std::ifstream(base + ".log").rdbuf();
  std::filesystem::remove(base + ".ptx");
  std::filesystem::remove(base + ".log");
  return !failed ? "" : log.str().empty() ? "ptxas failed without a word" : log.str();
}
