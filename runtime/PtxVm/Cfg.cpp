//===- Cfg.cpp ------------------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cfg.h"
#include "runtime/PtxVm/Decode.h"
#include <algorithm>

using namespace cosmati::ptxvm;

Cfg::Cfg(const std::vector<Draft> &drafts, uint32_t numLabels) {
  split(drafts, numLabels);
  connect(drafts);
  computePostDominators();
}

void Cfg::split(const std::vector<Draft> &drafts, uint32_t numLabels) {
  blockOfLabel.assign(numLabels, ~0u);
  bool open = false;
  for (uint32_t k = 0; k < drafts.size(); ++k) {
    if (drafts[k].kind == Draft::Label || !open) {
      if (open)
        blocks.back().last = k;
      bool reuse = open && blocks.back().first == k; // several labels in a row
      if (!reuse) {
        blocks.emplace_back();
        blocks.back().first = k;
      }
      open = true;
    }
    if (drafts[k].kind == Draft::Label) {
      blockOfLabel[drafts[k].label] = uint32_t(blocks.size() - 1);
      blocks.back().first = k + 1;
    } else if (drafts[k].kind != Draft::Normal) {
      blocks.back().last = k + 1;
      open = false;
    }
  }
  if (open)
    blocks.back().last = uint32_t(drafts.size());
}

void Cfg::connect(const std::vector<Draft> &drafts) {
  for (uint32_t b = 0; b < blocks.size(); ++b) {
    CfgBlock &block = blocks[b];
    const Draft *end = block.last > block.first ? &drafts[block.last - 1] : nullptr;
    block.fallsThrough =
        !end || end->kind == Draft::Normal || (end->kind == Draft::Branch && end->conditional);
    if (end)
      for (uint32_t label : end->targets)
        block.successors.push_back(blockOfLabel[label]);
    if (block.fallsThrough)
      block.successors.push_back(b + 1); // the last block always leaves
    std::sort(block.successors.begin(), block.successors.end());
    block.successors.erase(std::unique(block.successors.begin(), block.successors.end()),
                           block.successors.end());
  }
}

/// Cooper, Harvey, Kennedy: "A simple, fast dominance algorithm", on the reversed graph with one
/// virtual end behind every leaving block. Blocks from which the end can't be reached keep ~0.
void Cfg::computePostDominators() {
  uint32_t n = uint32_t(blocks.size()), end = n;
  std::vector<std::vector<uint32_t>> predecessors(n + 1);
  for (uint32_t b = 0; b < n; ++b) {
    for (uint32_t s : blocks[b].successors)
      predecessors[s].push_back(b);
    if (blocks[b].successors.empty())
      predecessors[end].push_back(b);
  }
  // Depth-first post-order over the reversed graph, without recursion.
  std::vector<uint32_t> order, number(n + 1, ~0u);
  std::vector<std::pair<uint32_t, size_t>> stack{{end, 0}};
  std::vector<bool> seen(n + 1);
  seen[end] = true;
  while (!stack.empty()) {
    auto &[b, next] = stack.back();
    if (next < predecessors[b].size()) {
      uint32_t p = predecessors[b][next++];
      if (!seen[p]) {
        seen[p] = true;
        stack.push_back({p, 0});
      }
      continue;
    }
    number[b] = uint32_t(order.size());
    order.push_back(b);
    stack.pop_back();
  }
  std::vector<uint32_t> idom(n + 1, ~0u);
  idom[end] = end;
  auto meet = [&](uint32_t a, uint32_t b) {
    while (a != b) {
      while (number[a] < number[b])
        a = idom[a];
      while (number[b] < number[a])
        b = idom[b];
    }
    return a;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t k = order.size(); k-- > 0;) {
      uint32_t b = order[k], best = ~0u;
      if (b == end)
        continue;
      if (blocks[b].successors.empty())
        best = end;
      for (uint32_t s : blocks[b].successors)
        if (number[s] != ~0u && idom[s] != ~0u)
          best = best == ~0u ? s : meet(best, s);
      if (best != idom[b]) {
        idom[b] = best;
        changed = true;
      }
    }
  }
  for (uint32_t b = 0; b < n; ++b)
    blocks[b].postDominator = idom[b] == end ? ~0u : idom[b];
}
