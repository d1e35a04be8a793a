#include "compiler/Pipeline/Reproducer.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace cosmati;
using llvm::Error;
using llvm::StringRef;

Error cosmati::writeTextFile(StringRef folder, const llvm::Twine &name, StringRef content) {
  if (std::error_code code = llvm::sys::fs::create_directories(folder))
    return llvm::createStringError(code, "folder " + folder + " can't be made: " + code.message());
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, name);
  std::error_code code;
  llvm::raw_fd_ostream out(path, code, llvm::sys::fs::OF_Text);
  if (!code) {
    out << content;
    out.close();
    code = out.error();
    out.clear_error();
  }
  if (code)
    return llvm::createStringError(code, path + " can't be written: " + code.message());
  return Error::success();
}

namespace {

/// Every option that shapes the code, for the command line. What the user watched or replaced was
/// theirs: a bundle stands alone.
std::string compileCommand(Reproducer bundle, StringRef input) {
  bundle.options.dump_ir = bundle.options.print_after = bundle.options.override_stage = "";
  std::string command = "cosmati-compile " + input.str();
  std::string key = bundle.options.key();
  llvm::SmallVector<StringRef> lines;
  StringRef(key).split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines)
    if (!line.ends_with("="))
      command += " --option " + line.str();
  if (bundle.stage != "tile")
    command += " --from=" + bundle.stage;
  return command + " --emit=ptx\n";
}

std::string assembleCommand(const Reproducer &bundle, StringRef input) {
  const CompileOptions &options = bundle.options;
  std::string command =
      "ptxas -v -arch=" + options.target + " -O" + std::to_string(options.opt_level);
  if (options.maxnreg)
    command += " -maxrregcount=" + std::to_string(options.maxnreg);
  return command + " -o kernel.cubin " + input.str() + "\n";
}

} // namespace

std::string cosmati::writeReproducer(const Reproducer &bundle) {
  llvm::SmallString<128> folder;
  llvm::SmallString<128> model(bundle.folder);
  llvm::sys::path::append(model, bundle.kernel + "-" + bundle.stage);
  if (llvm::sys::fs::create_directories(bundle.folder) ||
      llvm::sys::fs::createUniqueDirectory(model, folder))
    return {};
  std::string input = "input." + bundle.suffix;
  std::string command =
      bundle.suffix == "ptx" ? assembleCommand(bundle, input) : compileCommand(bundle, input);
  Error error = llvm::joinErrors(writeTextFile(folder, input, bundle.content),
                                 writeTextFile(folder, "options.txt", bundle.options.key()));
  error =
      llvm::joinErrors(std::move(error), writeTextFile(folder, "versions.txt", bundle.versions));
  error = llvm::joinErrors(std::move(error), writeTextFile(folder, "command.txt", command));
  if (error) {
    llvm::consumeError(std::move(error));
    return {};
  }
  return folder.str().str();
}
