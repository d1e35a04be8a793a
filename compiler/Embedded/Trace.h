// Trace: one kernel while its C++ function runs. The function's operations arrive here as calls of
// cosmati/Construct.h and become tile IR by the Builder.
//
// C++ variables of a kernel register themselves (detail::Variable), so that a loop or branch can
// tell, when its body has run, which of those outside of it were assigned. A loop gives every
// variable that is alive a value of its own as the loop carries it; those that the body left alone
// get their old value back, and canonicalisation drops what was carried for nothing.
#pragma once

#include "compiler/Builder/Builder.h"
#include "cosmati/Construct.h"
#include "cosmati/Errors.h"
#include "runtime/Image/KernelImage.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cosmati::detail {

/// Which lines of which files a kernel's operations stand at. In IR and images a line is named
/// relative to the kernel's definition, where it stands behind it in the same file, else by the
/// file's name without folders: moving a kernel, or its project, recompiles nothing. `absolute`:
/// lines as they stand in their files, for profilers.
class SourceMap {
public:
  SourceMap(std::string kernel, Where definition, bool absolute = false);
  struct Position {
    llvm::StringRef function;
    unsigned line, column;
  };
  Position position(Where where);
  std::optional<runtime::FunctionPlace> find(llvm::StringRef function) const;
  SourcePlace place(const runtime::SourceChain &chain) const;

private:
  std::string kernel;
  Where definition;
  bool absolute;
  std::map<std::string, std::string> nameOfFile, fileOfName;
};

inline SourcePlace toPlace(Where where) {
  return {where.file_name(), static_cast<int>(where.line()), static_cast<int>(where.column())};
}

class Trace {
public:
  /// The files' names are put into `files`, which lives longer.
  Trace(SourceMap &files, bool debug, Where definition);
  ~Trace();
  Trace(const Trace &) = delete;
  Trace &operator=(const Trace &) = delete;

  /// The kernel that this thread builds; CosmatiError naming the place if it builds none.
  static Trace &current(Where where);
  static Trace *active();
  /// The function has run: what keeps its module alive. No variable is alive any more.
  std::shared_ptr<void> finish();

  lang::Builder &builder() { return *built; }
  bool checksAsserts() const { return debug; }
  void setPlace(Where where);
  Where place() const { return last; }
  /// Throws CompilationError at the current place.
  [[noreturn]] void fail(const std::string &message) const;

  Handle add(const lang::Value &value);
  /// The value of a handle; CompilationError if it has none or is used outside of its region.
  const lang::Value &value(Handle handle) const;
  lang::Operand operand(const Operand &operand) const;
  lang::OptionalOperand optional(const Operand &operand) const;

  void beginFor(const lang::Operand &low, const lang::Operand &high, const lang::Operand &step,
                const lang::LoopOptions &options, Handle &counter);
  void endFor();
  void beginWhile();
  void whileCondition(const Operand &condition);
  void endWhile();
  void beginIf(const lang::Operand &condition);
  void beginElse();
  void endIf();
  void openCombine();
  void closeCombine();

private:
  friend class Variable;
  struct Entry {
    lang::Value value;
    bool ended = false; // its loop or branch is complete
    Where regionEnd;
  };
  /// What a variable was when a region began.
  struct Saved {
    uint64_t serial;
    Handle before; // outside
    Handle inside; // what the loop carries; of a branch: the value that `then` left
  };
  enum class Kind : uint8_t { For, WhileCondition, While, Then, Else };
  struct Region {
    Kind kind;
    Where where;
    uint32_t firstIndex;
    std::vector<Saved> variables;
  };

  const lang::Value *known(Handle handle) const;
  bool same(Handle a, Handle b) const { return a.trace == b.trace && a.index == b.index; }
  Region &top(Kind kind, const char *action);
  void checkNoCombine(const char *what);
  std::vector<lang::CarriedVariable> saveCarried(Region &region);
  void setInside(Region &region, llvm::ArrayRef<lang::Value> values);
  llvm::SmallVector<lang::Operand, 8> yieldsOf(const Region &region) const;
  void closeLoop(const lang::Values &results);
  void endValues(const Region &region);
  Variable *find(uint64_t serial) const;

  struct Owned {
    std::unique_ptr<mlir::MLIRContext> context = lang::makeContext();
    lang::Builder builder{*context};
  };
  std::shared_ptr<Owned> owned;
  lang::Builder *built;
  SourceMap &files;
  bool debug;
  Where last;
  uint32_t id;
  std::vector<Entry> values;
  std::vector<Region> regions;
  std::vector<uint32_t> combines; // first value of each open combine function
  Variable *first = nullptr;
  uint64_t nextSerial = 1;
};

/// Runs `build` on the kernel's Builder at `where`; the Builder's errors get that place.
template <typename Build> auto at(Where where, Build build) {
  Trace &trace = Trace::current(where);
  trace.setPlace(where);
  try {
    return build(trace, trace.builder());
  } catch (const LanguageError &error) {
    trace.fail(error.what());
  }
}

/// The Builder's type of a TypeSpec.
lang::LanguageType toLanguageType(const TypeSpec &spec);
lang::LanguageType toLanguageType(Element element);
/// As a launch's signature names it: "*fp32", "i32".
std::string signatureText(const TypeSpec &spec);

} // namespace cosmati::detail
