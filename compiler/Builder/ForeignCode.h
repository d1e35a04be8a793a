// Foreign code on each element: PTX text, functions of bitcode libraries, functions of scalars.
#pragma once

#include "compiler/Builder/PackedDot.h"

namespace cosmati::lang {

struct AsmOptions {
  int64_t pack = 1;   ///< elements that one run of the text handles: a power of two up to 32
  bool isPure = true; ///< else no run is removed, moved or made twice
};

class ForeignCodeBuilder : public PackedDotBuilder {
public:
  using PackedDotBuilder::PackedDotBuilder;

  /// Runs `text` on the elements of `args`, which are broadcast, not converted; one result of their
  /// shape for each type. Registers and constraints: tile.inline_asm. Throws LanguageError where
  /// the constraints don't fit the values.
  Values inlineAsm(llvm::StringRef text, llvm::StringRef constraints, llvm::ArrayRef<Operand> args,
                   llvm::ArrayRef<LanguageType> results, const AsmOptions &options = {});

  /// Opens a region that is run for `pack` elements of the (broadcast) `args` at a time, and
  /// returns its arguments: the group's elements of the first arg, then of the second, ...
  Values beginMap(llvm::ArrayRef<Operand> args, int64_t pack = 1);
  /// Closes it with the scalars that it gives: `pack` of one type for each result.
  Values endMap(llvm::ArrayRef<Operand> scalars);

private:
  struct OpenMap {
    mlir::Operation *op;
    mlir::OpBuilder::InsertPoint outer;
    LanguageType shape; ///< the sources' shape around any scalar
    mlir::Location loc;
  };
  llvm::SmallVector<OpenMap, 1> openMaps;
};

} // namespace cosmati::lang
