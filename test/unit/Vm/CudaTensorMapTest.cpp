//===- CudaTensorMapTest.cpp - CUDA programs with tensor copies -----------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "runtime/PtxVm/TensorMap.h"
#include "test/unit/Vm/CudaPrograms.h"

using namespace vmtest;

namespace {

/// Rows of a buffer that begins at a multiple of 16, as tensor maps want it.
template <class T> struct AlignedBuffer {
  std::vector<T> room;
  size_t size;
  explicit AlignedBuffer(size_t n) : room(n + 16), size(n) {}
  T *data() {
    size_t shift = -reinterpret_cast<uintptr_t>(room.data()) & 15;
    return room.data() + shift / sizeof(T);
  }
  uint64_t map(Grid &grid, const std::string &name) {
    return grid.memory.map(data(), size * sizeof(T), name, true);
  }
};
TensorMap encoded(const TensorMapDesc &desc) {
  auto map = encodeTensorMap(desc);
  if (map)
    return *map;
  ADD_FAILURE() << llvm::toString(map.takeError());
  return TensorMap();
}

} // namespace

TEST(CudaTensorMaps, TilesAreClippedAtTheEdges) {
  constexpr int rows = 20, columns = 60;
  forEachVariant("tensor", [&](const Compiled &c) {
    for (auto [x, y] : {std::pair(0, 0), {40, 10}, {32, 0}, {0, 16}}) {
      AlignedBuffer<int> in(rows * columns), out(rows * columns);
      for (int k = 0; k < rows * columns; ++k)
        in.data()[k] = 7 * k, out.data()[k] = -1;
      Grid grid = c.grid("addOne");
      TensorMapDesc d;
      d.dataType = TensorDataType::Int32;
      d.rank = 2;
      d.globalDim = {columns, rows};
      d.globalStrides = {columns * 4};
      d.boxDim = {32, 16};
      d.globalAddress = in.map(grid, "in");
      grid.scalar(encoded(d));
      d.globalAddress = out.map(grid, "out");
      ASSERT_EQ(grid.scalar(encoded(d)).scalar(x).scalar(y).go(1, 512), "");
      for (int r = 0; r < rows; ++r)
        for (int k = 0; k < columns; ++k) {
          bool inside = r >= y && r < y + 16 && k >= x && k < x + 32;
          ASSERT_EQ(out.data()[r * columns + k], inside ? 7 * (r * columns + k) + 1 : -1)
              << r << " " << k << " " << x << " " << y;
        }
    }
  });
}

TEST(CudaTensorMaps, ABlockLoadsForItsClusterAndAllReduce) {
  forEachVariant("tensor", [&](const Compiled &c) {
    AlignedBuffer<float> in(3 * 20 * 16), sum(3 * 20 * 16);
    for (int k = 0; k < 3 * 20 * 16; ++k)
      in.data()[k] = float(k % 97), sum.data()[k] = float(k % 5);
    Grid grid = c.grid("shareTile");
    TensorMapDesc d;
    d.dataType = TensorDataType::Float32;
    d.rank = 3;
    d.globalDim = {16, 20, 3};
    d.globalStrides = {64, 64 * 20};
    d.boxDim = {16, 8, 2};
    d.globalAddress = in.map(grid, "in");
    grid.scalar(encoded(d));
    d.globalAddress = sum.map(grid, "sum");
    ASSERT_EQ(grid.scalar(encoded(d)).go(6, 64), "");
    for (int k = 0; k < 3 * 20 * 16; ++k) {
      int z = k / 320, row = k / 16 % 20; // slices 1 and 2 are in two boxes
      int times = row >= 4 && row < 12 ? 3 * (z ? 2 : 1) : 0;
      ASSERT_EQ(sum.data()[k], float(k % 5) + float(times * (k % 97))) << k;
    }
  });
}
