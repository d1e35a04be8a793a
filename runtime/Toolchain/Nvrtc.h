// Nvrtc: the functions of libnvrtc that we call, as one typed table filled by dlsym. Signatures and
// result codes: NVIDIA's NVRTC documentation (CUDA 12.0 and later).
#pragma once

#include "runtime/Toolchain/SharedLibrary.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstddef>
#include <memory>
#include <string>

namespace cosmati::runtime {

using NvrtcProgram = struct NvrtcProgramState *;

// X(member, symbol, parameters): every function returns a result code, 0 for success.
#define COSMATI_NVRTC_FUNCTIONS(X)                                                                 \
  X(create, nvrtcCreateProgram,                                                                    \
    (NvrtcProgram *, const char *, const char *, int, const char *const *, const char *const *))   \
  X(destroy, nvrtcDestroyProgram, (NvrtcProgram *))                                                \
  X(compile, nvrtcCompileProgram, (NvrtcProgram, int, const char *const *))                        \
  X(ptxSize, nvrtcGetPTXSize, (NvrtcProgram, size_t *))                                            \
  X(ptx, nvrtcGetPTX, (NvrtcProgram, char *))                                                      \
  X(logSize, nvrtcGetProgramLogSize, (NvrtcProgram, size_t *))                                     \
  X(log, nvrtcGetProgramLog, (NvrtcProgram, char *))                                               \
  X(version, nvrtcVersion, (int *, int *))

class Nvrtc {
public:
  static llvm::Expected<std::unique_ptr<Nvrtc>> open(llvm::StringRef path);

  struct Compiled {
    bool ok = false;
    std::string ptx; ///< where `ok`
    std::string log; ///< of the compiler: errors, else warnings
  };
  /// Compiles CUDA C++ with `options` ("-arch=compute_90a") to PTX. `name` stands for the source in
  /// messages. A source that is refused is a result; an error is a failure of the library.
  /// Thread-safe.
  llvm::Expected<Compiled> compile(llvm::StringRef source, llvm::StringRef name,
                                   llvm::ArrayRef<std::string> options) const;
  /// "13.5".
  const std::string &versionText() const { return versionNumber; }

private:
  struct Table {
#define COSMATI_MEMBER(member, symbol, parameters) int(*member) parameters = nullptr;
    COSMATI_NVRTC_FUNCTIONS(COSMATI_MEMBER)
#undef COSMATI_MEMBER
  };

  Table table;
  std::string versionNumber;
};

} // namespace cosmati::runtime
