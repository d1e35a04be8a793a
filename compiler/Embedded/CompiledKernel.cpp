#include "compiler/Embedded/Failures.h"
#include "compiler/Embedded/KernelState.h"

#include "mlir/Parser/Parser.h"

namespace cosmati {

const std::string &CompiledKernel::ptx() const { return data->image->ptx; }
const std::string &CompiledKernel::target() const { return data->image->target; }
std::string CompiledKernel::origin() const { return data->origin; }
uint32_t CompiledKernel::sharedBytes() const { return data->image->sharedBytes; }
int CompiledKernel::registers() const { return data->image->regs; }
int CompiledKernel::spillBytes() const { return data->image->spillBytes; }

namespace {

/// The kernel's module again, in a context of its own.
struct Reread {
  explicit Reread(const std::string &bytecode)
      : context(lang::makeContext()),
        module(mlir::parseSourceString<mlir::ModuleOp>(bytecode, context.get())) {
    if (!module)
      throw CompilerFailure("the kernel's own bytecode can't be read; this is a defect");
  }
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace

std::string CompiledKernel::ir() const {
  Reread again(data->bytecode);
  std::string text;
  llvm::raw_string_ostream stream(text);
  again.module->print(stream);
  return text;
}

std::vector<std::string> CompiledKernel::remarks() const {
  std::vector<CompileRemark> found = data->remarks;
  if (data->origin != originName(ImageOrigin::Compiled)) {
    // Caches keep no remarks: compile once more.
    Reread again(data->bytecode);
    JitModule module;
    module.module = *again.module;
    module.params = data->params;
    auto result = detail::session().compileOnly(module, data->options);
    if (!result)
      detail::throwError(result.takeError(), *data->files);
    found = std::move(result->remarks);
  }
  std::vector<std::string> texts;
  for (const CompileRemark &remark : found) {
    texts.push_back(remark.name + ": " + remark.message);
    if (!remark.place.frames.empty())
      texts.back() += "\n" + runtime::formatChain(remark.place, [&](llvm::StringRef function) {
                        return data->files->find(function);
                      });
  }
  return texts;
}

} // namespace cosmati
