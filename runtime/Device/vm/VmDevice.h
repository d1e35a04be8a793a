// VmDevice: the PTX virtual machine as a device. Memory is the host's; a launch runs to its end
// before it returns.
#pragma once

#include "runtime/Device/Device.h"

#include <functional>
#include <memory>
#include <string>

namespace cosmati::runtime {

struct VmOptions {
  unsigned threads = 0;          // worker threads; 0: all cores
  uint64_t seed = 0;             // of the schedule; equal seeds replay equal schedules
  std::string target = "sm_90a"; // what DeviceProperties report
  uint64_t maxInstructions = 0;  // warp instructions per CTA before "did not finish"; 0: no limit
  /// Receives what kernels print, under a lock; standard output when empty.
  std::function<void(llvm::StringRef)> print;
};

/// The VM. A pointer argument must be null or point into one of the launch's HostBuffers or into
/// memory that this device allocated; otherwise the launch is refused with an error that names the
/// parameter.
std::unique_ptr<Device> createVmDevice(VmOptions options = {});

} // namespace cosmati::runtime
