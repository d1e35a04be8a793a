#include "cosmati/Errors.h"
#include "compiler/Embedded/Failures.h"

#include "compiler/Pipeline/Compile.h"
#include "runtime/Device/Device.h"
#include "runtime/Device/Limits.h"

#include <algorithm>
#include <fstream>

namespace cosmati {

// The destructors are the classes' key functions: their type information is in the library alone,
// so that a handler finds the exceptions of either side.
CosmatiError::~CosmatiError() = default;
CompilationError::~CompilationError() = default;
OutOfResources::~OutOfResources() = default;
CompilerFailure::~CompilerFailure() = default;
DeviceError::~DeviceError() = default;
KernelFault::~KernelFault() = default;

/// The source line with a caret under the column; empty where the file can't be read.
static std::string excerpt(const SourcePlace &place) {
  std::ifstream file(place.file);
  std::string line;
  for (int i = 0; i < place.line; ++i)
    if (!std::getline(file, line))
      return {};
  size_t indent = line.find_first_not_of(" \t");
  if (indent == std::string::npos)
    return {};
  size_t caret = std::max<size_t>(place.column > 0 ? place.column - 1 : 0, indent) - indent;
  return "\n    " + line.substr(indent) + "\n    " + std::string(caret, ' ') + "^";
}

/// As the Python package prints it: the place with the first line, the source, then the rest.
static std::string located(const std::string &message, const SourcePlace &place) {
  if (place.line <= 0)
    return message;
  size_t end = std::min(message.find('\n'), message.size());
  return place.file + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
         message.substr(0, end) + excerpt(place) + message.substr(end);
}

CompilationError::CompilationError(std::string message, SourcePlace place)
    : CosmatiError(located(message, place)), message(std::move(message)), place(std::move(place)) {}

OutOfResources::OutOfResources(const std::string &text, std::string name, int64_t required,
                               int64_t limit)
    : CosmatiError(text), name(std::move(name)), required(required), limit(limit) {}

namespace detail {

static std::string resourceText(const CompileError &failure, const SourceMap &files) {
  std::string text = located(failure.message, files.place(failure.place));
  for (const CompileNote &note : failure.notes) {
    text += "\n  " + note.text;
    SourcePlace place = files.place(note.place);
    if (place.line > 0)
      text += " (" + place.file + ":" + std::to_string(place.line) + ")";
  }
  return text;
}

[[noreturn]] static void throwCompileError(const CompileError &failure, const SourceMap &files) {
  switch (failure.kind) {
  case CompileErrorKind::Program:
    throw CompilationError(failure.message, files.place(failure.place));
  case CompileErrorKind::Resources:
    throw OutOfResources(resourceText(failure, files), failure.shortage.resource,
                         failure.shortage.required, failure.shortage.limit);
  case CompileErrorKind::Assembler:
  case CompileErrorKind::Internal:
    break;
  }
  std::string text = located(failure.message, files.place(failure.place));
  if (!failure.reproducer.empty())
    text += "\nA bundle that reproduces this was written to " + failure.reproducer;
  throw CompilerFailure(text);
}

void throwError(llvm::Error error, const SourceMap &files) {
  auto locate = [&](llvm::StringRef function) { return files.find(function); };
  // A handler that throws leaves handleAllErrors with the error half handled: throw behind it.
  std::exception_ptr raised;
  auto keep = [&](auto raise) {
    try {
      raise();
    } catch (...) {
      if (!raised)
        raised = std::current_exception();
    }
  };
  llvm::handleAllErrors(
      std::move(error),
      [&](const CompileError &failure) { keep([&] { throwCompileError(failure, files); }); },
      [&](const runtime::OutOfResourcesError &failure) {
        keep([&] {
          throw OutOfResources(failure.text, failure.resource, failure.required, failure.limit);
        });
      },
      [&](const runtime::KernelFault &fault) {
        keep([&] { throw KernelFault(fault.format(locate)); });
      },
      [&](const runtime::DeviceError &failure) { keep([&] { throw DeviceError(failure.text); }); },
      [&](const llvm::ErrorInfoBase &other) {
        keep([&] { throw CosmatiError(other.message()); });
      });
  std::rethrow_exception(raised);
}

void throwError(llvm::Error error) { throwError(std::move(error), SourceMap("", Where())); }

} // namespace detail
} // namespace cosmati
