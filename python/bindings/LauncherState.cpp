#include "python/bindings/LauncherState.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cstring>

namespace cosmati::bindings {

PyTypeObject *constexprType = nullptr;

static llvm::SmallVector<PyTypeObject *, 2> itemizedTypes; // guarded by the GIL

bool isItemized(PyTypeObject *type) { return llvm::is_contained(itemizedTypes, type); }
void registerItemized(PyTypeObject *type) {
  if (isItemized(type))
    return;
  Py_INCREF(type);
  itemizedTypes.push_back(type);
}

namespace {

int sameFloat(PyObject *a, PyObject *b) {
  double x = PyFloat_AS_DOUBLE(a), y = PyFloat_AS_DOUBLE(b);
  return std::memcmp(&x, &y, sizeof(x)) == 0;
}

int sameTuple(PyObject *a, PyObject *b) {
  Py_ssize_t size = PyTuple_GET_SIZE(a);
  if (size != PyTuple_GET_SIZE(b))
    return 0;
  for (Py_ssize_t i = 0; i < size; ++i)
    if (int same = sameConstant(PyTuple_GET_ITEM(a, i), PyTuple_GET_ITEM(b, i)); same != 1)
      return same;
  return 1;
}

} // namespace

int sameConstant(PyObject *a, PyObject *b) {
  if (a == b)
    return 1;
  if (Py_TYPE(a) != Py_TYPE(b))
    return 0;
  if (PyFloat_CheckExact(a))
    return sameFloat(a, b);
  if (PyTuple_Check(a))
    return sameTuple(a, b);
  return PyObject_RichCompareBool(a, b, Py_EQ);
}

int64_t ConstantTable::idOf(PyObject *value) {
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] == value)
      return first + static_cast<int64_t>(i);
  if (PyList_Check(value) || PyDict_Check(value) || PySet_Check(value)) {
    // It may change after the kernel was compiled for it.
    PyErr_Format(PyExc_TypeError, "a %s can't be a constexpr; use a tuple",
                 Py_TYPE(value)->tp_name);
    return -1;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    int same = sameConstant(values[i], value);
    if (same < 0)
      return -1;
    if (same)
      return first + static_cast<int64_t>(i);
  }
  Py_INCREF(value);
  values.push_back(value);
  return first + static_cast<int64_t>(values.size() - 1);
}

void ConstantTable::visit(visitproc visit, void *arg, int &result) const {
  for (PyObject *value : values)
    if (!result)
      result = visit(value, arg);
}

void ConstantTable::clear() {
  std::vector<PyObject *> old;
  old.swap(values);
  first += static_cast<int64_t>(old.size());
  for (PyObject *value : old)
    Py_DECREF(value);
}

int LauncherState::indexOf(PyObject *name, size_t hint) const {
  size_t count = params.size();
  // Keywords come in the order of the declaration as a rule, and their names are interned.
  for (size_t i = 0; i < count; ++i) {
    size_t at = hint + i < count ? hint + i : hint + i - count;
    if (params[at].name == name)
      return static_cast<int>(at);
  }
  for (size_t i = 0; i < count; ++i)
    if (PyUnicode_Compare(params[i].name, name) == 0)
      return static_cast<int>(i);
  return -1;
}

int64_t LauncherState::optionsId(const OptionList &options) {
  if (options.empty())
    return 0;
  for (size_t i = 0; i < optionSets.size(); ++i) {
    if (optionSets[i].size() != options.size())
      continue;
    bool equal = true;
    for (size_t k = 0; equal && k < options.size(); ++k) {
      if (optionSets[i][k].first != options[k].first &&
          PyUnicode_Compare(optionSets[i][k].first, options[k].first) != 0) {
        equal = false;
        break;
      }
      int same = sameConstant(optionSets[i][k].second, options[k].second);
      if (same < 0)
        return -1;
      equal = same;
    }
    if (equal)
      return firstOptionSet + static_cast<int64_t>(i);
  }
  for (const auto &[name, value] : options) {
    Py_INCREF(name);
    Py_INCREF(value);
  }
  optionSets.push_back(options);
  return firstOptionSet + static_cast<int64_t>(optionSets.size()) - 1;
}

bool LauncherState::globalsHold() const {
  for (const Watched &item : watched)
    if (PyDict_GetItemWithError(item.dict, item.name) != item.value)
      return false;
  return true;
}

namespace {
size_t mostVariants = 4096;
PyObject *observer = nullptr;

/// Whether freeing the entry can't pull a module away from under anyone.
bool isFree(const runtime::LaunchEntry &entry, const std::deque<Variant> &variants) {
  return entry.device->kind() != "cuda" && variants[entry.callerId].running == 0;
}
} // namespace

size_t variantLimit() { return mostVariants; }
void setVariantLimit(size_t limit) { mostVariants = limit; }
PyObject *launchObserver() { return observer; }
void setLaunchObserver(PyObject *pair) {
  PyObject *old = observer;
  Py_XINCREF(pair);
  observer = pair;
  Py_XDECREF(old);
}

uint32_t LauncherState::newSlot() {
  for (size_t i = 0; i < variants.size(); ++i)
    if (!variants[i].entry && variants[i].running == 0)
      return static_cast<uint32_t>(i);
  variants.emplace_back();
  return static_cast<uint32_t>(variants.size() - 1);
}

void LauncherState::forget(llvm::function_ref<bool(const runtime::LaunchEntry &)> keep) {
  llvm::erase_if(retired, [&](auto &entry) { return isFree(*entry, variants); });
  std::vector<std::unique_ptr<runtime::LaunchEntry>> removed = table->removeUnless(keep);
  std::vector<PyObject *> compiled; // released last: their destructors may launch
  std::vector<std::unique_ptr<runtime::LaunchEntry>> dead;
  for (auto &entry : removed) {
    Variant &variant = variants[entry->callerId];
    compiled.push_back(variant.compiled);
    variant.compiled = nullptr;
    (isFree(*entry, variants) ? dead : retired).push_back(std::move(entry));
    variant.entry = nullptr;
  }
  dead.clear();
  for (PyObject *object : compiled)
    Py_XDECREF(object);
}

void LauncherState::forgetVariants() {
  forget([](const runtime::LaunchEntry &) { return false; });
}

void LauncherState::boundVariants(uint32_t slot) {
  size_t count = table->size();
  if (!mostVariants || count <= mostVariants)
    return;
  // Numbers of constants are part of the keys, so they can only go with all variants. The new one
  // stays, though nothing finds it again: it is about to be launched.
  bool manyConstants = optionSets.size() > 2 * mostVariants;
  for (const ConstantTable &known : constants)
    manyConstants |= known.size() > 2 * mostVariants;
  if (manyConstants) {
    forget([&](const runtime::LaunchEntry &entry) { return entry.callerId == slot; });
    for (ConstantTable &known : constants)
      known.clear();
    clearOptionSets();
    return;
  }
  std::vector<uint64_t> ages;
  for (const Variant &variant : variants)
    if (variant.entry)
      ages.push_back(variant.lastUse);
  // Half at once, so that a loop over ever new variants pays for it rarely.
  size_t dropped = count - (mostVariants + 1) / 2;
  std::nth_element(ages.begin(), ages.begin() + static_cast<std::ptrdiff_t>(dropped), ages.end());
  uint64_t oldestKept = ages[dropped];
  forget([&](const runtime::LaunchEntry &entry) {
    return variants[entry.callerId].lastUse >= oldestKept;
  });
}

void LauncherState::clearOptionSets() {
  std::vector<OptionList> old;
  old.swap(optionSets);
  firstOptionSet += static_cast<int64_t>(old.size());
  for (OptionList &set : old)
    for (auto &[name, value] : set) {
      Py_DECREF(name);
      Py_DECREF(value);
    }
}

int LauncherState::traverse(visitproc visit, void *arg) const {
  int result = 0;
  auto see = [&](PyObject *object) {
    if (object && !result)
      result = visit(object, arg);
  };
  for (const ParamSpec &param : params)
    see(param.defaultValue);
  for (const ConstantTable &table : constants)
    table.visit(visit, arg, result);
  for (const OptionList &set : optionSets)
    for (const auto &option : set)
      see(option.second);
  for (const Variant &variant : variants)
    see(variant.compiled);
  for (const Watched &item : watched) {
    see(item.dict);
    see(item.value);
  }
  see(hooks);
  return result;
}

void LauncherState::clearReferences() {
  for (ParamSpec &param : params)
    Py_CLEAR(param.defaultValue);
  for (ConstantTable &table : constants)
    table.clear();
  clearOptionSets();
  for (Variant &variant : variants)
    Py_CLEAR(variant.compiled);
  std::vector<Watched> oldWatched;
  oldWatched.swap(watched);
  for (Watched &item : oldWatched) {
    Py_DECREF(item.dict);
    Py_DECREF(item.name);
    Py_DECREF(item.value);
  }
  Py_CLEAR(hooks);
}

namespace {
thread_local uint32_t currentContext = 0;
uint32_t settingsContext = 0; // guarded by the GIL

std::vector<PyObject *> &contexts() {
  static auto *const all = new std::vector<PyObject *>{PyTuple_New(0)};
  return *all;
}

/// The number of a tuple of options, entered if it is new; -1 with a Python exception set.
int64_t contextOf(PyObject *items) {
  if (!PyTuple_Check(items)) {
    PyErr_SetString(PyExc_TypeError, "expected a tuple of (name, value) pairs");
    return -1;
  }
  auto &all = contexts();
  for (size_t i = 0; i < all.size(); ++i)
    if (int same = sameConstant(all[i], items); same != 0)
      return same < 0 ? -1 : static_cast<int64_t>(i);
  Py_INCREF(items);
  all.push_back(items);
  return static_cast<int64_t>(all.size() - 1);
}
} // namespace

uint32_t optionsContextId() { return currentContext; }

PyObject *setOptionsContext(PyObject *items) {
  int64_t found = contextOf(items);
  if (found < 0)
    return nullptr;
  PyObject *previous = contexts()[currentContext];
  currentContext = static_cast<uint32_t>(found);
  Py_INCREF(previous);
  return previous;
}

uint32_t settingsContextId() { return settingsContext; }

int setSettingsContext(PyObject *items) {
  int64_t found = contextOf(items);
  if (found < 0)
    return -1;
  settingsContext = static_cast<uint32_t>(found);
  return 0;
}

} // namespace cosmati::bindings
