#include "runtime/Toolchain/NvJitLink.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;

namespace {
constexpr int inputPtx = 2; // NVJITLINK_INPUT_PTX

constexpr const char *resultNames[] = {
    "NVJITLINK_SUCCESS",
    "NVJITLINK_ERROR_UNRECOGNIZED_OPTION",
    "NVJITLINK_ERROR_MISSING_ARCH",
    "NVJITLINK_ERROR_INVALID_INPUT",
    "NVJITLINK_ERROR_PTX_COMPILE",
    "NVJITLINK_ERROR_NVVM_COMPILE",
    "NVJITLINK_ERROR_INTERNAL",
    "NVJITLINK_ERROR_THREADPOOL",
    "NVJITLINK_ERROR_UNRECOGNIZED_INPUT",
    "NVJITLINK_ERROR_FINALIZE",
    "NVJITLINK_ERROR_NULL_INPUT",
    "NVJITLINK_ERROR_INCOMPATIBLE_OPTIONS",
    "NVJITLINK_ERROR_INCORRECT_INPUT_TYPE",
    "NVJITLINK_ERROR_ARCH_MISMATCH",
    "NVJITLINK_ERROR_OUTDATED_LIBRARY",
    "NVJITLINK_ERROR_MISSING_FATBIN",
    "NVJITLINK_ERROR_UNRECOGNIZED_ARCH",
    "NVJITLINK_ERROR_UNSUPPORTED_ARCH",
    "NVJITLINK_ERROR_LTO_NOT_ENABLED",
};

llvm::Error failure(const char *function, int result, const std::string &log) {
  std::string text = llvm::formatv("{0} failed: {1}", function, nvJitLinkResultText(result));
  return llvm::createStringError("%s%s%s", log.c_str(), log.empty() ? "" : "\n", text.c_str());
}
} // namespace

std::string cosmati::runtime::nvJitLinkResultText(int result) {
  if (result >= 0 && static_cast<size_t>(result) < std::size(resultNames))
    return resultNames[result];
  return llvm::formatv("result {0}", result);
}

llvm::Expected<std::unique_ptr<NvJitLink>> NvJitLink::open(llvm::StringRef path) {
  llvm::Expected<SharedLibrary> library = SharedLibrary::open(path);
  if (!library)
    return library.takeError();
  auto opened = std::make_unique<NvJitLink>();
#define COSMATI_RESOLVE(member, name, parameters)                                                  \
  opened->table.member = reinterpret_cast<int(*) parameters>(library->symbol(#name));              \
  if (!opened->table.member)                                                                       \
    return llvm::createStringError("%s has no symbol %s; nvJitLink 12.0 or later is needed",       \
                                   path.str().c_str(), #name);
  COSMATI_NVJITLINK_FUNCTIONS(COSMATI_RESOLVE)
#undef COSMATI_RESOLVE
  unsigned major = 0, minor = 0;
  if (int result = opened->table.version(&major, &minor))
    return failure("nvJitLinkVersion", result, "");
  opened->versionNumber = llvm::formatv("{0}.{1}", major, minor);
  return opened;
}

std::string NvJitLink::readLog(NvJitLinkHandle handle, bool errors) const {
  size_t size = 0;
  if ((errors ? table.errorLogSize : table.infoLogSize)(handle, &size) != 0 || size == 0)
    return "";
  std::string log(size, '\0'); // the size counts the final NUL
  if ((errors ? table.errorLog : table.infoLog)(handle, log.data()) != 0)
    return "";
  log.resize(log.find_last_not_of(llvm::StringRef("\0\n", 2).str()) + 1);
  return log;
}

llvm::Expected<NvJitLink::Linked> NvJitLink::assemble(llvm::StringRef ptx, llvm::StringRef name,
                                                      llvm::ArrayRef<std::string> options) const {
  std::vector<const char *> words;
  for (const std::string &option : options)
    words.push_back(option.c_str());
  NvJitLinkHandle handle = nullptr;
  if (int result = table.create(&handle, static_cast<uint32_t>(words.size()), words.data()))
    return failure("nvJitLinkCreate", result, handle ? readLog(handle, true) : "");
  llvm::scope_exit destroy([&] { table.destroy(&handle); });

  // Bad PTX fails in AddData, and Complete may return 0 after that: each result counts.
  if (int result = table.addData(handle, inputPtx, ptx.data(), ptx.size(), name.str().c_str()))
    return failure("nvJitLinkAddData", result, readLog(handle, true));
  if (int result = table.complete(handle))
    return failure("nvJitLinkComplete", result, readLog(handle, true));

  Linked linked;
  size_t size = 0;
  if (int result = table.cubinSize(handle, &size))
    return failure("nvJitLinkGetLinkedCubinSize", result, readLog(handle, true));
  linked.cubin.resize(size);
  if (int result = table.cubin(handle, linked.cubin.data()))
    return failure("nvJitLinkGetLinkedCubin", result, readLog(handle, true));
  linked.log = readLog(handle, false);
  return linked;
}
