// Versions of the found pieces, asked of the pieces themselves.
#pragma once

#include "runtime/Toolchain/Toolchain.h"

#include <string>

namespace cosmati::runtime {

/// "13.0"; empty where the file doesn't tell or can't be opened.
std::string readVersion(Piece piece, llvm::StringRef path);

} // namespace cosmati::runtime
