#include "python/bindings/LaunchCall.h"

#include "python/bindings/PythonErrors.h"

#include "compiler/Pipeline/CompileOptions.h"
#include "runtime/Device/vm/VmDevice.h"

namespace cosmati::bindings {
using namespace runtime;

bool LaunchCall::bind(PyObject *const *given, size_t count, PyObject *keywordNames) {
  size_t parameters = state.params.size();
  if (count > parameters) {
    PyErr_Format(PyExc_TypeError, "the kernel takes %zu arguments, but %zu were given", parameters,
                 count);
    return false;
  }
  args.resize(parameters);
  for (size_t i = 0; i < count; ++i)
    args[i].object = given[i];
  size_t keywords = keywordNames ? static_cast<size_t>(PyTuple_GET_SIZE(keywordNames)) : 0;
  size_t next = count;
  for (size_t k = 0; k < keywords; ++k) {
    PyObject *name = PyTuple_GET_ITEM(keywordNames, static_cast<Py_ssize_t>(k));
    int index = state.indexOf(name, next < parameters ? next : 0);
    if (index < 0) {
      options.push_back({name, given[count + k]});
      continue;
    }
    if (args[index].object) {
      PyErr_Format(PyExc_TypeError, "argument `%U` is given twice", name);
      return false;
    }
    args[index].object = given[count + k];
    next = static_cast<size_t>(index) + 1;
  }
  for (size_t i = 0; i < parameters; ++i) {
    if (args[i].object)
      continue;
    args[i].object = state.params[i].defaultValue;
    if (!args[i].object) {
      PyErr_Format(PyExc_TypeError, "missing argument `%s`", state.params[i].text);
      return false;
    }
  }
  return true;
}

bool LaunchCall::failOption(PyObject *name) {
  std::string known;
  for (const CompileOptions::Description &row : CompileOptions::describe())
    known += (known.empty() ? "" : ", ") + row.name.str();
  PyErr_Format(PyExc_KeyError,
               "Keyword argument %U was specified but unrecognised: it is no parameter of the "
               "kernel and no compile option (%s)",
               name, known.c_str());
  return false;
}

bool LaunchCall::classify() {
  if (!state.globalsHold()) {
    PyObject *done =
        PyObject_CallMethod(reinterpret_cast<PyObject *>(launcher), "_globals_changed", nullptr);
    if (!done)
      return false;
    Py_DECREF(done);
  }
  for (size_t i = 0; i < args.size(); ++i) {
    const ParamSpec &spec = state.params[i];
    ArgValue &value = args[i];
    if (Py_TYPE(value.object) == constexprType) {
      PyObject *inner = PyObject_GetAttrString(value.object, "value");
      if (!inner)
        return false;
      value.object = inner;
      Py_DECREF(inner); // the constexpr, which the caller holds, keeps it
    }
    if (spec.isConstexpr)
      value.compiledIn = true;
    else if (!readArgument(spec, static_cast<int>(i), value, residence, buffers, allowTypes))
      return false;
    // Numbers and arrays are known by type and bits; 1 and None need no more. Constants need their
    // value, and bit 8 tells a constant of an ordinary parameter apart.
    bool isConstant = value.compiledIn && value.bits == SpecNone;
    if (!spec.isConstexpr)
      key.addArgument(value.type, isConstant ? 8 : value.bits);
    if (isConstant) {
      int64_t id = state.constants[i].idOf(value.object);
      if (id < 0) {
        PyObject *type, *error, *traceback;
        PyErr_Fetch(&type, &error, &traceback);
        PyErr_Format(type, "argument `%s`: %S", spec.text, error);
        Py_XDECREF(type);
        Py_XDECREF(error);
        Py_XDECREF(traceback);
        return false;
      }
      key.addConstexpr(static_cast<uint32_t>(id));
    }
  }
  int64_t optionsId = state.optionsId(options);
  if (optionsId < 0 || !chooseDevice())
    return false;
  key.addOptions(static_cast<uint32_t>(optionsId));
  key.addOptions(optionsContextId());
  key.addDevice(device->id);
  return true;
}

bool LaunchCall::chooseDevice() {
  if (residence.cudaIndex >= 0 && residence.hostIndex >= 0) {
    PyErr_Format(PyExc_ValueError,
                 "argument `%s` is in host memory, but argument `%s` is on GPU %d; a launch needs "
                 "all arrays in one place",
                 state.params[residence.hostIndex].text, state.params[residence.cudaIndex].text,
                 residence.cudaOrdinal);
    return false;
  }
  if (residence.cudaIndex >= 0) {
    PyDevice *current = defaultDevice();
    if (current && current->onHost && defaultDeviceIsExplicit()) {
      PyErr_Format(PyExc_ValueError,
                   "argument `%s` is on GPU %d, but kernels run on the virtual machine, as was "
                   "asked for; choose the GPU with cosmati.set_device(\"cuda:%d\")",
                   state.params[residence.cudaIndex].text, residence.cudaOrdinal,
                   residence.cudaOrdinal);
      return false;
    }
    device = cudaDevice(residence.cudaOrdinal);
    return device && findStream();
  }
  device = requireDefaultDevice();
  if (!device)
    return false;
  if (residence.hostIndex >= 0 && !device->onHost) {
    PyErr_Format(PyExc_ValueError,
                 "argument `%s` cannot be accessed by the kernel: it is in host memory (a CPU "
                 "array), and kernels run on GPU %d. Move it there, or choose the virtual machine "
                 "with cosmati.set_device(\"vm\") or COSMATI_DEVICE=vm",
                 state.params[residence.hostIndex].text, device->ordinal);
    return false;
  }
  return true;
}

bool LaunchCall::findStream() {
  if (!residence.fromTorch)
    return true;
  static PyObject *current = nullptr;
  if (!current) {
    PyObject *torch = PyImport_ImportModule("torch._C");
    current = torch ? PyObject_GetAttrString(torch, "_cuda_getCurrentRawStream") : nullptr;
    Py_XDECREF(torch);
    if (!current)
      return false;
  }
  PyObject *ordinal = PyLong_FromLong(residence.cudaOrdinal);
  PyObject *handle = ordinal ? PyObject_CallOneArg(current, ordinal) : nullptr;
  Py_XDECREF(ordinal);
  if (!handle)
    return false;
  stream = reinterpret_cast<Stream>(PyLong_AsUnsignedLongLong(handle));
  Py_DECREF(handle);
  return !PyErr_Occurred();
}

Variant *LaunchCall::findVariant() {
  if (LaunchEntry *entry = state.table->lookup(key.data()))
    return &state.variants[entry->callerId];
  return compileVariant();
}

bool LaunchCall::refuseDuringCapture() {
  if (device->onHost)
    return true;
  auto capturing = device->device->isCapturing(stream);
  if (!capturing) {
    setPythonError(capturing.takeError());
    return false;
  }
  if (!*capturing)
    return true;
  PyErr_SetString(PyExc_RuntimeError,
                  "the stream is capturing a CUDA graph, and this variant of the kernel is not "
                  "compiled yet; launch or warm it up once before the capture");
  return false;
}

Variant *LaunchCall::compileVariant() {
  for (const auto &option : options) {
    std::string name = PyUnicode_AsUTF8(option.first);
    auto known = CompileOptions::describe();
    if (llvm::none_of(known, [&](const auto &row) { return row.name == name; }))
      return failOption(option.first), nullptr;
  }
  if (!refuseDuringCapture())
    return nullptr;
  try {
    py::tuple values(args.size()), types(args.size()), bits(args.size());
    for (size_t i = 0; i < args.size(); ++i) {
      const ArgValue &value = args[i];
      values[i] = value.compiledIn ? py::reinterpret_borrow<py::object>(value.object) : py::none();
      types[i] = value.compiledIn ? py::object(py::none()) : py::str(argType(value.type).text);
      bits[i] = value.bits;
    }
    py::dict given;
    for (const auto &[name, value] : options)
      given[py::handle(name)] = py::handle(value);
    py::object compiled =
        py::handle(reinterpret_cast<PyObject *>(launcher))
            .attr("_compile_call")(values, types, bits, given,
                                   py::cast(device, py::return_value_policy::reference));
    return loadVariant(compiled.release().ptr());
  } catch (py::error_already_set &error) {
    error.restore();
    return nullptr;
  }
}

/// Takes over the reference to `compiled`.
Variant *LaunchCall::loadVariant(PyObject *compiled) {
  auto owned = py::reinterpret_steal<py::object>(compiled);
  std::shared_ptr<const KernelImage> image =
      owned.attr("image").cast<std::shared_ptr<KernelImage>>();
  std::optional<llvm::Expected<std::unique_ptr<LaunchEntry>>> entry;
  {
    py::gil_scoped_release release;
    entry.emplace(makeLaunchEntry(*device->device, std::move(image)));
  }
  if (!*entry) {
    setPythonError(entry->takeError());
    return nullptr;
  }
  LoadedKernel &loaded = *(**entry)->kernel;
  owned.attr("_loaded")(loaded.regs, loaded.localBytes, loaded.maxThreads);
  (**entry)->callerId = static_cast<uint32_t>(state.variants.size());
  Variant variant;
  for (size_t i = 0; i < args.size(); ++i)
    if (!args[i].compiledIn)
      variant.passed.push_back(static_cast<uint8_t>(i));
  if (variant.passed.size() != (**entry)->kinds.size()) {
    PyErr_Format(PyExc_RuntimeError,
                 "the image of %s has %zu parameters, but the call passes %zu; this is a defect",
                 (**entry)->image().entry.c_str(), (**entry)->kinds.size(), variant.passed.size());
    return nullptr;
  }
  LaunchEntry *mine = entry->get().get();
  // Another thread may have been first: then its entry stays.
  LaunchEntry *present = state.table->insert(key.data(), std::move(**entry));
  if (present != mine)
    return &state.variants[present->callerId];
  variant.entry = present;
  variant.compiled = owned.release().ptr();
  state.variants.push_back(std::move(variant));
  return &state.variants.back();
}

PyObject *LaunchCall::metaArguments() {
  PyObject *meta = PyDict_New();
  if (!meta)
    return nullptr;
  for (size_t i = 0; i < args.size(); ++i)
    if (PyDict_SetItem(meta, state.params[i].name, args[i].object) < 0)
      return Py_DECREF(meta), nullptr;
  for (const auto &[name, value] : options)
    if (PyDict_SetItem(meta, name, value) < 0)
      return Py_DECREF(meta), nullptr;
  return meta;
}

bool LaunchCall::readGrid(PyObject *grid, Grid &result) {
  if (PyLong_CheckExact(grid)) {
    result.x = PyLong_AsLongLong(grid);
    return !PyErr_Occurred();
  }
  if (!PyTuple_Check(grid) && !PyList_Check(grid)) {
    if (PyCallable_Check(grid) && Py_TYPE(grid) != constexprType) {
      PyObject *meta = metaArguments();
      PyObject *answer = meta ? PyObject_CallOneArg(grid, meta) : nullptr;
      Py_XDECREF(meta);
      if (!answer)
        return false;
      bool isCallable = !PyTuple_Check(answer) && !PyList_Check(answer) && PyCallable_Check(answer);
      bool ok = !isCallable && readGrid(answer, result);
      if (isCallable)
        PyErr_SetString(PyExc_TypeError, "the grid's function returned a function");
      Py_DECREF(answer);
      return ok;
    }
    PyObject *number = PyNumber_Index(grid);
    if (!number) {
      PyErr_Format(PyExc_TypeError,
                   "the grid is a %s; it must be a tuple of 1 to 3 integers, or a function that "
                   "returns one",
                   Py_TYPE(grid)->tp_name);
      return false;
    }
    result.x = PyLong_AsLongLong(number);
    Py_DECREF(number);
    return !PyErr_Occurred();
  }
  Py_ssize_t size = PySequence_Fast_GET_SIZE(grid);
  PyObject **items = PySequence_Fast_ITEMS(grid);
  if (size < 1 || size > 3) {
    PyErr_Format(PyExc_ValueError, "the grid has %zd dimensions; it must have 1, 2 or 3", size);
    return false;
  }
  int64_t *extents[] = {&result.x, &result.y, &result.z};
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject *item = items[i];
    PyObject *number = PyLong_CheckExact(item) ? (Py_INCREF(item), item) : PyNumber_Index(item);
    if (!number) {
      PyErr_Format(PyExc_TypeError, "extent %zd of the grid is a %s, not an integer", i,
                   Py_TYPE(item)->tp_name);
      return false;
    }
    *extents[i] = PyLong_AsLongLong(number);
    Py_DECREF(number);
    if (PyErr_Occurred())
      return false;
  }
  return true;
}

void LaunchCall::pack(const Variant &variant, ParamPack &pack) {
  const std::vector<ParamKind> &kinds = variant.entry->kinds;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const ArgValue &value = args[variant.passed[i]];
    switch (kinds[i]) {
    case ParamKind::F16:
    case ParamKind::BF16:
    case ParamKind::F32:
    case ParamKind::F64:
      pack.setFloat(i, kinds[i], value.real);
      break;
    default:
      pack.setInteger(i, value.integer);
    }
  }
}

bool LaunchCall::launch(Variant &variant, PyObject *gridObject) {
  Grid grid;
  if (!readGrid(gridObject, grid))
    return false;
  ParamPack params(variant.entry->kinds.size());
  pack(variant, params);
  llvm::Error error = llvm::Error::success();
  llvm::consumeError(std::move(error));
  {
    PyThreadState *saved = PyEval_SaveThread();
    error = launchEntry(*variant.entry, grid, params.pointers(), stream, buffers);
    PyEval_RestoreThread(saved);
  }
  if (!error)
    return true;
  if (!error.isA<VmFault>()) {
    setPythonError(std::move(error));
    return false;
  }
  PyObject *arguments = metaArguments();
  setPythonError(std::move(error), arguments);
  Py_XDECREF(arguments);
  return false;
}

bool LaunchCall::runHooks(PyObject *const *given, size_t count, PyObject *keywordNames) {
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(state.hooks); ++i) {
    PyObject *done =
        PyObject_Vectorcall(PyList_GET_ITEM(state.hooks, i), given, count, keywordNames);
    if (!done)
      return false;
    Py_DECREF(done);
  }
  return true;
}

} // namespace cosmati::bindings
