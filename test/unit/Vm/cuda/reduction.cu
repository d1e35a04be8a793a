// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cuda_fp16.h>

extern "C" __global__ void blockSum(const float *in, float *out, int n) {
  __shared__ float partial[32];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += in[i];
  for (int step = 16; step; step >>= 1)
    sum += __shfl_down_sync(0xffffffffu, sum, step);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < (blockDim.x + 31) / 32 ? partial[threadIdx.x] : 0.0f;
    for (int step = 16; step; step >>= 1)
      sum += __shfl_xor_sync(0xffffffffu, sum, step);
    if (threadIdx.x == 0)
      atomicAdd(out, sum);
  }
}

extern "C" __global__ void histogram(const unsigned char *in, unsigned *bins, int n) {
  __shared__ unsigned local[256];
  for (int b = threadIdx.x; b < 256; b += blockDim.x)
    local[b] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(&local[in[i]], 1u);
  __syncthreads();
  for (int b = threadIdx.x; b < 256; b += blockDim.x)
    if (local[b])
      atomicAdd(&bins[b], local[b]);
}

// Inclusive scan of one block in shared memory, double buffered.
extern "C" __global__ void scan(const int *in, int *out, int n) {
  extern __shared__ int buffer[];
  int t = threadIdx.x;
  int *from = buffer, *to = buffer + blockDim.x;
  from[t] = t < n ? in[t] : 0;
  for (int step = 1; step < blockDim.x; step *= 2) {
    __syncthreads();
    to[t] = from[t] + (t >= step ? from[t - step] : 0);
    int *swap = from;
    from = to;
    to = swap;
  }
  if (t < n)
    out[t] = from[t];
}

extern "C" __global__ void softmaxRows(const __half *in, __half *out, int columns) {
  __shared__ float shared[32];
  const __half *row = in + blockIdx.x * columns;
  float best = -INFINITY;
  for (int c = threadIdx.x; c < columns; c += blockDim.x)
    best = fmaxf(best, __half2float(row[c]));
  for (int step = 16; step; step >>= 1)
    best = fmaxf(best, __shfl_xor_sync(0xffffffffu, best, step));
  if (threadIdx.x % 32 == 0)
    shared[threadIdx.x / 32] = best;
  __syncthreads();
  for (int w = 0; w < blockDim.x / 32; ++w)
    best = fmaxf(best, shared[w]);
  __syncthreads();
  float sum = 0;
  for (int c = threadIdx.x; c < columns; c += blockDim.x)
    sum += expf(__half2float(row[c]) - best);
  for (int step = 16; step; step >>= 1)
    sum += __shfl_xor_sync(0xffffffffu, sum, step);
  if (threadIdx.x % 32 == 0)
    shared[threadIdx.x / 32] = sum;
  __syncthreads();
  sum = 0;
  for (int w = 0; w < blockDim.x / 32; ++w)
    sum += shared[w];
  for (int c = threadIdx.x; c < columns; c += blockDim.x)
    out[blockIdx.x * columns + c] = __float2half(expf(__half2float(row[c]) - best) / sum);
}
