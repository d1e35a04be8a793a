// Driver: libcuda opened, its table filled, cuInit done; and its errors as text.
#pragma once

#include "runtime/Device/Device.h"
#include "runtime/Device/cuda/CudaApi.h"

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <atomic>
#include <memory>
#include <string>

namespace cosmati::runtime::cuda {

/// True in a child that was forked after the driver had been initialised: there, every call of it
/// would fail or hang.
extern std::atomic<bool> forkedAfterInit;

class Driver {
public:
  static llvm::Expected<std::shared_ptr<Driver>> open(llvm::StringRef libcuda);

  /// Success when `result` is 0; else "`doing` failed: CUDA_ERROR_X (700): text. What to do."
  llvm::Error check(Result result, const llvm::Twine &doing) const {
    return result == success ? llvm::Error::success() : failure(result, doing);
  }
  llvm::Error failure(Result result, const llvm::Twine &doing) const;
  /// Refuses work in a forked child.
  llvm::Error alive() const {
    return forkedAfterInit.load(std::memory_order_relaxed) ? forkFailure() : llvm::Error::success();
  }

  Api api;
  int version = 0;  // 13000 for CUDA 13.0
  std::string path; // where libcuda was loaded from

private:
  static llvm::Error forkFailure();
};

/// Makes `context` current for a scope; costs one query where it is current already, as under
/// PyTorch.
class ContextScope {
public:
  ContextScope(const Api &api, Context context) : api(api) {
    Context current = nullptr;
    code = api.ctxGetCurrent(&current);
    if (code == success && current != context) {
      code = api.ctxPush(context);
      isPushed = code == success;
    }
  }
  ~ContextScope() {
    Context popped;
    if (isPushed)
      api.ctxPop(&popped);
  }
  ContextScope(const ContextScope &) = delete;
  ContextScope &operator=(const ContextScope &) = delete;
  Result result() const { return code; }

private:
  const Api &api;
  Result code;
  bool isPushed = false;
};

} // namespace cosmati::runtime::cuda
