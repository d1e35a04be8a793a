// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Tensor cores by inline PTX: ldmatrix and mma.sync behind small wrappers.
#include <cuda_fp16.h>
#include <cstdint>

__device__ uint32_t sharedAddress(const void *p) { return uint32_t(__cvta_generic_to_shared(p)); }
__device__ void ldmatrix4(uint32_t (&r)[4], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(sharedAddress(row)));
}
__device__ void ldmatrix2t(uint32_t (&r)[2], const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1]) : "r"(sharedAddress(row)));
}

// C (m x n, f32) = A (m x k) B (k x n), a warp per 16 x 8 tile; sizes are multiples of 16, 8, 16.
extern "C" __global__ void gemmHalf(const __half *a, const __half *b, float *c, int n, int k) {
  __shared__ alignas(16) __half as[16][16], bs[16][8];
  int lane = threadIdx.x, row = blockIdx.y * 16, column = blockIdx.x * 8;
  float d[4] = {};
  for (int k0 = 0; k0 < k; k0 += 16) {
    for (int i = lane; i < 256; i += 32)
      as[i / 16][i % 16] = a[(row + i / 16) * k + k0 + i % 16];
    for (int i = lane; i < 128; i += 32)
      bs[i / 8][i % 8] = b[(k0 + i / 8) * n + column + i % 8];
    __syncwarp();
    uint32_t fa[4], fb[2];
    ldmatrix4(fa, &as[lane % 16][lane / 16 * 8]);
    ldmatrix2t(fb, &bs[lane % 16][0]);
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
                 : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
    __syncwarp();
  }
  for (int e = 0; e < 4; ++e)
    c[(row + lane / 4 + e / 2 * 8) * n + column + lane % 4 * 2 + e % 2] = d[e];
}

// s32 = s8 s8, B given by columns; each thread loads its fragments itself.
extern "C" __global__ void gemmBytes(const int8_t *a, const int8_t *bT, int *c, int n, int k) {
  int lane = threadIdx.x, row = blockIdx.y * 16, column = blockIdx.x * 8, g = lane / 4, q = lane % 4;
  int d[4] = {};
  auto word = [](const int8_t *p) { return *reinterpret_cast<const uint32_t *>(p); };
  for (int k0 = 0; k0 < k; k0 += 32) {
    const int8_t *pa = a + (row + g) * k + k0 + 4 * q, *pb = bT + (column + g) * k + k0 + 4 * q;
    asm volatile("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                 : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
                 : "r"(word(pa)), "r"(word(pa + 8 * k)), "r"(word(pa + 16)), "r"(word(pa + 8 * k + 16)),
                   "r"(word(pb)), "r"(word(pb + 16)));
  }
  for (int e = 0; e < 4; ++e)
    c[(row + g + e / 2 * 8) * n + column + 2 * q + e % 2] = d[e];
}

// f64: a tile of 8 x 8, k a multiple of 4.
extern "C" __global__ void gemmDouble(const double *a, const double *b, double *c, int k) {
  int lane = threadIdx.x, g = lane / 4, q = lane % 4;
  double d[2] = {};
  for (int k0 = 0; k0 < k; k0 += 4)
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
                 : "+d"(d[0]), "+d"(d[1]) : "d"(a[g * k + k0 + q]), "d"(b[(k0 + q) * 8 + g]));
  c[g * 8 + 2 * q] = d[0];
  c[g * 8 + 2 * q + 1] = d[1];
}

// Bits: population count of and.
extern "C" __global__ void gemmBits(const uint32_t *a, const uint32_t *bT, int *c) {
  int lane = threadIdx.x, g = lane / 4, q = lane % 4;
  int d[4] = {};
  asm volatile("mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.and.popc {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+r"(d[0]), "+r"(d[1]), "+r"(d[2]), "+r"(d[3])
               : "r"(a[g * 8 + q]), "r"(a[(g + 8) * 8 + q]), "r"(a[g * 8 + q + 4]), "r"(a[(g + 8) * 8 + q + 4]),
                 "r"(bT[g * 8 + q]), "r"(bT[g * 8 + q + 4]));
  for (int e = 0; e < 4; ++e)
    c[(g + e / 2 * 8) * 8 + 2 * q + e % 2] = d[e];
}
