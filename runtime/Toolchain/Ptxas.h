// ptxas as a subprocess.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cosmati::runtime {

struct PtxasOutput {
  std::vector<uint8_t> cubin;
  std::string log;
};

/// Runs `program` over `ptx` with `options` ("-arch=sm_90a") through temporary files, which are
/// removed in every case. The error's text is the log, with how the process ended.
llvm::Expected<PtxasOutput> runPtxas(llvm::StringRef program, llvm::StringRef ptx,
                                     llvm::ArrayRef<std::string> options);

/// "13.0" from `ptxas --version`; empty when it can't be run.
std::string ptxasVersion(llvm::StringRef program);

} // namespace cosmati::runtime
