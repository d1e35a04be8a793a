#include "runtime/Image/KernelImage.h"

using namespace cosmati::runtime;

namespace {
struct KindFacts {
  unsigned bytes;
  llvm::StringLiteral name;
};
constexpr KindFacts kindFacts[numParamKinds] = {
    {8, "pointer"}, {1, "i1"},  {1, "i8"},   {2, "i16"}, {4, "i32"},
    {8, "i64"},     {2, "f16"}, {2, "bf16"}, {4, "f32"}, {8, "f64"},
};
} // namespace

unsigned cosmati::runtime::paramBytes(ParamKind kind) {
  return kindFacts[static_cast<unsigned>(kind)].bytes;
}

llvm::StringRef cosmati::runtime::paramKindName(ParamKind kind) {
  return kindFacts[static_cast<unsigned>(kind)].name;
}

uint32_t KernelImage::columnOfLine(uint32_t ptxLine) const {
  uint32_t column = 0;
  llvm::StringRef rest(ptx);
  for (uint32_t line = 1; line <= ptxLine && !rest.empty(); ++line) {
    llvm::StringRef text;
    std::tie(text, rest) = rest.split('\n');
    if (!text.ltrim().consume_front(".loc"))
      continue;
    llvm::SmallVector<llvm::StringRef, 4> words; // .loc FILE LINE COLUMN, and an inlined_at
    text.take_until([](char c) { return c == ','; }).split(words, ' ', -1, /*KeepEmpty=*/false);
    if (words.empty() || words.back().trim().getAsInteger(10, column))
      column = 0;
  }
  return column;
}

const SourceChain *KernelImage::resolve(uint32_t column) const {
  return column == 0 || column > chains.size() ? nullptr : &chains[column - 1];
}
