//===- Findings.h - Making and collecting reports -------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/PtxVm/Cta.h"

namespace cosmati::ptxvm {

/// Everything about one access that a report names. `what`: "write of 4 bytes", "read of 16 bytes",
/// "asynchronous write (cp.async) of 16 bytes".
AccessPoint accessPoint(const Launch &launch, uint32_t instruction, std::string what,
                        std::array<uint32_t, 3> ctaid, uint32_t warp, unsigned lane);
AccessPoint accessPoint(const Warp &w, const Inst *i, std::string what, unsigned lane);

/// The variable that holds this byte of shared memory, or of local memory (one of the running
/// function); null if there is none.
const VariableInfo *sharedVariable(const Launch &launch, uint64_t address);
const VariableInfo *localVariable(const Warp &w, uint64_t address);

/// Where an address lies, for people: "byte 16 of 'x' (80 bytes)", "byte 128 of shared memory
/// ('tile' + 0)", "byte 8 of the thread's local memory". `owner`: whose shared memory.
std::string describeAddress(const Launch &launch, Space space, uint64_t address,
                            const Cta *owner = nullptr);
/// Fills Finding::buffer and Finding::index; shared memory goes by the variable's name.
void nameBuffer(const Launch &launch, Space space, uint64_t address, Finding &finding);

/// The report's text: first line "KIND in kernel 'k', program id (..), thread (..): `sentence`",
/// then one paragraph per access, then `hint` (the remedy). Fills the first access's place into the
/// finding's own fields.
void compose(const Launch &launch, Finding &finding, const std::string &sentence,
             const std::string &hint);

// The pieces of a report.
std::string tripleText(const std::array<uint32_t, 3> &v);
/// "k.ptx:12: ld.global.f32 ...;" and the `.loc` in force.
std::string placeText(const Launch &launch, const AccessPoint &p);
/// "KIND in kernel 'k', program id (0,0,0), thread (1,0,0)".
std::string headerText(const Finding &finding);
/// Copies the access's place into the finding's own fields.
void takePlace(Finding &finding, const AccessPoint &p);

/// Adds a finding. Findings of one kind at the same pair of instructions are counted, not repeated
/// (Finding::occurrences). `stop`: the launch ends; checkers go on, faults stop.
void addFinding(Launch &launch, Finding finding, bool stop);

} // namespace cosmati::ptxvm
