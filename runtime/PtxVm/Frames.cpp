//===- Frames.cpp - register frames and local memory of a warp ------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include <cstring>

using namespace cosmati::ptxvm;

static uint8_t *alignUp(uint8_t *p, uintptr_t alignment) {
  return p + (-reinterpret_cast<uintptr_t>(p) & (alignment - 1));
}

Frame *cosmati::ptxvm::newFrame(Warp &w, uint32_t function, uint64_t localBase, uint32_t lanes) {
  WarpState &s = *w.state;
  const FrameLayout &layout = w.cta->launch->program->functions[function].frame;
  Frame *frame = nullptr;
  for (size_t k = 0; k < s.freeFrames.size() && !frame; ++k)
    if (s.freeFrames[k]->function == function) {
      frame = s.freeFrames[k];
      s.freeFrames.erase(s.freeFrames.begin() + ptrdiff_t(k));
    }
  if (!frame) {
    s.frames.push_back(std::make_unique<Frame>());
    frame = s.frames.back().get();
    frame->function = function;
    frame->memory = std::make_unique<uint8_t[]>(layout.bytes + 64); // zeroed
    frame->regs = alignUp(frame->memory.get(), 64);
    std::memcpy(frame->regs, layout.constants.data(), layout.constants.size());
  } else if (layout.readsUnwritten) {
    size_t begin = layout.constants.size();
    std::memset(frame->regs + begin, 0, layout.bytes - begin);
  }
  frame->localBase = localBase;
  ensureLocal(w, localBase + layout.localBytes);
  frame->shadow = {};
  if (Observer *observer = observerOf(w))
    observer->localFrame(w, lanes, localBase, function);
  fillSpecials(w, *frame);
  return frame;
}

void cosmati::ptxvm::ensureLocal(Warp &w, uint64_t bytesPerLane) {
  if (bytesPerLane <= w.localStride)
    return;
  WarpState &s = *w.state;
  uint64_t stride = (bytesPerLane + 255) & ~uint64_t(255);
  auto memory = std::make_unique<uint8_t[]>(stride * kLanes + 256);
  uint8_t *begin = alignUp(memory.get(), 256);
  for (unsigned l = 0; l < kLanes && w.localStride; ++l)
    std::memcpy(begin + l * stride, w.local + l * w.localStride, w.localStride);
  s.localMemory = std::move(memory);
  w.local = begin;
  w.localStride = stride;
}

namespace {
/// Values of the special registers for one warp.
struct Specials {
  const Warp &w;
  const Cta &cta;
  const Launch &launch;

  uint32_t thread(unsigned lane) const { return w.index * kLanes + lane; }
  uint32_t tid(unsigned lane, unsigned dim) const {
    const auto &block = launch.config->block;
    uint32_t t = thread(lane);
    return dim == 0 ? t % block[0] : dim == 1 ? t / block[0] % block[1] : t / block[0] / block[1];
  }
  uint64_t value(const SpecialSlot &s, unsigned lane) const {
    if (s.which == Special::SharedAddress)
      return w.sharedBase + s.offset;
    Special which = s.which;
    unsigned k = unsigned(which);
    const LaunchConfig &config = *launch.config;
    if (which <= Special::TidZ)
      return tid(lane, k);
    if (which <= Special::NtidZ)
      return config.block[k - unsigned(Special::NtidX)];
    if (which <= Special::CtaidZ)
      return cta.ctaid[k - unsigned(Special::CtaidX)];
    if (which <= Special::NctaidZ)
      return config.grid[k - unsigned(Special::NctaidX)];
    switch (which) {
    case Special::LaneId:
      return lane;
    case Special::WarpId:
      return w.index;
    case Special::NWarpId:
      return cta.warps.size();
    case Special::NSmId:
      return 1;
    case Special::MaskEq:
      return 1u << lane;
    case Special::MaskLt:
      return (1u << lane) - 1;
    case Special::MaskLe:
      return (2u << lane) - 1;
    case Special::MaskGe:
      return ~((1u << lane) - 1);
    case Special::MaskGt:
      return ~((2u << lane) - 1);
    case Special::DynamicShared:
      return config.dynamicShared;
    case Special::TotalShared:
      return launch.sharedBytes;
    case Special::ClusterIdX:
    case Special::ClusterIdY:
    case Special::ClusterIdZ:
      return cta.ctaid[k - unsigned(Special::ClusterIdX)] /
             config.cluster[k - unsigned(Special::ClusterIdX)];
    case Special::NClusterIdX:
    case Special::NClusterIdY:
    case Special::NClusterIdZ:
      return config.grid[k - unsigned(Special::NClusterIdX)] /
             config.cluster[k - unsigned(Special::NClusterIdX)];
    case Special::ClusterCtaIdX:
    case Special::ClusterCtaIdY:
    case Special::ClusterCtaIdZ:
      return cta.ctaid[k - unsigned(Special::ClusterCtaIdX)] %
             config.cluster[k - unsigned(Special::ClusterCtaIdX)];
    case Special::ClusterNCtaIdX:
    case Special::ClusterNCtaIdY:
    case Special::ClusterNCtaIdZ:
      return config.cluster[k - unsigned(Special::ClusterNCtaIdX)];
    case Special::ClusterCtaRank:
      return cta.rank;
    case Special::ClusterNCtaRank:
      return cta.cluster->ctas.size();
    case Special::IsExplicitCluster:
      return launch.explicitCluster;
    default:
      return 0;
    }
  }
};
} // namespace

void cosmati::ptxvm::fillSpecials(Warp &w, Frame &frame) {
  const Launch &launch = *w.cta->launch;
  Specials specials{w, *w.cta, launch};
  for (const SpecialSlot &s : launch.program->functions[frame.function].frame.specials)
    for (unsigned l = 0; l < kLanes; ++l) {
      uint64_t value = specials.value(s, l);
      if (s.bits == 1) // one word of lane bits
        *reinterpret_cast<uint32_t *>(frame.regs + s.slot) = value ? kFull : 0;
      else if (s.bits == 16)
        reinterpret_cast<uint16_t *>(frame.regs + s.slot)[l] = uint16_t(value);
      else if (s.bits == 32)
        reinterpret_cast<uint32_t *>(frame.regs + s.slot)[l] = uint32_t(value);
      else
        reinterpret_cast<uint64_t *>(frame.regs + s.slot)[l] = value;
    }
}
