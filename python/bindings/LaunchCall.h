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
  /// The variant for the key, compiled and loaded if there is none; null with an exception set.
  Variant *findVariant();
  bool launch(Variant &variant, PyObject *grid);
  bool runHooks(PyObject *const *args, size_t count, PyObject *keywordNames);

private:
  bool chooseDevice();
  bool failOption(PyObject *name);
  Variant *compileVariant();
  Variant *loadVariant(PyObject *compiled);
  bool refuseDuringCapture();
  bool readGrid(PyObject *grid, runtime::Grid &result);
  PyObject *metaArguments();
  void pack(const Variant &variant, runtime::ParamPack &pack);
  bool findStream();

  LauncherObject *launcher;
  LauncherState &state;
  bool allowTypes;
  llvm::SmallVector<ArgValue, 32> args;
  OptionList options; // borrowed
  llvm::SmallVector<runtime::HostBuffer, 16> buffers;
  Residence residence;
  runtime::PackedKey key;
  PyDevice *device = nullptr;
  runtime::Stream stream = nullptr;
};

} // namespace cosmati::bindings
