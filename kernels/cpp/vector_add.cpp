// out = x + y, 1024 elements to a program.
#include "check.h"

#include <cosmati/Kernel.h>

using namespace cosmati;

constexpr int kBlock = 1024;

static void add(Ptr<const float> x, Ptr<const float> y, Ptr<float> out, Scalar<int> n) {
  auto i = programId(0) * kBlock + arange<kBlock>();
  auto inside = i < n;
  store(out + i, load(x + i, inside) + load(y + i, inside), inside);
}

int main() try {
  auto kernelOfAdd = kernel("add(x, y, out, n)", &add);

  const int n = 10000;
  std::vector<float> x = randomArray<float>(n, 1), y = randomArray<float>(n, 2), wanted(n);
  for (int i = 0; i < n; ++i)
    wanted[i] = x[i] + y[i];

  // Arrays of the device: the same on a GPU and on the virtual machine.
  Array<float> dx(x), dy(y), dout(n);
  CompiledKernel compiled = kernelOfAdd.launch({.grid = cdiv(n, kBlock)}, dx, dy, dout, n);
  std::printf("add on %s: %s for %s\n", deviceName().c_str(), compiled.origin().c_str(),
              compiled.target().c_str());
  return report("vector add", dout.toHost(), wanted, 0);
} catch (const CosmatiError &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
