//===- Wgmma.cpp ----------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/Wgmma.h"
#include "test/unit/Vm/Assemble.h"

namespace vmtest {

namespace {
/// A CuTe mode: nested shape and stride, coordinates in colexicographic order.
struct Mode {
  unsigned shape;
  uint64_t stride; ///< in elements
};
uint64_t offsetOf(const std::vector<Mode> &modes, unsigned coordinate) {
  uint64_t offset = 0;
  for (const Mode &m : modes) {
    offset += coordinate % m.shape * m.stride;
    coordinate /= m.shape;
  }
  return offset;
}
unsigned bitsOfName(const std::string &t) {
  return t == "b1"                                 ? 1
         : t == "f16" || t == "bf16"               ? 16
         : t == "tf32" || t == "f32" || t == "s32" ? 32
                                                   : 8;
}
void orBits(std::vector<uint32_t> &v, uint64_t bit, uint32_t value) {
  v[bit / 32] |= value << bit % 32;
}
std::string list(const std::string &r, unsigned count) {
  std::string s = "{";
  for (unsigned k = 0; k < count; ++k)
    s += (k ? ", %" : "%") + r + std::to_string(k);
  return s + "}";
}
} // namespace

uint32_t SharedLayout::width() const {
  return swizzle == Swizzle::None   ? 16
         : swizzle == Swizzle::B128 ? 128
         : swizzle == Swizzle::B64  ? 64
                                    : 32;
}
// Distances between tiles of 8 rows by 16 bytes, or atoms of 8 rows by the swizzle's width.
uint32_t SharedLayout::leading() const {
  if (!transposed)
    return swizzle == Swizzle::None ? 128 : 16;
  return swizzle == Swizzle::None ? 128 : 8 * width() * (k / 8) + padding;
}
uint32_t SharedLayout::stride() const {
  unsigned perPiece = 128 / bits, pieces = k / perPiece;
  if (!transposed)
    return (swizzle == Swizzle::None ? 128 * pieces : 8 * width()) + padding;
  return swizzle == Swizzle::None ? 128 * (k / 8) + padding : 8 * width();
}
uint64_t SharedLayout::descriptor() const {
  auto encode = [](uint64_t x) { return (x & 0x3ffff) >> 4; };
  return encode(start) | encode(leading()) << 16 | encode(stride()) << 32 |
         uint64_t(baseOffset) << 49 | uint64_t(swizzle) << 62;
}
uint64_t SharedLayout::bitOf(unsigned row, unsigned column) const {
  uint64_t t = 128 / bits, n = width() / 16;
  uint64_t lbo = uint64_t(leading()) * 8 / bits, sbo = uint64_t(stride()) * 8 / bits;
  uint64_t element;
  if (!transposed && swizzle == Swizzle::None)
    element = offsetOf({{8, t}, {32, sbo}}, row) + offsetOf({{unsigned(t), 1}, {64, lbo}}, column);
  else if (!transposed)
    element =
        offsetOf({{8, n * t}, {32, sbo}}, row) + offsetOf({{unsigned(t), 1}, {64, t}}, column);
  else if (swizzle == Swizzle::None)
    element = offsetOf({{unsigned(t), 1}, {1, t}, {64, sbo}}, row) +
              offsetOf({{8, t}, {64, lbo}}, column);
  else
    element = offsetOf({{unsigned(t), 1}, {unsigned(n), t}, {64, lbo}}, row) +
              offsetOf({{8, n * t}, {64, sbo}}, column);
  uint64_t bit = element * bits, byte = start + bit / 8;
  // Swizzle<B, 4, 3> of the address within the pattern, which begins at the base offset.
  uint64_t inPattern = byte - 128 * baseOffset, mask = n - 1;
  uint64_t moved = inPattern ^ ((inPattern >> 7 & mask) << 4);
  return (moved + 128 * baseOffset) * 8 + bit % 8;
}

unsigned WgmmaForm::bits() const { return bitsOfName(a); }
std::string WgmmaForm::instruction() const {
  std::string s = std::string("wgmma.mma_async.") + (sparse ? "sp." : "") + "sync.aligned.m64n" +
                  std::to_string(n) + "k" + std::to_string(k) + "." + d + "." + a + "." + b +
                  (a == "b1" ? ".and.popc" : "") + (saturate ? ".satfinite" : "") + " " +
                  list("d", results()) + ", " + (registersA ? list("a", 4) : "%da") + ", %db, " +
                  (sparse ? "%m, " + std::to_string(selector) + ", " : "") + "%p";
  if (!integer()) {
    s += std::string(", ") + (minusA ? "-1" : "1") + (minusB ? ", -1" : ", 1");
    if (bits() == 16)
      s += (registersA ? std::string() : transA ? ", 1" : ", 0") + (transB ? ", 1" : ", 0");
  }
  return s + ";\n";
}

std::string plainBody(const WgmmaForm &form) {
  return "  wgmma.fence.sync.aligned;\n  " + form.instruction() +
         "  wgmma.commit_group.sync.aligned;\n  wgmma.wait_group.sync.aligned 0;\n";
}

std::string wgmmaKernel(const WgmmaForm &form, const std::string &body, const std::string &name) {
  std::string text =
      ".visible .entry " + name +
      "(.param .u64 pi, .param .u32 pw, .param .u64 pd, .param .u64 pa, .param .u64 pm,\n"
      "  .param .u64 pda, .param .u64 pdb) {\n  .reg .pred %p, %q, %s<4>;\n"
      "  .reg .b32 %t, %i, %n, %v, %at, %m, %w, %x<8>, %a<4>, %d<" +
      std::to_string(form.results()) +
      ">;\n  .reg .b64 %ri, %rd, %ra, %rm, %g, %da, %db;\n"
      "  .shared .align 1024 .b8 sh[49152];\n  mov.u32 %t, %tid.x;\n  shr.u32 %w, %t, 5;\n"
      "  ld.param.u64 %ri, [pi];\n  ld.param.u32 %n, [pw];\n  ld.param.u64 %da, [pda];\n"
      "  ld.param.u64 %db, [pdb];\n  mov.u32 %i, %t;\n" +
      name +
      "L:\n"
      "  mad.wide.u32 %g, %i, 4, %ri;\n  ld.global.b32 %v, [%g];\n  mov.u32 %at, sh;\n"
      "  mad.lo.u32 %at, %i, 4, %at;\n  st.shared.b32 [%at], %v;\n  add.u32 %i, %i, 128;\n"
      "  setp.lt.u32 %q, %i, %n;\n  @%q bra " +
      name +
      "L;\n  fence.proxy.async;\n  bar.sync 0;\n"
      "  ld.param.u64 %rd, [pd];\n  mad.wide.u32 %rd, %t, " +
      std::to_string(4 * form.results()) +
      ", %rd;\n  ld.param.u64 %ra, [pa];\n  mad.wide.u32 %ra, %t, 16, %ra;\n"
      "  ld.param.u64 %rm, [pm];\n  mad.wide.u32 %rm, %t, 4, %rm;\n  ld.global.b32 %m, [%rm];\n"
      "  setp.eq.u32 %p, 0, " +
      (form.accumulate ? "0" : "1") + ";\n";
  for (unsigned k = 0; k < form.results(); ++k)
    text += "  ld.global.b32 %d" + std::to_string(k) + ", [%rd+" + std::to_string(4 * k) + "];\n";
  for (unsigned k = 0; k < 4; ++k)
    text += "  ld.global.b32 %a" + std::to_string(k) + ", [%ra+" + std::to_string(4 * k) + "];\n";
  text += body;
  for (unsigned k = 0; k < form.results(); ++k)
    text += "  st.global.b32 [%rd+" + std::to_string(4 * k) + "], %d" + std::to_string(k) + ";\n";
  return text + "  ret;\n}\n";
}

WgmmaProblem::WgmmaProblem(const WgmmaForm &f, Swizzle swizzleA, Swizzle swizzleB) : form(f) {
  a.swizzle = swizzleA, b.swizzle = swizzleB;
  a.transposed = f.transA, b.transposed = f.transB;
  a.bits = b.bits = f.bits();
  a.rows = 64, b.rows = f.n;
  a.k = f.storedK(), b.k = f.k;
  b.start = 16384;
  stored.resize(64 * f.storedK());
  dense.resize(64 * f.k);
  right.resize(size_t(f.n) * f.k);
  start.resize(size_t(64) * f.n);
}

/// Two of four (tf32: one of two) places for the stored elements of each chunk.
void WgmmaProblem::choosePositions() {
  unsigned chunk = form.bits() == 32 ? 2 : 4, kept = chunk / 2, chunks = form.k / chunk;
  codes.resize(64 * chunks);
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned c = 0; c < chunks; ++c) {
      static const uint8_t pairs[] = {0x4, 0x8, 0xc, 0x9, 0xd, 0xe};
      uint8_t code = chunk == 2 ? ((row + c) % 2 ? 0xe : 0x4) : pairs[(row + 5 * c) % 6];
      codes[row * chunks + c] = code;
      for (unsigned j = 0; j < kept; ++j) {
        unsigned at = chunk == 2 ? (code & 3) / 2 : code >> 2 * j & 3;
        dense[row * form.k + c * chunk + at] = stored[row * form.storedK() + c * kept + j];
      }
    }
  // Metadata of a warp's 16 rows as in mma.sp: 16- and 32-bit types hold rows g and g + 8 in the
  // halves of a word, bytes alternate between lanes.
  unsigned lanes = chunks / 4;
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned c = 0; c < chunks; ++c) {
      unsigned r = row % 16, lane = row / 16 * 32 + 4 * (r % 8) + form.selector * lanes;
      uint32_t code = codes[row * chunks + c];
      if (form.bits() >= 16)
        metadata[lane + c / 4] |= code << (4 * (c % 4) + 16 * (r / 8));
      else
        metadata[lane + 2 * (c / 8) + r / 8] |= code << 4 * (c % 8);
    }
}

void WgmmaProblem::placeMatrix(const SharedLayout &layout, const std::vector<uint32_t> &elements,
                               unsigned k) {
  for (unsigned row = 0; row < layout.rows; ++row)
    for (unsigned column = 0; column < k; ++column)
      orBits(image, layout.bitOf(row, column), elements[row * k + column]);
}

void WgmmaProblem::place() {
  image.assign(49152 / 4, 0);
  regsA.assign(128 * 4, 0);
  metadata.assign(128, 0);
  d.assign(size_t(128) * form.results(), 0);
  if (form.sparse)
    choosePositions();
  else
    dense = stored;
  unsigned stored64 = form.storedK(), e = 32 / form.bits();
  if (!form.registersA)
    placeMatrix(a, stored, stored64);
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned c = 0; c < stored64; ++c) {
      unsigned thread = row / 16 * 32 + 4 * (row % 8) + c / e % 4;
      unsigned reg = row % 16 / 8 + 2 * (c / (4 * e));
      orBits(regsA, (uint64_t(thread) * 4 + reg) * 32 + c % e * form.bits(),
             stored[row * stored64 + c]);
    }
  placeMatrix(b, right, form.k);
  unsigned bits = form.d == "f16" ? 16 : 32;
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned c = 0; c < form.n; ++c) {
      unsigned thread = row / 16 * 32 + 4 * (row % 8) + c % 8 / 2;
      unsigned i = c / 8 * 4 + row % 16 / 8 * 2 + c % 2; // number among the thread's elements
      orBits(d, (uint64_t(thread) * form.n / 2 + i) * bits, start[row * form.n + c]);
    }
}

std::string WgmmaProblem::launch(const std::string &body, Check checks,
                                 const std::function<void(std::string &)> &change) {
  place();
  std::string text = newestHeader() + wgmmaKernel(form, body.empty() ? plainBody(form) : body, "k");
  if (change)
    change(text);
  auto module = parse(text);
  if (!module)
    return "the module does not load";
  Grid g(module);
  g.config.checks = checks;
  g.config.async = async;
  g.buffer(image).scalar(uint32_t(image.size())).buffer(d).buffer(regsA).buffer(metadata);
  return g.scalar(a.descriptor()).scalar(b.descriptor()).go(1, 128);
}

uint32_t WgmmaProblem::result(unsigned row, unsigned column) const {
  unsigned thread = row / 16 * 32 + 4 * (row % 8) + column % 8 / 2;
  unsigned i = column / 8 * 4 + row % 16 / 8 * 2 + column % 2, bits = form.d == "f16" ? 16 : 32;
  uint64_t bit = (uint64_t(thread) * form.n / 2 + i) * bits;
  uint32_t word = d[bit / 32] >> bit % 32;
  return bits == 16 ? word & 0xffff : word;
}

long double elementValue(const std::string &t, uint32_t x) {
  if (t == "f16")
    return halfValue(uint16_t(x));
  if (t == "bf16")
    return bfloatValue(uint16_t(x));
  if (t == "tf32")
    return as<float>(x & 0xffffe000u);
  if (t == "f32")
    return as<float>(x);
  if (t == "e4m3")
    return e4m3Value(uint8_t(x));
  if (t == "e5m2")
    return e5m2Value(uint8_t(x));
  if (t == "s8")
    return int8_t(x);
  if (t == "s32")
    return int32_t(x);
  return x;
}
uint32_t smallInteger(const std::string &t, int v) {
  if (t == "f16")
    return toHalf(v);
  if (t == "bf16")
    return toBfloat(v);
  if (t == "tf32" || t == "f32")
    return as<uint32_t>(float(v));
  uint32_t sign = v < 0 ? 0x80 : 0, magnitude = uint32_t(std::abs(v)); // 0 to 3
  static const uint32_t e4m3[] = {0, 0x38, 0x40, 0x44}, e5m2[] = {0, 0x3c, 0x40, 0x42};
  if (t == "e4m3")
    return sign | e4m3[magnitude];
  if (t == "e5m2")
    return sign | e5m2[magnitude];
  if (t == "b1")
    return uint32_t(v) & 1;
  return t == "s32" ? uint32_t(v) : t == "u8" ? magnitude : uint32_t(v) & 255;
}

} // namespace vmtest
