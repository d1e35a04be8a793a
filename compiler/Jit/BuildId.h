// Identity of the program or library that this code was linked into.
#pragma once

#include <string>

namespace cosmati {

/// The linker's build ID in hexadecimal: it changes with every change of the binary, so that images
/// compiled by another build of the same version are never used. Empty where the binary has none.
std::string binaryBuildId();

} // namespace cosmati
