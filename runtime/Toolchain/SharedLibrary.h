// SharedLibrary: a library opened at run time, for the typed symbol tables of CUDA's pieces.
#pragma once

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace cosmati::runtime {

/// Never closed: CUDA's libraries start threads and register exit handlers that would run in
/// unmapped code.
class SharedLibrary {
public:
  /// `name`: a file, or a soname for the dynamic linker. The error is dlopen's text.
  static llvm::Expected<SharedLibrary> open(llvm::StringRef name);

  /// Null when the library doesn't have it.
  void *symbol(const char *name) const;
  /// File that the library was loaded from; the name it was opened by where the linker doesn't
  /// tell.
  std::string path() const;

private:
  SharedLibrary(void *handle, std::string name) : handle(handle), name(std::move(name)) {}
  void *handle;
  std::string name;
};

} // namespace cosmati::runtime
