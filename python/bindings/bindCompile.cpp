// Compile options and `_core.Jit`: from a front end's module to an image.
#include "python/bindings/Bindings.h"
#include "python/bindings/PythonErrors.h"

#include "compiler/Builder/Builder.h"
#include "compiler/Jit/Jit.h"

#include <pybind11/stl.h>

namespace cosmati::bindings {
namespace {

using OptionTexts = std::map<std::string, std::string>;

CompileOptions toOptions(const OptionTexts &texts) {
  CompileOptions options;
  for (const auto &[name, value] : texts)
    check(options.set(name, value));
  return options;
}

/// Takes the module out of what the front end returns: (builder, [(parameter name, type text)]).
llvm::Expected<JitModule> takeModule(py::object generated) {
  auto pair = generated.cast<py::tuple>();
  JitModule module;
  module.module = pair[0].cast<lang::Builder &>().module();
  for (py::handle item : pair[1]) {
    auto param = item.cast<std::pair<std::string, std::string>>();
    // The kind is read off the function's type by the compiler.
    module.params.push_back({param.first, runtime::ParamKind::I32, param.second});
  }
  // The builder and its context live as long as the module is compiled.
  module.owner = std::shared_ptr<void>(generated.release().ptr(), [](void *object) {
    py::gil_scoped_acquire gil;
    Py_DECREF(static_cast<PyObject *>(object));
  });
  return module;
}

llvm::Expected<JitModule> callFrontEnd(const py::object &generate) {
  py::gil_scoped_acquire gil;
  try {
    return takeModule(generate());
  } catch (const py::error_already_set &raised) {
    return llvm::make_error<PythonException>(raised);
  } catch (const std::exception &error) {
    return llvm::createStringError(error.what());
  }
}

bool isInterrupted() {
  py::gil_scoped_acquire gil;
  return PyErr_CheckSignals() != 0;
}

py::dict toDict(llvm::ArrayRef<StageTime> times) {
  py::dict dict;
  for (const StageTime &time : times)
    dict[py::str(time.stage)] = time.ms;
  return dict;
}

py::list toTexts(llvm::ArrayRef<CompileRemark> remarks) {
  py::list list;
  for (const CompileRemark &remark : remarks) {
    std::string text = remark.name + ": " + remark.message;
    if (!remark.place.frames.empty())
      text += "\n" + runtime::formatChain(remark.place);
    list.append(text);
  }
  return list;
}

/// An image as Python holds it: pybind11's holders own objects that are not const.
std::shared_ptr<runtime::KernelImage>
shareImage(const std::shared_ptr<const runtime::KernelImage> &image) {
  return std::const_pointer_cast<runtime::KernelImage>(image);
}

JitOutcome get(Jit &jit, const std::string &frontKey, const OptionTexts &texts,
               const py::object &generate, bool useCaches) {
  CompileOptions options = toOptions(texts);
  std::optional<llvm::Expected<JitOutcome>> outcome;
  {
    py::gil_scoped_release release;
    outcome.emplace(jit.get(
        frontKey, options, [&] { return callFrontEnd(generate); }, isInterrupted, useCaches));
  }
  if (PyErr_Occurred()) { // a signal while waiting for another process
    if (!*outcome)
      llvm::consumeError(outcome->takeError());
    throw py::error_already_set();
  }
  return unwrap(std::move(*outcome));
}

std::shared_ptr<runtime::KernelImage> compileOnly(Jit &jit, py::object generated,
                                                  const OptionTexts &texts) {
  CompileOptions options = toOptions(texts);
  JitModule module = unwrap(takeModule(std::move(generated)));
  std::optional<llvm::Expected<CompileResult>> result;
  {
    py::gil_scoped_release release;
    result.emplace(jit.compileOnly(module, options));
  }
  return std::make_shared<runtime::KernelImage>(unwrap(std::move(*result)).image);
}

int64_t sharedBytes(Jit &jit, py::object generated, const OptionTexts &texts) {
  CompileOptions options = toOptions(texts);
  JitModule module = unwrap(takeModule(std::move(generated)));
  std::optional<llvm::Expected<int64_t>> bytes;
  {
    py::gil_scoped_release release;
    bytes.emplace(jit.sharedBytes(module, options));
  }
  return unwrap(std::move(*bytes));
}

std::shared_ptr<runtime::KernelImage> compileTextOf(Jit &jit, const std::string &text,
                                                    const OptionTexts &texts,
                                                    const std::string &firstStage) {
  CompileOptions options = toOptions(texts);
  std::optional<llvm::Expected<CompileResult>> result;
  {
    py::gil_scoped_release release;
    result.emplace(compileText(text, options, {jit.toolchain(), "", {}, firstStage}));
  }
  return std::make_shared<runtime::KernelImage>(unwrap(std::move(*result)).image);
}

/// `params`: (name, kind, type text).
std::shared_ptr<runtime::KernelImage>
imageOfPtx(Jit &jit, std::string ptx, std::string entry,
           const std::vector<std::tuple<std::string, std::string, std::string>> &params,
           uint32_t sharedBytes, const OptionTexts &texts) {
  CompileOptions options = toOptions(texts);
  check(options.validate());
  runtime::KernelImage image;
  image.entry = std::move(entry);
  image.target = options.target;
  image.numWarps = static_cast<int>(options.num_warps);
  image.numStages = static_cast<int>(options.num_stages);
  image.sharedBytes = sharedBytes;
  image.maxRegs = static_cast<int>(options.maxnreg);
  for (const auto &[name, kind, type] : params) {
    unsigned number = 0;
    while (number < runtime::numParamKinds &&
           runtime::paramKindName(runtime::ParamKind(number)) != kind)
      ++number;
    if (number == runtime::numParamKinds)
      throw py::value_error("there is no kind of parameter named " + kind);
    image.params.push_back({name, runtime::ParamKind(number), type});
  }
  image.ptx = std::move(ptx);
  std::optional<llvm::Error> failed;
  {
    py::gil_scoped_release release;
    failed.emplace(assembleImage(image, options, jit.toolchain()));
  }
  check(std::move(*failed));
  return std::make_shared<runtime::KernelImage>(std::move(image));
}

std::unique_ptr<Jit> makeJit(std::shared_ptr<runtime::Toolchain> toolchain, std::string root,
                             uint64_t maxBytes, std::string reproducerFolder, py::object warn,
                             size_t memoryEntries) {
  JitSettings settings;
  settings.memoryEntries = memoryEntries;
  settings.toolchain = std::move(toolchain);
  settings.disk.root = std::move(root);
  settings.disk.maxBytes = maxBytes;
  settings.reproducerFolder = std::move(reproducerFolder);
  // The session lives as long as the process, and so does its callback.
  PyObject *callback = warn.release().ptr();
  settings.disk.warn = [callback](llvm::StringRef text) {
    py::gil_scoped_acquire gil;
    try {
      py::reinterpret_borrow<py::object>(callback)(py::str(text.data(), text.size()));
    } catch (py::error_already_set &error) {
      error.discard_as_unraisable("cosmati's cache warning");
    }
  };
  return std::make_unique<Jit>(std::move(settings));
}

} // namespace

void bindCompile(py::module_ &m) {
  m.def(
      "compile_options",
      [] {
        py::list rows;
        for (const CompileOptions::Description &row : CompileOptions::describe())
          rows.append(py::make_tuple(row.name.str(), row.initial, row.doc.str()));
        return rows;
      },
      "[(name, default, description)]");
  m.def("compiler_versions",
        [](const runtime::Toolchain *toolchain) { return compilerVersions(toolchain); });
  py::class_<JitOutcome>(m, "JitOutcome")
      .def_property_readonly("image",
                             [](const JitOutcome &outcome) { return shareImage(outcome.image); })
      .def_property_readonly("key", [](const JitOutcome &outcome) { return outcome.key.hex(); })
      .def_property_readonly(
          "origin", [](const JitOutcome &outcome) { return originName(outcome.origin).str(); })
      .def_property_readonly("times",
                             [](const JitOutcome &outcome) { return toDict(outcome.times); })
      .def_property_readonly("remarks",
                             [](const JitOutcome &outcome) { return toTexts(outcome.remarks); });
  py::class_<Jit>(m, "Jit", "Caches and compiler; see compiler/Jit/Jit.h.")
      .def(py::init(&makeJit), py::arg("toolchain"), py::arg("cache_root"),
           py::arg("cache_max_bytes"), py::arg("reproducer_folder"), py::arg("warn"),
           py::arg("memory_entries") = JitSettings().memoryEntries)
      .def("get", &get, py::arg("front_key"), py::arg("options"), py::arg("generate"),
           py::arg("use_caches") = true)
      .def("compile_text", &compileTextOf, py::arg("text"), py::arg("options"),
           py::arg("first_stage"),
           "Compiles the text of a module that has passed all stages before `first_stage`.")
      .def("image_of_ptx", &imageOfPtx, py::arg("ptx"), py::arg("entry"), py::arg("params"),
           py::arg("shared_bytes"), py::arg("options"),
           "A kernel given as PTX; assembled where an assembler is found.")
      .def("compile", &compileOnly, py::arg("generated"), py::arg("options"))
      .def("shared_bytes", &sharedBytes, py::arg("generated"), py::arg("options"),
           "Bytes of shared memory that a kernel would need, also beyond what the target has.")
      .def("clear_memory", &Jit::clearMemory)
      .def_property_readonly("versions", [](Jit &jit) { return jit.versions(); });
}

} // namespace cosmati::bindings
