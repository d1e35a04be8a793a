// cosmati-compile FILE.mlir|- --target sm_90a --emit=tile|tilegpu|nvvm|llvm|ptx|cubin|image
// [--from=STAGE] [--option NAME=VALUE] [-o FILE]
#include "compiler/Pipeline/Compile.h"
#include "compiler/tools/ToolchainFromEnvironment.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace cosmati;
namespace cl = llvm::cl;

static cl::opt<std::string>
    input(cl::Positional, cl::desc("<tile module, or - for standard input>"), cl::init("-"));
static cl::opt<std::string> output("o", cl::desc("output file"), cl::init("-"));
static cl::opt<std::string> target("target", cl::desc("architecture: sm_80, sm_89, sm_90a, ..."),
                                   cl::init("sm_90a"));
static cl::opt<std::string> emit("emit", cl::desc("tile, tilegpu, nvvm, llvm, ptx, cubin or image"),
                                 cl::init("ptx"));
static cl::opt<std::string>
    from("from",
         cl::desc("first stage to run, for input that was lowered already: tilegpu, nvvm or llvm"));
static cl::list<std::string> settings("option", cl::desc("a compile option as NAME=VALUE"));

static llvm::Expected<std::string> selected(const CompileResult &result) {
  const runtime::KernelImage &image = result.image;
  if (emit == "ptx")
    return image.ptx;
  if (emit == "cubin" && image.cubin.empty())
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        "no cubin was made: no assembler was found; `cosmati doctor` says what to install");
  if (emit == "cubin")
    return std::string(image.cubin.begin(), image.cubin.end());
  if (emit == "image") {
    std::vector<uint8_t> bytes = image.serialize();
    return std::string(bytes.begin(), bytes.end());
  }
  auto stage = image.stages.find(emit);
  if (stage == image.stages.end())
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "--emit=" + emit +
                                       " is none of tile, tilegpu, nvvm, llvm, ptx, cubin, image");
  return stage->second;
}

static llvm::Expected<std::string> compileInput() {
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(input, /*IsText=*/true);
  if (!file)
    return llvm::createStringError(file.getError(), input + ": " + file.getError().message());
  CompileOptions options;
  options.target = target;
  options.keep_stages = true;
  options.assemble = emit == "cubin" || emit == "image";
  for (llvm::StringRef setting : settings) {
    auto [name, value] = setting.split('=');
    if (llvm::Error error = options.set(name, value))
      return error;
  }
  runtime::Toolchain toolchain(toolchainSettingsFromEnvironment());
  auto result = compileText((*file)->getBuffer(), options, {&toolchain, "", {}, from});
  if (!result)
    return result.takeError();
  return selected(*result);
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "compiles a tile module\n");
  auto text = compileInput();
  std::error_code code;
  llvm::ToolOutputFile out(output, code, llvm::sys::fs::OF_None);
  if (!text || code) {
    llvm::errs() << "cosmati-compile: error: "
                 << (text ? code.message() : llvm::toString(text.takeError())) << "\n";
    return 1;
  }
  out.os() << *text;
  out.keep();
  return 0;
}
