//===- DecodeAsync.cpp - cp.async, mbarrier -------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

/// Appends the three places of an address; see exec/Async.h.
bool FunctionDecoder::listAddress(const ast::Operand &operand, Space space) {
  if (!decodeAddress(operand, space))
    return false;
  VirtualOp base = current.ops[kAddressOp];
  bool narrow = base.kind == VirtualOp::Register && draft.registers[base.id] == SlotClass::Bits32;
  VirtualOp none = constant(narrow ? SlotClass::Bits64 : SlotClass::Bits32, 0);
  current.vector.push_back(narrow ? none : base);
  current.vector.push_back(narrow ? base : none);
  current.vector.push_back(constant(SlotClass::Bits64, uint64_t(current.inst.imm)));
  if (current.inst.flags & kFrameRelative)
    return fail("a local variable is not possible here");
  current.ops[kAddressOp] = VirtualOp();
  current.inst.imm = 0;
  current.inst.flags = 0;
  return true;
}

bool FunctionDecoder::listValue(const ast::Operand &operand, unsigned bits) {
  VirtualOp op;
  unsigned ignored;
  ScalarType type = bits == 64 ? ScalarType::B64 : bits == 16 ? ScalarType::B16 : ScalarType::B32;
  if (!valueOperand(operand, type, bits, false, op, ignored))
    return false;
  current.vector.push_back(op);
  return true;
}

bool FunctionDecoder::decodeAsyncCopy() {
  if (match.form->id == InstId::CpAsync)
    return decodeCpAsync();
  if (match.form->id == InstId::CpAsyncArrive) {
    Space space = spaceOf();
    if (statement->operands.size() != 1)
      return fail("expected the address of an mbarrier");
    if (!listAddress(statement->operands[0], space))
      return false;
    current.inst.flags = space == Space::Generic ? kGenericAddress : uint16_t(0);
  } else if (!genericOperands()) {
    return false;
  }
  if (match.form->id == InstId::CpAsyncWait && current.inst.imm < 0)
    return fail("the number of groups cannot be negative");
  if (!select())
    return false;
  push(current);
  return true;
}

/// [shared], [global], size, then bytes to read or a predicate to ignore the source, then a cache
/// policy.
bool FunctionDecoder::decodeCpAsync() {
  const auto &operands = statement->operands;
  bool hint = llvm::is_contained(statement->mods, "L2::cache_hint");
  size_t plain = operands.size() - (hint ? 1 : 0);
  if (operands.size() < 3 || plain < 3 || plain > 4)
    return fail("expected [shared], [global], size and optionally the bytes to read or a "
                "predicate, then the cache policy that .L2::cache_hint announces");
  const ast::Operand &size = operands[2];
  bool cg = llvm::is_contained(statement->mods, "cg");
  bool legal = size.kind == ast::Operand::Int &&
               (size.value == 16 || (!cg && (size.value == 4 || size.value == 8)));
  if (!legal)
    return fail("the size must be 4, 8 or 16, with .cg 16");
  if (!listAddress(operands[0], Space::Shared) || !listAddress(operands[1], Space::Global))
    return false;
  VirtualOp take = constant(SlotClass::Bits32, size.value);
  uint16_t flags = 0;
  if (plain == 4) {
    const ast::Operand &extra = operands[3];
    int64_t id = extra.kind == ast::Operand::Name ? findRegister(extra.name, statement->scope) : -1;
    unsigned ignored;
    if (id >= 0 && draft.registers[size_t(id)] == SlotClass::Pred) {
      VirtualOp ignore;
      if (!predicateOperand(extra, false, false, ignore))
        return false;
      current.vector.push_back(ignore);
      flags = kIgnoreSource;
    } else if (!valueOperand(extra, ScalarType::U32, 32, false, take, ignored)) {
      return false;
    }
  }
  if (!flags)
    current.vector.push_back(take);
  VirtualOp policy;
  unsigned ignored;
  if (hint && !valueOperand(operands.back(), ScalarType::B64, 64, false, policy, ignored))
    return false;
  current.inst.n = uint16_t(size.value);
  current.inst.flags = flags;
  if (!select())
    return false;
  push(current);
  return true;
}

/// The list: target, source, bytes, mbarrier, mask of CTAs. A prefetch has the source only.
bool FunctionDecoder::decodeBulk() {
  InstId id = match.form->id;
  if (id == InstId::BulkCommit || id == InstId::BulkWait) {
    if (!genericOperands() || !select())
      return false;
    if (current.inst.imm < 0)
      return fail("the number of groups cannot be negative");
    push(current);
    return true;
  }
  const auto &operands = statement->operands;
  bool multicast = id == InstId::BulkMulticast;
  bool load = id == InstId::BulkLoad || multicast;
  bool mbarrier = llvm::is_contained(statement->mods, "mbarrier::complete_tx::bytes");
  bool prefetch = id == InstId::BulkPrefetch;
  size_t hint = llvm::is_contained(statement->mods, "L2::cache_hint") ? 1 : 0;
  size_t need = (prefetch ? 2 : multicast ? 5 : mbarrier ? 4 : 3) + hint, next = 0;
  if (operands.size() != need)
    return fail("expected " + llvm::Twine(need) + " operands");
  Space source = load || prefetch ? Space::Global : Space::Shared;
  Space target = mbarrier ? Space::Shared : Space::Global;
  if (!prefetch && !listAddress(operands[next++], target))
    return false;
  if (!listAddress(operands[next], source) || !listValue(operands[next + 1], 32))
    return false;
  next += 2;
  if (mbarrier && !listAddress(operands[next++], Space::Shared))
    return false;
  if (multicast && !listValue(operands[next++], 16))
    return false;
  if (mbarrier && match.has(Mod::sharedCluster))
    current.inst.flags |= uint16_t(kClusterAddress | (multicast ? kMulticast : 0));
  VirtualOp policy;
  unsigned ignored;
  if (hint && !valueOperand(operands[next], ScalarType::B64, 64, false, policy, ignored))
    return false;
  if (!select())
    return false;
  push(current);
  return true;
}

/// The list: state or predicate, if any; the address; count, transaction count, state or parity.
bool FunctionDecoder::decodeMbarrier() {
  const auto &operands = statement->operands;
  InstId id = match.form->id;
  if (id == InstId::MbarrierPending) {
    if (!genericOperands() || !select())
      return false;
    push(current);
    return true;
  }
  bool waits = id == InstId::MbarrierTestWait || id == InstId::MbarrierTryWait;
  bool alone = id == InstId::MbarrierInit || id == InstId::MbarrierInval ||
               id == InstId::MbarrierExpectTx || id == InstId::MbarrierCompleteTx;
  size_t next = 0;
  uint16_t flags = 0;
  if (operands.size() < (alone ? 1u : 2u))
    return fail("too few operands");
  VirtualOp result;
  unsigned ignored;
  if (waits) {
    if (!predicateOperand(operands[next++], true, false, result))
      return false;
    current.vector.push_back(result);
    current.vectorResults = 1;
  } else if (!alone && operands[next].kind == ast::Operand::Sink) {
    ++next;
  } else if (!alone) {
    if (match.has(Mod::sharedCluster))
      return fail("with .shared::cluster there is no state: write '_'");
    if (!destinationOperand(operands[next++], ScalarType::B64, 64, false, result, ignored))
      return false;
    current.vector.push_back(result);
    current.vectorResults = 1;
    flags |= kHasState;
  }
  Space space = spaceOf();
  if (!listAddress(operands[next++], space))
    return false;
  if (space == Space::Generic)
    flags |= kGenericAddress;
  // An arrival without a state, and transactions, may be at a barrier of another CTA.
  bool own =
      waits || (flags & kHasState) || id == InstId::MbarrierInit || id == InstId::MbarrierInval;
  if (match.has(Mod::sharedCluster) || (space == Space::Generic && !own))
    flags |= kClusterAddress;
  if (match.has(Mod::parity))
    flags |= kParity;
  bool stateOperand = waits && !match.has(Mod::parity);
  if (next < operands.size() && id != InstId::MbarrierInval) {
    if (!listValue(operands[next++], stateOperand ? 64 : 32))
      return false;
    flags |= kHasCount;
  } else if (id != InstId::MbarrierInval && id != InstId::MbarrierArrive &&
             id != InstId::MbarrierDrop) {
    return fail("too few operands");
  }
  VirtualOp hint; // how long to suspend: no promise is made
  if (id == InstId::MbarrierTryWait && next < operands.size()) {
    if (!valueOperand(operands[next], ScalarType::U32, 32, false, hint, ignored))
      return false;
    ++next;
  }
  if (next != operands.size())
    return fail("too many operands");
  current.inst.flags = flags;
  if (!select())
    return false;
  push(current);
  return true;
}
