// The constraint string of inline PTX: which registers a piece of text takes and gives.
//
//   "=r,=&l,f,0,~{memory}": two results (32 bits; 64 bits that no argument shares), an argument of
//   f32, one in the register of result 0, and a clobber.
//
// Letters of the NVPTX back end: b (a predicate), c and h (16 bits), r (32), l and N (64), q (128),
// f (f32), d (f64). LLVM's language reference, "Inline Asm Constraint String".
#pragma once

#include "mlir/IR/Types.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <optional>

namespace cosmati::tile {

/// One register of the text. Early clobber and tying are LLVM's affair; the width is ours.
struct AsmRegister {
  unsigned bits;
  bool isFloat; ///< f and d: the register class holds floats
};

struct AsmConstraints {
  llvm::SmallVector<AsmRegister> outputs, inputs;
};

/// An error that names the part that can't be read.
llvm::Expected<AsmConstraints> parseAsmConstraints(llvm::StringRef text);

/// How the elements of one value are laid into registers.
struct AsmPacking {
  unsigned elementBits;   ///< i1 counts as 1, a pointer as 64
  unsigned perRegister;   ///< elements in one register
  unsigned registerCount; ///< registers for `pack` elements
  unsigned registerBits() const { return elementBits * perRegister; }
};
AsmPacking asmPacking(unsigned elementBits, unsigned pack);

/// Bits of an element (of a block or scalar type).
unsigned asmElementBits(mlir::Type type);

/// Rules inline_asm_c2 to inline_asm_c5 for values of these widths; a text that names the value and
/// the remedy, or nothing.
std::optional<std::string> checkAsm(llvm::StringRef constraints, unsigned pack,
                                    llvm::ArrayRef<unsigned> resultBits,
                                    llvm::ArrayRef<unsigned> argumentBits);

} // namespace cosmati::tile
