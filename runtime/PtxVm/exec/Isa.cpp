//===- Isa.cpp - The selectors of one instruction set ---------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Isa.h"

#define COSMATI_VM_STRING2(x) #x
#define COSMATI_VM_STRING(x) COSMATI_VM_STRING2(x)

namespace cosmati::ptxvm {

// Families compiled once.
namespace base {
Handler selectIntCarry(const Selection &);
Handler selectAtomic(const Selection &);
Handler selectBarrier(const Selection &);
Handler selectControl(const Selection &);
Handler selectMisc(const Selection &);
Handler selectAsyncCopy(const Selection &);
Handler selectMbarrier(const Selection &);
Handler selectBulk(const Selection &);
Handler selectWmma(const Selection &);
Handler selectCluster(const Selection &);
Handler selectTensor(const Selection &);
} // namespace base

// Families compiled for each instruction set.
namespace COSMATI_VM_ISA {
Handler selectIntArith(const Selection &);
Handler selectIntWide(const Selection &);
Handler selectIntBits(const Selection &);
Handler selectLogic(const Selection &);
Handler selectCompare(const Selection &);
Handler selectSelect(const Selection &);
Handler selectFloatArith(const Selection &);
Handler selectFloatMisc(const Selection &);
Handler selectFloatApprox(const Selection &);
Handler selectHalf(const Selection &);
Handler selectConvert(const Selection &);
Handler selectConvertFloat(const Selection &);
Handler selectMove(const Selection &);
Handler selectMemory(const Selection &);
Handler selectWarpOps(const Selection &);
Handler selectMatrix(const Selection &);
Handler selectMma(const Selection &);
Handler selectWgmma(const Selection &);

extern const Isa isa;
const Isa isa = {COSMATI_VM_STRING(COSMATI_VM_ISA),
                 {selectIntArith,
                  selectIntWide,
                  base::selectIntCarry,
                  selectIntBits,
                  selectLogic,
                  selectCompare,
                  selectSelect,
                  selectFloatArith,
                  selectFloatMisc,
                  selectFloatApprox,
                  selectHalf,
                  selectConvert,
                  selectConvertFloat,
                  selectMove,
                  selectMemory,
                  base::selectAtomic,
                  selectWarpOps,
                  base::selectBarrier,
                  base::selectControl,
                  base::selectMisc,
                  selectMatrix,
                  selectMma,
                  base::selectWmma,
                  selectWgmma,
                  base::selectAsyncCopy,
                  base::selectMbarrier,
                  base::selectBulk,
                  base::selectTensor,
                  base::selectCluster}};
} // namespace COSMATI_VM_ISA

} // namespace cosmati::ptxvm
