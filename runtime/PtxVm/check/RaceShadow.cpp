//===- RaceShadow.cpp -----------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceShadow.h"
#include <algorithm>

using namespace cosmati::ptxvm;
using namespace cosmati::ptxvm::races;

GlobalShadow::~GlobalShadow() {
  for (Span &s : spans)
    for (uint64_t k = 0; s.pages && k < s.end - s.first; ++k)
      delete s.pages[k].load();
}

void GlobalShadow::add(const RegionMap &regions) {
  for (const Region &r : regions.regions)
    if (r.bytes)
      spans.push_back({r.base >> kPageShift, ((r.base + r.bytes - 1) >> kPageShift) + 1, nullptr});
  if (regions.included)
    add(*regions.included);
}

void GlobalShadow::finish() {
  std::sort(spans.begin(), spans.end(),
            [](const Span &a, const Span &b) { return a.first < b.first; });
  std::vector<Span> merged;
  for (Span &s : spans)
    if (!merged.empty() && s.first <= merged.back().end)
      merged.back().end = std::max(merged.back().end, s.end);
    else
      merged.push_back(std::move(s));
  spans = std::move(merged);
  for (Span &s : spans)
    s.pages = std::make_unique<std::atomic<Page *>[]>(s.end - s.first);
}

std::atomic<GlobalShadow::Page *> *GlobalShadow::slot(uint64_t number) {
  auto it = std::upper_bound(spans.begin(), spans.end(), number,
                             [](uint64_t n, const Span &s) { return n < s.first; });
  if (it == spans.begin())
    return nullptr;
  --it;
  if (number >= it->end)
    return nullptr;
  return &it->pages[number - it->first];
}

GlobalShadow::Page *GlobalShadow::page(uint64_t address) {
  std::atomic<Page *> *at = slot(address >> kPageShift);
  if (!at)
    return nullptr;
  if (Page *found = at->load(std::memory_order_acquire))
    return found;
  auto fresh = std::make_unique<Page>();
  Page *expected = nullptr;
  if (at->compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel))
    return fresh.release();
  return expected;
}
