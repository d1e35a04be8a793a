#include "compiler/Target/NVPTX/Libdevice.h"

#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Transforms/IPO/Internalize.h"

using namespace cosmati;
using llvm::Error;

namespace {
constexpr llvm::StringLiteral kPrefix = "__nv_";
}

std::vector<std::string> cosmati::neededLibdeviceFunctions(const llvm::Module &module) {
  std::vector<std::string> names;
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && function.getName().starts_with(kPrefix) &&
        !function.use_empty())
      names.push_back(function.getName().str());
  return names;
}

Error cosmati::linkBitcode(llvm::Module &module, llvm::StringRef path) {
  llvm::SMDiagnostic problem;
  // Lazy: bodies are read only for the functions that are linked.
  auto library = llvm::getLazyIRFileModule(path, problem, module.getContext());
  if (!library)
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "the library " + path +
                                       " can't be read: " + problem.getMessage());
  library->setDataLayout(module.getDataLayout());
  library->setTargetTriple(module.getTargetTriple());
  for (llvm::Function &function : *library) // what was compiled for another target is not inlined
    for (llvm::StringRef attribute : {"target-cpu", "target-features"})
      function.removeFnAttr(attribute);
  bool failed = llvm::Linker::linkModules(
      module, std::move(library), llvm::Linker::LinkOnlyNeeded,
      [](llvm::Module &linked, const llvm::StringSet<> &imported) {
        llvm::internalizeModule(linked, [&](const llvm::GlobalValue &value) {
          return !value.hasName() || !imported.contains(value.getName());
        });
      });
  if (failed)
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "linking the library " + path + " failed");
  return Error::success();
}

Error cosmati::linkLibdevice(llvm::Module &module, llvm::StringRef path, bool ftz) {
  // NVVMReflect answers libdevice's __nvvm_reflect("__CUDA_FTZ") from this flag.
  if (!module.getModuleFlag("nvvm-reflect-ftz"))
    module.addModuleFlag(llvm::Module::Override, "nvvm-reflect-ftz", ftz ? 1 : 0);
  return linkBitcode(module, path);
}
