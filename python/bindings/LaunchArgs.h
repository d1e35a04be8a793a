// One call's arguments on their way from Python objects to packed parameters.
#pragma once

#include "python/bindings/TypeTable.h"

#include "runtime/Device/Device.h"
#include "runtime/Launch/Specialization.h"

#include "llvm/ADT/SmallVector.h"

#include <pybind11/pybind11.h>

namespace cosmati::bindings {

/// What a kernel's declaration says about one parameter.
struct ParamSpec {
  PyObject *name = nullptr;         // interned
  const char *text = "";            // its UTF-8
  PyObject *defaultValue = nullptr; // null: none
  bool isConstexpr = false;
  bool isConst = false;
  uint16_t forcedType = TypeNone; // of an annotation
  runtime::SpecPolicy policy;
};

/// An argument after classification.
struct ArgValue {
  PyObject *object = nullptr; // borrowed from the caller
  uint16_t type = TypeNone;
  uint8_t bits = runtime::SpecNone;
  bool compiledIn = false; // a constexpr, a jit function, None, or the integer 1
  int16_t items = -1;      // of a tuple: how many; `integer` is where the first one is
  bool isTuple() const { return items >= 0; }
  union {
    uint64_t integer = 0; // also an address
    double real;
  };
};

/// Where the arrays of a call are.
struct Residence {
  int hostIndex = -1;  // first argument in host memory; -1: none
  int cudaIndex = -1;  // first argument on a GPU
  int cudaOrdinal = 0; // that GPU
  bool fromTorch = false;
};

/// Reads one argument of a parameter that is passed at launch. False with a Python exception set.
/// `allowTypes`: an array may be given by its type (warmup).
bool readArgument(const ParamSpec &spec, int index, ArgValue &value, Residence &residence,
                  llvm::SmallVectorImpl<runtime::HostBuffer> &buffers, bool allowTypes);

} // namespace cosmati::bindings
