// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Warp primitives, whole and in parts.
extern "C" __global__ void votes(const int *in, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  out[i] = __ballot_sync(~0u, v > 0);
  out[n + i] = unsigned(__any_sync(~0u, v > 90)) | unsigned(__all_sync(~0u, v > -90)) << 1;
  out[2 * n + i] = __match_any_sync(~0u, v / 16);
  int same;
  unsigned all = __match_all_sync(~0u, i / 64, &same);
  out[3 * n + i] = all ^ unsigned(same);
  if (v > 0) // part of the warp
    out[4 * n + i] = __activemask() & __ballot_sync(__activemask(), v & 1);
}

extern "C" __global__ void shuffles(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, v = in[i];
  out[i] = __shfl_sync(~0u, v, 5);
  out[n + i] = __shfl_sync(~0u, v, i * 7 + 3, 8);
  out[2 * n + i] = __shfl_up_sync(~0u, v, 3, 16);
  out[3 * n + i] = __shfl_down_sync(~0u, v, 3, 16);
  out[4 * n + i] = __shfl_xor_sync(~0u, v, 9);
  double d = __shfl_xor_sync(~0u, double(v) * 0.5, 17);
  out[5 * n + i] = int(d * 2);
}

// Odd and even lanes go separate ways, meet, and exchange.
extern "C" __global__ void diverge(const int *in, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x, lane = threadIdx.x % 32, v = in[i];
  unsigned odd = 0xaaaaaaaau, even = 0x55555555u;
  if (lane % 2)
    v = __shfl_sync(odd, v, (lane + 2) % 32) + 1;
  else
    for (int k = 0; k < lane / 4; ++k)
      v = __shfl_xor_sync(__activemask(), v, 0) * 3 + k;
  __syncwarp();
  v += __shfl_xor_sync(odd | even, v, 1);
  out[i] = v;
}

// Through shared memory with __syncwarp only: rotate each warp's values by one, 5 times.
extern "C" __global__ void rotate(int *data) {
  __shared__ volatile int cell[128];
  int t = threadIdx.x, base = t & ~31, lane = t & 31;
  int v = data[blockIdx.x * blockDim.x + t];
  for (int k = 0; k < 5; ++k) {
    cell[t] = v;
    __syncwarp();
    v = cell[base + (lane + 1) % 32];
    __syncwarp();
  }
  data[blockIdx.x * blockDim.x + t] = v;
}

// Blocks that aren't multiples of a warp.
extern "C" __global__ void ragged(int *out) {
  unsigned here = __activemask();
  int sum = __popc(here);
  sum += __syncthreads_count(threadIdx.x % 3 == 0) * 100;
  sum += __syncthreads_or(threadIdx.x == 50) * 100000;
  sum += __syncthreads_and(threadIdx.x < 1000) * 1000000;
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}
