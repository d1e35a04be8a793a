// The ground that the families of the Builder stand on: module, place of insertion, source
// location, constants.
#pragma once

#include "compiler/Builder/Value.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>

namespace cosmati::lang {

/// An MLIRContext for one compiling thread, with the dialects of tile modules loaded and MLIR's own
/// threads off.
std::unique_ptr<mlir::MLIRContext> makeContext();

/// What the front end decides about numbers.
struct BuilderOptions {
  /// A value beyond an fp8 type's largest finite one becomes that value (else infinity where there
  /// is one, else NaN).
  bool saturateFP8 = true;
  /// How `dot` feeds fp32 operands to the hardware where the kernel does not say ("tf32", "ieee",
  /// "tf32x3", ...).
  std::string dotPrecision = "tf32";
};

/// Code of the largest value that conversions to fp8e4b15 give, 1.75.
inline constexpr int64_t kLargestE4B15 = 0x7e;

class BuilderCore {
public:
  explicit BuilderCore(mlir::MLIRContext &context);
  BuilderCore(const BuilderCore &) = delete;
  BuilderCore &operator=(const BuilderCore &) = delete;

  BuilderOptions options;

  mlir::MLIRContext &context() { return *ops.getContext(); }
  mlir::ModuleOp module() { return *moduleRef; }
  /// Hands the module over; the Builder continues with an empty one.
  mlir::OwningOpRef<mlir::ModuleOp> takeModule();
  /// The module in MLIR's textual form, with locations if asked for.
  std::string moduleText(bool withLocations = false);
  /// Runs MLIR's verifiers; throws LanguageError with their messages. A failure is a defect of the
  /// Builder, not of the kernel.
  void verify();

  /// The source position of what is built next. `file` is the qualified name of the kernel's
  /// function, `line` counts from its `def` (which is line 1), `column` from 1.
  void setLocation(llvm::StringRef file, unsigned line, unsigned column);
  mlir::Location location() const { return loc; }
  /// For code that builds ops beside this class; what it inserts lands at the Builder's place.
  mlir::OpBuilder &opBuilder() { return ops; }

  /// The operand as a value: a number in the source becomes a constant of its own type.
  Value materialize(const Operand &operand);
  Values materialize(llvm::ArrayRef<Operand> operands);
  /// A number of the source as a constant of `type` (scalar or block, integer or float). Throws
  /// LanguageError if an integer type cannot hold it: "Scalar v is out of range for type t". A
  /// float rounds to nearest even.
  Value constant(const Operand &number, LanguageType type);
  /// As `constant`, with the conversions of a cast instead of the range check: integers wrap,
  /// floats truncate to integers.
  Value convertedConstant(const Operand &number, LanguageType type);

protected:
  mlir::Type mlirType(LanguageType type);
  mlir::OpBuilder ops;
  mlir::Location loc;

  /// Builds one op with one result of `type`.
  template <typename OpT, typename... Args> Value emit(LanguageType type, Args &&...args) {
    return {OpT::create(ops, loc, mlirType(type), std::forward<Args>(args)...)->getResult(0), type};
  }
  Value constantOf(mlir::Attribute scalar, LanguageType type);

private:
  mlir::OwningOpRef<mlir::ModuleOp> moduleRef;
  llvm::DenseMap<const void *, mlir::Type> mlirTypes;
  mlir::StringAttr lastFile;
};

} // namespace cosmati::lang
