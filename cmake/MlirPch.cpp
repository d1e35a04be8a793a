// The one file that owns the shared precompiled header; see cmake/Cosmati.cmake.
