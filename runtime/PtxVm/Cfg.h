//===- Cfg.h - Basic blocks and post-dominators --------------- -*- C++ -*-===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <vector>

namespace cosmati::ptxvm {

struct Draft;

struct CfgBlock {
  uint32_t first = 0, last = 0; ///< drafts [first, last)
  std::vector<uint32_t> successors;
  bool fallsThrough = false;    ///< into the next block
  uint32_t postDominator = ~0u; ///< immediate; ~0: only the function's end
};

/// Splits drafts into blocks. Labels are no instructions; a branch or a leaving instruction ends a
/// block.
class Cfg {
public:
  explicit Cfg(const std::vector<Draft> &drafts, uint32_t numLabels);
  std::vector<CfgBlock> blocks;
  std::vector<uint32_t> blockOfLabel;

private:
  void split(const std::vector<Draft> &drafts, uint32_t numLabels);
  void connect(const std::vector<Draft> &drafts);
  void computePostDominators();
};

} // namespace cosmati::ptxvm
