#include "compiler/Target/NVPTX/FatalErrors.h"

#include "llvm/Support/ErrorHandling.h"

#include <mutex>
#include <string>

using namespace cosmati;

namespace {

struct LlvmFatalError {
  std::string text;
};

/// Only a thread inside guarded() may unwind; elsewhere LLVM's own handling goes on.
thread_local int guardDepth = 0;

void throwFatalError(void *, const char *reason, bool) {
  if (guardDepth > 0)
    throw LlvmFatalError{reason};
}

} // namespace

llvm::Error cosmati::guarded(llvm::function_ref<llvm::Error()> work) {
  static std::once_flag once;
  std::call_once(once, [] { llvm::install_fatal_error_handler(throwFatalError); });
  struct Depth {
    Depth() { ++guardDepth; }
    ~Depth() { --guardDepth; }
  } depth;
  try {
    return work();
  } catch (const LlvmFatalError &error) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "LLVM: " + error.text);
  }
}
