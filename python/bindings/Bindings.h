// The parts of `cosmati._core`, each bound by one function in the file of its name.
#pragma once

#include <pybind11/pybind11.h>

namespace cosmati::bindings {

void bindTypes(pybind11::module_ &m);
void bindBuilder(pybind11::module_ &m);
void bindImage(pybind11::module_ &m);
void bindToolchain(pybind11::module_ &m);
void bindDevice(pybind11::module_ &m);
void bindCache(pybind11::module_ &m);
void bindCompile(pybind11::module_ &m);
void bindVm(pybind11::module_ &m);
void bindLauncher(pybind11::module_ &m);
void bindDirectLaunch(pybind11::module_ &m);

} // namespace cosmati::bindings
