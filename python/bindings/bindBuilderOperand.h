// Fast conversion of Python arguments for the Builder's methods.
//
// An operand is a `_core.Value`, a Python bool, int or float, or an object that wraps one of these:
// `.handle` (a tensor of the language) or `.value` (a compile-time constant). No overload
// resolution takes place: a wrong argument is an error that names it.
#pragma once

#include "compiler/Builder/Builder.h"
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace cosmati::bindings {

namespace py = pybind11;

/// Throws LanguageTypeError if `object` is no operand, LanguageError if it is an integer beyond 64
/// bits.
lang::Operand toOperand(py::handle object);
/// Throws LanguageTypeError if `object` is neither a Value nor a wrapper of one.
const lang::Value &toValue(py::handle object);

llvm::SmallVector<lang::Operand, 4> toOperands(py::handle sequence);
lang::Values toValues(py::handle sequence);
llvm::SmallVector<int64_t, 4> toInts(py::handle sequence);
llvm::SmallVector<std::string, 4> toStrings(py::handle sequence);
/// nullopt for None.
lang::OptionalOperand toOptionalOperand(py::handle object);

/// A Python list of values.
py::list toList(llvm::ArrayRef<lang::Value> values);

inline llvm::StringRef toRef(std::string_view text) { return {text.data(), text.size()}; }

using BuilderClass = py::class_<lang::Builder>;
void bindBuilderElementwise(BuilderClass &builder);
void bindBuilderMemory(BuilderClass &builder, py::module_ &m);
void bindBuilderBlocks(BuilderClass &builder);
void bindBuilderForeign(BuilderClass &builder);
void bindBuilderPackedDots(BuilderClass &builder);
void bindBuilderControl(BuilderClass &builder);

} // namespace cosmati::bindings

namespace pybind11::detail {

template <> struct type_caster<cosmati::lang::Operand> {
  static constexpr auto name = const_name("Value | bool | int | float");
  bool load(handle source, bool) {
    operand.emplace(cosmati::bindings::toOperand(source));
    return true;
  }
  template <typename T> using cast_op_type = movable_cast_op_type<T>;
  operator cosmati::lang::Operand *() { return &*operand; }
  operator cosmati::lang::Operand &() { return *operand; }
  operator cosmati::lang::Operand &&() && { return std::move(*operand); }

private:
  std::optional<cosmati::lang::Operand> operand;
};

} // namespace pybind11::detail
