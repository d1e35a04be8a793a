//===- wgmma.cu - warpgroup matrix instructions through inline PTX --------===//
//
// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The way that CUDA C++ uses them: tied accumulators, descriptors computed from pointers, and empty
// statements that keep the compiler from moving accumulator arithmetic across a fence.
//
//===----------------------------------------------------------------------===//
#include <cstdint>
#include <cuda_fp16.h>

namespace {

/// Rows of 128 bytes with the 128-byte swizzle, 1024 bytes from 8 rows to the next.
__device__ uint64_t descriptorOf(const void *tile) {
  uint64_t address = uint32_t(__cvta_generic_to_shared(tile));
  return (address & 0x3ffff) >> 4 | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 |
         uint64_t(1) << 62;
}
__device__ void fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ void commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int N> __device__ void waitGroups() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(N) : "memory");
}
template <int N> __device__ void hold(float (&d)[N]) {
#pragma unroll
  for (int i = 0; i < N; ++i)
    asm volatile("" : "+f"(d[i])::"memory");
}
/// 64 x 16 += 64 x 16 by 16 x 16, both from shared memory.
__device__ void multiply(float (&d)[8], uint64_t a, uint64_t b, int accumulate) {
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %10, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 "
               "{%0,%1,%2,%3,%4,%5,%6,%7}, %8, %9, p, 1, 1, 0, 0;\n}\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
                 "+f"(d[6]), "+f"(d[7])
               : "l"(a), "l"(b), "r"(accumulate));
}
/// A from registers; B is [K][N] in memory.
__device__ void multiplyRegisters(float (&d)[8], const uint32_t (&a)[4], uint64_t b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 "
               "{%0,%1,%2,%3,%4,%5,%6,%7}, {%8,%9,%10,%11}, %12, 1, 1, 1, 1;\n"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
                 "+f"(d[6]), "+f"(d[7])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));
}

/// Copies `rows` rows of up to 64 halves to a tile with the swizzle.
__device__ void copyTile(__half *tile, const __half *from, int rows, int columns, int stride) {
  int pieces = columns / 8;
  for (int i = int(threadIdx.x); i < rows * pieces; i += 128) {
    int row = i / pieces, piece = i % pieces;
    *reinterpret_cast<uint4 *>(tile + row * 64 + (piece ^ (row & 7)) * 8) =
        *reinterpret_cast<const uint4 *>(from + row * stride + piece * 8);
  }
}
__device__ void publish() {
  asm volatile("fence.proxy.async;" ::: "memory");
  __syncthreads();
}
__device__ void storeResult(float *out, const float (&d)[8]) {
  int warp = int(threadIdx.x) / 32, lane = int(threadIdx.x) % 32;
#pragma unroll
  for (int i = 0; i < 8; ++i)
    out[(16 * warp + lane / 4 + 8 * (i / 2 % 2)) * 16 + 8 * (i / 4) + 2 * (lane % 4) + i % 2] = d[i];
}

} // namespace

/// C = A B^T for A [64][k] and B [16][k]: two buffers, one group in flight while the next tile is
/// copied.
extern "C" __global__ void pipelined(const __half *a, const __half *b, float *c, int k) {
  __shared__ alignas(1024) __half tileA[2][64 * 64];
  __shared__ alignas(1024) __half tileB[2][16 * 64];
  float d[8] = {};
  for (int first = 0, buffer = 0; first < k; first += 64, buffer ^= 1) {
    copyTile(tileA[buffer], a + first, 64, 64, k);
    copyTile(tileB[buffer], b + first, 16, 64, k);
    publish();
    hold(d);
    fence();
#pragma unroll
    for (int step = 0; step < 4; ++step)
      multiply(d, descriptorOf(tileA[buffer]) + 2 * step, descriptorOf(tileB[buffer]) + 2 * step, 1);
    commit();
    waitGroups<1>(); // the other buffer is free now
    __syncthreads();
  }
  waitGroups<0>();
  hold(d);
  storeResult(c, d);
}

/// The core of attention without its maximum: O = sum over blocks j of 2^-(blocks - 1 - j) *
/// half(Q K_j^T) V_j, for Q [64][16], K and V [blocks][16][16].
extern "C" __global__ void attention(const __half *q, const __half *k, const __half *v, float *o,
                                     int blocks) {
  __shared__ alignas(1024) __half tileQ[64 * 64];
  __shared__ alignas(1024) __half tileK[16 * 64];
  __shared__ alignas(1024) __half tileV[16 * 64];
  float sum[8] = {};
  copyTile(tileQ, q, 64, 16, 16);
  for (int j = 0; j < blocks; ++j) {
    copyTile(tileK, k + j * 256, 16, 16, 16);
    copyTile(tileV, v + j * 256, 16, 16, 16);
    publish();
    float s[8] = {};
    hold(s);
    fence();
    multiply(s, descriptorOf(tileQ), descriptorOf(tileK), 0);
    commit();
    waitGroups<0>();
    hold(s);
    uint32_t p[4]; // an accumulator's pairs lie like matrix A's
    for (int i = 0; i < 4; ++i) {
      __half2 pair = __floats2half2_rn(s[2 * i], s[2 * i + 1]);
      p[i] = *reinterpret_cast<uint32_t *>(&pair);
    }
    for (int i = 0; i < 8; ++i)
      sum[i] *= 0.5f;
    hold(sum);
    for (int i = 0; i < 4; ++i)
      asm volatile("" : "+r"(p[i])::"memory");
    fence();
    multiplyRegisters(sum, p, descriptorOf(tileV));
    commit();
    waitGroups<0>();
    hold(sum);
    __syncthreads();
  }
  storeResult(o, sum);
}
