//===- TensorMap.h - Tensor maps for cp.async.bulk.tensor ------ -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor map describes a tensor in global memory and the box of it that one instruction moves:
//
//   ptxvm::TensorMapDesc d;                  // a row-major 1000 x 500 matrix of f16, boxes of 64 x
//   64 d.dataType = ptxvm::TensorDataType::Float16; d.rank = 2; d.globalAddress = memory.map(data,
//   bytes, "x"); d.globalDim = {500, 1000};               // innermost first d.globalStrides = {500
//   * 2};             // bytes, of dimension 1 and above d.boxDim = {64, 64}; d.swizzle =
//   ptxvm::TensorSwizzle::B128; auto map = ptxvm::encodeTensorMap(d);    // 128 bytes for a `.param
//   .align 64 .b8 map[128]`
//
// Parameters, numbers of the enumerators and rules are those of the CUDA driver's
// cuTensorMapEncodeTiled. The 128 bytes are the machine's own encoding, because NVIDIA's is
// undocumented: they begin with a mark, and other bytes are refused where a copy uses them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <array>
#include <cstdint>
#include <string>

namespace cosmati::ptxvm {

/// CUtensorMapDataType. The packed types from 13 on (of sm_100) are refused by name.
enum class TensorDataType : uint8_t {
  UInt8,
  UInt16,
  UInt32,
  Int32,
  UInt64,
  Int64,
  Float16,
  Float32,
  Float64,
  BFloat16,
  Float32Ftz,  ///< reductions flush subnormals; copies leave them
  TFloat32,    ///< loads round to tf32, to nearest even
  TFloat32Ftz, ///< both
  Packed16U4Align8B,
  Packed16U4Align16B,
  Packed16U6Align16B,
};
/// CUtensorMapInterleave. Only None is implemented.
enum class TensorInterleave : uint8_t { None, B16, B32 };
/// CUtensorMapSwizzle. The 128-byte modes from 4 on (of sm_100) are refused by name.
enum class TensorSwizzle : uint8_t {
  None,
  B32,
  B64,
  B128,
  B128Atom32B,
  B128Atom32BFlip8B,
  B128Atom64B
};
/// CUtensorMapL2promotion: has no effect here.
enum class TensorL2Promotion : uint8_t { None, B64, B128, B256 };
/// CUtensorMapFloatOOBfill. None: elements outside of the tensor are loaded as zero.
enum class TensorOobFill : uint8_t { None, NanRequestZeroFma };

inline constexpr unsigned kMaxTensorRank = 5;
/// The NaN that NanRequestZeroFma loads, in every 16 bits of an element. No document of NVIDIA's
/// gives it; this is the pattern that GPUs were observed to fill and that fma.oob recognises.
inline constexpr uint16_t kOobNan = 0x7ff7;

/// The parameters of cuTensorMapEncodeTiled. Arrays run from the innermost dimension; entries from
/// `rank` (globalStrides: rank - 1) on are ignored.
struct TensorMapDesc {
  TensorDataType dataType = TensorDataType::UInt8;
  uint32_t rank = 1;
  uint64_t globalAddress = 0;                               ///< virtual address; 16-byte aligned
  std::array<uint64_t, kMaxTensorRank> globalDim{};         ///< elements, 1 to 2^32
  std::array<uint64_t, kMaxTensorRank - 1> globalStrides{}; ///< [k]: bytes of a step in dimension
                                                            ///< k + 1; a multiple of 16 below 2^40
  std::array<uint32_t, kMaxTensorRank> boxDim{};            ///< elements, 1 to 256
  std::array<uint32_t, kMaxTensorRank> elementStrides{1, 1, 1, 1, 1}; ///< 1 to 8; [0] has no effect
  TensorInterleave interleave = TensorInterleave::None;
  TensorSwizzle swizzle = TensorSwizzle::None;
  TensorL2Promotion l2Promotion = TensorL2Promotion::None;
  TensorOobFill oobFill = TensorOobFill::None;

  /// Elements that a box holds along dimension k: ceil(boxDim / elementStrides).
  uint32_t boxElements(unsigned k) const {
    return k == 0 ? boxDim[0] : (boxDim[k] + elementStrides[k] - 1) / elementStrides[k];
  }
};

/// The 128 bytes that a kernel gets.
struct alignas(64) TensorMap {
  std::array<uint8_t, 128> bytes;
};

/// "FLOAT16": the driver's name behind CU_TENSOR_MAP_DATA_TYPE_.
llvm::StringRef tensorDataTypeName(TensorDataType type);
/// Bytes of an element; 0 for the packed types.
uint32_t tensorElementBytes(TensorDataType type);
/// Bytes of a swizzle's span: 32, 64 or 128; 0 without.
uint32_t tensorSwizzleBytes(TensorSwizzle swizzle);

/// The first rule that `desc` breaks, with parameter, value, bound and remedy; empty if none.
std::string checkTensorMap(const TensorMapDesc &desc);
/// Encodes, or fails with "tensor map: " and what checkTensorMap says.
llvm::Expected<TensorMap> encodeTensorMap(const TensorMapDesc &desc);
/// The parameters in 128 bytes made by encodeTensorMap, whatever tensormap.replace has made of them
/// since (checkTensorMap tells whether they are legal). False: no map of this machine.
bool decodeTensorMap(const uint8_t *bytes, TensorMapDesc &desc);

/// A field that tensormap.replace changes.
enum class TensorMapField : uint8_t {
  GlobalAddress,
  Rank,
  BoxDim,
  GlobalDim,
  GlobalStride,
  ElementStride,
  ElementType,
  Interleave,
  Swizzle,
  FillMode
};
/// Writes `value` into a field (`ordinal`: of the dimension) of a map that decodeTensorMap accepts.
/// Rank and element type are coded as tensormap.replace codes them: less one; by its own table.
void replaceTensorMapField(uint8_t *bytes, TensorMapField field, unsigned ordinal, uint64_t value);

} // namespace cosmati::ptxvm
