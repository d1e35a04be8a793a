// What a process has one of: the Jit with its caches, and the devices.
#pragma once

#include "compiler/Jit/Jit.h"
#include "runtime/Device/Device.h"

namespace cosmati::detail {

Jit &session();
std::shared_ptr<const runtime::Toolchain> sharedToolchain();

/// A device that launches went to. Lives as long as the process: loaded kernels point to it.
struct DeviceSlot {
  std::unique_ptr<runtime::Device> device;
  uint32_t id = 0;
  bool onHost = false; // takes host memory in place
  std::string name, target;
};
/// The device of the next launch; chooses one where none was chosen.
DeviceSlot &currentDevice();

} // namespace cosmati::detail
