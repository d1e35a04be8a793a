// Device: what a kernel runs on. Two implementations: the CUDA driver (cuda/CudaDevice.h) and the
// PTX virtual machine (vm/VmDevice.h); both run the same PTX. Everything above this interface is
// the same for both.
//
// All functions may be called from several threads. Nothing here reads the environment, and nothing
// happens before the first call.
#pragma once

#include "runtime/Image/KernelImage.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>

namespace cosmati::runtime {

struct LaunchDims {
  uint32_t grid[3] = {1, 1, 1};    // CTAs
  uint32_t block[3] = {32, 1, 1};  // threads per CTA
  uint32_t cluster[3] = {1, 1, 1}; // CTAs per cluster; divides grid
  uint32_t dynamicShared = 0;      // bytes per CTA
  bool programmatic =
      false; // may start before the preceding kernel ends (programmatic dependent launch)
};

/// CUstream of the CUDA device; null is the default stream. The VM runs every launch to its end and
/// ignores it.
using Stream = void *;
using Event = void *;
/// Device address; on the VM the host address of the bytes.
using DevicePtr = uint64_t;

/// Host memory that a VM launch may touch: the whole owning buffer of an argument, not the view
/// alone, so that a kernel may use strides that leave the view but not the buffer. Buffers that
/// overlap are merged and share one mapping.
struct HostBuffer {
  void *base = nullptr;
  uint64_t bytes = 0;
  llvm::StringRef name; // the argument's, for reports
  bool writable = true;
  /// What of the buffer the argument itself is: an array of `rank` dimensions with its first
  /// element at `first`, strides in bytes. The VM bounds accesses to it when it checks slices.
  /// Null: the whole buffer.
  void *first = nullptr;
  const int64_t *shape = nullptr, *strides = nullptr;
  int rank = 0;
  uint32_t elementBytes = 0;
};

struct DeviceProperties {
  std::string name;         // "NVIDIA H100 80GB HBM3", "PTX virtual machine"
  std::string target;       // best target for it: "sm_90a"
  int major = 0, minor = 0; // compute capability
  int multiprocessors = 0;  // the VM: of the GPU that it stands for
  int maxThreadsPerBlock = 0, maxThreadsPerMultiprocessor = 0;
  int64_t maxGrid[3] = {0, 0, 0};
  int64_t sharedPerBlock = 0;      // static, or dynamic without opting in, bytes
  int64_t sharedPerBlockOptIn = 0; // most dynamic shared memory of a CTA, bytes
  int64_t sharedPerMultiprocessor = 0;
  int registersPerBlock = 0, registersPerMultiprocessor = 0;
  int64_t globalBytes = 0, l2Bytes = 0;
  int clockKHz = 0, memoryClockKHz = 0, memoryBusBits = 0;
  bool clusters = false;
  int driverVersion = 0; // 13000 for CUDA 13.0; 0 on the VM
};

/// A kernel that is ready to be launched on the device that loaded it. Keep it no longer than the
/// device.
class LoadedKernel {
public:
  explicit LoadedKernel(std::shared_ptr<const KernelImage> image) : source(std::move(image)) {}
  virtual ~LoadedKernel() = default;
  LoadedKernel(const LoadedKernel &) = delete;
  LoadedKernel &operator=(const LoadedKernel &) = delete;

  const KernelImage &image() const { return *source; }
  std::shared_ptr<const KernelImage> sharedImage() const { return source; }
  /// The driver's CUfunction; null on the VM.
  virtual void *nativeHandle() const { return nullptr; }

  int regs = -1;       // per thread; -1: unknown
  int localBytes = -1; // per thread, spills and stack
  int maxThreads = 0;  // largest CTA that this kernel can run with; 0: unknown

private:
  std::shared_ptr<const KernelImage> source;
};

/// A kernel failed while running, at a place that is known: a VM check, a trap, an assertion.
/// `ptxLine` is 1-based, `column` is the `.loc` column (KernelImage::resolve); 0: unknown.
class KernelFault : public llvm::ErrorInfo<KernelFault> {
public:
  static char ID;
  KernelFault(std::string text, std::shared_ptr<const KernelImage> image, uint32_t ptxLine,
              uint32_t column)
      : text(std::move(text)), image(std::move(image)), ptxLine(ptxLine), column(column) {}
  /// The whole message, source positions relative to each `def`.
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override;
  /// The same with file names and absolute lines; every `.loc` that a report names becomes the
  /// chain of calls that it stands for.
  std::string format(FunctionLocator locate) const;

  const std::string text;
  const std::shared_ptr<const KernelImage> image;
  const uint32_t ptxLine, column;
};

/// The driver refused a call, or none was found.
class DeviceError : public llvm::ErrorInfo<DeviceError> {
public:
  static char ID;
  DeviceError(std::string text, int code = 0) : text(std::move(text)), code(code) {}
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override;

  const std::string text;
  const int code; // CUresult; 0: not the driver's
};

class Device {
public:
  virtual ~Device() = default;

  virtual llvm::StringRef kind() const = 0; // "cuda", "vm"
  virtual int ordinal() const = 0;
  /// Remembered after the first call.
  virtual llvm::Expected<const DeviceProperties *> properties() = 0;

  /// Errors: image for another architecture, too much shared memory (naming the buffers), what the
  /// driver says.
  virtual llvm::Expected<std::unique_ptr<LoadedKernel>>
  load(std::shared_ptr<const KernelImage> image) = 0;

  /// Starts a grid. `params` points to each packed parameter value, in order (KernelImage::params);
  /// the values are read before the call returns. `buffers` is what pointer arguments may reach
  /// (the VM only; see HostBuffer). Grid limits are the caller's business (runtime/Launch checks
  /// them). Allocates and formats nothing unless it fails.
  virtual llvm::Error launch(LoadedKernel &kernel, const LaunchDims &dims,
                             llvm::ArrayRef<void *> params, Stream stream,
                             llvm::ArrayRef<HostBuffer> buffers = {}) = 0;

  // Memory. `allocate` of 0 bytes gives 0, `release` of 0 does nothing. Copies are in stream order;
  // those to and from the host return when the host's bytes may be reused.
  virtual llvm::Expected<DevicePtr> allocate(uint64_t bytes) = 0;
  virtual llvm::Error release(DevicePtr pointer) = 0;
  virtual llvm::Error copyToDevice(DevicePtr to, const void *from, uint64_t bytes, Stream) = 0;
  virtual llvm::Error copyToHost(void *to, DevicePtr from, uint64_t bytes, Stream) = 0;
  virtual llvm::Error copyOnDevice(DevicePtr to, DevicePtr from, uint64_t bytes, Stream) = 0;
  virtual llvm::Error fill(DevicePtr to, uint8_t value, uint64_t bytes, Stream) = 0;

  virtual llvm::Expected<Stream> createStream() = 0;
  virtual llvm::Error destroyStream(Stream) = 0;
  virtual llvm::Error synchronize(Stream) = 0;
  /// True while the stream records a CUDA graph: compiling or loading then is refused by the
  /// caller.
  virtual llvm::Expected<bool> isCapturing(Stream) = 0;

  virtual llvm::Expected<Event> createEvent() = 0;
  virtual llvm::Error destroyEvent(Event) = 0;
  virtual llvm::Error record(Event, Stream) = 0;
  virtual llvm::Error synchronizeEvent(Event) = 0;
  virtual llvm::Error wait(Stream, Event) = 0;
  /// Milliseconds from `start` to `end`; both recorded and complete.
  virtual llvm::Expected<float> elapsedMs(Event start, Event end) = 0;
};

} // namespace cosmati::runtime
