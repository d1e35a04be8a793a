//===- DecodeOperands.cpp - names, immediates and the operand rules -------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include <cstring>

using namespace cosmati::ptxvm;

SlotClass cosmati::ptxvm::slotClassOf(unsigned bits) {
  return bits == 1    ? SlotClass::Pred
         : bits <= 16 ? SlotClass::Bits16
         : bits <= 32 ? SlotClass::Bits32
         : bits <= 64 ? SlotClass::Bits64
                      : SlotClass::Bits128;
}
uint32_t cosmati::ptxvm::slotBytes(SlotClass c) {
  return c == SlotClass::Pred ? 4 : 64u << (unsigned(c) - unsigned(SlotClass::Bits16));
}

/// Registers of what the machine doesn't have: performance monitors, the driver's environment,
/// shared memory that the system reserves, graphs. Width of those that read as 0, else 0.
static unsigned widthOfAbsent(llvm::StringRef name) {
  unsigned number;
  if (name == "%current_graph_exec")
    return 64;
  if (name.consume_front("%reserved_smem_offset_"))
    return name == "begin" || name == "end" || name == "cap" || name == "0" || name == "1" ? 32 : 0;
  if (name.consume_front("%envreg"))
    return !name.getAsInteger(10, number) && number < 32 ? 32 : 0;
  if (!name.consume_front("%pm"))
    return 0;
  unsigned width = name.consume_back("_64") ? 64 : 32;
  return !name.getAsInteger(10, number) && number < 8 ? width : 0;
}

std::optional<std::pair<Special, unsigned>> cosmati::ptxvm::parseSpecial(llvm::StringRef name) {
  if (unsigned width = widthOfAbsent(name))
    return {{Special::Zero, width}};
  using S = Special;
  using R = std::optional<std::pair<Special, unsigned>>;
  return llvm::StringSwitch<R>(name)
      .Case("%tid.x", {{S::TidX, 32}})
      .Case("%tid.y", {{S::TidY, 32}})
      .Case("%tid.z", {{S::TidZ, 32}})
      .Case("%ntid.x", {{S::NtidX, 32}})
      .Case("%ntid.y", {{S::NtidY, 32}})
      .Case("%ntid.z", {{S::NtidZ, 32}})
      .Case("%ctaid.x", {{S::CtaidX, 32}})
      .Case("%ctaid.y", {{S::CtaidY, 32}})
      .Case("%ctaid.z", {{S::CtaidZ, 32}})
      .Case("%nctaid.x", {{S::NctaidX, 32}})
      .Case("%nctaid.y", {{S::NctaidY, 32}})
      .Case("%nctaid.z", {{S::NctaidZ, 32}})
      .Case("%laneid", {{S::LaneId, 32}})
      .Case("%warpid", {{S::WarpId, 32}})
      .Case("%nwarpid", {{S::NWarpId, 32}})
      .Case("%smid", {{S::SmId, 32}})
      .Case("%nsmid", {{S::NSmId, 32}})
      .Case("%gridid", {{S::GridId, 64}})
      .Case("%lanemask_eq", {{S::MaskEq, 32}})
      .Case("%lanemask_le", {{S::MaskLe, 32}})
      .Case("%lanemask_lt", {{S::MaskLt, 32}})
      .Case("%lanemask_ge", {{S::MaskGe, 32}})
      .Case("%lanemask_gt", {{S::MaskGt, 32}})
      .Case("%dynamic_smem_size", {{S::DynamicShared, 32}})
      .Case("%total_smem_size", {{S::TotalShared, 32}})
      .Case("%aggr_smem_size", {{S::TotalShared, 32}})
      .Case("%clusterid.x", {{S::ClusterIdX, 32}})
      .Case("%clusterid.y", {{S::ClusterIdY, 32}})
      .Case("%clusterid.z", {{S::ClusterIdZ, 32}})
      .Case("%nclusterid.x", {{S::NClusterIdX, 32}})
      .Case("%nclusterid.y", {{S::NClusterIdY, 32}})
      .Case("%nclusterid.z", {{S::NClusterIdZ, 32}})
      .Case("%cluster_ctaid.x", {{S::ClusterCtaIdX, 32}})
      .Case("%cluster_ctaid.y", {{S::ClusterCtaIdY, 32}})
      .Case("%cluster_ctaid.z", {{S::ClusterCtaIdZ, 32}})
      .Case("%cluster_nctaid.x", {{S::ClusterNCtaIdX, 32}})
      .Case("%cluster_nctaid.y", {{S::ClusterNCtaIdY, 32}})
      .Case("%cluster_nctaid.z", {{S::ClusterNCtaIdZ, 32}})
      .Case("%cluster_ctarank", {{S::ClusterCtaRank, 32}})
      .Case("%cluster_nctarank", {{S::ClusterNCtaRank, 32}})
      .Case("%is_explicit_cluster", {{S::IsExplicitCluster, 1}})
      .Case("%clock", {{S::Clock, 32}})
      .Case("%clock64", {{S::Clock64, 64}})
      .Case("%clock_hi", {{S::ClockHi, 32}})
      .Case("%globaltimer", {{S::GlobalTimer, 64}})
      .Case("%globaltimer_lo", {{S::GlobalTimerLo, 32}})
      .Case("%globaltimer_hi", {{S::GlobalTimerHi, 32}})
      .Default(std::nullopt);
}

/// The number of register `name` seen from `scope`, or -1. Families resolve by prefix and number.
int64_t FunctionDecoder::findRegister(llvm::StringRef name, uint32_t scope) {
  auto cached = registerCache[scope].find(name);
  if (cached != registerCache[scope].end())
    return cached->second;
  llvm::StringRef prefix = name.rtrim("0123456789");
  int64_t result = -1;
  for (uint32_t s = scope; s != ~0u && result < 0; s = fn.scopes[s].parent) {
    const auto &registers = fn.scopes[s].registers;
    if (auto it = registers.find(name); it != registers.end() && it->second.count < 0)
      result = it->second.id;
    // "%r12" may be number 12 of %r or number 2 of %r1: try every split.
    for (size_t cut = prefix.size(); cut < name.size() && result < 0; ++cut) {
      auto it = registers.find(name.take_front(cut));
      uint32_t number;
      if (it != registers.end() && it->second.count >= 0 &&
          !name.drop_front(cut).getAsInteger(10, number) && number < it->second.count)
        result = it->second.id + number;
    }
  }
  registerCache[scope][name] = result;
  return result;
}

const VariablePlace *FunctionDecoder::findVariable(llvm::StringRef name) {
  for (uint32_t s = statement->scope; s != ~0u; s = fn.scopes[s].parent) {
    auto it = fn.scopes[s].variables.find(name);
    if (it != fn.scopes[s].variables.end())
      return &places[it->second];
  }
  auto it = context.variables.find(name);
  return it == context.variables.end() ? nullptr : &it->second;
}

std::optional<uint32_t> FunctionDecoder::findLabel(llvm::StringRef name) {
  for (uint32_t s = statement->scope; s != ~0u; s = fn.scopes[s].parent) {
    auto it = fn.scopes[s].labels.find(name);
    if (it != fn.scopes[s].labels.end())
      return it->second;
  }
  return std::nullopt;
}

VirtualOp FunctionDecoder::constant(SlotClass cls, uint64_t lo, uint64_t hi) {
  // 128-bit constants are too rare to share.
  uint64_t salt = uint64_t(cls) << 8;
  auto [it, inserted] = constantIndex.try_emplace({lo, salt}, uint32_t(draft.constants.size()));
  if (inserted || cls == SlotClass::Bits128) {
    it->second = uint32_t(draft.constants.size());
    draft.constants.push_back({cls, lo, hi});
  }
  return {VirtualOp::Constant, it->second};
}

VirtualOp FunctionDecoder::sink(SlotClass cls) {
  uint32_t &id = sinks[size_t(cls)];
  if (id == ~0u) {
    id = uint32_t(draft.registers.size());
    draft.registers.push_back(cls);
  }
  return {VirtualOp::Register, id};
}

VirtualOp FunctionDecoder::carryFlag() {
  if (carry == ~0u) {
    carry = uint32_t(draft.registers.size());
    draft.registers.push_back(SlotClass::Pred);
  }
  return {VirtualOp::Register, carry};
}

VirtualOp FunctionDecoder::special(Special which, unsigned bits, uint32_t offset) {
  SpecialUse use{which, uint8_t(bits), offset};
  for (uint32_t k = 0; k < draft.specials.size(); ++k)
    if (draft.specials[k] == use)
      return {VirtualOp::SpecialReg, k};
  draft.specials.push_back(use);
  return {VirtualOp::SpecialReg, uint32_t(draft.specials.size() - 1)};
}

void FunctionDecoder::addOp(unsigned k, VirtualOp op, bool destination) {
  current.ops[k] = op;
  if (destination)
    current.destinations |= uint8_t(1u << k);
}

bool FunctionDecoder::guardOperand() {
  if (statement->guard.empty())
    return true;
  int64_t id = findRegister(statement->guard, statement->scope);
  if (id < 0 || draft.registers[size_t(id)] != SlotClass::Pred)
    return fail("guard '" + statement->guard + "' is no predicate register");
  current.guard = {VirtualOp::Register, uint32_t(id)};
  current.inst.guardFlip = statement->guardNegated ? ~0u : 0;
  return true;
}

bool FunctionDecoder::checkRegister(llvm::StringRef name, ScalarType reg, ScalarType type,
                                    unsigned bits, bool relaxed) {
  unsigned have = bitsOf(reg);
  if (have != bits && !(relaxed && have > bits))
    return fail("register '" + name + "' has " + llvm::Twine(have) + " bits, ." + typeName(type) +
                " needs " + llvm::Twine(bits));
  auto isInt = [](TypeClass c) { return c == TypeClass::Signed || c == TypeClass::Unsigned; };
  TypeClass a = classOf(reg), b = classOf(type);
  if ((a == TypeClass::Float && isInt(b)) || (isInt(a) && b == TypeClass::Float))
    return fail("register '" + name + "' of type ." + typeName(reg) + " used as ." +
                typeName(type));
  return true;
}

bool FunctionDecoder::immediate(const ast::Operand &operand, ScalarType type, unsigned bits,
                                VirtualOp &out) {
  uint64_t value = operand.value;
  bool single = bits == 32,
       isFloat = classOf(type) == TypeClass::Float || classOf(type) == TypeClass::Bits;
  if (operand.kind == ast::Operand::Float32 && !(single && isFloat))
    return fail("a single-precision constant does not fit ." + typeName(type));
  if (operand.kind == ast::Operand::Float64) {
    if (!isFloat || bits < 32)
      return fail("a floating-point constant does not fit ." + typeName(type));
    if (single) {
      double d;
      std::memcpy(&d, &value, 8);
      float f = float(d);
      uint32_t narrow;
      std::memcpy(&narrow, &f, 4);
      value = narrow;
    }
  }
  if (operand.kind == ast::Operand::Int && (type == ScalarType::F32 || type == ScalarType::F64))
    return fail("an integer constant does not fit ." + typeName(type));
  if (bits == 128) {
    out = constant(SlotClass::Bits128, value, int64_t(value) < 0 ? ~uint64_t(0) : 0);
    return true;
  }
  SlotClass cls = slotClassOf(bits);
  if (cls == SlotClass::Pred)
    return fail("a predicate cannot be a constant here");
  out = constant(cls, bits == 64
                          ? value
                          : value & ((uint64_t(1) << (cls == SlotClass::Bits16 ? 16 : 32)) - 1));
  return true;
}

/// The address of a variable or function as a constant.
bool FunctionDecoder::symbolValue(const ast::Operand &operand, unsigned bits, VirtualOp &out) {
  uint64_t value;
  if (operand.name == "WARP_SZ") {
    value = kLanes;
  } else if (const VariablePlace *place = findVariable(operand.name)) {
    current.variable = place->variable;
    if (place->frameRelative)
      return fail("the address of local variable '" + operand.name + "' can only be taken by mov");
    if (place->space == Space::Shared && (bits == 32 || bits == 64)) {
      out = special(Special::SharedAddress, bits, uint32_t(place->address + operand.offset));
      return true;
    }
    value = place->address;
  } else if (auto it = context.functions.find(operand.name); it != context.functions.end()) {
    value = kFunctionAddressBase + it->second;
  } else {
    return fail(context.missing(operand.name));
  }
  if (bits != 32 && bits != 64)
    return fail("an address needs 32 or 64 bits");
  value += uint64_t(operand.offset);
  out = constant(slotClassOf(bits), bits == 32 ? uint32_t(value) : value);
  return true;
}

bool FunctionDecoder::valueOperand(const ast::Operand &operand, ScalarType type, unsigned bits,
                                   bool relaxed, VirtualOp &out, unsigned &regBits) {
  regBits = bits;
  switch (operand.kind) {
  case ast::Operand::Int:
  case ast::Operand::Float32:
  case ast::Operand::Float64:
    return immediate(operand, type, bits, out);
  case ast::Operand::Name:
    break;
  default:
    return fail("this kind of operand is not possible here");
  }
  if (operand.negated)
    return fail("'!' is only possible on a predicate");
  int64_t id = findRegister(operand.name, statement->scope);
  if (id >= 0) {
    ScalarType reg = fn.registerTypes[size_t(id)];
    out = {VirtualOp::Register, uint32_t(id)};
    regBits = bitsOf(reg);
    return checkRegister(operand.name, reg, type, bits, relaxed);
  }
  if (auto s = parseSpecial(operand.name)) {
    if (isDynamic(s->first))
      return fail("'" + operand.name + "' can only be read by mov");
    if (bits < 16)
      return fail("'" + operand.name + "' does not fit 8 bits");
    if (s->second == 1)
      return fail("'" + operand.name + "' is a predicate");
    out = special(s->first, bits == 16 ? 16 : bits == 64 ? 64 : 32);
    return true;
  }
  return symbolValue(operand, bits, out);
}

bool FunctionDecoder::destinationOperand(const ast::Operand &operand, ScalarType type,
                                         unsigned bits, bool relaxed, VirtualOp &out,
                                         unsigned &regBits) {
  regBits = bits;
  if (operand.kind == ast::Operand::Sink) {
    out = sink(slotClassOf(bits));
    return true;
  }
  if (operand.kind != ast::Operand::Name || operand.negated)
    return fail("the destination must be a register");
  int64_t id = findRegister(operand.name, statement->scope);
  if (id < 0)
    return fail("register '" + operand.name + "' is not declared");
  ScalarType reg = fn.registerTypes[size_t(id)];
  out = {VirtualOp::Register, uint32_t(id)};
  regBits = bitsOf(reg);
  return checkRegister(operand.name, reg, type, bits, relaxed);
}

bool FunctionDecoder::predicateOperand(const ast::Operand &operand, bool destination,
                                       bool mayNegate, VirtualOp &out) {
  if (operand.kind == ast::Operand::Sink && destination) {
    out = sink(SlotClass::Pred);
    return true;
  }
  if (operand.kind == ast::Operand::Int && !destination) { // PTX allows 0 and 1
    out = constant(SlotClass::Pred, operand.value ? 0xffffffff : 0);
    return true;
  }
  if (operand.kind == ast::Operand::Name && !destination && !operand.negated)
    if (auto s = parseSpecial(operand.name); s && s->second == 1) {
      out = special(s->first, 1);
      return true;
    }
  int64_t id =
      operand.kind == ast::Operand::Name ? findRegister(operand.name, statement->scope) : -1;
  if (id < 0 || draft.registers[size_t(id)] != SlotClass::Pred)
    return fail("'" + operand.name + "' is no predicate register");
  if (operand.negated) {
    if (!mayNegate)
      return fail("'!' is not possible here");
    current.inst.flags |= kNegatedPredicate;
  }
  out = {VirtualOp::Register, uint32_t(id)};
  return true;
}

bool FunctionDecoder::applyRule(const OperandRule &rule, const ast::Operand &operand,
                                unsigned &slot) {
  VirtualOp op, second;
  unsigned regBits = 0;
  ScalarType type = rule.typeIndex >= 0 ? match.types[rule.typeIndex] : rule.fixed;
  unsigned bits = bitsOf(type) * (rule.kind == OperandRule::Wide ? 2 : 1);
  bool pair = operand.kind == ast::Operand::Pair;
  switch (rule.kind) {
  case OperandRule::Predicate:
  case OperandRule::NegatablePredicate:
    if (!predicateOperand(operand, rule.destination, rule.kind == OperandRule::NegatablePredicate,
                          op))
      return false;
    addOp(slot++, op, rule.destination);
    return true;
  case OperandRule::PredicatePair:
  case OperandRule::WithPredicate: {
    const ast::Operand &first = pair ? operand.items[0] : operand;
    bool ok = rule.kind == OperandRule::PredicatePair
                  ? predicateOperand(first, true, false, op)
                  : destinationOperand(first, type, bits, false, op, regBits);
    second = sink(SlotClass::Pred);
    if (!ok || (pair && !predicateOperand(operand.items[1], true, false, second)))
      return false;
    addOp(slot++, op, true);
    addOp(slot++, second, true);
    return true;
  }
  case OperandRule::Immediate:
    if (operand.kind != ast::Operand::Int)
      return fail("this operand must be an integer constant");
    current.inst.imm = int64_t(operand.value);
    return true;
  case OperandRule::Carry:
    return true;
  default:
    break;
  }
  if (type == ScalarType::Pred) { // and.pred and friends
    if (!predicateOperand(operand, rule.destination, false, op))
      return false;
    addOp(slot++, op, rule.destination);
    return true;
  }
  bool relaxed = rule.kind == OperandRule::Relaxed;
  if (rule.destination ? !destinationOperand(operand, type, bits, relaxed, op, regBits)
                       : !valueOperand(operand, type, bits, relaxed, op, regBits))
    return false;
  if (rule.destination)
    selection.dstBits = uint8_t(regBits);
  else if (!selection.srcBits)
    selection.srcBits = uint8_t(regBits);
  addOp(slot++, op, rule.destination);
  return true;
}

bool FunctionDecoder::genericOperands() {
  unsigned slot = 0;
  size_t next = 0;
  for (const OperandRule &rule : match.form->operands) {
    if (rule.kind == OperandRule::Carry) {
      bool written = !rule.destination || match.has(Mod::cc);
      addOp(slot++, written ? carryFlag() : sink(SlotClass::Pred), rule.destination);
      continue;
    }
    if (next == statement->operands.size()) {
      if (rule.optional)
        continue;
      return fail("too few operands; expected " + match.form->operandText);
    }
    if (!applyRule(rule, statement->operands[next++], slot))
      return false;
  }
  if (next != statement->operands.size())
    return fail("too many operands; expected " + match.form->operandText);
  return true;
}
