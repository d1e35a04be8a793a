#include "compiler/Target/NVPTX/LineTable.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/Instructions.h"

using namespace cosmati;
using llvm::DebugLoc;
using llvm::Instruction;
using llvm::StringRef;

namespace {

/// A location that names a line and a chain (the column); merged ones lost one or both.
bool isKnown(const DebugLoc &location) {
  return location && location.getLine() != 0 && location.getCol() != 0;
}

DebugLoc ofUsers(const Instruction &instruction) {
  for (const llvm::User *user : instruction.users())
    if (auto *other = llvm::dyn_cast<Instruction>(user))
      if (isKnown(other->getDebugLoc()))
        return other->getDebugLoc();
  return {};
}

DebugLoc ofOperands(const Instruction &instruction) {
  for (const llvm::Value *operand : instruction.operands())
    if (auto *other = llvm::dyn_cast<Instruction>(operand))
      if (isKnown(other->getDebugLoc()))
        return other->getDebugLoc();
  return {};
}

DebugLoc ofNeighbours(const Instruction &instruction) {
  for (const Instruction *other = instruction.getPrevNode(); other; other = other->getPrevNode())
    if (isKnown(other->getDebugLoc()))
      return other->getDebugLoc();
  for (const Instruction *other = instruction.getNextNode(); other; other = other->getNextNode())
    if (isKnown(other->getDebugLoc()))
      return other->getDebugLoc();
  return {};
}

/// One sweep with one of the rules above; what it finds serves the next sweep.
bool sweep(llvm::Function &function, DebugLoc (*rule)(const Instruction &)) {
  bool changed = false;
  // Backwards: users stand behind what they use.
  for (llvm::BasicBlock &block : llvm::reverse(function))
    for (Instruction &instruction : llvm::reverse(block)) {
      if (isKnown(instruction.getDebugLoc()))
        continue;
      if (DebugLoc found = rule(instruction)) {
        instruction.setDebugLoc(found);
        changed = true;
      }
    }
  return changed;
}

void completeFunction(llvm::Function &function) {
  if (!function.getSubprogram())
    return;
  while (sweep(function, ofUsers)) {
  }
  sweep(function, ofOperands);
  sweep(function, ofNeighbours);
}

/// `.loc <file> <line> <column>...` of one line of PTX.
struct Directive {
  StringRef file, line, column;
};

std::optional<Directive> parseDirective(StringRef line) {
  line = line.ltrim();
  if (!line.consume_front(".loc"))
    return std::nullopt;
  llvm::SmallVector<StringRef> words;
  llvm::SplitString(line, words);
  if (words.size() < 3)
    return std::nullopt;
  return Directive{words[0], words[1], words[2]};
}

} // namespace

void cosmati::completeLocations(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      completeFunction(function);
}

std::string cosmati::completeLineDirectives(const std::string &ptx, unsigned entryChain) {
  std::string text;
  text.reserve(ptx.size());
  bool atStart = true;
  StringRef rest = ptx;
  while (!rest.empty()) {
    auto [line, tail] = rest.split('\n');
    bool ended = line.size() < rest.size();
    rest = tail;
    std::optional<Directive> loc = parseDirective(line);
    bool complete = !loc || (loc->line != "0" && loc->column != "0");
    if (!complete && !atStart)
      continue;
    if (complete)
      text += line;
    else
      text += ("\t.loc\t" + loc->file + " " + loc->line + " " + std::to_string(entryChain)).str();
    atStart &= !loc;
    if (ended)
      text += '\n';
  }
  return text;
}
