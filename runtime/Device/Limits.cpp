#include "runtime/Device/Limits.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace cosmati::runtime;

char OutOfResourcesError::ID = 0;
void OutOfResourcesError::log(llvm::raw_ostream &out) const { out << text; }
std::error_code OutOfResourcesError::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}

namespace {
// Largest cluster that a kernel may ask for after opting in to non-portable sizes (CUDA C++
// Programming Guide).
constexpr int64_t maxClusterCtas = 16;

llvm::Error exceeds(const KernelImage &image, const DeviceProperties &properties,
                    const char *resource, int64_t required, int64_t limit, const char *unit,
                    const std::string &advice) {
  std::string text =
      llvm::formatv("out of resources: {0}. Kernel '{1}' needs {2} {3}, {4} has {5}. {6}", resource,
                    image.entry, required, unit, properties.name, limit, advice);
  return llvm::make_error<OutOfResourcesError>(std::move(text), resource, required, limit);
}
} // namespace

llvm::Error cosmati::runtime::checkFits(const KernelImage &image,
                                        const DeviceProperties &properties) {
  if (image.numWarps < 1 || image.numCtas < 1)
    return llvm::make_error<DeviceError>(llvm::formatv(
        "kernel '{0}' has num_warps = {1} and num_ctas = {2}; both must be at least 1", image.entry,
        image.numWarps, image.numCtas));
  if (image.sharedBytes > properties.sharedPerBlockOptIn) {
    std::string advice = "Reduce num_stages or the block sizes.";
    if (std::string buffers = formatSharedBuffers(image); !buffers.empty())
      advice += " Its buffers:\n" + buffers;
    return exceeds(image, properties, "shared memory", image.sharedBytes,
                   properties.sharedPerBlockOptIn, "bytes per CTA", advice);
  }
  if (image.threadsPerCta() > static_cast<unsigned>(properties.maxThreadsPerBlock))
    return exceeds(
        image, properties, "threads", image.threadsPerCta(), properties.maxThreadsPerBlock,
        "threads per CTA",
        llvm::formatv("Set num_warps to at most {0}.", properties.maxThreadsPerBlock / 32));
  int64_t clusterLimit = properties.clusters ? maxClusterCtas : 1;
  if (image.numCtas > clusterLimit)
    return exceeds(image, properties, "cluster size", image.numCtas, clusterLimit,
                   "CTAs per cluster", llvm::formatv("Set num_ctas to at most {0}.", clusterLimit));
  return llvm::Error::success();
}

TargetNumber cosmati::runtime::parseTarget(llvm::StringRef target) {
  TargetNumber result;
  if (!target.consume_front("sm_") || target.consumeInteger(10, result.number))
    return {};
  if (target.size() > 1 || (target.size() == 1 && target != "a" && target != "f"))
    return {};
  result.suffix = target.empty() ? 0 : target.front();
  return result;
}
