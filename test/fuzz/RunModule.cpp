//===- RunModule.cpp ------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "test/fuzz/RunModule.h"
#include "runtime/PtxVm/PtxVm.h"
#include <algorithm>

using namespace cosmati::ptxvm;

namespace {

constexpr uint64_t kMaxInstructions = 3000; ///< warp instructions per CTA
constexpr size_t kMaxEntries = 2;
constexpr size_t kBufferBytes = 4096;

/// 64-bit parameters become pointers, the others small numbers: most kernels then get far.
void fillParams(const EntryInfo &entry, uint64_t pointer, ParamBlock &params) {
  for (size_t k = 0; k < entry.params.size(); ++k) {
    const ParamInfo &p = entry.params[k];
    std::vector<uint8_t> bytes(p.bytes);
    uint64_t value = p.bytes == 8 ? pointer + 256 * (k % 8) : 16 + k;
    std::memcpy(bytes.data(), &value, std::min<size_t>(8, bytes.size()));
    params.setBytes(k, bytes.data(), bytes.size());
  }
}

std::array<uint32_t, 3> blockFor(const EntryInfo &entry) {
  if (entry.reqntid)
    return *entry.reqntid;
  std::array<uint32_t, 3> block{40, 1, 1};
  if (entry.maxntid)
    block[0] = std::min(block[0], std::max(1u, (*entry.maxntid)[0]));
  return block;
}

} // namespace

vmfuzz::Outcome vmfuzz::runModule(llvm::StringRef ptx) {
  Outcome outcome;
  auto module = Module::parse(ptx, "fuzz.ptx");
  if (!module) {
    llvm::consumeError(module.takeError());
    return outcome;
  }
  outcome.loaded = true;
  std::vector<uint8_t> buffer(kBufferBytes);
  AddressSpace memory;
  uint64_t pointer = memory.map(buffer.data(), buffer.size(), "buffer", true);
  LaunchConfig config;
  config.grid = {2, 1, 1};
  config.threads = 1;
  config.maxInstructions = kMaxInstructions;
  config.print = [](llvm::StringRef) {};
  size_t n = std::min(kMaxEntries, (*module)->entries().size());
  for (size_t k = 0; k < n; ++k) {
    const EntryInfo &entry = (*module)->entries()[k];
    config.block = blockFor(entry);
    ParamBlock params(entry);
    fillParams(entry, pointer, params);
    for (Check checks : {Check::None, Check::All}) {
      config.checks = checks;
      config.seed = checks == Check::All; // another order of execution, too
      Report report;
      llvm::Error e = launch(**module, entry.name, config, params.bytes(), memory, &report);
      outcome.launches += !e || !report.findings.empty();
      outcome.finished += !e;
      llvm::consumeError(std::move(e));
    }
  }
  return outcome;
}
