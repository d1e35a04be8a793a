// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// nvcuda::wmma, all shapes and types that sm_80 has, layouts mixed.
#include <mma.h>
using namespace nvcuda;

template <int M, int N, int K, class T, class Acc, class Stored, class LayoutA, class LayoutB>
__device__ void multiply(const Stored *a, const Stored *b, Acc *c, int k) {
  wmma::fragment<wmma::matrix_a, M, N, K, T, LayoutA> fa;
  wmma::fragment<wmma::matrix_b, M, N, K, T, LayoutB> fb;
  wmma::fragment<wmma::accumulator, M, N, K, Acc> fc;
  wmma::fill_fragment(fc, Acc(0));
  constexpr bool rowA = std::is_same<LayoutA, wmma::row_major>::value, rowB = std::is_same<LayoutB, wmma::row_major>::value;
  for (int k0 = 0; k0 < k; k0 += K) {
    wmma::load_matrix_sync(fa, rowA ? a + k0 : a + k0 * M, rowA ? k : M);
    wmma::load_matrix_sync(fb, rowB ? b + k0 * N : b + k0, rowB ? N : k);
    wmma::mma_sync(fc, fa, fb, fc);
  }
  for (int i = 0; i < fc.num_elements; ++i)
    fc.x[i] = fc.x[i] + fc.x[i];
  wmma::store_matrix_sync(c, fc, N, wmma::mem_row_major);
}
using Row = wmma::row_major;
using Column = wmma::col_major;

// A is M x K, B is K x N, C = 2 A B.
extern "C" __global__ void wmma16(const half *a, const half *b, float *c, int k) {
  multiply<16, 16, 16, half, float, half, Row, Column>(a, b, c, k);
}
extern "C" __global__ void wmma32(const half *a, const half *b, float *c, int k) {
  multiply<32, 8, 16, half, float, half, Column, Row>(a, b, c, k);
}
extern "C" __global__ void wmma8(const half *a, const half *b, half *c, int k) {
  multiply<8, 32, 16, half, half, half, Row, Row>(a, b, c, k);
}
extern "C" __global__ void wmmaBrain(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int k) {
  multiply<16, 16, 16, __nv_bfloat16, float, __nv_bfloat16, Row, Row>(a, b, c, k);
}
extern "C" __global__ void wmmaTf32(const float *a, const float *b, float *c, int k) {
  multiply<16, 16, 8, wmma::precision::tf32, float, float, Row, Column>(a, b, c, k);
}
extern "C" __global__ void wmmaDouble(const double *a, const double *b, double *c, int k) {
  multiply<8, 8, 4, double, double, double, Row, Column>(a, b, c, k);
}
extern "C" __global__ void wmmaBytes(const signed char *a, const signed char *b, int *c, int k) {
  multiply<16, 16, 16, signed char, int, signed char, Row, Column>(a, b, c, k);
}
