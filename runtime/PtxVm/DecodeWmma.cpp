//===- DecodeWmma.cpp - wmma.load, wmma.store, wmma.mma -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Wmma.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include <cstring>

using namespace cosmati::ptxvm;

/// The number of "m16n16k16" in the table of shapes; -1 for other modifiers.
static int shapeOf(llvm::StringRef mod) {
  unsigned m, n, k;
  if (!mod.consume_front("m") || mod.consumeInteger(10, m) || !mod.consume_front("n") ||
      mod.consumeInteger(10, n) || !mod.consume_front("k") || mod.consumeInteger(10, k))
    return -1;
  for (size_t s = 0; s < std::size(kWmmaShapes); ++s)
    if (kWmmaShapes[s].m == m && kWmmaShapes[s].n == n && kWmmaShapes[s].k == k)
      return int(s);
  return -1;
}

/// load: registers, address, stride; store: address, registers, stride.
bool FunctionDecoder::decodeWmmaAccess(bool load) {
  const auto &operands = statement->operands;
  WmmaAccess access{};
  unsigned layouts = 0, spaces = 0;
  for (llvm::StringRef mod : statement->mods) {
    if (int s = shapeOf(mod); s >= 0)
      access.shape = uint16_t(s);
    else if (auto type = elementOf(mod))
      access.type = uint16_t(*type);
    else if (mod == "row" || mod == "col")
      access.columns = mod == "col", ++layouts;
    else if (mod == "a" || mod == "b" || mod == "c" || mod == "d")
      access.role = mod == "a" ? WmmaAccess::A : mod == "b" ? WmmaAccess::B : WmmaAccess::C;
    else if (mod == "global" || mod.starts_with("shared"))
      ++spaces;
  }
  if (layouts != 1 || spaces > 1)
    return fail("expected one layout, .row or .col, and at most one state space");
  unsigned bits = bitsOf(access.element());
  if (bits < 8 && !access.sameOrder())
    return fail("elements of less than 8 bits must lie along K: .row for A, .col for B");
  if (operands.size() != 2 && operands.size() != 3)
    return fail("expected a vector of registers, an address, and optionally the stride");
  unsigned count = wmmaRegisters(access.element(), access.rows() * access.across(),
                                 access.role == WmmaAccess::C);
  if (!decodeAddress(operands[load ? 1 : 0], spaceOf()) ||
      !fragment(operands[load ? 0 : 1], count, bits == 64 ? 64 : 32, load))
    return false;
  unsigned packed = access.sameOrder() ? access.across() : access.rows();
  VirtualOp stride = constant(SlotClass::Bits32, packed);
  unsigned ignored;
  if (operands.size() == 3 &&
      !valueOperand(operands[2], ScalarType::U32, 32, false, stride, ignored))
    return false;
  current.vector.push_back(stride);
  current.inst.n = access.pack();
  if (!select())
    return false;
  push(current);
  return true;
}

/// d, a, b, c.
bool FunctionDecoder::decodeWmmaMultiply() {
  const auto &operands = statement->operands;
  WmmaKind kind{};
  llvm::SmallVector<Element, 4> types;
  for (llvm::StringRef mod : statement->mods)
    if (int s = shapeOf(mod); s >= 0)
      kind.m = kWmmaShapes[s].m, kind.n = kWmmaShapes[s].n, kind.k = kWmmaShapes[s].k;
    else if (auto type = elementOf(mod))
      types.push_back(*type);
  if (types.size() == 2) // f16: only D and C are named
    types = {types[0], Element::F16, Element::F16, types[1]};
  if (types.size() != 4 || operands.size() != 4)
    return fail("expected a shape, the types, and the operands d, a, b, c");
  kind.d = types[0], kind.type = types[1], kind.c = types[3];
  kind.flags = uint8_t((match.has(Mod::satfinite) ? WmmaKind::Saturate : 0) |
                       (match.has(Mod::xor_) ? WmmaKind::Xor : 0));
  kind.rounding = match.has(Mod::rz) ? 1 : match.has(Mod::rm) ? 2 : match.has(Mod::rp) ? 3 : 0;
  unsigned bits = kind.type == Element::F64 ? 64 : 32, sums = unsigned(kind.m) * kind.n;
  if (!fragment(operands[0], wmmaRegisters(kind.d, sums, true), bits, true) ||
      !fragment(operands[1], wmmaRegisters(kind.type, unsigned(kind.m) * kind.k, false), bits,
                false) ||
      !fragment(operands[2], wmmaRegisters(kind.type, unsigned(kind.n) * kind.k, false), bits,
                false) ||
      !fragment(operands[3], wmmaRegisters(kind.c, sums, true), bits, false))
    return false;
  return finishMatrix(kind);
}

bool FunctionDecoder::decodeWmma() {
  if (llvm::is_contained(statement->mods, "mma"))
    return decodeWmmaMultiply();
  return decodeWmmaAccess(llvm::is_contained(statement->mods, "load"));
}
