#include "compiler/Pipeline/CompileOptions.h"

#include "dialects/TileGPU/IR/TargetTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace cosmati;
using llvm::Error;
using llvm::StringRef;

namespace {

std::string textOf(const std::string &value) { return value; }
std::string textOf(bool value) { return value ? "true" : "false"; }
std::string textOf(int64_t value) { return std::to_string(value); }

bool parse(StringRef text, std::string &value) {
  value = text.str();
  return true;
}
bool parse(StringRef text, int64_t &value) { return !text.getAsInteger(10, value); }
bool parse(StringRef text, bool &value) {
  if (text != "true" && text != "false" && text != "1" && text != "0")
    return false;
  value = text == "true" || text == "1";
  return true;
}

template <typename T> constexpr StringRef expected() {
  if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_same_v<T, int64_t>)
    return "an integer";
  else
    return "a text";
}

Error invalid(const llvm::Twine &text) {
  return llvm::createStringError(std::make_error_code(std::errc::invalid_argument), text);
}

} // namespace

StringRef CompileOptions::architecture() const {
  StringRef arch = target;
  arch.consume_front("sm_");
  return arch;
}

std::string CompileOptions::key() const {
  std::string text;
#define OPTION(type, name, initial, doc) text += #name "=" + textOf(name) + "\n";
#include "compiler/Pipeline/CompileOptions.def"
  return text;
}

std::vector<CompileOptions::Description> CompileOptions::describe() {
  return {
#define OPTION(type, name, initial, doc) {#name, textOf(type(initial)), doc},
#include "compiler/Pipeline/CompileOptions.def"
  };
}

Error CompileOptions::set(StringRef option, StringRef value) {
#define OPTION(type, name, initial, doc)                                                           \
  if (option == #name) {                                                                           \
    if (parse(value, name))                                                                        \
      return Error::success();                                                                     \
    return invalid("option " #name " takes " + expected<type>() + ", got '" + value + "'");        \
  }
#include "compiler/Pipeline/CompileOptions.def"
  std::string names;
  for (const Description &row : describe())
    names += (names.empty() ? "" : ", ") + row.name.str();
  return invalid("unknown compile option '" + option + "'; known: " + names);
}

Error CompileOptions::validate() const {
  if (!tilegpu::findTarget(architecture()))
    return invalid("target '" + target + "' is not known; known: " + tilegpu::knownTargets());
  if (num_warps < 1 || num_warps > 32 || !llvm::isPowerOf2_64(num_warps))
    return invalid(
        llvm::formatv("num_warps={0} is not one of 1, 2, 4, 8, 16, 32", num_warps).str());
  if (num_stages < 1 || num_stages > 16)
    return invalid(llvm::formatv("num_stages={0} is not between 1 and 16", num_stages).str());
  if (num_ctas != 1)
    return invalid(
        llvm::formatv(
            "num_ctas={0}: programs over several CTAs are not supported yet; use num_ctas=1",
            num_ctas)
            .str());
  if (maxnreg < 0 || maxnreg > 255)
    return invalid(llvm::formatv("maxnreg={0} is not between 0 (no limit) and 255", maxnreg).str());
  if (opt_level < 0 || opt_level > 3)
    return invalid(llvm::formatv("opt_level={0} is not between 0 and 3", opt_level).str());
  auto [stage, file] = StringRef(override_stage).split('=');
  const bool isStage = stage == "tile" || stage == "tilegpu" || stage == "nvvm" || stage == "ptx";
  if (!override_stage.empty() && (!isStage || file.empty()))
    return invalid("override_stage='" + override_stage +
                   "' is not STAGE=FILE with one of the stages tile, tilegpu, nvvm, ptx");
  if (lineinfo != "relative" && lineinfo != "absolute" && lineinfo != "none")
    return invalid("lineinfo='" + lineinfo + "' is not relative, absolute or none");
  return Error::success();
}
