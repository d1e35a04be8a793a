#include "python/bindings/LaunchCall.h"

#include "python/bindings/PythonErrors.h"

#include "runtime/Device/vm/VmDevice.h"

namespace cosmati::bindings {
using namespace runtime;

namespace {
/// The kernel's name, for errors.
py::object nameOf(LauncherObject *launcher) {
  py::handle object(reinterpret_cast<PyObject *>(launcher));
  return py::getattr(object, "__name__", py::str("kernel"));
}
} // namespace

bool LaunchCall::bind(PyObject *const *given, size_t count, PyObject *keywordNames) {
  size_t parameters = state.params.size();
  if (count > parameters)
    return failExtra(given, count);
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
      PyErr_Format(PyExc_TypeError, "%S() got multiple values for argument '%U'",
                   nameOf(launcher).ptr(), name);
      return false;
    }
    args[index].object = given[count + k];
    next = static_cast<size_t>(index) + 1;
  }
  for (size_t i = 0; i < parameters; ++i) {
    if (args[i].object)
      continue;
    args[i].object = state.params[i].defaultValue;
    if (!args[i].object)
      return failMissing();
  }
  return true;
}

namespace {
/// "'a', 'b' and 'c'"
std::string listNames(llvm::ArrayRef<std::string> names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "'" : i + 1 == names.size() ? " and '" : ", '") + names[i] + "'";
  return text;
}
} // namespace

bool LaunchCall::failMissing() {
  llvm::SmallVector<std::string, 8> names;
  for (size_t i = 0; i < args.size(); ++i)
    if (!args[i].object && !state.params[i].defaultValue)
      names.push_back(state.params[i].text);
  PyErr_Format(PyExc_TypeError, "%S() missing %zu required argument%s: %s", nameOf(launcher).ptr(),
               names.size(), names.size() == 1 ? "" : "s", listNames(names).c_str());
  return false;
}

bool LaunchCall::failExtra(PyObject *const *given, size_t count) {
  llvm::SmallVector<std::string, 8> names;
  for (const ParamSpec &spec : state.params)
    names.push_back(spec.text);
  PyErr_Format(PyExc_TypeError,
               "%S() takes %zu arguments (%s), but %zu were given; the first one too many is a %s",
               nameOf(launcher).ptr(), state.params.size(), listNames(names).c_str(), count,
               Py_TYPE(given[state.params.size()])->tp_name);
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
  for (size_t i = 0; i < args.size(); ++i)
    if (!classifyArgument(i, i))
      return false;
  int64_t optionsId = state.optionsId(options);
  if (optionsId < 0 || !chooseDevice())
    return false;
  key.addOptions(static_cast<uint32_t>(optionsId));
  key.addOptions(optionsContextId());
  key.addOptions(settingsContextId());
  key.addDevice(device->id);
  return true;
}

bool LaunchCall::classifyArgument(size_t param, size_t number) {
  const ParamSpec &spec = state.params[param];
  ArgValue &value = argument(number);
  if (spec.isConstexpr)
    value.compiledIn = true;
  if (Py_TYPE(value.object) == constexprType) {
    PyObject *inner = PyObject_GetAttrString(value.object, "value");
    if (!inner)
      return false;
    value.object = inner;
    Py_DECREF(inner); // the constexpr, which the caller holds, keeps it
    value.compiledIn = true;
  } else if (!spec.isConstexpr) {
    if (isItemized(Py_TYPE(value.object))) {
      PyObject *tuple = PyObject_CallMethod(value.object, "_launch_items", nullptr);
      if (!tuple)
        return false;
      made.push_back(py::reinterpret_steal<py::object>(tuple));
      value.object = tuple;
    }
    if (PyTuple_Check(value.object))
      return classifyTuple(param, number);
    if (!readArgument(spec, static_cast<int>(param), value, residence, buffers, allowTypes))
      return false;
  }
  // Numbers and arrays are known by type and bits; 1 and None need no more. Constants need their
  // value, and bit 8 tells a constant of an ordinary parameter apart.
  bool isConstant = value.compiledIn && value.bits == SpecNone;
  if (!spec.isConstexpr)
    key.addArgument(value.type, isConstant ? 8 : value.bits);
  return !isConstant || addConstant(param, value.object);
}

bool LaunchCall::addConstant(size_t param, PyObject *value) {
  int64_t id = state.constants[param].idOf(value);
  if (id < 0) {
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_Format(type, "argument `%s`: %S", state.params[param].text, error);
    Py_XDECREF(type);
    Py_XDECREF(error);
    Py_XDECREF(traceback);
    return false;
  }
  key.addConstexpr(static_cast<uint32_t>(id));
  return true;
}

bool LaunchCall::classifyTuple(size_t param, size_t number) {
  PyObject *object = argument(number).object;
  Py_ssize_t size = PyTuple_GET_SIZE(object);
  if (items.size() + static_cast<size_t>(size) > 4096) {
    PyErr_Format(PyExc_ValueError, "argument `%s`: tuples of one launch have at most 4096 items",
                 state.params[param].text);
    return false;
  }
  size_t first = args.size() + items.size();
  items.resize(items.size() + static_cast<size_t>(size)); // moves items: no reference is held
  argument(number).items = static_cast<int16_t>(size);
  argument(number).integer = first;
  // The class tells a tuple from a named tuple with as many fields.
  key.addArgument(TypeNone, 9);
  key.addConstexpr(static_cast<uint32_t>(size));
  if (!addConstant(param, reinterpret_cast<PyObject *>(Py_TYPE(object))))
    return false;
  for (Py_ssize_t k = 0; k < size; ++k) {
    argument(first + static_cast<size_t>(k)).object = PyTuple_GET_ITEM(object, k);
    if (!classifyArgument(param, first + static_cast<size_t>(k)))
      return false;
  }
  return true;
}

void LaunchCall::collectPassed(size_t number, Variant &variant) {
  const ArgValue &value = argument(number);
  if (!value.isTuple()) {
    if (!value.compiledIn)
      variant.passed.push_back(static_cast<uint16_t>(number));
    return;
  }
  for (int k = 0; k < value.items; ++k)
    collectPassed(value.integer + static_cast<size_t>(k), variant);
}

namespace {
/// A tuple with `get` of each item of the tuple `value`.
template <typename Get> py::object eachItem(const ArgValue &value, Get get) {
  py::tuple all(static_cast<size_t>(value.items));
  for (int k = 0; k < value.items; ++k)
    all[static_cast<size_t>(k)] = get(value.integer + static_cast<size_t>(k));
  return all;
}
} // namespace

py::object LaunchCall::valueOf(size_t number) {
  const ArgValue &value = argument(number);
  if (!value.isTuple())
    return value.compiledIn ? py::reinterpret_borrow<py::object>(value.object) : py::none();
  py::object all = eachItem(value, [&](size_t item) { return valueOf(item); });
  py::object kind = py::type::of(py::handle(value.object));
  return py::hasattr(kind, "_make") ? kind.attr("_make")(all) : all;
}

py::object LaunchCall::typeOf(size_t number) {
  const ArgValue &value = argument(number);
  if (value.isTuple())
    return eachItem(value, [&](size_t item) { return typeOf(item); });
  return value.compiledIn ? py::object(py::none()) : py::str(argType(value.type).text);
}

py::object LaunchCall::bitsOf(size_t number) {
  const ArgValue &value = argument(number);
  if (value.isTuple())
    return eachItem(value, [&](size_t item) { return bitsOf(item); });
  return py::int_(static_cast<int>(value.bits));
}

bool LaunchCall::chooseDevice() {
  if (residence.cudaIndex >= 0 && residence.hostIndex >= 0) {
    PyErr_Format(
        PyExc_ValueError,
        "Pointer argument `%s` cannot be accessed from Triton (cpu tensor?): it is in host "
        "memory, but argument `%s` is on GPU %d; a launch needs all arrays in one place",
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
    PyErr_Format(
        PyExc_ValueError,
        "Pointer argument `%s` cannot be accessed from Triton (cpu tensor?): it is in host "
        "memory, and kernels run on GPU %d. Move it there, or choose the virtual machine "
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
  Variant *variant;
  if (LaunchEntry *entry = state.table->lookup(key.data()))
    variant = &state.variants[entry->callerId];
  else
    variant = compileVariant();
  if (variant)
    variant->lastUse = ++state.uses;
  return variant;
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
  if (!refuseDuringCapture())
    return nullptr;
  try {
    py::tuple values(args.size()), types(args.size()), bits(args.size());
    for (size_t i = 0; i < args.size(); ++i) {
      values[i] = valueOf(i);
      types[i] = typeOf(i);
      bits[i] = bitsOf(i);
    }
    py::dict given;
    for (const auto &[name, value] : options)
      given[py::handle(name)] = py::handle(value);
    py::object compiled = py::handle(reinterpret_cast<PyObject *>(launcher))
                              .attr("_compile_call")(
                                  values, types, bits, given,
                                  py::cast(device, py::return_value_policy::reference), allowTypes);
    if (!py::hasattr(py::type::of(compiled), "_loading")) {
      instead = std::move(compiled);
      return nullptr;
    }
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
  const bool programmatic = owned.attr("_programmatic").cast<bool>();
  owned.attr("_loading")();
  std::optional<llvm::Expected<std::unique_ptr<LaunchEntry>>> entry;
  {
    py::gil_scoped_release release;
    entry.emplace(makeLaunchEntry(*device->device, std::move(image), programmatic));
  }
  if (!*entry) {
    setPythonError(entry->takeError());
    return nullptr;
  }
  LoadedKernel &loaded = *(**entry)->kernel;
  owned.attr("_loaded")(loaded.regs, loaded.localBytes, loaded.maxThreads,
                        reinterpret_cast<uintptr_t>(loaded.nativeHandle()));
  Variant variant;
  for (size_t i = 0; i < args.size(); ++i)
    collectPassed(i, variant);
  if (variant.passed.size() != (**entry)->kinds.size()) {
    PyErr_Format(PyExc_RuntimeError,
                 "the image of %s has %zu parameters, but the call passes %zu; this is a defect",
                 (**entry)->image().entry.c_str(), (**entry)->kinds.size(), variant.passed.size());
    return nullptr;
  }
  // Another thread may have been first: then its entry stays.
  if (LaunchEntry *present = state.table->lookup(key.data()))
    return &state.variants[present->callerId];
  const uint32_t slot = state.newSlot();
  (**entry)->callerId = slot;
  variant.entry = state.table->insert(key.data(), std::move(**entry));
  variant.compiled = owned.release().ptr();
  variant.lastUse = ++state.uses;
  state.variants[slot] = std::move(variant);
  state.boundVariants(slot);
  return &state.variants[slot];
}

PyObject *LaunchCall::argumentDict(bool withOptions) {
  PyObject *meta = PyDict_New();
  if (!meta)
    return nullptr;
  for (size_t i = 0; i < args.size(); ++i)
    if (PyDict_SetItem(meta, state.params[i].name, args[i].object) < 0)
      return Py_DECREF(meta), nullptr;
  if (withOptions)
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
      PyObject *meta = argumentDict(true);
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

void LaunchCall::pack(const LaunchEntry &entry, const Variant &variant, ParamPack &pack) {
  const std::vector<ParamKind> &kinds = entry.kinds;
  for (size_t i = 0; i < kinds.size(); ++i) {
    const ArgValue &value = argument(variant.passed[i]);
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
  // What runs on the way (the grid's function, hooks, other threads) may forget the variant.
  struct Pin {
    Variant &variant;
    explicit Pin(Variant &variant) : variant(variant) { ++variant.running; }
    ~Pin() { --variant.running; }
  } pin(variant);
  LaunchEntry &entry = *variant.entry;
  PyObject *compiled = variant.compiled; // the caller has a reference
  Grid grid;
  if (!readGrid(gridObject, grid))
    return false;
  return LLVM_UNLIKELY(launchObserver()) ? observedLaunch(entry, variant, compiled, grid)
                                         : launchOn(entry, variant, grid);
}

bool LaunchCall::observedLaunch(LaunchEntry &entry, Variant &variant, PyObject *compiledKernel,
                                const Grid &grid) {
  auto observer = py::reinterpret_borrow<py::tuple>(launchObserver());
  auto arguments = py::reinterpret_steal<py::object>(argumentDict(false));
  if (!arguments)
    return false;
  try {
    auto compiled = py::reinterpret_borrow<py::object>(compiledKernel);
    py::object token = observer[0](compiled, py::make_tuple(grid.x, grid.y, grid.z),
                                   reinterpret_cast<uintptr_t>(stream), arguments);
    if (!launchOn(entry, variant, grid))
      return false;
    observer[1](token);
    return true;
  } catch (py::error_already_set &error) {
    error.restore();
    return false;
  }
}

bool LaunchCall::launchOn(LaunchEntry &entry, const Variant &variant, const Grid &grid) {
  ParamPack params(entry.kinds.size());
  pack(entry, variant, params);
  llvm::Error error = llvm::Error::success();
  llvm::consumeError(std::move(error));
  {
    PyThreadState *saved = PyEval_SaveThread();
    error = launchEntry(entry, grid, params.pointers(), stream, buffers);
    PyEval_RestoreThread(saved);
  }
  if (!error)
    return true;
  if (!error.isA<VmFault>()) {
    setPythonError(std::move(error));
    return false;
  }
  PyObject *arguments = argumentDict(true);
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
