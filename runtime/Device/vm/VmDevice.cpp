#include "runtime/Device/vm/VmDevice.h"
#include "runtime/Device/Limits.h"
#include "runtime/Device/vm/VmMemory.h"
#include "runtime/PtxVm/Occupancy.h"
#include "runtime/PtxVm/PtxVm.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

using namespace cosmati::runtime;

char VmFault::ID = 0;
static thread_local const VmWatch *threadWatch = nullptr;

const VmWatch *cosmati::runtime::watchLaunches(const VmWatch *watch) {
  return std::exchange(threadWatch, watch);
}

namespace {
class VmKernel : public LoadedKernel {
public:
  VmKernel(std::shared_ptr<const KernelImage> image, std::shared_ptr<cosmati::ptxvm::Module> module,
           const cosmati::ptxvm::EntryInfo &entry)
      : LoadedKernel(std::move(image)), module(std::move(module)), entry(entry) {
    maxThreads = 1024;
  }
  std::shared_ptr<cosmati::ptxvm::Module> module;
  const cosmati::ptxvm::EntryInfo &entry;
};

/// Time stamps, since a launch has ended when the call returns.
struct VmEvent {
  std::chrono::steady_clock::time_point when;
};

class VmDevice : public Device {
public:
  explicit VmDevice(VmOptions given) : options(std::move(given)) { describe(); }

  llvm::StringRef kind() const override { return "vm"; }
  int ordinal() const override { return 0; }
  llvm::Expected<const DeviceProperties *> properties() override { return &facts; }

  llvm::Expected<std::unique_ptr<LoadedKernel>>
  load(std::shared_ptr<const KernelImage> image) override;
  llvm::Error launch(LoadedKernel &kernel, const LaunchDims &dims, llvm::ArrayRef<void *> params,
                     Stream stream, llvm::ArrayRef<HostBuffer> buffers) override;

  llvm::Expected<DevicePtr> allocate(uint64_t bytes) override { return memory.allocate(bytes); }
  llvm::Error release(DevicePtr pointer) override { return memory.release(pointer); }
  llvm::Error copyToDevice(DevicePtr to, const void *from, uint64_t bytes, Stream) override {
    memory.markWritten(to, bytes);
    return copy(reinterpret_cast<void *>(to), from, bytes);
  }
  llvm::Error copyToHost(void *to, DevicePtr from, uint64_t bytes, Stream) override {
    return copy(to, reinterpret_cast<const void *>(from), bytes);
  }
  llvm::Error copyOnDevice(DevicePtr to, DevicePtr from, uint64_t bytes, Stream) override {
    memory.markCopied(to, from, bytes);
    return copy(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from), bytes);
  }
  llvm::Error fill(DevicePtr to, uint8_t value, uint64_t bytes, Stream) override {
    memory.markWritten(to, bytes);
    if (bytes)
      std::memset(reinterpret_cast<void *>(to), value, bytes);
    return llvm::Error::success();
  }

  // There is one order of work, the caller's; a stream is any non-null address.
  llvm::Expected<Stream> createStream() override { return this; }
  llvm::Error destroyStream(Stream) override { return llvm::Error::success(); }
  llvm::Error synchronize(Stream) override { return llvm::Error::success(); }
  llvm::Expected<bool> isCapturing(Stream) override { return false; }

  llvm::Expected<Event> createEvent() override { return new VmEvent; }
  llvm::Error destroyEvent(Event event) override {
    delete static_cast<VmEvent *>(event);
    return llvm::Error::success();
  }
  llvm::Error record(Event event, Stream) override {
    static_cast<VmEvent *>(event)->when = std::chrono::steady_clock::now();
    return llvm::Error::success();
  }
  llvm::Error synchronizeEvent(Event) override { return llvm::Error::success(); }
  llvm::Error wait(Stream, Event) override { return llvm::Error::success(); }
  llvm::Expected<float> elapsedMs(Event start, Event end) override {
    return std::chrono::duration<float, std::milli>(static_cast<VmEvent *>(end)->when -
                                                    static_cast<VmEvent *>(start)->when)
        .count();
  }

private:
  static llvm::Error copy(void *to, const void *from, uint64_t bytes) {
    if (bytes)
      std::memmove(to, from, bytes);
    return llvm::Error::success();
  }
  void describe();
  llvm::Expected<uint64_t> mapPointer(const VmKernel &kernel, size_t index, uint64_t address,
                                      llvm::ArrayRef<HostBuffer> buffers,
                                      llvm::ArrayRef<uint64_t> mapped, bool slices,
                                      cosmati::ptxvm::AddressSpace &space) const;

  VmOptions options;
  DeviceProperties facts;
  VmMemory memory;
};

void VmDevice::describe() {
  TargetNumber target = parseTarget(options.target);
  facts.name = "the PTX virtual machine";
  facts.target = options.target;
  facts.major = target.number / 10;
  facts.minor = target.number % 10;
  const cosmati::ptxvm::GpuModel &gpu = cosmati::ptxvm::gpuModel(options.target);
  facts.multiprocessors = static_cast<int>(gpu.multiprocessors);
  facts.maxThreadsPerBlock = 1024;
  facts.maxThreadsPerMultiprocessor = static_cast<int>(gpu.threads);
  facts.maxGrid[0] = INT32_MAX;
  facts.maxGrid[1] = facts.maxGrid[2] = 65535;
  facts.sharedPerBlock = 48 * 1024;
  // So that a kernel which runs here fits there.
  facts.sharedPerBlockOptIn = gpu.sharedBytesOfCta;
  facts.sharedPerMultiprocessor = gpu.sharedBytes;
  facts.registersPerBlock = facts.registersPerMultiprocessor = static_cast<int>(gpu.registers);
  facts.clusters = facts.major >= 9;
}

/// An error of the PTX with the place in the source that its line stands for, if it has one.
static llvm::Error placed(std::string text, std::shared_ptr<const KernelImage> image) {
  llvm::StringRef rest = llvm::StringRef(text).split(".ptx:").second;
  uint32_t line = 0;
  if (rest.consumeInteger(10, line))
    return llvm::make_error<DeviceError>(std::move(text));
  uint32_t column = image->columnOfLine(line);
  return llvm::make_error<KernelFault>(std::move(text), std::move(image), line, column);
}

llvm::Expected<std::unique_ptr<LoadedKernel>>
VmDevice::load(std::shared_ptr<const KernelImage> image) {
  if (llvm::Error error = checkFits(*image, facts))
    return error;
  if (image->ptx.empty())
    return llvm::make_error<DeviceError>("kernel '" + image->entry +
                                         "' has no PTX, and the virtual machine runs nothing else");
  auto module = cosmati::ptxvm::Module::parse(image->ptx, image->entry + ".ptx");
  if (!module) // "NAME.ptx:LINE: ..."
    return placed(llvm::toString(module.takeError()), std::move(image));
  const cosmati::ptxvm::EntryInfo *entry = (*module)->findEntry(image->entry);
  if (!entry)
    return llvm::make_error<DeviceError>("the PTX of kernel '" + image->entry +
                                         "' has no entry of that name");
  if (entry->params.size() != image->params.size())
    return llvm::make_error<DeviceError>(
        llvm::formatv("kernel '{0}' lists {1} parameters, its PTX has {2}", image->entry,
                      image->params.size(), entry->params.size()));
  return std::make_unique<VmKernel>(std::move(image), std::move(*module), *entry);
}

/// Index of the buffer that holds `address`. An address at a buffer's end belongs to it only when
/// no other holds it: it may be the start of the next one.
std::optional<size_t> bufferOf(llvm::ArrayRef<HostBuffer> buffers, uint64_t address) {
  std::optional<size_t> atEnd;
  for (size_t i = 0; i < buffers.size(); ++i) {
    uint64_t offset = address - reinterpret_cast<uint64_t>(buffers[i].base);
    if (offset < buffers[i].bytes || (offset == 0 && buffers[i].bytes == 0))
      return i;
    if (offset == buffers[i].bytes)
      atEnd = i;
  }
  return atEnd;
}

/// Maps a buffer, or with `slices` only the argument's view of it. Returns the address that the
/// buffer's base has, or would have.
uint64_t mapBuffer(cosmati::ptxvm::AddressSpace &space, const HostBuffer &buffer, bool slices) {
  cosmati::ptxvm::MapOptions options;
  options.writable = buffer.writable;
  if (!slices || !buffer.first)
    return space.map(buffer.base, buffer.bytes, buffer.name.str(), options);
  std::vector<uint64_t> shape(buffer.shape, buffer.shape + buffer.rank);
  std::vector<int64_t> strides(buffer.strides, buffer.strides + buffer.rank);
  uint64_t first = space.mapStrided(buffer.first, shape, strides, buffer.elementBytes,
                                    buffer.name.str(), options);
  return first -
         (reinterpret_cast<uint64_t>(buffer.first) - reinterpret_cast<uint64_t>(buffer.base));
}

/// Virtual address of a pointer argument.
llvm::Expected<uint64_t> VmDevice::mapPointer(const VmKernel &kernel, size_t index,
                                              uint64_t address, llvm::ArrayRef<HostBuffer> buffers,
                                              llvm::ArrayRef<uint64_t> mapped, bool slices,
                                              cosmati::ptxvm::AddressSpace &space) const {
  if (address == 0)
    return 0;
  for (size_t i = 0; i < buffers.size() && slices; ++i)
    if (reinterpret_cast<uint64_t>(buffers[i].first) == address)
      return mapped[i] + (address - reinterpret_cast<uint64_t>(buffers[i].base));
  if (std::optional<size_t> buffer = bufferOf(buffers, address))
    return mapped[*buffer] + (address - reinterpret_cast<uint64_t>(buffers[*buffer].base));
  if (space.includes(address))
    return address;
  const KernelParam &param = kernel.image().params[index];
  if (std::optional<VmMemory::Range> own = memory.find(address)) {
    cosmati::ptxvm::MapOptions options;
    options.written = own->written;
    return space.map(own->base, own->bytes, param.name, options) +
           (address - reinterpret_cast<uint64_t>(own->base));
  }
  if (std::optional<VmMemory::Released> gone = memory.findReleased(address))
    return space.mapReleased(gone->bytes, param.name, gone->when) + (address - gone->base);
  return llvm::make_error<DeviceError>(
      llvm::formatv("argument '{0}' of kernel '{1}' points to memory that the virtual machine "
                    "doesn't know: pass a host array, or memory "
                    "allocated on this device",
                    param.name, kernel.image().entry));
}

llvm::Error VmDevice::launch(LoadedKernel &loaded, const LaunchDims &dims,
                             llvm::ArrayRef<void *> params, Stream,
                             llvm::ArrayRef<HostBuffer> buffers) {
  auto &kernel = static_cast<VmKernel &>(loaded);
  const KernelImage &image = kernel.image();
  cosmati::ptxvm::AddressSpace space;
  llvm::SmallVector<uint64_t> mapped;
  const VmWatch &watch = threadWatch ? *threadWatch : options.watch;
  bool slices = has(watch.checks, cosmati::ptxvm::Check::Slices);
  memory.countLaunch();
  space.include(cosmati::ptxvm::standingBuffers());
  for (const HostBuffer &buffer : buffers)
    mapped.push_back(mapBuffer(space, buffer, slices));

  cosmati::ptxvm::ParamBlock block(kernel.entry);
  for (size_t i = 0; i < params.size(); ++i) {
    if (image.params[i].kind != ParamKind::Pointer) {
      block.setBytes(i, params[i], kernel.entry.params[i].bytes);
      continue;
    }
    llvm::Expected<uint64_t> address =
        mapPointer(kernel, i, *static_cast<uint64_t *>(params[i]), buffers, mapped, slices, space);
    if (!address)
      return address.takeError();
    block.set(i, *address);
  }

  cosmati::ptxvm::LaunchConfig config;
  std::copy(dims.grid, dims.grid + 3, config.grid.begin());
  std::copy(dims.block, dims.block + 3, config.block.begin());
  std::copy(dims.cluster, dims.cluster + 3, config.cluster.begin());
  config.nonPortableCluster = true; // as on GPUs: checkFits bounds the size
  config.dynamicShared = dims.dynamicShared;
  config.threads = options.threads;
  config.registers = static_cast<uint32_t>(std::max(image.regs, 0));
  config.checks = watch.checks;
  config.seed = watch.seed;
  config.schedule = watch.schedule;
  config.async = watch.async;
  config.profile = watch.profile;
  config.poll = options.poll;
  config.maxInstructions = options.maxInstructions;
  config.print = options.print;
  cosmati::ptxvm::Report report;
  llvm::Error error =
      cosmati::ptxvm::launch(*kernel.module, image.entry, config, block.bytes(), space, &report);
  if (watch.sink && !error)
    watch.sink(image, dims, report);
  if (!error || report.findings.empty())
    return error;
  llvm::consumeError(std::move(error));
  return llvm::make_error<VmFault>(std::move(report.findings), kernel.sharedImage());
}
} // namespace

std::unique_ptr<Device> cosmati::runtime::createVmDevice(VmOptions options) {
  return std::make_unique<VmDevice>(std::move(options));
}
