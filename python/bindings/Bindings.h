// The parts of `cosmati._core`, each bound by one function in the file of its name.
#pragma once

#include <pybind11/pybind11.h>

namespace cosmati::bindings {

void bindTypes(pybind11::module_ &m);
void bindBuilder(pybind11::module_ &m);

} // namespace cosmati::bindings
