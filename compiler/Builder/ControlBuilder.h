// Functions and structured control flow with explicit yields.
//
// The front end names the variables that a branch or loop assigns; the Builder turns them into
// results and loop-carried values, and reports a variable whose type differs between the paths by
// its name.
#pragma once

#include "compiler/Builder/ForeignCode.h"
#include "llvm/ADT/StringMap.h"

namespace cosmati::lang {

struct FunctionOptions {
  /// A kernel's entry; else a private function for `call`.
  bool isKernel = false;
  /// One name per argument, for locations; or empty.
  llvm::ArrayRef<std::string> argNames = {};
  /// One number per argument: the pointer or integer is a multiple of it; 0 and 1 say nothing. Or
  /// empty.
  llvm::ArrayRef<int64_t> argDivisibility = {};
  /// A private function that stays one of its own in the compiled code; scalars only.
  bool noInline = false;
};

/// A variable with the value that it has before a loop.
struct CarriedVariable {
  std::string name;
  Operand init;
};

/// Advice for the loop passes, kept as attributes `tile.<name>` on the loop.
struct LoopOptions {
  std::optional<int64_t> numStages = std::nullopt, unrollFactor = std::nullopt;
  bool disallowAccMultiBuffer = false, flatten = false, warpSpecialize = false, disableLicm = false;
};

struct ForLoop {
  Value inductionVariable;
  Values carried;
};

class ControlBuilder : public ForeignCodeBuilder {
public:
  using ForeignCodeBuilder::ForeignCodeBuilder;

  /// Opens a function and returns its arguments. Another function may be open: the inner one is
  /// built first.
  Values beginFunction(llvm::StringRef name, llvm::ArrayRef<LanguageType> args,
                       const FunctionOptions &options = {});
  /// Closes the innermost open function with its results (kernels have none).
  void endFunction(llvm::ArrayRef<Operand> results = {});
  /// True once `name` has been closed.
  bool hasFunction(llvm::StringRef name) const;
  /// Calls a closed function with arguments of exactly its types.
  Values call(llvm::StringRef name, llvm::ArrayRef<Value> args);

  /// Opens the `then` region. The condition is a scalar, or a block of one element.
  void beginIf(const Operand &condition);
  void beginElse();
  /// Closes both regions (the `else` region may have been left out where nothing is yielded).
  /// `names` are for messages.
  Values endIf(llvm::ArrayRef<std::string> names, llvm::ArrayRef<Operand> thenValues,
               llvm::ArrayRef<Operand> elseValues);

  /// `for i in range(low, high, step)`. The induction variable has the promoted type of the three.
  /// A negative step must be a number in the source; a step of 0 is refused.
  ForLoop beginFor(const Operand &low, const Operand &high, const Operand &step,
                   llvm::ArrayRef<CarriedVariable> carried, const LoopOptions &options = {});
  Values endFor(llvm::ArrayRef<Operand> yields);

  /// Opens the region that computes a `while` condition and returns the carried variables' values
  /// there.
  Values beginWhile(llvm::ArrayRef<CarriedVariable> carried);
  /// Ends that region and opens the body; returns the carried variables' values in the body.
  Values whileCondition(const Operand &condition);
  Values endWhile(llvm::ArrayRef<Operand> yields);

  /// Names of functions, branches and loops that are still open, innermost last: empty when the
  /// kernel is complete.
  llvm::SmallVector<std::string> openScopes() const;

private:
  enum class ScopeKind : uint8_t { Function, Then, Else, For, WhileCondition, WhileBody };
  struct Scope {
    ScopeKind kind;
    mlir::Operation *op;
    mlir::OpBuilder::InsertPoint outer;
    mlir::Location loc;
    llvm::SmallVector<std::string, 4> names;
    llvm::SmallVector<LanguageType, 4> types;
  };
  struct Signature {
    llvm::SmallVector<LanguageType, 8> args;
    llvm::SmallVector<LanguageType, 2> results;
  };
  void open(ScopeKind kind, mlir::Operation *op, llvm::ArrayRef<CarriedVariable> carried,
            llvm::ArrayRef<Value> inits);
  Scope &innermost(llvm::ArrayRef<ScopeKind> kinds, const char *action);
  Scope close();
  /// The loop's next values, checked against the carried variables' types.
  llvm::SmallVector<mlir::Value> loopYields(const Scope &scope, llvm::ArrayRef<Operand> yields);
  Value scalarCondition(const Operand &condition);
  Values resultsOf(const Scope &scope, mlir::Operation *op);

  llvm::SmallVector<Scope, 4> scopes;
  llvm::StringMap<Signature> functions;
};

} // namespace cosmati::lang
