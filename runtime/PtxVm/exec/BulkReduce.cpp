//===- BulkReduce.cpp - element by element --------------------------------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/exec/BulkReduce.h"
#include "runtime/PtxVm/exec/CombineFloat.h"
#include <cstring>

namespace cosmati::ptxvm {
namespace {

using Reduction = BulkCopy::Reduction;

template <class Op, class T> void reduceAll(uint8_t *to, const uint8_t *from, uint32_t bytes) {
  for (uint32_t at = 0; at < bytes; at += sizeof(T)) {
    T operand;
    std::memcpy(&operand, from + at, sizeof(T));
    updateElement<T, Op>(reinterpret_cast<T *>(to + at), operand);
  }
}

Reduction sum(ScalarType t, bool flush) {
  switch (t) {
  case ScalarType::U32:
  case ScalarType::S32:
    return reduceAll<Add, uint32_t>;
  case ScalarType::U64:
    return reduceAll<Add, uint64_t>;
  case ScalarType::F16:
    return reduceAll<AddHalf<false>, uint16_t>;
  case ScalarType::BF16:
    return reduceAll<AddHalf<true>, uint16_t>;
  case ScalarType::F32:
    return flush ? reduceAll<AddSingle<true>, uint32_t> : reduceAll<AddSingle<false>, uint32_t>;
  case ScalarType::F64:
    return reduceAll<AddDouble, uint64_t>;
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
    return reduceAll<MinMaxHalf<false, Max>, uint16_t>;
  case ScalarType::BF16:
    return reduceAll<MinMaxHalf<true, Max>, uint16_t>;
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
    return extreme<Min, false>(type);
  case BulkOp::Max:
    return extreme<Max, true>(type);
  case BulkOp::Inc:
    return type == ScalarType::U32 ? reduceAll<Inc, uint32_t> : nullptr;
  case BulkOp::Dec:
    return type == ScalarType::U32 ? reduceAll<Dec, uint32_t> : nullptr;
  case BulkOp::And:
    return bitwise<And>(type);
  case BulkOp::Or:
    return bitwise<Or>(type);
  case BulkOp::Xor:
    return bitwise<Xor>(type);
  }
  return nullptr;
}

} // namespace cosmati::ptxvm
