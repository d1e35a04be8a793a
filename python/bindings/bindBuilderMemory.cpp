// Loads, stores, atomics and block pointers.
#include "python/bindings/bindBuilderOperand.h"

namespace cosmati::bindings {
using namespace lang;

namespace {

void bindAtomics(BuilderClass &builder) {
  auto def = [&](const char *name, AtomicOp op) {
    builder.def(
        name,
        [op](Builder &b, py::handle pointer, const Operand &value, py::handle mask,
             std::optional<std::string> sem, std::optional<std::string> scope) {
          std::string semText = sem.value_or(""), scopeText = scope.value_or("");
          return b.atomic(op, toValue(pointer), value,
                          {toOptionalOperand(mask), semText, scopeText});
        },
        py::arg("pointer"), py::arg("val"), py::arg("mask") = py::none(),
        py::arg("sem") = py::none(), py::arg("scope") = py::none());
  };
  def("atomic_add", AtomicOp::Add);
  def("atomic_max", AtomicOp::Max);
  def("atomic_min", AtomicOp::Min);
  def("atomic_and", AtomicOp::And);
  def("atomic_or", AtomicOp::Or);
  def("atomic_xor", AtomicOp::Xor);
  def("atomic_xchg", AtomicOp::Xchg);
  builder.def(
      "atomic_cas",
      [](Builder &b, py::handle pointer, const Operand &compare, const Operand &value,
         std::optional<std::string> sem, std::optional<std::string> scope) {
        std::string semText = sem.value_or(""), scopeText = scope.value_or("");
        return b.atomicCas(toValue(pointer), compare, value, {std::nullopt, semText, scopeText});
      },
      py::arg("pointer"), py::arg("cmp"), py::arg("val"), py::arg("sem") = py::none(),
      py::arg("scope") = py::none());
}

Values flatten(const BlockPointer &p) {
  Values all{p.base};
  all.append(p.shape);
  all.append(p.strides);
  all.append(p.offsets);
  return all;
}

BlockPointer withValues(const BlockPointer &p, py::handle sequence) {
  Values all = toValues(sequence);
  size_t rank = p.blockShape.size();
  if (all.size() != 1 + 3 * rank)
    fail("a block pointer of rank {0} has {1} values, got {2}", rank, 1 + 3 * rank, all.size());
  llvm::ArrayRef<Value> rest(all.begin() + 1, all.end());
  return {all.front(), Values(rest.take_front(rank)), Values(rest.slice(rank, rank)),
          Values(rest.take_back(rank)), p.blockShape};
}

void bindBlockPointers(BuilderClass &builder, py::module_ &m) {
  py::class_<BlockPointer>(m, "BlockPointer",
                           "A window of a strided array; see Builder.make_block_ptr.")
      .def_property_readonly("block_type",
                             [](const BlockPointer &p) {
                               return LanguageType::block(p.base.type.pointee(), p.blockShape);
                             })
      .def(
          "flatten", [](const BlockPointer &p) { return toList(flatten(p)); },
          "base, shape, strides, offsets")
      .def("with_values", &withValues, py::arg("values"),
           "the same kind of pointer around other flattened values");
  builder
      .def(
          "make_block_ptr",
          [](Builder &b, py::handle base, py::handle shape, py::handle strides, py::handle offsets,
             py::handle block) {
            return b.makeBlockPointer(toValue(base), toOperands(shape), toOperands(strides),
                                      toOperands(offsets), toInts(block));
          },
          py::arg("base"), py::arg("shape"), py::arg("strides"), py::arg("offsets"),
          py::arg("block_shape"))
      .def(
          "advance",
          [](Builder &b, const BlockPointer &pointer, py::handle offsets) {
            return b.advance(pointer, toOperands(offsets));
          },
          py::arg("pointer"), py::arg("offsets"))
      .def(
          "block_addresses",
          [](Builder &b, const BlockPointer &pointer, py::handle boundaryCheck) {
            MemoryBuilder::Expanded expanded = b.expand(pointer, toInts(boundaryCheck));
            py::object mask = py::none();
            if (expanded.mask)
              mask = py::cast(expanded.mask->value());
            return py::make_tuple(expanded.pointers, mask);
          },
          py::arg("pointer"), py::arg("boundary_check"),
          "(pointers, mask or None): the addresses of the window's elements, and which exist.")
      .def(
          "load_block",
          [](Builder &b, const BlockPointer &pointer, py::handle boundaryCheck,
             std::string_view padding, std::string_view cache, std::string_view evict,
             bool isVolatile) {
            return b.load(pointer, toInts(boundaryCheck), toRef(padding),
                          {std::nullopt, std::nullopt, toRef(cache), toRef(evict), isVolatile});
          },
          py::arg("pointer"), py::arg("boundary_check") = py::tuple(),
          py::arg("padding_option") = "", py::arg("cache_modifier") = "",
          py::arg("eviction_policy") = "", py::arg("volatile") = false)
      .def(
          "store_block",
          [](Builder &b, const BlockPointer &pointer, const Operand &value,
             py::handle boundaryCheck, std::string_view cache, std::string_view evict) {
            b.store(pointer, value, toInts(boundaryCheck),
                    {std::nullopt, toRef(cache), toRef(evict)});
          },
          py::arg("pointer"), py::arg("value"), py::arg("boundary_check") = py::tuple(),
          py::arg("cache_modifier") = "", py::arg("eviction_policy") = "");
}

} // namespace

void bindBuilderMemory(BuilderClass &builder, py::module_ &m) {
  builder
      .def(
          "load",
          [](Builder &b, py::handle pointer, py::handle mask, py::handle other,
             std::string_view cache, std::string_view evict, bool isVolatile) {
            return b.load(toValue(pointer), {toOptionalOperand(mask), toOptionalOperand(other),
                                             toRef(cache), toRef(evict), isVolatile});
          },
          py::arg("pointer"), py::arg("mask") = py::none(), py::arg("other") = py::none(),
          py::arg("cache_modifier") = "", py::arg("eviction_policy") = "",
          py::arg("volatile") = false)
      .def(
          "store",
          [](Builder &b, py::handle pointer, const Operand &value, py::handle mask,
             std::string_view cache, std::string_view evict) {
            b.store(toValue(pointer), value, {toOptionalOperand(mask), toRef(cache), toRef(evict)});
          },
          py::arg("pointer"), py::arg("value"), py::arg("mask") = py::none(),
          py::arg("cache_modifier") = "", py::arg("eviction_policy") = "");
  bindAtomics(builder);
  bindBlockPointers(builder, m);
}

} // namespace cosmati::bindings
