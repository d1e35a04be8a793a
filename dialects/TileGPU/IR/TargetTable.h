// The architectures as data: one row each.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace cosmati::tilegpu {

/// What one architecture has. Sources: CUDA C++ Programming Guide, "Technical Specifications per
/// Compute Capability" (sizes); PTX ISA, "Target ISA Notes" and "PTX ISA Notes" of each instruction
/// (features, versions).
struct TargetRow {
  llvm::StringLiteral sm; ///< without "sm_": "90a"
  int ptxVersion;         ///< lowest PTX ISA that knows the target; 80 = 8.0
  int fp8PtxVersion;      ///< lowest PTX ISA with fp8 cvt on this target; 0: no fp8 cvt
  int maxSharedBytes;     ///< per CTA, opted in
  int sharedBytesPerSM;   ///< for estimates of occupancy
  int maxThreadsPerSM;
  int maxRegistersPerThread;
  int registersPerCta; ///< 32-bit registers, given out to warps in units of 8 per thread
  bool cpAsync;        ///< cp.async (sm_80)
  bool bf16Arithmetic; ///< add, mul, sub on bf16 (sm_90); fma.bf16 is there since sm_80
  bool mbarrier;       ///< mbarrier with transaction counts, as bulk copies need it (sm_90)
  bool stmatrix;       ///< stmatrix (sm_90)
  bool wgmma;          ///< wgmma (sm_90a only)
  /// Whether mma.sync of 8-bit floats is one machine instruction. Where it is not, as on sm_90 and
  /// sm_100, ptxas makes conversions, f16 products and further additions of it: f16 from the start
  /// is less, and sums in full f32 (seen in the machine code of ptxas 13.0).
  bool fp8Mma;
};

/// All rows, by ascending architecture.
llvm::ArrayRef<TargetRow> targetTable();

/// The row of "90a"; null where there is none.
const TargetRow *findTarget(llvm::StringRef sm);

/// "80, 86, ...", for error messages.
std::string knownTargets();

} // namespace cosmati::tilegpu
