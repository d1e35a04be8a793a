#include "compiler/Target/NVPTX/DeviceCode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace cosmati;
using llvm::StringRef;

namespace {

constexpr StringRef kVersion = ".version", kAddressSize = ".address_size",
                    kExtern = ".extern .func";

bool isNameLetter(char c) { return llvm::isAlnum(c) || c == '_' || c == '$'; }

/// The name behind `.func`, whose result may stand before it in parentheses.
StringRef functionName(StringRef text) {
  text = text.ltrim();
  if (text.starts_with("("))
    text = text.split(')').second.ltrim();
  return text.take_while(isNameLetter);
}

/// "8.4" of the line that begins with `.version`; 0.0 where there is none.
std::pair<unsigned, unsigned> versionOf(StringRef ptx) {
  size_t at = ptx.find(kVersion);
  if (at == StringRef::npos)
    return {0, 0};
  StringRef number = ptx.drop_front(at + kVersion.size()).ltrim();
  unsigned major = 0, minor = 0;
  number.consumeInteger(10, major);
  number.consume_front(".");
  number.consumeInteger(10, minor);
  return {major, minor};
}

/// The line that holds `at`, with its end.
std::pair<size_t, size_t> lineAt(StringRef text, size_t at) {
  size_t begin = text.rfind('\n', at);
  size_t end = text.find('\n', at);
  return {begin == StringRef::npos ? 0 : begin + 1, end == StringRef::npos ? text.size() : end + 1};
}

} // namespace

llvm::Expected<std::string> cosmati::addDeviceCode(StringRef kernel,
                                                   llvm::ArrayRef<std::string> texts) {
  if (texts.empty())
    return kernel.str();
  std::pair<unsigned, unsigned> newest = versionOf(kernel);
  std::string definitions;
  llvm::StringSet<> defined;
  for (StringRef text : texts) {
    std::pair<unsigned, unsigned> version = versionOf(text);
    if (!version.first)
      return llvm::createStringError("device code without a .version");
    newest = std::max(newest, version);
    text = text.drop_front(lineAt(text, text.find(kVersion)).second);
    definitions += text;
    for (size_t at = text.find(".func"); at != StringRef::npos; at = text.find(".func", at + 1))
      defined.insert(functionName(text.drop_front(at + 5)));
  }

  std::string result = kernel.str();
  for (size_t at = result.find(kExtern); at != std::string::npos; at = result.find(kExtern, at)) {
    StringRef name = functionName(StringRef(result).drop_front(at + kExtern.size()));
    if (!defined.contains(name)) {
      at += kExtern.size();
      continue;
    }
    size_t end = result.find(';', at);
    result.erase(at, end == std::string::npos ? end : end + 1 - at);
  }
  auto [begin, end] = lineAt(result, result.find(kVersion));
  result.replace(
      begin, end - begin,
      (kVersion + " " + llvm::Twine(newest.first) + "." + llvm::Twine(newest.second) + "\n").str());
  result.insert(lineAt(result, result.find(kAddressSize)).second, definitions);
  return result;
}
