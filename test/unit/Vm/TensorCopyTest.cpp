//===- TensorCopyTest.cpp - cp.async.bulk.tensor against its definition ---===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/unit/Vm/TensorCopyTest.h"
#include <cfloat>

using namespace vmtest;

namespace {

std::string load(unsigned rank, const std::string &tail = "") {
  return "  @%first cp.async.bulk.tensor" + dims(rank) +
         ".shared::cluster.global.tile.mbarrier::complete_tx::bytes" + tail + " [%at], [%map, " +
         coordinates(rank) + "], [%bar]";
}
const std::string expect = "  @%first mbarrier.arrive.expect_tx.shared.b64 _, [%bar], %tx;\n";
/// Stores or reduces (`op` = ".add") the box from shared memory, which holds the image.
std::string store(unsigned rank, const std::string &op = "") {
  return outToShared + "  @!%first bra END;\n  cp" + (op.empty() ? "" : ".reduce") +
         ".async.bulk.tensor" + dims(rank) + ".global.shared::cta" + op +
         ".tile.bulk_group [%map, " + coordinates(rank) +
         "], [%at];\n  cp.async.bulk.commit_group;\n"
         "  cp.async.bulk.wait_group 0;\nEND:";
}
std::shared_ptr<Module> assembled(const std::string &text) {
  EXPECT_EQ(assemblerErrors(text), "") << text;
  return parse(text);
}

/// Rounds to 10 bits of mantissa by arithmetic.
uint32_t tf32(uint32_t bits) {
  double v = as<float>(bits);
  if (v != v)
    return 0x7fffe000;
  if (std::isinf(v))
    return bits;
  int e;
  std::frexp(v, &e);
  double unit = std::ldexp(1.0, std::max(e - 1, -126) - 10), r = std::nearbyint(v / unit) * unit;
  return as<uint32_t>(std::abs(r) > FLT_MAX ? float(std::copysign(INFINITY, r)) : float(r));
}
/// What a load leaves in shared memory.
std::vector<uint8_t> loaded(const TensorCase &c) {
  std::vector<uint8_t> image(kSharedBytes, 0xaa);
  bool nan = c.desc.oobFill != TensorOobFill::None;
  bool rounds =
      c.desc.dataType == TensorDataType::TFloat32 || c.desc.dataType == TensorDataType::TFloat32Ftz;
  c.each([&](uint32_t at, int64_t from) {
    for (uint32_t b = 0; b < c.element(); ++b)
      image[at + b] = from >= 0 ? c.tensor[size_t(from) + b] : nan ? (b % 2 ? 0x7f : 0xf7) : 0;
    if (from >= 0 && rounds) {
      uint32_t v;
      std::memcpy(&v, &image[at], 4);
      v = tf32(v);
      std::memcpy(&image[at], &v, 4);
    }
  });
  return image;
}
/// Index of the first difference, or -1.
int64_t differs(const std::vector<uint8_t> &a, const std::vector<uint8_t> &b) {
  for (size_t k = 0; k < a.size(); ++k)
    if (a[k] != b[k])
      return int64_t(k);
  return -1;
}
std::vector<uint8_t> randomImage(std::mt19937 &random) {
  std::vector<uint8_t> image(kSharedBytes);
  for (uint8_t &b : image)
    b = uint8_t(random());
  return image;
}

/// old op v for an element of this type, by definition.
using Combine = std::function<uint64_t(const std::string &, uint64_t, uint64_t)>;
template <class T> uint64_t integer(const std::string &op, uint64_t a, uint64_t b) {
  T x = T(a), y = T(b);
  T r = op == ".add"   ? T(a + b)
        : op == ".min" ? std::min(x, y)
        : op == ".max" ? std::max(x, y)
        : op == ".inc" ? (x >= y ? T(0) : T(x + 1))
        : op == ".dec" ? (x == 0 || x > y ? y : T(x - 1))
        : op == ".and" ? T(a & b)
        : op == ".or"  ? T(a | b)
                       : T(a ^ b);
  return uint64_t(r);
}
template <bool Flush> uint64_t single(const std::string &, uint64_t a, uint64_t b) {
  auto value = [](uint64_t v) {
    float f = as<float>(uint32_t(v));
    return Flush && std::fpclassify(f) == FP_SUBNORMAL ? std::copysign(0.0f, f) : f;
  };
  float sum = value(a) + value(b);
  return sum != sum ? 0x7fffffff : as<uint32_t>(value(as<uint32_t>(sum)));
}
uint64_t half(double (*value)(uint16_t), uint16_t (*bits)(double), const std::string &op,
              uint64_t a, uint64_t b) {
  double x = value(uint16_t(a)), y = value(uint16_t(b));
  if (op == ".add")
    return x + y != x + y ? 0x7fff : bits(x + y);
  if (x != x || y != y)
    return x == x ? a : y == y ? b : 0x7fff;
  bool less = x == y ? (a >> 15) > (b >> 15) : x < y; // of a; -0 is less than +0
  return (op == ".min") == less ? a : b;
}
/// Empty: PTX has no such reduction.
Combine combineFor(TensorDataType type, const std::string &op) {
  bool bits = op == ".and" || op == ".or" || op == ".xor", order = op == ".min" || op == ".max";
  switch (type) {
  case TensorDataType::UInt32:
    return integer<uint32_t>;
  case TensorDataType::Int32:
    return bits || order || op == ".add" ? Combine(integer<int32_t>) : Combine();
  case TensorDataType::UInt64:
    return bits || order || op == ".add" ? Combine(integer<uint64_t>) : Combine();
  case TensorDataType::Int64:
    return bits || order ? Combine(integer<int64_t>) : Combine();
  case TensorDataType::Float16:
  case TensorDataType::BFloat16: {
    bool bf = type == TensorDataType::BFloat16;
    if (!order && op != ".add")
      return Combine();
    return [=](const std::string &o, uint64_t a, uint64_t b) {
      return bf ? half(bfloatValue, toBfloat, o, a, b) : half(halfValue, toHalf, o, a, b);
    };
  }
  case TensorDataType::Float32:
    return op == ".add" ? Combine(single<false>) : Combine();
  case TensorDataType::Float32Ftz:
    return op == ".add" ? Combine(single<true>) : Combine();
  default:
    return Combine();
  }
}

} // namespace

TEST(TensorCopy, LoadsBoxesOfAllRanksTypesAndSwizzles) {
  for (unsigned rank = 1; rank <= 5; ++rank) {
    auto module = assembled(
        tensorProgram(fillShared + expect + load(rank) + ";\n" + waitForBar + sharedToOut));
    std::mt19937 random(rank);
    for (unsigned trial = 0; trial < 80; ++trial) {
      TensorCase c = randomCase(random, rank, /*clipped=*/true);
      std::vector<uint8_t> expected = loaded(c), image(kSharedBytes);
      Grid grid(module);
      ASSERT_EQ(runTensor(grid, c, image), "") << c.text();
      ASSERT_EQ(differs(image, expected), -1) << c.text();
    }
  }
}

TEST(TensorCopy, StoresOnlyWhatIsInsideTheTensor) {
  for (unsigned rank = 1; rank <= 5; ++rank) {
    auto module = assembled(tensorProgram(store(rank)));
    std::mt19937 random(rank + 10);
    for (unsigned trial = 0; trial < 60; ++trial) {
      TensorCase c = randomCase(random, rank, /*clipped=*/false);
      std::vector<uint8_t> image = randomImage(random), expected = c.tensor;
      c.each([&](uint32_t at, int64_t to) {
        if (to >= 0)
          std::memcpy(&expected[size_t(to)], &image[at], c.element());
      });
      Grid grid(module);
      ASSERT_EQ(runTensor(grid, c, image), "") << c.text();
      ASSERT_EQ(differs(c.tensor, expected), -1) << c.text();
    }
  }
}

TEST(TensorCopy, ReductionsCombineElementsOfTheMapsType) {
  unsigned combined = 0, refused = 0;
  for (std::string op : {".add", ".min", ".max", ".inc", ".dec", ".and", ".or", ".xor"}) {
    auto module = assembled(tensorProgram(store(2, op)));
    std::mt19937 random(7);
    for (unsigned trial = 0; trial < 60; ++trial) {
      TensorCase c = randomCase(random, 2, /*clipped=*/false);
      std::vector<uint8_t> image = randomImage(random), expected = c.tensor;
      Combine combine = combineFor(c.desc.dataType, op);
      Grid grid(module);
      if (!combine) {
        std::string error = runTensor(grid, c, image);
        ASSERT_NE(error.find("no such reduction of elements of type " +
                             tensorDataTypeName(c.desc.dataType).str()),
                  std::string::npos)
            << error;
        ++refused;
        continue;
      }
      c.each([&](uint32_t at, int64_t to) {
        uint64_t a = 0, b = 0;
        if (to < 0)
          return;
        std::memcpy(&a, &expected[size_t(to)], c.element());
        std::memcpy(&b, &image[at], c.element());
        a = combine(op, a, b);
        std::memcpy(&expected[size_t(to)], &a, c.element());
      });
      ASSERT_EQ(runTensor(grid, c, image), "") << c.text();
      ASSERT_EQ(differs(c.tensor, expected), -1) << op << " " << c.text();
      ++combined;
    }
  }
  EXPECT_GT(combined, 100u);
  EXPECT_GT(refused, 100u);
}

namespace {
/// A matrix of 32-bit words, 100 x 20 with rows of 416 bytes, and a box of 32 x 8 at (4, 2).
TensorCase matrix() {
  TensorCase c;
  c.desc.dataType = TensorDataType::UInt32;
  c.desc.rank = 2;
  c.desc.globalDim = {100, 20};
  c.desc.globalStrides = {416};
  c.desc.boxDim = {32, 8};
  c.desc.swizzle = TensorSwizzle::B128;
  c.tensor.resize(19 * 416 + 400);
  for (size_t k = 0; k < c.tensor.size(); ++k)
    c.tensor[k] = uint8_t(k * 7 + k / 256 + 1);
  c.start = {4, 2};
  c.shared = 1024;
  return c;
}
/// Runs a program with the matrix; the image that comes back, or the error.
std::string runMatrix(const std::string &code, std::vector<uint8_t> &image,
                      const std::function<void(TensorCase &)> &change = {},
                      const std::string &moduleScope = "") {
  std::string text = tensorProgram(code, moduleScope);
  EXPECT_EQ(assemblerErrors(text), "") << text;
  TensorCase c = matrix();
  if (change)
    change(c);
  Grid grid(text);
  if (image.empty())
    image.resize(kSharedBytes, 0x55);
  return runTensor(grid, c, image);
}
std::string errorOf(const std::string &code, const std::function<void(TensorCase &)> &change = {}) {
  std::vector<uint8_t> image;
  return runMatrix(code, image, change);
}
} // namespace

TEST(TensorCopy, FormsOfTheSyntaxDoTheSame) {
  std::string map = "[%map, {%c0, %c1}]", policy = "createpolicy.fractional.L2::evict_first.b64 "
                                                   "%d4, 1.0;\n  mov.b64 %d5, s;\n"
                                                   "  cvt.u64.u32 %d6, %at;\n";
  std::string to = ".mbarrier::complete_tx::bytes";
  for (std::string form :
       {"shared::cluster.global" + to + " [%at], " + map + ", [%bar]",
        "shared::cluster.global.tile" + to + " [s+1024], [%map, {4, 2}], [bar]",
        "shared::cluster.global" + to + ".L2::cache_hint [%d6], " + map + ", [%bar], %d4",
        "shared::cluster.global.tile" + to + ".multicast::cluster [%at], " + map + ", [%bar], 1",
        "shared::cluster.global" + to + ".multicast::cluster.L2::cache_hint [%at], " + map +
            ", [%bar], %h0, %d4",
        "shared::cta.global" + to + " [%at], " + map + ", [%bar]",
        "shared::cta.global.tile" + to + ".L2::cache_hint [%at], " + map + ", [%bar], %d4"}) {
    std::vector<uint8_t> image;
    EXPECT_EQ(runMatrix(fillShared + policy + "  mov.b16 %h0, 1;\n" + expect +
                            "  prefetch.tensormap [%map];\n  prefetch.param.tensormap [tm];\n"
                            "  cp.async.bulk.prefetch.tensor.2d.L2.global.tile " +
                            map +
                            ";\n  cp.async.bulk.prefetch.tensor.2d.L2.global.L2::cache_hint " +
                            map + ", %d4;\n  @%first cp.async.bulk.tensor.2d." + form + ";\n" +
                            waitForBar + sharedToOut,
                        image),
              "");
    EXPECT_EQ(differs(image, loaded(matrix())), -1) << form;
  }
}

TEST(TensorCopy, WhatIsNotImplementedIsRefusedByName) {
  auto refusal = [](const std::string &instruction) {
    return parseError(tensorProgram("  " + instruction + ";\n"));
  };
  std::string load = "cp.async.bulk.tensor.3d.shared::cluster.global.";
  EXPECT_TEXT(refusal(load + "im2col.mbarrier::complete_tx::bytes [%at], [%map, {%c0, %c1, %c2}], "
                             "[%bar], {%h0}"),
              "im2col");
  EXPECT_TEXT(refusal(load + "tile::gather4.mbarrier::complete_tx::bytes [%at], [%map, {%c0, %c1, "
                             "%c2, %c3, %c4}], [%bar]"),
              "sm_100");
  EXPECT_TEXT(refusal("cp.async.bulk.tensor.3d.global.shared::cta.im2col_no_offs.bulk_group [%map, "
                      "{%c0, %c1, %c2}], [%at]"),
              "im2col");
  EXPECT_TEXT(refusal("tensormap.replace.tile.swizzle_atomicity.shared::cta.b1024.b32 [%at], 0"),
              "sm_100");
  EXPECT_TEXT(refusal("tensormap.replace.tile.elemtype.shared::cta.b1024.b32 [%at], 13"),
              "0 to 12");
  EXPECT_TEXT(refusal("tensormap.replace.tile.box_dim.shared::cta.b1024.b32 [%at], 5, %c0"),
              "0 to 4");
  EXPECT_TEXT(refusal("fence.proxy.tensormap::generic.acquire.gpu [%map]"), "the size 128");
  EXPECT_TEXT(refusal("fence.proxy.tensormap::generic.acquire.gpu [%map], 64"), "must be 128");
  EXPECT_TEXT(refusal("cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%map, {%c0}], [%at]"),
              "expected 2 coordinates, got 1");
}

TEST(TensorCopy, NothingMovesBeforeSomebodyWaits) {
  std::vector<uint8_t> image;
  EXPECT_EQ(runMatrix(fillShared + expect + load(2) + ";\n  bar.sync 0;\n" + sharedToOut, image),
            "");
  EXPECT_EQ(differs(image, std::vector<uint8_t>(kSharedBytes, 0xaa)), -1);
  // A source that is overwritten after the wait was read before; without a wait it was not.
  for (std::string wait :
       {"  cp.async.bulk.wait_group 0;\n", "  cp.async.bulk.wait_group.read 0;\n",
        "  cp.async.bulk.wait_group 1;\n"}) {
    TensorCase c = matrix();
    std::vector<uint8_t> before(kSharedBytes, 0x33);
    Grid grid(tensorProgram(outToShared +
                            "  @!%first bra END;\n"
                            "  cp.async.bulk.tensor.2d.global.shared::cta.bulk_group "
                            "[%map, {%c0, %c1}], [%at];\n"
                            "  cp.async.bulk.commit_group;\n" +
                            wait + "  mov.b32 %v2, 0;\n  st.shared.b32 [%at], %v2;\nEND:"));
    EXPECT_EQ(runTensor(grid, c, before), "");
    size_t first = 2 * 416 + 4 * 4;
    EXPECT_EQ(c.tensor[first], wait.find(" 1") == std::string::npos ? 0x33 : 0) << wait;
    EXPECT_EQ(c.tensor[first + 4], 0x33);
  }
}

TEST(TensorCopy, FaultsNameValueBoundAndRemedy) {
  std::string go = fillShared + expect + load(2) + ";\n" + waitForBar;
  EXPECT_TEXT(errorOf(go, [](TensorCase &c) { c.shared = 1088; }),
              "of the box is not a multiple of 128; declare the buffer .align 128");
  EXPECT_TEXT(errorOf(go, [](TensorCase &c) { c.shared = kSharedBytes - 256; }),
              "out-of-bounds in kernel 'k'");
  EXPECT_TEXT(errorOf("  add.u32 %bar, %bar, 4;\n" + go), "not a multiple of 8");
  EXPECT_TEXT(errorOf("  add.u32 %bar, %s, 64;\n" + load(2) + ";\n"),
              "holds no initialised mbarrier");
  EXPECT_TEXT(errorOf(fillShared + expect + load(3) + ";\n"),
              "names 3 dimensions, but the tensor map at");
  EXPECT_TEXT(errorOf("  add.u64 %map, %map, 32;\n" + go), "is not a multiple of 64");
  EXPECT_TEXT(errorOf("  mov.b64 %map, %out;\n  add.u64 %map, %map, 63;\n"
                      "  and.b64 %map, %map, -64;\n" +
                      go),
              "are no tensor map of this machine");
  EXPECT_TEXT(errorOf("  mov.b64 %map, s;\n  cvta.shared.u64 %map, %map;\n" + go),
              "the tensor map lies in shared memory");
  // The tensor is one row longer than its buffer.
  std::string e = errorOf(go, [](TensorCase &c) {
    c.desc.globalDim[1] = 21;
    c.start = {40, 18};
  });
  EXPECT_TEXT(e, "out-of-bounds in kernel 'k'");
  EXPECT_TEXT(e, "128 bytes at global address");
  EXPECT_TEXT(e, "nearest buffer: 'tensor'");
  EXPECT_TEXT(e, "element (40, 20) of the tensor of UINT32 (100, 21) at 0x");
  EXPECT_TEXT(errorOf(store(2), [](TensorCase &c) { c.start = {4, -1}; }),
              "coordinate 1 is -1; a box that is stored begins at coordinates of 0 or more");
  EXPECT_TEXT(errorOf("  cp.async.bulk.prefetch.tensor.2d.L2.global [%map, {%c0, 19}];\n",
                      [](TensorCase &c) { c.desc.globalDim[1] = 22; }),
              "element (4, 20) of the tensor");
}

TEST(TensorCopy, ReadOnlyTensorsAreNotStored) {
  TensorCase c = matrix();
  alignas(16) static uint8_t room[20 * 416];
  Grid grid(tensorProgram(store(2)));
  c.desc.globalAddress = grid.memory.map(room, sizeof(room), "weights", /*writable=*/false);
  auto map = encodeTensorMap(c.desc);
  ASSERT_TRUE(bool(map));
  std::vector<uint8_t> image(kSharedBytes);
  grid.scalar(*map).buffer(image).scalar(c.shared).scalar(0);
  for (int32_t x : c.start)
    grid.scalar(x);
  std::string e = grid.go(1, 64);
  EXPECT_TEXT(e, "read-only in kernel 'k'");
  EXPECT_TEXT(e, "'weights'");
}

TEST(TensorCopy, MapsMayLieInConstantAndGlobalMemory) {
  for (std::string space : {"const", "global"}) {
    std::string text =
        tensorProgram("  mov.b64 %map, there;\n  cvta." + space + ".u64 %map, %map;\n" +
                          (space == "const" ? "  prefetch.tensormap [%map];\n" : "") + fillShared +
                          expect + load(2) + ";\n" + waitForBar + sharedToOut,
                      "." + space + " .align 64 .b8 there[128];\n");
    TensorCase c = matrix();
    auto module = assembled(text);
    Grid grid(module);
    alignas(16) static uint8_t room[20 * 416];
    std::memcpy(room, c.tensor.data(), c.tensor.size());
    c.desc.globalAddress = grid.memory.map(room, c.tensor.size(), "tensor");
    TensorMapDesc other; // what the parameter describes
    other.globalDim = {16};
    other.boxDim = {16};
    auto map = encodeTensorMap(c.desc), parameter = encodeTensorMap(other);
    ASSERT_TRUE(bool(map) && bool(parameter));
    std::memcpy(module->findSymbol("there")->host, map->bytes.data(), 128);
    std::vector<uint8_t> image(kSharedBytes);
    grid.scalar(*parameter).buffer(image).scalar(c.shared).scalar(c.boxBytes());
    for (int32_t x : c.start)
      grid.scalar(x);
    EXPECT_EQ(grid.go(1, 64), "");
    EXPECT_EQ(differs(image, loaded(c)), -1) << space;
  }
}

namespace {
/// Copies its map to shared memory, makes it describe the bytes from row 3 of the matrix on, in
/// boxes of 32 x 4 x `depth`, publishes it and loads through it.
std::string replacingProgram(const std::string &depth) {
  std::string changes;
  for (std::string change :
       {"global_address.shared::cta.b1024.b64 [%s], %d3", "rank.shared::cta.b1024.b32 [%s], 2",
        "elemtype.shared::cta.b1024.b32 [s], 0", "global_dim.shared::cta.b1024.b32 [%s], 0, 400",
        "global_dim.shared::cta.b1024.b32 [%s], 1, %v5",
        "global_dim.shared::cta.b1024.b32 [%s], 2, 3",
        "global_stride.shared::cta.b1024.b64 [%s], 1, %d4", "box_dim.b1024.b32 [%d5], 1, 4",
        "box_dim.b1024.b32 [%d5], 2, DEPTH", "element_stride.b1024.b32 [%d5], 2, 1",
        "interleave_layout.shared::cta.b1024.b32 [%s], 0",
        "swizzle_mode.shared::cta.b1024.b32 [%s], 1", "fill_mode.shared::cta.b1024.b32 [%s], 0"})
    changes += "  tensormap.replace.tile." + change + ";\n";
  changes.replace(changes.find("DEPTH"), 5, depth);
  return tensorProgram(
      fillShared +
          "  @!%first bra COPIED;\n  mov.b32 %v2, 0;\nCOPY:\n  cvt.u64.u32 %d2, %v2;\n"
          "  add.u64 %d2, %map, %d2;\n  ld.b32 %v4, [%d2];\n  add.u32 %v3, %s, %v2;\n"
          "  st.shared.b32 [%v3], %v4;\n  add.u32 %v2, %v2, 4;\n  setp.lt.u32 %p0, %v2, 128;\n"
          "  @%p0 bra COPY;\n  ld.global.u64 %d3, [%out];\n  mov.b32 %v5, 4;\n"
          "  mov.b64 %d4, 1248;\n  mov.b64 %d5, s;\n  cvta.shared.u64 %d5, %d5;\n" +
          changes +
          "COPIED:\n  bar.sync 0;\n  mov.b64 %d6, there;\n  setp.ge.u32 %p1, %t, 32;\n"
          "  @%p1 bra PUBLISHED;\n  tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic."
          "release.gpu.sync.aligned [%d6], [%s], 128;\nPUBLISHED:\n  bar.sync 0;\n"
          "  fence.proxy.tensormap::generic.acquire.gpu [%d6], 128;\n"
          "  fence.proxy.tensormap::generic.release.gpu;\n  cvta.global.u64 %map, %d6;\n" +
          expect + load(3) + ";\n" + waitForBar + sharedToOut,
      ".global .align 64 .b8 there[128];\n");
}
} // namespace

TEST(TensorCopy, ReplacedMapsDescribeAnotherTensor) {
  for (std::string depth : {"2", "300"}) {
    auto module = assembled(replacingProgram(depth));
    TensorCase c = matrix(), d = c;
    d.desc.dataType = TensorDataType::UInt8;
    d.desc.rank = 3;
    d.desc.globalDim = {400, 4, 3};
    d.desc.globalStrides = {416, 1248};
    d.desc.boxDim = {32, 4, 2};
    d.desc.swizzle = TensorSwizzle::B32;
    d.start = {390, 1, 2};
    d.tensor.resize(2 * 1248 + 3 * 416 + 400);
    Grid grid(module);
    alignas(16) static uint8_t room[20 * 416];
    std::memcpy(room, c.tensor.data(), c.tensor.size());
    std::memcpy(d.tensor.data(), room + 3 * 416, d.tensor.size());
    c.desc.globalAddress = grid.memory.map(room, c.tensor.size(), "tensor");
    auto map = encodeTensorMap(c.desc);
    ASSERT_TRUE(bool(map));
    std::vector<uint8_t> image(kSharedBytes);
    uint64_t address = c.desc.globalAddress + 3 * 416;
    std::memcpy(image.data(), &address, 8);
    grid.scalar(*map).buffer(image).scalar(d.shared).scalar(d.boxBytes());
    for (int32_t x : d.start)
      grid.scalar(x);
    std::string error = grid.go(1, 64);
    if (depth == "300") {
      EXPECT_TEXT(error, "is illegal: boxDim[2] is 300; 1 to 256 are possible");
      continue;
    }
    ASSERT_EQ(error, "");
    std::vector<uint8_t> expected = loaded(d);
    std::fill(expected.begin(), expected.begin() + 128, 0); // the map itself
    std::fill(image.begin(), image.begin() + 128, 0);
    EXPECT_EQ(differs(image, expected), -1);
  }
}

TEST(TensorCopy, OnlyMapsCanBeReplaced) {
  EXPECT_TEXT(errorOf("  tensormap.replace.tile.rank.shared::cta.b1024.b32 [%s], 1;\n"),
              "are no tensor map of this machine");
}

TEST(TensorCopy, MulticastReachesTheCtasOfTheMask) {
  // Four CTAs in a cluster; that of rank 1 loads for those of ranks 0, 2 and 3.
  std::string code =
      fillShared +
      "  mov.u32 %v6, %cluster_ctarank;\n  setp.eq.u32 %p2, %v6, 1;\n  not.pred %p3, %p2;\n"
      "  and.pred %p3, %p3, %first;\n"
      "  @%p3 mbarrier.arrive.expect_tx.shared.b64 _, [%bar], %tx;\n"
      "  barrier.cluster.arrive;\n  barrier.cluster.wait;\n  and.pred %first, %first, %p2;\n"
      "  mov.b16 %h0, 13;\n" +
      load(2, ".multicast::cluster") + ", %h0;\n  @%p2 bra NOWAIT;\n" + waitForBar +
      "NOWAIT:\n  mad.wide.u32 %out, %v6, 16384, %out;\n" + sharedToOut +
      "  barrier.cluster.arrive;\n  barrier.cluster.wait;\n";
  std::string text = tensorProgram(code);
  auto module = assembled(text);
  for (uint64_t seed : {0, 3}) {
    TensorCase c = matrix();
    std::vector<uint8_t> image(4 * kSharedBytes), expected = loaded(c);
    Grid grid(module);
    grid.config.cluster = {4, 1, 1};
    grid.config.checks = Check::All;
    grid.config.seed = seed;
    c.desc.globalAddress = grid.memory.map(c.tensor.data(), c.tensor.size(), "tensor", true);
    auto map = encodeTensorMap(c.desc);
    ASSERT_TRUE(bool(map)) << llvm::toString(map.takeError());
    grid.scalar(*map).buffer(image).scalar(c.shared).scalar(c.boxBytes());
    for (int32_t x : c.start)
      grid.scalar(x);
    ASSERT_EQ(grid.go(4, 64), "");
    for (uint32_t rank = 0; rank < 4; ++rank) {
      std::vector<uint8_t> part(image.begin() + rank * kSharedBytes,
                                image.begin() + (rank + 1) * kSharedBytes);
      EXPECT_EQ(differs(part, rank == 1 ? std::vector<uint8_t>(kSharedBytes, 0xaa) : expected), -1)
          << rank;
    }
  }
  EXPECT_TEXT(
      errorOf(fillShared + "  mov.b16 %h0, 2;\n" + load(2, ".multicast::cluster") + ", %h0;\n"),
      "mask");
}
