#include "compiler/Pipeline/Resources.h"

#include "compiler/Pipeline/Diagnostics.h"
#include "compiler/Pipeline/Pipelines.h"
#include "dialects/TileGPU/IR/TargetTable.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace cosmati;
using llvm::Error;

namespace {

constexpr int64_t kRegisterUnit = 8; ///< registers of a thread are given out in eights

int64_t sharedBytesOf(mlir::ModuleOp module) {
  auto bytes = module->getAttrOfType<mlir::IntegerAttr>(tilegpu::kSharedBytesAttr);
  return bytes ? bytes.getInt() : 0;
}

} // namespace

Shortage cosmati::sharedShortage(mlir::ModuleOp module, const CompileOptions &options) {
  return {"shared memory", sharedBytesOf(module),
          tilegpu::findTarget(options.architecture())->maxSharedBytes};
}

llvm::Expected<int64_t> cosmati::sharedBytesNeeded(mlir::ModuleOp module,
                                                   const CompileOptions &options) {
  if (Error error = options.validate())
    return error;
  DiagnosticCollector diagnostics(module.getContext());
  mlir::PassManager passes(module.getContext(), mlir::ModuleOp::getOperationName());
  buildTilePipeline(passes, options);
  buildTileGPUPipeline(passes, options);
  if (mlir::failed(passes.run(module)) && !diagnostics.resourceProblem())
    return llvm::make_error<CompileError>(CompileErrorKind::Internal, diagnostics.errorText(),
                                          diagnostics.errorPlace());
  return sharedBytesOf(module);
}

Error cosmati::checkRegisters(const runtime::KernelImage &image, const CompileOptions &options,
                              const runtime::SourceChain &place) {
  const int64_t limit = tilegpu::findTarget(options.architecture())->registersPerCta;
  const int64_t threads = image.threadsPerCta();
  const int64_t each = llvm::alignTo(std::max(image.regs, 0), kRegisterUnit);
  if (each * threads <= limit)
    return Error::success();
  // What would fit, by the same arithmetic.
  const int64_t maxnreg = limit / threads / kRegisterUnit * kRegisterUnit;
  const int64_t warps = llvm::bit_floor<uint64_t>(limit / (32 * each));
  std::string text =
      llvm::formatv("out of resources: kernel '{0}' needs {1} registers in each of {2} threads, "
                    "{3} together; {4} has {5} for one CTA. At {1} registers num_warps={6} fits; "
                    "with num_warps={7} maxnreg={8} does (the rest is spilled to memory)",
                    image.entry, each, threads, each * threads, options.target, limit, warps,
                    image.numWarps, maxnreg);
  return llvm::make_error<CompileError>(Shortage{"registers", each * threads, limit}, text, place,
                                        std::vector<CompileNote>());
}
