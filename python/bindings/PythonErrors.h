// Errors between C++ and Python: llvm::Error to exceptions of the package, and exceptions of
// callbacks through llvm::Error and back.
#pragma once

#include "llvm/Support/Error.h"

#include <pybind11/pybind11.h>

namespace cosmati::bindings {

namespace py = pybind11;

/// An exception that a Python callback raised, on its way through C++ to the caller. Made, moved
/// and destroyed by threads that may not hold the GIL: it takes the GIL where it needs it.
class PythonException : public llvm::ErrorInfo<PythonException> {
public:
  static char ID;
  /// Call with the GIL held.
  explicit PythonException(const py::error_already_set &raised)
      : raised(std::make_shared<py::error_already_set>(raised)) {}
  ~PythonException() override;
  /// Sets it as the current thread's exception; call with the GIL held.
  void restore() { raised->restore(); }
  void log(llvm::raw_ostream &out) const override;
  std::error_code convertToErrorCode() const override { return llvm::inconvertibleErrorCode(); }

private:
  std::shared_ptr<py::error_already_set> raised;
};

/// Sets the Python exception that says what `error` says. Call with the GIL held. Compile errors,
/// faults of kernels and device errors become the package's own exceptions, others a ValueError.
/// `arguments`: a dict of the launch's arguments by name, for reports of kernels; may be null.
void setPythonError(llvm::Error error, PyObject *arguments = nullptr);

/// Throws it instead, for functions that pybind11 binds.
[[noreturn]] void throwPythonError(llvm::Error error);

/// The value, or throws.
template <typename T> T unwrap(llvm::Expected<T> expected) {
  if (!expected)
    throwPythonError(expected.takeError());
  return std::move(*expected);
}
inline void check(llvm::Error error) {
  if (error)
    throwPythonError(std::move(error));
}

} // namespace cosmati::bindings
