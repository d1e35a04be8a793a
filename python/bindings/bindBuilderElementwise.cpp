// Elementwise operations, casts and mathematical functions.
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

namespace {

void bindBinary(BuilderClass &builder) {
  auto def = [&](const char *name, auto method) {
    builder.def(name, method, py::arg("x"), py::arg("y"));
  };
  def("add", &Builder::add);
  def("sub", &Builder::sub);
  def("mul", &Builder::mul);
  def("truediv", &Builder::truediv);
  def("floordiv", &Builder::floordiv);
  def("mod", &Builder::mod);
  def("and_", &Builder::bitAnd);
  def("or_", &Builder::bitOr);
  def("xor", &Builder::bitXor);
  def("shl", &Builder::shl);
  def("shr", &Builder::shr);
  def("lt", &Builder::lt);
  def("le", &Builder::le);
  def("gt", &Builder::gt);
  def("ge", &Builder::ge);
  def("eq", &Builder::eq);
  def("ne", &Builder::ne);
  def("logical_and", &Builder::logicalAnd);
  def("logical_or", &Builder::logicalOr);
  def("umulhi", &Builder::umulhi);
  def("div_rn", &Builder::divRn);
}

void bindUnary(BuilderClass &builder) {
  auto def = [&](const char *name, auto method) { builder.def(name, method, py::arg("x")); };
  def("neg", &Builder::neg);
  def("invert", &Builder::invert);
  def("logical_not", &Builder::logicalNot);
  def("to_bool", &Builder::toBool);
  def("abs", &Builder::abs);
  def("exp", &Builder::exp);
  def("exp2", &Builder::exp2);
  def("log", &Builder::log);
  def("log2", &Builder::log2);
  def("sin", &Builder::sin);
  def("cos", &Builder::cos);
  def("tanh", &Builder::tanh);
  def("erf", &Builder::erf);
  def("sqrt", &Builder::sqrt);
  def("sqrt_rn", &Builder::sqrtRn);
  def("rsqrt", &Builder::rsqrt);
  def("floor", &Builder::floor);
  def("ceil", &Builder::ceil);
}

} // namespace

void bindBuilderElementwise(BuilderClass &builder) {
  bindBinary(builder);
  bindUnary(builder);
  builder.def("fdiv", &Builder::fdiv, py::arg("x"), py::arg("y"), py::arg("ieee_rounding") = false)
      .def("minimum", &Builder::minimum, py::arg("x"), py::arg("y"),
           py::arg("propagate_nan") = false)
      .def("maximum", &Builder::maximum, py::arg("x"), py::arg("y"),
           py::arg("propagate_nan") = false)
      .def("clamp", &Builder::clamp, py::arg("x"), py::arg("min"), py::arg("max"),
           py::arg("propagate_nan") = false)
      .def("fma", &Builder::fma, py::arg("x"), py::arg("y"), py::arg("z"))
      .def("where", &Builder::where, py::arg("condition"), py::arg("x"), py::arg("y"))
      .def(
          "cast",
          [](Builder &b, const Operand &x, LanguageType type, std::optional<std::string> rounding) {
            return b.cast(x, type, parseRounding(rounding.value_or("")));
          },
          py::arg("x"), py::arg("type"), py::arg("fp_downcast_rounding") = py::none())
      .def(
          "bitcast",
          [](Builder &b, py::handle x, LanguageType type) {
            return b.bitcast(b.materialize(toOperand(x)), type);
          },
          py::arg("x"), py::arg("type"));
}

} // namespace cosmati::bindings
