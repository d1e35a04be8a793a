// Executes plans for ldmatrix and stmatrix on simulated lanes, following the PTX ISA, and counts
// bank conflicts bank by bank.
#pragma once

#include "dialects/Layout/MatrixAccess.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

namespace cosmati::test {

/// Shared memory and registers hold tags in units of min(elementBits, 8) bits: a tag says which
/// part of which element it is. -1 is garbage.
class MatrixAccessSimulator {
public:
  MatrixAccessSimulator(const LinearLayout &distributed, const LinearLayout &shared,
                        unsigned elementBits, const MatrixAccessPlan &plan)
      : distributed(distributed), shared(shared), plan(plan), unit(std::min(elementBits, 8u)),
        parts(elementBits / unit), wordUnits(32 / unit) {}

  /// Whether ldmatrix fills every register with its element, and `packed` orders them.
  bool load() {
    for (int32_t block = 0; block < distributed.inSize(LayoutDim::Block); ++block) {
      std::vector<int64_t> memory = filledMemory(block);
      for (int32_t warp = 0; warp < distributed.inSize(LayoutDim::Warp); ++warp) {
        std::vector<Words> lanes(32);
        for (size_t i = 0; i < plan.instructions.size(); ++i)
          loadMatrices(memory, i, warp, block, lanes);
        for (int32_t lane = 0; lane < 32; ++lane)
          checkRegisters(lanes[lane], lane, warp, block);
      }
    }
    return correct;
  }

  /// Whether stmatrix brings every element to its place.
  bool store() {
    for (int32_t block = 0; block < distributed.inSize(LayoutDim::Block); ++block) {
      std::vector<int64_t> wanted = filledMemory(block), memory(wanted.size(), -1);
      for (int32_t warp = 0; warp < distributed.inSize(LayoutDim::Warp); ++warp)
        if (!(warp & plan.replicas.warps))
          for (size_t i = 0; i < plan.instructions.size(); ++i)
            storeMatrices(memory, i, warp, block);
      correct &= memory == wanted;
    }
    return correct;
  }

  /// Wavefronts of the whole plan, counted for one warp: each matrix reads eight rows at once.
  int64_t wavefronts(int32_t warp) const {
    int64_t total = 0;
    for (size_t i = 0; i < plan.instructions.size(); ++i)
      for (int64_t m = 0; m < plan.matrices; ++m) {
        std::map<int64_t, std::set<int64_t>> wordsOfBank;
        for (int r = 0; r < 8; ++r)
          for (int64_t k = 0; k < 4; ++k) {
            int64_t word = address(i, 8 * m + r, warp, 0) / 4 + k;
            wordsOfBank[word % 32].insert(word);
          }
        size_t most = 1;
        for (const auto &[bank, words] : wordsOfBank)
          most = std::max(most, words.size());
        total += most;
      }
    return total;
  }

private:
  using Word = std::array<int64_t, 8>; ///< units of a 32-bit register
  using Words = std::vector<Word>;

  int64_t tag(int64_t element, unsigned part) const { return element * parts + part; }

  /// What the CTA's shared memory holds, in units.
  std::vector<int64_t> filledMemory(int32_t block) const {
    std::vector<int64_t> memory;
    uint32_t base = shared.in().flatten({{LayoutDim::Block, block}});
    for (int64_t offset = 0; offset < shared.inSize(LayoutDim::Offset); ++offset)
      for (unsigned part = 0; part < parts; ++part)
        memory.push_back(tag(shared.applyFlat(base | offset), part));
    return memory;
  }

  /// The byte address that a lane supplies.
  int64_t address(size_t instruction, int64_t lane, int32_t warp, int32_t block) const {
    ThreadPlace place{static_cast<uint32_t>(lane), static_cast<uint32_t>(warp),
                      static_cast<uint32_t>(block)};
    const MatrixInstruction &at = plan.instructions[instruction];
    return (plan.rowAddress.evaluate(place) ^ at.flip) + at.add;
  }

  /// The place in memory of unit `k` of lane `lane`'s word of matrix `m`.
  int64_t unitAt(size_t instruction, int64_t m, int lane, unsigned k, int32_t warp, int32_t block) {
    unsigned halfUnits = wordUnits / 2, half = k / halfUnits, within = k % halfUnits;
    int row = plan.transposed ? 2 * (lane % 4) + half : lane / 4;
    int piece = plan.transposed ? lane / 4 : 2 * (lane % 4) + half;
    int64_t byte = address(instruction, 8 * m + row, warp, block);
    correct &= byte % 16 == 0;
    return byte * 8 / unit + piece * halfUnits + within;
  }

  void loadMatrices(const std::vector<int64_t> &memory, size_t instruction, int32_t warp,
                    int32_t block, std::vector<Words> &lanes) {
    for (int64_t m = 0; m < plan.matrices; ++m)
      for (int lane = 0; lane < 32; ++lane) {
        Word &word = lanes[lane].emplace_back();
        for (unsigned k = 0; k < wordUnits; ++k)
          word[k] = memory.at(unitAt(instruction, m, lane, k, warp, block));
      }
  }

  void storeMatrices(std::vector<int64_t> &memory, size_t instruction, int32_t warp,
                     int32_t block) {
    for (int64_t m = 0; m < plan.matrices; ++m)
      for (int lane = 0; lane < 32; ++lane) {
        const auto &registers = plan.words[instruction * plan.matrices + m];
        uint32_t place = flatPlace(lane, warp, block);
        for (unsigned k = 0; k < wordUnits; ++k)
          memory.at(unitAt(instruction, m, lane, k, warp, block)) =
              tag(distributed.applyFlat(place | registers[k / parts]), k % parts);
      }
  }

  uint32_t flatPlace(int32_t lane, int32_t warp, int32_t block) const {
    return distributed.in().flatten(
        {{LayoutDim::Lane, lane}, {LayoutDim::Warp, warp}, {LayoutDim::Block, block}});
  }

  void checkRegisters(const Words &words, int32_t lane, int32_t warp, int32_t block) {
    uint32_t place = flatPlace(lane, warp, block);
    correct &= words.size() == plan.words.size();
    correct &= plan.elements.size() == size_t(distributed.inSize(LayoutDim::Register));
    for (size_t reg = 0; reg < plan.elements.size(); ++reg) {
      auto [word, position] = plan.elements[reg];
      for (unsigned part = 0; part < parts; ++part)
        correct &= words.at(word)[position * parts + part] ==
                   tag(distributed.applyFlat(place | reg), part);
    }
    for (size_t w = 0; w < plan.packed.size(); ++w)
      for (unsigned k = 0; k < wordUnits; ++k)
        correct &= permuted(words, plan.packed[w], k) ==
                   tag(distributed.applyFlat(place | (w * wordUnits + k) / parts), k % parts);
  }

  int64_t permuted(const Words &words, const PackedWord &packed, unsigned k) const {
    if (unit < 8)
      return packed.isCopy() ? words.at(packed.first)[k] : -1;
    unsigned from = packed.selector >> 4 * k & 7;
    return words.at(from < 4 ? packed.first : packed.second)[from & 3];
  }

  const LinearLayout &distributed, &shared;
  const MatrixAccessPlan &plan;
  unsigned unit, parts, wordUnits;
  bool correct = true;
};

/// The swizzle that a row-major (or column-major) tile is usually staged with.
inline llvm::SmallVector<int64_t, 2> matrixOrder(bool rowMajor) {
  return rowMajor ? llvm::SmallVector<int64_t, 2>{1, 0} : llvm::SmallVector<int64_t, 2>{0, 1};
}

/// Warp grids of up to eight warps.
inline const std::vector<std::array<int64_t, 2>> &warpGrids() {
  static const std::vector<std::array<int64_t, 2>> grids = {{1, 1}, {2, 1}, {1, 2}, {4, 1}, {2, 2},
                                                            {1, 4}, {8, 1}, {4, 2}, {2, 4}, {1, 8}};
  return grids;
}

} // namespace cosmati::test
