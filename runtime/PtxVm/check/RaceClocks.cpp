//===- RaceClocks.cpp -----------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/RaceClocks.h"
#include <algorithm>

using namespace cosmati::ptxvm::races;

using Clock = std::vector<uint32_t>;

static uint32_t at(const Clock &clock, size_t k) { return k < clock.size() ? clock[k] : 0; }

static void raise(Clock &clock, size_t k, uint32_t time) {
  if (clock.size() <= k)
    clock.resize(k + 1);
  clock[k] = std::max(clock[k], time);
}
static void raiseAll(Clock &clock, const Clock &other) {
  if (clock.size() < other.size())
    clock.resize(other.size());
  for (size_t k = 0; k < other.size(); ++k)
    clock[k] = std::max(clock[k], other[k]);
}

bool Times::covers(const Times &other) const {
  if (other.floor > floor || other.agents.size() > agents.size())
    return false;
  for (size_t w = 0; w < other.warps.size(); ++w)
    if (other.warps[w] > std::max(floor, at(warps, w)))
      return false;
  for (size_t t = 0; t < other.threads.size(); ++t)
    if (!knows(uint32_t(t), other.threads[t]))
      return false;
  for (size_t a = 0; a < other.agents.size(); ++a)
    if (other.agents[a] > agents[a])
      return false;
  return true;
}

/// Drops components that say no more than those above them.
static void normalize(Times &t) {
  if (std::all_of(t.warps.begin(), t.warps.end(), [&](uint32_t x) { return x <= t.floor; }))
    t.warps.clear();
  for (size_t k = 0; k < t.threads.size(); ++k)
    if (t.threads[k] > std::max(t.floor, at(t.warps, k / 32)))
      return;
  t.threads.clear();
}

void Times::join(const Times &other) {
  floor = std::max(floor, other.floor);
  raiseAll(warps, other.warps);
  raiseAll(threads, other.threads);
  raiseAll(agents, other.agents);
  normalize(*this);
}
void Times::learn(uint32_t warp, uint32_t lanes, uint32_t time) {
  if (lanes == ~0u)
    return raise(warps, warp, time);
  for (uint32_t rest = lanes; rest; rest &= rest - 1)
    raise(threads, warp * 32 + uint32_t(__builtin_ctz(rest)), time);
}
void Times::learnAgent(uint32_t agent, uint32_t time) { raise(agents, agent, time); }

void Knowledge::set(uint32_t cta, TimesPtr times) {
  auto it = std::lower_bound(ctas.begin(), ctas.end(), cta, [](const auto &entry, uint32_t number) {
    return entry.first < number;
  });
  if (it != ctas.end() && it->first == cta)
    it->second = std::move(times);
  else
    ctas.insert(it, {cta, std::move(times)});
}

bool cosmati::ptxvm::races::covers(const KnowledgePtr &a, const KnowledgePtr &b) {
  if (a == b || !b)
    return true;
  if (!a || a->ctas.size() < b->ctas.size())
    return false;
  auto it = a->ctas.begin();
  for (const auto &[cta, times] : b->ctas) {
    while (it != a->ctas.end() && it->first < cta)
      ++it;
    if (it == a->ctas.end() || it->first != cta)
      return false;
    if (it->second != times && !it->second->covers(*times))
      return false;
  }
  return covers(a->fenced[0], b->fenced[0]) && covers(a->fenced[1], b->fenced[1]);
}

static TimesPtr joinTimes(const TimesPtr &a, const TimesPtr &b) {
  if (a == b || a->covers(*b))
    return a;
  if (b->covers(*a))
    return b;
  auto joined = std::make_shared<Times>(*a);
  joined->join(*b);
  return joined;
}

KnowledgePtr cosmati::ptxvm::races::join(const KnowledgePtr &a, const KnowledgePtr &b) {
  if (covers(a, b))
    return a;
  if (covers(b, a))
    return b;
  auto joined = std::make_shared<Knowledge>();
  auto x = a->ctas.begin(), y = b->ctas.begin();
  while (x != a->ctas.end() || y != b->ctas.end()) {
    if (y == b->ctas.end() || (x != a->ctas.end() && x->first < y->first)) {
      joined->ctas.push_back(*x++);
    } else if (x == a->ctas.end() || y->first < x->first) {
      joined->ctas.push_back(*y++);
    } else {
      joined->ctas.push_back({x->first, joinTimes(x->second, y->second)});
      ++x, ++y;
    }
  }
  for (unsigned s = 0; s < 2; ++s)
    joined->fenced[s] = join(a->fenced[s], b->fenced[s]);
  return joined;
}

/// A copy of `base` whose view of one CTA is open to change.
static std::pair<std::shared_ptr<Knowledge>, std::shared_ptr<Times>> open(const KnowledgePtr &base,
                                                                          uint32_t cta) {
  auto copy = base ? std::make_shared<Knowledge>(*base) : std::make_shared<Knowledge>();
  const Times *before = copy->find(cta);
  auto times = before ? std::make_shared<Times>(*before) : std::make_shared<Times>();
  copy->set(cta, times);
  return {std::move(copy), std::move(times)};
}

KnowledgePtr cosmati::ptxvm::races::with(const KnowledgePtr &base, uint32_t cta, uint32_t warp,
                                         uint32_t lanes, uint32_t time) {
  auto [copy, times] = open(base, cta);
  times->learn(warp, lanes, time);
  return copy;
}
KnowledgePtr cosmati::ptxvm::races::withAgent(const KnowledgePtr &base, uint32_t cta,
                                              uint32_t agent, uint32_t time) {
  auto [copy, times] = open(base, cta);
  times->learnAgent(agent, time);
  return copy;
}
KnowledgePtr cosmati::ptxvm::races::withFence(const KnowledgePtr &base, FencedSpace space,
                                              const KnowledgePtr &visible) {
  auto plain = std::make_shared<Knowledge>(*visible); // nobody asks what is visible in what is
  plain->fenced = {};
  auto copy = base ? std::make_shared<Knowledge>(*base) : std::make_shared<Knowledge>();
  copy->fenced[space] = join(copy->fenced[space], plain);
  return copy;
}
KnowledgePtr cosmati::ptxvm::races::withFloor(const KnowledgePtr &base, uint32_t cta,
                                              uint32_t time) {
  auto [copy, times] = open(base, cta);
  times->floor = time;
  times->warps.clear();
  times->threads.clear();
  return copy;
}
