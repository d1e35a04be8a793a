//===- Profile.cpp - sums, operations, JSON -------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/profile/Profile.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"

using namespace cosmati::ptxvm;

#define COSMATI_PROFILE_FIELDS(X)                                                                  \
  X(executions, "executions")                                                                      \
  X(lanes, "lanes")                                                                                \
  X(globalRequests, "global_requests")                                                             \
  X(globalSectors, "global_sectors")                                                               \
  X(globalIdealSectors, "global_ideal_sectors")                                                    \
  X(globalReadBytes, "global_read_bytes")                                                          \
  X(globalWriteBytes, "global_write_bytes")                                                        \
  X(sharedRequests, "shared_requests")                                                             \
  X(sharedPasses, "shared_passes")                                                                 \
  X(sharedIdealPasses, "shared_ideal_passes")                                                      \
  X(sharedReadBytes, "shared_read_bytes")                                                          \
  X(sharedWriteBytes, "shared_write_bytes")                                                        \
  X(localReadBytes, "local_read_bytes")                                                            \
  X(localWriteBytes, "local_write_bytes")                                                          \
  X(asyncBytes, "async_bytes")                                                                     \
  X(atomics, "atomics")                                                                            \
  X(barrierWaits, "barrier_waits")                                                                 \
  X(floatOps, "float_ops")

void ProfileCounts::add(const ProfileCounts &other) {
#define X(field, name) field += other.field;
  COSMATI_PROFILE_FIELDS(X)
#undef X
  for (const auto &[type, ops] : other.tensorOps)
    tensorOps[type] += ops;
}

static llvm::json::Object objectOf(const ProfileCounts &c) {
  llvm::json::Object object;
#define X(field, name)                                                                             \
  if (c.field)                                                                                     \
    object[name] = c.field;
  COSMATI_PROFILE_FIELDS(X)
#undef X
  if (c.tensorOps.empty())
    return object;
  llvm::json::Object ops;
  for (const auto &[type, n] : c.tensorOps)
    ops[type] = n;
  object["tensor_ops"] = std::move(ops);
  return object;
}
llvm::json::Value cosmati::ptxvm::toJson(const ProfileCounts &counts) { return objectOf(counts); }

llvm::json::Value cosmati::ptxvm::toJson(const Profile &profile) {
  llvm::json::Array instructions;
  for (const ProfiledInstruction &p : profile.instructions) {
    llvm::json::Object object = objectOf(p.counts);
    object["line"] = p.line;
    object["text"] = p.text;
    object["loc"] = llvm::json::Array{p.locFile, p.locLine, p.locColumn};
    instructions.push_back(std::move(object));
  }
  return llvm::json::Object{{"total", objectOf(profile.total)},
                            {"footprint_bytes", profile.footprintBytes},
                            {"instructions", std::move(instructions)}};
}

namespace {

/// The words between the dots of the opcode: "mma", "sync", "aligned", ...; without a guard.
llvm::SmallVector<llvm::StringRef> wordsOf(llvm::StringRef instruction) {
  instruction = instruction.ltrim();
  if (instruction.consume_front("@"))
    instruction = instruction.drop_until([](char c) { return c == ' ' || c == '\t'; }).ltrim();
  llvm::SmallVector<llvm::StringRef> words;
  instruction.take_until([](char c) { return c == ' ' || c == '\t' || c == ';'; })
      .split(words, '.');
  return words;
}

/// m n k of "m16n8k16"; 0 if it is no shape.
uint64_t shapeProduct(llvm::StringRef word) {
  uint64_t m, n, k;
  if (!word.consume_front("m") || word.consumeInteger(10, m) || !word.consume_front("n") ||
      word.consumeInteger(10, n) || !word.consume_front("k") || word.getAsInteger(10, k))
    return 0;
  return m * n * k;
}

bool isElementType(llvm::StringRef word) {
  return llvm::StringSwitch<bool>(word)
      .Cases({"f16", "bf16", "tf32", "f32", "f64"}, true)
      .Cases({"s32", "s8", "u8", "s4", "u4", "b1", "e4m3", "e5m2"}, true)
      .Default(false);
}

} // namespace

uint64_t cosmati::ptxvm::tensorOpsOf(llvm::StringRef instruction, std::string &type) {
  auto words = wordsOf(instruction);
  llvm::StringRef opcode = words[0];
  bool wmma = opcode == "wmma" && words.size() > 1 && words[1].starts_with("mma");
  bool wgmma = opcode == "wgmma" && words.size() > 1 && words[1].starts_with("mma_async");
  if (opcode != "mma" && !wmma && !wgmma)
    return 0;
  uint64_t product = 0;
  llvm::SmallVector<llvm::StringRef> types;
  for (llvm::StringRef word : words) {
    product = product ? product : shapeProduct(word);
    if (isElementType(word))
      types.push_back(word);
  }
  // Types stand in the order D, A, B, C; wmma of f16 names D and C only.
  type = types.size() > 2 || (wgmma && types.size() == 2) ? types[1].str() : "f16";
  return 2 * product / (wgmma ? 4 : 1);
}

uint64_t cosmati::ptxvm::floatOpsOf(llvm::StringRef instruction) {
  auto words = wordsOf(instruction);
  uint64_t ops = llvm::StringSwitch<uint64_t>(words[0])
                     .Case("fma", 2)
                     .Cases({"add", "sub", "mul", "div", "rcp", "sqrt", "rsqrt"}, 1)
                     .Cases({"min", "max", "abs", "neg", "ex2", "lg2", "sin", "cos", "tanh"}, 1)
                     .Default(words[0] == "mad" ? 2 : 0);
  llvm::StringRef type = words.back();
  return ops * llvm::StringSwitch<uint64_t>(type)
                   .Cases({"f32", "f64", "f16", "bf16"}, 1)
                   .Cases({"f16x2", "bf16x2", "f32x2"}, 2)
                   .Default(0);
}
