// C = A x B of float16 matrices on tensor cores: a block of C to a program, a pipelined loop over
// K.
#include "check.h"

#include <cosmati/Kernel.h>

using namespace cosmati;

template <int BlockM, int BlockN, int BlockK> static auto gemmKernel() {
  return kernel("gemm(a, b, c, M, N, K)",
                [](Ptr<const float16> a, Ptr<const float16> b, Ptr<float> c, Scalar<int> M,
                   Scalar<int> N, Scalar<int> K) {
                  auto m = programId(0) * BlockM + arange<BlockM>();
                  auto n = programId(1) * BlockN + arange<BlockN>();
                  auto k = arange<BlockK>();
                  // Rows and columns beyond the matrices wrap around: what they give is not stored.
                  auto aPointers = a + (m % M).column() * K + k.row();
                  auto bPointers = b + k.column() * N + (n % N).row();

                  Block<float, BlockM, BlockN> sum = 0;
                  forRange(0, cdiv(K, BlockK),
                           [&](Scalar<int> step) {
                             auto inside = k + step * BlockK < K;
                             auto aBlock = load(aPointers, inside.row());
                             auto bBlock = load(bPointers, inside.column());
                             sum = dot(aBlock, bBlock, sum);
                             aPointers += BlockK;
                             bPointers += BlockK * N;
                           },
                           {.numStages = 3});

                  auto inside = (m < M).column() & (n < N).row();
                  store(c + m.column() * N + n.row(), sum, inside);
                });
}

static std::vector<float> plainGemm(const std::vector<float16> &a, const std::vector<float16> &b,
                                    int M, int N, int K) {
  std::vector<float> left(a.begin(), a.end()), right(b.begin(), b.end()), c(M * N);
  for (int m = 0; m < M; ++m)
    for (int k = 0; k < K; ++k)
      for (int n = 0; n < N; ++n)
        c[m * N + n] += left[m * K + k] * right[k * N + n];
  return c;
}

int main() try {
  auto gemm = gemmKernel<64, 64, 32>();
  const int M = 200, N = 144, K = 272;
  std::vector<float16> a = randomArray<float16>(M * K, 5), b = randomArray<float16>(K * N, 6);
  Array<float16> da(a), db(b);
  Array<float> dc(M * N);

  Launch how{.grid = {cdiv(M, 64), cdiv(N, 64)}, .numWarps = 4};
  CompiledKernel compiled = gemm.launch(how, da, db, dc, M, N, K);
  for (const std::string &remark : compiled.remarks())
    std::printf("%s\n", remark.c_str());
  auto has = [&](const char *text) { return compiled.ptx().find(text) != std::string::npos; };
  bool onTensorCores = has("mma.sync") || has("wgmma.mma_async") || has("tcgen05.mma");
  bool isPipelined = has("cp.async");
  std::printf("gemm for %s: %u bytes of shared memory, %s tensor cores, loads %s\n",
              compiled.target().c_str(), compiled.sharedBytes(), onTensorCores ? "on" : "NOT on",
              isPipelined ? "ahead of their use" : "NOT PIPELINED");
  if (!onTensorCores || !isPipelined)
    return 1;
  return report("gemm 200 x 144 x 272", dc.toHost(), plainGemm(a, b, M, N, K), 1e-4f);
} catch (const CosmatiError &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
