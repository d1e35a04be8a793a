#include "dialects/Layout/LayoutQueries.h"

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LayoutError.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

namespace cosmati {

using detail::exactLog2;
using detail::layoutBug;

int64_t uniqueElementsPerThread(const LinearLayout &layout) {
  return int64_t(1) << f2::rank(layout.columns(LayoutDim::Register));
}

ReplicationMasks replicationMasks(const LinearLayout &layout) {
  uint32_t free = layout.freeInputBits();
  auto of = [&](LayoutDim dim) -> uint32_t { return layout.in().coordinate(free, dim); };
  return {of(LayoutDim::Register), of(LayoutDim::Lane), of(LayoutDim::Warp), of(LayoutDim::Block)};
}

//===----------------------------------------------------------------------------------------------===//
// Vector accesses
//===----------------------------------------------------------------------------------------------===//

LinearLayout linearize(const LinearLayout &layout, llvm::ArrayRef<int64_t> order) {
  if (order.empty())
    return layout.flatten();
  llvm::SmallVector<int64_t, 4> slowestFirst(llvm::reverse(order));
  return layout.transpose(slowestFirst).flatten();
}

namespace {

/// Whether every thread's base can be a multiple of 2^bits while its registers fill all of the
/// 2^bits positions above it.
bool canVectorize(const LinearLayout &toOffset, uint32_t offsetShift, unsigned bits) {
  uint32_t low = f2::lowMask(bits) << offsetShift;
  for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
    for (uint32_t column : toOffset.columns(dim))
      if (column & low)
        return false;
  f2::Subspace registers(toOffset.columns(LayoutDim::Register));
  for (unsigned i = 0; i < bits; ++i)
    if (!registers.contains(uint32_t(1) << (offsetShift + i)))
      return false;
  return true;
}

/// The dim that carries the offset: the named one, or the only one.
LayoutDim offsetDim(const LinearLayout &toOffset) {
  if (toOffset.out().has(LayoutDim::Offset))
    return LayoutDim::Offset;
  if (toOffset.out().rank() != 1)
    layoutBug("a map to linear offsets has one output or an output 'offset': " +
              toOffset.toString());
  return toOffset.out().axes().front().dim;
}

} // namespace

VectorAccess vectorAccess(const LinearLayout &toOffset, int64_t maxWidth) {
  LayoutDim dim = offsetDim(toOffset);
  uint32_t shift = toOffset.out().shift(dim);
  unsigned bits = std::min(exactLog2(maxWidth, "the vector width"), toOffset.outBits(dim));
  while (bits && !canVectorize(toOffset, shift, bits))
    --bits;

  VectorAccess access;
  access.width = int64_t(1) << bits;
  llvm::ArrayRef<uint32_t> columns = toOffset.columns(LayoutDim::Register);
  for (int32_t reg = 0; reg < toOffset.inSize(LayoutDim::Register); ++reg) {
    int32_t offset = toOffset.out().coordinate(f2::apply(columns, reg), dim);
    int32_t slot = offset & (access.width - 1), base = offset - slot;
    // A register that repeats an element opens a further group of the same offset.
    auto *group = llvm::find_if(access.groups, [&](const VectorGroup &g) {
      return g.offset == base && g.registers[slot] < 0;
    });
    if (group == access.groups.end()) {
      access.groups.push_back({base, llvm::SmallVector<int32_t, 8>(access.width, -1)});
      group = &access.groups.back();
    }
    group->registers[slot] = reg;
  }
  return access;
}

int64_t vectorWidth(const LinearLayout &layout, llvm::ArrayRef<int64_t> order, int64_t maxWidth) {
  if (layout.out().rank() == 0)
    return 1;
  unsigned fastest = order.empty() ? layout.out().rank() - 1 : order.front();
  LinearLayout linear = linearize(layout, order);
  llvm::ArrayRef<uint32_t> registers = linear.columns(LayoutDim::Register);
  unsigned limit = std::min<unsigned>({exactLog2(maxWidth, "the vector width"),
                                       layout.outBits(tensorDim(fastest)),
                                       static_cast<unsigned>(registers.size())});
  unsigned bits = 0;
  while (bits < limit && registers[bits] == uint32_t(1) << bits)
    ++bits;
  auto alignedTo = [&](unsigned k) {
    uint32_t low = f2::lowMask(k);
    for (LayoutDim dim : {LayoutDim::Lane, LayoutDim::Warp, LayoutDim::Block})
      for (uint32_t column : linear.columns(dim))
        if (column & low)
          return false;
    return llvm::all_of(registers.drop_front(k), [&](uint32_t c) { return (c & low) == 0; });
  };
  while (bits && !alignedTo(bits))
    --bits;
  return int64_t(1) << bits;
}

//===----------------------------------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------------------------------===//

int64_t sharedElementBytes(unsigned elementBits) {
  return exactLog2(elementBits, "the element's bits") < 3 ? 1 : elementBits / 8;
}

std::optional<LinearLayout> placeToOffset(const LinearLayout &distributed,
                                          const LinearLayout &shared) {
  return distributed.invertAndCompose(shared);
}

BankConflicts bankConflicts(const LinearLayout &distributed, const LinearLayout &shared,
                            unsigned elementBits, int64_t vectorWidth) {
  std::optional<LinearLayout> toOffset = placeToOffset(distributed, shared);
  if (!toOffset)
    layoutBug("shared memory " + shared.toString() + " does not hold all that " +
              distributed.toString() + " holds");
  return bankConflicts(*toOffset, elementBits, vectorWidth);
}

BankConflicts bankConflicts(const LinearLayout &toOffset, unsigned elementBits,
                            int64_t vectorWidth) {
  unsigned elementLog = llvm::Log2_64(sharedElementBytes(elementBits));
  unsigned accessLog = elementLog + exactLog2(vectorWidth, "the vector width");
  if (accessLog > 4)
    layoutBug("an access of " + llvm::Twine(1 << accessLog) + " bytes exceeds 16 bytes");
  LayoutDim dim = offsetDim(toOffset);

  // The words that one phase touches form a subspace: spanned by the phase's lane bits and by the
  // bits within the access. As many of its vectors share a bank as map to bank 0.
  llvm::ArrayRef<uint32_t> lanes = toOffset.columns(LayoutDim::Lane);
  unsigned phaseLanes = std::min<unsigned>(lanes.size(), accessLog <= 2 ? 5 : 7 - accessLog);
  f2::Columns words, banks;
  for (uint32_t column : lanes.take_front(phaseLanes)) {
    uint64_t byte = static_cast<uint64_t>(toOffset.out().coordinate(column, dim)) << elementLog;
    words.push_back(static_cast<uint32_t>(byte >> 2));
  }
  for (unsigned bit = 2; bit < accessLog; ++bit)
    words.push_back(uint32_t(1) << (bit - 2));
  for (uint32_t word : words)
    banks.push_back(word & 31);

  BankConflicts result;
  result.ideal = int64_t(1) << (lanes.size() - phaseLanes);
  result.wavefronts = result.ideal << (f2::rank(words) - f2::rank(banks));
  return result;
}

} // namespace cosmati
