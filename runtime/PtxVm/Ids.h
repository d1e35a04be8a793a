//===- Ids.h - Enumerations shared with the handlers ---------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace cosmati::ptxvm {

/// How the bits of a type are read.
enum class TypeClass : uint8_t { None, Pred, Bits, Unsigned, Signed, Float, Packed };

// X(enumerator, PTX name, bits, class)
#define COSMATI_PTX_TYPES(X)                                                                       \
  X(Pred, "pred", 1, Pred)                                                                         \
  X(B8, "b8", 8, Bits)                                                                             \
  X(B16, "b16", 16, Bits)                                                                          \
  X(B32, "b32", 32, Bits)                                                                          \
  X(B64, "b64", 64, Bits)                                                                          \
  X(B128, "b128", 128, Bits)                                                                       \
  X(U8, "u8", 8, Unsigned)                                                                         \
  X(U16, "u16", 16, Unsigned)                                                                      \
  X(U32, "u32", 32, Unsigned)                                                                      \
  X(U64, "u64", 64, Unsigned)                                                                      \
  X(S8, "s8", 8, Signed)                                                                           \
  X(S16, "s16", 16, Signed)                                                                        \
  X(S32, "s32", 32, Signed)                                                                        \
  X(S64, "s64", 64, Signed)                                                                        \
  X(F16, "f16", 16, Float)                                                                         \
  X(BF16, "bf16", 16, Float)                                                                       \
  X(F32, "f32", 32, Float)                                                                         \
  X(F64, "f64", 64, Float)                                                                         \
  X(TF32, "tf32", 32, Float)                                                                       \
  X(U16x2, "u16x2", 32, Packed)                                                                    \
  X(S16x2, "s16x2", 32, Packed)                                                                    \
  X(F16x2, "f16x2", 32, Packed)                                                                    \
  X(BF16x2, "bf16x2", 32, Packed)                                                                  \
  X(E4M3x2, "e4m3x2", 16, Packed)                                                                  \
  X(E5M2x2, "e5m2x2", 16, Packed)

/// State spaces that variables live in.
enum class Space : uint8_t { Generic, Reg, Global, Const, Shared, Local, Param };

enum class ScalarType : uint8_t {
  None,
#define X(id, name, bits, cls) id,
  COSMATI_PTX_TYPES(X)
#undef X
};

/// One enumerator per row of the instruction table.
enum class InstId : uint16_t {
#define PTX_INST(id, family, cls, syntax, operands) id,
#include "runtime/PtxVm/Instructions.inc"
  NumInsts
};

/// Files of handlers; each has one selector per instruction set of the host.
enum class Family : uint8_t {
#define PTX_FAMILY(id) id,
#include "runtime/PtxVm/Instructions.inc"
  NumFamilies
};

/// Modifiers that change what an instruction does.
enum class Mod : uint8_t {
#define PTX_MOD(id, text) id,
#include "runtime/PtxVm/Modifiers.def"
  NumMods
};

} // namespace cosmati::ptxvm
