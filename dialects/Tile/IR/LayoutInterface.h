// The question that the tile dialect asks of a dialect whose attributes serve as block encodings.
//
// The tile dialect knows no layout, yet its shape ops are used on the GPU level, where blocks carry
// one: there the layout of the result follows from that of the source. The dialect that owns the
// encoding implements this interface; verifiers and builders here call it.
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectInterface.h"

namespace cosmati::tile {

/// How an op rearranges the elements of a block.
struct ShapeChange {
  enum class Kind {
    ExpandDims, // a dimension of extent 1 appears at `axis` of the result
    Broadcast,  // dimensions of extent 1 grow
    Trans,      // result dimension d is source dimension order[d]
    Reshape,    // same row-major order, other extents
    Join,       // a new last dimension of extent 2
    Split,      // the last dimension, of extent 2, disappears
    Reduce      // dimension `axis` of the source disappears
  };
  Kind kind;
  llvm::ArrayRef<int64_t> sourceShape; // extents before
  llvm::ArrayRef<int64_t> resultShape; // extents after
  unsigned axis = 0;                   // ExpandDims, Reduce
  llvm::ArrayRef<int32_t> order = {};  // Trans
  bool allowReorder = false;           // Reshape: the elements may come in any order
};

/// Name of the kind as the op's mnemonic: "expand_dims".
llvm::StringRef stringify(ShapeChange::Kind kind);

class LayoutInterface : public mlir::DialectInterface::Base<LayoutInterface> {
public:
  using EmitError = llvm::function_ref<mlir::InFlightDiagnostic()>;

  LayoutInterface(mlir::Dialect *dialect) : Base(dialect) {}

  /// The encoding that moves no element: each result element stays with the thread and, where the
  /// number of registers allows it, the register that held the source element. Reports through
  /// `emitError` (null: silently) and fails where there is none.
  virtual mlir::FailureOr<mlir::Attribute>
  inferEncoding(const ShapeChange &change, mlir::Attribute source, EmitError emitError) const = 0;

  /// Whether `result` is legal after `change` of `source`. Unless overridden it must be the
  /// inferred one; a dialect where several are legal (the new register bit of a join) says so here.
  virtual mlir::LogicalResult verifyEncodings(const ShapeChange &change, mlir::Attribute source,
                                              mlir::Attribute result, EmitError emitError) const;
};

/// Checks the encodings of an op's operand and result: both or neither have one (layout_c1), and
/// the owning dialect, if it implements LayoutInterface, finds the pair legal (layout_c2).
mlir::LogicalResult verifyEncodings(mlir::Operation *op, const ShapeChange &change,
                                    mlir::RankedTensorType source, mlir::RankedTensorType result);

/// The type of the result of `change` applied to `source`: `change.resultShape` with the inferred
/// encoding (none if `source` has none). Failure if the encoding's dialect has no answer.
mlir::FailureOr<mlir::RankedTensorType> inferResultType(const ShapeChange &change,
                                                        mlir::RankedTensorType source,
                                                        LayoutInterface::EmitError emitError = {});

} // namespace cosmati::tile
