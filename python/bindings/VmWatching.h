// What bindings of the virtual machine share.
#pragma once

#include "runtime/Device/vm/VmDevice.h"

#include <string>

namespace cosmati::bindings {

/// Writes to Python's sys.stdout; for threads without the GIL.
void writeToPython(llvm::StringRef text);
/// False once a signal handler has raised (Ctrl-C); for threads without the GIL.
bool pythonGoesOn();

/// Throws a ValueError for names that are unknown. `schedule` may be empty: by the seed.
runtime::VmWatch makeWatch(const std::string &checks, uint64_t seed, const std::string &schedule,
                           const std::string &async, bool profile);

} // namespace cosmati::bindings
