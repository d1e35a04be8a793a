#include "runtime/Toolchain/Ptxas.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

using namespace cosmati::runtime;
using llvm::StringRef;

namespace {
/// A file in the system's temporary folder that goes when this object goes.
class TemporaryFile {
public:
  static llvm::Expected<TemporaryFile> create(StringRef suffix, StringRef content = "") {
    llvm::SmallString<128> path;
    int descriptor;
    if (std::error_code error =
            llvm::sys::fs::createTemporaryFile("cosmati", suffix, descriptor, path))
      return llvm::createStringError(error, "can't create a temporary file for ptxas: %s",
                                     error.message().c_str());
    TemporaryFile file(path);
    llvm::raw_fd_ostream out(descriptor, /*shouldClose=*/true);
    out << content;
    out.close();
    if (std::error_code error = out.error()) {
      out.clear_error();
      return llvm::createStringError(error, "can't write %s: %s", path.c_str(),
                                     error.message().c_str());
    }
    return file;
  }

  StringRef path() const { return name; }
  std::string read() const {
    auto buffer =
        llvm::MemoryBuffer::getFile(name, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    return buffer ? (*buffer)->getBuffer().str() : "";
  }

private:
  explicit TemporaryFile(StringRef path)
      : name(path.str()), remover(std::make_unique<llvm::FileRemover>(path)) {}
  std::string name;
  std::unique_ptr<llvm::FileRemover> remover;
};

/// Exit code of a program whose stdout and stderr go to `log`; -1 and -2 as in
/// llvm::sys::ExecuteAndWait.
int execute(StringRef program, llvm::ArrayRef<std::string> arguments, const TemporaryFile &log,
            std::string &why) {
  std::vector<StringRef> words = {program};
  for (const std::string &argument : arguments)
    words.push_back(argument);
  std::optional<StringRef> redirects[] = {StringRef(""), log.path(), log.path()};
  return llvm::sys::ExecuteAndWait(program, words, std::nullopt, redirects, 0, 0, &why);
}
} // namespace

llvm::Expected<PtxasOutput> cosmati::runtime::runPtxas(StringRef program, StringRef ptx,
                                                       llvm::ArrayRef<std::string> options) {
  llvm::Expected<TemporaryFile> input = TemporaryFile::create("ptx", ptx);
  if (!input)
    return input.takeError();
  llvm::Expected<TemporaryFile> output = TemporaryFile::create("cubin");
  if (!output)
    return output.takeError();
  llvm::Expected<TemporaryFile> logFile = TemporaryFile::create("log");
  if (!logFile)
    return logFile.takeError();

  std::vector<std::string> arguments(options.begin(), options.end());
  arguments.insert(arguments.end(), {input->path().str(), "-o", output->path().str()});
  std::string why;
  int code = execute(program, arguments, *logFile, why);
  std::string log = logFile->read();
  // The temporary name means nothing to the reader of the log.
  for (size_t at; (at = log.find(input->path().str())) != std::string::npos;)
    log.replace(at, input->path().size(), "PTX");
  while (!log.empty() && log.back() == '\n')
    log.pop_back();
  if (code != 0)
    return llvm::createStringError(
        "%s%s%s ended with %s", log.c_str(), log.empty() ? "" : "\n", program.str().c_str(),
        why.empty() ? ("exit code " + std::to_string(code)).c_str() : why.c_str());
  std::string cubin = output->read();
  return PtxasOutput{std::vector<uint8_t>(cubin.begin(), cubin.end()), std::move(log)};
}

std::string cosmati::runtime::ptxasVersion(StringRef program) {
  llvm::Expected<TemporaryFile> log = TemporaryFile::create("log");
  if (!log) {
    llvm::consumeError(log.takeError());
    return "";
  }
  std::string why;
  if (execute(program, {"--version"}, *log, why) != 0)
    return "";
  // "Cuda compilation tools, release 13.0, V13.0.88"
  std::string text = log->read();
  StringRef rest = StringRef(text).split("release ").second;
  return rest.take_until([](char c) { return c == ','; }).str();
}
