// One launch: bind, classify, look the variant up, pack, launch.
#pragma once

#include "python/bindings/LauncherState.h"
#include "python/bindings/PyDevice.h"

#include "runtime/Launch/ParamPack.h"

namespace cosmati::bindings {

/// Lives on the stack of the call. Each step returns false with a Python exception set.
class LaunchCall {
public:
  LaunchCall(LauncherObject *launcher, bool allowTypes)
      : launcher(launcher), state(*launcher->state), allowTypes(allowTypes) {}

  /// Puts the arguments of a vectorcall into the parameters' order; keywords that are no parameters
  /// are compile options.
  bool bind(PyObject *const *args, size_t count, PyObject *keywordNames);
  /// Reads every argument, chooses the device, makes the key.
  bool classify();
  /// The variant for the key, compiled and loaded if there is none; null with an exception set, or
  /// where there is a substitute().
  Variant *findVariant();
  /// What the call gives where no kernel was made for it: None where a hook takes the compilation
  /// over, a future where kernels are compiled in the background. Borrowed; null: nothing.
  PyObject *substitute() const { return instead.ptr(); }
  bool launch(Variant &variant, PyObject *grid);
  bool runHooks(PyObject *const *args, size_t count, PyObject *keywordNames);

private:
  /// An argument by number: those of the parameters first, then the items of tuples.
  ArgValue &argument(size_t number) {
    return number < args.size() ? args[number] : items[number - args.size()];
  }
  bool classifyArgument(size_t param, size_t number);
  bool classifyTuple(size_t param, size_t number);
  bool addConstant(size_t param, PyObject *value);
  void collectPassed(size_t number, Variant &variant);
  /// What a compilation is told of an argument: value, type text and bits; tuples of them for a
  /// tuple.
  pybind11::object valueOf(size_t number);
  pybind11::object typeOf(size_t number);
  pybind11::object bitsOf(size_t number);
  bool chooseDevice();
  bool failMissing();
  bool failExtra(PyObject *const *given, size_t count);
  Variant *compileVariant();
  Variant *loadVariant(PyObject *compiled);
  bool refuseDuringCapture();
  bool readGrid(PyObject *grid, runtime::Grid &result);
  PyObject *argumentDict(bool withOptions);
  bool observedLaunch(runtime::LaunchEntry &entry, Variant &variant, PyObject *compiled,
                      const runtime::Grid &grid);
  bool launchOn(runtime::LaunchEntry &entry, const Variant &variant, const runtime::Grid &grid);
  void pack(const runtime::LaunchEntry &entry, const Variant &variant, runtime::ParamPack &pack);
  bool findStream();

  LauncherObject *launcher;
  LauncherState &state;
  bool allowTypes;
  llvm::SmallVector<ArgValue, 32> args;
  llvm::SmallVector<ArgValue, 8> items;        // of tuples; those of one tuple follow one another
  llvm::SmallVector<pybind11::object, 2> made; // tuples that stand for arguments
  OptionList options;                          // borrowed
  llvm::SmallVector<runtime::HostBuffer, 16> buffers;
  Residence residence;
  runtime::PackedKey key;
  PyDevice *device = nullptr;
  runtime::Stream stream = nullptr;
  pybind11::object instead;
};

} // namespace cosmati::bindings
