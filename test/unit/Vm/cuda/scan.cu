// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Scans: of a block by shuffles, of an array over many blocks by decoupled look-back.
#include <cuda/atomic>

__device__ int warpInclusive(int v) {
  int lane = threadIdx.x % 32;
  for (int step = 1; step < 32; step *= 2) {
    int other = __shfl_up_sync(0xffffffffu, v, step);
    if (lane >= step)
      v += other;
  }
  return v;
}
__device__ int blockInclusive(int v, int *sums) {
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  v = warpInclusive(v);
  if (lane == 31)
    sums[warp] = v;
  __syncthreads();
  if (warp == 0)
    sums[lane] = warpInclusive(lane < blockDim.x / 32 ? sums[lane] : 0);
  __syncthreads();
  return v + (warp ? sums[warp - 1] : 0);
}

extern "C" __global__ void scanBlock(const int *in, int *inclusive, int *exclusive, int n) {
  __shared__ int sums[32];
  int i = threadIdx.x, v = i < n ? in[i] : 0, s = blockInclusive(v, sums);
  if (i < n) {
    inclusive[i] = s;
    exclusive[i] = s - v;
  }
}

// state: flag in the upper word (1 the tile's own sum, 2 the sum up to it), value in the lower.
extern "C" __global__ void scanLookBack(const int *in, int *out, unsigned long long *state, unsigned *ticket, int n) {
  __shared__ int sums[32], tile, before;
  if (threadIdx.x == 0)
    tile = int(atomicAdd(ticket, 1u));
  __syncthreads();
  int i = tile * blockDim.x + threadIdx.x;
  int s = blockInclusive(i < n ? in[i] : 0, sums);
  using Word = cuda::atomic_ref<unsigned long long, cuda::thread_scope_device>;
  if (threadIdx.x == blockDim.x - 1) {
    auto pack = [](unsigned flag, int v) { return (unsigned long long)flag << 32 | unsigned(v); };
    Word(state[tile]).store(pack(tile ? 1 : 2, s), cuda::memory_order_release);
    int sum = 0;
    for (int t = tile - 1; t >= 0; --t) {
      unsigned long long w;
      while (!((w = Word(state[t]).load(cuda::memory_order_acquire)) >> 32))
        ;
      sum += int(unsigned(w));
      if (w >> 32 == 2)
        break;
    }
    before = sum;
    if (tile)
      Word(state[tile]).store(pack(2, sum + s), cuda::memory_order_release);
  }
  __syncthreads();
  if (i < n)
    out[i] = s + before;
}

// Stream compaction: the even numbers, in order, within a block.
extern "C" __global__ void compact(const int *in, int *out, int *count, int n) {
  __shared__ int sums[32];
  int i = threadIdx.x;
  bool keep = i < n && in[i] % 2 == 0;
  int at = blockInclusive(keep, sums);
  if (keep)
    out[at - 1] = in[i];
  if (i == blockDim.x - 1)
    *count = at;
}
