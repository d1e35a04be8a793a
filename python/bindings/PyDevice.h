// Devices as Python holds them, and the one that launches use by default.
#pragma once

#include "runtime/Device/Device.h"

#include <pybind11/pybind11.h>

#include <memory>
#include <string>

namespace cosmati::bindings {

/// A device with what launches ask of it often. Lives as long as the process once a kernel was
/// loaded on it.
struct PyDevice {
  std::shared_ptr<runtime::Device> device;
  uint32_t id = 0;    // small number for launch keys, one per device of the process
  bool onHost = true; // arguments are host memory
  int ordinal = 0;
  std::string target;
};

/// The default device; null until one was chosen. Guarded by the GIL.
PyDevice *defaultDevice();
/// Whether the user asked for it (else it was found).
bool defaultDeviceIsExplicit();
/// The default device, chosen now if need be; null with a Python exception set.
PyDevice *requireDefaultDevice();
/// GPU number `ordinal`; null with a Python exception set.
PyDevice *cudaDevice(int ordinal);

} // namespace cosmati::bindings
