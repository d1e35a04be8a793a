// `_core.Type`: types of the kernel language.
#include "compiler/Builder/Promotion.h"
#include "python/bindings/Bindings.h"
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

void bindTypes(py::module_ &m) {
  py::class_<LanguageType>(
      m, "Type", "A scalar, a pointer or a block; equal types are one object's worth of pointer.")
      .def_property_readonly("name", [](LanguageType t) { return t.str(); })
      .def_property_readonly("is_block", &LanguageType::isBlock)
      .def_property_readonly("shape",
                             [](LanguageType t) {
                               py::tuple shape(t.rank());
                               for (auto [i, extent] : llvm::enumerate(t.shape()))
                                 shape[i] = extent;
                               return shape;
                             })
      .def_property_readonly("numel", &LanguageType::numel)
      .def_property_readonly("scalar", &LanguageType::scalar,
                             "element type of a block, else the type itself")
      .def("with_scalar", &LanguageType::withScalar, py::arg("scalar"))
      .def_property_readonly("is_ptr", &LanguageType::isPointer)
      .def_property_readonly("element", &LanguageType::pointee, "what a pointer points to")
      .def_property_readonly("is_const", &LanguageType::isConst)
      .def_property_readonly("address_space", &LanguageType::addressSpace)
      .def_property_readonly("bitwidth", &LanguageType::bitwidth)
      .def_property_readonly("mantissa_width", &LanguageType::mantissaWidth)
      .def_property_readonly("is_void", &LanguageType::isVoid)
      .def_property_readonly("is_bool", &LanguageType::isBool)
      .def_property_readonly("is_int", &LanguageType::isInt)
      .def_property_readonly("is_signed", &LanguageType::isSigned)
      .def_property_readonly("is_unsigned", &LanguageType::isUnsigned)
      .def_property_readonly("is_float", &LanguageType::isFloat)
      .def_property_readonly("is_fp8", &LanguageType::isFP8)
      .def("__str__", [](LanguageType t) { return t.str(); })
      .def("__repr__", [](LanguageType t) { return t.str(); })
      .def("__hash__", [](LanguageType t) { return reinterpret_cast<intptr_t>(t.opaque()) >> 4; })
      .def("__eq__", [](LanguageType t, py::handle other) {
        return py::isinstance<LanguageType>(other) && other.cast<const LanguageType &>() == t;
      });

  m.def(
      "scalar_type", [](std::string_view name) { return LanguageType::fromName(toRef(name)); },
      py::arg("name"),
      "The scalar type of that name: void, int1, int8 to int64, uint8 to uint64, fp8e5, fp8e4nv, "
      "fp8e4b8, fp8e5b16, "
      "fp8e4b15, fp16, bf16, fp32, fp64.");
  m.def("pointer_type", &LanguageType::pointer, py::arg("element"), py::arg("const") = false,
        py::arg("address_space") = 1);
  m.def(
      "block_type",
      [](LanguageType element, py::handle shape) {
        return LanguageType::block(element, toInts(shape));
      },
      py::arg("element"), py::arg("shape"));

  py::class_<Value>(m, "Value", "A value of the kernel being built.")
      .def_readonly("type", &Value::type)
      .def("__repr__", [](const Value &v) { return "<Value " + v.type.str() + ">"; });
  m.def(
      "literal_type", [](const Operand &number) { return number.type(); }, py::arg("number"),
      "The type of a number that stands alone in a kernel.");
  m.def(
      "promote",
      [](LanguageType a, LanguageType b, bool divOrMod) {
        return computationType(a.scalar(), false, b.scalar(), false, divOrMod);
      },
      py::arg("a"), py::arg("b"), py::arg("div_or_mod") = false,
      "The scalar type that two tensors are computed in.");
}

} // namespace cosmati::bindings
