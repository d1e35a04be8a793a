// One kernel of a C++ program: how its variants come to be.
#pragma once

#include "compiler/Embedded/Session.h"
#include "compiler/Embedded/Trace.h"
#include "cosmati/Launch.h"
#include "runtime/Launch/Launch.h"
#include "runtime/Launch/Specialization.h"

#include <deque>
#include <mutex>

namespace cosmati {

struct CompiledKernel::Data {
  std::shared_ptr<const runtime::KernelImage> image;
  std::shared_ptr<const detail::SourceMap> files;
  CompileOptions options;
  std::vector<runtime::KernelParam> params;
  std::string bytecode; // of the module that the kernel's function built
  std::string origin;
  std::vector<CompileRemark> remarks; // of a compilation
};

namespace detail {

using Bits = llvm::SmallVector<uint8_t, 8>;

struct KernelState::Data {
  struct Variant {
    runtime::LaunchEntry *entry = nullptr;
    std::shared_ptr<const CompiledKernel::Data> compiled;
    llvm::SmallVector<uint8_t, 8> passed; // parameters that are not compiled in
  };

  std::string name;
  std::vector<std::string> paramNames;
  std::vector<TypeSpec> params;
  RunBody run;
  Where definition;

  std::mutex mutex; // guards what follows
  runtime::KernelTable table;
  std::deque<Variant> variants;
  std::vector<std::string> optionTexts; // index: id in the keys

  Bits specialise(const ArgumentValue *arguments, bool on) const;
  std::shared_ptr<const CompiledKernel::Data> build(const void *body, const Launch &how,
                                                    const Bits &bits, const std::string &target);
};

} // namespace detail
} // namespace cosmati
