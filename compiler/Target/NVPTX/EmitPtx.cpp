#include "compiler/Target/NVPTX/EmitPtx.h"

#include "compiler/Target/NVPTX/FatalErrors.h"
#include "compiler/Target/NVPTX/Libdevice.h"
#include "compiler/Target/NVPTX/LineTable.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

#include <chrono>
#include <mutex>

using namespace cosmati;
using llvm::Error;

char LibraryError::ID = 0;

namespace {

double elapsedMs(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - since)
      .count();
}

Error failure(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

const llvm::Target *nvptxTarget(std::string &problem) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  return llvm::TargetRegistry::lookupTarget(llvm::Triple("nvptx64-nvidia-cuda"), problem);
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>> makeMachine(const PtxOptions &options) {
  std::string problem;
  const llvm::Target *target = nvptxTarget(problem);
  if (!target)
    return failure(problem);
  llvm::TargetOptions flags;
  flags.AllowFPOpFusion = options.contract ? llvm::FPOpFusion::Fast : llvm::FPOpFusion::Strict;
  auto level =
      options.optLevel == 0 ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Aggressive;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      llvm::Triple("nvptx64-nvidia-cuda"), "sm_" + options.architecture,
      "+ptx" + std::to_string(options.ptxVersion), flags, llvm::Reloc::PIC_, std::nullopt, level));
  if (!machine)
    return failure("LLVM knows no target sm_" + options.architecture);
  return machine;
}

/// The file's SHA-256; empty where it can't be read.
std::string digestOf(llvm::StringRef path) {
  auto file = llvm::MemoryBuffer::getFile(path);
  if (!file)
    return "";
  auto bytes = llvm::arrayRefFromStringRef((*file)->getBuffer());
  return llvm::toHex(llvm::SHA256::hash(bytes), /*LowerCase=*/true);
}

/// Links the libraries that functions of the module name as theirs.
Error linkUserLibraries(llvm::Module &ir, mlir::ModuleOp module, llvm::StringRef attribute,
                        PtxResult &result) {
  auto refuse = [](mlir::LLVM::LLVMFuncOp function, const llvm::Twine &text) -> Error {
    function.emitError(text);
    return llvm::make_error<LibraryError>();
  };
  auto defines = [&](mlir::LLVM::LLVMFuncOp function) {
    llvm::Function *made = ir.getFunction(function.getName());
    return made && !made->isDeclaration();
  };
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>()) {
    auto path = function->getAttrOfType<mlir::StringAttr>(attribute);
    if (!path || defines(function)) // an earlier function's library defined it, too
      continue;
    result.libraries[path.str()] = digestOf(path.getValue());
    if (Error error = linkBitcode(ir, path.getValue()))
      return refuse(function, llvm::toString(std::move(error)));
    if (!defines(function))
      return refuse(function, "the library " + path.getValue() + " has no function " +
                                  function.getName() + "; llvm-nm lists the names that it defines");
  }
  return Error::success();
}

Error linkDeviceLibrary(llvm::Module &module, const PtxOptions &options) {
  std::vector<std::string> needed = neededLibdeviceFunctions(module);
  if (needed.empty())
    return Error::success();
  if (options.libdevice.empty())
    return failure("the kernel calls " + needed.front() +
                   " of NVIDIA's libdevice, which was not found. " + options.libdeviceError);
  return linkLibdevice(module, options.libdevice, options.ftz);
}

void optimise(llvm::Module &module, llvm::TargetMachine &machine, const PtxOptions &options) {
  if (options.optLevel == 0)
    return;
  llvm::PipelineTuningOptions tuning;
  // A thread is scalar: packing into vectors only makes work, and SLP has miscompiled GPU code
  // before.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  auto level = options.optLevel == 1   ? llvm::OptimizationLevel::O1
               : options.optLevel == 2 ? llvm::OptimizationLevel::O2
                                       : llvm::OptimizationLevel::O3;
  builder.buildPerModuleDefaultPipeline(level).run(module, modules);
}

/// What LLVM reports as an error of the program. Without a handler it would end the process.
void collectErrors(const llvm::DiagnosticInfo *info, void *texts) {
  if (info->getSeverity() != llvm::DS_Error)
    return;
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::DiagnosticPrinterRawOStream printer(stream);
  info->print(printer);
  auto &all = *static_cast<std::string *>(texts);
  all += (all.empty() ? "" : "; ") + text;
}

Error generate(llvm::Module &module, llvm::TargetMachine &machine, std::string &ptx) {
  llvm::SmallString<0> buffer;
  llvm::raw_svector_ostream stream(buffer);
  llvm::legacy::PassManager passes;
  passes.add(llvm::createTargetTransformInfoWrapperPass(machine.getTargetIRAnalysis()));
  // The translation from MLIR has verified the module; verifying twice more costs 5 % of this
  // stage.
  if (machine.addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::AssemblyFile,
                                  /*DisableVerify=*/true))
    return failure("LLVM's NVPTX back end can't emit text");
  passes.run(module);
  ptx = buffer.str().str();
  return Error::success();
}

/// All lanes of a warp must meet in a matrix instruction, but LLVM 22 declares the intrinsics
/// without `convergent`: nothing would keep a pass from copying or moving a call into a branch.
void keepWarpsTogether(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (function.getName().starts_with("llvm.nvvm.mma."))
      for (llvm::User *user : function.users())
        if (auto *call = llvm::dyn_cast<llvm::CallBase>(user))
          call->setConvergent();
}

Error emit(mlir::ModuleOp module, const PtxOptions &options, llvm::LLVMContext &context,
           PtxResult &result) {
  auto start = std::chrono::steady_clock::now();
  auto machine = makeMachine(options);
  if (!machine)
    return machine.takeError();
  std::unique_ptr<llvm::Module> ir = mlir::translateModuleToLLVMIR(module, context);
  if (!ir)
    return failure("the module can't be translated to LLVM IR");
  ir->setTargetTriple((*machine)->getTargetTriple());
  ir->setDataLayout((*machine)->createDataLayout());
  keepWarpsTogether(*ir);
  if (options.ftz)
    for (llvm::Function &function : *ir)
      function.addFnAttr("denormal-fp-math-f32", "preserve-sign");
  if (Error error =
          linkUserLibraries(*ir, module, options.libraryAttribute, result)) // may call libdevice
    return error;
  if (Error error = linkDeviceLibrary(*ir, options))
    return error;
  result.translateMs = elapsedMs(start);

  start = std::chrono::steady_clock::now();
  optimise(*ir, **machine, options);
  if (options.entryChain)
    completeLocations(*ir);
  result.optimiseMs = elapsedMs(start);
  if (options.keepLlvm) {
    llvm::raw_string_ostream text(result.llvmIr);
    ir->print(text, nullptr);
  }

  start = std::chrono::steady_clock::now();
  if (Error error = generate(*ir, **machine, result.ptx))
    return error;
  if (options.entryChain)
    result.ptx = completeLineDirectives(result.ptx, options.entryChain);
  result.emitMs = elapsedMs(start);
  return Error::success();
}

} // namespace

void cosmati::registerPtxTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
}

llvm::Expected<PtxResult> cosmati::emitPtx(mlir::ModuleOp module, const PtxOptions &options) {
  PtxResult result;
  auto context = std::make_unique<llvm::LLVMContext>();
  std::string errors;
  context->setDiagnosticHandlerCallBack(collectErrors, &errors);
  if (Error error = guarded([&] { return emit(module, options, *context, result); })) {
    (void)context.release(); // after a fatal error its state is unknown: it is not touched again
    return error;
  }
  if (!errors.empty())
    return failure("LLVM: " + errors);
  return result;
}
