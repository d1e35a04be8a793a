// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Atomics of all types, orders and scopes; locks; messages between blocks.
#include <cuda/atomic>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

// Each cell takes one operation from all threads; the order doesn't matter for the result.
extern "C" __global__ void atomicWords(int *s, unsigned *u, unsigned long long *l, long long *m, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int v = (i * 7919) % 1000 - 500;
  atomicAdd(&s[0], v);
  atomicSub(&s[1], v);
  atomicMin(&s[2], v);
  atomicMax(&s[3], v);
  atomicAnd(&s[4], ~(1 << (i % 17)));
  atomicOr(&s[5], 1 << (i % 19));
  atomicXor(&s[6], v);
  atomicAdd_system(&s[7], 1);
  atomicAdd_block(&s[8 + blockIdx.x], 1);
  atomicAdd(&u[0], unsigned(i));
  atomicMin(&u[1], unsigned(i + 5));
  atomicMax(&u[2], unsigned(i + 5));
  atomicInc(&u[3], 36u);
  atomicDec(&u[4], 36u);
  atomicAdd(&l[0], (1ull << 32) + unsigned(i));
  atomicMin(&l[1], (1ull << 40) + unsigned(i));
  atomicMax(&l[2], (1ull << 40) + unsigned(i));
  atomicAnd(&l[3], ~(1ull << (i % 61)));
  atomicOr(&l[4], 1ull << (i % 61));
  atomicXor(&l[5], (unsigned long long)i << 33);
  atomicMin(&m[0], (long long)v << 33);
  atomicMax(&m[1], (long long)v << 33);
}

// Integers small enough that every sum is exact, whatever the order.
extern "C" __global__ void atomicFloats(float *f, double *d, __half2 *h, __nv_bfloat162 *b, __half *one, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  atomicAdd(f, float(i % 8));
  atomicAdd(d, double(i) * 0.5);
  atomicAdd(h, __floats2half2_rn(float(i % 2), float(i % 3 == 0)));
#if __CUDA_ARCH__ >= 900 // before, cuda_bf16.hpp makes it of a compare and swap with a plain load, a race
  atomicAdd(b, __floats2bfloat162_rn(float(i % 64 == 0), float(i % 32 == 0)));
#endif
  atomicAdd(one, __float2half(1.0f));
  // max of floats by compare and swap, product by exchange
  int *bits = reinterpret_cast<int *>(f + 1);
  int old = *(volatile int *)bits;
  while (__int_as_float(old) < float(i)) {
    int seen = atomicCAS(bits, old, __float_as_int(float(i)));
    if (seen == old)
      break;
    old = seen;
  }
}

// 16-bit and 128-bit words by compare and swap.
extern "C" __global__ void atomicOdd(unsigned short *h, uint4 *q, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned short old = *(volatile unsigned short *)(h + i % 3), seen;
  while ((seen = atomicCAS(h + i % 3, old, (unsigned short)(old + 1))) != old)
    old = seen;
#if __CUDA_ARCH__ >= 900
  uint4 was = {0, 0, 0, 0}, next;
  for (;;) {
    next = {was.x + 1, was.y + 2, was.z + i, was.w ^ unsigned(i)};
    uint4 got = atomicCAS(q, was, next);
    if (got.x == was.x && got.y == was.y && got.z == was.z && got.w == was.w)
      break;
    was = got;
  }
#endif
}

// A counter behind a lock that single threads of a warp take.
extern "C" __global__ void locked(int *lock, int *counter) {
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      *(volatile int *)counter = *(volatile int *)counter + 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
  }
}

// Block b waits for block b - 1 and passes a sum on: release and acquire at device scope.
extern "C" __global__ void relay(int *value, int *flag) {
  cuda::atomic_ref<int, cuda::thread_scope_device> turn(*flag);
  if (threadIdx.x == 0) {
    while (turn.load(cuda::memory_order_acquire) != int(blockIdx.x))
      __nanosleep(20);
    *value = *value * 3 + int(blockIdx.x);
    turn.store(int(blockIdx.x) + 1, cuda::memory_order_release);
  }
}

// libcu++ atomics of every order in shared memory.
extern "C" __global__ void orders(unsigned *out) {
  __shared__ cuda::atomic<unsigned, cuda::thread_scope_block> cell[6];
  if (threadIdx.x < 6)
    cell[threadIdx.x].store(threadIdx.x, cuda::memory_order_relaxed);
  __syncthreads();
  cell[0].fetch_add(threadIdx.x, cuda::memory_order_relaxed);
  cell[1].fetch_max(threadIdx.x, cuda::memory_order_acquire);
  cell[2].fetch_xor(threadIdx.x, cuda::memory_order_release);
  cell[3].fetch_or(threadIdx.x, cuda::memory_order_acq_rel);
  cell[4].fetch_sub(1, cuda::memory_order_seq_cst);
  unsigned want = cell[5].load();
  while (!cell[5].compare_exchange_weak(want, want + 2))
    ;
  __syncthreads();
  if (threadIdx.x < 6)
    out[blockIdx.x * 6 + threadIdx.x] = cell[threadIdx.x].load();
}
