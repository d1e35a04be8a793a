// Functions, branches and loops.
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

namespace {

/// [(name, initial value), ...]
llvm::SmallVector<CarriedVariable, 4> toCarried(py::handle sequence) {
  llvm::SmallVector<CarriedVariable, 4> carried;
  for (py::handle item : sequence) {
    auto pair = py::reinterpret_borrow<py::sequence>(item);
    carried.push_back({pair[0].cast<std::string>(), toOperand(pair[1])});
  }
  return carried;
}

void bindFunctions(BuilderClass &builder) {
  builder
      .def(
          "begin_function",
          [](Builder &b, std::string_view name, const std::vector<LanguageType> &types,
             bool isKernel, py::handle argNames, py::handle argDivisibility, bool noInline) {
            auto names = toStrings(argNames);
            auto divisibility = toInts(argDivisibility);
            return toList(
                b.beginFunction(toRef(name), types, {isKernel, names, divisibility, noInline}));
          },
          py::arg("name"), py::arg("types"), py::arg("is_kernel") = false,
          py::arg("arg_names") = py::tuple(), py::arg("arg_divisibility") = py::tuple(),
          py::arg("no_inline") = false,
          "Opens a function; another may be open. Returns its arguments.")
      .def(
          "end_function",
          [](Builder &b, py::handle results) {
            b.endFunction(results.is_none() ? llvm::SmallVector<Operand, 4>()
                                            : toOperands(results));
          },
          py::arg("results") = py::none())
      .def(
          "has_function",
          [](Builder &b, std::string_view name) { return b.hasFunction(toRef(name)); },
          py::arg("name"))
      .def(
          "call",
          [](Builder &b, std::string_view name, py::handle args) {
            return toList(b.call(toRef(name), toValues(args)));
          },
          py::arg("name"), py::arg("args"))
      .def("open_scopes", [](Builder &b) {
        py::list names;
        for (const std::string &name : b.openScopes())
          names.append(name);
        return names;
      });
}

} // namespace

void bindBuilderControl(BuilderClass &builder) {
  bindFunctions(builder);
  builder.def("begin_if", &Builder::beginIf, py::arg("condition"))
      .def("begin_else", &Builder::beginElse)
      .def(
          "end_if",
          [](Builder &b, py::handle names, py::handle thenValues, py::handle elseValues) {
            return toList(
                b.endIf(toStrings(names), toOperands(thenValues), toOperands(elseValues)));
          },
          py::arg("names") = py::tuple(), py::arg("then_values") = py::tuple(),
          py::arg("else_values") = py::tuple())
      .def(
          "begin_for",
          [](Builder &b, const Operand &low, const Operand &high, const Operand &step,
             py::handle carried, std::optional<int64_t> numStages, std::optional<int64_t> unroll,
             bool disallowAccMultiBuffer, bool flatten, bool warpSpecialize, bool disableLicm) {
            LoopOptions options{numStages, unroll,         disallowAccMultiBuffer,
                                flatten,   warpSpecialize, disableLicm};
            ForLoop loop = b.beginFor(low, high, step, toCarried(carried), options);
            return py::make_tuple(loop.inductionVariable, toList(loop.carried));
          },
          py::arg("low"), py::arg("high"), py::arg("step"), py::arg("carried"),
          py::arg("num_stages") = py::none(), py::arg("loop_unroll_factor") = py::none(),
          py::arg("disallow_acc_multi_buffer") = false, py::arg("flatten") = false,
          py::arg("warp_specialize") = false, py::arg("disable_licm") = false,
          "carried: [(name, initial value)]. Returns (induction variable, [carried values in the "
          "body]).")
      .def(
          "end_for",
          [](Builder &b, py::handle yields) { return toList(b.endFor(toOperands(yields))); },
          py::arg("yields") = py::tuple())
      .def(
          "begin_while",
          [](Builder &b, py::handle carried) { return toList(b.beginWhile(toCarried(carried))); },
          py::arg("carried"))
      .def(
          "while_condition",
          [](Builder &b, const Operand &condition) { return toList(b.whileCondition(condition)); },
          py::arg("condition"))
      .def(
          "end_while",
          [](Builder &b, py::handle yields) { return toList(b.endWhile(toOperands(yields))); },
          py::arg("yields") = py::tuple());
}

} // namespace cosmati::bindings
