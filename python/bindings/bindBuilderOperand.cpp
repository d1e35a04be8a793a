#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

namespace {

/// The attribute `name` of a wrapper, or null.
py::object wrapped(py::handle object, PyObject *name) {
  PyObject *found = PyObject_GetAttr(object.ptr(), name);
  if (!found)
    PyErr_Clear();
  return py::reinterpret_steal<py::object>(found);
}

PyObject *interned(const char *text) { return PyUnicode_InternFromString(text); }

Operand integerOperand(PyObject *number) {
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
  if (!overflow)
    return static_cast<int64_t>(value);
  if (overflow > 0) {
    unsigned long long wide = PyLong_AsUnsignedLongLong(number);
    if (!PyErr_Occurred())
      return static_cast<uint64_t>(wide);
    PyErr_Clear();
  }
  fail("Nonrepresentable integer {0}: integers of the language have at most 64 bits",
       py::str(py::handle(number)).cast<std::string>());
}

[[noreturn]] void refuse(py::handle object, const char *wanted) {
  failType("cannot convert {0} of type {1} to {2}", py::repr(object).cast<std::string>(),
           py::str(py::type::handle_of(object)).cast<std::string>(), wanted);
}

const Value *asValue(py::handle object) {
  static PyObject *const valueType = py::type::of<Value>().release().ptr();
  if (reinterpret_cast<PyObject *>(Py_TYPE(object.ptr())) != valueType)
    return nullptr;
  return &object.cast<const Value &>();
}

/// A sequence's items without copying them where it is a list or tuple.
class Items {
public:
  explicit Items(py::handle sequence)
      : fast(py::reinterpret_steal<py::object>(
            PySequence_Fast(sequence.ptr(), "expected a sequence"))) {
    if (!fast)
      throw py::error_already_set();
  }
  size_t size() const { return static_cast<size_t>(PySequence_Fast_GET_SIZE(fast.ptr())); }
  py::handle operator[](size_t i) const {
    return PySequence_Fast_GET_ITEM(fast.ptr(), static_cast<Py_ssize_t>(i));
  }

private:
  py::object fast;
};

template <typename Result, typename Convert>
Result convertAll(py::handle sequence, Convert convert) {
  Items items(sequence);
  Result result;
  result.reserve(items.size());
  for (size_t i = 0; i < items.size(); ++i)
    result.push_back(convert(items[i]));
  return result;
}

} // namespace

Operand toOperand(py::handle object) {
  if (const Value *value = asValue(object))
    return *value;
  PyObject *raw = object.ptr();
  if (PyBool_Check(raw))
    return raw == Py_True;
  if (PyLong_Check(raw))
    return integerOperand(raw);
  if (PyFloat_Check(raw))
    return PyFloat_AS_DOUBLE(raw);
  static PyObject *const handleName = interned("handle");
  static PyObject *const valueName = interned("value");
  for (PyObject *name : {handleName, valueName})
    if (py::object inner = wrapped(object, name); inner && !inner.is(object))
      return toOperand(inner);
  if (PyIndex_Check(raw)) // NumPy's integer scalars
    if (auto number = py::reinterpret_steal<py::object>(PyNumber_Index(raw)))
      return integerOperand(number.ptr());
  PyErr_Clear();
  refuse(object, "tensor");
}

const Value &toValue(py::handle object) {
  if (const Value *value = asValue(object))
    return *value;
  static PyObject *const handleName = interned("handle");
  // The wrapper keeps its Value alive for as long as the caller keeps the wrapper.
  if (py::object inner = wrapped(object, handleName))
    if (const Value *value = asValue(inner))
      return *value;
  refuse(object, "a tensor");
}

OptionalOperand toOptionalOperand(py::handle object) {
  if (object.is_none())
    return std::nullopt;
  return toOperand(object);
}

llvm::SmallVector<Operand, 4> toOperands(py::handle sequence) {
  return convertAll<llvm::SmallVector<Operand, 4>>(sequence, toOperand);
}
Values toValues(py::handle sequence) { return convertAll<Values>(sequence, toValue); }

llvm::SmallVector<int64_t, 4> toInts(py::handle sequence) {
  return convertAll<llvm::SmallVector<int64_t, 4>>(sequence, [](py::handle item) {
    Operand operand = toOperand(item);
    if (auto number = operand.asInt(); number && number->isRepresentableByInt64())
      return number->getExtValue();
    refuse(item, "a compile-time integer");
  });
}

llvm::SmallVector<std::string, 4> toStrings(py::handle sequence) {
  return convertAll<llvm::SmallVector<std::string, 4>>(
      sequence, [](py::handle item) { return item.cast<std::string>(); });
}

py::list toList(llvm::ArrayRef<Value> values) {
  py::list list(values.size());
  for (auto [i, value] : llvm::enumerate(values))
    list[i] = py::cast(value);
  return list;
}

} // namespace cosmati::bindings
