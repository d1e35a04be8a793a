#include "dialects/Tile/IR/AsmConstraints.h"

#include "dialects/Tile/IR/TileDialect.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace cosmati::tile {

static std::optional<AsmRegister> registerOf(StringRef letter) {
  return llvm::StringSwitch<std::optional<AsmRegister>>(letter)
      .Case("b", AsmRegister{1, false})
      .Cases({"c", "h"}, AsmRegister{16, false})
      .Case("r", AsmRegister{32, false})
      .Cases({"l", "N"}, AsmRegister{64, false})
      .Case("q", AsmRegister{128, false})
      .Case("f", AsmRegister{32, true})
      .Case("d", AsmRegister{64, true})
      .Default(std::nullopt);
}

static llvm::Error unreadable(StringRef part, StringRef why) {
  return llvm::createStringError(
      llvm::inconvertibleErrorCode(),
      llvm::formatv("the constraint '{0}' {1}; outputs are =r, =l, =h, =f, =d or =b (=&r: shared "
                    "with no input), inputs the same letters or the number of an output",
                    part, why)
          .str());
}

llvm::Expected<AsmConstraints> parseAsmConstraints(StringRef text) {
  AsmConstraints result;
  SmallVector<StringRef> parts;
  text.split(parts, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/!text.trim().empty());
  for (StringRef part : parts) {
    StringRef rest = part.trim();
    if (rest.starts_with("~{"))
      continue;
    bool output = rest.consume_front("=");
    if (output)
      rest.consume_front("&");
    if (unsigned number; !output && !rest.getAsInteger(10, number)) {
      if (number >= result.outputs.size())
        return unreadable(part, "names an output that is not there");
      result.inputs.push_back(result.outputs[number]);
      continue;
    }
    std::optional<AsmRegister> one = registerOf(rest);
    if (!one)
      return unreadable(part, "is not known");
    if (output && !result.inputs.empty())
      return unreadable(part, "is an output after an input");
    (output ? result.outputs : result.inputs).push_back(*one);
  }
  return result;
}

AsmPacking asmPacking(unsigned elementBits, unsigned pack) {
  unsigned perRegister = std::min(pack, std::max(32 / elementBits, 1u));
  return {elementBits, perRegister, pack / perRegister};
}

unsigned asmElementBits(Type type) {
  Type element = elementTypeOf(type);
  return isa<PtrType>(element) ? 64 : element.getIntOrFloatBitWidth();
}

/// Compares what values take with what the constraints name.
static std::optional<std::string> checkSide(ArrayRef<AsmRegister> registers,
                                            ArrayRef<unsigned> values, unsigned pack,
                                            StringRef side, StringRef value) {
  SmallVector<AsmPacking> wanted;
  std::string list;
  for (unsigned bits : values) {
    AsmPacking packing = asmPacking(bits, pack);
    wanted.append(packing.registerCount, packing);
    list += llvm::formatv("{0}{1} of {2} bits", list.empty() ? "" : ", ", packing.registerCount,
                          packing.registerBits())
                .str();
  }
  if (registers.size() != wanted.size())
    return llvm::formatv("the constraints name {0} {1} registers, but {2} {3}s with pack={4} take "
                         "{5}{6}{7}{8}",
                         registers.size(), side, values.size(), value, pack, wanted.size(),
                         list.empty() ? "" : " (", list, list.empty() ? "" : ")")
        .str();
  for (auto [index, one, packing] : llvm::enumerate(registers, wanted))
    if (packing.registerBits() > one.bits)
      return llvm::formatv("{0} register {1} has {2} bits, but holds {3} elements of {4} bits; use "
                           "a wider constraint or another pack",
                           side, index, one.bits, packing.perRegister, packing.elementBits)
          .str();
  return std::nullopt;
}

std::optional<std::string> checkAsm(StringRef constraints, unsigned pack,
                                    ArrayRef<unsigned> resultBits,
                                    ArrayRef<unsigned> argumentBits) {
  if (!llvm::isPowerOf2_32(pack) || pack > 32) // inline_asm_c2
    return llvm::formatv("pack is {0}; it must be a power of two from 1 to 32", int32_t(pack))
        .str();
  llvm::Expected<AsmConstraints> parsed = parseAsmConstraints(constraints); // inline_asm_c3
  if (!parsed)
    return llvm::toString(parsed.takeError());
  // inline_asm_c4, inline_asm_c5
  if (auto problem = checkSide(parsed->outputs, resultBits, pack, "output", "result"))
    return problem;
  return checkSide(parsed->inputs, argumentBits, pack, "input", "argument");
}

} // namespace cosmati::tile
