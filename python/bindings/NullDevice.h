// A device that does nothing: what a launch costs without a driver. For bench/launch and tests.
#pragma once

#include "runtime/Device/Device.h"

#include <memory>

namespace cosmati::bindings {
std::unique_ptr<runtime::Device> createNullDevice();
} // namespace cosmati::bindings
