// Products of packed elements and of sparse matrices.
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

static std::optional<Value> given(py::handle object) {
  return object.is_none() ? std::nullopt : std::optional<Value>(toValue(object));
}

void bindBuilderPackedDots(BuilderClass &builder) {
  builder
      .def(
          "dot_packed",
          [](Builder &b, py::handle x, py::handle y, std::string_view xType, std::string_view yType,
             py::handle acc) {
            return b.dotPacked(toValue(x), toValue(y), toRef(xType), toRef(yType), given(acc));
          },
          py::arg("x"), py::arg("y"), py::arg("x_type"), py::arg("y_type"), py::arg("acc"))
      .def(
          "dot_binary",
          [](Builder &b, py::handle x, py::handle y, std::string_view product, py::handle acc) {
            return b.dotBits(toValue(x), toValue(y), toRef(product), given(acc));
          },
          py::arg("x"), py::arg("y"), py::arg("product"), py::arg("acc"))
      .def(
          "dot_sparse",
          [](Builder &b, py::handle x, py::handle metadata, py::handle y, py::handle acc,
             std::optional<LanguageType> outType) {
            return b.dotSparse(toValue(x), toValue(metadata), toValue(y),
                               {given(acc), outType.value_or(LanguageType())});
          },
          py::arg("x"), py::arg("metadata"), py::arg("y"), py::arg("acc"), py::arg("out_dtype"));
}

} // namespace cosmati::bindings
