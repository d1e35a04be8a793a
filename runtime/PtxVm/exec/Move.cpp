//===- Move.cpp - mov, cvta, isspacep -------------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/Lanes.h"

namespace cosmati::ptxvm {
namespace {

struct Wide128 {
  uint64_t lo, hi;
};

template <class T> const Inst *move(Warp &w, const Inst *i) {
  Result<T> r(w, i, 0);
  T *out = r.data();
  const T *a = slot<T>(w, i->op[1]);
  COSMATI_VM_LANES out[l] = a[l];
  r.finish();
  return i + 1;
}
const Inst *movePredicate(Warp &w, const Inst *i) {
  setPredicate(w, i->op[0], predicate(w, i->op[1]), lanesOf(w, i));
  return i + 1;
}
/// d = imm + the frame's place in local memory: the address of a .local variable.
template <class T> const Inst *frameAddress(Warp &w, const Inst *i) {
  Result<T> r(w, i, 0);
  T *out = r.data(), value = T(w.localBase + uint64_t(i->imm));
  COSMATI_VM_LANES out[l] = value;
  r.finish();
  return i + 1;
}

/// {a, b, ...} side by side, a lowest. Part registers hold `PartReg`, of which Bits count.
template <class Whole, class PartReg, unsigned Bits, unsigned N>
const Inst *pack(Warp &w, const Inst *i) {
  Result<Whole> r(w, i, 0);
  Whole *out = r.data();
  const PartReg *part[N];
  for (unsigned k = 0; k < N; ++k)
    part[k] = slot<PartReg>(w, i->op[1 + k]);
  constexpr Whole keep = Whole(~Whole(0)) >> (8 * sizeof(Whole) - Bits);
  COSMATI_VM_LANES {
    Whole v = 0;
    for (unsigned k = 0; k < N; ++k)
      v = Whole(v | Whole((Whole(part[k][l]) & keep) << (Bits * k)));
    out[l] = v;
  }
  r.finish();
  return i + 1;
}
template <class Whole, class PartReg, unsigned Bits, unsigned N>
const Inst *unpack(Warp &w, const Inst *i) {
  alignas(64) Whole a[kLanes];
  __builtin_memcpy(a, slot<Whole>(w, i->op[N]), sizeof(a));
  constexpr Whole keep = Whole(~Whole(0)) >> (8 * sizeof(Whole) - Bits);
  for (unsigned k = 0; k < N; ++k) {
    Result<PartReg> r(w, i, k);
    PartReg *out = r.data();
    COSMATI_VM_LANES out[l] = PartReg((a[l] >> (Bits * k)) & keep);
    r.finish();
  }
  return i + 1;
}
template <unsigned N> const Inst *pack128(Warp &w, const Inst *i) {
  Result<Wide128> r(w, i, 0);
  Wide128 *out = r.data();
  for (unsigned l = 0; l < kLanes; ++l) {
    if (N == 2) {
      out[l] = {slot<uint64_t>(w, i->op[1])[l], slot<uint64_t>(w, i->op[2])[l]};
    } else {
      uint64_t p[4];
      for (unsigned k = 0; k < 4; ++k)
        p[k] = slot<uint32_t>(w, i->op[1 + k])[l];
      out[l] = {p[0] | p[1] << 32, p[2] | p[3] << 32};
    }
  }
  r.finish();
  return i + 1;
}
template <unsigned N> const Inst *unpack128(Warp &w, const Inst *i) {
  const Wide128 *a = slot<Wide128>(w, i->op[N]);
  uint32_t mask = lanesOf(w, i);
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    uint64_t half[2] = {a[l].lo, a[l].hi};
    for (unsigned k = 0; k < N; ++k)
      if (N == 2)
        slot<uint64_t>(w, i->op[k])[l] = half[k];
      else
        slot<uint32_t>(w, i->op[k])[l] = uint32_t(half[k / 2] >> (32 * (k % 2)));
  }
  return i + 1;
}

Handler packFor(const Selection &s, unsigned parts) {
  unsigned whole = s.dstBits;
  if (whole == 128)
    return parts == 2 ? pack128<2> : parts == 4 ? pack128<4> : nullptr;
  if (whole == 64 && parts == 2)
    return pack<uint64_t, uint32_t, 32, 2>;
  if (whole == 64 && parts == 4)
    return pack<uint64_t, uint16_t, 16, 4>;
  if (whole == 32 && parts == 2)
    return pack<uint32_t, uint16_t, 16, 2>;
  if (whole == 32 && parts == 4)
    return pack<uint32_t, uint16_t, 8, 4>;
  if (whole == 16 && parts == 2)
    return pack<uint16_t, uint16_t, 8, 2>;
  return nullptr;
}
Handler unpackFor(const Selection &s, unsigned parts) {
  unsigned whole = s.srcBits;
  if (whole == 128)
    return parts == 2 ? unpack128<2> : parts == 4 ? unpack128<4> : nullptr;
  if (whole == 64 && parts == 2)
    return unpack<uint64_t, uint32_t, 32, 2>;
  if (whole == 64 && parts == 4)
    return unpack<uint64_t, uint16_t, 16, 4>;
  if (whole == 32 && parts == 2)
    return unpack<uint32_t, uint16_t, 16, 2>;
  if (whole == 32 && parts == 4)
    return unpack<uint32_t, uint16_t, 8, 4>;
  if (whole == 16 && parts == 2)
    return unpack<uint16_t, uint16_t, 8, 2>;
  return nullptr;
}
Handler selectMov(const Selection &s) {
  switch (MoveForm(s.flags)) {
  case MoveForm::Pack:
    return packFor(s, s.vec);
  case MoveForm::Unpack:
    return unpackFor(s, s.vec);
  case MoveForm::FrameAddress:
    return s.dstBits == 64 ? frameAddress<uint64_t> : frameAddress<uint32_t>;
  case MoveForm::Plain:
    break;
  }
  switch (s.dstBits) {
  case 1:
    return movePredicate;
  case 8:
  case 16:
    return move<uint16_t>;
  case 32:
    return move<uint32_t>;
  case 64:
    return move<uint64_t>;
  case 128:
    return move<Wide128>;
  default:
    return nullptr;
  }
}

/// d = a + imm: to generic addresses and back.
const Inst *addOffset(Warp &w, const Inst *i) {
  Result<uint64_t> r(w, i, 0);
  uint64_t *out = r.data(), offset = uint64_t(i->imm);
  const uint64_t *a = slot<uint64_t>(w, i->op[1]);
  COSMATI_VM_LANES out[l] = a[l] + offset;
  r.finish();
  return i + 1;
}
/// Whether a generic address lies in the CTA's own part of the shared window.
const Inst *inOwnShared(Warp &w, const Inst *i) {
  const uint64_t *a = slot<uint64_t>(w, i->op[1]);
  alignas(64) uint8_t bytes[kLanes];
  uint64_t base = kSharedWindow + w.sharedBase;
  COSMATI_VM_LANES bytes[l] = a[l] - base < kCtaWindowBytes ? 1 : 0;
  setPredicate(w, i->op[0], maskOfBytes(bytes), lanesOf(w, i));
  return i + 1;
}
const Inst *inWindow(Warp &w, const Inst *i) {
  const uint64_t *a = slot<uint64_t>(w, i->op[1]);
  alignas(64) uint8_t bytes[kLanes];
  uint64_t base = uint64_t(i->imm), size = base ? kWindowBytes : kSharedWindow;
  COSMATI_VM_LANES bytes[l] = a[l] - base < size ? 1 : 0;
  setPredicate(w, i->op[0], maskOfBytes(bytes), lanesOf(w, i));
  return i + 1;
}
/// First generic address of the space a modifier names; 0 for global and const, which are identity.
uint64_t windowOf(const Selection &s) {
  if (has(s, Mod::shared) || has(s, Mod::sharedCta) || has(s, Mod::sharedCluster))
    return kSharedWindow;
  if (has(s, Mod::local))
    return kLocalWindow;
  if (has(s, Mod::param) || has(s, Mod::paramEntry))
    return kParamWindow;
  return 0;
}

} // namespace

namespace COSMATI_VM_ISA {
Handler selectMove(const Selection &s) {
  switch (s.id) {
  case InstId::Mov:
    return selectMov(s);
  case InstId::Cvta:
    if (s.dstBits != 64)
      return nullptr;
    s.imm = int64_t(has(s, Mod::to) ? 0 - windowOf(s) : windowOf(s));
    return addOffset;
  case InstId::Isspacep:
    if (has(s, Mod::shared) || has(s, Mod::sharedCta))
      return inOwnShared;
    s.imm = int64_t(windowOf(s));
    return inWindow;
  default:
    return nullptr;
  }
}
} // namespace COSMATI_VM_ISA
} // namespace cosmati::ptxvm
