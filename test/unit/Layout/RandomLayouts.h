// Random layouts for tests of laws. Seeded, so that a failure repeats.
#pragma once

#include "dialects/Layout/F2.h"
#include "dialects/Layout/LinearLayout.h"

#include <ostream>
#include <random>

namespace cosmati {

/// How GoogleTest shows a layout.
inline void PrintTo(const LinearLayout &layout, std::ostream *os) { *os << layout.toString(); }

} // namespace cosmati

namespace cosmati::test {

class RandomLayouts {
public:
  explicit RandomLayouts(uint32_t seed) : engine(seed) {}

  /// Uniform in [low, high].
  unsigned number(unsigned low, unsigned high) {
    return std::uniform_int_distribution<unsigned>(low, high)(engine);
  }

  LayoutSpace space(llvm::ArrayRef<LayoutDim> dims, unsigned mostBits) {
    LayoutSpace result;
    for (LayoutDim dim : dims)
      result.setBits(dim, number(0, mostBits));
    return result;
  }

  /// Any linear map.
  LinearLayout any(const LayoutSpace &in, const LayoutSpace &out) {
    f2::Columns columns;
    for (unsigned i = 0; i < in.totalBits(); ++i)
      columns.push_back(engine() & f2::lowMask(out.totalBits()));
    return LinearLayout::fromColumns(in, out, columns);
  }

  /// A map of full rank: surjective if the input is at least as large, injective if at most.
  LinearLayout fullRank(const LayoutSpace &in, const LayoutSpace &out) {
    while (true) {
      LinearLayout layout = any(in, out);
      if (layout.rank() == std::min(in.totalBits(), out.totalBits()))
        return layout;
    }
  }

  /// An invertible map in which each input bit goes to one output bit, as most kernels' layouts do;
  /// extra input bits get zero bases. Needs at least as many input as output bits.
  LinearLayout permutation(const LayoutSpace &in, const LayoutSpace &out) {
    f2::Columns columns = f2::unitVectors(out.totalBits());
    columns.resize(in.totalBits(), 0);
    std::shuffle(columns.begin(), columns.end(), engine);
    return LinearLayout::fromColumns(in, out, columns);
  }

  /// A distributed place with 2^registerBits registers, 32 lanes and 2^warpBits warps.
  static LayoutSpace threads(unsigned registerBits, unsigned warpBits, unsigned blockBits = 0) {
    LayoutSpace result;
    result.setBits(LayoutDim::Register, registerBits);
    result.setBits(LayoutDim::Lane, 5);
    result.setBits(LayoutDim::Warp, warpBits);
    result.setBits(LayoutDim::Block, blockBits);
    return result;
  }

private:
  std::mt19937 engine;
};

/// Unwraps a success; a failure fails the test with its text.
inline LinearLayout unwrap(llvm::Expected<LinearLayout> layout) {
  if (!layout)
    throw std::runtime_error(llvm::toString(layout.takeError()));
  return *layout;
}

} // namespace cosmati::test
