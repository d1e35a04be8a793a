// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// NVIDIA's mathematical library, type by type; conversions and packed arithmetic of the small floats.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

// out[f * n + i] = function f of x[i] (and y[i]); the host knows the list in the same order.
extern "C" __global__ void mathSingle(const float *x, const float *y, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float a = x[i], b = y[i], p = fabsf(a) + 0.001f;
  float r[] = {sinf(a), cosf(a), tanf(a), asinf(sinf(a)), acosf(cosf(a)), atanf(a), atan2f(a, b),
               sinhf(a), coshf(a), tanhf(a), expf(a), exp2f(a), expm1f(a), logf(p), log2f(p), log1pf(p), log10f(p),
               powf(p, b), sqrtf(p), cbrtf(a), rsqrtf(p), hypotf(a, b), erff(a), erfcf(a), tgammaf(p), lgammaf(p),
               fmodf(a, b), remainderf(a, b), ldexpf(a, 3), floorf(a), ceilf(a), truncf(a), rintf(a), roundf(a),
               fmaxf(a, b), fminf(a, b), fmaf(a, b, p), a / b, copysignf(a, b), nextafterf(a, b)};
  for (int f = 0; f < int(sizeof(r) / sizeof(r[0])); ++f)
    out[f * n + i] = r[f];
}
extern "C" __global__ void mathDouble(const double *x, const double *y, double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  double a = x[i], b = y[i], p = fabs(a) + 0.001;
  double r[] = {sin(a), cos(a), exp(a), log(p), pow(p, b), sqrt(p), cbrt(a), tanh(a), erf(a), tgamma(p),
                atan2(a, b), fmod(a, b), rint(a), fma(a, b, p), a / b, hypot(a, b)};
  for (int f = 0; f < int(sizeof(r) / sizeof(r[0])); ++f)
    out[f * n + i] = r[f];
}

extern "C" __global__ void halves(const __half2 *x, const __half2 *y, __half2 *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __half2 a = x[i], b = y[i];
  __half2 r[] = {__hadd2(a, b), __hsub2(a, b), __hmul2(a, b), __hfma2(a, b, a), __hmax2(a, b), __hmin2(a, b),
                 __hneg2(a), __habs2(a), __hadd2_sat(a, b), __hfma2_relu(a, b, a), __hgt2(a, b), __heq2(a, a),
                 h2floor(a), h2rint(a), __lows2half2(a, b), __h2div(a, b)};
  for (int f = 0; f < int(sizeof(r) / sizeof(r[0])); ++f)
    out[f * n + i] = r[f];
}
extern "C" __global__ void bfloats(const __nv_bfloat162 *x, const __nv_bfloat162 *y, __nv_bfloat162 *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __nv_bfloat162 a = x[i], b = y[i];
  __nv_bfloat162 r[] = {__hadd2(a, b), __hsub2(a, b), __hmul2(a, b), __hfma2(a, b, a), __hmax2(a, b), __hmin2(a, b)};
  for (int f = 0; f < int(sizeof(r) / sizeof(r[0])); ++f)
    out[f * n + i] = r[f];
}
// Through every 8-bit format and back.
extern "C" __global__ void bytes(const float *x, unsigned char *codes, float *back, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  __nv_fp8_e4m3 e4(x[i]);
  __nv_fp8_e5m2 e5(x[i]);
  codes[i] = e4.__x;
  codes[n + i] = e5.__x;
  back[i] = float(e4);
  back[n + i] = float(e5);
}
// Intrinsics on integers.
extern "C" __global__ void integers(const unsigned *x, const unsigned *y, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned a = x[i], b = y[i];
  unsigned long long w = (unsigned long long)a << 32 | b;
  unsigned r[] = {unsigned(__popc(a)), unsigned(__clz(a)), __brev(a), unsigned(__ffs(a)), __byte_perm(a, b, 0x5410), __umulhi(a, b),
                  unsigned(__mulhi(int(a), int(b))), __usad(a, b, 7u), unsigned(__popcll(w)), unsigned(__clzll(w)),
                  __funnelshift_l(a, b, 11), __funnelshift_r(a, b, b), __dp4a(a, b, 5u), unsigned(__dp4a(int(a), int(b), -5)),
                  __vadd4(a, b), __vmaxs2(a, b), __vavgu4(a, b), __vcmpeq4(a, b), __uhadd(a, b), __urhadd(a, b),
                  a / (b | 1), a % (b | 1), unsigned(int(a) / (int(b) | 1)), unsigned(int(a) % (int(b) | 1)),
                  unsigned(w / (a | 1)), unsigned(w % (a | 1)), unsigned((long long)w / -(long long)(a | 1))};
  for (int f = 0; f < int(sizeof(r) / sizeof(r[0])); ++f)
    out[f * n + i] = r[f];
}
