// Reading the verbose log of ptxas and nvJitLink. Both write, per kernel:
//   ptxas info    : Compiling entry function 'gemm' for 'sm_90a'
//   ptxas info    : Function properties for gemm
//   ptxas         .     0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
//   ptxas info    : Used 8 registers, used 1 barriers, 1024 bytes smem
// nvJitLink then adds figures of its own link step (lower case, name in quotes), which count other
// things and are skipped.
#include "runtime/Toolchain/Assembler.h"

#include "llvm/ADT/StringExtras.h"

using namespace cosmati::runtime;
using llvm::StringRef;

namespace {
/// The number that stands right before `unit` in `line`; -1 when there is none.
int numberBefore(StringRef line, StringRef unit) {
  size_t end = line.find(unit);
  if (end == StringRef::npos)
    return -1;
  StringRef before = line.take_front(end).rtrim();
  StringRef digits = before.substr(before.find_last_not_of("0123456789") + 1);
  int value;
  return digits.getAsInteger(10, value) ? -1 : value;
}

void readProperties(StringRef line, Assembled &result) {
  result.stackBytes = numberBefore(line, "bytes stack frame");
  result.spillStores = numberBefore(line, "bytes spill stores");
  result.spillLoads = numberBefore(line, "bytes spill loads");
}
} // namespace

void cosmati::runtime::parseAssemblerLog(StringRef log, StringRef kernel, Assembled &result) {
  bool isOurs = false;     // between our kernel's header line and the next one's
  bool isFunction = false; // under "Function properties for" our kernel
  llvm::SmallVector<StringRef> lines;
  log.split(lines, '\n');
  for (StringRef line : lines) {
    if (line.contains("warning") || line.contains("Potential Performance Loss"))
      result.warnings.push_back(line.trim().str());
    if (size_t at = line.find("Compiling entry function '"); at != StringRef::npos) {
      StringRef name = line.substr(at).split('\'').second.split('\'').first;
      if (kernel.empty())
        kernel = name;
      isOurs = name == kernel;
      isFunction = false;
      continue;
    }
    if (size_t at = line.find("Function properties for "); at != StringRef::npos) {
      isFunction = isOurs && line.substr(at).split("for ").second.trim() == kernel;
      continue;
    }
    if (isFunction && line.contains("bytes stack frame"))
      readProperties(line, result);
    if (isOurs && line.contains(": Used ")) {
      result.regs = numberBefore(line, "registers");
      result.sharedBytes = std::max(0, numberBefore(line, "bytes smem"));
    }
  }
}
