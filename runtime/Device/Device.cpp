#include "runtime/Device/Device.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

using namespace cosmati::runtime;

char KernelFault::ID = 0;
char DeviceError::ID = 0;

/// The chain that a line "  .loc file F, line L, column C" of a report stands for; null if it is
/// another line.
static const SourceChain *chainOf(llvm::StringRef line, const KernelImage &image) {
  unsigned file, number, column;
  if (!line.consume_front(".loc file ") || line.consumeInteger(10, file) ||
      !line.consume_front(", line ") || line.consumeInteger(10, number) ||
      !line.consume_front(", column ") || line.getAsInteger(10, column))
    return nullptr;
  const SourceChain *chain = image.resolve(column);
  return chain && !chain->frames.empty() ? chain : nullptr;
}

std::string KernelFault::format(FunctionLocator locate) const {
  if (!image)
    return text;
  std::string result;
  bool replaced = false;
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  for (llvm::StringRef line : lines) {
    llvm::StringRef body = line.ltrim(' ');
    std::string indent(line.size() - body.size(), ' ');
    const SourceChain *chain = chainOf(body, *image);
    llvm::SmallVector<llvm::StringRef> shown{body};
    std::string places;
    if (chain) {
      places = formatChain(*chain, locate);
      shown.clear();
      llvm::StringRef(places).split(shown, '\n');
      replaced = true;
    }
    for (llvm::StringRef one : shown)
      result += (result.empty() ? "" : "\n") + indent + one.str();
  }
  const SourceChain *chain = image->resolve(column);
  if (!replaced && chain && !chain->frames.empty())
    result += "\n" + formatChain(*chain, locate);
  return result;
}

void KernelFault::log(llvm::raw_ostream &out) const { out << format(nullptr); }
std::error_code KernelFault::convertToErrorCode() const { return llvm::inconvertibleErrorCode(); }

void DeviceError::log(llvm::raw_ostream &out) const { out << text; }
std::error_code DeviceError::convertToErrorCode() const { return llvm::inconvertibleErrorCode(); }
