// Inline PTX, functions of bitcode libraries, and functions of scalars on each element.
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

void bindBuilderForeign(BuilderClass &builder) {
  builder
      .def(
          "extern_elementwise",
          [](Builder &b, std::string_view library, std::string_view symbol, py::handle args,
             LanguageType result, std::string_view path, bool isPure) {
            return b.externElementwise({toRef(library), toRef(path), toRef(symbol), isPure},
                                       toOperands(args), result);
          },
          py::arg("library"), py::arg("symbol"), py::arg("args"), py::arg("result"),
          py::arg("path") = "", py::arg("is_pure") = true,
          "Calls `symbol` of a bitcode library on each element; `result` is the scalar type of the "
          "result.")
      .def(
          "add_device_code", [](Builder &b, std::string_view ptx) { b.addDeviceCode(toRef(ptx)); },
          py::arg("ptx"),
          "PTX of functions that the kernel calls by extern_elementwise(\"device_code\", ...); "
          "begins with its .version.")
      .def(
          "inline_asm",
          [](Builder &b, std::string_view text, std::string_view constraints, py::handle args,
             const std::vector<LanguageType> &results, int64_t pack, bool isPure) {
            return toList(b.inlineAsm(toRef(text), toRef(constraints), toOperands(args), results,
                                      {pack, isPure}));
          },
          py::arg("text"), py::arg("constraints"), py::arg("args"), py::arg("results"),
          py::arg("pack") = 1, py::arg("is_pure") = true)
      .def(
          "begin_map",
          [](Builder &b, py::handle args, int64_t pack) {
            return toList(b.beginMap(toOperands(args), pack));
          },
          py::arg("args"), py::arg("pack") = 1,
          "Opens a region that is run for `pack` elements at a time; returns its arguments.")
      .def(
          "end_map",
          [](Builder &b, py::handle scalars) { return toList(b.endMap(toOperands(scalars))); },
          py::arg("scalars"));
}

} // namespace cosmati::bindings
