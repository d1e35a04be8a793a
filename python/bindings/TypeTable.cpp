#include "python/bindings/TypeTable.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSwitch.h"

#include <deque>
#include <optional>

namespace cosmati::bindings {
namespace py = pybind11;
using runtime::ParamKind;

namespace {

// All tables live as long as the process and are guarded by the GIL.
struct Tables {
  std::deque<ArgType> types; // a deque: references stay
  llvm::StringMap<uint16_t> ids;
  llvm::DenseMap<PyTypeObject *, ArgReader> readers; // holds a reference to each type
  llvm::DenseMap<PyObject *, uint16_t> dtypes;       // and to each dtype
  Tables();
};

std::optional<ParamKind> scalarKind(llvm::StringRef text) {
  return llvm::StringSwitch<std::optional<ParamKind>>(text)
      .Case("i1", ParamKind::I1)
      .Cases({"i8", "u8"}, ParamKind::I8)
      .Cases({"i16", "u16"}, ParamKind::I16)
      .Cases({"i32", "u32"}, ParamKind::I32)
      .Cases({"i64", "u64"}, ParamKind::I64)
      .Cases({"fp8e5", "fp8e4nv", "fp8e4b8", "fp8e5b16", "fp8e4b15"}, ParamKind::I8)
      .Case("fp16", ParamKind::F16)
      .Case("bf16", ParamKind::BF16)
      .Case("fp32", ParamKind::F32)
      .Case("fp64", ParamKind::F64)
      .Default(std::nullopt);
}

Tables &tables() {
  static Tables *const instance = new Tables;
  return *instance;
}

/// The element of a pointer text: "fp32" of "*kfp32".
std::optional<ParamKind> elementKind(llvm::StringRef text) {
  text.consume_front("*");
  text.consume_front("k");
  return text.starts_with("*") ? ParamKind::Pointer : scalarKind(text);
}

uint16_t enter(Tables &all, llvm::StringRef text) {
  if (auto known = all.ids.find(text); known != all.ids.end())
    return known->second;
  bool isPointer = text.starts_with("*");
  std::optional<ParamKind> kind = isPointer ? elementKind(text) : scalarKind(text);
  bool isFp8Scalar = !isPointer && text.starts_with("fp8");
  if (!kind || isFp8Scalar || all.types.size() > 4095)
    return TypeNone;
  ArgType type;
  type.text = text.str();
  type.kind = isPointer ? ParamKind::Pointer : *kind;
  type.isUnsigned = text.starts_with("u");
  type.elementBytes = isPointer ? runtime::paramBytes(*kind) : 0;
  auto id = static_cast<uint16_t>(all.types.size());
  type.constVariant = id;
  all.types.push_back(type);
  all.ids[text] = id;
  if (isPointer && !text.starts_with("*k"))
    all.types[id].constVariant = enter(all, ("*k" + text.drop_front()).str());
  return id;
}

Tables::Tables() {
  types.push_back({"none", ParamKind::I32});
  for (const char *text : {"i32", "i64", "u64", "i1", "fp32"})
    enter(*this, text);
}

ArgReader parseReader(llvm::StringRef name) {
  return llvm::StringSwitch<ArgReader>(name)
      .Case("int", ArgReader::Int)
      .Case("bool", ArgReader::Bool)
      .Case("float", ArgReader::Float)
      .Case("numpy", ArgReader::Numpy)
      .Case("torch", ArgReader::Torch)
      .Case("generic", ArgReader::Generic)
      .Case("constant", ArgReader::Constant)
      .Default(ArgReader::Unsupported);
}

/// Calls a function of cosmati.runtime.arrays that returns a text; nullopt with an exception set.
std::optional<std::string> askArrays(const char *function, PyObject *argument) {
  try {
    return py::module_::import("cosmati.runtime.arrays")
        .attr(function)(py::handle(argument))
        .cast<std::string>();
  } catch (py::error_already_set &error) {
    error.restore();
    return std::nullopt;
  }
}

} // namespace

uint16_t argTypeId(const std::string &text) {
  uint16_t id = enter(tables(), text);
  if (!id)
    PyErr_Format(PyExc_TypeError, "a kernel can't be given an argument of type '%s'", text.c_str());
  return id;
}

const ArgType &argType(uint16_t id) { return tables().types[id]; }

ArgReader readerOf(PyTypeObject *type) {
  if (type == &PyLong_Type)
    return ArgReader::Int;
  if (type == &PyFloat_Type)
    return ArgReader::Float;
  if (type == &PyBool_Type)
    return ArgReader::Bool;
  if (type == Py_TYPE(Py_None))
    return ArgReader::None;
  auto &readers = tables().readers;
  if (auto known = readers.find(type); known != readers.end())
    return known->second;
  std::optional<std::string> name = askArrays("classify", reinterpret_cast<PyObject *>(type));
  if (!name)
    return ArgReader::Unsupported;
  Py_INCREF(type);
  return readers[type] = parseReader(*name);
}

bool numpyLayoutHolds(PyObject *sample, uint64_t address) {
  auto *array = reinterpret_cast<NumpyArray *>(sample);
  if (Py_TYPE(sample)->tp_basicsize < static_cast<Py_ssize_t>(sizeof(NumpyArray)))
    return false;
  if (reinterpret_cast<uint64_t>(array->data) != address || array->rank != 2)
    return false;
  if (array->shape[0] != 2 || array->shape[1] != 3 || array->strides[0] != 6)
    return false;
  py::object dtype = py::handle(sample).attr("dtype");
  return dtype.ptr() == array->dtype && (array->flags & numpyWriteable);
}

uint16_t pointerTypeOfDtype(PyObject *dtype) {
  auto &dtypes = tables().dtypes;
  if (auto known = dtypes.find(dtype); known != dtypes.end())
    return known->second;
  std::optional<std::string> text = askArrays("element_text", dtype);
  if (!text)
    return TypeNone;
  uint16_t id = argTypeId("*" + *text);
  if (id) {
    Py_INCREF(dtype);
    dtypes[dtype] = id;
  }
  return id;
}

} // namespace cosmati::bindings
