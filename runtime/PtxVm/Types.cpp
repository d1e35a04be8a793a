//===- Types.cpp ----------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Types.h"

using namespace cosmati::ptxvm;

namespace {
struct TypeRow {
  llvm::StringLiteral name;
  unsigned bits;
  TypeClass cls;
};
constexpr TypeRow rows[] = {{"none", 0, TypeClass::None},
#define X(id, name, bits, cls) {name, bits, TypeClass::cls},
                            COSMATI_PTX_TYPES(X)
#undef X
};
} // namespace

ScalarType cosmati::ptxvm::parseScalarType(llvm::StringRef name) {
  for (size_t i = 1; i < std::size(rows); ++i)
    if (rows[i].name == name)
      return ScalarType(i);
  return ScalarType::None;
}

llvm::StringRef cosmati::ptxvm::typeName(ScalarType type) { return rows[size_t(type)].name; }
unsigned cosmati::ptxvm::bitsOf(ScalarType type) { return rows[size_t(type)].bits; }
TypeClass cosmati::ptxvm::classOf(ScalarType type) { return rows[size_t(type)].cls; }

llvm::StringRef cosmati::ptxvm::spaceName(Space space) {
  switch (space) {
  case Space::Generic:
    return "generic";
  case Space::Reg:
    return "register";
  case Space::Global:
    return "global";
  case Space::Const:
    return "const";
  case Space::Shared:
    return "shared";
  case Space::Local:
    return "local";
  case Space::Param:
    return "param";
  }
  return "";
}
