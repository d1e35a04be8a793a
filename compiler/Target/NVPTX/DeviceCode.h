// DeviceCode: functions that another compiler has made as PTX, in the module of the kernel that
// calls them. Virtual machine, assemblers and driver then take one text.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace cosmati {

/// `kernel` with the definitions of `texts` in front of its own, in place of its `.extern`
/// declarations of what they define. Each text begins with its `.version`; the result has the
/// newest of all. Names that two texts define must not occur. An error names a function that the
/// kernel calls and nobody defines, or a text without a version.
llvm::Expected<std::string> addDeviceCode(llvm::StringRef kernel,
                                          llvm::ArrayRef<std::string> texts);

} // namespace cosmati
