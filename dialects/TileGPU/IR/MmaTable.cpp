#include "dialects/TileGPU/IR/MmaTable.h"

#include "llvm/ADT/STLExtras.h"

namespace cosmati::tilegpu {

namespace {

struct TypeRow {
  llvm::StringLiteral name;
  unsigned bits;
};

constexpr TypeRow kTypes[] = {
#define MMA_TYPE(id, name, bits) {name, bits},
#include "dialects/TileGPU/IR/MmaInstructions.inc"
};

constexpr MmaInstruction kInstructions[] = {
#define MMA_INSTRUCTION(m, n, k, a, b, acc, bitOp, sparse, sm, ptxVersion, aRegisters, bRegisters, \
                        accRegisters, nvvmOp, ptx, saturatingPtx, intrinsic, saturatingIntrinsic)  \
  {m,                                                                                              \
   n,                                                                                              \
   k,                                                                                              \
   MmaType::a,                                                                                     \
   MmaType::b,                                                                                     \
   MmaType::acc,                                                                                   \
   MmaBitOp::bitOp,                                                                                \
   sparse,                                                                                         \
   sm,                                                                                             \
   ptxVersion,                                                                                     \
   aRegisters,                                                                                     \
   bRegisters,                                                                                     \
   accRegisters,                                                                                   \
   nvvmOp,                                                                                         \
   ptx,                                                                                            \
   saturatingPtx,                                                                                  \
   intrinsic,                                                                                      \
   saturatingIntrinsic},
#include "dialects/TileGPU/IR/MmaInstructions.inc"
};

/// Whether the row computes what is asked for, on whatever target.
bool computes(const MmaInstruction &row, const MmaQuery &query) {
  return row.a == query.a && row.b == query.b && row.acc == query.acc && row.bitOp == query.bitOp &&
         row.sparse == query.sparse;
}

std::string describe(const MmaQuery &query) {
  std::string text = query.sparse ? "sparse mma of " : "mma of ";
  text += mmaTypeName(query.a).str() + " x " + mmaTypeName(query.b).str() + " -> " +
          mmaTypeName(query.acc).str();
  if (query.bitOp != MmaBitOp::None)
    text += query.bitOp == MmaBitOp::Xor ? " (xor)" : " (and)";
  return text;
}

} // namespace

llvm::StringRef mmaTypeName(MmaType type) { return kTypes[size_t(type)].name; }
unsigned mmaTypeBits(MmaType type) { return kTypes[size_t(type)].bits; }

std::optional<MmaType> parseMmaType(llvm::StringRef name) {
  const TypeRow *row = llvm::find_if(kTypes, [&](const TypeRow &r) { return r.name == name; });
  if (row == std::end(kTypes))
    return std::nullopt;
  return MmaType(row - std::begin(kTypes));
}

llvm::ArrayRef<MmaInstruction> mmaTable() { return kInstructions; }

const MmaInstruction *mmaByIntrinsic(llvm::StringRef name) {
  const auto *row = llvm::find_if(kInstructions, [&](const MmaInstruction &r) {
    return r.intrinsic == name || (r.saturates() && r.saturatingIntrinsic == name);
  });
  return row == std::end(kInstructions) ? nullptr : row;
}

const MmaInstruction *mmaByName(llvm::StringRef name) {
  const auto *row =
      llvm::find_if(kInstructions, [&](const MmaInstruction &r) { return r.ptx == name; });
  return row == std::end(kInstructions) ? nullptr : row;
}

std::optional<int> computeCapability(llvm::StringRef target) {
  target.consume_front("sm_");
  int number = 0;
  if (target.consumeInteger(10, number) || number <= 0)
    return std::nullopt;
  return target.empty() || target == "a" || target == "f" ? std::optional(number) : std::nullopt;
}

llvm::SmallVector<const MmaInstruction *, 4> findMma(const MmaQuery &query) {
  llvm::SmallVector<const MmaInstruction *, 4> found;
  std::optional<int> sm = computeCapability(query.target);
  for (const MmaInstruction &row : kInstructions)
    if (sm && row.sm <= *sm && computes(row, query))
      found.push_back(&row);
  llvm::stable_sort(found, [](const MmaInstruction *x, const MmaInstruction *y) {
    return std::pair(x->k, x->m) > std::pair(y->k, y->m);
  });
  return found;
}

const MmaInstruction *bestMma(const MmaQuery &query, int64_t depth) {
  for (const MmaInstruction *row : findMma(query))
    if (depth > 0 && depth % row->k == 0)
      return row;
  return nullptr;
}

std::string whyNoMma(const MmaQuery &query, int64_t depth) {
  if (!computeCapability(query.target))
    return "'" + query.target.str() + "' is no target; write one as 80 or 90a";
  if (auto found = findMma(query); !found.empty())
    return "K=" + std::to_string(depth) + " is not a multiple of " +
           std::to_string(found.back()->k) + ", which " + describe(query) + " takes at least";
  int lowest = 0;
  for (const MmaInstruction &row : kInstructions)
    if (computes(row, query) && (lowest == 0 || row.sm < lowest))
      lowest = row.sm;
  if (lowest == 0)
    return "there is no " + describe(query) + " on any target";
  return "no " + describe(query) + " on " + query.target.str() + "; it needs sm_" +
         std::to_string(lowest);
}

} // namespace cosmati::tilegpu
