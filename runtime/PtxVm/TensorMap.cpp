//===- TensorMap.cpp - encode, check, decode, replace fields --------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/TensorMap.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include <algorithm>
#include <cstring>

using namespace cosmati::ptxvm;
using llvm::Twine;

namespace {

/// What the 128 bytes hold. Fields are wide enough for any value that tensormap.replace may write,
/// so that the check sees it.
struct Encoding {
  char mark[8];
  uint64_t globalAddress;
  uint64_t globalStrides[kMaxTensorRank]; ///< the last one is a field of tensormap.replace only
  uint64_t globalDim[kMaxTensorRank];
  uint32_t boxDim[kMaxTensorRank];
  uint8_t elementStrides[kMaxTensorRank]; ///< saturated
  uint8_t dataType, rank, interleave, swizzle, l2Promotion, oobFill, zero;
};
static_assert(sizeof(Encoding) == 128);
/// The last character counts the versions of this layout.
constexpr char kMark[8] = {'C', 'o', 's', 'm', 'T', 'M', 'a', 1};

constexpr llvm::StringLiteral kTypeNames[] = {
    "UINT8",        "UINT16",       "UINT32",        "INT32",        "UINT64",      "INT64",
    "FLOAT16",      "FLOAT32",      "FLOAT64",       "BFLOAT16",     "FLOAT32_FTZ", "TFLOAT32",
    "TFLOAT32_FTZ", "16U4_ALIGN8B", "16U4_ALIGN16B", "16U6_ALIGN16B"};
constexpr uint8_t kTypeBytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4, 0, 0, 0};
constexpr llvm::StringLiteral kSwizzleNames[] = {
    "NONE", "32B", "64B", "128B", "128B_ATOM_32B", "128B_ATOM_32B_FLIP_8B", "128B_ATOM_64B"};

bool isFloat(TensorDataType t) {
  return t >= TensorDataType::Float16 && t <= TensorDataType::TFloat32Ftz;
}
std::string number(uint64_t v) { return std::to_string(v); }
std::string indexed(const char *name, unsigned k) { return (name + ("[" + Twine(k) + "]")).str(); }

/// "globalDim[1] is 0; 1 to 4294967296 are possible: ..."
std::string outOfRange(const std::string &name, uint64_t value, uint64_t least, uint64_t most,
                       const char *remedy) {
  return name + " is " + number(value) + "; " + number(least) + " to " + number(most) +
         " are possible: " + remedy;
}

std::string checkModes(const TensorMapDesc &d) {
  if (d.dataType >= TensorDataType::Packed16U4Align8B)
    return d.dataType > TensorDataType::Packed16U6Align16B
               ? "dataType is " + number(uint64_t(d.dataType)) +
                     "; 0 (UINT8) to 12 (TFLOAT32_FTZ) are possible"
               : "dataType " + tensorDataTypeName(d.dataType).str() +
                     " is not implemented: packed types below a byte need sm_100; use UINT8 and "
                     "unpack in the kernel";
  if (d.interleave != TensorInterleave::None)
    return "interleave " + std::string(d.interleave == TensorInterleave::B16 ? "16B" : "32B") +
           " is not implemented; use NONE with one more dimension for the channel blocks";
  if (d.swizzle > TensorSwizzle::B128)
    return d.swizzle > TensorSwizzle::B128Atom64B
               ? "swizzle is " + number(uint64_t(d.swizzle)) + "; 0 (NONE) to 3 (128B) are possible"
               : "swizzle " + kSwizzleNames[size_t(d.swizzle)].str() +
                     " is not implemented: it needs sm_100; use 128B";
  if (d.l2Promotion > TensorL2Promotion::B256)
    return "l2Promotion is " + number(uint64_t(d.l2Promotion)) +
           "; 0 (NONE) to 3 (L2_256B) are possible";
  if (d.oobFill > TensorOobFill::NanRequestZeroFma)
    return "oobFill is " + number(uint64_t(d.oobFill)) +
           "; 0 (NONE) and 1 (NAN_REQUEST_ZERO_FMA) are possible";
  if (d.oobFill != TensorOobFill::None && !isFloat(d.dataType))
    return "oobFill NAN_REQUEST_ZERO_FMA needs a floating-point dataType, but it is " +
           tensorDataTypeName(d.dataType).str() + "; use NONE";
  return "";
}

std::string checkTensor(const TensorMapDesc &d) {
  if (d.globalAddress % 16)
    return "globalAddress is 0x" + llvm::utohexstr(d.globalAddress, /*LowerCase=*/true) +
           "; it must be a multiple of 16: begin the tensor at an aligned element";
  for (unsigned k = 0; k < d.rank; ++k)
    if (d.globalDim[k] == 0 || d.globalDim[k] > uint64_t(1) << 32)
      return outOfRange(indexed("globalDim", k), d.globalDim[k], 1, uint64_t(1) << 32,
                        "leave empty tensors out, split larger ones");
  for (unsigned k = 0; k + 1 < d.rank; ++k)
    if (d.globalStrides[k] % 16 || d.globalStrides[k] >> 40)
      return indexed("globalStrides", k) + " is " + number(d.globalStrides[k]) +
             " bytes; it must be a multiple of 16 below 2^40: pad dimension " + number(k) +
             " to a multiple of 16 bytes";
  return "";
}

std::string checkBox(const TensorMapDesc &d) {
  for (unsigned k = 0; k < d.rank; ++k)
    if (d.boxDim[k] == 0 || d.boxDim[k] > 256)
      return outOfRange(indexed("boxDim", k), d.boxDim[k], 1, 256, "use several boxes");
  for (unsigned k = 0; k < d.rank; ++k)
    if (d.elementStrides[k] == 0 || d.elementStrides[k] > 8)
      return outOfRange(indexed("elementStrides", k), d.elementStrides[k], 1, 8,
                        "put larger steps into globalStrides");
  uint32_t inner = d.boxDim[0] * tensorElementBytes(d.dataType);
  if (inner % 16)
    return "boxDim[0] is " + number(d.boxDim[0]) + " elements of " +
           number(tensorElementBytes(d.dataType)) + " bytes = " + number(inner) +
           " bytes; it must be a multiple of 16 bytes: widen the box, elements outside of the "
           "tensor are filled";
  uint32_t span = tensorSwizzleBytes(d.swizzle);
  if (span && inner > span)
    return "boxDim[0] is " + number(d.boxDim[0]) + " elements of " +
           number(tensorElementBytes(d.dataType)) + " bytes = " + number(inner) +
           " bytes; with swizzle " + kSwizzleNames[size_t(d.swizzle)].str() + " at most " +
           number(span) + " are possible: use narrower boxes or a wider swizzle";
  return "";
}

} // namespace

llvm::StringRef cosmati::ptxvm::tensorDataTypeName(TensorDataType type) {
  return size_t(type) < std::size(kTypeNames) ? llvm::StringRef(kTypeNames[size_t(type)]) : "?";
}
uint32_t cosmati::ptxvm::tensorElementBytes(TensorDataType type) {
  return size_t(type) < std::size(kTypeBytes) ? kTypeBytes[size_t(type)] : 0;
}
uint32_t cosmati::ptxvm::tensorSwizzleBytes(TensorSwizzle swizzle) {
  return swizzle == TensorSwizzle::None ? 0 : std::min(16u << unsigned(swizzle), 128u);
}

std::string cosmati::ptxvm::checkTensorMap(const TensorMapDesc &desc) {
  if (desc.rank == 0 || desc.rank > kMaxTensorRank)
    return outOfRange("rank", desc.rank, 1, kMaxTensorRank, "merge dimensions that are contiguous");
  for (auto check : {checkModes, checkTensor, checkBox})
    if (std::string reason = check(desc); !reason.empty())
      return reason;
  return "";
}

llvm::Expected<TensorMap> cosmati::ptxvm::encodeTensorMap(const TensorMapDesc &desc) {
  if (std::string reason = checkTensorMap(desc); !reason.empty())
    return llvm::createStringError("tensor map: " + reason);
  Encoding e{};
  std::memcpy(e.mark, kMark, sizeof(kMark));
  e.globalAddress = desc.globalAddress;
  for (unsigned k = 0; k < kMaxTensorRank; ++k) {
    bool used = k < desc.rank;
    e.globalStrides[k] = k + 1 < desc.rank ? desc.globalStrides[k] : 0;
    e.globalDim[k] = used ? desc.globalDim[k] : 1;
    e.boxDim[k] = used ? desc.boxDim[k] : 1;
    e.elementStrides[k] = uint8_t(used ? desc.elementStrides[k] : 1);
  }
  e.dataType = uint8_t(desc.dataType);
  e.rank = uint8_t(desc.rank);
  e.interleave = uint8_t(desc.interleave);
  e.swizzle = uint8_t(desc.swizzle);
  e.l2Promotion = uint8_t(desc.l2Promotion);
  e.oobFill = uint8_t(desc.oobFill);
  TensorMap map;
  std::memcpy(map.bytes.data(), &e, sizeof(e));
  return map;
}

bool cosmati::ptxvm::decodeTensorMap(const uint8_t *bytes, TensorMapDesc &desc) {
  Encoding e;
  std::memcpy(&e, bytes, sizeof(e));
  if (std::memcmp(e.mark, kMark, sizeof(kMark)) != 0)
    return false;
  desc.dataType = TensorDataType(e.dataType);
  desc.rank = e.rank;
  desc.globalAddress = e.globalAddress;
  for (unsigned k = 0; k < kMaxTensorRank; ++k) {
    if (k + 1 < kMaxTensorRank)
      desc.globalStrides[k] = e.globalStrides[k];
    desc.globalDim[k] = e.globalDim[k];
    desc.boxDim[k] = e.boxDim[k];
    desc.elementStrides[k] = e.elementStrides[k];
  }
  desc.interleave = TensorInterleave(e.interleave);
  desc.swizzle = TensorSwizzle(e.swizzle);
  desc.l2Promotion = TensorL2Promotion(e.l2Promotion);
  desc.oobFill = TensorOobFill(e.oobFill);
  return true;
}

/// PTX ISA, "tensormap.replace", table of new_val: the code of .elemtype is its place here.
static constexpr TensorDataType kReplaceTypes[] = {
    TensorDataType::UInt8,      TensorDataType::UInt16,   TensorDataType::UInt32,
    TensorDataType::Int32,      TensorDataType::UInt64,   TensorDataType::Int64,
    TensorDataType::Float16,    TensorDataType::Float32,  TensorDataType::Float32Ftz,
    TensorDataType::Float64,    TensorDataType::BFloat16, TensorDataType::TFloat32,
    TensorDataType::TFloat32Ftz};

void cosmati::ptxvm::replaceTensorMapField(uint8_t *bytes, TensorMapField field, unsigned ordinal,
                                           uint64_t value) {
  Encoding e;
  std::memcpy(&e, bytes, sizeof(e));
  auto small = [](uint64_t v) { return uint8_t(std::min<uint64_t>(v, 255)); };
  switch (field) {
  case TensorMapField::GlobalAddress:
    e.globalAddress = value;
    break;
  case TensorMapField::Rank:
    e.rank = small(value == ~uint64_t(0) ? 255 : value + 1);
    break;
  case TensorMapField::BoxDim:
    e.boxDim[ordinal] = uint32_t(value);
    break;
  case TensorMapField::GlobalDim:
    e.globalDim[ordinal] = value;
    break;
  case TensorMapField::GlobalStride:
    e.globalStrides[ordinal] = value;
    break;
  case TensorMapField::ElementStride:
    e.elementStrides[ordinal] = small(value);
    break;
  case TensorMapField::ElementType:
    e.dataType = uint8_t(kReplaceTypes[value]);
    break;
  case TensorMapField::Interleave:
    e.interleave = small(value);
    break;
  case TensorMapField::Swizzle:
    e.swizzle = small(value);
    break;
  case TensorMapField::FillMode:
    e.oobFill = small(value);
    break;
  }
  std::memcpy(bytes, &e, sizeof(e));
}
