// The compiler's and devices' errors as exceptions of cosmati/Errors.h.
#pragma once

#include "compiler/Embedded/Trace.h"

#include "llvm/Support/Error.h"

namespace cosmati::detail {

/// Throws what `error` says, with places of the kernel whose files these are.
[[noreturn]] void throwError(llvm::Error error, const SourceMap &files);
[[noreturn]] void throwError(llvm::Error error);

inline void check(llvm::Error error) {
  if (error)
    throwError(std::move(error));
}
template <typename T> T unwrap(llvm::Expected<T> value) {
  if (!value)
    throwError(value.takeError());
  return std::move(*value);
}

} // namespace cosmati::detail
