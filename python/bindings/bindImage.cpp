// `_core.KernelImage`.
#include "python/bindings/Bindings.h"
#include "python/bindings/PythonErrors.h"

#include "runtime/Image/KernelImage.h"

#include <pybind11/stl.h>

namespace cosmati::bindings {
using namespace runtime;

namespace {

py::bytes toBytes(llvm::ArrayRef<uint8_t> bytes) {
  return py::bytes(reinterpret_cast<const char *>(bytes.data()), bytes.size());
}

py::list paramList(const KernelImage &image) {
  py::list list;
  for (const KernelParam &param : image.params)
    list.append(py::make_tuple(param.name, param.type));
  return list;
}

/// Chain number n of a `.loc` is element n - 1.
py::list chainList(const KernelImage &image) {
  py::list list;
  for (const SourceChain &chain : image.chains) {
    py::list frames;
    for (const SourceFrame &frame : chain.frames)
      frames.append(py::make_tuple(frame.function, frame.line, frame.column));
    list.append(py::tuple(frames));
  }
  return list;
}

} // namespace

void bindImage(py::module_ &m) {
  py::class_<KernelImage, std::shared_ptr<KernelImage>>(
      m, "KernelImage", "One compiled kernel; see runtime/Image/KernelImage.h.")
      .def_readonly("entry", &KernelImage::entry)
      .def_readonly("target", &KernelImage::target)
      .def_readonly("num_warps", &KernelImage::numWarps)
      .def_readonly("num_ctas", &KernelImage::numCtas)
      .def_readonly("num_stages", &KernelImage::numStages)
      .def_readonly("shared_bytes", &KernelImage::sharedBytes)
      .def_readonly("max_regs", &KernelImage::maxRegs)
      .def_readonly("regs", &KernelImage::regs)
      .def_readonly("spill_bytes", &KernelImage::spillBytes)
      .def_readonly("stack_bytes", &KernelImage::stackBytes)
      .def_readonly("ptx", &KernelImage::ptx)
      .def_readonly("stages", &KernelImage::stages)
      .def_readonly("metadata", &KernelImage::metadata)
      .def_property_readonly("cubin", [](const KernelImage &image) { return toBytes(image.cubin); })
      .def_property_readonly("params", &paramList, "[(name, type)]")
      .def_property_readonly("chains", &chainList,
                             "for each chain of calls, innermost first: (function, line, column)")
      .def_property_readonly("shared_buffers",
                             [](const KernelImage &image) { return formatSharedBuffers(image); })
      .def("serialize", [](const KernelImage &image) { return toBytes(image.serialize()); })
      .def_static("deserialize", [](py::bytes data) {
        std::string_view view = data;
        llvm::ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(view.data()), view.size());
        return std::make_shared<KernelImage>(unwrap(KernelImage::deserialize(bytes)));
      });
}

} // namespace cosmati::bindings
