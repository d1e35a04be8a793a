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

const SourceChain *KernelImage::resolve(uint32_t column) const {
  return column == 0 || column > chains.size() ? nullptr : &chains[column - 1];
}
