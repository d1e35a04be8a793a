// Executes a conversion plan on simulated threads, exactly as its header says that code is emitted.
#pragma once

#include "dialects/Layout/ConversionPlan.h"

#include <stdexcept>
#include <vector>

namespace cosmati::test {

/// values[block][warp][lane][register]; -1 is garbage.
using Registers = std::vector<int64_t>;

class PlanSimulator {
public:
  PlanSimulator(const LinearLayout &source, const LinearLayout &destination,
                const ConversionPlan &plan)
      : source(source), destination(destination), plan(plan) {}

  /// Whether every destination register receives its element.
  bool run() {
    for (uint32_t block = 0; block < source.inSize(LayoutDim::Block); ++block)
      runBlock(block);
    return correct;
  }

private:
  uint32_t flatPlace(const LinearLayout &layout, ThreadPlace place) const {
    return layout.in().flatten({{LayoutDim::Lane, static_cast<int32_t>(place.lane)},
                                {LayoutDim::Warp, static_cast<int32_t>(place.warp)},
                                {LayoutDim::Block, static_cast<int32_t>(place.block)}});
  }
  /// What a thread holds: the flat index of each register's element.
  Registers held(ThreadPlace place) const {
    Registers values;
    for (int64_t reg = 0; reg < source.inSize(LayoutDim::Register); ++reg)
      values.push_back(source.applyFlat(flatPlace(source, place) | reg));
    return values;
  }
  void check(ThreadPlace place, const Registers &result) {
    correct &= result.size() == static_cast<size_t>(destination.inSize(LayoutDim::Register));
    for (size_t reg = 0; reg < result.size(); ++reg)
      correct &= result[reg] == destination.applyFlat(flatPlace(destination, place) | reg);
  }

  void runBlock(uint32_t block) {
    if (plan.kind == ConversionKind::SharedMemory)
      return runShared(block);
    for (uint32_t warp = 0; warp < source.inSize(LayoutDim::Warp); ++warp) {
      if (plan.kind == ConversionKind::WarpShuffle)
        runShuffle(warp, block);
      else
        runPermute(warp, block);
    }
  }

  void runPermute(uint32_t warp, uint32_t block) {
    for (uint32_t lane = 0; lane < 32; ++lane) {
      Registers values = held({lane, warp, block}), result;
      for (int32_t from : plan.sourceRegister)
        result.push_back(values.at(from));
      check({lane, warp, block}, result);
    }
  }

  using Words = std::vector<Registers>; ///< words of elements

  static void select(llvm::ArrayRef<SelectStage> stages, ThreadPlace place, Words &words) {
    for (const SelectStage &stage : stages) {
      Words next;
      for (size_t i = 0; i < words.size(); ++i)
        next.push_back(stage.condition.evaluate(place) ? words.at(i ^ stage.flip) : words[i]);
      words = next;
    }
  }

  void runShuffle(uint32_t warp, uint32_t block) {
    const ShufflePlan &shuffle = plan.shuffle;
    std::vector<Words> sent(32), received(32);
    for (uint32_t lane = 0; lane < 32; ++lane) {
      Registers values = held({lane, warp, block});
      for (const auto &word : shuffle.sourceWords) {
        correct &= word.size() == static_cast<size_t>(shuffle.elementsPerWord);
        Registers &packed = sent[lane].emplace_back();
        for (int32_t reg : word)
          packed.push_back(values.at(reg));
      }
      select(shuffle.sendStages, {lane, warp, block}, sent[lane]);
    }
    for (const ShuffleRound &round : shuffle.rounds)
      for (uint32_t lane = 0; lane < 32; ++lane) {
        uint32_t thread = shuffle.sourceLane.evaluate({lane, warp, block});
        if (shuffle.isButterfly)
          correct &= thread == lane;
        uint32_t from = round.moves ? thread ^ round.laneXor : lane;
        received[lane].push_back(sent.at(from).at(round.sendWord));
      }
    for (uint32_t lane = 0; lane < 32; ++lane) {
      select(shuffle.receiveStages, {lane, warp, block}, received[lane]);
      Registers result;
      for (ShufflePlan::ResultElement element : shuffle.results)
        result.push_back(received[lane].at(element.word).at(element.element));
      check({lane, warp, block}, result);
    }
  }

  void runShared(uint32_t block) {
    const SharedPlan &shared = plan.shared;
    uint32_t warps = source.inSize(LayoutDim::Warp);
    int64_t elements = shared.shared.inSize(LayoutDim::Offset);
    // Within a warp there is no barrier between warps, so each warp may see its own stores only.
    std::vector<Registers> memory(shared.withinWarp ? warps : 1, Registers(elements, -1));
    auto memoryOf = [&](uint32_t warp) -> Registers & {
      return memory[shared.withinWarp ? warp : 0];
    };
    for (uint32_t warp = 0; warp < warps; ++warp)
      for (uint32_t lane = 0; lane < 32; ++lane) {
        if ((lane & shared.replicas.lanes) | (warp & shared.replicas.warps))
          continue;
        Registers values = held({lane, warp, block});
        int64_t base = shared.storeOffset.evaluate({lane, warp, block});
        for (const VectorGroup &group : shared.stores.groups)
          for (int64_t k = 0; k < shared.stores.width; ++k) {
            correct &= ((group.offset ^ base) % shared.stores.width) == 0;
            memoryOf(warp).at((group.offset ^ base) + k) = values.at(group.registers[k]);
          }
      }
    for (uint32_t warp = 0; warp < warps; ++warp)
      for (uint32_t lane = 0; lane < 32; ++lane) {
        Registers result(destination.inSize(LayoutDim::Register), -1);
        int64_t base = shared.loadOffset.evaluate({lane, warp, block});
        for (const VectorGroup &group : shared.loads.groups)
          for (int64_t k = 0; k < shared.loads.width; ++k) {
            correct &= ((group.offset ^ base) % shared.loads.width) == 0;
            result.at(group.registers[k]) = memoryOf(warp).at((group.offset ^ base) + k);
          }
        check({lane, warp, block}, result);
      }
  }

  const LinearLayout &source, &destination;
  const ConversionPlan &plan;
  bool correct = true;
};

/// Plans and executes; returns the plan if every element arrived, else throws.
inline ConversionPlan planAndRun(const LinearLayout &source, const LinearLayout &destination,
                                 unsigned elementBits, const ConversionOptions &options = {}) {
  llvm::Expected<ConversionPlan> plan = planConversion(source, destination, elementBits, options);
  if (!plan)
    throw std::runtime_error(llvm::toString(plan.takeError()));
  if (!PlanSimulator(source, destination, *plan).run())
    throw std::runtime_error("the plan (" + conversionKindName(plan->kind).str() +
                             ") loses elements: " + source.toString() + " to " +
                             destination.toString());
  return std::move(*plan);
}

} // namespace cosmati::test
