// Extents of blocks as compile-time values, and the rules that combine them.
#pragma once

namespace cosmati::detail {

inline constexpr int kMaxRank = 8;
inline constexpr int kMaxElements = 1 << 20;

/// Up to kMaxRank extents; rank -1 says that two shapes do not go together.
struct Dims {
  int rank = 0;
  int extent[kMaxRank] = {};

  constexpr bool isValid() const { return rank >= 0; }
  constexpr long numel() const {
    long product = 1;
    for (int i = 0; i < rank; ++i)
      product *= extent[i];
    return product;
  }
  constexpr bool isLegal() const {
    for (int i = 0; i < rank; ++i)
      if (extent[i] < 1 || (extent[i] & (extent[i] - 1)) != 0)
        return false;
    return rank <= kMaxRank && numel() <= kMaxElements;
  }
  constexpr bool operator==(const Dims &) const = default;
};

template <int... N> constexpr Dims dimsOf() { return Dims{sizeof...(N), {N...}}; }

inline constexpr Dims kMismatch{-1, {}};

/// Extents of 1 repeat; missing leading dimensions count as 1.
constexpr Dims broadcast(Dims a, Dims b) {
  Dims result{a.rank > b.rank ? a.rank : b.rank, {}};
  for (int i = 1; i <= result.rank; ++i) {
    int x = i <= a.rank ? a.extent[a.rank - i] : 1, y = i <= b.rank ? b.extent[b.rank - i] : 1;
    if (x != y && x != 1 && y != 1)
      return kMismatch;
    result.extent[result.rank - i] = x == 1 ? y : x;
  }
  return result;
}

/// An axis counted from the front; -1 if it is outside.
constexpr int normalAxis(int axis, int rank) {
  return axis >= -rank && axis < rank ? (axis < 0 ? axis + rank : axis) : -1;
}

constexpr Dims inserted(Dims a, int axis, int extent) {
  Dims result{a.rank + 1, {}};
  for (int i = 0, from = 0; i < result.rank; ++i)
    result.extent[i] = i == axis ? extent : a.extent[from++];
  return result;
}

constexpr Dims removed(Dims a, int axis) {
  Dims result{a.rank - 1, {}};
  for (int i = 0, to = 0; i < a.rank; ++i)
    if (i != axis)
      result.extent[to++] = a.extent[i];
  return result;
}

constexpr Dims replaced(Dims a, int axis, int extent) {
  a.extent[axis] = extent;
  return a;
}

constexpr bool isPermutation(Dims order, int rank) {
  bool seen[kMaxRank] = {};
  for (int i = 0; i < order.rank; ++i) {
    if (order.extent[i] < 0 || order.extent[i] >= rank || seen[order.extent[i]])
      return false;
    seen[order.extent[i]] = true;
  }
  return order.rank == rank;
}

constexpr Dims permuted(Dims a, Dims order) {
  Dims result{a.rank, {}};
  for (int i = 0; i < a.rank; ++i)
    result.extent[i] = a.extent[order.extent[i]];
  return result;
}

/// All extents 1 but that of `axis`.
constexpr Dims alongAxis(Dims a, int axis) {
  for (int i = 0; i < a.rank; ++i)
    a.extent[i] = i == axis ? a.extent[i] : 1;
  return a;
}

/// 0, 1, ..., rank - 1.
constexpr Dims identityOrder(int rank) {
  Dims result{rank, {}};
  for (int i = 0; i < rank; ++i)
    result.extent[i] = i;
  return result;
}

constexpr Dims swappedLast(Dims a) {
  Dims result = a;
  result.extent[a.rank - 2] = a.extent[a.rank - 1];
  result.extent[a.rank - 1] = a.extent[a.rank - 2];
  return result;
}

} // namespace cosmati::detail
