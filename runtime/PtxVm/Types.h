//===- Types.h - PTX fundamental types --------------------------*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Ids.h"
#include "llvm/ADT/StringRef.h"

namespace cosmati::ptxvm {

/// The type called `name` (without the dot), or None.
ScalarType parseScalarType(llvm::StringRef name);
llvm::StringRef typeName(ScalarType type);
unsigned bitsOf(ScalarType type);
TypeClass classOf(ScalarType type);
inline unsigned bytesOf(ScalarType type) { return (bitsOf(type) + 7) / 8; }

llvm::StringRef spaceName(Space space);

} // namespace cosmati::ptxvm
