//===- Ast.h - A parsed PTX module ------------------------------*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the parser hands to the decoder. Names are slices of the module's text, resolved through a
// tree of scopes because PTX lets every `{}` declare registers, variables and labels of its own.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Types.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace cosmati::ptxvm {

/// Who may use a module-scope symbol.
enum class Linkage : uint8_t { Static, Visible, Extern, Weak, Common };

} // namespace cosmati::ptxvm

namespace cosmati::ptxvm::ast {

struct Operand {
  enum Kind : uint8_t {
    Name,    ///< register, variable, label, special register; `negated` for !p
    Int,     ///< `value`, two's complement
    Float32, ///< `value` holds the bits of a single
    Float64, ///< `value` holds the bits of a double (0d..., 1.5)
    Vector,  ///< {a, b, ...} in `items`
    Pair,    ///< a|b in `items`
    Address, ///< [items[0] + offset], further items after commas
    Paren,   ///< (a, b, ...) of a call
    Sink,    ///< _
  };
  Kind kind = Name;
  bool negated = false;
  llvm::StringRef name;
  uint64_t value = 0;
  int64_t offset = 0;
  std::vector<Operand> items;
};

/// A `.loc`: operands as written; file 0 means none was in force.
struct Location {
  uint32_t file = 0, line = 0, column = 0;
};

struct Statement {
  enum Kind : uint8_t { Instruction, Label, BranchTargets, Prototype };
  Kind kind = Instruction;
  llvm::StringRef name;                       ///< opcode, or the label's name
  llvm::SmallVector<llvm::StringRef, 6> mods; ///< modifiers without dots, in order
  std::vector<Operand> operands;              ///< label lists for BranchTargets
  llvm::StringRef guard;                      ///< guard predicate; empty if none
  bool guardNegated = false;
  uint32_t scope = 0;
  uint32_t line = 0;
  llvm::StringRef text; ///< the statement in the source
  Location loc;
};

/// A scalar or array variable (also a parameter).
struct Variable {
  llvm::StringRef name;
  Space space = Space::Generic;
  ScalarType type = ScalarType::None;
  uint64_t count = 1; ///< elements; 0 for an array without a size
  bool array = false;
  Linkage linkage = Linkage::Static;
  bool pointer = false; ///< .ptr on an entry's parameter
  uint32_t align = 1;
  uint32_t line = 0;
  /// Initialised elements, the rest is zero. A name's `negated` marks generic(name), `value` a
  /// mask.
  std::vector<std::pair<uint64_t, Operand>> init;
  llvm::SmallVector<uint64_t, 2> dims; ///< elements by dimension; 0: not given
  bool isExternal() const { return linkage == Linkage::Extern; }
  uint64_t bytes() const { return count * bytesOf(type); }
};

/// A register or a family of registers: `%r<10>` has prefix %r and count 10.
struct RegisterDecl {
  llvm::StringRef name;
  ScalarType type = ScalarType::None;
  int64_t count = -1; ///< -1: a single register
  uint32_t id = 0;    ///< first number among the function's registers
};

struct Scope {
  uint32_t parent = ~0u;
  llvm::StringMap<RegisterDecl> registers;
  llvm::StringMap<uint32_t> variables; ///< index into Function::variables
  llvm::StringMap<uint32_t> labels;    ///< index into Function::body
  llvm::StringMap<unsigned> vectors;   ///< elements of vector registers; `registers` has a.x ...
};

struct Function {
  llvm::StringRef name;
  Linkage linkage = Linkage::Static;
  bool entry = false;
  bool defined = false;
  uint32_t line = 0;
  std::vector<uint32_t> params, results; ///< indices into `variables`
  std::vector<Variable> variables;       ///< parameters and everything declared in the body
  std::vector<Scope> scopes;             ///< scope 0 is the function's
  std::vector<ScalarType> registerTypes; ///< by register number
  std::vector<Statement> body;
  std::optional<std::array<uint32_t, 3>> reqntid, maxntid, reqnctapercluster;
  std::optional<uint32_t> maxClusterRank;
  bool explicitCluster = false, blocksAreClusters = false;
};

/// `.alias name, target;`
struct Alias {
  llvm::StringRef name, target;
  uint32_t line = 0;
};

struct Module {
  std::string name;              ///< in messages
  std::string text;              ///< owns all names but those of intern()
  std::deque<std::string> names; ///< that the parser made
  llvm::StringRef intern(const llvm::Twine &name) { return names.emplace_back(name.str()); }
  std::string target;
  unsigned versionMajor = 0, versionMinor = 0;
  std::vector<Variable> variables; ///< module scope
  std::vector<Function> functions;
  std::vector<Alias> aliases;
  llvm::StringMap<uint32_t> variableIndex, functionIndex;
};

} // namespace cosmati::ptxvm::ast
