#include "dialects/TileGPU/IR/TargetTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace cosmati::tilegpu {

static constexpr int kKiB = 1024;

// clang-format off
static constexpr TargetRow kTargets[] = {
  // sm     ptx fp8ptx max shared   shared per SM threads regs of CTA     cpAsync bf16  mbarrier stmatrix wgmma  fp8 mma
  {"80",    70,  0,    163 * kKiB,  164 * kKiB,   2048,   255, 65536, true,   false, false,   false,   false,  false},
  {"86",    71,  0,     99 * kKiB,  100 * kKiB,   1536,   255, 65536, true,   false, false,   false,   false,  false},
  {"87",    74,  0,    163 * kKiB,  164 * kKiB,   1536,   255, 65536, true,   false, false,   false,   false,  false},
  {"89",    78,  81,    99 * kKiB,  100 * kKiB,   1536,   255, 65536, true,   false, false,   false,   false,  true},
  {"90",    78,  78,   227 * kKiB,  228 * kKiB,   2048,   255, 65536, true,   true,  true,    true,    false,  false},
  {"90a",   80,  80,   227 * kKiB,  228 * kKiB,   2048,   255, 65536, true,   true,  true,    true,    true,   false},
  {"100",   86,  86,   227 * kKiB,  228 * kKiB,   2048,   255, 65536, true,   true,  true,    true,    false,  false},
  {"100a",  86,  86,   227 * kKiB,  228 * kKiB,   2048,   255, 65536, true,   true,  true,    true,    false,  false},
  {"120",   87,  87,    99 * kKiB,  100 * kKiB,   1536,   255, 65536, true,   true,  true,    true,    false,  true},
  {"120a",  87,  87,    99 * kKiB,  100 * kKiB,   1536,   255, 65536, true,   true,  true,    true,    false,  true},
};
// clang-format on

llvm::ArrayRef<TargetRow> targetTable() { return kTargets; }

const TargetRow *findTarget(llvm::StringRef sm) {
  const TargetRow *row = llvm::find_if(kTargets, [&](const TargetRow &r) { return r.sm == sm; });
  return row == std::end(kTargets) ? nullptr : row;
}

std::string knownTargets() {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(kTargets, os, [&](const TargetRow &row) { os << row.sm; });
  return text;
}

} // namespace cosmati::tilegpu
