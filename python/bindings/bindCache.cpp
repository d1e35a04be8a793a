// `_core.DiskCache`: the cache on disk, for the command line.
#include "python/bindings/Bindings.h"

#include "runtime/Cache/DiskCache.h"

#include <pybind11/stl.h>

namespace cosmati::bindings {
namespace py = pybind11;
using namespace runtime;

namespace {

py::dict statistics(DiskCache &cache) {
  CacheStats stats = cache.stats();
  py::dict result;
  result["entries"] = stats.entries;
  result["aliases"] = stats.aliases;
  result["bytes"] = stats.bytes;
  result["temporaries"] = stats.temporaries;
  result["locks"] = stats.locks;
  result["hits"] = stats.hits;
  result["misses"] = stats.misses;
  result["corrupt"] = stats.corrupt;
  result["puts"] = stats.puts;
  result["failed_puts"] = stats.failedPuts;
  result["evicted"] = stats.evicted;
  result["readable"] = stats.readable;
  result["writable"] = stats.writable;
  return result;
}

} // namespace

void bindCache(py::module_ &m) {
  py::class_<DiskCache>(m, "DiskCache")
      .def(py::init<std::string, uint64_t>(), py::arg("root"), py::arg("max_bytes"))
      .def_property_readonly("root", &DiskCache::root)
      .def("stats", &statistics)
      .def(
          "verify",
          [](DiskCache &cache, bool removeBad) {
            VerifyResult result = cache.verify(removeBad);
            py::dict report;
            report["good"] = result.good;
            report["bad"] = result.bad;
            report["dangling"] = result.dangling;
            return report;
          },
          py::arg("remove_bad") = false)
      .def("gc", &DiskCache::gc, py::arg("max_bytes") = py::none(),
           py::call_guard<py::gil_scoped_release>())
      .def("clear", &DiskCache::clear, py::call_guard<py::gil_scoped_release>());
}

} // namespace cosmati::bindings
