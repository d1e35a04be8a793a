// `_core.LoadedKernel`: one image on one device, launched with exactly the parameters that it
// declares. A compiled kernel that is launched by itself takes this way: nothing is specialised and
// nothing is looked up.
#include "python/bindings/Bindings.h"
#include "python/bindings/LaunchArgs.h"
#include "python/bindings/PyDevice.h"
#include "python/bindings/PythonErrors.h"

#include "runtime/Launch/Launch.h"
#include "runtime/Launch/ParamPack.h"

#include "llvm/ADT/StringExtras.h"

#include <pybind11/stl.h>

namespace cosmati::bindings {
using namespace runtime;

namespace {

/// A parameter of PTX from elsewhere: it may be an address or a number.
constexpr const char *anyWord = "*void";

class DirectKernel {
public:
  DirectKernel(std::shared_ptr<KernelImage> given, PyDevice &device, bool programmatic)
      : image(std::move(given)), device(device.device), onHost(device.onHost),
        ordinal(device.ordinal) {
    for (const KernelParam &param : image->params)
      declare(param);
    std::optional<llvm::Expected<std::unique_ptr<LaunchEntry>>> made;
    {
      py::gil_scoped_release release;
      made.emplace(makeLaunchEntry(*this->device, image, programmatic));
    }
    entry = unwrap(std::move(*made));
  }

  void launch(const std::array<int64_t, 3> &grid, const py::tuple &given, uintptr_t stream) {
    if (given.size() != specs.size())
      throw py::type_error(image->entry + "() takes " + std::to_string(specs.size()) +
                           " arguments (" + names() + "), but " + std::to_string(given.size()) +
                           " were given");
    llvm::SmallVector<HostBuffer, 16> buffers;
    Residence residence;
    ParamPack pack(specs.size());
    for (size_t i = 0; i < specs.size(); ++i)
      read(i, given[i].ptr(), residence, buffers, pack);
    checkResidence(residence);
    llvm::Error error = llvm::Error::success();
    llvm::consumeError(std::move(error));
    {
      py::gil_scoped_release release;
      error = launchEntry(*entry, {grid[0], grid[1], grid[2]}, pack.pointers(),
                          reinterpret_cast<Stream>(stream), buffers);
    }
    if (!error)
      return;
    py::dict arguments;
    for (size_t i = 0; i < specs.size(); ++i)
      arguments[py::str(image->params[i].name)] = given[i];
    setPythonError(std::move(error), arguments.ptr());
    throw py::error_already_set();
  }

  const LoadedKernel &loaded() const { return *entry->kernel; }

private:
  void declare(const KernelParam &param) {
    ParamSpec spec;
    spec.text = param.name.c_str();
    spec.policy = {false, false};
    const bool isPointer = param.kind == ParamKind::Pointer;
    // A module that no front end made has the types of MLIR.
    llvm::StringRef type = param.type;
    types.push_back(type.starts_with("!")                                    ? std::string(anyWord)
                    : type.consume_front("f") && llvm::isDigit(type.front()) ? ("fp" + type).str()
                                                                             : param.type);
    if (!isPointer && types.back() != anyWord) {
      spec.forcedType = argTypeId(types.back());
      if (!spec.forcedType)
        throw py::error_already_set();
    }
    spec.isConst = isPointer && llvm::StringRef(param.type).starts_with("*k");
    specs.push_back(spec);
  }

  void read(size_t i, PyObject *object, Residence &residence,
            llvm::SmallVectorImpl<HostBuffer> &buffers, ParamPack &pack) {
    ArgValue value;
    value.object = object;
    if (!readArgument(specs[i], static_cast<int>(i), value, residence, buffers, false))
      throw py::error_already_set();
    const KernelParam &param = image->params[i];
    if (value.compiledIn)
      throw py::type_error("argument `" + param.name + "` of " + image->entry + ": a " +
                           Py_TYPE(object)->tp_name + " can't be passed as " + types[i]);
    const bool isPointer = argType(value.type).kind == ParamKind::Pointer;
    if (types[i] != anyWord && specs[i].forcedType != value.type) {
      // An address may be given as a number.
      const bool isAddress = param.kind == ParamKind::Pointer && !isPointer;
      if (argType(value.type).text != types[i] && !isAddress)
        throw py::type_error("argument `" + param.name + "` of " + image->entry + " is " +
                             argType(value.type).text + ", but the kernel was compiled for " +
                             types[i]);
    }
    switch (param.kind) {
    case ParamKind::F16:
    case ParamKind::BF16:
    case ParamKind::F32:
    case ParamKind::F64:
      pack.setFloat(i, param.kind, value.real);
      break;
    default:
      pack.setInteger(i, value.integer);
    }
  }

  void checkResidence(const Residence &residence) const {
    if (residence.hostIndex >= 0 && !onHost)
      throw py::value_error(
          "Pointer argument `" + image->params[residence.hostIndex].name +
          "` cannot be accessed from Triton (cpu tensor?): it is in host memory, and the kernel is "
          "loaded on GPU " +
          std::to_string(ordinal) +
          ". Move it there, or choose the virtual machine with cosmati.set_device(\"vm\")");
    if (residence.cudaIndex >= 0 && (onHost || residence.cudaOrdinal != ordinal))
      throw py::value_error(
          "argument `" + image->params[residence.cudaIndex].name + "` is on GPU " +
          std::to_string(residence.cudaOrdinal) + ", but the kernel is loaded on " +
          (onHost ? std::string("the virtual machine") : "GPU " + std::to_string(ordinal)));
  }

  std::string names() const {
    std::string text;
    for (const KernelParam &param : image->params)
      text += (text.empty() ? "" : ", ") + param.name + ": " + param.type;
    return text;
  }

  std::shared_ptr<const KernelImage> image;
  std::shared_ptr<Device> device;
  bool onHost;
  int ordinal;
  std::vector<ParamSpec> specs;
  std::vector<std::string> types; // of the parameters, in the language's notation
  std::unique_ptr<LaunchEntry> entry;
};

} // namespace

void bindDirectLaunch(py::module_ &m) {
  py::class_<DirectKernel>(m, "LoadedKernel")
      .def(py::init<std::shared_ptr<KernelImage>, PyDevice &, bool>(), py::arg("image"),
           py::arg("device"), py::arg("programmatic") = false)
      .def("launch", &DirectKernel::launch, py::arg("grid"), py::arg("arguments"),
           py::arg("stream") = 0)
      .def_property_readonly("regs", [](const DirectKernel &k) { return k.loaded().regs; })
      .def_property_readonly("local_bytes",
                             [](const DirectKernel &k) { return k.loaded().localBytes; })
      .def_property_readonly("max_threads",
                             [](const DirectKernel &k) { return k.loaded().maxThreads; })
      .def_property_readonly("handle", [](const DirectKernel &k) {
        return reinterpret_cast<uintptr_t>(k.loaded().nativeHandle());
      });
}

} // namespace cosmati::bindings
