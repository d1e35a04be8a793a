//===- TensorCopy.cpp - cp.async.bulk.tensor and its kin ------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor copy reads its tensor map when it is issued; the box waits in the queue of bulk copies
// (Bulk.cpp) until something demands it.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/check/Observer.h"
#include "runtime/PtxVm/exec/BulkReduce.h"
#include "runtime/PtxVm/exec/Mbarrier.h"
#include "runtime/PtxVm/exec/Tensor.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include <algorithm>

namespace cosmati::ptxvm {
namespace {

std::string hex(uint64_t v) { return "0x" + llvm::utohexstr(v, /*LowerCase=*/true); }
bool misuse(Warp &w, const Inst *i, unsigned lane, const std::string &reason) {
  faultText(w, i, FaultKind::BadAsync, 1u << lane, reason);
  return false;
}

/// Fills the request from the operands: map at place `mapPlace`, then coordinates.
bool readRequest(Warp &w, const Inst *i, unsigned lane, unsigned mapPlace, BoxRequest &request) {
  request.mapAddress = listedAddress(w, i, mapPlace, lane);
  if (!readTensorMap(w, i, lane, request.mapAddress, request.map))
    return false;
  for (unsigned k = 0; k < i->n; ++k) {
    request.start[k] = slot<int32_t>(w, listed(w, i, mapPlace + 3 + k))[lane];
    if (request.store && request.start[k] < 0)
      return misuse(w, i, lane,
                    "coordinate " + std::to_string(k) + " is " + std::to_string(request.start[k]) +
                        "; a box that is stored begins at coordinates of 0 or more: clip it, only "
                        "its far end may lie outside of the tensor");
  }
  return true;
}
/// The box's bytes in shared memory, aligned and inside; null after a fault.
uint8_t *placeShared(Warp &w, const Inst *i, unsigned lane, uint64_t address, BoxRequest &request) {
  address = uint32_t(address);
  if (address % 128) {
    misuse(w, i, lane,
           "shared address " + hex(address) +
               " of the box is not a multiple of 128; declare the buffer .align 128 or more");
    return nullptr;
  }
  // A box that is larger than any shared memory must not wrap around.
  uint64_t bytes = std::min(request.rows() * uint64_t(request.pitch()), kCtaWindowBytes);
  uint8_t *place = sharedBytes(w, i, lane, address, uint32_t(bytes), 128);
  if (place)
    request.shared = sharedOffset(*w.cta, place);
  return place;
}

/// Adjacent ranges become one.
void mergeRanges(std::vector<AsyncRange> &ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const AsyncRange &a, const AsyncRange &b) { return a.address < b.address; });
  size_t kept = 0;
  for (size_t k = 1; k < ranges.size(); ++k)
    if (ranges[kept].address + ranges[kept].bytes == ranges[k].address)
      ranges[kept].bytes += ranges[k].bytes;
    else
      ranges[++kept] = ranges[k];
  ranges.resize(ranges.empty() ? 0 : kept + 1);
}
void tellIssue(Warp &w, const Inst *i, unsigned lane, const TensorBox &box, bool store,
               uint64_t token, llvm::ArrayRef<Cta *> targets) {
  Observer *observer = observerOf(w);
  if (!observer)
    return;
  std::vector<AsyncRange> global, shared, all;
  for (const TensorBox::Piece &piece : box.pieces) {
    shared.push_back({Space::Shared, w.cta, piece.shared, piece.bytes, !store});
    if (piece.host)
      global.push_back({Space::Global, w.cta, piece.global, piece.bytes, store});
  }
  mergeRanges(shared);
  mergeRanges(global);
  all = global;
  for (Cta *target : targets)
    for (AsyncRange range : shared) {
      range.owner = target;
      all.push_back(range);
    }
  observer->asyncIssue({w, i, w.cta->launch->indexOf(i), lane, AsyncKind::Tensor, token, all});
}

const Inst *loadTensor(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    BoxRequest request;
    if (!readRequest(w, i, l, 6, request))
      return nullptr;
    uint8_t *to = placeShared(w, i, l, listedAddress(w, i, 0, l), request);
    uint8_t *mbarrier = to ? sharedBytes(w, i, l, listedAddress(w, i, 3, l), 8, 8) : nullptr;
    if (!mbarrier || !checkSameCta(w, i, l, to, mbarrier))
      return nullptr;
    uint32_t mask = 1u << ownerOf(*w.cta, to).rank;
    if (i->flags & kMulticast) {
      mask = slot<uint16_t>(w, listed(w, i, 9 + i->n))[l];
      if (!checkMulticast(w, i, l, mask))
        return nullptr;
    }
    BulkCopy copy{};
    copy.box = layOutBox(w, i, l, request);
    if (!copy.box)
      return nullptr;
    copy.bytes = request.bytes();
    copy.token = newTokens(*w.cta->launch);
    llvm::SmallVector<Cta *, 16> targets;
    for (; mask; mask &= mask - 1) {
      Cta &target = *ctaOfRank(*w.cta, unsigned(__builtin_ctz(mask)));
      copy.mbarrier = counterpart(*w.cta, mbarrier, target);
      if (!checkMbarrier(w, i, l, copy.mbarrier))
        return nullptr;
      copy.to = target.warps[0]->shared;
      queueArriving(w, i, l, copy);
      targets.push_back(&target);
    }
    tellIssue(w, i, l, *copy.box, /*store=*/false, copy.token, targets);
  }
  return i + 1;
}

/// The element type of a tensor as the reductions name it; None where they have none.
ScalarType reducedType(TensorDataType t) {
  switch (t) {
  case TensorDataType::UInt32:
    return ScalarType::U32;
  case TensorDataType::Int32:
    return ScalarType::S32;
  case TensorDataType::UInt64:
    return ScalarType::U64;
  case TensorDataType::Int64:
    return ScalarType::S64;
  case TensorDataType::Float16:
    return ScalarType::F16;
  case TensorDataType::BFloat16:
    return ScalarType::BF16;
  case TensorDataType::Float32:
  case TensorDataType::Float32Ftz:
    return ScalarType::F32;
  default:
    return ScalarType::None;
  }
}

/// imm: a BulkOp plus one; 0: overwrite.
const Inst *storeTensor(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    BoxRequest request;
    request.store = true;
    if (!readRequest(w, i, l, 3, request) ||
        !placeShared(w, i, l, listedAddress(w, i, 0, l), request))
      return nullptr;
    BulkCopy copy{};
    TensorDataType type = request.map.dataType;
    if (i->imm) {
      copy.reduce = bulkReduction(BulkOp(i->imm - 1), reducedType(type),
                                  /*flush=*/type == TensorDataType::Float32Ftz);
      if (!copy.reduce) {
        misuse(w, i, l,
               "PTX has no such reduction of elements of type " + tensorDataTypeName(type).str() +
                   ", which the tensor map says; add takes UINT32, INT32, UINT64, FLOAT16, "
                   "BFLOAT16, FLOAT32; min and max integers of 4 and 8 bytes, FLOAT16, BFLOAT16; "
                   "inc and dec UINT32; and, or, xor integers of 4 and 8 bytes");
        return nullptr;
      }
    }
    copy.box = layOutBox(w, i, l, request);
    if (!copy.box)
      return nullptr;
    copy.from = w.shared;
    copy.bytes = request.bytes();
    copy.lane = l;
    AsyncCopies &copies = w.state->copies;
    copy.group = copies.bulkGroups[l];
    copy.token = newTokens(*w.cta->launch);
    tellIssue(w, i, l, *copy.box, /*store=*/true, copy.token, w.cta);
    copies.stores.push_back(std::move(copy));
  }
  return i + 1;
}

/// Checks what it would read.
const Inst *prefetchTensor(Warp &w, const Inst *i) {
  for (uint32_t rest = lanesOf(w, i); rest; rest &= rest - 1) {
    unsigned l = unsigned(__builtin_ctz(rest));
    BoxRequest request;
    if (!readRequest(w, i, l, 0, request) || !layOutBox(w, i, l, request))
      return nullptr;
  }
  return i + 1;
}

} // namespace

bool readTensorMap(Warp &w, const Inst *i, unsigned lane, uint64_t address, TensorMapDesc &map) {
  uint64_t window = address & ~(kWindowBytes - 1);
  if (window == kSharedWindow || window == kLocalWindow)
    return misuse(w, i, lane,
                  "the tensor map lies in " +
                      std::string(window == kSharedWindow ? "shared" : "local") +
                      " memory; copies take it from .param, .const or .global memory: use a "
                      "__grid_constant__ parameter or tensormap.cp_fenceproxy");
  const uint8_t *bytes = tensorMapBytes(w, i, lane, Way::Generic, address, /*write=*/false);
  if (!bytes)
    return false;
  decodeTensorMap(bytes, map);
  if (std::string reason = checkTensorMap(map); !reason.empty())
    return misuse(w, i, lane, "the tensor map at " + hex(address) + " is illegal: " + reason);
  if (map.rank != i->n)
    return misuse(w, i, lane,
                  "the instruction names " + std::to_string(i->n) +
                      " dimensions, but the tensor map at " + hex(address) + " has rank " +
                      std::to_string(map.rank) + "; use ." + std::to_string(map.rank) + "d");
  return true;
}

uint8_t *tensorMapBytes(Warp &w, const Inst *i, unsigned lane, Way way, uint64_t address,
                        bool write) {
  if (address % 64) {
    misuse(w, i, lane,
           "the address of the tensor map, " + hex(address) +
               ", is not a multiple of 64; declare it .align 64 or more");
    return nullptr;
  }
  FaultKind kind;
  uint8_t *bytes = resolveLane(w, way, address, sizeof(TensorMap), write, lane, kind);
  if (!bytes) {
    fault(w, i, kind, lane, address, sizeof(TensorMap),
          way == Way::Shared   ? Space::Shared
          : way == Way::Global ? Space::Global
                               : Space::Generic);
    return nullptr;
  }
  if (TensorMapDesc ignored; !decodeTensorMap(bytes, ignored)) {
    misuse(w, i, lane,
           "the 128 bytes at " + hex(address) +
               " are no tensor map of this machine; make them with encodeTensorMap "
               "(TensorMap.h): the CUDA driver's encoding is undocumented");
    return nullptr;
  }
  return bytes;
}

namespace base {
Handler selectTensor(const Selection &s) {
  switch (s.id) {
  case InstId::TensorLoad:
  case InstId::TensorLoadMulticast:
    return loadTensor;
  case InstId::TensorStore:
    return storeTensor;
  case InstId::TensorReduce:
    s.imm = int64_t(bulkOpOf(s)) + 1;
    return storeTensor;
  case InstId::TensorPrefetch:
    return prefetchTensor;
  default:
    return selectTensorMap(s);
  }
}
} // namespace base
} // namespace cosmati::ptxvm
