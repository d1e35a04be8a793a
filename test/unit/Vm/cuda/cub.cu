// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Block algorithms of CUB, which NVIDIA wrote: another compiler's habits and other authors' tricks.
#include <cub/block/block_histogram.cuh>
#include <cub/block/block_radix_sort.cuh>
#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

extern "C" __global__ void __launch_bounds__(128) cubSort(int *keys, int *values) {
  using Sort = cub::BlockRadixSort<int, 128, 4, int>;
  __shared__ typename Sort::TempStorage temporary;
  int k[4], v[4];
  for (int i = 0; i < 4; ++i)
    k[i] = keys[blockIdx.x * 512 + threadIdx.x * 4 + i], v[i] = values[blockIdx.x * 512 + threadIdx.x * 4 + i];
  Sort(temporary).Sort(k, v);
  for (int i = 0; i < 4; ++i)
    keys[blockIdx.x * 512 + threadIdx.x * 4 + i] = k[i], values[blockIdx.x * 512 + threadIdx.x * 4 + i] = v[i];
}
extern "C" __global__ void __launch_bounds__(128) cubScan(const int *in, int *out, int *total) {
  using Scan = cub::BlockScan<int, 128, cub::BLOCK_SCAN_RAKING>;
  using Reduce = cub::BlockReduce<int, 128>;
  __shared__ union {
    typename Scan::TempStorage scan;
    typename Reduce::TempStorage reduce;
  } temporary;
  int i = blockIdx.x * 128 + threadIdx.x, v = in[i], s;
  Scan(temporary.scan).ExclusiveSum(v, s);
  __syncthreads();
  int sum = Reduce(temporary.reduce).Sum(v);
  out[i] = s;
  if (threadIdx.x == 0)
    total[blockIdx.x] = sum;
}
