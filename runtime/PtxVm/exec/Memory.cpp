//===- Memory.cpp - ld, st ------------------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads and stores of one element type share a handler across all spaces: resolve() finds the
// bytes, then a loop moves them. Ordering (volatile, acquire, ...) is a fence around the same loop:
// an aligned element of up to 8 bytes is one access of the host.
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Resolve.h"

namespace cosmati::ptxvm {
namespace {

struct Wide128 {
  uint64_t lo, hi;
};

inline const uint32_t *operandsOf(const Warp &w, const Inst *i) {
  return i->n > 4 ? w.vectorOps + i->aux : i->op;
}
template <class T> inline T read(const uint8_t *p) {
  T v;
  __builtin_memcpy(&v, p, sizeof(T));
  return v;
}

/// N consecutive elements per lane, all lanes next to each other.
template <class Mem, class Reg, unsigned N>
void loadContiguous(Warp &w, const uint32_t *ops, const uint8_t *bytes) {
  for (unsigned e = 0; e < N; ++e) {
    Reg *out = slot<Reg>(w, ops[e]);
    COSMATI_VM_LANES out[l] = Reg(read<Mem>(bytes + (l * N + e) * sizeof(Mem)));
  }
}
template <class Mem, class Reg>
void loadLanes(Warp &w, const Inst *i, uint32_t mask, const Access &x) {
  const uint32_t *ops = operandsOf(w, i);
  if (x.contiguous) {
    const uint8_t *bytes = at(x, 0);
    switch (i->n) {
    case 1:
      return loadContiguous<Mem, Reg, 1>(w, ops, bytes);
    case 2:
      return loadContiguous<Mem, Reg, 2>(w, ops, bytes);
    case 4:
      return loadContiguous<Mem, Reg, 4>(w, ops, bytes);
    default:
      break;
    }
  }
  for (unsigned e = 0; e < i->n; ++e) {
    Result<Reg> r(w, ops[e], mask);
    Reg *out = r.data();
    size_t skip = e * sizeof(Mem);
    if (x.uniform) {
      Reg v = Reg(read<Mem>(at(x, 0, skip)));
      COSMATI_VM_LANES out[l] = v;
    } else {
      for (unsigned l = 0; l < kLanes; ++l)
        out[l] = Reg(read<Mem>(at(x, l, skip)));
    }
    r.finish();
  }
}
template <class Mem, class Reg> const Inst *load(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  Access x;
  if (!resolve(w, i, mask, uint32_t(sizeof(Mem)) * i->n, /*write=*/false, x))
    return nullptr;
  loadLanes<Mem, Reg>(w, i, mask, x);
  if (i->flags & kStrong)
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return i + 1;
}

template <class Mem, class Reg> const Inst *store(Warp &w, const Inst *i) {
  uint32_t mask = lanesOf(w, i);
  if (!mask)
    return i + 1;
  Access x;
  if (!resolve(w, i, mask, uint32_t(sizeof(Mem)) * i->n, /*write=*/true, x))
    return nullptr;
  if (i->flags & kStrong)
    __atomic_thread_fence(__ATOMIC_RELEASE);
  const uint32_t *ops = operandsOf(w, i);
  for (unsigned e = 0; e < i->n; ++e) {
    const Reg *src = slot<Reg>(w, ops[e]);
    if (x.contiguous && i->n == 1) {
      uint8_t *bytes = at(x, 0);
      COSMATI_VM_LANES {
        Mem v = Mem(src[l]);
        __builtin_memcpy(bytes + l * sizeof(Mem), &v, sizeof(Mem));
      }
      continue;
    }
    size_t skip = e * sizeof(Mem);
    for (uint32_t rest = mask; rest; rest &= rest - 1) {
      unsigned l = unsigned(__builtin_ctz(rest));
      Mem v = Mem(src[l]);
      __builtin_memcpy(at(x, l, skip), &v, sizeof(Mem));
    }
  }
  if (i->flags & kStrong)
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  return i + 1;
}

template <class Mem> Handler loadInto(unsigned regBits) {
  switch (regBits) {
  case 8:
  case 16:
    return sizeof(Mem) <= 2 ? load<Mem, uint16_t> : nullptr;
  case 32:
    return sizeof(Mem) <= 4 ? load<Mem, uint32_t> : nullptr;
  case 64:
    return load<Mem, uint64_t>;
  default:
    return nullptr;
  }
}
Handler selectLoad(const Selection &s) {
  switch (s.t[0]) {
  case ScalarType::B8:
  case ScalarType::U8:
    return loadInto<uint8_t>(s.dstBits);
  case ScalarType::S8:
    return loadInto<int8_t>(s.dstBits);
  case ScalarType::B16:
  case ScalarType::F16:
  case ScalarType::BF16:
  case ScalarType::U16:
    return loadInto<uint16_t>(s.dstBits);
  case ScalarType::S16:
    return loadInto<int16_t>(s.dstBits);
  case ScalarType::B32:
  case ScalarType::F32:
  case ScalarType::U32:
    return loadInto<uint32_t>(s.dstBits);
  case ScalarType::S32:
    return loadInto<int32_t>(s.dstBits);
  case ScalarType::B128:
    return load<Wide128, Wide128>;
  default:
    return s.dstBits == 64 ? load<uint64_t, uint64_t> : nullptr;
  }
}
template <class Mem> Handler storeFrom(unsigned regBits) {
  switch (regBits) {
  case 8:
  case 16:
    return sizeof(Mem) <= 2 ? store<Mem, uint16_t> : nullptr;
  case 32:
    return sizeof(Mem) <= 4 ? store<Mem, uint32_t> : nullptr;
  case 64:
    return store<Mem, uint64_t>;
  default:
    return nullptr;
  }
}
unsigned memoryBits(ScalarType t) {
  switch (t) {
  case ScalarType::B8:
  case ScalarType::U8:
  case ScalarType::S8:
    return 8;
  case ScalarType::B16:
  case ScalarType::U16:
  case ScalarType::S16:
  case ScalarType::F16:
  case ScalarType::BF16:
    return 16;
  case ScalarType::B32:
  case ScalarType::U32:
  case ScalarType::S32:
  case ScalarType::F32:
    return 32;
  case ScalarType::B128:
    return 128;
  default:
    return 64;
  }
}
Handler selectStore(const Selection &s) {
  switch (memoryBits(s.t[0])) {
  case 8:
    return storeFrom<uint8_t>(s.srcBits);
  case 16:
    return storeFrom<uint16_t>(s.srcBits);
  case 32:
    return storeFrom<uint32_t>(s.srcBits);
  case 128:
    return store<Wide128, Wide128>;
  default:
    return storeFrom<uint64_t>(s.srcBits);
  }
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectMemory(const Selection &s) {
  switch (s.id) {
  case InstId::Ld:
  case InstId::Ldu:
    return selectLoad(s);
  case InstId::St:
    return selectStore(s);
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
