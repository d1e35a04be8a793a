// PTX of single matrix instructions, and matrices as the bits of a warp's registers.
#pragma once

#include "dialects/Layout/LinearLayout.h"
#include "dialects/TileGPU/IR/MmaTable.h"

#include <functional>
#include <string>
#include <vector>

namespace mmatest {

/// An entry that loads each thread's registers of a, b, (sparse: e) and c, one thread behind the
/// other, from buffers, multiplies once and stores d. Parameters: pa, pb, pc, pd, pe.
std::string mmaEntry(const cosmati::tilegpu::MmaInstruction &row, const std::string &name,
                     bool saturate = false, unsigned selector = 0);

/// Whether there is a ptxas on the PATH.
bool hasAssembler();
/// What it says against a program for this architecture; empty where it accepts it.
std::string assemblerErrors(const std::string &ptx, int sm);

using Coordinates = llvm::ArrayRef<int32_t>;

/// The registers of a warp that hold `value` in this layout, thread by thread.
std::vector<uint8_t> pack(const cosmati::LinearLayout &layout, unsigned bits,
                          const std::function<uint64_t(Coordinates)> &value);
/// Calls `see` for each place of the layout.
void unpack(const cosmati::LinearLayout &layout, unsigned bits, const std::vector<uint8_t> &data,
            const std::function<void(Coordinates, uint64_t)> &see);

/// The encoding of an integer from -3 to 3 (in an accumulator: a small one); unsigned types take
/// its low bits.
uint64_t encode(cosmati::tilegpu::MmaType type, int64_t value);
/// The value of an accumulator that is an integer.
int64_t decode(cosmati::tilegpu::MmaType type, uint64_t bits);

} // namespace mmatest
