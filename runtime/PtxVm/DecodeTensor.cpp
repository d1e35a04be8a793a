//===- DecodeTensor.cpp - tensor copies and tensor maps -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The operand lists are described in exec/Tensor.h and, for tensormap.*, in exec/TensorMapEdit.cpp.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

/// [map, {coordinates}].
bool FunctionDecoder::listTensor(const ast::Operand &operand, unsigned rank) {
  if (operand.kind != ast::Operand::Address || operand.items.size() != 2 ||
      operand.items[1].kind != ast::Operand::Vector)
    return fail("expected [tensor map, {coordinates}]");
  const auto &coordinates = operand.items[1].items;
  if (coordinates.size() != rank)
    return fail("expected " + llvm::Twine(rank) + " coordinates, got " +
                llvm::Twine(coordinates.size()));
  ast::Operand map = operand;
  map.items.resize(1);
  if (!listAddress(map, Space::Generic))
    return false;
  for (const ast::Operand &coordinate : coordinates)
    if (!listValue(coordinate, 32))
      return false;
  return true;
}

bool FunctionDecoder::decodeTensor() {
  InstId id = match.form->id;
  bool multicast = id == InstId::TensorLoadMulticast, load = id == InstId::TensorLoad || multicast;
  bool prefetch = id == InstId::TensorPrefetch;
  if (!load && !prefetch && id != InstId::TensorStore && id != InstId::TensorReduce)
    return decodeTensorMap();
  unsigned rank = 1;
  while (!llvm::is_contained(statement->mods, std::to_string(rank) + "d"))
    ++rank;
  const auto &operands = statement->operands;
  size_t hint = llvm::is_contained(statement->mods, "L2::cache_hint") ? 1 : 0;
  size_t need = (load ? 3 : prefetch ? 1 : 2) + (multicast ? 1 : 0) + hint;
  if (operands.size() != need)
    return fail("expected " + llvm::Twine(need) + " operands");
  if (load &&
      (!listAddress(operands[0], Space::Shared) || !listAddress(operands[2], Space::Shared)))
    return false;
  if (!load && !prefetch && !listAddress(operands[1], Space::Shared))
    return false;
  if (!listTensor(operands[load ? 1 : 0], rank) || (multicast && !listValue(operands[3], 16)))
    return false;
  VirtualOp policy;
  unsigned ignored;
  if (hint && !valueOperand(operands.back(), ScalarType::B64, 64, false, policy, ignored))
    return false;
  current.inst.n = uint16_t(rank);
  current.inst.flags = uint16_t((match.has(Mod::sharedCluster) ? kClusterAddress : 0) |
                                (multicast ? kMulticast : 0));
  if (!select())
    return false;
  push(current);
  return true;
}

/// tensormap.replace: [map], ordinal of some fields, value. tensormap.cp_fenceproxy: [global],
/// [shared], 128. prefetch.tensormap: [map].
bool FunctionDecoder::decodeTensorMap() {
  InstId id = match.form->id;
  const auto &operands = statement->operands;
  bool ordinal = id == InstId::TensorMapOrdinal || id == InstId::TensorMapStride;
  bool copy = id == InstId::TensorMapCopyFence, prefetch = id == InstId::TensorMapPrefetch;
  size_t need = prefetch ? 1 : copy || ordinal ? 3 : 2;
  if (operands.size() != need)
    return fail("expected " + llvm::Twine(need) + " operands");
  Space space = copy ? Space::Global : spaceOf();
  if (!listAddress(operands[0], space) || (copy && !listAddress(operands[1], Space::Shared)))
    return false;
  Way way = space == Space::Shared   ? Way::Shared
            : space == Space::Global ? Way::Global
            : space == Space::Param  ? Way::Param
                                     : Way::Generic;
  const ast::Operand &last = operands.back();
  if (copy && (last.kind != ast::Operand::Int || last.value != sizeof(TensorMap)))
    return fail("the size must be 128");
  if (!copy && !prefetch) {
    using Field = TensorMapField;
    struct Choice {
      Field field;
      uint64_t end; ///< of an immediate; 0: any value
    };
    auto choice = llvm::StringSwitch<Choice>(statement->mods[2])
                      .Case("global_address", {Field::GlobalAddress, 0})
                      .Case("rank", {Field::Rank, 0})
                      .Case("box_dim", {Field::BoxDim, 0})
                      .Case("global_dim", {Field::GlobalDim, 0})
                      .Case("global_stride", {Field::GlobalStride, 0})
                      .Case("element_stride", {Field::ElementStride, 0})
                      .Case("elemtype", {Field::ElementType, 13})
                      .Case("interleave_layout", {Field::Interleave, 3})
                      .Case("swizzle_mode", {Field::Swizzle, 4})
                      .Default({Field::FillMode, 2});
    if (choice.end && (last.kind != ast::Operand::Int || last.value >= choice.end))
      return fail("the value must be a constant of 0 to " + llvm::Twine(choice.end - 1));
    if (ordinal && (operands[1].kind != ast::Operand::Int || operands[1].value >= kMaxTensorRank))
      return fail("the dimension must be a constant of 0 to 4");
    bool wide = choice.field == Field::GlobalAddress || choice.field == Field::GlobalStride;
    if (!listValue(last, wide ? 64 : 32))
      return false;
    current.inst.n = uint16_t(choice.field);
    current.inst.imm = ordinal ? int64_t(operands[1].value) : 0;
  }
  current.inst.flags = uint16_t(way);
  if (!select())
    return false;
  push(current);
  return true;
}
