#include "compiler/Pipeline/Pipelines.h"

#include "compiler/Conversion/TileGPUToNVVM/Passes.h"
#include "compiler/Conversion/TileToTileGPU/Passes.h"
#include "compiler/Target/NVPTX/EmitPtx.h"
#include "compiler/Transforms/Tile/Passes.h"
#include "compiler/Transforms/TileGPU/Passes.h"

#include "mlir/Dialect/Func/Extensions/InlinerExtension.h"
#include "mlir/Dialect/LLVMIR/Transforms/InlinerInterfaceImpl.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace cosmati;
using mlir::OpPassManager;
using mlir::func::FuncOp;

void cosmati::buildTilePipeline(OpPassManager &passes, const CompileOptions &) {
  // Callees are part of the kernel: layouts, shared memory and barriers are decided for the whole.
  passes.addPass(mlir::createInlinerPass());
  passes.addPass(mlir::createSymbolDCEPass());
  // Once for each loop of the program text.
  passes.addNestedPass<FuncOp>(tile::createReportLoopHints());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  // Loops carry offsets, not blocks of pointers: fewer registers, and fewer values for every later
  // stage.
  passes.addNestedPass<FuncOp>(tile::createCanonicalizePointers());
  // Addresses and masks that don't change in a loop leave it before layouts multiply them.
  passes.addNestedPass<FuncOp>(tile::createHoistInvariants());
  // Loops get their final shape on this level: layouts, buffers and pipelines are made for it. What
  // they don't change has left them before it is copied. Merged loops are not unrolled.
  passes.addNestedPass<FuncOp>(tile::createFlattenLoops());
  passes.addNestedPass<FuncOp>(tile::createUnrollLoops());
}

void cosmati::buildTileGPUPipeline(OpPassManager &passes, const CompileOptions &options) {
  // Every block needs some layout before any can be improved.
  passes.addPass(tilegpu::createConvertTileToTileGPU(
      {static_cast<int>(options.num_warps), options.architecture().str()}));
  // Memory accesses decide first: they are what bandwidth depends on.
  passes.addNestedPass<FuncOp>(tilegpu::createCoalesce());
  // Matrix instructions fix the layouts of what they multiply; they look at how memory is read.
  passes.addNestedPass<FuncOp>(tilegpu::createSelectTensorCore());
  // Then everything else follows them, as far as it can.
  passes.addNestedPass<FuncOp>(tilegpu::createRemoveLayoutConversions());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  // A conversion before a store is worth its price only if memory then moves less.
  passes.addNestedPass<FuncOp>(tilegpu::createStoreDirectly());
  // Now it is known which operands no shuffle can bring to their fragments.
  passes.addNestedPass<FuncOp>(tilegpu::createStageShared());
  // Buffers of operands are known, and nothing else has been made of shared memory yet.
  passes.addNestedPass<FuncOp>(
      tilegpu::createPipelineLoops({static_cast<int>(options.num_stages)}));
  passes.addPass(mlir::createCanonicalizerPass());
  // After layouts: the stores to shared memory are made for the layout that the operand arrives in.
  passes.addNestedPass<FuncOp>(tilegpu::createStageDot());
  passes.addNestedPass<FuncOp>(tilegpu::createDecomposeReductions());
  passes.addPass(mlir::createCSEPass());
  // Conversions of values that a loop doesn't change leave it; after this no new conversion
  // appears.
  passes.addNestedPass<FuncOp>(tile::createHoistInvariants());
  passes.addNestedPass<FuncOp>(tilegpu::createExplicitScratch());
  passes.addPass(mlir::createCanonicalizerPass());
  // Offsets need all buffers; barriers need all offsets, since buffers that share bytes have
  // hazards, too.
  passes.addPass(tilegpu::createAllocateShared());
  passes.addNestedPass<FuncOp>(tilegpu::createInsertBarriers());
  passes.addPass(tilegpu::createVerifyStage());
}

void cosmati::buildNVVMPipeline(OpPassManager &passes, const CompileOptions &options) {
  tilegpu::ConvertTileGPUToNVVMOptions lowering;
  lowering.ftz = options.ftz;
  lowering.approxDivision = options.approx_division;
  lowering.approxMath = options.approx_math;
  lowering.maxRegisters = options.maxnreg;
  passes.addPass(tilegpu::createConvertTileGPUToNVVM(lowering));
  // LLVM optimises what follows; CSE alone makes its input a good deal smaller, and so the whole
  // faster.
  passes.addPass(mlir::createCSEPass());
}

llvm::Error cosmati::checkPassName(const CompileOptions &options) {
  if (options.print_after.empty() || options.print_after == "all")
    return llvm::Error::success();
  OpPassManager passes(mlir::ModuleOp::getOperationName());
  buildTilePipeline(passes, options);
  buildTileGPUPipeline(passes, options);
  buildNVVMPipeline(passes, options);
  std::string text;
  llvm::raw_string_ostream stream(text);
  passes.printAsTextualPipeline(stream);
  // The text is "builtin.module(inline{...},func.func(tilegpu-coalesce),...)".
  llvm::SmallVector<llvm::StringRef> words;
  llvm::SplitString(text, words, "(),{} ");
  std::string known;
  for (llvm::StringRef word : words) {
    if (word == options.print_after)
      return llvm::Error::success();
    bool isPass = !word.contains('.') && !word.contains('=');
    if (isPass && !llvm::StringRef(known).contains(word))
      known += (known.empty() ? "" : ", ") + word.str();
  }
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "print_after='" + options.print_after +
                                     "' names no pass; known: all, " + known);
}

void cosmati::addPrinting(mlir::PassManager &passes, const CompileOptions &options) {
  if (options.print_after.empty())
    return;
  std::string wanted = options.print_after;
  passes.enableIRPrinting(
      /*shouldPrintBeforePass=*/[](mlir::Pass *, mlir::Operation *) { return false; },
      /*shouldPrintAfterPass=*/
      [wanted](mlir::Pass *pass, mlir::Operation *) {
        return wanted == "all" || pass->getArgument() == wanted;
      },
      /*printModuleScope=*/true, /*printAfterOnlyOnChange=*/false);
}

void cosmati::registerCompilerDialects(mlir::DialectRegistry &registry) {
  registry.insert<tile::TileDialect, tilegpu::TileGPUDialect, mlir::arith::ArithDialect,
                  mlir::func::FuncDialect, mlir::math::MathDialect, mlir::scf::SCFDialect,
                  mlir::ub::UBDialect, mlir::cf::ControlFlowDialect, mlir::LLVM::LLVMDialect,
                  mlir::NVVM::NVVMDialect>();
  mlir::func::registerInlinerExtension(registry);
  registerPtxTranslations(registry);
}

void cosmati::registerAllPasses() {
  tile::registerTilePasses();
  tilegpu::registerTileToTileGPUPasses();
  tilegpu::registerTileGPUPasses();
  tilegpu::registerTileGPUToNVVMPasses();
  mlir::registerTransformsPasses();
  using Registration = mlir::PassPipelineRegistration<>;
  // For tests of the whole: the pipelines with default options.
  static const CompileOptions defaults;
  Registration("cosmati-tile", "the tile level",
               [](OpPassManager &passes) { buildTilePipeline(passes, defaults); });
  Registration("cosmati-tilegpu", "the GPU level",
               [](OpPassManager &passes) { buildTileGPUPipeline(passes, defaults); });
  Registration("cosmati-nvvm", "down to the LLVM dialect",
               [](OpPassManager &passes) { buildNVVMPipeline(passes, defaults); });
}
