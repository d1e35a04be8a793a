//===- TensorMapTest.cpp - the rules of cuTensorMapEncodeTiled ------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/TensorMap.h"
#include <cstring>
#include <functional>
#include <gtest/gtest.h>

using namespace cosmati::ptxvm;

namespace {

TensorMapDesc legal() {
  TensorMapDesc d;
  d.dataType = TensorDataType::Float16;
  d.rank = 3;
  d.globalAddress = 0x10000000010;
  d.globalDim = {500, 1000, 7};
  d.globalStrides = {1008, 1008 * 1000};
  d.boxDim = {64, 64, 1};
  d.elementStrides = {1, 2, 8};
  d.swizzle = TensorSwizzle::B128;
  d.l2Promotion = TensorL2Promotion::B256;
  d.oobFill = TensorOobFill::NanRequestZeroFma;
  return d;
}
/// The error after a change to a legal description; empty if it stays legal.
std::string errorAfter(const std::function<void(TensorMapDesc &)> &change) {
  TensorMapDesc d = legal();
  change(d);
  auto map = encodeTensorMap(d);
  return map ? "" : llvm::toString(map.takeError());
}
#define EXPECT_ERROR(change, text)                                                                 \
  EXPECT_NE(errorAfter([](TensorMapDesc &d) { change; }).find(text), std::string::npos)            \
      << errorAfter([](TensorMapDesc &d) { change; })
#define EXPECT_LEGAL(change) EXPECT_EQ(errorAfter([](TensorMapDesc &d) { change; }), "")

bool same(const TensorMapDesc &a, const TensorMapDesc &b) {
  for (unsigned k = 0; k < a.rank; ++k)
    if (a.globalDim[k] != b.globalDim[k] || a.boxDim[k] != b.boxDim[k] ||
        a.elementStrides[k] != b.elementStrides[k] ||
        (k + 1 < a.rank && a.globalStrides[k] != b.globalStrides[k]))
      return false;
  return a.dataType == b.dataType && a.rank == b.rank && a.globalAddress == b.globalAddress &&
         a.interleave == b.interleave && a.swizzle == b.swizzle && a.l2Promotion == b.l2Promotion &&
         a.oobFill == b.oobFill;
}

} // namespace

TEST(TensorMap, NumbersAreTheDrivers) {
  EXPECT_EQ(int(TensorDataType::Int32), 3);
  EXPECT_EQ(int(TensorDataType::Float16), 6);
  EXPECT_EQ(int(TensorDataType::BFloat16), 9);
  EXPECT_EQ(int(TensorDataType::TFloat32Ftz), 12);
  EXPECT_EQ(int(TensorSwizzle::B128), 3);
  EXPECT_EQ(int(TensorL2Promotion::B256), 3);
  EXPECT_EQ(int(TensorOobFill::NanRequestZeroFma), 1);
  const uint32_t bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  for (unsigned t = 0; t < 13; ++t)
    EXPECT_EQ(tensorElementBytes(TensorDataType(t)), bytes[t]) << t;
}

TEST(TensorMap, DescriptionsComeBack) {
  TensorMapDesc in = legal(), out;
  auto map = encodeTensorMap(in);
  ASSERT_TRUE(bool(map));
  EXPECT_EQ(alignof(TensorMap), 64u);
  ASSERT_TRUE(decodeTensorMap(map->bytes.data(), out));
  EXPECT_TRUE(same(in, out));
  EXPECT_EQ(checkTensorMap(out), "");
}

TEST(TensorMap, ForeignBytesAreRefused) {
  TensorMapDesc out;
  std::array<uint8_t, 128> foreign{};
  EXPECT_FALSE(decodeTensorMap(foreign.data(), out));
  auto map = encodeTensorMap(legal());
  ASSERT_TRUE(bool(map));
  map->bytes[7] ^= 1; // another version
  EXPECT_FALSE(decodeTensorMap(map->bytes.data(), out));
}

TEST(TensorMap, BrokenRulesAreNamedWithValueAndBound) {
  EXPECT_ERROR(d.rank = 0, "tensor map: rank is 0; 1 to 5 are possible");
  EXPECT_ERROR(d.rank = 6, "rank is 6; 1 to 5 are possible");
  EXPECT_ERROR(d.globalAddress = 0x1008, "globalAddress is 0x1008; it must be a multiple of 16");
  EXPECT_ERROR(d.globalDim[1] = 0, "globalDim[1] is 0; 1 to 4294967296 are possible");
  EXPECT_ERROR(d.globalDim[2] = (uint64_t(1) << 32) + 1, "globalDim[2] is 4294967297; 1 to");
  EXPECT_ERROR(d.globalStrides[0] = 1000, "globalStrides[0] is 1000 bytes; it must be a multiple");
  EXPECT_ERROR(d.globalStrides[1] = uint64_t(1) << 40, "is 1099511627776 bytes; it must be");
  EXPECT_ERROR(d.boxDim[1] = 0, "boxDim[1] is 0; 1 to 256 are possible");
  EXPECT_ERROR(d.boxDim[1] = 257, "boxDim[1] is 257; 1 to 256 are possible");
  EXPECT_ERROR(d.boxDim[0] = 60, "boxDim[0] is 60 elements of 2 bytes = 120 bytes; it must be a "
                                 "multiple of 16 bytes");
  EXPECT_ERROR(d.boxDim[0] = 72, "= 144 bytes; with swizzle 128B at most 128 are possible");
  EXPECT_ERROR(d.swizzle = TensorSwizzle::B32, "with swizzle 32B at most 32 are possible");
  EXPECT_ERROR(d.elementStrides[2] = 9, "elementStrides[2] is 9; 1 to 8 are possible");
  EXPECT_ERROR(d.elementStrides[1] = 0, "elementStrides[1] is 0; 1 to 8 are possible");
  EXPECT_ERROR(d.interleave = TensorInterleave::B16, "interleave 16B is not implemented");
  EXPECT_ERROR(d.interleave = TensorInterleave::B32, "interleave 32B is not implemented");
  EXPECT_ERROR(d.swizzle = TensorSwizzle::B128Atom32B, "swizzle 128B_ATOM_32B is not implemented");
  EXPECT_ERROR(d.swizzle = TensorSwizzle(7), "swizzle is 7; 0 (NONE) to 3 (128B) are possible");
  EXPECT_ERROR(d.dataType = TensorDataType::Packed16U4Align8B,
               "dataType 16U4_ALIGN8B is not implemented: packed types");
  EXPECT_ERROR(d.dataType = TensorDataType(16), "dataType is 16; 0 (UINT8) to 12");
  EXPECT_ERROR(d.l2Promotion = TensorL2Promotion(4), "l2Promotion is 4; 0 (NONE) to 3");
  EXPECT_ERROR(d.oobFill = TensorOobFill(2), "oobFill is 2; 0 (NONE) and 1");
  EXPECT_ERROR(d.dataType = TensorDataType::UInt16,
               "NAN_REQUEST_ZERO_FMA needs a floating-point dataType, but it is UINT16");
}

TEST(TensorMap, BoundsThemselvesAreLegal) {
  EXPECT_LEGAL(d.globalDim[1] = uint64_t(1) << 32);
  EXPECT_LEGAL(d.globalStrides[1] = (uint64_t(1) << 40) - 16);
  EXPECT_LEGAL(d.boxDim[1] = 256);
  EXPECT_LEGAL(d.elementStrides[1] = 8);
  EXPECT_LEGAL(d.globalDim = {1}; d.rank = 1);
  EXPECT_LEGAL(d.swizzle = TensorSwizzle::None; d.boxDim[0] = 256);
  EXPECT_LEGAL(d.swizzle = TensorSwizzle::B32; d.boxDim[0] = 16);
  // Entries beyond the rank don't count.
  EXPECT_LEGAL(d.rank = 2; d.globalDim[2] = 0; d.boxDim[2] = 999; d.globalStrides[1] = 3);
}

TEST(TensorMap, ReplacedFieldsAreThoseOfTensormapReplace) {
  TensorMapDesc d = legal(), out;
  d.oobFill = TensorOobFill::None;
  d.elementStrides[3] = 1;
  auto map = encodeTensorMap(d);
  ASSERT_TRUE(bool(map));
  uint8_t *bytes = map->bytes.data();
  using Field = TensorMapField;
  replaceTensorMapField(bytes, Field::GlobalAddress, 0, d.globalAddress = 0x20000000000);
  replaceTensorMapField(bytes, Field::Rank, 0, 3), d.rank = 4;
  replaceTensorMapField(bytes, Field::BoxDim, 3, d.boxDim[3] = 2);
  replaceTensorMapField(bytes, Field::GlobalDim, 3, d.globalDim[3] = 9);
  replaceTensorMapField(bytes, Field::GlobalStride, 2, d.globalStrides[2] = 1 << 30);
  replaceTensorMapField(bytes, Field::ElementStride, 1, d.elementStrides[1] = 5);
  replaceTensorMapField(bytes, Field::Swizzle, 0, 0), d.swizzle = TensorSwizzle::None;
  replaceTensorMapField(bytes, Field::FillMode, 0, 1);
  d.oobFill = TensorOobFill::NanRequestZeroFma;
  ASSERT_TRUE(decodeTensorMap(bytes, out));
  EXPECT_TRUE(same(d, out));
  // The codes of .elemtype are not those of the driver.
  const TensorDataType types[] = {
      TensorDataType::UInt8,      TensorDataType::UInt16,   TensorDataType::UInt32,
      TensorDataType::Int32,      TensorDataType::UInt64,   TensorDataType::Int64,
      TensorDataType::Float16,    TensorDataType::Float32,  TensorDataType::Float32Ftz,
      TensorDataType::Float64,    TensorDataType::BFloat16, TensorDataType::TFloat32,
      TensorDataType::TFloat32Ftz};
  for (unsigned code = 0; code < 13; ++code) {
    replaceTensorMapField(bytes, Field::ElementType, 0, code);
    ASSERT_TRUE(decodeTensorMap(bytes, out));
    EXPECT_EQ(out.dataType, types[code]) << code;
  }
  // What is written is looked at later, whatever it is.
  replaceTensorMapField(bytes, Field::BoxDim, 1, 70000);
  ASSERT_TRUE(decodeTensorMap(bytes, out));
  EXPECT_NE(checkTensorMap(out).find("boxDim[1] is 70000"), std::string::npos);
  replaceTensorMapField(bytes, Field::Rank, 0, 0xffffffff);
  ASSERT_TRUE(decodeTensorMap(bytes, out));
  EXPECT_NE(checkTensorMap(out).find("rank is 255"), std::string::npos);
}
