//===- Emit.cpp - drafts to instructions ----------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cfg.h"
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/Slots.h"
#include "runtime/PtxVm/exec/Control.h"

using namespace cosmati::ptxvm;

namespace {

class Emitter {
public:
  Emitter(Program &program, FunctionInfo &info, uint32_t index, const ast::Function &fn,
          FunctionDecoder &decoder)
      : program(program), info(info), index(index), fn(fn), decoder(decoder), draft(decoder.draft),
        cfg(draft.drafts, labels()), slots(assignSlots(draft, cfg)),
        firstBlock(uint32_t(program.blocks.size())), firstCall(uint32_t(program.calls.size())) {}

  void run() {
    uint32_t localBytes = info.frame.localBytes;
    info.frame = slots.layout;
    info.frame.localBytes = localBytes;
    info.firstBlock = firstBlock;
    for (uint32_t b = 0; b < cfg.blocks.size(); ++b)
      emitBlock(b);
    for (size_t k = 0; k < decoder.calls.size(); ++k) {
      CallSite site = decoder.calls[k];
      if (decoder.callTargets[k].kind == VirtualOp::Register)
        site.target = slotOf(decoder.callTargets[k]);
      program.calls.push_back(std::move(site));
    }
  }

private:
  Program &program;
  FunctionInfo &info;
  uint32_t index;
  const ast::Function &fn;
  FunctionDecoder &decoder;
  const FunctionDraft &draft;
  Cfg cfg;
  SlotAssignment slots;
  uint32_t firstBlock, firstCall;

  uint32_t labels() const {
    uint32_t n = 0;
    for (const Draft &d : draft.drafts)
      if (d.kind == Draft::Label)
        n = std::max(n, d.label + 1);
    return n;
  }
  uint32_t slotOf(const VirtualOp &op) const {
    switch (op.kind) {
    case VirtualOp::Register:
      return slots.registers[op.id];
    case VirtualOp::Constant:
      return slots.constants[op.id];
    case VirtualOp::SpecialReg:
      return slots.specials[op.id];
    case VirtualOp::None:
      return 0;
    }
    return 0;
  }
  uint32_t global(uint32_t block) const { return block == ~0u ? kNoBlock : firstBlock + block; }

  void append(const Inst &inst, uint32_t statement, const InstMatch &match = {},
              uint8_t destinations = 0, uint32_t variable = kNoVariable) {
    program.code.push_back(inst);
    InstInfo where;
    where.file = program.modules[info.module]->name;
    if (statement < fn.body.size()) {
      where.line = fn.body[statement].line;
      where.text = fn.body[statement].text;
      where.loc = fn.body[statement].loc;
    }
    where.match = match;
    where.destinations = destinations;
    where.variable = variable;
    program.info.push_back(where);
  }

  void emitBlock(uint32_t b) {
    const CfgBlock &block = cfg.blocks[b];
    BlockInfo out;
    out.first = uint32_t(program.code.size());
    out.function = index;
    bool stores = false, flags = false;
    for (uint32_t k = block.first; k < block.last; ++k) {
      const Draft &d = draft.drafts[k];
      emit(d, b);
      if (d.synthetic)
        continue;
      ++out.count;
      ++out.classes[size_t(d.cls)];
      stores |= storesGlobally(d.match, d.cls, d.inst);
      flags |= looksAtFlags(d.match, d.inst);
    }
    if (stores)
      program.storeBlocks.push_back(uint32_t(program.blocks.size()));
    if (flags)
      program.flagBlocks.push_back(uint32_t(program.blocks.size()));
    bool branch = block.last > block.first && draft.drafts[block.last - 1].kind == Draft::Branch;
    if (block.fallsThrough && !branch) {
      Inst fall{};
      fall.fn = fallThroughHandler();
      fall.op[0] = global(b + 1);
      uint32_t last = block.last ? block.last - 1 : 0;
      append(fall, draft.drafts[last].statement);
    }
    program.blocks.push_back(out);
  }

  void emit(const Draft &d, uint32_t b) {
    Inst inst = d.inst;
    inst.guard = slotOf(d.guard);
    for (unsigned k = 0; k < d.ops.size(); ++k)
      inst.op[k] = slotOf(d.ops[k]);
    uint32_t meeting = global(cfg.blocks[b].postDominator);
    if (d.kind == Draft::Branch) {
      inst.op[0] = global(cfg.blockOfLabel[d.targets[0]]);
      inst.op[1] = d.conditional ? global(b + 1) : inst.op[0];
      inst.aux = meeting;
    } else if (d.kind == Draft::BranchTable) {
      inst.op[1] = uint32_t(program.branchTables.size());
      inst.aux = meeting;
      program.branchTables.emplace_back();
      for (uint32_t label : d.targets)
        program.branchTables.back().push_back(global(cfg.blockOfLabel[label]));
    } else if (!d.vector.empty()) {
      inst.aux = uint32_t(program.vectorOps.size());
      for (size_t k = 0; k < d.vectorNames.size(); ++k)
        if (!d.vectorNames[k].empty())
          program.vectorNames[uint32_t(inst.aux + k)] = d.vectorNames[k];
      for (const VirtualOp &op : d.vector)
        program.vectorOps.push_back(slotOf(op));
    } else if (isCall(d)) {
      inst.aux += firstCall;
    }
    append(inst, d.statement, d.match, d.destinations, d.variable);
  }
  bool isCall(const Draft &d) const {
    return !d.synthetic && d.statement < fn.body.size() && fn.body[d.statement].name == "call";
  }
};

} // namespace

bool cosmati::ptxvm::storesGlobally(const InstMatch &match, InstClass cls, const Inst &inst) {
  if (!match.form || match.form->family == Family::Atomic)
    return false;
  if (cls == InstClass::GlobalStore)
    return true;
  if (cls != InstClass::OtherMemory)
    return false;
  Way way = Way(inst.flags & kWayMask);
  bool own = way == Way::Local || way == Way::Local32 || way == Way::Param || way == Way::Param32;
  InstId id = match.form->id;
  return !(id == InstId::Ld || id == InstId::Ldu || (id == InstId::St && own));
}

bool cosmati::ptxvm::looksAtFlags(const InstMatch &match, const Inst &inst) {
  if (!match.form)
    return false;
  Family family = match.form->family;
  return family == Family::Atomic || family == Family::Mbarrier ||
         (match.form->id == InstId::Ld && (inst.flags & kStrong));
}

void cosmati::ptxvm::emitFunction(Program &program, FunctionInfo &info, uint32_t index,
                                  const ast::Function &fn, FunctionDecoder &decoder) {
  Emitter(program, info, index, fn, decoder).run();
}
