//===- DecodeCluster.cpp - instructions of clusters -----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Async.h"
#include "runtime/PtxVm/exec/BulkReduce.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

bool FunctionDecoder::decodeCluster() {
  if (match.form->customOperands)
    return decodeRemoteStore();
  if (!genericOperands() || !select())
    return false;
  push(current);
  return true;
}

/// st.async, red.async: [target], value or vector, [mbarrier]; the list is as exec/RemoteStore.cpp
/// says.
bool FunctionDecoder::decodeRemoteStore() {
  const auto &operands = statement->operands;
  if (operands.size() != 3)
    return fail("expected [target], value, [mbarrier]");
  ScalarType type = match.types[0];
  unsigned n = match.has(Mod::v2) ? 2 : match.has(Mod::v4) ? 4 : 1, bits = bitsOf(type), ignored;
  const ast::Operand &value = operands[1];
  if (n * bits > 128)
    return fail("a store of " + llvm::Twine(n * bits) + " bits; at most 128 are possible");
  if (n > 1 && (value.kind != ast::Operand::Vector || value.items.size() != n))
    return fail("expected a vector of " + llvm::Twine(n) + " registers");
  Space space = spaceOf();
  if (!listAddress(operands[0], space) || !listAddress(operands[2], space))
    return false;
  for (unsigned k = 0; k < n; ++k) {
    VirtualOp op;
    if (!valueOperand(n == 1 ? value : value.items[k], type, bits, false, op, ignored))
      return false;
    current.vector.push_back(op);
  }
  current.inst.flags = uint16_t(kClusterAddress | (space == Space::Generic ? kGenericAddress : 0));
  current.inst.n = uint16_t(n);
  int64_t reduction = match.form->id == InstId::StAsync
                          ? 0
                          : (int64_t(bulkOpOf(selection)) | int64_t(type) << 8) + 1;
  current.inst.imm = bits / 8 | reduction << 8;
  if (!select())
    return false;
  push(current);
  return true;
}
