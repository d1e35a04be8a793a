// Errors of kernel authors: what the checked construction of tile IR refuses.
//
// A message names the offending value, the bound and the remedy; the front end adds the source line
// and the chain of inlined calls.
#pragma once

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/FormatVariadic.h"
#include <stdexcept>
#include <string>

namespace cosmati {

/// A value, shape or option that the language does not allow (Python: ValueError).
class LanguageError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Operand types that do not go together (Python: TypeError).
class LanguageTypeError : public LanguageError {
public:
  using LanguageError::LanguageError;
};

namespace lang {

/// Throws a LanguageError whose text is `format` filled in by llvm::formatv.
template <typename... Args> [[noreturn]] void fail(const char *format, Args &&...args) {
  throw LanguageError(llvm::formatv(format, std::forward<Args>(args)...).str());
}

/// Throws a LanguageTypeError, likewise.
template <typename... Args> [[noreturn]] void failType(const char *format, Args &&...args) {
  throw LanguageTypeError(llvm::formatv(format, std::forward<Args>(args)...).str());
}

/// `[128, 64]`, as shapes stand in messages and type names.
std::string printShape(llvm::ArrayRef<int64_t> shape);

} // namespace lang
} // namespace cosmati
