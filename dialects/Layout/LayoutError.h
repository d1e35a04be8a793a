// Broken preconditions of the layout algebra.
#pragma once

#include "llvm/ADT/Twine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

namespace cosmati::detail {

/// Ends in LLVM's fatal-error handler: the caller has a bug, and going on would compute a wrong
/// layout.
[[noreturn]] inline void layoutBug(const llvm::Twine &message) {
  llvm::report_fatal_error(llvm::Twine("layout: ") + message);
}

/// log2 of a size that must be a power of two.
inline unsigned exactLog2(int64_t size, const llvm::Twine &what) {
  if (size <= 0 || !llvm::isPowerOf2_64(size))
    layoutBug(what + " must be a power of two, got " + llvm::Twine(size));
  return llvm::Log2_64(size);
}

} // namespace cosmati::detail
