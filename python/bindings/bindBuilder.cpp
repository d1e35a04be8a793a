// `_core.Context`, `_core.Builder` and the errors: the frame that the families of operations are
// bound into.
#include "python/bindings/Bindings.h"
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

namespace {

void bindErrors(py::module_ &m) {
  py::handle languageError =
      py::register_exception<LanguageError>(m, "LanguageError", PyExc_ValueError);
  // A TypeError, too, so that `except TypeError` works as in Python.
  py::tuple bases = py::make_tuple(languageError, py::handle(PyExc_TypeError));
  py::register_exception<LanguageTypeError>(m, "LanguageTypeError", bases);
}

} // namespace

void bindBuilder(py::module_ &m) {
  bindErrors(m);
  py::class_<mlir::MLIRContext>(m, "Context", "Owns the IR of the kernels compiled by one thread.")
      .def(py::init([] { return makeContext(); }));

  BuilderClass builder(m, "Builder",
                       "Builds one module of tile IR. Operands are Values, bool, int or float, or "
                       "objects whose `.handle` or "
                       "`.value` is one of these. Raises LanguageError or LanguageTypeError.");
  builder.def(py::init<mlir::MLIRContext &>(), py::arg("context"), py::keep_alive<1, 2>())
      .def("module_text", &Builder::moduleText, py::arg("locations") = false)
      .def("verify", &Builder::verify)
      .def(
          "set_location",
          [](Builder &b, std::string_view file, unsigned line, unsigned column) {
            b.setLocation(toRef(file), line, column);
          },
          py::arg("file"), py::arg("line"), py::arg("col"))
      .def_property(
          "saturate_fp8", [](Builder &b) { return b.options.saturateFP8; },
          [](Builder &b, bool on) { b.options.saturateFP8 = on; })
      .def_property(
          "dot_precision", [](Builder &b) { return b.options.dotPrecision; },
          [](Builder &b, std::string precision) { b.options.dotPrecision = std::move(precision); })
      .def("to_tensor", py::overload_cast<const Operand &>(&Builder::materialize), py::arg("x"));
  bindBuilderElementwise(builder);
  bindBuilderForeign(builder);
  bindBuilderBlocks(builder);
  bindBuilderPackedDots(builder);
  bindBuilderMemory(builder, m);
  bindBuilderControl(builder);
}

} // namespace cosmati::bindings
