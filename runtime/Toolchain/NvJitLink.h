// NvJitLink: the functions of libnvJitLink that we call, as one typed table filled by dlsym.
// Signatures, result codes and input kinds: NVIDIA's nvJitLink documentation, "nvJitLink API"
// (CUDA 12.0 and later).
#pragma once

#include "runtime/Toolchain/SharedLibrary.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace cosmati::runtime {

using NvJitLinkHandle = struct NvJitLinkState *;

// X(member, symbol, parameters): every function returns a result code, 0 for success.
#define COSMATI_NVJITLINK_FUNCTIONS(X)                                                             \
  X(create, nvJitLinkCreate, (NvJitLinkHandle *, uint32_t, const char **))                         \
  X(destroy, nvJitLinkDestroy, (NvJitLinkHandle *))                                                \
  X(addData, nvJitLinkAddData, (NvJitLinkHandle, int, const void *, size_t, const char *))         \
  X(complete, nvJitLinkComplete, (NvJitLinkHandle))                                                \
  X(cubinSize, nvJitLinkGetLinkedCubinSize, (NvJitLinkHandle, size_t *))                           \
  X(cubin, nvJitLinkGetLinkedCubin, (NvJitLinkHandle, void *))                                     \
  X(errorLogSize, nvJitLinkGetErrorLogSize, (NvJitLinkHandle, size_t *))                           \
  X(errorLog, nvJitLinkGetErrorLog, (NvJitLinkHandle, char *))                                     \
  X(infoLogSize, nvJitLinkGetInfoLogSize, (NvJitLinkHandle, size_t *))                             \
  X(infoLog, nvJitLinkGetInfoLog, (NvJitLinkHandle, char *))                                       \
  X(version, nvJitLinkVersion, (unsigned *, unsigned *))

class NvJitLink {
public:
  static llvm::Expected<std::unique_ptr<NvJitLink>> open(llvm::StringRef path);

  struct Linked {
    std::vector<uint8_t> cubin;
    std::string log;
  };
  /// Assembles PTX with `options` ("-arch=sm_90a"). The error's text is the library's log.
  llvm::Expected<Linked> assemble(llvm::StringRef ptx, llvm::StringRef name,
                                  llvm::ArrayRef<std::string> options) const;
  /// "13.5".
  const std::string &versionText() const { return versionNumber; }

private:
  struct Table {
#define COSMATI_MEMBER(member, symbol, parameters) int(*member) parameters = nullptr;
    COSMATI_NVJITLINK_FUNCTIONS(COSMATI_MEMBER)
#undef COSMATI_MEMBER
  };
  std::string readLog(NvJitLinkHandle handle, bool errors) const;

  Table table;
  std::string versionNumber;
};

/// "NVJITLINK_ERROR_PTX_COMPILE" or "result 99".
std::string nvJitLinkResultText(int result);

} // namespace cosmati::runtime
