// The places where a piece may be, in search order.
#pragma once

#include "runtime/Toolchain/Toolchain.h"

#include <string>
#include <vector>

namespace cosmati::runtime {

struct Candidate {
  std::string path; // absolute file; a soname where `byLinker`
  std::string origin;
  bool byLinker = false;
};

/// Every place that `settings` allow for `piece`, best first, without the explicit setting.
std::vector<Candidate> candidates(const ToolchainSettings &settings, Piece piece);

} // namespace cosmati::runtime
