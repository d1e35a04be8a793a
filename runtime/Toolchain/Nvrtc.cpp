#include "runtime/Toolchain/Nvrtc.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FormatVariadic.h"

#include <vector>

using namespace cosmati::runtime;

namespace {
constexpr int compilationError = 6; // NVRTC_ERROR_COMPILATION

llvm::Error failure(const char *function, int result) {
  return llvm::createStringError("%s failed: result %d", function, result);
}

/// A text that the library hands out as size (with the final NUL) and bytes.
template <typename Size, typename Bytes>
std::string readText(NvrtcProgram program, Size sizeOf, Bytes read) {
  size_t size = 0;
  if (sizeOf(program, &size) != 0 || size == 0)
    return "";
  std::string text(size, '\0');
  if (read(program, text.data()) != 0)
    return "";
  text.resize(text.find_last_not_of(llvm::StringRef("\0\n", 2).str()) + 1);
  return text;
}
} // namespace

llvm::Expected<std::unique_ptr<Nvrtc>> Nvrtc::open(llvm::StringRef path) {
  llvm::Expected<SharedLibrary> library = SharedLibrary::open(path);
  if (!library)
    return library.takeError();
  auto opened = std::make_unique<Nvrtc>();
#define COSMATI_RESOLVE(member, name, parameters)                                                  \
  opened->table.member = reinterpret_cast<int(*) parameters>(library->symbol(#name));              \
  if (!opened->table.member)                                                                       \
    return llvm::createStringError("%s has no symbol %s; NVRTC 12.0 or later is needed",           \
                                   path.str().c_str(), #name);
  COSMATI_NVRTC_FUNCTIONS(COSMATI_RESOLVE)
#undef COSMATI_RESOLVE
  int major = 0, minor = 0;
  if (int result = opened->table.version(&major, &minor))
    return failure("nvrtcVersion", result);
  opened->versionNumber = llvm::formatv("{0}.{1}", major, minor);
  return opened;
}

llvm::Expected<Nvrtc::Compiled> Nvrtc::compile(llvm::StringRef source, llvm::StringRef name,
                                               llvm::ArrayRef<std::string> options) const {
  NvrtcProgram program = nullptr;
  if (int result =
          table.create(&program, source.str().c_str(), name.str().c_str(), 0, nullptr, nullptr))
    return failure("nvrtcCreateProgram", result);
  llvm::scope_exit destroy([&] { table.destroy(&program); });
  std::vector<const char *> words;
  for (const std::string &option : options)
    words.push_back(option.c_str());
  int result = table.compile(program, static_cast<int>(words.size()), words.data());
  Compiled compiled;
  compiled.log = readText(program, table.logSize, table.log);
  compiled.ok = result == 0;
  if (compiled.ok)
    compiled.ptx = readText(program, table.ptxSize, table.ptx);
  else if (result != compilationError && compiled.log.empty())
    return failure("nvrtcCompileProgram", result);
  return compiled;
}
