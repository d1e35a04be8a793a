//===- DecodeWgmma.cpp - wgmma.mma_async ----------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Decode.h"
#include "runtime/PtxVm/exec/Wgmma.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include <cstring>

using namespace cosmati::ptxvm;

/// "m64n128k16", then the types of D, A and B, from the modifiers.
static bool parseWgmma(llvm::ArrayRef<llvm::StringRef> mods, WgmmaKind &kind) {
  llvm::SmallVector<Element, 3> types;
  for (llvm::StringRef mod : mods) {
    llvm::StringRef shape = mod;
    unsigned n, k;
    if (shape.consume_front("m64n") && !shape.consumeInteger(10, n) && shape.consume_front("k") &&
        !shape.consumeInteger(10, k)) {
      kind.n8 = uint8_t(n / 8);
      kind.k = uint16_t(k);
    } else if (auto type = elementOf(mod)) {
      types.push_back(*type);
    }
  }
  if (types.size() != 3)
    return false;
  kind.d = types[0], kind.a = types[1], kind.b = types[2];
  return true;
}

/// An operand that must be one of two constants. `value`: is it the second one?
bool FunctionDecoder::choiceOperand(const ast::Operand &operand, const char *name, int64_t first,
                                    int64_t second, bool &value) {
  if (operand.kind != ast::Operand::Int ||
      (int64_t(operand.value) != first && int64_t(operand.value) != second))
    return fail(llvm::Twine(name) + " must be the constant " + llvm::Twine(first) + " or " +
                llvm::Twine(second));
  value = int64_t(operand.value) == second;
  return true;
}

/// scale-d, and for floating point imm-scale-a, imm-scale-b and (16-bit types) the transpositions.
bool FunctionDecoder::wgmmaFlags(llvm::ArrayRef<ast::Operand> rest, WgmmaKind &kind) {
  bool sixteen = kind.a == Element::F16 || kind.a == Element::BF16;
  bool integer = kind.d == Element::S32, sharedA = kind.flags & WgmmaKind::SharedA;
  size_t need = integer ? 1 : 3 + (sixteen ? 1 + sharedA : 0);
  if (rest.size() != need)
    return fail("expected " + llvm::Twine(need) + " operands from scale-d on");
  VirtualOp scale;
  if (!predicateOperand(rest[0], false, /*mayNegate=*/true, scale))
    return false;
  current.vector.push_back(scale);
  if (integer)
    return true;
  bool minusA, minusB, transA = false, transB = false;
  if (!choiceOperand(rest[1], "imm-scale-a", 1, -1, minusA) ||
      !choiceOperand(rest[2], "imm-scale-b", 1, -1, minusB) ||
      (sixteen && sharedA && !choiceOperand(rest[3], "imm-trans-a", 0, 1, transA)) ||
      (sixteen && !choiceOperand(rest.back(), "imm-trans-b", 0, 1, transB)))
    return false;
  kind.flags |=
      uint8_t((minusA != minusB ? WgmmaKind::Negate : 0) | (transA ? WgmmaKind::TransposeA : 0) |
              (transB ? WgmmaKind::TransposeB : 0));
  return true;
}

/// d, a or a-desc, b-desc, [sp-meta, sp-sel,] flags.
bool FunctionDecoder::decodeWgmma() {
  if (match.form->id == InstId::WgmmaFence || match.form->id == InstId::WgmmaCommit ||
      match.form->id == InstId::WgmmaWait) {
    if (!genericOperands() || !select())
      return false;
    if (current.inst.imm < 0)
      return fail("the number of groups cannot be negative");
    push(current);
    return true;
  }
  llvm::ArrayRef<ast::Operand> operands = statement->operands;
  bool sparse = llvm::is_contained(statement->mods, "sp");
  WgmmaKind kind{};
  if (!parseWgmma(statement->mods, kind))
    return fail("expected a shape and three types");
  if (llvm::count(statement->mods, "satfinite") > 1)
    return fail(".satfinite stands twice");
  if (operands.size() < (sparse ? 6u : 4u))
    return fail("too few operands; expected d, a, b-desc, " +
                llvm::Twine(sparse ? "sp-meta, sp-sel, " : "") + "scale-d, ...");
  kind.flags = uint8_t((match.has(Mod::satfinite) ? WgmmaKind::Saturate : 0) |
                       (sparse ? WgmmaKind::Sparse : 0) |
                       (operands[1].kind == ast::Operand::Vector ? 0 : WgmmaKind::SharedA));
  bool sharedA = kind.flags & WgmmaKind::SharedA;
  unsigned results = resultsOf(kind);
  if (!fragment(operands[0], results, 32, /*destination=*/true) ||
      !fragment(operands[0], results, 32, false) ||
      !(sharedA ? listValue(operands[1], 64) : fragment(operands[1], 4, 32, false)) ||
      !listValue(operands[2], 64))
    return false;
  for (const ast::Operand &item : operands[0].items)
    current.vectorNames.push_back(item.name);
  current.vectorNames.resize(placeOfB(kind));
  for (size_t k = 0; k < operands[1].items.size(); ++k)
    current.vectorNames[placeOfA(kind) + k] = operands[1].items[k].name;
  if (sparse) {
    unsigned choices = bitsOf(kind.a) == 8 ? 1 : 2;
    if (!fragment(operands[3], 1, 32, false))
      return false;
    if (operands[4].kind != ast::Operand::Int || operands[4].value >= choices)
      return fail("the selector must be a constant below " + llvm::Twine(choices));
    kind.selector = uint8_t(operands[4].value);
  }
  if (!wgmmaFlags(operands.drop_front(sparse ? 5 : 3), kind))
    return false;
  return finishMatrix(kind);
}
