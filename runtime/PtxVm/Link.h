//===- Link.h - Symbols of several modules ----------------------*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What linkers of device code do: a name declared .extern stands for the .visible, .weak or .common
// definition of another module. Names without any of these words belong to their module alone. Of
// several definitions one .visible wins over .common and .weak ones, the largest .common over .weak
// ones, and the first .weak one. Kernels are known to all modules.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Ast.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace cosmati::ptxvm {

/// A variable or function: the module's number and its index there.
struct SymbolId {
  uint32_t module = 0, index = 0;
  bool operator==(const SymbolId &other) const = default;
};

/// What the module-scope names of one module stand for.
struct ModuleSymbols {
  llvm::StringMap<SymbolId> variables, functions;
  llvm::StringMap<uint32_t> unresolved; ///< .extern variables that nobody defines; their lines
};

/// Resolves the names of all `modules`. Errors name both places: a second definition, or a
/// declaration that doesn't fit its definition.
llvm::Expected<std::vector<ModuleSymbols>>
linkModules(llvm::ArrayRef<std::unique_ptr<ast::Module>> modules);

/// Equal results and parameters: sizes, alignments, kinds.
bool sameSignature(const ast::Function &a, const ast::Function &b);
/// "(.b32) f (.b64, .align 8 .b8[16])", for messages.
std::string signatureOf(const ast::Function &function);

/// `.extern .shared a[]`: the memory that the launch adds.
bool isDynamicShared(const ast::Variable &variable);

} // namespace cosmati::ptxvm
