// The tilegpu dialect: blocks with layouts, shared memory, synchronisation. See TileGPUDialect.td
// for the model and docs/rationale-tilegpu.md for the decisions.
#pragma once

#include "dialects/Layout/LinearLayout.h"
#include "dialects/Tile/IR/TileDialect.h"
#include "dialects/TileGPU/IR/TargetTable.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/TensorEncoding.h"

namespace cosmati::tilegpu {

/// The CTA's shared memory, as the resource of memory effects.
struct SharedMemory : public mlir::SideEffects::Resource::Base<SharedMemory> {
  llvm::StringRef getName() final { return "SharedMemory"; }
};

} // namespace cosmati::tilegpu

#include "dialects/TileGPU/IR/TileGPUDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/TileGPU/IR/TileGPUAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/TileGPU/IR/TileGPUTypes.h.inc"

namespace cosmati::tilegpu {

/// Names of attributes on the module and on ops.
inline constexpr llvm::StringLiteral kTargetAttr = "tilegpu.target"; ///< TargetAttr
inline constexpr llvm::StringLiteral kNumWarpsAttr =
    "tilegpu.num_warps"; ///< i32, power of two up to 32
inline constexpr llvm::StringLiteral kSharedBytesAttr =
    "tilegpu.shared_bytes"; ///< i32, set by allocation
inline constexpr llvm::StringLiteral kVectorAttr =
    "tilegpu.vector"; ///< i32 on tile.load and tile.store

inline constexpr llvm::StringLiteral kLibraryAttr =
    "tilegpu.library"; ///< string on a declared function: the bitcode file that defines it

inline constexpr llvm::StringLiteral kDeviceCodeAttr =
    "tilegpu.device_code"; ///< array of strings on the module: PTX of functions that kernels call

/// The layout of a block type; null for scalars and for blocks without one.
LayoutAttr layoutAttrOf(mlir::Type type);

/// The map of a block type that is known to have a layout; fatal otherwise.
const LinearLayout &layoutOf(mlir::Type type);
inline const LinearLayout &layoutOf(mlir::Value value) { return layoutOf(value.getType()); }

/// `block` with another layout (of the same shape).
mlir::RankedTensorType withLayout(mlir::RankedTensorType block, LayoutAttr layout);
mlir::RankedTensorType withLayout(mlir::RankedTensorType block, const LinearLayout &layout);

/// Bits of one element in registers: the width of an integer or float, 64 for a pointer.
unsigned elementBits(mlir::Type elementType);

/// `tilegpu.num_warps` of the module around `op`; fatal where it is missing (VerifyStage says it
/// politely).
int numWarpsOf(mlir::Operation *op);

/// `tilegpu.target` of the module around `op`; fatal where it is missing.
TargetAttr targetOf(mlir::Operation *op);

} // namespace cosmati::tilegpu

#define GET_OP_CLASSES
#include "dialects/TileGPU/IR/TileGPUOps.h.inc"
