// `_core.VmModule`: PTX text from anywhere, run by the virtual machine; the package cosmati.vm is
// its face.
#include "python/bindings/Bindings.h"
#include "python/bindings/PythonErrors.h"
#include "python/bindings/VmWatching.h"

#include "runtime/PtxVm/TensorMap.h"
#include "llvm/Support/FormatVariadic.h"

#include <pybind11/stl.h>

#include <cstring>

namespace cosmati::bindings {
void bindVmWatch(py::module_ &m);

namespace {
using namespace ptxvm;

using Dims = std::array<uint32_t, 3>;

/// Host memory that a kernel may touch.
struct VmBuffer {
  uint64_t address; ///< of element (0, ..., 0)
  uint64_t bytes;   ///< without strides
  std::string name;
  bool writable, initialized;
  std::vector<uint64_t> shape;  ///< with strides
  std::vector<int64_t> strides; ///< in bytes; empty: the bytes are contiguous
  uint32_t itemsize;
};

py::dict entryOf(const EntryInfo &entry) {
  py::list params;
  for (const ParamInfo &p : entry.params) {
    py::dict param;
    param["name"] = p.name;
    param["type"] = p.type;
    param["offset"] = p.offset;
    param["size"] = p.bytes;
    param["align"] = p.align;
    param["pointer"] = p.pointer;
    params.append(param);
  }
  py::dict dict;
  dict["name"] = entry.name;
  dict["params"] = params;
  dict["param_bytes"] = entry.paramBytes;
  dict["shared_bytes"] = entry.staticShared;
  dict["required_block"] = entry.reqntid ? py::cast(*entry.reqntid) : py::none();
  return dict;
}

TensorMapDesc tensorMapOf(const py::dict &given) {
  TensorMapDesc d;
  auto take = [&](const char *name, auto &array) {
    auto values = given[name].cast<std::vector<uint64_t>>();
    for (size_t k = 0; k < values.size() && k < array.size(); ++k)
      array[k] = static_cast<std::decay_t<decltype(array[0])>>(values[k]);
  };
  d.dataType = TensorDataType(given["data_type"].cast<uint8_t>());
  d.rank = given["rank"].cast<uint32_t>();
  take("dims", d.globalDim);
  take("strides", d.globalStrides);
  take("box", d.boxDim);
  take("element_strides", d.elementStrides);
  d.interleave = TensorInterleave(given["interleave"].cast<uint8_t>());
  d.swizzle = TensorSwizzle(given["swizzle"].cast<uint8_t>());
  d.l2Promotion = TensorL2Promotion(given["l2_promotion"].cast<uint8_t>());
  d.oobFill = TensorOobFill(given["fill"].cast<uint8_t>());
  return d;
}

/// One launch: what kernels may touch, the parameter block, and how to run.
class VmLaunch {
public:
  VmLaunch(const Module &module, std::string entry, py::bytes params)
      : module(module), entry(std::move(entry)) {
    std::string_view view = params;
    block.assign(view.begin(), view.end());
    memory.include(standingBuffers());
  }
  /// Maps the buffers; then puts their addresses into the block: (offset, buffer).
  void map(const std::vector<VmBuffer> &buffers) {
    for (const VmBuffer &b : buffers) {
      auto *host = reinterpret_cast<void *>(b.address);
      MapOptions options{b.writable, b.initialized, nullptr, 0};
      addresses.push_back(b.strides.empty() ? memory.map(host, b.bytes, b.name, options)
                                            : memory.mapStrided(host, b.shape, b.strides,
                                                                b.itemsize, b.name, options));
    }
  }
  void place(const std::vector<std::pair<uint32_t, uint32_t>> &pointers) {
    for (auto [offset, buffer] : pointers)
      put(offset, &addresses.at(buffer), sizeof(uint64_t));
  }
  void placeMap(uint32_t offset, uint32_t buffer, const py::dict &given) {
    TensorMapDesc desc = tensorMapOf(given);
    desc.globalAddress = addresses.at(buffer);
    TensorMap map = unwrap(encodeTensorMap(desc));
    put(offset, map.bytes.data(), map.bytes.size());
  }

  /// The report as JSON, and the error's text, which is empty on success.
  py::tuple run(LaunchConfig config) {
    Report report;
    std::string text, json;
    {
      py::gil_scoped_release release;
      if (llvm::Error error = ptxvm::launch(module, entry, config, block, memory, &report))
        text = llvm::toString(std::move(error));
      json = llvm::formatv("{0}", toJson(report));
    }
    if (PyErr_Occurred()) // a signal's handler stopped it
      throw py::error_already_set();
    return py::make_tuple(json, text);
  }

private:
  const Module &module;
  std::string entry;
  AddressSpace memory;
  std::vector<uint64_t> addresses;
  std::vector<uint8_t> block;

  void put(uint32_t offset, const void *value, size_t size) {
    if (offset + size > block.size())
      throw py::value_error("an argument lies beyond the parameter block; this is a defect");
    std::memcpy(&block[offset], value, size);
  }
};

/// Receives what the kernel prints: a Python function, or sys.stdout.
std::function<void(llvm::StringRef)> printer(const py::object &receiver) {
  if (receiver.is_none())
    return writeToPython;
  // Configurations are copied without the GIL: the reference behind the pointer is not.
  return [receiver = std::make_shared<py::object>(receiver)](llvm::StringRef text) {
    py::gil_scoped_acquire gil;
    try {
      (*receiver)(py::str(text.data(), text.size()));
    } catch (py::error_already_set &error) {
      error.discard_as_unraisable("cosmati.vm's print");
    }
  };
}

LaunchConfig configOf(const runtime::VmWatch &watch, Dims grid, Dims block, Dims cluster,
                      uint32_t shared, uint32_t threads, uint64_t maxInstructions,
                      uint64_t resident) {
  LaunchConfig config;
  config.grid = grid;
  config.block = block;
  config.cluster = cluster;
  config.nonPortableCluster = true; // the caller asks for this very size
  config.dynamicShared = shared;
  config.threads = threads;
  config.maxInstructions = maxInstructions;
  config.resident = resident;
  config.checks = watch.checks;
  config.seed = watch.seed;
  config.schedule = watch.schedule;
  config.async = watch.async;
  config.profile = watch.profile;
  config.poll = [] { return pythonGoesOn(); };
  return config;
}

std::shared_ptr<Module> parse(const std::string &text, const std::string &name) {
  auto module = [&] {
    py::gil_scoped_release release;
    return Module::parse(text, name);
  }();
  return unwrap(std::move(module));
}

} // namespace

void bindVm(py::module_ &m) {
  bindVmWatch(m);
  py::class_<VmBuffer>(m, "VmBuffer")
      .def(py::init([](uint64_t address, uint64_t bytes, std::string name, bool writable,
                       bool initialized, std::vector<uint64_t> shape, std::vector<int64_t> strides,
                       uint32_t itemsize) {
             return VmBuffer{address,
                             bytes,
                             std::move(name),
                             writable,
                             initialized,
                             std::move(shape),
                             std::move(strides),
                             itemsize};
           }),
           py::arg("address"), py::arg("bytes"), py::arg("name"), py::arg("writable"),
           py::arg("initialized"), py::arg("shape"), py::arg("strides"), py::arg("itemsize"));
  m.def(
      "vm_map",
      [](uint64_t address, uint64_t bytes, std::string name, bool writable) {
        MapOptions options;
        options.writable = writable;
        return standingBuffers().map(reinterpret_cast<void *>(address), bytes, std::move(name),
                                     options);
      },
      py::arg("address"), py::arg("bytes"), py::arg("name"), py::arg("writable"),
      "The address at which kernels reach host memory until vm_unmap(), in all launches.");
  m.def(
      "vm_unmap",
      [](uint64_t address, uint64_t bytes, std::string when) {
        return standingBuffers().unmap(address, bytes, std::move(when));
      },
      py::arg("address"), py::arg("bytes"), py::arg("when"),
      "Ends what vm_map() gave; `when` goes into reports of later accesses.");
  py::class_<Module, std::shared_ptr<Module>>(m, "VmModule")
      .def(py::init(&parse), py::arg("text"), py::arg("name"))
      .def_property_readonly("target", [](const Module &module) { return module.target().str(); })
      .def("entries",
           [](const Module &module) {
             py::list list;
             for (const EntryInfo &entry : module.entries())
               list.append(entryOf(entry));
             return list;
           })
      .def(
          "launch",
          [](const Module &module, std::string entry, py::bytes params,
             const std::vector<VmBuffer> &buffers,
             const std::vector<std::pair<uint32_t, uint32_t>> &pointers,
             const std::vector<std::tuple<uint32_t, uint32_t, py::dict>> &maps,
             const runtime::VmWatch &watch, Dims grid, Dims block, Dims cluster, uint32_t shared,
             uint32_t threads, uint64_t maxInstructions, uint64_t resident,
             const py::object &receiver) {
            VmLaunch launch(module, std::move(entry), std::move(params));
            launch.map(buffers);
            launch.place(pointers);
            for (const auto &[offset, buffer, given] : maps)
              launch.placeMap(offset, buffer, given);
            LaunchConfig config =
                configOf(watch, grid, block, cluster, shared, threads, maxInstructions, resident);
            config.print = printer(receiver);
            return launch.run(std::move(config));
          },
          py::arg("entry"), py::arg("params"), py::arg("buffers"), py::arg("pointers"),
          py::arg("maps"), py::arg("watch"), py::arg("grid"), py::arg("block"), py::arg("cluster"),
          py::arg("shared"), py::arg("threads"), py::arg("max_instructions"), py::arg("resident"),
          py::arg("print"));
}

} // namespace cosmati::bindings
