// Texts for people: chains of calls and lists of shared buffers.
#include "runtime/Image/KernelImage.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;

namespace {
/// "softmax.py:17:9 in softmax_kernel", or "line 3:12 of softmax_kernel" for a function that nobody
/// can place.
std::string frameText(const SourceFrame &frame, FunctionLocator locate) {
  std::string column = frame.column > 0 ? llvm::formatv(":{0}", frame.column).str() : "";
  if (locate)
    if (std::optional<FunctionPlace> place = locate(frame.function))
      return llvm::formatv("{0}:{1}{2} in {3}", place->file, place->firstLine + frame.line - 1,
                           column, frame.function);
  return llvm::formatv("line {0}{1} of {2}", frame.line, column, frame.function);
}
} // namespace

std::string cosmati::runtime::formatChain(const SourceChain &chain, FunctionLocator locate) {
  std::string text;
  llvm::StringRef lead = "at ";
  for (const SourceFrame &frame : chain.frames) {
    text += (text.empty() ? "" : "\n") + lead.str() + frameText(frame, locate);
    lead = "called from ";
  }
  return text;
}

std::string cosmati::runtime::formatSharedBuffers(const KernelImage &image,
                                                  FunctionLocator locate) {
  llvm::SmallVector<const SharedBuffer *> order;
  for (const SharedBuffer &buffer : image.sharedBuffers)
    order.push_back(&buffer);
  llvm::stable_sort(order, [](auto *a, auto *b) { return a->bytes > b->bytes; });
  std::string text;
  for (const SharedBuffer *buffer : order) {
    text += llvm::formatv("{0}{1} bytes at offset {2}: {3}", text.empty() ? "" : "\n",
                          buffer->bytes, buffer->offset, buffer->purpose);
    const SourceChain *chain = image.resolve(buffer->location);
    if (chain && !chain->frames.empty())
      text += " (" + frameText(chain->frames.front(), locate) + ")";
  }
  return text;
}
