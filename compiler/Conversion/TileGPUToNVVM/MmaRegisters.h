// The registers of a matrix instruction's operands, made of the elements of a block and back.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/Emitter.h"
#include "dialects/TileGPU/IR/MmaFragments.h"

namespace cosmati::tonvvm {

/// The LLVM type of one register of an operand.
inline mlir::Type mmaRegisterType(mlir::OpBuilder &builder, tilegpu::MmaType type) {
  using tilegpu::MmaType;
  switch (type) {
  case MmaType::F16:
    return mlir::VectorType::get({2}, builder.getF16Type());
  case MmaType::F32:
    return builder.getF32Type();
  case MmaType::F64:
    return builder.getF64Type();
  default:
    return builder.getI32Type();
  }
}

/// The fragments of an operand's tiles, packed when first needed.
class MmaFragments {
public:
  MmaFragments(Emitter &emit, mlir::ValueRange elements, const tilegpu::TilePlaces &places,
               tilegpu::MmaType type, int count)
      : emit(emit), elements(elements), places(places), type(mmaRegisterType(emit.builder, type)),
        count(count), tiles(size_t(places.tiles())) {}

  llvm::SmallVector<mlir::Value> &get(int32_t tile) {
    llvm::SmallVector<mlir::Value> &registers = tiles[size_t(tile)];
    int32_t perRegister = (int32_t(1) << places.inner.size()) / count;
    for (int32_t i = 0; registers.size() < size_t(count); ++i) {
      llvm::SmallVector<mlir::Value> packed;
      for (int32_t j = 0; j < perRegister; ++j)
        packed.push_back(elements[places.blockRegister(tile, i * perRegister + j)]);
      registers.push_back(emit.bitcast(emit.pack(packed), type));
    }
    return registers;
  }

  /// The elements of all tiles, in the order of the block's registers.
  llvm::SmallVector<mlir::Value> unpack() {
    llvm::SmallVector<mlir::Value> result(elements.size());
    for (int32_t tile = 0; tile < places.tiles(); ++tile) {
      int32_t inTile = 0;
      for (mlir::Value word : get(tile))
        for (mlir::Value element : emit.unpack(word))
          result[places.blockRegister(tile, inTile++)] = element;
    }
    return result;
  }

private:
  Emitter &emit;
  mlir::ValueRange elements;
  const tilegpu::TilePlaces &places;
  mlir::Type type;
  int count; ///< registers of a tile
  llvm::SmallVector<llvm::SmallVector<mlir::Value>> tiles;
};

} // namespace cosmati::tonvvm
