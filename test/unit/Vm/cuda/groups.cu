// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Cooperative groups: tiles, coalesced and labelled groups, their collectives.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>
namespace cg = cooperative_groups;

// out[i]: sum over the tile of 8 that i belongs to, times 100, plus the rank in it.
extern "C" __global__ void tileSums(const int *in, int *out) {
  auto block = cg::this_thread_block();
  auto tile = cg::tiled_partition<8>(block);
  int i = block.group_index().x * block.size() + block.thread_rank();
  int v = in[i];
  for (int step = tile.size() / 2; step; step /= 2)
    v += tile.shfl_xor(v, step);
  out[i] = v * 100 + int(tile.thread_rank());
}

// Sum, maximum, inclusive and exclusive scan over tiles of 16.
extern "C" __global__ void tileCollectives(const int *in, int *out, int n) {
  auto tile = cg::tiled_partition<16>(cg::this_thread_block());
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  out[i] = cg::reduce(tile, v, cg::plus<int>());
  out[n + i] = cg::reduce(tile, v, cg::greater<int>());
  out[2 * n + i] = cg::inclusive_scan(tile, v);
  out[3 * n + i] = cg::exclusive_scan(tile, v, cg::plus<int>());
}

// Threads with positive values: one atomic per group of them, a place for each.
extern "C" __global__ void aggregate(const int *in, int *out, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n || in[i] <= 0)
    return;
  auto group = cg::coalesced_threads();
  int base = 0;
  if (group.thread_rank() == 0)
    base = atomicAdd(count, int(group.size()));
  out[group.shfl(base, 0) + group.thread_rank()] = in[i];
}

// Groups by label and by predicate within a warp: size, rank and sum in each.
extern "C" __global__ void partitions(const int *in, int *out, int n) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  auto same = cg::labeled_partition(warp, v & 3);
  out[i] = int(same.size() * 100 + same.thread_rank());
  out[n + i] = cg::reduce(same, v, cg::plus<int>());
  auto half = cg::binary_partition(warp, v > 10);
  out[2 * n + i] = int(half.size() * 100 + half.thread_rank());
}

// Votes in tiles of 4.
extern "C" __global__ void tileVotes(const int *in, unsigned *out) {
  auto tile = cg::tiled_partition<4>(cg::this_thread_block());
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  unsigned any = tile.any(v > 10), all = tile.all(v > 10), ballot = tile.ballot(v & 1);
  unsigned same = tile.match_any(v / 4);
  out[i] = any | all << 1 | ballot << 4 | same << 8 | tile.meta_group_rank() << 16;
}
