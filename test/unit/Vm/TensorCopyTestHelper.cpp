//===- TensorCopyTestHelper.cpp -------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/TensorCopyTest.h"

namespace vmtest {

uint32_t TensorCase::extent(unsigned k) const {
  uint32_t n = 0; // elements 0, stride, 2 stride, ... below boxDim; dimension 0 has no stride
  for (uint32_t at = 0; at < desc.boxDim[k]; at += k ? desc.elementStrides[k] : 1)
    ++n;
  return n;
}
uint32_t TensorCase::boxElements() const {
  uint32_t n = 1;
  for (unsigned k = 0; k < desc.rank; ++k)
    n *= extent(k);
  return n;
}
static uint32_t spanOf(TensorSwizzle s) {
  const uint32_t spans[] = {0, 32, 64, 128};
  return spans[int(s)];
}
uint32_t TensorCase::footprint() const {
  uint32_t row = std::max(extent(0) * element(), spanOf(desc.swizzle));
  return boxElements() / extent(0) * row;
}
/// PTX ISA, "Swizzling modes": in lines of 128 bytes, the 16-byte chunk of a span is xored with the
/// number of the line.
static uint32_t swizzled(TensorSwizzle s, uint32_t address) {
  if (s == TensorSwizzle::None)
    return address;
  uint32_t chunks = spanOf(s) / 16, line = address / 128;
  uint32_t span = address / spanOf(s), chunk = address / 16 % chunks;
  return span * spanOf(s) + (chunk ^ line % chunks) * 16 + address % 16;
}
void TensorCase::each(const std::function<void(uint32_t, int64_t)> &f) const {
  uint32_t row = std::max(extent(0) * element(), spanOf(desc.swizzle));
  std::array<uint32_t, 5> n{1, 1, 1, 1, 1}, e{};
  for (unsigned k = 0; k < desc.rank; ++k)
    n[k] = extent(k);
  for (e[4] = 0; e[4] < n[4]; ++e[4])
    for (e[3] = 0; e[3] < n[3]; ++e[3])
      for (e[2] = 0; e[2] < n[2]; ++e[2])
        for (e[1] = 0; e[1] < n[1]; ++e[1])
          for (e[0] = 0; e[0] < n[0]; ++e[0]) {
            uint32_t line = e[1] + n[1] * (e[2] + n[2] * (e[3] + n[3] * e[4]));
            int64_t offset = 0;
            bool inside = true;
            for (unsigned k = 0; k < desc.rank; ++k) {
              int64_t x = int64_t(start[k]) + int64_t(e[k]) * (k ? desc.elementStrides[k] : 1);
              inside &= x >= 0 && x < int64_t(desc.globalDim[k]);
              offset += x * int64_t(k ? desc.globalStrides[k - 1] : element());
            }
            f(swizzled(desc.swizzle, shared + line * row + e[0] * element()), inside ? offset : -1);
          }
}

std::string TensorCase::text() const {
  std::string s = tensorDataTypeName(desc.dataType).str() + " swizzle " +
                  std::to_string(int(desc.swizzle)) + " fill " + std::to_string(int(desc.oobFill)) +
                  " at " + std::to_string(shared);
  for (unsigned k = 0; k < desc.rank; ++k)
    s += " [dim " + std::to_string(desc.globalDim[k]) + " box " + std::to_string(desc.boxDim[k]) +
         "/" + std::to_string(desc.elementStrides[k]) + " start " + std::to_string(start[k]) + "]";
  return s;
}

TensorCase randomCase(std::mt19937 &random, unsigned rank, bool clipped) {
  auto upTo = [&](uint32_t n) { return uint32_t(random() % n); };
  TensorCase c;
  do {
    TensorMapDesc &d = c.desc;
    d = TensorMapDesc();
    d.rank = rank;
    d.dataType = TensorDataType(upTo(13));
    d.swizzle = TensorSwizzle(upTo(4));
    bool isFloat = d.dataType >= TensorDataType::Float16;
    d.oobFill = isFloat && upTo(2) ? TensorOobFill::NanRequestZeroFma : TensorOobFill::None;
    uint32_t element = c.element(), unit = 16 / element;
    uint32_t most = d.swizzle == TensorSwizzle::None ? 6 : spanOf(d.swizzle) / 16;
    d.boxDim[0] = std::min(256u, unit * (1 + upTo(most)));
    d.globalDim[0] = 1 + upTo(2 * d.boxDim[0]);
    uint64_t step = d.globalDim[0] * element;
    for (unsigned k = 1; k < rank; ++k) {
      d.globalDim[k] = 1 + upTo(rank < 4 ? 12 : 5);
      d.boxDim[k] = 1 + upTo(rank < 3 ? 16 : 5);
      d.elementStrides[k] = upTo(3) ? 1 : 1 + upTo(8);
      step = (step + 15) / 16 * 16 + 16 * upTo(3);
      d.globalStrides[k - 1] = step;
      step *= d.globalDim[k];
    }
    uint64_t last = d.globalDim[0] * element; // the buffer ends with the last element
    for (unsigned k = 1; k < rank; ++k)
      last += (d.globalDim[k] - 1) * d.globalStrides[k - 1];
    c.tensor.resize(last);
    for (unsigned k = 0; k < rank; ++k) {
      int32_t low = clipped ? -int32_t(d.boxDim[k]) - 1 : 0;
      c.start[k] = low + int32_t(upTo(uint32_t(int64_t(d.globalDim[k]) + 2 - low)));
      if (upTo(3) == 0)
        c.start[k] = 0;
    }
    c.shared = 128 * upTo(40);
  } while (c.shared + c.footprint() > kSharedBytes || c.tensor.size() > (1 << 20));
  for (uint8_t &b : c.tensor)
    b = uint8_t(random());
  return c;
}

std::string tensorProgram(const std::string &code, const std::string &moduleScope) {
  return newestHeader() + moduleScope +
         ".visible .entry k(.param .align 64 .b8 tm[128], .param .u64 pout, .param .u32 pat,\n"
         "    .param .u32 ptx, .param .s32 p0, .param .s32 p1, .param .s32 p2, .param .s32 p3,\n"
         "    .param .s32 p4) {\n  .reg .pred %p<4>, %first;\n"
         "  .reg .b32 %t, %s, %bar, %at, %tx, %c<5>, %v<8>;\n  .reg .b16 %h<4>;\n"
         "  .reg .b64 %map, %out, %d<8>;\n  .shared .align 1024 .b8 s[16384];\n"
         "  .shared .align 8 .b64 bar;\n  mov.u32 %t, %tid.x;\n  mov.u32 %s, s;\n"
         "  mov.u32 %bar, bar;\n  mov.b64 %map, tm;\n  cvta.param.u64 %map, %map;\n"
         "  ld.param.u64 %out, [pout];\n  ld.param.u32 %at, [pat];\n  add.u32 %at, %at, %s;\n"
         "  ld.param.u32 %tx, [ptx];\n  ld.param.s32 %c0, [p0];\n  ld.param.s32 %c1, [p1];\n"
         "  ld.param.s32 %c2, [p2];\n  ld.param.s32 %c3, [p3];\n  ld.param.s32 %c4, [p4];\n"
         "  setp.eq.u32 %first, %t, 0;\n  @%first mbarrier.init.shared.b64 [%bar], 1;\n"
         "  fence.proxy.async.shared::cta;\n  bar.sync 0;\n" +
         code + "\n  ret;\n}\n";
}
std::string dims(unsigned rank) { return "." + std::to_string(rank) + "d"; }
std::string coordinates(unsigned rank) {
  std::string s = "{";
  for (unsigned k = 0; k < rank; ++k)
    s += (k ? ", %c" : "%c") + std::to_string(k);
  return s + "}";
}

const std::string waitForBar = "WAIT:\n  mbarrier.try_wait.parity.shared.b64 %p0, [%bar], 0;\n"
                               "  @!%p0 bra WAIT;\n";
/// A loop of 64 threads over 16 bytes each: `body` for shared address %v0 and global address %d0.
static std::string overShared(const std::string &label, const std::string &body) {
  return "  mad.lo.u32 %v0, %t, 16, %s;\n  mad.wide.u32 %d0, %t, 16, %out;\n"
         "  add.u32 %v1, %s, 16384;\n" +
         label + ":\n" + body + "  add.u32 %v0, %v0, 1024;\n  add.u64 %d0, %d0, 1024;\n" +
         "  setp.lt.u32 %p1, %v0, %v1;\n  @%p1 bra " + label + ";\n";
}
const std::string fillShared =
    "  mov.b32 %v2, 0xaaaaaaaa;\n" +
    overShared("FILL", "  st.shared.v4.b32 [%v0], {%v2, %v2, %v2, %v2};\n") +
    "  fence.proxy.async;\n  bar.sync 0;\n";
const std::string sharedToOut =
    overShared("OUT", "  ld.shared.v4.b32 {%v2, %v3, %v4, %v5}, [%v0];\n"
                      "  st.global.v4.b32 [%d0], {%v2, %v3, %v4, %v5};\n");
const std::string outToShared =
    overShared("IN", "  ld.global.v4.b32 {%v2, %v3, %v4, %v5}, [%d0];\n"
                     "  st.shared.v4.b32 [%v0], {%v2, %v3, %v4, %v5};\n") +
    "  fence.proxy.async;\n  bar.sync 0;\n";

std::string runTensor(Grid &grid, TensorCase &c, std::vector<uint8_t> &image) {
  // The driver's rule: 16-byte aligned. A vector of bytes need not be.
  std::vector<uint8_t> room(c.tensor.size() + 16);
  size_t shift = -reinterpret_cast<uintptr_t>(room.data()) & 15;
  std::memcpy(room.data() + shift, c.tensor.data(), c.tensor.size());
  c.desc.globalAddress = grid.memory.map(room.data() + shift, c.tensor.size(), "tensor", true);
  auto map = encodeTensorMap(c.desc);
  if (!map)
    return llvm::toString(map.takeError());
  grid.scalar(*map).buffer(image, "image").scalar(c.shared).scalar(c.boxBytes());
  for (int32_t x : c.start)
    grid.scalar(x);
  std::string error = grid.go(1, 64);
  std::memcpy(c.tensor.data(), room.data() + shift, c.tensor.size());
  return error;
}

} // namespace vmtest
