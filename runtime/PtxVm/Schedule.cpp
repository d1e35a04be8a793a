//===- Schedule.cpp - which warp runs next, and how far -------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Schedule.h"
#include "runtime/PtxVm/check/Observer.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <numeric>

using namespace cosmati::ptxvm;

namespace {

constexpr uint32_t kStepIdleYields = 1u << 14; ///< turns of single instructions are short
constexpr uint32_t kMaxRepeats = 64;     ///< turns in a row that a warp may have while others wait
constexpr uint32_t kSlicesPerTurn = 256; ///< per warp, before another CTA gets the host's thread
constexpr int32_t kBlocksOfWaiting = 64; ///< of a turn of a CTA that seems to wait for others
constexpr uint32_t kFlightTime = 8;      ///< instructions that a copy takes on average, if random

struct Name {
  llvm::StringRef text;
  uint8_t value;
};
constexpr Name kSchedules[] = {{"in-order", uint8_t(Schedule::InOrder)},
                               {"round-robin", uint8_t(Schedule::RoundRobin)},
                               {"random", uint8_t(Schedule::Random)},
                               {"adversarial", uint8_t(Schedule::Adversarial)}};
constexpr Name kAsync[] = {{"late", uint8_t(AsyncCompletion::Late)},
                           {"early", uint8_t(AsyncCompletion::Early)},
                           {"random", uint8_t(AsyncCompletion::Random)}};

llvm::StringRef nameOf(llvm::ArrayRef<Name> names, uint8_t value) {
  return llvm::find_if(names, [&](const Name &n) { return n.value == value; })->text;
}
llvm::Expected<uint8_t> parseName(llvm::ArrayRef<Name> names, llvm::StringRef what,
                                  llvm::StringRef text) {
  std::string all;
  for (const Name &n : names) {
    if (n.text == text)
      return n.value;
    all += (all.empty() ? "" : ", ") + n.text.str();
  }
  return llvm::createStringError("there is no " + what + " '" + text + "'; there are " + all);
}

/// A state for nextRandom that differs much where seed or number differ little; never 0.
uint64_t mix(uint64_t seed, uint64_t number) {
  uint64_t z = seed * 0x9e3779b97f4a7c15ull + (number + 1) * 0xd1342543de82ef95ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return (z ^ (z >> 31)) | 1;
}

/// The warp that the adversarial schedule lets run.
uint32_t choose(TurnState &s, llvm::ArrayRef<uint32_t> ready) {
  if (s.left == 0) {
    s.left = uint32_t(8 + nextRandom(s.random) % 56);
    s.preference = Preference(nextRandom(s.random) % 5);
  }
  --s.left;
  auto fewer = [&](uint32_t a, uint32_t b) { return s.turns[a] < s.turns[b]; };
  switch (s.preference) {
  case Preference::Highest:
    return ready.back();
  case Preference::Lowest:
    return ready.front();
  case Preference::Behind:
    return *std::min_element(ready.begin(), ready.end(), fewer);
  case Preference::Ahead:
    return *std::max_element(ready.begin(), ready.end(), fewer);
  case Preference::Any:
    break;
  }
  return ready[nextRandom(s.random) % ready.size()];
}

/// Leaves one warp, the chosen one; when that has kept the others waiting for long (it may spin),
/// the others.
void adversary(TurnState &s, std::vector<uint32_t> &order) {
  uint32_t next = choose(s, order);
  s.repeated = next == s.last ? s.repeated + 1 : 0;
  if (s.repeated > kMaxRepeats && order.size() > 1) {
    s.left = s.repeated = 0;
    order.erase(std::find(order.begin(), order.end(), next));
  } else {
    order.assign(1, next);
  }
  for (uint32_t w : order)
    ++s.turns[w];
  s.last = order.back();
}

/// A load or store of memory that threads share.
bool isAccess(InstId id, Way way) {
  return (id == InstId::Ld || id == InstId::St) &&
         (way == Way::Global || way == Way::Generic || way == Way::Shared || way == Way::Shared32 ||
          way == Way::Cluster || way == Way::Cluster32);
}

} // namespace

uint64_t cosmati::ptxvm::nextRandom(uint64_t &state) { // xorshift64
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

llvm::StringRef cosmati::ptxvm::scheduleName(Schedule s) { return nameOf(kSchedules, uint8_t(s)); }
llvm::StringRef cosmati::ptxvm::asyncCompletionName(AsyncCompletion a) {
  return nameOf(kAsync, uint8_t(a));
}
llvm::Expected<Schedule> cosmati::ptxvm::parseSchedule(llvm::StringRef name) {
  auto value = parseName(kSchedules, "schedule", name);
  return value ? llvm::Expected<Schedule>(Schedule(*value)) : value.takeError();
}
llvm::Expected<AsyncCompletion> cosmati::ptxvm::parseAsyncCompletion(llvm::StringRef name) {
  auto value = parseName(kAsync, "completion of asynchronous copies", name);
  return value ? llvm::Expected<AsyncCompletion>(AsyncCompletion(*value)) : value.takeError();
}

Schedule cosmati::ptxvm::scheduleOf(const LaunchConfig &config) {
  return config.schedule.value_or(config.seed ? Schedule::Random : Schedule::InOrder);
}

bool cosmati::ptxvm::ordersAtRandom(const LaunchConfig &config) {
  Schedule s = scheduleOf(config);
  return s == Schedule::Random || s == Schedule::Adversarial;
}

std::string cosmati::ptxvm::replayText(const LaunchConfig &config) {
  Schedule schedule = scheduleOf(config);
  std::string text;
  if (schedule != Schedule::InOrder)
    text += "schedule " + scheduleName(schedule).str();
  if (config.async != AsyncCompletion::Late)
    text += (text.empty() ? "" : ", ") + std::string("asynchronous copies ") +
            asyncCompletionName(config.async).str();
  bool seeded = ordersAtRandom(config) || config.async == AsyncCompletion::Random;
  return seeded ? text + ", seed " + std::to_string(config.seed) : text;
}

void cosmati::ptxvm::startTurns(Cta &cta) {
  const LaunchConfig &config = *cta.launch->config;
  TurnState &s = cta.turns;
  s.random = ordersAtRandom(config) ? mix(config.seed, cta.linear) : 0;
  s.asyncRandom = mix(~config.seed, cta.linear);
  s.left = s.last = s.repeated = 0;
  s.turns.assign(cta.warps.size(), 0);
}

void cosmati::ptxvm::planRound(Cta &cta, std::vector<uint32_t> &order) {
  TurnState &s = cta.turns;
  if (!s.random || order.empty())
    return;
  if (scheduleOf(*cta.launch->config) == Schedule::Adversarial)
    return adversary(s, order);
  for (size_t k = order.size(); k > 1; --k)
    std::swap(order[k - 1], order[nextRandom(s.random) % k]);
}

Turn cosmati::ptxvm::planTurn(Cta &cta) {
  Turn turn;
  uint64_t &random = cta.turns.random;
  switch (scheduleOf(*cta.launch->config)) {
  case Schedule::InOrder:
    if (cta.cluster->watch.span < SpinWatch::kFirstSpan)
      turn.blocks = kBlocksOfWaiting;
    break;
  case Schedule::RoundRobin:
    turn.instructions = 1;
    turn.idleYields = kStepIdleYields;
    break;
  case Schedule::Random:
    turn.blocks = int32_t(nextRandom(random) % 64) + 2;
    if (nextRandom(random) % 4 == 0)
      turn.instructions = uint32_t(nextRandom(random) % 16) + 1;
    break;
  case Schedule::Adversarial:
    turn.until = nextRandom(random) % 2 ? 1 : 2;
    turn.idleYields = kStepIdleYields;
    if (nextRandom(random) % 8 == 0)
      turn.instructions = uint32_t(nextRandom(random) % 16) + 1;
    break;
  }
  return turn;
}

bool cosmati::ptxvm::completesNow(Cta &cta) {
  switch (cta.launch->config->async) {
  case AsyncCompletion::Late:
    return false;
  case AsyncCompletion::Early:
    return true;
  case AsyncCompletion::Random:
    return nextRandom(cta.turns.asyncRandom) % kFlightTime == 0;
  }
  return false;
}

void cosmati::ptxvm::completeInFlight(Warp &w) {
  completeCopiesEarly(w);
  for (auto &cta : w.cta->cluster->ctas)
    if (!cta->bulkLoads.empty())
      completeBulkLoads(*cta, nullptr);
  performStoresEarly(w);
  performWgmmaEarly(*w.cta);
}

uint64_t cosmati::ptxvm::beginOrder(const LaunchConfig &config, uint64_t ticket, uint64_t total) {
  Schedule schedule = scheduleOf(config);
  if (schedule == Schedule::Adversarial && config.seed % 2 == 0)
    return total - 1 - ticket;
  if (!ordersAtRandom(config) || total < 3)
    return ticket;
  // Multiplication by an odd step coprime to the total.
  uint64_t step = config.seed % total | 1;
  while (std::gcd(step, total) != 1)
    step += 2;
  return uint64_t((static_cast<unsigned __int128>(ticket) * step + config.seed) % total);
}

uint32_t cosmati::ptxvm::slicesOfTurn(const LaunchConfig &config, size_t warps, uint64_t &random) {
  switch (scheduleOf(config)) {
  case Schedule::InOrder:
    break;
  case Schedule::RoundRobin:
    return uint32_t(warps);
  case Schedule::Random:
  case Schedule::Adversarial: {
    if (!random)
      random = mix(config.seed, 0);
    uint32_t slices = 1 + uint32_t(nextRandom(random) % (8 * warps));
    // The adversary mostly leaves a CTA where it leaves a warp: just behind an access.
    bool one = scheduleOf(config) == Schedule::Adversarial && nextRandom(random) % 4;
    return one ? 1 : slices;
  }
  }
  return kSlicesPerTurn * uint32_t(warps);
}

std::vector<uint8_t> cosmati::ptxvm::switchPoints(const Program &program) {
  std::vector<uint8_t> points(program.code.size());
  for (size_t k = 0; k < points.size(); ++k) {
    const InstInfo &info = program.info[k];
    if (!info.match.form)
      continue;
    Family family = info.match.form->family;
    InstClass c = info.match.form->cls;
    if (c == InstClass::Barrier || family == Family::Barrier || family == Family::Mbarrier ||
        family == Family::Atomic || orderOf(info) != MemoryOrder::Weak)
      points[k] = 1;
    else if (isAccess(info.match.form->id, Way(program.code[k].flags & kWayMask)))
      points[k] = 2;
  }
  return points;
}
