// `_core.VmWatch`: how launches on the virtual machine are watched.
#include "python/bindings/Bindings.h"
#include "python/bindings/PythonErrors.h"
#include "python/bindings/VmWatching.h"

#include "llvm/Support/FormatVariadic.h"

namespace cosmati::bindings {
using namespace runtime;

VmWatch makeWatch(const std::string &checks, uint64_t seed, const std::string &schedule,
                  const std::string &async, bool profile) {
  VmWatch watch;
  watch.checks = unwrap(ptxvm::parseChecks(checks));
  watch.seed = seed;
  if (!schedule.empty())
    watch.schedule = unwrap(ptxvm::parseSchedule(schedule));
  watch.async = unwrap(ptxvm::parseAsyncCompletion(async));
  watch.profile = profile;
  return watch;
}

namespace {

/// Hands a report to Python: (entry, PTX, chains, threads of a CTA, grid, report as JSON).
void deliver(const py::object &receiver, const KernelImage &image, const LaunchDims &dims,
             const ptxvm::Report &report) {
  std::string text = llvm::formatv("{0}", ptxvm::toJson(report));
  py::gil_scoped_acquire gil;
  try {
    receiver(image.entry, std::make_shared<KernelImage>(image),
             py::make_tuple(dims.grid[0], dims.grid[1], dims.grid[2]), text);
  } catch (py::error_already_set &error) {
    error.discard_as_unraisable("cosmati's profile");
  }
}

/// Python objects whose addresses are in force, by nesting; each thread has its own.
thread_local py::object *inForce = nullptr;

} // namespace

void bindVmWatch(py::module_ &m) {
  py::class_<VmWatch>(m, "VmWatch")
      .def(py::init([](const std::string &checks, uint64_t seed, const std::string &schedule,
                       const std::string &async, bool profile, py::object receiver) {
             VmWatch watch = makeWatch(checks, seed, schedule, async, profile);
             if (!receiver.is_none())
               watch.sink = [kept = std::make_shared<py::object>(std::move(receiver))](
                                const KernelImage &image, const LaunchDims &dims,
                                const ptxvm::Report &report) {
                 deliver(*kept, image, dims, report);
               };
             return watch;
           }),
           py::arg("checks") = "none", py::arg("seed") = 0, py::arg("schedule") = "",
           py::arg("async_copies") = "late", py::arg("profile") = false,
           py::arg("receiver") = py::none());
  m.def(
      "watch_launches",
      [](py::object watch) -> py::object {
        const VmWatch *next = watch.is_none() ? nullptr : watch.cast<const VmWatch *>();
        watchLaunches(next);
        py::object previous = inForce ? *inForce : py::object(py::none());
        delete inForce;
        inForce = next ? new py::object(std::move(watch)) : nullptr;
        return previous;
      },
      py::arg("watch"),
      "Makes this thread's launches follow a VmWatch (None: the device's own); gives what was in "
      "force.");
}

} // namespace cosmati::bindings
