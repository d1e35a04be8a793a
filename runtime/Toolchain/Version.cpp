#include "runtime/Toolchain/Version.h"
#include "runtime/Toolchain/Ptxas.h"
#include "runtime/Toolchain/SharedLibrary.h"

#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;

namespace {
/// Of a library with `int symbol(T *major, T *minor)`.
template <typename Number>
std::string pairVersion(const SharedLibrary &library, const char *symbol) {
  auto function = reinterpret_cast<int (*)(Number *, Number *)>(library.symbol(symbol));
  Number major = 0, minor = 0;
  if (!function || function(&major, &minor) != 0)
    return "";
  return llvm::formatv("{0}.{1}", major, minor);
}

/// cuDriverGetVersion answers without cuInit: 13000 is 13.0, 12040 is 12.4.
std::string driverVersion(const SharedLibrary &library) {
  auto function = reinterpret_cast<int (*)(int *)>(library.symbol("cuDriverGetVersion"));
  int number = 0;
  if (!function || function(&number) != 0)
    return "";
  return llvm::formatv("{0}.{1}", number / 1000, number % 1000 / 10);
}
} // namespace

std::string cosmati::runtime::readVersion(Piece piece, llvm::StringRef path) {
  if (piece == Piece::Ptxas)
    return ptxasVersion(path);
  if (piece == Piece::Libdevice)
    return ""; // bitcode without a version
  llvm::Expected<SharedLibrary> library = SharedLibrary::open(path);
  if (!library) {
    llvm::consumeError(library.takeError());
    return "";
  }
  if (piece == Piece::Driver)
    return driverVersion(*library);
  if (piece == Piece::NvJitLink)
    return pairVersion<unsigned>(*library, "nvJitLinkVersion");
  return pairVersion<int>(*library, "nvrtcVersion");
}
