// What a jit function remembers between launches. Guarded by the GIL.
#pragma once

#include "python/bindings/LaunchArgs.h"

#include "runtime/Launch/Launch.h"

#include <deque>
#include <memory>
#include <vector>

namespace cosmati::bindings {

/// A compiled variant of a kernel, loaded on a device.
struct Variant {
  PyObject *compiled = nullptr; // owned: the CompiledKernel
  runtime::LaunchEntry *entry = nullptr;
  // The arguments passed at launch, in order: numbers as of LaunchCall::argument.
  llvm::SmallVector<uint16_t, 24> passed;
  uint64_t lastUse = 0;
  int running = 0; // launches that are inside of the device, without the GIL
};

/// Gives numbers to values that are compiled in: equal type and value, equal number. A number is
/// never used again, also after clear(): calls of other threads may have it in their keys.
class ConstantTable {
public:
  /// The number of `value`, entered if new; -1 with a Python exception set.
  int64_t idOf(PyObject *value);
  size_t size() const { return values.size(); }
  void visit(visitproc visit, void *arg, int &result) const;
  void clear();

private:
  std::vector<PyObject *> values; // owned
  int64_t first = 0;              // number of the first value
};

/// Whether two compile-time values have one type and one value. 1, True and 1.0 differ, as do 0.0
/// and -0.0. -1 with a Python exception set.
int sameConstant(PyObject *a, PyObject *b);

using OptionList = llvm::SmallVector<std::pair<PyObject *, PyObject *>, 4>; // name, value

struct LauncherState {
  /// Takes variants out of the table and frees what can be freed.
  void forget(llvm::function_ref<bool(const runtime::LaunchEntry &)> keep);

  std::vector<ParamSpec> params;
  std::vector<ConstantTable> constants; // one for each parameter
  std::vector<OptionList> optionSets;   // owned; number 0 is the empty one
  int64_t firstOptionSet = 1;           // number of the first one here; never used again, either
  std::deque<Variant> variants;         // LaunchEntry::callerId is the index
  std::unique_ptr<runtime::KernelTable> table = std::make_unique<runtime::KernelTable>();
  /// Forgotten, but not freed: a launch runs, or a GPU holds the module and a captured graph may
  /// hold its function.
  std::vector<std::unique_ptr<runtime::LaunchEntry>> retired;
  uint64_t uses = 0; // launches so far: the clock of Variant::lastUse
  struct Watched {
    PyObject *dict, *name, *value; // owned
  };
  std::vector<Watched> watched;
  PyObject *hooks = nullptr; // owned list, null when there are none

  /// Number of a parameter; -1 if there is none of that name. `hint`: where to look first.
  int indexOf(PyObject *name, size_t hint) const;
  int64_t optionsId(const OptionList &options);
  /// False when a captured global is another object than it was.
  bool globalsHold() const;
  void forgetVariants();
  /// Where there are more variants than the limit, forgets the half that was used least recently,
  /// but not the one in `slot`, which is new.
  void boundVariants(uint32_t slot);
  /// The slot of a new variant.
  uint32_t newSlot();
  int traverse(visitproc visit, void *arg) const;
  void clearReferences();
  void clearOptionSets();
  ~LauncherState() { clearReferences(); }
};

/// Most variants that one kernel keeps in memory; 0: no bound.
size_t variantLimit();
void setVariantLimit(size_t limit);

/// (before, after), called around launches, or null; see _core.set_launch_observer. Guarded by the
/// GIL.
PyObject *launchObserver();
void setLaunchObserver(PyObject *pair);

struct LauncherObject {
  PyObject_HEAD LauncherState *state;
};
extern PyTypeObject launcherType;

/// The options of the enclosing `with cosmati.options(...)` blocks of this thread, as a number.
uint32_t optionsContextId();
/// Sets them from a sorted tuple of pairs; gives what was set before (a new reference).
PyObject *setOptionsContext(PyObject *items);

/// The options that the process's settings (cosmati.knobs) imply, as a number.
uint32_t settingsContextId();
/// Sets them from a sorted tuple of pairs; -1 with a Python exception set.
int setSettingsContext(PyObject *items);

/// The class whose instances stand for their `value` among arguments.
extern PyTypeObject *constexprType;

/// Whether instances of the class are passed as the tuple that their `_launch_items()` gives.
bool isItemized(PyTypeObject *type);
/// The class is kept for ever.
void registerItemized(PyTypeObject *type);

} // namespace cosmati::bindings
