#include "compiler/Pipeline/Compile.h"

#include "compiler/Pipeline/Diagnostics.h"
#include "compiler/Pipeline/KernelInfo.h"
#include "compiler/Pipeline/Pipelines.h"
#include "compiler/Pipeline/Reproducer.h"
#include "compiler/Pipeline/Resources.h"
#include "compiler/Target/NVPTX/DeviceCode.h"
#include "compiler/Target/NVPTX/EmitPtx.h"
#include "compiler/Target/NVPTX/SourceChains.h"
#include "dialects/TileGPU/IR/TargetTable.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"
#include "runtime/Toolchain/Assembler.h"

#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>

using namespace cosmati;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

char CompileError::ID = 0;

void CompileError::log(llvm::raw_ostream &out) const {
  out << message;
  if (!place.frames.empty())
    out << "\n" << runtime::formatChain(place);
  for (const CompileNote &note : notes) {
    out << "\n  " << note.text;
    if (!note.place.frames.empty())
      out << ", " << runtime::formatChain(note.place);
  }
  if (!reproducer.empty())
    out << "\nA bundle that repeats this failure is in " << reproducer;
}

namespace {

/// One compilation: the module on its way down, with what is collected along it.
class Compilation {
public:
  Compilation(mlir::ModuleOp module, const CompileOptions &options,
              const CompileEnvironment &environment)
      : module(module), options(options), environment(environment),
        diagnostics(module.getContext()) {}

  Expected<CompileResult> run() {
    if (Error error = options.validate())
      return program(llvm::toString(std::move(error)));
    if (Error error = describeKernel(module, options, environment.params, result.image))
      return program(llvm::toString(std::move(error)));
    kernelPlace = chainOf(module.lookupSymbol(result.image.entry)->getLoc());
    fp8 = usesFp8(module);
    if (Error error = checkPassName(options))
      return program(llvm::toString(std::move(error)));
    const Stage stages[] = {{"tile", &buildTilePipeline},
                            {"tilegpu", &buildTileGPUPipeline},
                            {"nvvm", &buildNVVMPipeline}};
    const Stage *first = std::begin(stages);
    if (StringRef wanted = environment.firstStage; !wanted.empty()) {
      first = llvm::find_if(stages, [&](auto &stage) { return stage.name == wanted; });
      if (first == std::end(stages) && wanted != "llvm")
        return program("no stage is named '" + wanted.str() + "'; use tilegpu, nvvm or llvm");
    }
    for (const Stage &stage : llvm::make_range(first, std::end(stages)))
      if (Error error = lower(stage))
        return error;
    if (Error error = emit())
      return error;
    if (options.assemble && environment.toolchain) {
      if (Error error = assemble())
        return error;
      if (Error error = checkRegisters(result.image, options, kernelPlace))
        return error;
    }
    result.remarks = diagnostics.takeRemarks();
    return std::move(result);
  }

private:
  struct Stage {
    const char *name;
    void (*build)(mlir::OpPassManager &, const CompileOptions &);
  };

  /// Runs `work` and records its wall time under `stage`.
  template <typename Work> auto timed(const char *stage, Work work) {
    auto start = std::chrono::steady_clock::now();
    auto value = work();
    std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start;
    result.times.push_back({stage, spent.count()});
    return value;
  }

  Error lower(const Stage &stage) {
    // The offsets of buffers are gone once they are addresses.
    if (stage.name == StringRef("nvvm"))
      bufferPlaces = recordSharedBuffers(module, result.image);
    if (overrides(stage.name))
      return takeModule();
    // The bundle of a failure needs the IR as it was before the stage.
    mlir::OwningOpRef<mlir::ModuleOp> before;
    if (!environment.reproducerFolder.empty())
      before = module.clone();
    mlir::PassManager passes(module.getContext(), mlir::ModuleOp::getOperationName());
    stage.build(passes, options);
    addPrinting(passes, options);
    bool ok = timed(stage.name, [&] { return mlir::succeeded(passes.run(module)); });
    if (!ok)
      return stageFailure(stage.name, before ? *before : module);
    return keep(stage.name, [&] { return printModule(module); });
  }

  Error stageFailure(StringRef stage, mlir::ModuleOp before) {
    if (diagnostics.resourceProblem())
      return llvm::make_error<CompileError>(sharedShortage(module, options),
                                            diagnostics.firstError(), diagnostics.errorPlace(),
                                            diagnostics.takeNotes());
    if (diagnostics.programProblem())
      return llvm::make_error<CompileError>(CompileErrorKind::Program, diagnostics.errorText(),
                                            diagnostics.errorPlace());
    return internal("stage " + stage.str() + " failed: " + diagnostics.errorText(), before, stage);
  }

  Error emit() {
    runtime::KernelImage &image = result.image;
    // The locations of shared buffers were taken down before lowering; their chains follow those of
    // the code.
    image.chains = numberLocations(module, options.lineinfo != "none");
    PtxOptions ptx;
    ptx.entryChain = image.chains.empty() ? 0 : 1; // numberLocations() begins with the `def`
    appendBufferChains(bufferPlaces, image);
    ptx.architecture = options.architecture().str();
    const tilegpu::TargetRow &target = *tilegpu::findTarget(options.architecture());
    ptx.ptxVersion = fp8 ? std::max(target.ptxVersion, target.fp8PtxVersion) : target.ptxVersion;
    ptx.ptxVersion = std::max(ptx.ptxVersion, ptxVersionOfMma(module));
    ptx.optLevel = static_cast<int>(options.opt_level);
    ptx.contract = options.contract;
    ptx.ftz = options.ftz;
    ptx.keepLlvm = options.keep_stages || !options.dump_ir.empty();
    ptx.libraryAttribute = tilegpu::kLibraryAttr;
    findLibdevice(ptx);
    Expected<PtxResult> emitted = emitPtx(module, ptx);
    if (emitted.errorIsA<LibraryError>()) {
      llvm::consumeError(emitted.takeError());
      return llvm::make_error<CompileError>(CompileErrorKind::Program, diagnostics.errorText(),
                                            diagnostics.errorPlace());
    }
    if (!emitted) // emission leaves the module as it was
      return internal(llvm::toString(emitted.takeError()), module, "llvm");
    result.times.push_back({"llvm", emitted->translateMs + emitted->optimiseMs});
    result.times.push_back({"ptx", emitted->emitMs});
    auto linked = addDeviceCode(emitted->ptx, deviceCode());
    if (!linked)
      return program(llvm::toString(linked.takeError()));
    image.ptx = std::move(*linked);
    for (const auto &[path, digest] : emitted->libraries)
      image.metadata["library " + path] = digest;
    if (overrides("ptx")) {
      auto text = overrideText();
      if (!text)
        return text.takeError();
      image.ptx = (*text)->getBuffer().str();
    }
    if (Error error = keep("llvm", [&] { return emitted->llvmIr; }))
      return error;
    return dump("ptx", image.ptx);
  }

  Error assemble() {
    Error error = timed(
        "assemble", [&] { return assembleImage(result.image, options, environment.toolchain); });
    return llvm::handleErrors(
        std::move(error), [&](const runtime::AssemblerError &refusal) -> Error {
          std::string folder = writeBundle("assembler", result.image.ptx, "ptx");
          return llvm::make_error<CompileError>(CompileErrorKind::Assembler, refusal.message(),
                                                placeOfRefusal(refusal.message()), folder);
        });
  }

  /// The source of the PTX line that an assembler's message names first; else the kernel's.
  runtime::SourceChain placeOfRefusal(StringRef message) {
    StringRef rest = message.split("ptx input, line ").second;
    uint32_t line = 0;
    if (rest.consumeInteger(10, line))
      return kernelPlace;
    const runtime::SourceChain *chain = result.image.resolve(result.image.columnOfLine(line));
    return chain ? *chain : kernelPlace;
  }

  /// PTX of functions that the kernel calls.
  std::vector<std::string> deviceCode() {
    std::vector<std::string> texts;
    if (auto code = module->getAttrOfType<mlir::ArrayAttr>(tilegpu::kDeviceCodeAttr))
      for (auto text : code.getAsRange<mlir::StringAttr>())
        texts.push_back(text.str());
    return texts;
  }

  void findLibdevice(PtxOptions &ptx) {
    if (!environment.toolchain) {
      ptx.libdeviceError = "No tool chain was given to this compilation.";
      return;
    }
    auto found = environment.toolchain->find(runtime::Piece::Libdevice);
    if (found)
      ptx.libdevice = found->path;
    else
      ptx.libdeviceError = llvm::toString(found.takeError());
  }

  /// `override_stage=STAGE=FILE`: the file's text takes the place of what the stage would make.
  bool overrides(StringRef stage) const {
    return StringRef(options.override_stage).split('=').first == stage;
  }

  Expected<std::unique_ptr<llvm::MemoryBuffer>> overrideText() {
    StringRef file = StringRef(options.override_stage).split('=').second;
    auto text = llvm::MemoryBuffer::getFile(file, /*IsText=*/true);
    if (!text)
      return program(
          ("override_stage: " + file + " can't be read: " + text.getError().message()).str());
    return std::move(*text);
  }

  Error takeModule() {
    auto text = overrideText();
    if (!text)
      return text.takeError();
    auto parsed = mlir::parseSourceString<mlir::ModuleOp>((*text)->getBuffer(), module.getContext(),
                                                          (*text)->getBufferIdentifier());
    if (!parsed)
      return program("override_stage: " + diagnostics.errorText());
    module.getBodyRegion().takeBody(parsed->getBodyRegion());
    module->setAttrs(parsed.get()->getAttrDictionary());
    return Error::success();
  }

  template <typename Text> Error keep(StringRef stage, Text text) {
    if (!options.keep_stages && options.dump_ir.empty())
      return Error::success();
    std::string content = text();
    if (options.keep_stages)
      result.image.stages[stage.str()] = content;
    return dump(stage, content);
  }

  Error dump(StringRef stage, StringRef content) {
    if (options.dump_ir.empty())
      return Error::success();
    return writeTextFile(options.dump_ir,
                         result.image.entry + "." + stage.str() + (stage == "ptx" ? "" : ".mlir"),
                         content);
  }

  Error program(std::string text) {
    return llvm::make_error<CompileError>(CompileErrorKind::Program, std::move(text),
                                          diagnostics.errorPlace());
  }

  Error internal(std::string text, mlir::ModuleOp before, StringRef stage) {
    if (!diagnostics.errorText().empty() && !StringRef(text).contains(diagnostics.errorText()))
      text += ": " + diagnostics.errorText();
    std::string folder = writeBundle(stage, printModule(before), "mlir");
    const runtime::SourceChain &place = diagnostics.errorPlace();
    return llvm::make_error<CompileError>(
        CompileErrorKind::Internal, "internal error compiling " + result.image.entry + ": " + text,
        place.frames.empty() ? kernelPlace : place, folder);
  }

  std::string writeBundle(StringRef stage, const std::string &content, StringRef suffix) {
    if (environment.reproducerFolder.empty())
      return {};
    return writeReproducer({environment.reproducerFolder, result.image.entry, stage.str(), content,
                            suffix.str(), options, compilerVersions(environment.toolchain)});
  }

  mlir::ModuleOp module;
  const CompileOptions &options;
  const CompileEnvironment &environment;
  DiagnosticCollector diagnostics;
  CompileResult result;
  runtime::SourceChain kernelPlace;               ///< of the kernel's `def`
  bool fp8 = false;                               ///< the module has fp8 values
  std::vector<runtime::SourceChain> bufferPlaces; ///< parallel to image.sharedBuffers
};

} // namespace

Error cosmati::assembleImage(runtime::KernelImage &image, const CompileOptions &options,
                             const runtime::Toolchain *toolchain) {
  if (!options.assemble || !toolchain)
    return Error::success();
  runtime::AssembleOptions flags;
  flags.maxRegs = static_cast<int>(options.maxnreg);
  flags.lineInfo = options.lineinfo != "none";
  flags.optLevel = static_cast<int>(options.opt_level);
  flags.kernel = image.entry;
  llvm::SmallVector<StringRef> words;
  llvm::SplitString(options.ptxas_options, words);
  for (StringRef word : words)
    flags.extra.push_back(word.str());
  auto assembled = runtime::assemble(*toolchain, image.ptx, image.target, flags);
  if (!assembled)
    return llvm::handleErrors(
        assembled.takeError(),
        // Without an assembler the image carries PTX alone: the driver assembles it at load, the
        // VM runs it.
        [](const runtime::NoAssemblerError &) -> Error { return Error::success(); });
  image.cubin = std::move(assembled->cubin);
  image.regs = assembled->regs;
  image.stackBytes = assembled->stackBytes;
  if (assembled->spillStores >= 0)
    image.spillBytes = assembled->spillStores + std::max(assembled->spillLoads, 0);
  image.metadata["assembler"] = assembled->tool;
  return Error::success();
}

Expected<CompileResult> cosmati::compile(mlir::ModuleOp module, const CompileOptions &options,
                                         const CompileEnvironment &environment) {
  return Compilation(module, options, environment).run();
}

Expected<CompileResult> cosmati::compileText(StringRef text, const CompileOptions &options,
                                             const CompileEnvironment &environment) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  DiagnosticCollector diagnostics(&context);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return llvm::make_error<CompileError>(CompileErrorKind::Program, diagnostics.errorText(),
                                          diagnostics.errorPlace());
  return compile(*module, options, environment);
}

std::string cosmati::compilerVersions(const runtime::Toolchain *toolchain) {
  std::string text = "cosmati " COSMATI_VERSION "\nllvm " LLVM_VERSION_STRING "\n";
  if (toolchain)
    text += "assembler " + runtime::assemblerVersion(*toolchain) + "\nlibdevice " +
            toolchain->version(runtime::Piece::Libdevice) + "\n";
  return text;
}
