#include "python/bindings/PythonErrors.h"

#include "compiler/Pipeline/Compile.h"
#include "runtime/Device/Device.h"
#include "runtime/Device/Limits.h"
#include "runtime/Device/vm/VmDevice.h"
#include "runtime/Toolchain/Assembler.h"

#include "llvm/Support/FormatVariadic.h"

namespace cosmati::bindings {

char PythonException::ID = 0;

PythonException::~PythonException() {
  py::gil_scoped_acquire gil;
  raised.reset();
}

void PythonException::log(llvm::raw_ostream &out) const {
  py::gil_scoped_acquire gil;
  out << raised->what();
}

namespace {

const char *kindName(CompileErrorKind kind) {
  switch (kind) {
  case CompileErrorKind::Program:
    return "program";
  case CompileErrorKind::Resources:
    return "resources";
  case CompileErrorKind::Assembler:
    return "assembler";
  case CompileErrorKind::Internal:
    return "internal";
  }
  return "internal";
}

/// Sets the exception object that a function of cosmati.runtime.failures makes.
template <typename... Args> void setFrom(const char *maker, Args &&...args) {
  try {
    py::object exception =
        py::module_::import("cosmati.runtime.failures").attr(maker)(std::forward<Args>(args)...);
    PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
  } catch (py::error_already_set &error) {
    error.restore();
  }
}

py::list toFrames(const runtime::SourceChain &place) {
  py::list frames;
  for (const runtime::SourceFrame &frame : place.frames)
    frames.append(py::make_tuple(frame.function, frame.line, frame.column));
  return frames;
}

std::string findingsText(const runtime::VmFault &fault) {
  llvm::json::Array findings;
  for (const ptxvm::Finding &finding : fault.findings)
    findings.push_back(ptxvm::toJson(finding));
  return llvm::formatv("{0}", llvm::json::Value(std::move(findings)));
}
py::list chainsOf(const runtime::KernelImage &image) {
  py::list chains;
  for (const runtime::SourceChain &chain : image.chains)
    chains.append(toFrames(chain));
  return chains;
}

py::list toNotes(llvm::ArrayRef<CompileNote> notes) {
  py::list list;
  for (const CompileNote &note : notes)
    list.append(py::make_tuple(note.text, toFrames(note.place)));
  return list;
}

/// Asks the live front end where a function stands; nothing where it doesn't know.
std::optional<runtime::FunctionPlace> locate(llvm::StringRef function) {
  try {
    py::object found = py::module_::import("cosmati.frontend.source")
                           .attr("locate")(py::str(function.data(), function.size()));
    if (found.is_none())
      return std::nullopt;
    auto pair = found.cast<std::pair<std::string, int>>();
    return runtime::FunctionPlace{std::move(pair.first), pair.second};
  } catch (py::error_already_set &) {
    return std::nullopt;
  }
}

} // namespace

void setPythonError(llvm::Error error, PyObject *arguments) {
  bool set = false;
  auto once = [&](auto make) {
    if (!set)
      make();
    set = true;
  };
  llvm::handleAllErrors(
      std::move(error), [&](PythonException &raised) { once([&] { raised.restore(); }); },
      [&](const CompileError &failure) {
        once([&] {
          if (failure.kind == CompileErrorKind::Resources)
            setFrom("resource_failure", failure.message, toFrames(failure.place),
                    toNotes(failure.notes), failure.shortage.resource, failure.shortage.required,
                    failure.shortage.limit);
          else
            setFrom("compile_failure", kindName(failure.kind), failure.message,
                    toFrames(failure.place), failure.reproducer);
        });
      },
      [&](const runtime::AssemblerError &failure) {
        once([&] {
          setFrom("compile_failure", kindName(CompileErrorKind::Assembler), failure.message(),
                  py::list(), "");
        });
      },
      [&](const runtime::OutOfResourcesError &failure) {
        once([&] {
          setFrom("resource_failure", failure.text, py::list(), py::list(), failure.resource,
                  failure.required, failure.limit);
        });
      },
      [&](const runtime::VmFault &fault) {
        once([&] {
          setFrom("vm_findings", findingsText(fault), chainsOf(*fault.image),
                  fault.image->threadsPerCta(),
                  arguments ? py::reinterpret_borrow<py::object>(arguments)
                            : py::object(py::dict()));
        });
      },
      [&](const runtime::KernelFault &fault) {
        once([&] { setFrom("kernel_fault", fault.format(locate)); });
      },
      [&](const runtime::DeviceError &failure) {
        once([&] { setFrom("device_failure", failure.text); });
      },
      [&](const llvm::ErrorInfoBase &other) {
        once([&] {
          if (PyErr_Occurred()) // a signal's handler stopped the launch
            return;
          PyErr_SetString(PyExc_ValueError, other.message().c_str());
        });
      });
}

void throwPythonError(llvm::Error error) {
  setPythonError(std::move(error));
  throw py::error_already_set();
}

} // namespace cosmati::bindings
