# One helper per kind of target; a room's CMakeLists.txt is a list of calls of these.

# cosmati_rooms(dir...): descends into the folders that exist.
function(cosmati_rooms)
  foreach(room IN LISTS ARGN)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${room}/CMakeLists.txt")
      add_subdirectory(${room})
    endif()
  endforeach()
endfunction()

# cosmati_library(name SOURCES ... LINK ...): a static library that includes no MLIR header.
function(cosmati_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC cosmati_flags ${arg_LINK})
endfunction()

# cosmati_mlir_library(name SOURCES ... LINK ... TABLEGEN ...): a static library on the shared precompiled MLIR header.
# TABLEGEN names the targets whose generated files must exist before the sources compile.
function(cosmati_mlir_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;TABLEGEN" ${ARGN})
  cosmati_library(${name} SOURCES ${arg_SOURCES} LINK ${arg_LINK})
  target_precompile_headers(${name} REUSE_FROM cosmati_mlir_pch)
  if(arg_TABLEGEN)
    add_dependencies(${name} ${arg_TABLEGEN})
  endif()
endfunction()

# cosmati_tool(name [MLIR] SOURCES ... LINK ...): a command-line program.
function(cosmati_tool name)
  cmake_parse_arguments(arg "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE cosmati_flags ${arg_LINK})
  if(arg_MLIR)
    # CMake gives executables -fPIE, but a precompiled header serves only the mode that it was compiled in.
    target_compile_options(${name} PRIVATE -fPIC)
    target_precompile_headers(${name} REUSE_FROM cosmati_mlir_pch)
    target_link_libraries(${name} PRIVATE cosmati_mlir_archives)
  endif()
endfunction()

# cosmati_unittest(name [MLIR] SOURCES ... LINK ...): a GoogleTest program, run by ctest.
function(cosmati_unittest name)
  if(NOT COSMATI_BUILD_TESTS)
    return()
  endif()
  find_package(GTest REQUIRED)
  cmake_parse_arguments(arg "MLIR" "" "SOURCES;LINK" ${ARGN})
  set(flags "")
  if(arg_MLIR)
    set(flags MLIR)
  endif()
  cosmati_tool(${name} ${flags} SOURCES ${arg_SOURCES} LINK ${arg_LINK} GTest::gtest GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin/unit")
  add_test(NAME ${name} COMMAND ${name})
endfunction()

add_library(cosmati_mlir_pch STATIC "${CMAKE_SOURCE_DIR}/cmake/MlirPch.cpp")
target_link_libraries(cosmati_mlir_pch PUBLIC cosmati_flags)
target_precompile_headers(cosmati_mlir_pch PRIVATE "${CMAKE_SOURCE_DIR}/cmake/MlirPch.h")

# cosmati_tablegen(target SOURCE file.td OUTPUTS "File.h.inc -gen-op-decls" ...): runs mlir-tblgen for each output.
function(cosmati_tablegen target)
  cmake_parse_arguments(arg "" "SOURCE" "OUTPUTS" ${ARGN})
  set(LLVM_TARGET_DEFINITIONS ${arg_SOURCE})
  set(MLIR_TABLEGEN_INCLUDES "")
  foreach(output IN LISTS arg_OUTPUTS)
    separate_arguments(words UNIX_COMMAND "${output}")
    list(POP_FRONT words file)
    mlir_tablegen(${file} ${words} "-I${CMAKE_SOURCE_DIR}" "-I${MLIR_INCLUDE_DIRS}" "-I${LLVM_INCLUDE_DIRS}")
  endforeach()
  add_custom_target(${target} DEPENDS ${TABLEGEN_OUTPUT})
  set(TABLEGEN_OUTPUT "" PARENT_SCOPE)
endfunction()
