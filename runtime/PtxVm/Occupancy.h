//===- Occupancy.h - How many CTAs a GPU holds at once -------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A grid runs in waves: the CTAs that fit run at once, and one that ends makes room for the next.
// Programs that wait for each other (locks, flags) are right only as long as those they wait for
// are resident, so the machine holds as many as the GPU that it stands for.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace cosmati::ptxvm {

/// A GPU that stands for its architecture. Limits of a multiprocessor: CUDA C++ Programming Guide,
/// "Technical Specifications per Compute Capability"; their number: the GPU's data sheet.
struct GpuModel {
  unsigned sm;
  const char *name;
  uint32_t multiprocessors;
  uint32_t threads, ctas;         ///< of a multiprocessor, at most
  uint32_t sharedBytes;           ///< of a multiprocessor
  uint32_t sharedBytesOfCta;      ///< at most, for kernels that opt in
  uint32_t sharedBytesReserved;   ///< of each CTA, by the system
  uint32_t registers = 64 * 1024; ///< of a multiprocessor, of 32 bits
};

/// The model for ".target sm_90a": of that architecture, or of the newest older one that is known.
const GpuModel &gpuModel(llvm::StringRef target);

/// What a CTA takes.
struct CtaNeeds {
  uint32_t threads = 32;
  uint32_t sharedBytes = 0;
  uint32_t registers = 0; ///< of a thread; 0: unknown, they don't limit
};
/// CTAs that one multiprocessor holds at once; at least 1.
uint32_t ctasPerMultiprocessor(const GpuModel &gpu, const CtaNeeds &needs);
/// CTAs that the GPU holds at once.
uint64_t residentCtas(const GpuModel &gpu, const CtaNeeds &needs);

} // namespace cosmati::ptxvm
