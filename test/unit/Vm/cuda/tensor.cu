// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// sm_90a: tensor copies through the C++ interfaces of libcu++.
#include <cooperative_groups.h>
#include <cuda.h>
#include <cuda/barrier>
#include <cuda/ptx>
namespace cg = cooperative_groups;
namespace cde = cuda::device::experimental;
namespace ptx = cuda::ptx;
using Barrier = cuda::barrier<cuda::thread_scope_block>;

// The CUDA programming guide's way: all 512 threads wait for a 16x32 tile, change it, one stores it.
extern "C" __global__ void addOne(const __grid_constant__ CUtensorMap in,
                                  const __grid_constant__ CUtensorMap out, int x, int y) {
  __shared__ alignas(128) int tile[16][32];
#pragma nv_diag_suppress static_var_with_dynamic_init
  __shared__ Barrier bar;
  if (threadIdx.x == 0) {
    init(&bar, blockDim.x);
    cde::fence_proxy_async_shared_cta();
  }
  __syncthreads();
  Barrier::arrival_token token;
  if (threadIdx.x == 0) {
    cde::cp_async_bulk_tensor_2d_global_to_shared(&tile, &in, x, y, bar);
    token = cuda::device::barrier_arrive_tx(bar, 1, sizeof(tile));
  } else {
    token = bar.arrive();
  }
  bar.wait(std::move(token));
  tile[threadIdx.x / 32][threadIdx.x % 32] += 1;
  cde::fence_proxy_async_shared_cta();
  __syncthreads();
  if (threadIdx.x == 0) {
    cde::cp_async_bulk_tensor_2d_shared_to_global(&out, x, y, &tile);
    cde::cp_async_bulk_commit_group();
    cde::cp_async_bulk_wait_group_read<0>();
  }
}

// A cluster of 2: rank 0 loads a tile for both blocks, each adds (rank + 1) times it to `sum`.
extern "C" __global__ void __cluster_dims__(2, 1, 1)
    shareTile(const __grid_constant__ CUtensorMap in, const __grid_constant__ CUtensorMap sum) {
  __shared__ alignas(128) float tile[2][8][16];
  __shared__ uint64_t bar;
  auto cluster = cg::this_cluster();
  unsigned rank = cluster.block_rank();
  if (threadIdx.x == 0) {
    ptx::mbarrier_init(&bar, 1);
    ptx::fence_mbarrier_init(ptx::sem_release, ptx::scope_cluster);
    ptx::mbarrier_arrive_expect_tx(ptx::sem_release, ptx::scope_cta, ptx::space_shared, &bar,
                                   sizeof(tile));
  }
  cluster.sync();
  int32_t at[3] = {0, 4, int(blockIdx.x / 2)};
  if (rank == 0 && threadIdx.x == 0)
    ptx::cp_async_bulk_tensor(ptx::space_cluster, ptx::space_global, tile, &in, at, &bar,
                              uint16_t(3));
  while (!ptx::mbarrier_try_wait_parity(&bar, 0))
    ;
  for (unsigned i = threadIdx.x; i < 256; i += blockDim.x)
    (&tile[0][0][0])[i] *= float(rank + 1);
  ptx::fence_proxy_async(ptx::space_shared);
  __syncthreads();
  if (threadIdx.x == 0) {
    ptx::cp_reduce_async_bulk_tensor(ptx::space_global, ptx::space_shared, ptx::op_add, &sum, at,
                                     tile);
    ptx::cp_async_bulk_commit_group();
    ptx::cp_async_bulk_wait_group(ptx::n32_t<0>());
  }
  cluster.sync();
}
