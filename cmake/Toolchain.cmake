# Compiler flags, LLVM/MLIR and the tools that the build needs.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Asserts of our own code stay on: Debian's LLVM is built without, so ours are the ones that speak.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness lets ccache serve files that use the shared precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

set(COSMATI_LLVM_DIR "/usr/lib/llvm-22" CACHE PATH "where LLVM and MLIR 22 are installed")
find_package(MLIR 22.1 REQUIRED CONFIG PATHS "${COSMATI_LLVM_DIR}/lib/cmake/mlir" NO_DEFAULT_PATH)
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
find_package(Threads REQUIRED)

# -Wno-unused-parameter: generated code has them. -Wno-deprecated-declarations: libstdc++ 12's own std::stable_sort warns under Clang.
add_library(cosmati_flags INTERFACE)
target_compile_options(cosmati_flags INTERFACE -Wall -Wextra -Werror -Wno-unused-parameter -Wno-deprecated-declarations -fno-semantic-interposition
  -ffunction-sections -fdata-sections)
target_include_directories(cosmati_flags INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
target_include_directories(cosmati_flags SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_compile_definitions(cosmati_flags INTERFACE ${LLVM_DEFINITIONS_LIST})
target_link_options(cosmati_flags INTERFACE -fuse-ld=lld -Wl,--gc-sections)
if(COSMATI_SANITIZE)
  target_compile_options(cosmati_flags INTERFACE -fsanitize=${COSMATI_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  target_link_options(cosmati_flags INTERFACE -fsanitize=${COSMATI_SANITIZE})
endif()

# g++ looks for ld.lld; Debian installs it as ld.lld-22.
find_program(COSMATI_LLD NAMES ld.lld PATHS "${COSMATI_LLVM_DIR}/bin" NO_DEFAULT_PATH REQUIRED)
get_filename_component(COSMATI_LLD_DIR "${COSMATI_LLD}" DIRECTORY)
target_link_options(cosmati_flags INTERFACE "-B${COSMATI_LLD_DIR}")

# LLVM and MLIR are linked from their archives, by name: the imported targets of find_package(MLIR) pull in libLLVM.so,
# and two LLVMs in one process corrupt each other's global state.
function(cosmati_llvm_archives out)
  execute_process(COMMAND "${COSMATI_LLVM_DIR}/bin/llvm-config" --link-static --libfiles ${ARGN}
    OUTPUT_VARIABLE files OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  separate_arguments(files UNIX_COMMAND "${files}")
  set(${out} ${files} PARENT_SCOPE)
endfunction()

cosmati_llvm_archives(support_archives support)
add_library(cosmati_llvm_support INTERFACE)
target_link_libraries(cosmati_llvm_support INTERFACE ${support_archives} Threads::Threads z zstd dl)

cosmati_llvm_archives(compiler_archives nvptx core support analysis passes target linker bitreader bitwriter irreader
  ipo transformutils mc asmparser frontendopenmp)
file(GLOB mlir_archives "${COSMATI_LLVM_DIR}/lib/libMLIR*.a")
list(FILTER mlir_archives EXCLUDE REGEX "MLIRCAPI|Test|ExecutionEngine|MLIRMlirOptMain|Python|Runner|_runner|TblgenLib|TableGen|Tblgen")
add_library(cosmati_mlir_archives INTERFACE)
target_link_libraries(cosmati_mlir_archives INTERFACE -Wl,--start-group ${mlir_archives} ${compiler_archives} -Wl,--end-group
  Threads::Threads z zstd dl m)
