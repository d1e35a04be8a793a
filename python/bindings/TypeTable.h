// Types of arguments as small numbers, and how values of a Python type are read.
#pragma once

#include "runtime/Image/KernelImage.h"

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>

namespace cosmati::bindings {

/// A type text ("i32", "*fp32", "*kfp16") with what launches need to know about it.
struct ArgType {
  std::string text;
  runtime::ParamKind kind;
  bool isUnsigned = false;
  uint32_t elementBytes = 0; // of a pointer's element
  uint16_t constVariant = 0; // id of the same pointer with `const`; its own id otherwise
};

// Ids that are always the same.
enum : uint16_t { TypeNone = 0, TypeI32 = 1, TypeI64 = 2, TypeU64 = 3, TypeI1 = 4, TypeFP32 = 5 };

/// The id of a type text, entered if it is new; 0 with a Python exception set for a text that names
/// no type. Ids are at most 4095 (PackedKey).
uint16_t argTypeId(const std::string &text);
const ArgType &argType(uint16_t id);

/// How arguments of a Python type are read.
enum class ArgReader : uint8_t {
  Unsupported,
  Int,
  Bool,
  Float,
  None,
  Numpy,
  Torch,
  Generic,  // asks Python each time
  Constant, // compiled in: a jit function
};

/// The reader of a type; asks `cosmati.runtime.arrays.classify` the first time. Unsupported with a
/// Python exception set where that fails.
ArgReader readerOf(PyTypeObject *type);

/// Fields of NumPy's array object, whose layout is part of its binary interface
/// (numpy/ndarraytypes.h, PyArrayObject_fields). Checked by numpyLayoutHolds() before use.
struct NumpyArray {
  PyObject_HEAD char *data;
  int rank;
  Py_intptr_t *shape;
  Py_intptr_t *strides;
  PyObject *base;
  PyObject *dtype;
  int flags;
};
inline constexpr int numpyWriteable = 0x0400;
/// `sample`: np.arange(6, dtype=int16).reshape(2, 3); `address`: where its data is.
bool numpyLayoutHolds(PyObject *sample, uint64_t address);

/// Pointer type of an array with elements of a dtype object (of NumPy or torch), remembered by the
/// object's identity; 0 with a Python exception set for a dtype that kernels lack.
uint16_t pointerTypeOfDtype(PyObject *dtype);

} // namespace cosmati::bindings
