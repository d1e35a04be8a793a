// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// sm_90: clusters with distributed shared memory, bulk copies with mbarriers.
#include <cooperative_groups.h>
#include <cuda/barrier>
#include <cuda/ptx>
namespace cg = cooperative_groups;
namespace ptx = cuda::ptx;

// A histogram whose bins are spread over the shared memories of a cluster of 2.
extern "C" __global__ void __cluster_dims__(2, 1, 1) clusterHistogram(const int *in, int *bins, int n) {
  __shared__ int local[64];
  auto cluster = cg::this_cluster();
  if (threadIdx.x < 64)
    local[threadIdx.x] = 0;
  cluster.sync();
  for (int i = cluster.thread_rank(); i < n; i += cluster.num_threads()) {
    int bin = in[i];
    atomicAdd(cluster.map_shared_rank(&local[bin % 64], bin / 64), 1);
  }
  cluster.sync();
  if (threadIdx.x < 64)
    atomicAdd(&bins[cluster.block_rank() * 64 + threadIdx.x], local[threadIdx.x]);
}

// Each block of a cluster of 4 passes its number on to the next one.
extern "C" __global__ void __cluster_dims__(4, 1, 1) clusterRing(int *out) {
  __shared__ int inbox[32];
  auto cluster = cg::this_cluster();
  unsigned next = (cluster.block_rank() + 1) % 4;
  cluster.sync();
  cluster.map_shared_rank(inbox, next)[threadIdx.x] = int(cluster.block_rank() * 100 + threadIdx.x);
  cluster.sync();
  out[blockIdx.x * 32 + threadIdx.x] = inbox[threadIdx.x] + int(cg::cluster_group::dim_blocks().x);
}

// One thread brings a tile in, all change it, one takes it out.
extern "C" __global__ void bulkTile(const int *in, int *out) {
  __shared__ alignas(128) int tile[256];
  __shared__ alignas(8) uint64_t bar;
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(&bar, blockDim.x);
    ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
  }
  __syncthreads();
  uint64_t token;
  if (threadIdx.x == 0) {
    ptx::cp_async_bulk(ptx::space_cluster, ptx::space_global, tile, in + blockIdx.x * 256, sizeof(tile), &bar);
    token = ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar, sizeof(tile));
  } else {
    token = ptx::mbarrier_arrive(&bar);
  }
  while (!ptx::mbarrier_try_wait(&bar, token))
    ;
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    tile[i] = tile[i] * 2 + 1;
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::cp_async_bulk(ptx::space_global, ptx::space_shared, out + blockIdx.x * 256, tile, sizeof(tile));
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group_read(ptx::n32_t<0>());
  }
}
