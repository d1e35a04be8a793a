// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reductions by shuffles, shared memory, redux and atomics; arg-max by a packed key.
#include <cstdint>

template <class T> __device__ T warpSum(T v) {
  for (int step = 16; step; step >>= 1)
    v += __shfl_xor_sync(0xffffffffu, v, step);
  return v;
}

template <class T> __device__ void sumTree(const T *in, T *out, int n) {
  __shared__ T partial[256];
  T sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += in[i];
  partial[threadIdx.x] = sum;
  __syncthreads();
  for (unsigned step = blockDim.x / 2; step >= 32; step /= 2) {
    if (threadIdx.x < step)
      partial[threadIdx.x] += partial[threadIdx.x + step];
    __syncthreads();
  }
  if (threadIdx.x < 32) {
    sum = warpSum(partial[threadIdx.x]);
    if (threadIdx.x == 0)
      atomicAdd(out, sum);
  }
}
extern "C" __global__ void sumInt(const int *in, int *out, int n) { sumTree(in, out, n); }
extern "C" __global__ void sumFloat(const float *in, float *out, int n) { sumTree(in, out, n); }
extern "C" __global__ void sumDouble(const double *in, double *out, int n) { sumTree(in, out, n); }

// out: sum, min, max (signed), and, or, xor
extern "C" __global__ void reduxAll(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned mask = __ballot_sync(0xffffffffu, i < n);
  if (i >= n)
    return;
  int v = in[i];
  int sum = __reduce_add_sync(mask, v), least = __reduce_min_sync(mask, v), most = __reduce_max_sync(mask, v);
  unsigned all = __reduce_and_sync(mask, unsigned(v)), any = __reduce_or_sync(mask, unsigned(v)),
           odd = __reduce_xor_sync(mask, unsigned(v));
  if (threadIdx.x % 32 == 0) {
    atomicAdd(out, sum);
    atomicMin(out + 1, least);
    atomicMax(out + 2, most);
    atomicAnd(out + 3, int(all));
    atomicOr(out + 4, int(any));
    atomicXor(out + 5, int(odd));
  }
}

// The index of the largest element, the first of several: order-preserving bits above the flipped index.
extern "C" __global__ void argMax(const float *in, unsigned long long *best, int n) {
  unsigned long long key = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    unsigned bits = __float_as_uint(in[i]);
    bits = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    unsigned long long k = (unsigned long long)bits << 32 | unsigned(~i);
    key = key > k ? key : k;
  }
  for (int step = 16; step; step >>= 1) {
    unsigned long long other = __shfl_down_sync(0xffffffffu, key, step);
    key = key > other ? key : other;
  }
  if (threadIdx.x % 32 == 0)
    atomicMax(best, key);
}

// The last block to finish adds up what all wrote.
__device__ unsigned finished;
extern "C" __global__ void sumLastBlock(const int *in, int *partial, int *out, int n) {
  __shared__ bool last;
  int sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += in[i];
  sum = __syncthreads_count(sum & 1) * 0 + sum;
  __shared__ int total;
  if (threadIdx.x == 0)
    total = 0;
  __syncthreads();
  atomicAdd(&total, sum);
  __syncthreads();
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = total;
    __threadfence();
    last = atomicInc(&finished, gridDim.x - 1) == gridDim.x - 1;
    __threadfence();
  }
  __syncthreads();
  if (!last)
    return;
  sum = 0;
  for (unsigned b = threadIdx.x; b < gridDim.x; b += blockDim.x)
    sum += ((volatile int *)partial)[b];
  sum = warpSum(sum);
  if (threadIdx.x % 32 == 0)
    atomicAdd(out, sum);
}
