// Making and reshaping blocks, dot, reduce, scan, hints, the program's place and debugging.
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

namespace {

void bindShapes(BuilderClass &builder) {
  auto value = [](Builder &b, py::handle object) { return b.materialize(toOperand(object)); };
  builder.def("arange", &Builder::arange, py::arg("start"), py::arg("end"))
      .def(
          "full",
          [](Builder &b, py::handle shape, const Operand &fill, LanguageType type) {
            return b.full(toInts(shape), fill, type);
          },
          py::arg("shape"), py::arg("value"), py::arg("type"))
      .def(
          "splat",
          [=](Builder &b, py::handle x, py::handle shape) {
            return b.splat(value(b, x), toInts(shape));
          },
          py::arg("x"), py::arg("shape"))
      .def(
          "item", [=](Builder &b, py::handle x) { return b.item(value(b, x)); }, py::arg("x"))
      .def(
          "broadcast",
          [=](Builder &b, py::handle x, py::handle y) {
            auto [lhs, rhs] = b.broadcast(value(b, x), value(b, y));
            return py::make_tuple(lhs, rhs);
          },
          py::arg("x"), py::arg("y"))
      .def(
          "broadcast_to",
          [=](Builder &b, py::handle x, py::handle shape) {
            return b.broadcastTo(value(b, x), toInts(shape));
          },
          py::arg("x"), py::arg("shape"))
      .def(
          "expand_dims",
          [=](Builder &b, py::handle x, int64_t axis) { return b.expandDims(value(b, x), axis); },
          py::arg("x"), py::arg("axis"))
      .def(
          "reshape",
          [=](Builder &b, py::handle x, py::handle shape, bool canReorder) {
            return b.reshape(value(b, x), toInts(shape), canReorder);
          },
          py::arg("x"), py::arg("shape"), py::arg("can_reorder") = false)
      .def(
          "permute",
          [](Builder &b, py::handle x, py::handle dims) {
            return b.permute(toValue(x), toInts(dims));
          },
          py::arg("x"), py::arg("dims"))
      .def(
          "trans", [](Builder &b, py::handle x) { return b.trans(toValue(x)); }, py::arg("x"))
      .def(
          "join",
          [=](Builder &b, py::handle x, py::handle y) { return b.join(value(b, x), value(b, y)); },
          py::arg("x"), py::arg("y"))
      .def(
          "split",
          [](Builder &b, py::handle x) {
            auto [first, second] = b.split(toValue(x));
            return py::make_tuple(first, second);
          },
          py::arg("x"))
      .def(
          "cat",
          [](Builder &b, py::handle x, py::handle y, bool canReorder, int64_t dim) {
            return b.cat(toValue(x), toValue(y), canReorder, dim);
          },
          py::arg("x"), py::arg("y"), py::arg("can_reorder") = false, py::arg("dim") = 0);
}

std::optional<Value> toOptionalValue(py::handle object) {
  return object.is_none() ? std::nullopt : std::optional<Value>(toValue(object));
}

void bindCombinations(BuilderClass &builder) {
  builder
      .def(
          "dot",
          [](Builder &b, py::handle x, py::handle y, py::handle acc,
             std::optional<std::string> precision, std::optional<bool> allowTF32,
             std::optional<int64_t> impreciseAcc, std::optional<LanguageType> outType) {
            DotOptions options;
            if (!acc.is_none())
              options.acc = toValue(acc);
            std::string precisionText = precision.value_or("");
            options.inputPrecision = precisionText;
            options.allowTF32 = allowTF32;
            options.maxNumImpreciseAcc = impreciseAcc;
            options.outType = outType.value_or(LanguageType());
            return b.dot(toValue(x), toValue(y), options);
          },
          py::arg("x"), py::arg("y"), py::arg("acc") = py::none(),
          py::arg("input_precision") = py::none(), py::arg("allow_tf32") = py::none(),
          py::arg("max_num_imprecise_acc") = py::none(), py::arg("out_dtype") = py::none())
      .def(
          "dot_scaled",
          [](Builder &b, py::handle x, py::handle xScale, std::string_view xFormat, py::handle y,
             py::handle yScale, std::string_view yFormat, py::handle acc, bool fastMath,
             bool xPackedAlongK, bool yPackedAlongK, LanguageType outType) {
            return b.dotScaled({toValue(x), toRef(xFormat), toOptionalValue(xScale), xPackedAlongK},
                               {toValue(y), toRef(yFormat), toOptionalValue(yScale), yPackedAlongK},
                               {toOptionalValue(acc), fastMath, outType});
          },
          py::arg("x"), py::arg("x_scale"), py::arg("x_format"), py::arg("y"), py::arg("y_scale"),
          py::arg("y_format"), py::arg("acc"), py::arg("fast_math"), py::arg("x_k_pack"),
          py::arg("y_k_pack"), py::arg("out_dtype"))
      .def(
          "begin_reduce",
          [](Builder &b, py::handle values, std::optional<int64_t> axis) {
            return toList(b.beginReduce(toValues(values), axis));
          },
          py::arg("values"), py::arg("axis"),
          "Opens the combine region; its arguments are one tuple of scalars, then the other.")
      .def(
          "end_reduce",
          [](Builder &b, py::handle combined) { return toList(b.endReduce(toOperands(combined))); },
          py::arg("combined"))
      .def(
          "begin_scan",
          [](Builder &b, py::handle values, int64_t axis, bool reverse) {
            return toList(b.beginScan(toValues(values), axis, reverse));
          },
          py::arg("values"), py::arg("axis"), py::arg("reverse") = false)
      .def(
          "end_scan",
          [](Builder &b, py::handle combined) { return toList(b.endScan(toOperands(combined))); },
          py::arg("combined"));
}

void bindHints(BuilderClass &builder) {
  auto def = [&](const char *name, auto method) {
    builder.def(
        name,
        [method](Builder &b, py::handle x, py::handle values) {
          return (b.*method)(toValue(x), toInts(values));
        },
        py::arg("x"), py::arg("values"));
  };
  def("multiple_of", &Builder::multipleOf);
  def("max_contiguous", &Builder::maxContiguous);
  def("max_constancy", &Builder::maxConstancy);
  builder.def("assume", &Builder::assume, py::arg("condition"));
}

} // namespace

void bindBuilderBlocks(BuilderClass &builder) {
  bindShapes(builder);
  bindCombinations(builder);
  bindHints(builder);
  builder.def("program_id", &Builder::programId, py::arg("axis"))
      .def("num_programs", &Builder::numPrograms, py::arg("axis"))
      .def("debug_barrier", &Builder::debugBarrier)
      .def(
          "print",
          [](Builder &b, std::string_view prefix, py::handle args, bool hex) {
            b.print(toRef(prefix), toOperands(args), hex);
          },
          py::arg("prefix"), py::arg("args") = py::tuple(), py::arg("hex") = false)
      .def(
          "assert_",
          [](Builder &b, const Operand &condition, std::string_view message, py::handle mask) {
            b.assertThat(condition, toRef(message), toOptionalOperand(mask));
          },
          py::arg("condition"), py::arg("message") = "", py::arg("mask") = py::none());
}

} // namespace cosmati::bindings
