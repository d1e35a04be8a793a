#include "runtime/Toolchain/Assembler.h"
#include "runtime/Toolchain/NvJitLink.h"
#include "runtime/Toolchain/Ptxas.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>

using namespace cosmati::runtime;
using llvm::StringRef;

char AssemblerError::ID = 0;
char NoAssemblerError::ID = 0;

void AssemblerError::log(llvm::raw_ostream &out) const {
  out << tool << " refused the PTX of kernel '" << kernel << "' for " << target << ":\n" << toolLog;
}
std::error_code AssemblerError::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}
void NoAssemblerError::log(llvm::raw_ostream &out) const { out << text; }
std::error_code NoAssemblerError::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}

namespace {
/// Name of the first `.entry` of a module; empty when it has none.
StringRef firstEntry(StringRef ptx) {
  StringRef rest = ptx.split(".entry").second.ltrim();
  return rest.take_until([](char c) { return c == '(' || c == '{' || isspace(c); });
}

double millisecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

std::vector<std::string> commonOptions(StringRef target, const AssembleOptions &options,
                                       int optLevel) {
  std::vector<std::string> words = {"-arch=" + target.str(), "-O" + std::to_string(optLevel)};
  if (options.maxRegs > 0)
    words.push_back("-maxrregcount=" + std::to_string(options.maxRegs));
  if (options.lineInfo)
    words.push_back("-lineinfo");
  return words;
}

/// Both tools' outcome in one form.
template <typename Output>
llvm::Expected<Assembled> finish(llvm::Expected<Output> output, std::string tool, StringRef kernel,
                                 StringRef target, std::chrono::steady_clock::time_point start) {
  if (!output)
    return llvm::make_error<AssemblerError>(kernel.str(), target.str(), std::move(tool),
                                            llvm::toString(output.takeError()));
  Assembled result;
  result.ms = millisecondsSince(start);
  result.cubin = std::move(output->cubin);
  result.log = std::move(output->log);
  result.tool = std::move(tool);
  parseAssemblerLog(result.log, kernel, result);
  return result;
}

llvm::Expected<Assembled> withNvJitLink(const NvJitLink &library, StringRef ptx, StringRef kernel,
                                        StringRef target, const AssembleOptions &options) {
  // It knows two levels: 0, and 3 for all others.
  std::vector<std::string> words = commonOptions(target, options, options.optLevel ? 3 : 0);
  words.push_back("-verbose");
  for (const std::string &word : options.extra)
    words.push_back("-Xptxas=" + word);
  auto start = std::chrono::steady_clock::now();
  return finish(library.assemble(ptx, kernel, words), "nvJitLink " + library.versionText(), kernel,
                target, start);
}

llvm::Expected<Assembled> withPtxas(StringRef program, const std::string &version, StringRef ptx,
                                    StringRef kernel, StringRef target,
                                    const AssembleOptions &options) {
  std::vector<std::string> words = commonOptions(target, options, options.optLevel);
  for (const char *word : {"-v", "-warn-spills", "-warn-lmem-usage"})
    words.push_back(word);
  llvm::append_range(words, options.extra);
  auto start = std::chrono::steady_clock::now();
  return finish(runPtxas(program, ptx, words), "ptxas " + version, kernel, target, start);
}

} // namespace

llvm::Expected<Assembled> cosmati::runtime::assemble(const Toolchain &toolchain, StringRef ptx,
                                                     StringRef target,
                                                     const AssembleOptions &options) {
  StringRef kernel = options.kernel.empty() ? firstEntry(ptx) : StringRef(options.kernel);
  std::string missing = "kernel '" + kernel.str() + "' can't be assembled:";
  if (options.tool != AssemblerTool::Ptxas) {
    llvm::Expected<const NvJitLink *> library = toolchain.nvJitLink();
    if (library)
      return withNvJitLink(**library, ptx, kernel, target, options);
    missing += "\n" + llvm::toString(library.takeError());
  }
  if (options.tool != AssemblerTool::NvJitLink) {
    llvm::Expected<Found> ptxas = toolchain.find(Piece::Ptxas);
    if (ptxas)
      return withPtxas(ptxas->path, toolchain.version(Piece::Ptxas), ptx, kernel, target, options);
    missing += "\n" + llvm::toString(ptxas.takeError());
  }
  return llvm::make_error<NoAssemblerError>(std::move(missing));
}

std::string cosmati::runtime::assemblerVersion(const Toolchain &toolchain, AssemblerTool tool) {
  if (tool != AssemblerTool::Ptxas) {
    llvm::Expected<const NvJitLink *> library = toolchain.nvJitLink();
    if (library)
      return "nvJitLink " + (*library)->versionText();
    llvm::consumeError(library.takeError());
  }
  if (tool != AssemblerTool::NvJitLink)
    if (std::string version = toolchain.version(Piece::Ptxas); !version.empty())
      return "ptxas " + version;
  return "none";
}
