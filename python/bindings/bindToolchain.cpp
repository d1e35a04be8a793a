// `_core.Toolchain`: where CUDA's pieces are.
#include "python/bindings/Bindings.h"
#include "python/bindings/PythonErrors.h"

#include "runtime/Toolchain/Assembler.h"
#include "runtime/Toolchain/Nvrtc.h"
#include "runtime/Toolchain/Toolchain.h"

#include <pybind11/stl.h>

namespace cosmati::bindings {
using namespace runtime;

namespace {

Piece pieceOf(const std::string &name) {
  const Piece *piece = llvm::find_if(allPieces, [&](Piece p) { return pieceName(p) == name; });
  if (piece == allPieces.end())
    throw py::value_error("there is no piece of the tool chain named " + name);
  return *piece;
}

py::tuple compileCuda(const Toolchain &toolchain, const std::string &source,
                      const std::string &name, const std::vector<std::string> &options) {
  const Nvrtc *nvrtc = unwrap(toolchain.nvrtc());
  auto compiled = [&] {
    py::gil_scoped_release release;
    return nvrtc->compile(source, name, options);
  }();
  Nvrtc::Compiled result = unwrap(std::move(compiled));
  return py::make_tuple(result.ok, result.ptx, result.log);
}

std::shared_ptr<Toolchain> makeToolchain(const std::map<std::string, std::string> &paths,
                                         std::vector<std::string> sitePackages,
                                         std::string cudaHome, std::vector<std::string> path) {
  ToolchainSettings settings;
  settings.sitePackages = std::move(sitePackages);
  settings.cudaHome = std::move(cudaHome);
  settings.path = std::move(path);
  for (const auto &[name, file] : paths)
    settings.paths[pieceOf(name)] = file;
  return std::make_shared<Toolchain>(std::move(settings));
}

py::list report(const Toolchain &toolchain) {
  std::vector<PieceReport> rows;
  {
    py::gil_scoped_release release;
    rows = toolchain.report();
  }
  py::list list;
  for (const PieceReport &row : rows) {
    py::dict entry;
    entry["name"] = pieceName(row.piece).str();
    entry["purpose"] = piecePurpose(row.piece).str();
    entry["path"] = row.found ? py::object(py::str(row.found->path)) : py::none();
    entry["origin"] = row.found ? py::object(py::str(row.found->origin)) : py::none();
    entry["version"] = row.version;
    entry["problem"] = row.problem;
    entry["remedy"] = row.remedy;
    list.append(entry);
  }
  return list;
}

} // namespace

void bindToolchain(py::module_ &m) {
  py::class_<Toolchain, std::shared_ptr<Toolchain>>(m, "Toolchain")
      .def(py::init(&makeToolchain), py::arg("paths"), py::arg("site_packages"),
           py::arg("cuda_home"), py::arg("path"))
      .def("report", &report, "One dict per piece: name, purpose, path, version, problem, remedy.")
      .def("compile_cuda", &compileCuda, py::arg("source"), py::arg("name"), py::arg("options"),
           "CUDA C++ to PTX by NVRTC: (whether it was accepted, PTX, the compiler's log).")
      .def(
          "version",
          [](const Toolchain &toolchain, const std::string &name) {
            return toolchain.version(pieceOf(name));
          },
          py::arg("piece"), py::call_guard<py::gil_scoped_release>())
      .def(
          "find",
          [](const Toolchain &toolchain, const std::string &name) {
            return unwrap(toolchain.find(pieceOf(name))).path;
          },
          py::arg("piece"))
      .def(
          "assembler_version",
          [](const Toolchain &toolchain) { return assemblerVersion(toolchain); },
          py::call_guard<py::gil_scoped_release>());
}

} // namespace cosmati::bindings
