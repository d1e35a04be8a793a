//===- DecodeMemory.cpp - mov, loads, stores, atomics ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Control.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

using namespace cosmati::ptxvm;

bool FunctionDecoder::decodeMovVector(const ast::Operand &vector, bool pack) {
  ScalarType type = match.types[0];
  unsigned parts = unsigned(vector.items.size()), bits = bitsOf(type), ignored;
  if (parts == 0 || parts > 4 || bits % parts)
    return fail("cannot split ." + typeName(type) + " into " + llvm::Twine(parts) + " parts");
  unsigned partBits = bits / parts;
  ScalarType part = partBits == 8    ? ScalarType::B8
                    : partBits == 16 ? ScalarType::B16
                    : partBits == 32 ? ScalarType::B32
                                     : ScalarType::B64;
  selection.vec = uint8_t(parts);
  selection.dstBits = selection.srcBits = uint8_t(bits);
  selection.flags = uint16_t(pack ? MoveForm::Pack : MoveForm::Unpack);
  VirtualOp whole;
  unsigned first = pack ? 1 : 0;
  bool ok = pack ? destinationOperand(statement->operands[0], type, bits, false, whole, ignored)
                 : valueOperand(statement->operands[1], type, bits, false, whole, ignored);
  if (!ok)
    return false;
  for (unsigned k = 0; k < parts; ++k) {
    VirtualOp op;
    // An 8-bit part may live in a 16-bit register: there are no 8-bit slots.
    bool relaxed = partBits == 8;
    ok = pack ? valueOperand(vector.items[k], part, partBits, relaxed, op, ignored)
              : destinationOperand(vector.items[k], part, partBits, relaxed, op, ignored);
    if (!ok || ignored > 16 * (1 + (partBits >= 32) * 3))
      return error.empty() ? fail("a part's register is too wide") : false;
    addOp(first + k, op, !pack);
  }
  addOp(pack ? 0 : parts, whole, pack);
  uint16_t form = selection.flags;
  if (!select())
    return false;
  current.inst.flags &= uint16_t(~form);
  push(current);
  return true;
}

bool FunctionDecoder::decodeMov() {
  if (statement->operands.size() != 2)
    return fail("mov takes two operands");
  const ast::Operand &to = statement->operands[0], &from = statement->operands[1];
  if (from.kind == ast::Operand::Vector || to.kind == ast::Operand::Vector)
    return decodeMovVector(from.kind == ast::Operand::Vector ? from : to,
                           from.kind == ast::Operand::Vector);
  ScalarType type = match.types[0];
  unsigned bits = bitsOf(type), regBits;
  VirtualOp d, a;
  selection.dstBits = uint8_t(bits);
  if (type == ScalarType::Pred) {
    if (!predicateOperand(to, true, false, d) || !predicateOperand(from, false, false, a))
      return false;
  } else {
    if (!destinationOperand(to, type, bits, false, d, regBits))
      return false;
    if (from.kind == ast::Operand::Name)
      if (auto s = parseSpecial(from.name); s && isDynamic(s->first)) {
        if (s->second != bits)
          return fail("'" + from.name + "' has " + llvm::Twine(s->second) + " bits");
        addOp(0, d, true);
        current.inst.fn = readClock;
        current.inst.aux = uint32_t(s->first);
        current.cls = InstClass::Special;
        push(current);
        return true;
      }
    const VariablePlace *place =
        from.kind == ast::Operand::Name && findRegister(from.name, statement->scope) < 0
            ? findVariable(from.name)
            : nullptr;
    if (place && place->frameRelative) {
      current.variable = place->variable;
      selection.flags = uint16_t(MoveForm::FrameAddress);
      current.inst.imm = int64_t(place->address) + from.offset;
      if (bits != 32 && bits != 64)
        return fail("an address needs 32 or 64 bits");
    } else if (!valueOperand(from, type, bits, false, a, regBits)) {
      return false;
    }
  }
  addOp(0, d, true);
  addOp(1, a, false);
  if (!select())
    return false;
  current.inst.flags = 0;
  push(current);
  return true;
}

Space FunctionDecoder::spaceOf() const {
  if (match.has(Mod::global))
    return Space::Global;
  if (match.has(Mod::shared) || match.has(Mod::sharedCta) || match.has(Mod::sharedCluster))
    return Space::Shared;
  if (match.has(Mod::local))
    return Space::Local;
  if (match.has(Mod::constant))
    return Space::Const;
  if (match.has(Mod::param) || match.has(Mod::paramEntry) || match.has(Mod::paramFunc))
    return Space::Param;
  return Space::Generic;
}

static Way wayOf(Space space, bool narrow, bool entry, bool cluster) {
  switch (space) {
  case Space::Shared:
    if (cluster)
      return narrow ? Way::Cluster32 : Way::Cluster;
    return narrow ? Way::Shared32 : Way::Shared;
  case Space::Local:
    return narrow ? Way::Local32 : Way::Local;
  case Space::Param:
    if (!entry)
      return narrow ? Way::Local32 : Way::Local;
    return narrow ? Way::Param32 : Way::Param;
  case Space::Generic:
    return Way::Generic;
  default:
    return Way::Global;
  }
}

/// [base + offset] into op[7], imm and the way in flags.
bool FunctionDecoder::decodeAddress(const ast::Operand &operand, Space space) {
  if (operand.kind != ast::Operand::Address)
    return fail("expected an address in brackets");
  if (operand.items.size() != 1)
    return fail("addresses with coordinates are not implemented");
  const ast::Operand &base = operand.items[0];
  current.inst.imm = operand.offset;
  bool cluster = match.has(Mod::sharedCluster);
  VirtualOp zero =
      space == Space::Shared ? special(Special::SharedAddress, 64) : constant(SlotClass::Bits64, 0);
  if (base.kind == ast::Operand::Int) {
    current.inst.imm += int64_t(base.value);
    addOp(kAddressOp, zero, false);
    current.inst.flags |= uint16_t(wayOf(space, false, fn.entry, cluster));
    return true;
  }
  if (base.kind != ast::Operand::Name || base.negated)
    return fail("the address must be a register, a variable or a constant");
  if (int64_t id = findRegister(base.name, statement->scope); id >= 0) {
    unsigned bits = bitsOf(fn.registerTypes[size_t(id)]);
    bool narrow = bits == 32;
    if (bits != 64 &&
        !(narrow && space != Space::Global && space != Space::Const && space != Space::Generic))
      return fail("address register '" + base.name + "' has " + llvm::Twine(bits) + " bits");
    selection.addressBits = uint8_t(bits);
    addOp(kAddressOp, {VirtualOp::Register, uint32_t(id)}, false);
    current.inst.flags |= uint16_t(wayOf(space, narrow, fn.entry, cluster));
    return true;
  }
  const VariablePlace *place = findVariable(base.name);
  if (!place)
    return fail(context.missing(base.name));
  current.variable = place->variable;
  bool global = place->space == Space::Global || place->space == Space::Const;
  if (place->space != space && !(global && (space == Space::Generic || space == Space::Global)))
    return fail("'" + base.name + "' is in ." + spaceName(place->space) + " memory");
  current.inst.imm += int64_t(place->address);
  addOp(kAddressOp, zero, false);
  selection.addressBits = 64;
  if (place->frameRelative)
    current.inst.flags |= uint16_t(Way::Local) | kFrameRelative;
  else
    current.inst.flags |= uint16_t(wayOf(space, false, fn.entry, cluster));
  return true;
}

static InstClass memoryClass(Space space, bool load) {
  if (space == Space::Global || space == Space::Const)
    return load ? InstClass::GlobalLoad : InstClass::GlobalStore;
  if (space == Space::Shared)
    return load ? InstClass::SharedLoad : InstClass::SharedStore;
  return InstClass::OtherMemory;
}

bool FunctionDecoder::decodeLoadStore(bool load) {
  Space space = match.form->id == InstId::Ldu ? Space::Global : spaceOf();
  const auto &operands = statement->operands;
  if (!cachePolicy(2))
    return false;
  const ast::Operand &value = operands[load ? 0 : 1];
  if (!decodeAddress(operands[load ? 1 : 0], space))
    return false;
  if (!load && space == Space::Const)
    return fail("constant memory cannot be stored to");
  unsigned n = match.has(Mod::v2) ? 2 : match.has(Mod::v4) ? 4 : match.has(Mod::v8) ? 8 : 1;
  ScalarType type = match.types[0];
  unsigned bits = bitsOf(type);
  if (n > 1 && (value.kind != ast::Operand::Vector || value.items.size() != n))
    return fail("expected a vector of " + llvm::Twine(n) + " registers");
  if (n * bits > 256)
    return fail("an access of " + llvm::Twine(n * bits) + " bits is too wide");
  unsigned commonBits = 0;
  for (unsigned k = 0; k < n; ++k) {
    const ast::Operand &element =
        n == 1 && value.kind != ast::Operand::Vector ? value : value.items[k];
    VirtualOp op;
    unsigned regBits;
    if (load ? !destinationOperand(element, type, bits, true, op, regBits)
             : !valueOperand(element, type, bits, true, op, regBits))
      return false;
    // A constant or a sink takes the width that the registers have.
    bool fixed = element.kind == ast::Operand::Name;
    if (fixed && commonBits && slotClassOf(commonBits) != slotClassOf(regBits))
      return fail("the registers of a vector must have one width");
    if (fixed || !commonBits)
      commonBits = regBits;
    if (n > 4)
      current.vector.push_back(op);
    else
      addOp(k, op, load);
  }
  if (n > 1)
    for (unsigned k = 0; k < n; ++k) {
      const ast::Operand &element = value.items[k];
      VirtualOp &op = n > 4 ? current.vector[k] : current.ops[k];
      if (element.kind == ast::Operand::Sink)
        op = sink(slotClassOf(commonBits));
      else if (element.kind != ast::Operand::Name && slotClassOf(commonBits) != slotClassOf(bits))
        return fail("mixing constants with wider registers is not implemented");
    }
  current.vectorIsDestination = load;
  (load ? selection.dstBits : selection.srcBits) = uint8_t(commonBits);
  selection.space = space;
  selection.vec = uint8_t(n);
  current.inst.n = uint16_t(n);
  if (match.has(Mod::volatile_) || match.has(Mod::relaxed) || match.has(Mod::acquire) ||
      match.has(Mod::release) || match.has(Mod::mmio))
    current.inst.flags |= kStrong;
  if (!load)
    current.inst.flags |=
        uint16_t(llvm::Log2_32(std::max(commonBits, 16u) / 16) * kStoredWidthUnit);
  current.cls = memoryClass(space, load);
  if (!select())
    return false;
  push(current);
  return true;
}

/// A cache policy behind `used` operands where .L2::cache_hint asks for one, nothing else.
bool FunctionDecoder::cachePolicy(size_t used) {
  bool hinted = llvm::is_contained(statement->mods, "L2::cache_hint");
  const auto &operands = statement->operands;
  if (operands.size() != used + hinted)
    return fail("expected " + llvm::Twine(used) + " operands" +
                (hinted ? " and a cache policy, got " : ", got ") + llvm::Twine(operands.size()));
  VirtualOp policy;
  unsigned ignored;
  return !hinted || valueOperand(operands[used], ScalarType::B64, 64, false, policy, ignored);
}

bool FunctionDecoder::decodeAtomicVector(bool returns) {
  if (!cachePolicy(returns ? 3 : 2))
    return false;
  unsigned n = match.has(Mod::v2) ? 2 : match.has(Mod::v4) ? 4 : 8;
  const auto &operands = statement->operands;
  ScalarType type = match.types[0];
  auto elements = [&](const ast::Operand &operand, bool destination) {
    if (operand.kind != ast::Operand::Vector || operand.items.size() != n)
      return fail("expected a vector of " + llvm::Twine(n) + " registers");
    for (const ast::Operand &item : operand.items) {
      VirtualOp op;
      unsigned ignored;
      if (destination ? !destinationOperand(item, type, bitsOf(type), false, op, ignored)
                      : !valueOperand(item, type, bitsOf(type), false, op, ignored))
        return false;
      current.vector.push_back(op);
    }
    return true;
  };
  if (returns && !elements(operands[0], true))
    return false;
  if (!returns)
    current.vector.assign(n, sink(slotClassOf(bitsOf(type))));
  if (!decodeAddress(operands[returns ? 1 : 0], spaceOf()) ||
      !elements(operands[returns ? 2 : 1], false))
    return false;
  current.vectorResults = uint8_t(n);
  current.inst.n = uint16_t(n);
  if (!select())
    return false;
  push(current);
  return true;
}

bool FunctionDecoder::decodeAtomic(bool returns) {
  if (match.form->id == InstId::AtomV || match.form->id == InstId::RedV)
    return decodeAtomicVector(returns);
  bool cas = match.form->id == InstId::AtomCas;
  size_t need = (returns ? 2 : 1) + (cas ? 2 : 1);
  const auto &operands = statement->operands;
  if (!cachePolicy(need))
    return false;
  ScalarType type = match.types[0];
  unsigned bits = bitsOf(type), ignored;
  VirtualOp d = sink(slotClassOf(bits)), b, c;
  if (returns && !destinationOperand(operands[0], type, bits, false, d, ignored))
    return false;
  const ast::Operand *place = &operands[returns ? 1 : 0];
  if (!decodeAddress(place[0], spaceOf()) ||
      !valueOperand(place[1], type, bits, false, b, ignored) ||
      (cas && !valueOperand(place[2], type, bits, false, c, ignored)))
    return false;
  addOp(0, d, true);
  addOp(1, b, false);
  if (cas)
    addOp(2, c, false);
  current.inst.n = 1;
  selection.dstBits = uint8_t(bits);
  if (!select())
    return false;
  push(current);
  return true;
}

/// createpolicy.range: policy, [address], two sizes.
bool FunctionDecoder::decodePolicyRange() {
  const auto &operands = statement->operands;
  VirtualOp policy, size;
  unsigned ignored;
  if (operands.size() != 4)
    return fail("expected a policy, an address and two sizes");
  if (!destinationOperand(operands[0], ScalarType::B64, 64, false, policy, ignored) ||
      !decodeAddress(operands[1], Space::Global) ||
      !valueOperand(operands[2], ScalarType::B32, 32, false, size, ignored) ||
      !valueOperand(operands[3], ScalarType::B32, 32, false, size, ignored))
    return false;
  if (operands[2].kind == ast::Operand::Int && operands[3].kind == ast::Operand::Int &&
      operands[2].value > operands[3].value)
    return fail("the primary size " + llvm::Twine(operands[2].value) + " exceeds the total size " +
                llvm::Twine(operands[3].value));
  addOp(0, policy, true);
  if (!select())
    return false;
  push(current);
  return true;
}

/// Cache hints: the operands are checked, the instruction does nothing.
bool FunctionDecoder::decodeHint() {
  const auto &operands = statement->operands;
  bool sized = match.form->opcode != "prefetch" && match.form->opcode != "prefetchu";
  if (operands.size() != (sized ? 2 : 1))
    return fail(sized ? "expected an address and the size 128" : "expected an address");
  if (sized && (operands[1].kind != ast::Operand::Int || operands[1].value != 128))
    return fail("the size must be 128");
  if (!decodeAddress(operands[0], spaceOf()))
    return false;
  if (!select())
    return false;
  push(current);
  return true;
}
