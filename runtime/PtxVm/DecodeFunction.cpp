//===- DecodeFunction.cpp - statements to drafts --------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Control.h"
#include "runtime/PtxVm/exec/Isa.h"
#include "llvm/ADT/Twine.h"

using namespace cosmati::ptxvm;

FunctionDecoder::FunctionDecoder(ModuleContext &context, const ast::Function &fn, uint32_t index,
                                 std::vector<VariablePlace> places)
    : context(context), fn(fn), index(index), places(std::move(places)),
      registerCache(fn.scopes.size()) {
  for (ScalarType type : fn.registerTypes)
    draft.registers.push_back(slotClassOf(bitsOf(type)));
  std::fill(std::begin(sinks), std::end(sinks), ~0u);
  nextLabel = uint32_t(fn.body.size());
}

bool FunctionDecoder::fail(const llvm::Twine &reason) {
  if (error.empty())
    error = (context.name + ":" + llvm::Twine(statement ? statement->line : fn.line) + ": " +
             (statement ? statement->text + ": " : llvm::Twine(fn.name) + ": ") + reason)
                .str();
  return false;
}

bool FunctionDecoder::run() {
  for (uint32_t k = 0; k < fn.body.size(); ++k)
    if (!decodeStatement(k))
      return false;
  // Falling off the end returns.
  Draft end;
  end.kind = Draft::Leave;
  end.synthetic = true;
  end.statement = fn.body.empty() ? 0 : uint32_t(fn.body.size() - 1);
  Selection ret{};
  ret.id = InstId::Ret;
  end.inst.fn = context.program.isa->select[size_t(Family::Control)](ret);
  push(end);
  checkWgmmaRegisters(draft.drafts, fn.entry, constant(SlotClass::Pred, 0xffffffff));
  return true;
}

bool FunctionDecoder::decodeStatement(uint32_t k) {
  statement = &fn.body[k];
  switch (statement->kind) {
  case ast::Statement::Label: {
    Draft label;
    label.kind = Draft::Label;
    label.label = k;
    label.statement = k;
    draft.drafts.push_back(label);
    return true;
  }
  case ast::Statement::BranchTargets:
  case ast::Statement::Prototype:
    return true;
  case ast::Statement::Instruction:
    return decodeInstruction(k);
  }
  return true;
}

Draft &FunctionDecoder::push(Draft d) {
  if (d.guard.kind == VirtualOp::None)
    d.guard = constant(SlotClass::Pred, 0xffffffff);
  draft.drafts.push_back(std::move(d));
  return draft.drafts.back();
}

/// A guard on an instruction that may stop the warp becomes a branch around it, so that such
/// instructions always mean the whole split.
bool FunctionDecoder::unguard() {
  bool blocking = match.form->family == Family::WarpOps || match.form->family == Family::Barrier ||
                  match.form->family == Family::Matrix || match.form->family == Family::Mma ||
                  match.form->family == Family::Wmma || match.form->family == Family::Wgmma ||
                  match.form->id == InstId::MbarrierTryWait ||
                  match.form->id == InstId::BarrierClusterArrive ||
                  match.form->id == InstId::BarrierClusterWait ||
                  match.form->id == InstId::TensorMapCopyFence ||
                  (match.form->family == Family::Control && match.form->id != InstId::Bra);
  if (!blocking || current.guard.kind == VirtualOp::None)
    return false;
  Draft skip;
  skip.kind = Draft::Branch;
  skip.conditional = true;
  skip.synthetic = true;
  skip.statement = current.statement;
  skip.guard = current.guard;
  skip.inst.guardFlip = ~current.inst.guardFlip;
  skip.targets = {nextLabel};
  Selection bra{};
  bra.id = InstId::Bra;
  skip.inst.fn = context.program.isa->select[size_t(Family::Control)](bra);
  push(skip);
  current.guard = VirtualOp();
  current.inst.guardFlip = 0;
  return true;
}

bool FunctionDecoder::decodeInstruction(uint32_t k) {
  std::string reason;
  if (!matchInstruction(statement->name, statement->mods, match, reason))
    return fail(reason);
  current = Draft();
  current.statement = k;
  current.cls = match.form->cls;
  current.match = match;
  selection = Selection{};
  selection.id = match.form->id;
  for (unsigned t = 0; t < 3; ++t)
    selection.t[t] = match.types[t];
  selection.mods[0] = match.mods[0];
  selection.mods[1] = match.mods[1];
  if (!guardOperand())
    return false;
  bool skipped = unguard();
  if (!finish())
    return false;
  if (skipped) {
    Draft label;
    label.kind = Draft::Label;
    label.label = nextLabel++;
    label.statement = k;
    draft.drafts.push_back(label);
  }
  return true;
}

/// Decodes the operands by rule or by the family's own decoder, and appends the instruction.
bool FunctionDecoder::finish() {
  switch (match.form->id) {
  case InstId::Mov:
    return decodeMov();
  case InstId::Ld:
  case InstId::Ldu:
    return decodeLoadStore(/*load=*/true);
  case InstId::St:
    return decodeLoadStore(/*load=*/false);
  case InstId::CreatePolicyRange:
    return decodePolicyRange();
  case InstId::Prefetch:
  case InstId::Prefetchu:
  case InstId::ApplyPriority:
  case InstId::Discard:
  case InstId::FenceTensorMapAcquire:
    return decodeHint();
  default:
    break;
  }
  if (match.form->family == Family::Atomic)
    return decodeAtomic(match.form->opcode == "atom");
  if (match.form->family == Family::AsyncCopy)
    return decodeAsyncCopy();
  if (match.form->family == Family::Bulk)
    return decodeBulk();
  if (match.form->family == Family::Tensor)
    return decodeTensor();
  if (match.form->family == Family::Mbarrier)
    return decodeMbarrier();
  if (match.form->family == Family::Cluster)
    return decodeCluster();
  if (match.form->family == Family::Matrix)
    return decodeMatrix();
  if (match.form->family == Family::Mma)
    return decodeMma();
  if (match.form->family == Family::Wmma)
    return decodeWmma();
  if (match.form->family == Family::Wgmma)
    return decodeWgmma();
  if (match.form->family == Family::Control)
    return decodeControl();
  if (match.form->family == Family::Barrier)
    return decodeBarrier();
  if (!genericOperands() || !select())
    return false;
  push(current);
  return true;
}

bool FunctionDecoder::select() {
  uint16_t flags = current.inst.flags;
  int64_t imm = current.inst.imm;
  selection.imm = imm;
  Handler handler = context.program.isa->select[size_t(match.form->family)](selection);
  if (!handler)
    return fail("these types or register widths are not implemented");
  current.inst.fn = handler;
  current.inst.flags = uint16_t(flags | selection.flags);
  current.inst.aux = selection.aux;
  current.inst.imm = selection.imm;
  return true;
}
