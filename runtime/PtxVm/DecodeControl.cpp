//===- DecodeControl.cpp - branches, calls, barriers ----------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Barrier.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

bool FunctionDecoder::decodeControl() {
  switch (match.form->id) {
  case InstId::Bra:
    return decodeBranch();
  case InstId::BrxIdx:
    return decodeBranchIndexed();
  case InstId::Call:
    return decodeCall();
  case InstId::Ret:
  case InstId::Exit:
  case InstId::Trap:
    current.kind = Draft::Leave;
    break;
  default:
    break;
  }
  if (!genericOperands() || !select())
    return false;
  push(current);
  return true;
}

bool FunctionDecoder::decodeBranch() {
  const auto &operands = statement->operands;
  if (operands.size() != 1 || operands[0].kind != ast::Operand::Name)
    return fail("expected one label");
  std::optional<uint32_t> label = findLabel(operands[0].name);
  if (!label || fn.body[*label].kind != ast::Statement::Label)
    return fail("label '" + operands[0].name + "' is not defined");
  current.kind = Draft::Branch;
  current.conditional = current.guard.kind != VirtualOp::None;
  current.targets = {*label};
  if (!select())
    return false;
  push(current);
  return true;
}

bool FunctionDecoder::decodeBranchIndexed() {
  const auto &operands = statement->operands;
  if (operands.size() != 2 || operands[1].kind != ast::Operand::Name)
    return fail("expected an index and a list of targets");
  unsigned ignored;
  VirtualOp index;
  if (!valueOperand(operands[0], ScalarType::U32, 32, false, index, ignored))
    return false;
  std::optional<uint32_t> list = findLabel(operands[1].name);
  if (!list || fn.body[*list].kind != ast::Statement::BranchTargets)
    return fail("'" + operands[1].name + "' is no .branchtargets list");
  for (const ast::Operand &target : fn.body[*list].operands) {
    std::optional<uint32_t> label = findLabel(target.name);
    if (!label || fn.body[*label].kind != ast::Statement::Label)
      return fail("label '" + target.name + "' is not defined");
    current.targets.push_back(*label);
  }
  current.kind = Draft::BranchTable;
  addOp(0, index, false);
  if (!select())
    return false;
  push(current);
  return true;
}

bool FunctionDecoder::callSlices(const ast::Operand &list, std::vector<Slice> &out) {
  for (const ast::Operand &item : list.items) {
    const VariablePlace *place =
        item.kind == ast::Operand::Name ? findVariable(item.name) : nullptr;
    if (!place || place->space != Space::Param || !place->frameRelative)
      return fail("call arguments must be .param variables of this function");
    uint32_t variable = uint32_t(place - places.data());
    out.push_back({uint32_t(place->address), uint32_t(fn.variables[variable].bytes())});
  }
  return true;
}

bool FunctionDecoder::decodeCall() {
  CallSite site;
  const auto &operands = statement->operands;
  size_t k = 0;
  if (k < operands.size() && operands[k].kind == ast::Operand::Paren)
    if (!callSlices(operands[k++], site.results))
      return false;
  if (k == operands.size() || operands[k].kind != ast::Operand::Name)
    return fail("expected the function to call");
  llvm::StringRef name = operands[k++].name;
  if (k < operands.size() && operands[k].kind == ast::Operand::Paren)
    if (!callSlices(operands[k++], site.arguments))
      return false;
  int64_t reg = findRegister(name, statement->scope);
  VirtualOp target;
  if (reg >= 0) {
    if (draft.registers[size_t(reg)] != SlotClass::Bits64)
      return fail("a function address has 64 bits");
    target = {VirtualOp::Register, uint32_t(reg)};
    addOp(kAddressOp, target, false);
  } else {
    auto it = context.functions.find(name);
    if (it == context.functions.end())
      return fail("function '" + name + "' is not declared");
    const ast::Function &callee = *context.allFunctions[it->second];
    if (callee.entry)
      return fail("a kernel cannot be called");
    if (callee.params.size() != site.arguments.size())
      return fail("'" + name + "' takes " + llvm::Twine(callee.params.size()) + " arguments");
    if (callee.defined) {
      site.function = it->second;
    } else {
      site.builtin = llvm::StringSwitch<Builtin>(name)
                         .Case("vprintf", Builtin::Vprintf)
                         .Case("__assertfail", Builtin::AssertFail)
                         .Default(Builtin::None);
      size_t need = site.builtin == Builtin::Vprintf ? 2 : 4;
      if (site.builtin == Builtin::None || site.arguments.size() < need)
        return fail("function '" + name + "' is declared but no module defines it");
    }
  }
  current.inst.aux = uint32_t(calls.size());
  calls.push_back(std::move(site));
  callTargets.push_back(target);
  selection.aux = current.inst.aux;
  if (!select())
    return false;
  push(current);
  return true;
}

/// sync: id, count?; arrive: id, count; red: d, id, count?, predicate.
bool FunctionDecoder::decodeBarrier() {
  const auto &operands = statement->operands;
  bool reduction = match.has(Mod::red);
  size_t first = reduction ? 1 : 0, last = operands.size() - (reduction ? 1 : 0);
  if (operands.size() < first + (reduction ? 2 : 1) || last - first > 2)
    return fail("wrong number of operands");
  unsigned ignored;
  VirtualOp op;
  if (reduction) {
    bool popc = match.has(Mod::popc);
    if (popc ? !destinationOperand(operands[0], ScalarType::U32, 32, false, op, ignored)
             : !predicateOperand(operands[0], true, false, op))
      return false;
    addOp(0, op, true);
    if (!predicateOperand(operands.back(), false, true, op))
      return false;
    addOp(3, op, false);
  }
  for (size_t k = first; k < last; ++k) {
    if (!valueOperand(operands[k], ScalarType::U32, 32, false, op, ignored))
      return false;
    addOp(unsigned(1 + k - first), op, false);
  }
  if (last - first == 2)
    current.inst.flags |= kBarrierCounted;
  else if (match.has(Mod::arrive))
    return fail("arrive needs a thread count");
  if (!select())
    return false;
  push(current);
  return true;
}
