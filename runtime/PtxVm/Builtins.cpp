//===- Builtins.cpp - functions that the machine provides to kernels ------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/Cta.h"
#include "runtime/PtxVm/exec/Cluster.h"
#include "runtime/PtxVm/exec/Control.h"
#include "llvm/ADT/StringExtras.h"
#include <cstdio>
#include <cstring>

using namespace cosmati::ptxvm;

namespace {

/// Host bytes of a generic address, for one lane; null if they are not accessible.
uint8_t *hostOf(Warp &w, uint64_t address, uint64_t bytes, unsigned lane) {
  uint64_t window = address & ~(kWindowBytes - 1), offset = address - window;
  if (window == kLocalWindow)
    return offset + bytes <= w.localStride ? w.local + lane * w.localStride + offset : nullptr;
  FaultKind kind;
  if (window == kSharedWindow)
    return clusterLane(w, offset, uint32_t(bytes), kind);
  const RegionSlot *r = findRegion(w, address, bytes);
  return r ? r->host + (address - r->base) : nullptr;
}

bool readString(Warp &w, uint64_t address, unsigned lane, std::string &out) {
  for (; out.size() < (1u << 16); ++address) {
    const uint8_t *p = hostOf(w, address, 1, lane);
    if (!p)
      return false;
    if (!*p)
      return true;
    out.push_back(char(*p));
  }
  return true;
}

uint64_t argument(const Warp &w, const CallSite &site, size_t k, unsigned lane) {
  uint64_t value = 0;
  const Slice &slice = site.arguments[k];
  std::memcpy(&value, w.local + lane * w.localStride + w.localBase + slice.offset,
              std::min<size_t>(slice.bytes, 8));
  return value;
}
void setResult(Warp &w, const CallSite &site, unsigned lane, uint64_t value) {
  if (!site.results.empty())
    std::memcpy(w.local + lane * w.localStride + w.localBase + site.results[0].offset, &value,
                std::min<size_t>(site.results[0].bytes, 8));
}

/// Arguments of a printf call lie packed, each at a multiple of its size.
struct PrintfArgs {
  Warp &w;
  uint64_t address;
  unsigned lane;
  bool failed = false;

  uint64_t take(unsigned bytes) {
    address = (address + bytes - 1) & ~uint64_t(bytes - 1);
    uint64_t value = 0;
    if (const uint8_t *p = hostOf(w, address, bytes, lane))
      std::memcpy(&value, p, bytes);
    else
      failed = true;
    address += bytes;
    return value;
  }
};

std::string formatOne(std::string spec, PrintfArgs &args) {
  char conversion = spec.back();
  char buffer[512];
  size_t star;
  while ((star = spec.find('*')) != std::string::npos)
    spec.replace(star, 1, std::to_string(int32_t(args.take(4))));
  bool wide = spec.find("ll") != std::string::npos || spec.find('l') != std::string::npos ||
              spec.find('z') != std::string::npos || spec.find('j') != std::string::npos;
  std::string flags = spec.substr(0, spec.find_first_of("hljztL" + std::string(1, conversion), 1));
  switch (conversion) {
  case 'd':
  case 'i': {
    long long v = wide ? (long long)(args.take(8)) : int32_t(args.take(4));
    std::snprintf(buffer, sizeof(buffer), (flags + "lld").c_str(), v);
    return buffer;
  }
  case 'u':
  case 'x':
  case 'X':
  case 'o': {
    unsigned long long v = wide ? args.take(8) : args.take(4);
    std::snprintf(buffer, sizeof(buffer), (flags + "ll" + conversion).c_str(), v);
    return buffer;
  }
  case 'c':
    return std::string(1, char(args.take(4)));
  case 'p':
    return "0x" + llvm::utohexstr(args.take(8), true);
  case 's': {
    std::string text;
    if (!readString(args.w, args.take(8), args.lane, text))
      args.failed = true;
    return text;
  }
  case 'e':
  case 'E':
  case 'f':
  case 'F':
  case 'g':
  case 'G':
  case 'a':
  case 'A': {
    uint64_t bits = args.take(8);
    double v;
    std::memcpy(&v, &bits, 8);
    std::snprintf(buffer, sizeof(buffer), (flags + conversion).c_str(), v);
    return buffer;
  }
  default:
    return spec; // as CUDA does, unknown conversions are printed
  }
}

std::string format(const std::string &text, PrintfArgs &args) {
  std::string out;
  for (size_t k = 0; k < text.size(); ++k) {
    if (text[k] != '%') {
      out += text[k];
      continue;
    }
    if (k + 1 < text.size() && text[k + 1] == '%') {
      out += '%';
      ++k;
      continue;
    }
    size_t end = text.find_first_of("diuxXocpseEfFgGaA", k + 1);
    if (end == std::string::npos)
      return out + text.substr(k);
    out += formatOne(text.substr(k, end - k + 1), args);
    k = end;
  }
  return out;
}

void print(Launch &launch, const std::string &text) {
  std::lock_guard<std::mutex> lock(launch.mutex);
  if (launch.config->print)
    launch.config->print(text);
  else
    std::fwrite(text.data(), 1, text.size(), stdout);
}

const Inst *callPrintf(Warp &w, const Inst *i, const CallSite &site) {
  for (uint32_t m = w.active; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    std::string text;
    PrintfArgs args{w, argument(w, site, 1, lane), lane};
    bool ok = readString(w, argument(w, site, 0, lane), lane, text);
    std::string out = ok ? format(text, args) : "";
    if (!ok || args.failed) {
      faultText(w, i, FaultKind::OutOfBounds, 1u << lane,
                "printf reads its format or arguments outside every buffer");
      return nullptr;
    }
    print(*w.cta->launch, out);
    setResult(w, site, lane, 0);
  }
  return i + 1;
}

/// __assertfail(message, file, line, function, char size)
const Inst *assertFail(Warp &w, const Inst *i, const CallSite &site) {
  unsigned lane = unsigned(__builtin_ctz(w.active));
  std::string message, file, function;
  readString(w, argument(w, site, 0, lane), lane, message);
  readString(w, argument(w, site, 1, lane), lane, file);
  readString(w, argument(w, site, 3, lane), lane, function);
  faultText(w, i, FaultKind::Trap, w.active,
            "assertion failed: " + file + ":" +
                std::to_string(uint32_t(argument(w, site, 2, lane))) + ": " + function + ": " +
                message);
  return nullptr;
}

} // namespace

const Inst *cosmati::ptxvm::callBuiltin(Warp &w, const Inst *i, const CallSite &site) {
  return site.builtin == Builtin::Vprintf ? callPrintf(w, i, site) : assertFail(w, i, site);
}
