//===- BulkReduce.cpp - element by element --------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/BulkReduce.h"
#include "runtime/PtxVm/exec/Soft.h"
#include <cstring>

namespace cosmati::ptxvm {
namespace {

using Reduction = BulkCopy::Reduction;

struct BulkAdd {
  template <class T> static T apply(T a, T b) { return T(a + b); }
};
struct BulkMin {
  template <class T> static T apply(T a, T b) { return b < a ? b : a; }
};
struct BulkMax {
  template <class T> static T apply(T a, T b) { return a < b ? b : a; }
};
struct BulkAnd {
  template <class T> static T apply(T a, T b) { return a & b; }
};
struct BulkOr {
  template <class T> static T apply(T a, T b) { return a | b; }
};
struct BulkXor {
  template <class T> static T apply(T a, T b) { return a ^ b; }
};
struct BulkInc {
  static uint32_t apply(uint32_t a, uint32_t b) { return a >= b ? 0 : a + 1; }
};
struct BulkDec {
  static uint32_t apply(uint32_t a, uint32_t b) { return a == 0 || a > b ? b : a - 1; }
};
template <bool Flush> struct BulkAddF32 {
  static uint32_t apply(uint32_t a, uint32_t b) {
    float x = bitsAs<float>(a), y = bitsAs<float>(b);
    float sum = Flush ? flush(flush(x) + flush(y)) : x + y;
    return bitsAs<uint32_t>(canonical(sum));
  }
};
struct BulkAddF64 {
  static uint64_t apply(uint64_t a, uint64_t b) {
    return bitsAs<uint64_t>(bitsAs<double>(a) + bitsAs<double>(b));
  }
};
template <bool Bf> float widen(uint16_t v) { return Bf ? bfloatToFloat(v) : halfToFloat(v); }
template <bool Bf> struct BulkAddHalf { // a single holds the sum closely enough to round twice
  static uint16_t apply(uint16_t a, uint16_t b) {
    float sum = widen<Bf>(a) + widen<Bf>(b);
    return Bf ? floatToBfloat(sum) : floatToHalf(sum);
  }
};
/// A number wins over a NaN, and -0 counts as less than +0.
template <bool Bf, bool Max> struct BulkMinMaxHalf {
  static uint16_t apply(uint16_t a, uint16_t b) {
    float x = widen<Bf>(a), y = widen<Bf>(b);
    if (x != x)
      return y != y ? kNan16 : b;
    if (x == y)
      return (a >> 15) == uint16_t(Max) ? b : a;
    return (Max ? y > x : y < x) ? b : a;
  }
};

template <class Op, class T> void reduceAll(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += sizeof(T)) {
    T operand, *place = reinterpret_cast<T *>(to + at);
    std::memcpy(&operand, from + at, sizeof(T));
    T old = __atomic_load_n(place, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(place, &old, Op::apply(old, operand), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
      ;
  }
}

Reduction sum(ScalarType t, bool flush) {
  switch (t) {
  case ScalarType::U32:
  case ScalarType::S32:
    return reduceAll<BulkAdd, uint32_t>;
  case ScalarType::U64:
    return reduceAll<BulkAdd, uint64_t>;
  case ScalarType::F16:
    return reduceAll<BulkAddHalf<false>, uint16_t>;
  case ScalarType::BF16:
    return reduceAll<BulkAddHalf<true>, uint16_t>;
  case ScalarType::F32:
    return flush ? reduceAll<BulkAddF32<true>, uint32_t> : reduceAll<BulkAddF32<false>, uint32_t>;
  case ScalarType::F64:
    return reduceAll<BulkAddF64, uint64_t>;
  default:
    return nullptr;
  }
}
template <class Op, bool Max> Reduction extreme(ScalarType t) {
  switch (t) {
  case ScalarType::U32:
    return reduceAll<Op, uint32_t>;
  case ScalarType::S32:
    return reduceAll<Op, int32_t>;
  case ScalarType::U64:
    return reduceAll<Op, uint64_t>;
  case ScalarType::S64:
    return reduceAll<Op, int64_t>;
  case ScalarType::F16:
    return reduceAll<BulkMinMaxHalf<false, Max>, uint16_t>;
  case ScalarType::BF16:
    return reduceAll<BulkMinMaxHalf<true, Max>, uint16_t>;
  default:
    return nullptr;
  }
}
template <class Op> Reduction bitwise(ScalarType t) {
  switch (t) {
  case ScalarType::B32:
  case ScalarType::U32:
  case ScalarType::S32:
    return reduceAll<Op, uint32_t>;
  case ScalarType::B64:
  case ScalarType::U64:
  case ScalarType::S64:
    return reduceAll<Op, uint64_t>;
  default:
    return nullptr;
  }
}

} // namespace

Reduction bulkReduction(BulkOp op, ScalarType type, bool flush) {
  switch (op) {
  case BulkOp::Add:
    return sum(type, flush);
  case BulkOp::Min:
    return extreme<BulkMin, false>(type);
  case BulkOp::Max:
    return extreme<BulkMax, true>(type);
  case BulkOp::Inc:
    return type == ScalarType::U32 ? reduceAll<BulkInc, uint32_t> : nullptr;
  case BulkOp::Dec:
    return type == ScalarType::U32 ? reduceAll<BulkDec, uint32_t> : nullptr;
  case BulkOp::And:
    return bitwise<BulkAnd>(type);
  case BulkOp::Or:
    return bitwise<BulkOr>(type);
  case BulkOp::Xor:
    return bitwise<BulkXor>(type);
  }
  return nullptr;
}

} // namespace cosmati::ptxvm
