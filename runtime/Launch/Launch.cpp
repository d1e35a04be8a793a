#include "runtime/Launch/Launch.h"
#include "runtime/Device/Limits.h"

#include "llvm/Support/FormatVariadic.h"

using namespace cosmati::runtime;

namespace {
// Largest grids of every compute capability that we compile for (CUDA C++ Programming Guide).
constexpr int64_t maxGridX = INT32_MAX, maxGridYZ = 65535;

/// Names the axis that is wrong. Kept out of line: it formats.
LLVM_ATTRIBUTE_NOINLINE llvm::Error gridError(const LaunchEntry &entry, const Grid &grid) {
  struct Axis {
    char name;
    int64_t size, limit;
  };
  int64_t ctas = entry.image().numCtas;
  for (Axis axis : {Axis{'x', grid.x, maxGridX / ctas}, Axis{'y', grid.y, maxGridYZ},
                    Axis{'z', grid.z, maxGridYZ}}) {
    if (axis.size >= 0 && axis.size <= axis.limit)
      continue;
    std::string advice = axis.size < 0      ? "a grid can't be negative"
                         : axis.name == 'x' ? "let each program do more work"
                                            : "put the large axis first, or fold axes together";
    return llvm::make_error<DeviceError>(llvm::formatv(
        "grid of kernel '{0}' is ({1}, {2}, {3}): {4} = {5} is outside 0..{6}; {7}",
        entry.image().entry, grid.x, grid.y, grid.z, axis.name, axis.size, axis.limit, advice));
  }
  llvm_unreachable("called for a grid within its limits");
}

LLVM_ATTRIBUTE_NOINLINE llvm::Error countError(const LaunchEntry &entry, size_t got) {
  return llvm::make_error<DeviceError>(
      llvm::formatv("kernel '{0}' takes {1} parameters, {2} were passed", entry.image().entry,
                    entry.kinds.size(), got));
}
} // namespace

llvm::Expected<std::unique_ptr<LaunchEntry>>
cosmati::runtime::makeLaunchEntry(Device &device, std::shared_ptr<const KernelImage> image,
                                  bool programmatic) {
  llvm::Expected<const DeviceProperties *> properties = device.properties();
  if (!properties)
    return properties.takeError();
  if (llvm::Error error = checkFits(*image, **properties))
    return error;
  llvm::Expected<std::unique_ptr<LoadedKernel>> kernel = device.load(std::move(image));
  if (!kernel)
    return kernel.takeError();
  const KernelImage &loaded = (*kernel)->image();
  int threads = static_cast<int>(loaded.threadsPerCta());
  if ((*kernel)->maxThreads > 0 && threads > (*kernel)->maxThreads)
    return llvm::make_error<OutOfResourcesError>(
        llvm::formatv("out of resources: registers. Kernel '{0}' uses {1} registers per thread, so "
                      "at most {2} threads fit "
                      "in a CTA, not {3}. Reduce num_warps or the block sizes, or set maxnreg",
                      loaded.entry, (*kernel)->regs, (*kernel)->maxThreads, threads),
        "registers", threads, (*kernel)->maxThreads);

  auto entry = std::make_unique<LaunchEntry>();
  entry->device = &device;
  entry->dims.block[0] = loaded.threadsPerCta();
  entry->dims.cluster[0] = static_cast<uint32_t>(loaded.numCtas);
  entry->dims.dynamicShared = loaded.sharedBytes;
  entry->dims.programmatic = programmatic;
  for (const KernelParam &param : loaded.params)
    entry->kinds.push_back(param.kind);
  entry->kernel = std::move(*kernel);
  return entry;
}

llvm::Error cosmati::runtime::launchEntry(LaunchEntry &entry, const Grid &grid,
                                          llvm::ArrayRef<void *> params, Stream stream,
                                          llvm::ArrayRef<HostBuffer> buffers) {
  LaunchDims dims = entry.dims; // a copy on the stack: entries are shared by threads
  int64_t ctas = dims.cluster[0];
  // One unsigned comparison per axis covers negative sizes, too.
  auto outside = [](int64_t size, int64_t limit) {
    return static_cast<uint64_t>(size) > static_cast<uint64_t>(limit);
  };
  if (outside(grid.x, ctas == 1 ? maxGridX : maxGridX / ctas) || outside(grid.y, maxGridYZ) ||
      outside(grid.z, maxGridYZ))
    return gridError(entry, grid);
  if (params.size() != entry.kinds.size())
    return countError(entry, params.size());
  if (grid.x == 0 || grid.y == 0 || grid.z == 0)
    return llvm::Error::success();
  dims.grid[0] = static_cast<uint32_t>(grid.x * ctas);
  dims.grid[1] = static_cast<uint32_t>(grid.y);
  dims.grid[2] = static_cast<uint32_t>(grid.z);
  return entry.device->launch(*entry.kernel, dims, params, stream, buffers);
}
