// `_core.Device`: the virtual machine, GPUs, and the null device.
#include "python/bindings/Bindings.h"
#include "python/bindings/NullDevice.h"
#include "python/bindings/PyDevice.h"
#include "python/bindings/PythonErrors.h"
#include "python/bindings/VmWatching.h"

#include "runtime/Device/cuda/CudaDevice.h"
#include "runtime/Device/vm/VmDevice.h"
#include "runtime/Toolchain/Toolchain.h"

#include <pybind11/stl.h>

#include <map>

namespace cosmati::bindings {
using namespace runtime;

namespace {

// Python objects of the process's devices, never released: loaded kernels point to them.
struct DeviceState {
  PyObject *current = nullptr;
  bool isExplicit = false;
  std::map<int, PyDevice *> cuda;
  uint32_t nextId = 1;
};
DeviceState &state() {
  static DeviceState *const instance = new DeviceState;
  return *instance;
}

PyDevice *toPyDevice(PyObject *object) { return py::handle(object).cast<PyDevice *>(); }

std::unique_ptr<PyDevice> wrap(std::unique_ptr<Device> device, bool onHost) {
  auto result = std::make_unique<PyDevice>();
  result->device = std::move(device);
  result->id = state().nextId++;
  result->onHost = onHost;
  result->ordinal = result->device->ordinal();
  const DeviceProperties *properties = unwrap(result->device->properties());
  result->target = properties->target;
  return result;
}

std::shared_ptr<cuda::Driver> openDriver(const Toolchain &toolchain) {
  llvm::Expected<Found> found = toolchain.find(Piece::Driver);
  if (!found)
    throwPythonError(found.takeError());
  return unwrap(openCudaDriver(found->path));
}

int countGpus(const Toolchain &toolchain) {
  llvm::Expected<Found> found = toolchain.find(Piece::Driver);
  if (!found) {
    llvm::consumeError(found.takeError());
    return 0;
  }
  auto driver = openCudaDriver(found->path);
  if (!driver) { // a library without a GPU behind it
    llvm::consumeError(driver.takeError());
    return 0;
  }
  auto count = cudaDeviceCount(*driver);
  if (!count) {
    llvm::consumeError(count.takeError());
    return 0;
  }
  return *count;
}

} // namespace

/// What kernels print goes where Python's own prints go. Called by threads without the GIL.
void writeToPython(llvm::StringRef text) {
  py::gil_scoped_acquire gil;
  try {
    py::module_::import("sys").attr("stdout").attr("write")(py::str(text.data(), text.size()));
  } catch (py::error_already_set &error) {
    error.discard_as_unraisable("cosmati's device print");
  }
}
bool pythonGoesOn() {
  py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() == 0;
}

namespace {

py::dict propertiesOf(PyDevice &device) {
  const DeviceProperties *p = unwrap(device.device->properties());
  py::dict dict;
  dict["name"] = p->name;
  dict["target"] = p->target;
  dict["major"] = p->major;
  dict["minor"] = p->minor;
  dict["multiprocessor_count"] = p->multiprocessors;
  dict["max_threads_per_block"] = p->maxThreadsPerBlock;
  dict["max_shared_mem"] = p->sharedPerBlockOptIn;
  dict["shared_per_multiprocessor"] = p->sharedPerMultiprocessor;
  dict["registers_per_block"] = p->registersPerBlock;
  dict["global_bytes"] = p->globalBytes;
  dict["l2_bytes"] = p->l2Bytes;
  dict["clock_khz"] = p->clockKHz;
  dict["memory_clock_khz"] = p->memoryClockKHz;
  dict["memory_bus_bits"] = p->memoryBusBits;
  dict["driver_version"] = p->driverVersion;
  return dict;
}

void bindMemory(py::class_<PyDevice> &device) {
  device
      .def(
          "allocate", [](PyDevice &d, uint64_t bytes) { return unwrap(d.device->allocate(bytes)); },
          py::arg("bytes"))
      .def(
          "release", [](PyDevice &d, uint64_t address) { check(d.device->release(address)); },
          py::arg("address"))
      .def(
          "copy_to_device",
          [](PyDevice &d, uint64_t to, py::buffer from) {
            py::buffer_info info = from.request();
            check(
                d.device->copyToDevice(to, info.ptr, uint64_t(info.size * info.itemsize), nullptr));
          },
          py::arg("to"), py::arg("source"))
      .def(
          "copy_to_host",
          [](PyDevice &d, py::buffer to, uint64_t from) {
            py::buffer_info info = to.request(/*writable=*/true);
            check(
                d.device->copyToHost(info.ptr, from, uint64_t(info.size * info.itemsize), nullptr));
          },
          py::arg("to"), py::arg("source"))
      .def(
          "copy_on_device",
          [](PyDevice &d, uint64_t to, uint64_t from, uint64_t bytes) {
            check(d.device->copyOnDevice(to, from, bytes, nullptr));
          },
          py::arg("to"), py::arg("source"), py::arg("bytes"))
      .def(
          "fill",
          [](PyDevice &d, uint64_t to, uint8_t value, uint64_t bytes) {
            check(d.device->fill(to, value, bytes, nullptr));
          },
          py::arg("to"), py::arg("value"), py::arg("bytes"));
}

void bindEvents(py::class_<PyDevice> &device) {
  auto address = [](void *pointer) { return reinterpret_cast<uintptr_t>(pointer); };
  auto pointer = [](uintptr_t address) { return reinterpret_cast<void *>(address); };
  device
      .def("synchronize",
           [](PyDevice &d) {
             llvm::Error error = [&] {
               py::gil_scoped_release release;
               return d.device->synchronize(nullptr);
             }();
             check(std::move(error));
           })
      .def(
          "is_capturing",
          [](PyDevice &d, uintptr_t stream) {
            return unwrap(d.device->isCapturing(reinterpret_cast<void *>(stream)));
          },
          py::arg("stream") = 0, "True while the stream records a CUDA graph.")
      .def("create_event", [=](PyDevice &d) { return address(unwrap(d.device->createEvent())); })
      .def("destroy_event",
           [=](PyDevice &d, uintptr_t event) { check(d.device->destroyEvent(pointer(event))); })
      .def("record_event",
           [=](PyDevice &d, uintptr_t event) { check(d.device->record(pointer(event), nullptr)); })
      .def("synchronize_event",
           [=](PyDevice &d, uintptr_t event) { check(d.device->synchronizeEvent(pointer(event))); })
      .def("elapsed_ms", [=](PyDevice &d, uintptr_t start, uintptr_t end) {
        return unwrap(d.device->elapsedMs(pointer(start), pointer(end)));
      });
}

} // namespace

PyDevice *defaultDevice() { return state().current ? toPyDevice(state().current) : nullptr; }
bool defaultDeviceIsExplicit() { return state().isExplicit; }

PyDevice *requireDefaultDevice() {
  if (!state().current) {
    try {
      py::module_::import("cosmati.runtime.device").attr("choose_default")();
    } catch (py::error_already_set &error) {
      error.restore();
      return nullptr;
    }
  }
  return defaultDevice();
}

PyDevice *cudaDevice(int ordinal) {
  PyDevice *&known = state().cuda[ordinal];
  if (!known) {
    try {
      py::object device =
          py::module_::import("cosmati.runtime.device").attr("cuda_device")(ordinal);
      known = device.cast<PyDevice *>();
      device.release();
    } catch (py::error_already_set &error) {
      error.restore();
    }
  }
  return known;
}

void bindDevice(py::module_ &m) {
  py::class_<PyDevice> device(m, "Device");
  device.def_readonly("target", &PyDevice::target)
      .def_readonly("ordinal", &PyDevice::ordinal)
      .def_readonly("on_host", &PyDevice::onHost)
      .def_property_readonly("kind", [](PyDevice &d) { return d.device->kind().str(); })
      .def_property_readonly("properties", &propertiesOf)
      .def("__repr__", [](PyDevice &d) {
        return "<Device " + d.device->kind().str() + ":" + std::to_string(d.ordinal) + " " +
               d.target + ">";
      });
  bindMemory(device);
  bindEvents(device);

  m.def(
      "vm_device",
      [](unsigned threads, const VmWatch &watch, std::string target) {
        VmOptions options;
        options.threads = threads;
        options.watch = watch;
        options.poll = [] { return pythonGoesOn(); };
        options.target = std::move(target);
        options.print = writeToPython;
        return wrap(createVmDevice(std::move(options)), true);
      },
      py::arg("threads") = 0, py::arg("watch") = VmWatch(), py::arg("target") = "sm_90a");
  m.def("null_device", [] { return wrap(createNullDevice(), true); });
  m.def(
      "cuda_device",
      [](const Toolchain &toolchain, int ordinal) {
        return wrap(unwrap(createCudaDevice(openDriver(toolchain), ordinal)), false);
      },
      py::arg("toolchain"), py::arg("ordinal"));
  m.def("cuda_device_count", &countGpus, py::arg("toolchain"));
  m.def("default_device", []() -> py::object {
    return state().current ? py::reinterpret_borrow<py::object>(state().current) : py::none();
  });
  m.def(
      "set_default_device",
      [](py::object chosen, bool isExplicit) {
        (void)chosen.cast<PyDevice &>(); // a TypeError before anything changes
        state().current = chosen.release().ptr();
        state().isExplicit = isExplicit;
      },
      py::arg("device"), py::arg("explicit"));
}

} // namespace cosmati::bindings
