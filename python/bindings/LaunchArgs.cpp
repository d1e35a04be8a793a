#include "python/bindings/LaunchArgs.h"

#include "runtime/Launch/ParamPack.h"

namespace cosmati::bindings {
namespace py = pybind11;
using namespace runtime;

namespace {

/// Puts the argument's name in front of the exception that is set.
bool failNamed(const ParamSpec &spec) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject *text = value ? PyObject_Str(value) : nullptr;
  PyErr_Format(type ? type : PyExc_TypeError, "argument `%s`: %U", spec.text,
               text ? text : Py_None);
  Py_XDECREF(text);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  return false;
}

bool failType(const ParamSpec &spec, PyObject *object) {
  PyErr_Format(PyExc_TypeError,
               "argument `%s`: failed to specialize argument of type: %s; kernels take arrays, "
               "numbers and None, and other values only for tl.constexpr parameters",
               spec.text, Py_TYPE(object)->tp_name);
  return false;
}

class Reader {
public:
  Reader(const ParamSpec &spec, int index, ArgValue &value, Residence &residence,
         llvm::SmallVectorImpl<HostBuffer> &buffers)
      : spec(spec), index(index), value(value), residence(residence), buffers(buffers) {}

  bool readInt(PyObject *object) {
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (number == -1 && PyErr_Occurred())
      return failNamed(spec);
    if (overflow)
      return readWide(object, overflow);
    value.integer = static_cast<uint64_t>(number);
    if (spec.forcedType)
      return convertForced(number, object);
    value.type = integerKind(number) == ParamKind::I32 ? TypeI32 : TypeI64;
    value.bits = specializeInteger(number, spec.policy);
    value.compiledIn = value.bits == SpecEqualsOne;
    return true;
  }

  bool readIndex(PyObject *object) { // NumPy's integer scalars
    PyObject *number = PyNumber_Index(object);
    if (!number)
      return failNamed(spec);
    // The callers keep arguments alive, not this temporary: nothing reads it after the
    // classification unless it is compiled in, and then only 1 is.
    bool ok = readInt(number);
    if (ok && value.compiledIn)
      value.object = number; // small integers are immortal
    Py_DECREF(number);
    return ok;
  }

  bool readBool(bool on) {
    value.integer = on;
    value.type = TypeI1;
    if (spec.forcedType) {
      value.type = spec.forcedType;
      if (isFloatKind(argType(spec.forcedType).kind))
        value.real = on;
    }
    return true;
  }

  bool readFloat(PyObject *object) {
    double number = PyFloat_AsDouble(object);
    if (number == -1.0 && PyErr_Occurred())
      return failNamed(spec);
    value.real = number;
    value.type = TypeFP32;
    if (!spec.forcedType)
      return true;
    value.type = spec.forcedType;
    if (isFloatKind(argType(spec.forcedType).kind))
      return true;
    PyErr_Format(PyExc_TypeError, "argument `%s` is declared as %s, but a float was given",
                 spec.text, argType(spec.forcedType).text.c_str());
    return false;
  }

  void readNone() {
    value.bits = SpecAbsent;
    value.compiledIn = true;
  }

  bool readNumpy(PyObject *object) {
    auto *array = reinterpret_cast<NumpyArray *>(object);
    uint16_t type = pointerTypeOfDtype(array->dtype);
    if (!type)
      return failNamed(spec);
    setPointer(type, reinterpret_cast<uint64_t>(array->data));
    if (residence.hostIndex < 0)
      residence.hostIndex = index;
    // The buffer that owns the bytes: kernels may use strides that leave the view.
    NumpyArray *owner = array;
    while (owner->base && readerOf(Py_TYPE(owner->base)) == ArgReader::Numpy)
      owner = reinterpret_cast<NumpyArray *>(owner->base);
    uint32_t ownerBytes = argType(type).elementBytes;
    if (owner->dtype != array->dtype &&
        !readItemsize(owner->dtype, ownerBytes)) // array.view(dtype)
      return failNamed(spec);
    addExtent(*owner, ownerBytes, array->flags & numpyWriteable);
    HostBuffer &buffer = buffers.back();
    buffer.first = array->data;
    buffer.shape = array->shape;
    buffer.strides = array->strides;
    buffer.rank = array->rank;
    buffer.elementBytes = argType(type).elementBytes;
    return true;
  }

  bool readTorch(PyObject *object) {
    static PyObject *const getDevice = PyUnicode_InternFromString("get_device");
    static PyObject *const dataPtr = PyUnicode_InternFromString("data_ptr");
    static PyObject *const dtypeName = PyUnicode_InternFromString("dtype");
    PyObject *ordinal = PyObject_CallMethodNoArgs(object, getDevice);
    if (!ordinal)
      return failNamed(spec);
    long gpu = PyLong_AsLong(ordinal);
    Py_DECREF(ordinal);
    if (gpu < 0) // host memory: the virtual machine's way, where time doesn't matter
      return readGeneric(object);
    PyObject *dtype = PyObject_GetAttr(object, dtypeName);
    if (!dtype)
      return failNamed(spec);
    uint16_t type = pointerTypeOfDtype(dtype);
    Py_DECREF(dtype);
    PyObject *address = type ? PyObject_CallMethodNoArgs(object, dataPtr) : nullptr;
    if (!address)
      return failNamed(spec);
    setPointer(type, PyLong_AsUnsignedLongLong(address));
    Py_DECREF(address);
    residence.fromTorch = true;
    return setGpu(static_cast<int>(gpu));
  }

  bool readGeneric(PyObject *object) {
    try {
      py::object found =
          py::module_::import("cosmati.runtime.arrays").attr("describe")(py::handle(object));
      auto [address, text, gpu, base, bytes, writable] =
          found.cast<std::tuple<uint64_t, std::string, int, uint64_t, uint64_t, bool>>();
      uint16_t type = argTypeId("*" + text);
      if (!type)
        return failNamed(spec);
      setPointer(type, address);
      if (gpu >= 0)
        return setGpu(gpu);
      if (residence.hostIndex < 0)
        residence.hostIndex = index;
      buffers.push_back({reinterpret_cast<void *>(base), bytes, spec.text, writable});
      return true;
    } catch (py::error_already_set &error) {
      error.restore();
      return failNamed(spec);
    }
  }

  /// True when the argument is a type that stands for an array or number (warmup).
  bool readPlaceholder(PyObject *object, bool &isPlaceholder) {
    try {
      py::object text =
          py::module_::import("cosmati.runtime.arrays").attr("placeholder")(py::handle(object));
      isPlaceholder = !text.is_none();
      if (!isPlaceholder)
        return true;
      uint16_t type = argTypeId(text.cast<std::string>());
      if (!type)
        return failNamed(spec);
      if (argType(type).kind == ParamKind::Pointer)
        setPointer(type, 0);
      else
        value.type = spec.forcedType ? spec.forcedType : type;
      return true;
    } catch (py::error_already_set &error) {
      error.restore();
      return failNamed(spec);
    }
  }

private:
  static bool isFloatKind(ParamKind kind) {
    return kind == ParamKind::F16 || kind == ParamKind::BF16 || kind == ParamKind::F32 ||
           kind == ParamKind::F64;
  }

  void setPointer(uint16_t type, uint64_t address) {
    bool declared = spec.forcedType && argType(spec.forcedType).kind == ParamKind::Pointer;
    value.type = declared ? spec.forcedType : spec.isConst ? argType(type).constVariant : type;
    value.integer = address;
    value.bits = specializePointer(address, spec.policy);
  }

  bool setGpu(int gpu) {
    if (residence.cudaIndex < 0) {
      residence.cudaIndex = index;
      residence.cudaOrdinal = gpu;
    } else if (residence.cudaOrdinal != gpu) {
      PyErr_Format(PyExc_ValueError,
                   "argument `%s` is on GPU %d, but an earlier argument is on GPU %d", spec.text,
                   gpu, residence.cudaOrdinal);
      return false;
    }
    return true;
  }

  bool readWide(PyObject *object, int overflow) {
    uint64_t number = overflow > 0 ? PyLong_AsUnsignedLongLong(object) : 0;
    if (overflow < 0 || PyErr_Occurred()) {
      PyErr_Clear();
      PyErr_Format(PyExc_OverflowError, "argument `%s`: the integer %R does not fit in 64 bits",
                   spec.text, object);
      return false;
    }
    if (spec.forcedType && argType(spec.forcedType).text != "u64")
      return outOfRange(object);
    value.integer = number;
    value.type = TypeU64;
    value.bits = spec.policy.onValue && spec.policy.onAlignment && number % 16 == 0
                     ? SpecDivisible16
                     : SpecNone;
    return true;
  }

  bool convertForced(int64_t number, PyObject *object) {
    const ArgType &type = argType(spec.forcedType);
    value.type = spec.forcedType;
    if (isFloatKind(type.kind)) {
      value.real = static_cast<double>(number);
      return true;
    }
    if (type.kind == ParamKind::Pointer) // an address as a number
      return true;
    if (!fitsKind(number, type.kind, type.isUnsigned))
      return outOfRange(object);
    if (type.kind == ParamKind::I1)
      return true;
    // Not compiled in where it is 1: the constant would not have the declared type.
    if (uint8_t bits = specializeInteger(number, spec.policy); bits != SpecEqualsOne)
      value.bits = bits;
    return true;
  }

  bool outOfRange(PyObject *object) {
    PyErr_Format(PyExc_OverflowError, "argument `%s`: %R is out of range for its declared type %s",
                 spec.text, object, argType(spec.forcedType).text.c_str());
    return false;
  }

  static bool readItemsize(PyObject *dtype, uint32_t &bytes) {
    PyObject *size = PyObject_GetAttrString(dtype, "itemsize");
    bytes = size ? static_cast<uint32_t>(PyLong_AsUnsignedLong(size)) : 0;
    Py_XDECREF(size);
    return !PyErr_Occurred();
  }

  /// The bytes that an array's shape and strides reach.
  void addExtent(const NumpyArray &array, uint32_t elementBytes, bool writable) {
    int64_t low = 0, high = elementBytes;
    for (int i = 0; i < array.rank; ++i) {
      if (array.shape[i] == 0) {
        high = low;
        break;
      }
      int64_t reach = array.strides[i] * (array.shape[i] - 1);
      (reach < 0 ? low : high) += reach;
    }
    buffers.push_back({array.data + low, static_cast<uint64_t>(high - low), spec.text, writable});
  }

  const ParamSpec &spec;
  int index;
  ArgValue &value;
  Residence &residence;
  llvm::SmallVectorImpl<HostBuffer> &buffers;
};

} // namespace

bool readArgument(const ParamSpec &spec, int index, ArgValue &value, Residence &residence,
                  llvm::SmallVectorImpl<HostBuffer> &buffers, bool allowTypes) {
  Reader reader(spec, index, value, residence, buffers);
  PyObject *object = value.object;
  ArgReader kind = readerOf(Py_TYPE(object));
  switch (kind) {
  case ArgReader::Int:
    return PyLong_Check(object) ? reader.readInt(object) : reader.readIndex(object);
  case ArgReader::Float:
    return reader.readFloat(object);
  case ArgReader::Bool: {
    int truth = PyObject_IsTrue(object);
    return truth >= 0 && reader.readBool(truth != 0);
  }
  case ArgReader::None:
    reader.readNone();
    return true;
  case ArgReader::Numpy:
    return reader.readNumpy(object);
  case ArgReader::Torch:
    return reader.readTorch(object);
  case ArgReader::Generic:
    return reader.readGeneric(object);
  case ArgReader::Constant:
    value.compiledIn = true;
    return true;
  case ArgReader::Unsupported:
    break;
  }
  if (PyErr_Occurred())
    return failNamed(spec);
  bool isPlaceholder = false;
  if (allowTypes && !reader.readPlaceholder(object, isPlaceholder))
    return false;
  return isPlaceholder || failType(spec, object);
}

} // namespace cosmati::bindings
