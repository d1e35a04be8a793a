// Softmax of the rows of a matrix, one program to a row. The width of the block is a compile-time
// number: a function template gives a kernel for each.
#include "check.h"

#include <cosmati/Kernel.h>

using namespace cosmati;

template <int Width> static auto softmaxKernel() {
  return kernel("softmax(out, x, stride, columns)",
                [](Ptr<float> out, Ptr<const float> x, Scalar<int> stride, Scalar<int> columns) {
                  auto column = arange<Width>();
                  auto inside = column < columns;
                  auto row = programId(0) * stride;
                  auto values = load(x + row + column, inside, -INFINITY);
                  auto numerator = exp(values - max(values));
                  store(out + row + column, numerator / sum(numerator), inside);
                });
}

static std::vector<float> plainSoftmax(const std::vector<float> &x, int rows, int columns) {
  std::vector<float> out(x.size());
  for (int r = 0; r < rows; ++r) {
    const float *row = &x[r * columns];
    double largest = *std::max_element(row, row + columns), total = 0;
    for (int c = 0; c < columns; ++c)
      total += std::exp(row[c] - largest);
    for (int c = 0; c < columns; ++c)
      out[r * columns + c] = static_cast<float>(std::exp(row[c] - largest) / total);
  }
  return out;
}

template <int Width> static int run(int rows, int columns) {
  std::vector<float> x = randomArray<float>(rows * columns, 3);
  Array<float> dx(x), dout(x.size());
  softmaxKernel<Width>().launch({.grid = rows, .numWarps = 4}, dout, dx, columns, columns);
  std::string what = "softmax of " + std::to_string(rows) + " x " + std::to_string(columns);
  return report(what.c_str(), dout.toHost(), plainSoftmax(x, rows, columns), 1e-6f);
}

int main() try {
  return run<128>(40, 100) + run<1024>(8, 781) + run<1024>(3, 1024);
} catch (const CosmatiError &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
