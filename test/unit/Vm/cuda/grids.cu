// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Grids and sorting: stencils with halos, bitonic sort, sparse matrix times vector, wide transpose.
extern "C" __global__ void stencil5(const float *in, float *out, int w, int h) {
  __shared__ float tile[18][34];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 16 + threadIdx.y;
  auto at = [&](int x, int y) { return x < 0 || y < 0 || x >= w || y >= h ? 0.0f : in[y * w + x]; };
  tile[threadIdx.y + 1][threadIdx.x + 1] = at(x, y);
  if (threadIdx.x == 0)
    tile[threadIdx.y + 1][0] = at(x - 1, y);
  if (threadIdx.x == 31)
    tile[threadIdx.y + 1][33] = at(x + 1, y);
  if (threadIdx.y == 0)
    tile[0][threadIdx.x + 1] = at(x, y - 1);
  if (threadIdx.y == 15)
    tile[17][threadIdx.x + 1] = at(x, y + 1);
  __syncthreads();
  if (x >= w || y >= h)
    return;
  auto t = [&](int dx, int dy) { return tile[threadIdx.y + 1 + dy][threadIdx.x + 1 + dx]; };
  out[y * w + x] = 0.5f * t(0, 0) + 0.125f * (t(-1, 0) + t(1, 0) + t(0, -1) + t(0, 1));
}

// Seven points in three dimensions, the planes kept in registers.
extern "C" __global__ void stencil7(const float *in, float *out, int nx, int ny, int nz) {
  int x = blockIdx.x * blockDim.x + threadIdx.x + 1, y = blockIdx.y * blockDim.y + threadIdx.y + 1;
  if (x >= nx - 1 || y >= ny - 1)
    return;
  int at = y * nx + x, plane = nx * ny;
  float below = in[at], here = in[at + plane], above;
  for (int z = 1; z < nz - 1; ++z, below = here, here = above) {
    at += plane;
    above = in[at + plane];
    out[at] = here * -6.0f + below + above + in[at - 1] + in[at + 1] + in[at - nx] + in[at + nx];
  }
}

extern "C" __global__ void bitonic(unsigned *keys, unsigned *values) {
  extern __shared__ unsigned shared[];
  unsigned n = 2 * blockDim.x, *k = shared, *v = shared + n;
  unsigned base = blockIdx.x * n;
  for (unsigned i = threadIdx.x; i < n; i += blockDim.x)
    k[i] = keys[base + i], v[i] = values[base + i];
  for (unsigned size = 2; size <= n; size *= 2)
    for (unsigned step = size / 2; step; step /= 2) {
      __syncthreads();
      unsigned i = 2 * threadIdx.x - (threadIdx.x & (step - 1)), j = i + step;
      bool up = (i & size) == 0;
      if ((k[i] > k[j]) == up) {
        unsigned a = k[i], b = v[i];
        k[i] = k[j], v[i] = v[j];
        k[j] = a, v[j] = b;
      }
    }
  __syncthreads();
  for (unsigned i = threadIdx.x; i < n; i += blockDim.x)
    keys[base + i] = k[i], values[base + i] = v[i];
}

// A row per warp.
extern "C" __global__ void spmv(const int *starts, const int *columns, const float *values, const float *x, float *y,
                                int rows) {
  int row = (blockIdx.x * blockDim.x + threadIdx.x) / 32, lane = threadIdx.x % 32;
  if (row >= rows)
    return;
  float sum = 0;
  for (int k = starts[row] + lane; k < starts[row + 1]; k += 32)
    sum = fmaf(values[k], __ldg(&x[columns[k]]), sum);
  for (int step = 16; step; step /= 2)
    sum += __shfl_down_sync(~0u, sum, step);
  if (lane == 0)
    y[row] = sum;
}

// 64 x 64 tiles, 16 x 16 threads with four floats each way.
extern "C" __global__ void transpose4(const float4 *in, float4 *out, int n) {
  __shared__ float tile[64][65];
  int tx = threadIdx.x, ty = threadIdx.y;
  for (int k = 0; k < 64; k += 16) {
    float4 v = in[((blockIdx.y * 64 + ty + k) * n + blockIdx.x * 64) / 4 + tx];
    tile[ty + k][4 * tx] = v.x, tile[ty + k][4 * tx + 1] = v.y, tile[ty + k][4 * tx + 2] = v.z,
                      tile[ty + k][4 * tx + 3] = v.w;
  }
  __syncthreads();
  for (int k = 0; k < 64; k += 16)
    out[((blockIdx.x * 64 + ty + k) * n + blockIdx.y * 64) / 4 + tx] =
        make_float4(tile[4 * tx][ty + k], tile[4 * tx + 1][ty + k], tile[4 * tx + 2][ty + k], tile[4 * tx + 3][ty + k]);
}

// Radix-2 FFT of 256 complex numbers in shared memory.
extern "C" __global__ void fft256(float2 *data) {
  __shared__ float2 s[256];
  int t = threadIdx.x;
  for (int i = t; i < 256; i += 128)
    s[__brev(unsigned(i)) >> 24] = data[blockIdx.x * 256 + i];
  for (int half = 1; half < 256; half *= 2) {
    __syncthreads();
    int k = t & (half - 1), i = 2 * t - k, j = i + half;
    float sine, cosine;
    sincospif(-float(k) / float(half), &sine, &cosine);
    float2 a = s[i], b = s[j], w = make_float2(b.x * cosine - b.y * sine, b.x * sine + b.y * cosine);
    s[i] = make_float2(a.x + w.x, a.y + w.y);
    s[j] = make_float2(a.x - w.x, a.y - w.y);
  }
  __syncthreads();
  for (int i = t; i < 256; i += 128)
    data[blockIdx.x * 256 + i] = s[i];
}
