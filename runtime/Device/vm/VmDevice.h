// VmDevice: the PTX virtual machine as a device. Memory is the host's; a launch runs to its end
// before it returns.
#pragma once

#include "runtime/Device/Device.h"
#include "runtime/PtxVm/PtxVm.h"

#include <functional>
#include <memory>
#include <string>

namespace cosmati::runtime {

/// How launches are watched; see ptxvm::LaunchConfig for each.
struct VmWatch {
  ptxvm::Check checks = ptxvm::Check::None;
  uint64_t seed = 0; // of the schedule; equal seeds replay equal schedules
  std::optional<ptxvm::Schedule> schedule;
  ptxvm::AsyncCompletion async = ptxvm::AsyncCompletion::Late;
  bool profile = false;
  /// Receives the report of every launch that ends, on the launching thread.
  std::function<void(const KernelImage &, const LaunchDims &, const ptxvm::Report &)> sink;
};

struct VmOptions {
  unsigned threads = 0; // worker threads; 0: all cores
  VmWatch watch;
  std::string target = "sm_90a"; // what DeviceProperties report
  uint64_t maxInstructions = 0;  // warp instructions per CTA before "did not finish"; 0: no limit
  /// Receives what kernels print, under a lock; standard output when empty.
  std::function<void(llvm::StringRef)> print;
  /// Asked now and then by the launching thread; false stops the launch.
  std::function<bool()> poll;
};

/// Makes this thread's launches on any VM follow `watch` instead of VmOptions; null ends that.
/// Returns what was in force. The caller keeps `watch` alive.
const VmWatch *watchLaunches(const VmWatch *watch);

/// What a launch found: out of bounds, a race, ...
class VmFault : public llvm::ErrorInfo<VmFault, KernelFault> {
public:
  static char ID;
  VmFault(std::vector<ptxvm::Finding> findings, std::shared_ptr<const KernelImage> image)
      : ErrorInfo(findings.front().message, std::move(image), findings.front().line,
                  findings.front().locColumn),
        findings(std::move(findings)) {}

  const std::vector<ptxvm::Finding> findings; // at least one
};

/// The VM. A pointer argument must be null or point into one of the launch's HostBuffers, into
/// memory that this device allocated, or (a virtual address) into one of ptxvm::standingBuffers();
/// otherwise the launch is refused with an error that names the parameter.
std::unique_ptr<Device> createVmDevice(VmOptions options = {});

} // namespace cosmati::runtime
