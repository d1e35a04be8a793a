#include "runtime/Device/Device.h"

#include "llvm/Support/raw_ostream.h"

using namespace cosmati::runtime;

char KernelFault::ID = 0;
char DeviceError::ID = 0;

std::string KernelFault::format(FunctionLocator locate) const {
  const SourceChain *chain = image ? image->resolve(column) : nullptr;
  if (!chain || chain->frames.empty())
    return text;
  return text + "\n" + formatChain(*chain, locate);
}

void KernelFault::log(llvm::raw_ostream &out) const { out << format(nullptr); }
std::error_code KernelFault::convertToErrorCode() const { return llvm::inconvertibleErrorCode(); }

void DeviceError::log(llvm::raw_ostream &out) const { out << text; }
std::error_code DeviceError::convertToErrorCode() const { return llvm::inconvertibleErrorCode(); }
