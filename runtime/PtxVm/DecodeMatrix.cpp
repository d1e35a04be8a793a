//===- DecodeMatrix.cpp - ldmatrix, stmatrix, mma -------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Matrix.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include <cstring>

using namespace cosmati::ptxvm;

/// Appends `count` registers of `bits` bits to the instruction's list; one register may stand
/// without braces.
bool FunctionDecoder::fragment(const ast::Operand &operand, unsigned count, unsigned bits,
                               bool destination) {
  bool vector = operand.kind == ast::Operand::Vector;
  if ((vector ? operand.items.size() : 1) != count)
    return fail("expected a vector of " + llvm::Twine(count) + " registers of " +
                llvm::Twine(bits) + " bits");
  ScalarType type = bits == 64 ? ScalarType::B64 : ScalarType::B32;
  for (unsigned k = 0; k < count; ++k) {
    const ast::Operand &item = vector ? operand.items[k] : operand;
    VirtualOp op;
    unsigned ignored;
    if (destination ? !destinationOperand(item, type, bits, false, op, ignored)
                    : !valueOperand(item, type, bits, false, op, ignored))
      return false;
    current.vector.push_back(op);
    current.vectorResults = uint8_t(current.vectorResults + destination);
  }
  return true;
}

bool FunctionDecoder::decodeMatrix() {
  const auto &operands = statement->operands;
  if (match.form->id == InstId::MovMatrix) {
    if (!genericOperands() || !select())
      return false;
    push(current);
    return true;
  }
  if (operands.size() != 2)
    return fail("expected an address and a vector of registers");
  bool load = match.form->id == InstId::LdMatrix;
  unsigned n = match.has(Mod::x4) ? 4 : match.has(Mod::x2) ? 2 : 1;
  if (!decodeAddress(operands[load ? 1 : 0], spaceOf()) ||
      !fragment(operands[load ? 0 : 1], n, 32, load))
    return false;
  current.inst.n = uint16_t(n);
  current.cls = load ? InstClass::SharedLoad : InstClass::SharedStore;
  if (!select())
    return false;
  push(current);
  return true;
}

std::optional<Element> cosmati::ptxvm::elementOf(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<Element>>(name)
      .Case("f16", Element::F16)
      .Case("bf16", Element::BF16)
      .Case("tf32", Element::TF32)
      .Case("f32", Element::F32)
      .Case("f64", Element::F64)
      .Case("e4m3", Element::E4M3)
      .Case("e5m2", Element::E5M2)
      .Case("s8", Element::S8)
      .Case("u8", Element::U8)
      .Case("s4", Element::S4)
      .Case("u4", Element::U4)
      .Case("b1", Element::B1)
      .Case("s32", Element::S32)
      .Default(std::nullopt);
}

/// "m16n8k32" and the four types, from the modifiers.
static bool parseMma(llvm::ArrayRef<llvm::StringRef> mods, MmaKind &kind, Element &d) {
  llvm::SmallVector<Element, 4> types;
  for (llvm::StringRef mod : mods) {
    llvm::StringRef shape = mod;
    unsigned m, n, k;
    if (shape.consume_front("m") && !shape.consumeInteger(10, m) && shape.consume_front("n") &&
        !shape.consumeInteger(10, n) && shape.consume_front("k") && !shape.consumeInteger(10, k)) {
      kind.rows = uint8_t(m);
      kind.k = uint16_t(k);
    } else if (auto type = elementOf(mod)) {
      types.push_back(*type);
    }
  }
  if (types.size() != 4)
    return false;
  d = types[0], kind.a = types[1], kind.b = types[2], kind.c = types[3];
  return true;
}

/// How many values the selector may take: lanes of a quad over those that hold metadata.
static unsigned selectors(const MmaKind &kind) {
  unsigned bits = bitsOf(kind.a), chunk = bits == 32 ? 2 : bits == 4 ? 8 : 4;
  return 64u / (4u * kind.k / chunk);
}

/// mma.m8n8k4 for f16: types of D and C may differ, A and B may be stored by columns or rows.
bool FunctionDecoder::decodeMmaQuads() {
  const auto &operands = statement->operands;
  MmaKind kind{};
  Element d;
  if (!parseMma(statement->mods, kind, d) || operands.size() != 4)
    return fail("expected a shape, four types, and the operands d, a, b, c");
  if (kind.c == Element::F32 && d != Element::F32)
    return fail("with C of f32, D must have f32, too");
  llvm::SmallVector<llvm::StringRef, 2> layouts;
  for (llvm::StringRef mod : statement->mods)
    if (mod == "row" || mod == "col")
      layouts.push_back(mod);
  kind.mode = uint8_t((layouts[0] == "col" ? MmaKind::ColumnsA : 0) |
                      (layouts[1] == "row" ? MmaKind::RowsB : 0) |
                      (d == Element::F32 ? MmaKind::SingleD : 0));
  if (!fragment(operands[0], d == Element::F32 ? 8 : 4, 32, true) ||
      !fragment(operands[1], 2, 32, false) || !fragment(operands[2], 2, 32, false) ||
      !fragment(operands[3], kind.c == Element::F32 ? 8 : 4, 32, false))
    return false;
  return finishMatrix(kind);
}

/// d, a, b, c; sparse: then metadata and the selector.
bool FunctionDecoder::decodeMma() {
  if (match.form->id == InstId::MmaQuads)
    return decodeMmaQuads();
  const auto &operands = statement->operands;
  bool sparse = match.form->opcode == "mma" &&
                llvm::any_of(statement->mods, [](auto mod) { return mod.starts_with("sp"); });
  MmaKind kind{};
  Element d;
  if (!parseMma(statement->mods, kind, d))
    return fail("expected a shape and four types");
  if (d != kind.c)
    return fail("D and C must have one type");
  if (operands.size() != (sparse ? 6u : 4u))
    return fail(sparse ? "expected d, a, b, c, metadata, selector" : "expected d, a, b, c");
  kind.flags = uint8_t(
      (match.has(Mod::satfinite) ? MmaKind::Saturate : 0) | (sparse ? MmaKind::Sparse : 0) |
      (llvm::is_contained(statement->mods, "sp::ordered_metadata") ? MmaKind::Ordered : 0) |
      (match.has(Mod::xor_) ? MmaKind::Xor : 0) | (match.has(Mod::and_) ? MmaKind::And : 0));
  kind.mode = match.has(Mod::rz) ? 1 : match.has(Mod::rm) ? 2 : match.has(Mod::rp) ? 3 : 0;
  bool wide = kind.a == Element::F64;
  unsigned bits = wide ? 64 : 32, columns = 4 * bits / bitsOf(kind.a), rowBlocks = kind.rows / 8u;
  unsigned results = rowBlocks * (kind.c == Element::F16 ? 1 : 2);
  unsigned stored = kind.k / (sparse ? 2u : 1u);
  if (!fragment(operands[0], results, bits, true) ||
      !fragment(operands[1], rowBlocks * stored / columns, bits, false) ||
      !fragment(operands[2], kind.k / columns, bits, false) ||
      !fragment(operands[3], results, bits, false))
    return false;
  if (sparse) {
    if (!fragment(operands[4], 1, 32, false))
      return false;
    if (operands[5].kind != ast::Operand::Int || operands[5].value >= selectors(kind))
      return fail("the selector must be a constant below " + llvm::Twine(selectors(kind)));
    kind.mode = uint8_t(operands[5].value);
  }
  return finishMatrix(kind);
}
