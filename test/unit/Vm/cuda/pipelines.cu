// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Copies that overlap with work: pipelines of cp.async, libcu++ barriers.
#include <cooperative_groups.h>
#include <cooperative_groups/memcpy_async.h>
#include <cuda/barrier>
#include <cuda/pipeline>
#include <cuda_pipeline.h>
namespace cg = cooperative_groups;

constexpr int kStages = 3, kTile = 128;

// y = 2 x + previous tile's first element, tile by tile, three stages in flight.
extern "C" __global__ void primitives(const float4 *in, float4 *out, int tiles) {
  __shared__ float4 stage[kStages][kTile];
  int t = threadIdx.x;
  for (int s = 0; s < kStages - 1; ++s) {
    if (s < tiles)
      __pipeline_memcpy_async(&stage[s][t], &in[s * kTile + t], sizeof(float4));
    __pipeline_commit();
  }
  for (int k = 0; k < tiles; ++k) {
    if (k + kStages - 1 < tiles)
      __pipeline_memcpy_async(&stage[(k + kStages - 1) % kStages][t], &in[(k + kStages - 1) * kTile + t], sizeof(float4));
    __pipeline_commit();
    __pipeline_wait_prior(kStages - 1);
    __syncthreads();
    float4 v = stage[k % kStages][(t + 1) % kTile]; // another thread's copy
    out[k * kTile + t] = make_float4(2 * v.x, 2 * v.y, 2 * v.z, 2 * v.w);
    __syncthreads();
  }
}

// With zero fill behind the end of the array.
extern "C" __global__ void zeroFill(const float *in, float *out, int n) {
  __shared__ alignas(16) float stage[4 * kTile];
  int t = threadIdx.x, at = blockIdx.x * 4 * kTile + 4 * t;
  int have = max(0, min(4, n - at));
  __pipeline_memcpy_async(&stage[4 * t], &in[have ? at : 0], 16, 16 - 4 * have);
  __pipeline_commit();
  __pipeline_wait_prior(0);
  __syncthreads();
  for (int k = 0; k < 4; ++k)
    out[blockIdx.x * 4 * kTile + k * kTile + t] = stage[k * kTile + t];
}

// cuda::pipeline of the whole block.
extern "C" __global__ void blockPipeline(const int *in, int *out, int tiles) {
  __shared__ int stage[2][kTile];
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, 2> state;
  auto block = cg::this_thread_block();
  auto pipe = cuda::make_pipeline(block, &state);
  int sum = 0;
  for (int fetch = 0, use = 0; use < tiles; ++use) {
    for (; fetch < tiles && fetch < use + 2; ++fetch) {
      pipe.producer_acquire();
      cuda::memcpy_async(block, stage[fetch % 2], in + fetch * kTile, cuda::aligned_size_t<16>(sizeof(int) * kTile), pipe);
      pipe.producer_commit();
    }
    pipe.consumer_wait();
    for (int k = 0; k < 4; ++k)
      sum += stage[use % 2][(threadIdx.x + k) % kTile];
    pipe.consumer_release();
  }
  out[threadIdx.x] = sum;
}

// A barrier whose phase tracks copies and arrivals; producers and consumers are different warps.
extern "C" __global__ void warpSpecialized(const int *in, int *out, int tiles) {
  using Barrier = cuda::barrier<cuda::thread_scope_block>;
  __shared__ int stage[2][kTile];
  __shared__ alignas(Barrier) char room[4 * sizeof(Barrier)]; // a __shared__ object may have no constructor
  Barrier *full = reinterpret_cast<Barrier *>(room), *empty = full + 2;
  if (threadIdx.x < 2) {
    init(&full[threadIdx.x], 2 * kTile);
    init(&empty[threadIdx.x], 2 * kTile);
  }
  __syncthreads();
  bool producer = threadIdx.x < kTile;
  int t = threadIdx.x % kTile;
  if (producer) {
    for (int k = 0; k < tiles; ++k) {
      empty[k % 2].arrive_and_wait();
      stage[k % 2][t] = in[k * kTile + t] * 3;
      (void)full[k % 2].arrive();
    }
  } else {
    (void)empty[0].arrive();
    (void)empty[1].arrive();
    for (int k = 0; k < tiles; ++k) {
      full[k % 2].arrive_and_wait();
      out[k * kTile + t] = stage[k % 2][kTile - 1 - t];
      (void)empty[k % 2].arrive();
    }
  }
}

// cg::memcpy_async and wait.
extern "C" __global__ void groupCopy(const int *in, int *out) {
  __shared__ int stage[kTile];
  auto block = cg::this_thread_block();
  cg::memcpy_async(block, stage, in + blockIdx.x * kTile, sizeof(int) * kTile);
  cg::wait(block);
  out[blockIdx.x * kTile + threadIdx.x] = stage[kTile - 1 - threadIdx.x];
}
