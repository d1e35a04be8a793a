// The tile dialect: block-level kernels. See TileDialect.td for the model and
// docs/rationale-tile.md for the decisions.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tile/IR/TileTraits.h"

#include "dialects/Tile/IR/TileDialect.h.inc"
#include "dialects/Tile/IR/TileEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/IR/TileAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/IR/TileTypes.h.inc"

namespace cosmati::tile {

/// Names of attributes on functions and their arguments.
inline constexpr llvm::StringLiteral kKernelAttr = "tile.kernel";
inline constexpr llvm::StringLiteral kDivisibilityAttr = "tile.divisibility";
/// Library of tile.extern_elementwise: functions whose PTX the module carries.
inline constexpr llvm::StringLiteral kDeviceCodeLibrary = "device_code";

/// Element type of a block, or the scalar type itself.
inline mlir::Type elementTypeOf(mlir::Type type) { return mlir::getElementTypeOrSelf(type); }

/// `type` with its element type replaced: scalar -> `element`; tensor -> same shape and encoding.
mlir::Type withElementType(mlir::Type type, mlir::Type element);

/// What a pointer, or a block of pointers, points to; null if `type` holds no pointer.
mlir::Type pointeeTypeOf(mlir::Type type);

/// i1, or a block of i1 with the shape and encoding of `type`.
mlir::Type boolLike(mlir::Type type);

/// A pointer type, or a block of pointers, to the elements of `type`.
mlir::Type pointerTo(mlir::Type type, unsigned addressSpace = 1);

/// Rules combine_c1 to combine_c4 (TileComputeOps.td) of an op that combines elements of `sources`
/// along `axis`.
mlir::LogicalResult verifyCombineSources(mlir::Operation *op, mlir::ValueRange sources,
                                         int32_t axis);

/// Rules combine_c5 to combine_c9: `combine` takes two tuples of elements of `sources` and yields
/// one.
mlir::LogicalResult verifyCombineRegion(mlir::Operation *op, mlir::Region &combine,
                                        mlir::ValueRange sources);

/// Adds to the context all dialects that a tile module may hold.
void registerTileDialects(mlir::DialectRegistry &registry);

} // namespace cosmati::tile

#define GET_OP_CLASSES
#include "dialects/Tile/IR/TileOps.h.inc"
