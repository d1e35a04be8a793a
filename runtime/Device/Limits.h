// Limits: whether a kernel fits a device at all, checked once before it is loaded.
#pragma once

#include "runtime/Device/Device.h"

#include "llvm/Support/Error.h"

#include <string>

namespace cosmati::runtime {

/// A kernel asks for more than a device has. The autotuner skips a configuration that ends in this
/// error.
class OutOfResourcesError : public llvm::ErrorInfo<OutOfResourcesError> {
public:
  static char ID;
  OutOfResourcesError(std::string text, std::string resource, int64_t required, int64_t limit)
      : text(std::move(text)), resource(std::move(resource)), required(required), limit(limit) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override;

  const std::string text;
  const std::string resource; // "shared memory", "threads", "cluster size"
  const int64_t required, limit;
};

/// Success, or an OutOfResourcesError that names the resource, both numbers, for shared memory the
/// buffers with their source, and what to change.
llvm::Error checkFits(const KernelImage &image, const DeviceProperties &properties);

/// Compute capability in "sm_90a": 90 and 'a'; {0, 0} when the text is no target.
struct TargetNumber {
  int number = 0;
  char suffix = 0; // 'a': this architecture only; 'f': its family; 0: it and later ones
};
TargetNumber parseTarget(llvm::StringRef target);

} // namespace cosmati::runtime
