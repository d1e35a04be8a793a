// `_core.Launcher`, the base of jit functions, and what `kernel[grid]` gives. Type slots of our own
// because a launch costs about as much as one call through pybind11.
#include "python/bindings/Bindings.h"
#include "python/bindings/LaunchCall.h"
#include "python/bindings/PythonErrors.h"

#include <new>

namespace cosmati::bindings {
namespace {

// kernel[grid]

struct BoundLaunchObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  LauncherObject *launcher;
  PyObject *grid;
};

PyObject *callBound(PyObject *self, PyObject *const *args, size_t countAndFlags,
                    PyObject *keywordNames) {
  auto *bound = reinterpret_cast<BoundLaunchObject *>(self);
  auto count = static_cast<size_t>(PyVectorcall_NARGS(countAndFlags));
  LaunchCall call(bound->launcher, /*allowTypes=*/false);
  if (bound->launcher->state->hooks && !call.runHooks(args, count, keywordNames))
    return nullptr;
  if (!call.bind(args, count, keywordNames) || !call.classify())
    return nullptr;
  Variant *variant = call.findVariant();
  if (!variant)
    return Py_XNewRef(call.substitute());
  // The launch may forget the variant: another thread, or a hook.
  PyObject *compiled = Py_NewRef(variant->compiled);
  if (call.launch(*variant, bound->grid))
    return compiled;
  Py_DECREF(compiled);
  return nullptr;
}

void deallocBound(PyObject *self) {
  auto *bound = reinterpret_cast<BoundLaunchObject *>(self);
  Py_DECREF(bound->launcher);
  Py_DECREF(bound->grid);
  Py_TYPE(self)->tp_free(self);
}

PyTypeObject boundLaunchType = [] {
  PyTypeObject type = {};
  Py_SET_REFCNT(reinterpret_cast<PyObject *>(&type), 1);
  type.tp_name = "cosmati._core.BoundLaunch";
  type.tp_basicsize = sizeof(BoundLaunchObject);
  type.tp_dealloc = deallocBound;
  type.tp_vectorcall_offset = offsetof(BoundLaunchObject, vectorcall);
  type.tp_call = PyVectorcall_Call;
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL;
  type.tp_doc = "A kernel with its grid; calling it launches.";
  return type;
}();

// The launcher.

LauncherObject *self(PyObject *object) { return reinterpret_cast<LauncherObject *>(object); }

PyObject *newLauncher(PyTypeObject *type, PyObject *, PyObject *) {
  PyObject *object = type->tp_alloc(type, 0);
  if (object)
    self(object)->state = new LauncherState;
  return object;
}

int initLauncher(PyObject *, PyObject *, PyObject *) { return 0; }

int traverseLauncher(PyObject *object, visitproc visit, void *arg) {
  return self(object)->state ? self(object)->state->traverse(visit, arg) : 0;
}

int clearLauncher(PyObject *object) {
  if (self(object)->state)
    self(object)->state->clearReferences();
  return 0;
}

void deallocLauncher(PyObject *object) {
  PyObject_GC_UnTrack(object);
  delete self(object)->state;
  Py_TYPE(object)->tp_free(object);
}

PyObject *subscript(PyObject *object, PyObject *grid) {
  BoundLaunchObject *bound = PyObject_New(BoundLaunchObject, &boundLaunchType);
  if (!bound)
    return nullptr;
  bound->vectorcall = callBound;
  Py_INCREF(object);
  bound->launcher = self(object);
  Py_INCREF(grid);
  bound->grid = grid;
  return reinterpret_cast<PyObject *>(bound);
}

/// A parameter from (name, is_constexpr, has_default, default, on_value, on_alignment, is_const,
/// type text).
bool parseParam(PyObject *item, ParamSpec &spec) {
  PyObject *name, *defaultValue;
  int isConstexpr, hasDefault, onValue, onAlignment, isConst;
  const char *typeText;
  if (!PyArg_ParseTuple(item, "UppOppps", &name, &isConstexpr, &hasDefault, &defaultValue, &onValue,
                        &onAlignment, &isConst, &typeText))
    return false;
  Py_INCREF(name);
  PyUnicode_InternInPlace(&name);
  spec.name = name; // kept for ever: names are few, and reports refer to their text
  spec.text = PyUnicode_AsUTF8(name);
  spec.isConstexpr = isConstexpr;
  spec.isConst = isConst;
  spec.policy = {onValue != 0, onAlignment != 0};
  if (hasDefault) {
    Py_INCREF(defaultValue);
    spec.defaultValue = defaultValue;
  }
  if (*typeText) {
    spec.forcedType = argTypeId(typeText);
    return spec.forcedType != TypeNone;
  }
  return true;
}

PyObject *configure(PyObject *object, PyObject *list) {
  LauncherState &state = *self(object)->state;
  if (!PyList_Check(list) || PyList_GET_SIZE(list) > 255) {
    PyErr_SetString(PyExc_TypeError, "a kernel has at most 255 parameters");
    return nullptr;
  }
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    state.params.emplace_back();
    if (!parseParam(PyList_GET_ITEM(list, i), state.params.back()))
      return nullptr;
  }
  state.constants.resize(state.params.size());
  Py_RETURN_NONE;
}

/// [(dict, name, value)]: launches check that the dicts still hold the values.
PyObject *watch(PyObject *object, PyObject *list) {
  LauncherState &state = *self(object)->state;
  std::vector<LauncherState::Watched> fresh;
  for (Py_ssize_t i = 0; i < PyList_Size(list); ++i) {
    PyObject *dict, *name, *value;
    if (!PyArg_ParseTuple(PyList_GET_ITEM(list, i), "O!UO", &PyDict_Type, &dict, &name, &value))
      return nullptr;
    fresh.push_back({dict, name, value});
  }
  for (LauncherState::Watched &item : fresh) {
    Py_INCREF(item.dict);
    Py_INCREF(item.name);
    PyUnicode_InternInPlace(&item.name);
    Py_INCREF(item.value);
  }
  state.watched.swap(fresh);
  for (LauncherState::Watched &item : fresh) {
    Py_DECREF(item.dict);
    Py_DECREF(item.name);
    Py_DECREF(item.value);
  }
  Py_RETURN_NONE;
}

PyObject *setHooks(PyObject *object, PyObject *hooks) {
  if (!PyList_Check(hooks)) {
    PyErr_SetString(PyExc_TypeError, "hooks are a list");
    return nullptr;
  }
  LauncherState &state = *self(object)->state;
  PyObject *old = state.hooks;
  state.hooks = nullptr;
  if (PyList_GET_SIZE(hooks)) {
    Py_INCREF(hooks);
    state.hooks = hooks;
  }
  Py_XDECREF(old);
  Py_RETURN_NONE;
}

PyObject *clearVariants(PyObject *object, PyObject *) {
  self(object)->state->forgetVariants();
  Py_RETURN_NONE;
}

/// prepare(args, kwargs): compiles and loads what a launch would need.
PyObject *prepare(PyObject *object, PyObject *both) {
  PyObject *args, *kwargs;
  if (!PyArg_ParseTuple(both, "O!O!", &PyTuple_Type, &args, &PyDict_Type, &kwargs))
    return nullptr;
  llvm::SmallVector<PyObject *, 32> flat;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i)
    flat.push_back(PyTuple_GET_ITEM(args, i));
  py::tuple names(static_cast<size_t>(PyDict_Size(kwargs)));
  PyObject *name, *value;
  Py_ssize_t position = 0;
  for (size_t k = 0; PyDict_Next(kwargs, &position, &name, &value); ++k) {
    names[k] = py::handle(name);
    flat.push_back(value);
  }
  LaunchCall call(self(object), /*allowTypes=*/true);
  if (!call.bind(flat.data(), static_cast<size_t>(PyTuple_GET_SIZE(args)), names.ptr()) ||
      !call.classify())
    return nullptr;
  Variant *variant = call.findVariant();
  return Py_XNewRef(variant ? variant->compiled : call.substitute());
}

/// Number of variants in memory.
PyObject *countVariants(PyObject *object, PyObject *) {
  return PyLong_FromSize_t(self(object)->state->table->size());
}

PyMethodDef launcherMethods[] = {
    {"_configure", configure, METH_O, "Declares the parameters."},
    {"_watch", watch, METH_O, "Names the globals that compiled code depends on."},
    {"_set_hooks", setHooks, METH_O, "Functions called before every launch."},
    {"clear", clearVariants, METH_NOARGS, "Forgets the compiled variants of this process."},
    {"_variant_count", countVariants, METH_NOARGS, "How many compiled variants are in memory."},
    {"prepare", prepare, METH_VARARGS,
     "prepare(args, kwargs): the compiled variant, not launched."},
    {nullptr, nullptr, 0, nullptr}};

PyMappingMethods launcherMapping = {nullptr, subscript, nullptr};

} // namespace

PyTypeObject launcherType = [] {
  PyTypeObject type = {};
  Py_SET_REFCNT(reinterpret_cast<PyObject *>(&type), 1);
  type.tp_name = "cosmati._core.Launcher";
  type.tp_basicsize = sizeof(LauncherObject);
  type.tp_dealloc = deallocLauncher;
  type.tp_as_mapping = &launcherMapping;
  type.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
  type.tp_doc = "Launches a kernel: `launcher[grid](*args, **options)`.";
  type.tp_traverse = traverseLauncher;
  type.tp_clear = clearLauncher;
  type.tp_methods = launcherMethods;
  type.tp_init = initLauncher;
  type.tp_new = newLauncher;
  return type;
}();

void bindLauncher(py::module_ &m) {
  if (PyType_Ready(&launcherType) < 0 || PyType_Ready(&boundLaunchType) < 0)
    throw py::error_already_set();
  m.add_object("Launcher", py::handle(reinterpret_cast<PyObject *>(&launcherType)));
  m.def("check_numpy_layout", [](py::object sample, uint64_t address) {
    return numpyLayoutHolds(sample.ptr(), address);
  });
  m.def("register_constexpr", [](py::type type) {
    constexprType = reinterpret_cast<PyTypeObject *>(type.release().ptr());
  });
  m.def(
      "register_itemized",
      [](const py::type &type) { registerItemized(reinterpret_cast<PyTypeObject *>(type.ptr())); },
      py::arg("type"),
      "Instances of the class are passed to kernels as the tuple that `_launch_items()` gives.");
  // A lambda: the address of a function of plain types would export its type's information.
  m.def(
      "set_variant_limit", [](size_t limit) { setVariantLimit(limit); }, py::arg("limit"),
      "Most compiled variants that one kernel keeps in memory; 0: no bound.");
  m.def(
      "set_launch_observer",
      [](const py::object &pair) {
        if (!pair.is_none() && (!py::isinstance<py::tuple>(pair) || py::len(pair) != 2))
          throw py::type_error("a launch observer is None or a pair (before, after)");
        setLaunchObserver(pair.is_none() ? nullptr : pair.ptr());
      },
      "Before a launch before(compiled, grid, stream, arguments) is called, after it after(what "
      "before gave). None: nothing is.");
  m.def("set_settings_context", [](const py::object &items) {
    if (setSettingsContext(items.ptr()) < 0)
      throw py::error_already_set();
  });
  m.def("set_options_context", [](py::object items) {
    PyObject *previous = setOptionsContext(items.ptr());
    if (!previous)
      throw py::error_already_set();
    return py::reinterpret_steal<py::object>(previous);
  });
}

} // namespace cosmati::bindings
