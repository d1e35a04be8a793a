// The extension module `cosmati._core`.
#include "python/bindings/Bindings.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "Cosmati's compiler and runtime. The Python package is its face; nothing here is "
            "called by users.";
  cosmati::bindings::bindTypes(m);
  cosmati::bindings::bindBuilder(m);
  cosmati::bindings::bindImage(m);
  cosmati::bindings::bindToolchain(m);
  cosmati::bindings::bindVm(m);
  cosmati::bindings::bindDevice(m);
  cosmati::bindings::bindCache(m);
  cosmati::bindings::bindCompile(m);
  cosmati::bindings::bindLauncher(m);
  cosmati::bindings::bindDirectLaunch(m);
}
