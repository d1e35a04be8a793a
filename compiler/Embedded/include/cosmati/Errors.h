// Exceptions of the C++ interface: the same errors, with the same texts, as those of the Python
// package.
#pragma once

#include "cosmati/Export.h"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace cosmati {

/// Base of all errors of the library.
class COSMATI_API CosmatiError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
  ~CosmatiError() override;
};

/// A place in the C++ source of a kernel; line 0: unknown.
struct SourcePlace {
  std::string file;
  int line = 0, column = 0;
};

/// A kernel that the language does not allow. what() begins with `file:line:column:` and shows the
/// source line where the file can be read.
class COSMATI_API CompilationError : public CosmatiError {
public:
  CompilationError(std::string message, SourcePlace place);
  ~CompilationError() override;
  const std::string message; // without the place
  const SourcePlace place;
};

/// A kernel that needs more shared memory, registers or threads than the target has.
class COSMATI_API OutOfResources : public CosmatiError {
public:
  OutOfResources(const std::string &text, std::string name, int64_t required, int64_t limit);
  ~OutOfResources() override;
  const std::string name; // "shared memory", "registers", "threads", "cluster size"
  const int64_t required, limit;
};

/// The compiler or the assembler failed on a kernel that the language allows.
class COSMATI_API CompilerFailure : public CosmatiError {
public:
  using CosmatiError::CosmatiError;
  ~CompilerFailure() override;
};

/// The device or its driver refused a call.
class COSMATI_API DeviceError : public CosmatiError {
public:
  using CosmatiError::CosmatiError;
  ~DeviceError() override;
};

/// A kernel failed while it ran: an access out of bounds, a race, a trap, an assertion.
class COSMATI_API KernelFault : public CosmatiError {
public:
  using CosmatiError::CosmatiError;
  ~KernelFault() override;
};

} // namespace cosmati
