// Part of the Cosmati Project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Programs with one mistake each, and their corrected twins: compiled twice, the second time with -DFIXED. A mark at the
// end of a line, `// [name]`, says that the report on kernel `name` must point there; KnownBadTest.cpp has the table.
#include <cstdint>

#ifdef FIXED
#define FIX(x) x
#define BAD(x)
#else
#define FIX(x)
#define BAD(x) x
#endif
#define KERNEL extern "C" __global__ void
// Macros, not functions, so that the line is that of the use.
#define SHARED(p) uint32_t(__cvta_generic_to_shared(p))
#define COPY_ASYNC(to, from) asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(SHARED(to)), "l"(from) : "memory")
#define COPY_WAIT asm volatile("cp.async.wait_all;" ::: "memory")
#define MBARRIER_INIT(b, n) asm volatile("mbarrier.init.shared.b64 [%0], %1;" ::"r"(SHARED(b)), "r"(n) : "memory")
#define BULK_LOAD(to, from, bytes, b)                                                                                  \
  asm volatile("mbarrier.arrive.expect_tx.shared.b64 _, [%0], %1;" ::"r"(SHARED(b)), "r"(bytes) : "memory");           \
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(        \
                   SHARED(to)), "l"(from), "r"(bytes), "r"(SHARED(b)) : "memory")
#define BULK_STORE(to, from, bytes)                                                                                    \
  asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(to), "r"(SHARED(from)), "r"(bytes)  \
               : "memory");                                                                                            \
  asm volatile("cp.async.bulk.commit_group;" ::: "memory")
#define PROXY_FENCE asm volatile("fence.proxy.async.shared::cta;" ::: "memory")
#define PHASE_WAIT(b, parity)                                                                                          \
  asm volatile("{\n .reg .pred p;\nWAIT:\n mbarrier.try_wait.parity.shared.b64 p, [%0], %1;\n @!p bra WAIT;\n}" ::"r"( \
                   SHARED(b)), "r"(parity) : "memory")

// Addresses.

KERNEL maskMissing(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  FIX(if (i < n))
  out[i] = in[i] * 2; // [maskMissing]
}
KERNEL offByOne(const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i FIX(+1) < n)
    out[i] = in[i + 1] - in[i]; // [offByOne]
}
KERNEL nextArray(int *out, int n) {
  __shared__ int first[32];
  __shared__ int second[32];
  int t = threadIdx.x;
  first[t] = t;
  second[t] = -t;
  __syncthreads();
  int sum = 0;
  for (int k = 0; k < n FIX(-1); ++k)
    sum += first[t / 32 + k] + second[31 - t / 32 - k FIX(+0) BAD(+1)]; // [nextArray]
  out[t] = sum;
}
KERNEL misaligned(const int *in, int4 *out) {
  int i = threadIdx.x;
  out[i] = *reinterpret_cast<const int4 *>(in + 4 * i BAD(+1)); // [misaligned]
}
KERNEL freed(const int *in, int *out) {
  out[threadIdx.x] = in[threadIdx.x]; // [freed]
}
KERNEL tooLarge(const char *in, int *out, int row, int stride) {
  int i = threadIdx.x;
  FIX(long long) BAD(int) at = FIX((long long)) row * stride;
  out[i] = in[at + i]; // [tooLarge]
}

// Memory without contents.

KERNEL sharedUnwritten(int *out) {
  __shared__ int tile[64];
  int t = threadIdx.x;
  if (t < FIX(64) BAD(63))
    tile[t] = t;
  __syncthreads();
  out[t] = tile[63 - t]; // [sharedUnwritten]
}
KERNEL localUnwritten(int *out, int n) {
  int table[16];
  for (int k = BAD(1) FIX(0); k < 16; ++k)
    table[k] = k * n;
  out[threadIdx.x] = table[threadIdx.x % 16]; // [localUnwritten]
}
KERNEL globalUnwritten(const int *in, int *out) {
  out[threadIdx.x] = in[threadIdx.x] + 1; // [globalUnwritten]
}

// Races.

KERNEL barrierMissing(const int *in, int *out) {
  __shared__ int tile[128];
  int t = threadIdx.x;
  tile[t] = in[t]; // [barrierMissing]
  FIX(__syncthreads();)
  out[t] = tile[127 - t]; // [barrierMissing]
}
KERNEL secondBarrierMissing(const int *in, int *out, int tiles) {
  __shared__ int tile[128];
  int t = threadIdx.x, sum = 0;
  for (int k = 0; k < tiles; ++k) {
    tile[t] = in[k * 128 + t]; // [secondBarrierMissing]
    __syncthreads();
    sum += tile[127 - t]; // [secondBarrierMissing]
    FIX(__syncthreads();)
  }
  out[t] = sum;
}
KERNEL warpSyncMissing(int *out) {
  __shared__ int tile[32];
  int t = threadIdx.x;
  tile[t] = t * t; // [warpSyncMissing]
  FIX(__syncwarp();)
  out[t] = tile[31 - t]; // [warpSyncMissing]
}
KERNEL lanesCollide(int *out) {
  __shared__ int last;
  FIX(if (threadIdx.x == 31))
  last = threadIdx.x; // [lanesCollide]
  __syncthreads();
  out[threadIdx.x] = last;
}
KERNEL plainCounter(int *counter) {
  if (threadIdx.x == 0)
    BAD(*counter += 1;) FIX(atomicAdd(counter, 1);) // [plainCounter]
}
KERNEL neighbourBlock(int *data, int *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  data[i] = i;                                    // [neighbourBlock]
  out[i] = data[FIX(i) BAD((i + blockDim.x) % (gridDim.x * blockDim.x))]; // [neighbourBlock]
}
KERNEL narrowScope(int *total) {
  FIX(atomicAdd) BAD(atomicAdd_block)(total, 1); // [narrowScope]
}
KERNEL fenceMissing(int *data, int *flag, int *out) {
  if (threadIdx.x)
    return;
  if (blockIdx.x == 0) {
    *data = 42; // [fenceMissing]
    FIX(__threadfence();)
    *(volatile int *)flag = 1;
  } else {
    while (*(volatile int *)flag == 0)
      ;
    FIX(__threadfence();)
    *out = *data; // [fenceMissing]
  }
}

// Asynchronous copies.

KERNEL waitMissing(const int4 *in, int4 *out) {
  __shared__ int4 tile[32];
  int t = threadIdx.x;
  COPY_ASYNC(&tile[t], &in[t]); // [waitMissing]
  FIX(COPY_WAIT;)
  out[t] = tile[t]; // [waitMissing]
}
KERNEL waitOfOneThread(const int4 *in, int4 *out) {
  __shared__ int4 tile[64];
  int t = threadIdx.x;
  COPY_ASYNC(&tile[t], &in[t]); // [waitOfOneThread]
  COPY_WAIT;
  FIX(__syncthreads();)
  out[t] = tile[63 - t]; // [waitOfOneThread]
}
KERNEL mbarrierWaitMissing(const int *in, int *out) {
  __shared__ alignas(16) int tile[64];
  __shared__ uint64_t bar;
  if (threadIdx.x == 0) {
    MBARRIER_INIT(&bar, 1);
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    BULK_LOAD(tile, in, 256, &bar); // [mbarrierWaitMissing]
  }
  __syncthreads();
  FIX(PHASE_WAIT(&bar, 0);)
  out[threadIdx.x] = tile[threadIdx.x]; // [mbarrierWaitMissing]
  __syncthreads();
  BAD(PHASE_WAIT(&bar, 0);)
}
KERNEL proxyFenceMissing(int *out) {
  __shared__ alignas(16) int tile[64];
  tile[threadIdx.x] = threadIdx.x; // [proxyFenceMissing]
  FIX(PROXY_FENCE;)
  __syncthreads();
  if (threadIdx.x == 0) {
    BULK_STORE(out, tile, 256); // [proxyFenceMissing]
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
  }
}
KERNEL reusedTooSoon(int *out) {
  __shared__ alignas(16) int tile[64];
  for (int k = 0; k < 2; ++k) {
    tile[threadIdx.x] = int(threadIdx.x) * (k + 1); // [reusedTooSoon]
    PROXY_FENCE;
    __syncthreads();
    if (threadIdx.x == 0) {
      BULK_STORE(out + 64 * k, tile, 256); // [reusedTooSoon]
      FIX(asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");)
    }
    __syncthreads();
  }
  if (threadIdx.x == 0)
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

// Tensor cores. A of 64 x 16 and B of 16 x 8 ones, without swizzle: core matrices of 128 bytes, K beside K.
#define DESCRIPTOR(p) (uint64_t(SHARED(p)) >> 4 | uint64_t(128 >> 4) << 16 | uint64_t(256 >> 4) << 32)
#define WGMMA(d, a, b)                                                                                                 \
  asm volatile("wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0, %1, %2, %3}, %4, %5, 1, 1, 1, 0, 0;"            \
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "l"(DESCRIPTOR(a)), "l"(DESCRIPTOR(b)) : "memory");  \
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory")
#define WGMMA_WAIT asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory")
// The accumulators pass through the fence, lest the compiler sets them behind it.
#define WGMMA_FENCE(d)                                                                                                 \
  asm volatile("wgmma.fence.sync.aligned;" : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])::"memory")

KERNEL wgmmaWaitMissing(float *out) {
  __shared__ alignas(128) uint16_t a[64 * 16], b[16 * 8];
  for (int i = threadIdx.x; i < 64 * 16; i += 128)
    a[i] = b[i % 128] = 0x3c00;
  PROXY_FENCE;
  __syncthreads();
  float d[4] = {};
  WGMMA_FENCE(d);
  WGMMA(d, a, b); // [wgmmaWaitMissing]
  FIX(WGMMA_WAIT;)
  out[threadIdx.x] = d[0]; // [wgmmaWaitMissing]
  BAD(WGMMA_WAIT;)
}
KERNEL wgmmaOperandReused(float *out) {
  __shared__ alignas(128) uint16_t a[64 * 16], b[16 * 8];
  for (int i = threadIdx.x; i < 64 * 16; i += 128)
    a[i] = b[i % 128] = 0x3c00;
  PROXY_FENCE;
  __syncthreads();
  float d[4] = {};
  WGMMA_FENCE(d);
  WGMMA(d, a, b); // [wgmmaOperandReused]
  FIX(WGMMA_WAIT; __syncthreads();)
  a[threadIdx.x] = 0; // [wgmmaOperandReused]
  BAD(WGMMA_WAIT;)
  out[threadIdx.x] = d[0];
}

// Barriers.

KERNEL divergentBarrier(int *out) {
  __shared__ int tile[64];
  int t = threadIdx.x;
  tile[t] = t;
  if (FIX(true) BAD(t % 32 < 20)) {
    asm volatile("bar.sync 0;" ::: "memory"); // [divergentBarrier]
    out[t] = tile[63 - t];
  } else {
    asm volatile("bar.sync 0;" ::: "memory"); // [divergentBarrier]
    out[t] = -tile[63 - t];
  }
}
KERNEL countsDiffer(int *out) {
  if (threadIdx.x < 32)
    asm volatile("bar.sync 1, 64;" ::: "memory"); // [countsDiffer]
  else
    asm volatile("bar.sync 1, %0;" ::"n"(FIX(64) BAD(96)) : "memory"); // [countsDiffer]
  out[threadIdx.x] = 1;
}
KERNEL crossedBarriers(int *out) {
  bool first = threadIdx.x < 32;
  int a = first FIX(|| true) ? 1 : 2;
  asm volatile("bar.sync %0, 64;" ::"r"(a) : "memory"); // [crossedBarriers]
  asm volatile("bar.sync %0, 64;" ::"r"(3 - a) : "memory");
  out[threadIdx.x] = 1;
}
KERNEL arrivalMissing(int *out) {
  __shared__ uint64_t bar;
  if (threadIdx.x == 0)
    MBARRIER_INIT(&bar, FIX(64) BAD(65));
  __syncthreads();
  asm volatile("mbarrier.arrive.shared.b64 _, [%0];" ::"r"(SHARED(&bar)) : "memory");
  PHASE_WAIT(&bar, 0); // [arrivalMissing]
  out[threadIdx.x] = 1;
}
KERNEL notInitialised(int *out) {
  __shared__ uint64_t bar;
  uint32_t at = SHARED(&bar);
  if (threadIdx.x == 0) {
    FIX(MBARRIER_INIT(&bar, 64);)
  }
  __syncthreads();
  uint64_t token;
  asm volatile("mbarrier.arrive.shared.b64 %0, [%1];" : "=l"(token) : "r"(at) : "memory"); // [notInitialised]
  out[threadIdx.x] = int(token & 0);
}
KERNEL initTwice(int *out) {
  __shared__ uint64_t bar;
  uint32_t at = SHARED(&bar);
  if (threadIdx.x == 0) {
    MBARRIER_INIT(&bar, 64); // [initTwice]
    FIX(asm volatile("mbarrier.inval.shared.b64 [%0];" ::"r"(at) : "memory");)
    MBARRIER_INIT(&bar, 64); // [initTwice]
  }
  out[threadIdx.x] = 1;
}
