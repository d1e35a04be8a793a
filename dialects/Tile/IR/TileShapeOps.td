// Making, reshaping and joining blocks.
#ifndef COSMATI_TILE_SHAPE_OPS
#define COSMATI_TILE_SHAPE_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "dialects/Tile/IR/TileTypes.td"

// Rules that these ops share, beside block_c1 (TileTraits.h):
//   (move_c1)   An op that moves elements keeps their type.
//   (layout_c1) Source and result both have a layout, or neither has.
//   (layout_c2) The dialect that owns the layouts finds the pair legal (LayoutInterface.h).
// The builders without a result type infer it, the layout included; they need a source that the op accepts.

def Tile_MakeRangeOp : Tile_Op<"make_range", [Pure]> {
  let summary = "consecutive integers";
  let description = [{
    `r[i] = start + i`, i in [0, end - start). The front end asks for a power of two as extent.

    - (make_range_c1) `end` is beyond `start`.
    - (make_range_c2) The result has rank 1 and extent `end - start`.

    Fold: a range of one number is a constant.

    Example: `%i = tile.make_range 0, 128 : tensor<128xi32>`
  }];
  let arguments = (ins I32Attr:$start, I32Attr:$end);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$start `,` $end attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "int32_t":$start, "int32_t":$end)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_SplatOp : Tile_Op<"splat", [Pure]> {
  let summary = "a block whose elements are all one scalar";
  let description = [{
    `r[..] = value`.

    - (move_c1) The elements have the type of the scalar.

    Folds: of a constant number it is a constant; `splat(unsplat(x))` of the type of `x` is `x`.

    Example: `%b = tile.splat %s : f32 -> tensor<128xf32>`
  }];
  let arguments = (ins Tile_Scalar:$value);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::llvm::ArrayRef<int64_t>":$shape)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_UnsplatOp : Tile_Op<"unsplat", [Pure]> {
  let summary = "the only element of a block of one element";
  let description = [{
    `r = value[0, .., 0]`.

    - (unsplat_c1) The block has one element.
    - (move_c1) The scalar has the type of the element.

    Folds: of a constant it is a constant; `unsplat(splat(x))` is `x`.

    Example: `%s = tile.unsplat %b : tensor<1x1xf32> -> f32`
  }];
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Scalar:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ExpandDimsOp : Tile_Op<"expand_dims", [Pure]> {
  let summary = "inserts a dimension of extent 1";
  let description = [{
    `r[i0, .., i(axis-1), 0, i(axis), ..] = value[i0, i1, ..]`.

    - (expand_dims_c1) `axis` is in [0, rank of the source].
    - (expand_dims_c2) The result's shape is the source's with 1 inserted at `axis`.
    - (move_c1, layout_c1, layout_c2)

    Fold: of a constant splat it is one. Canonical form: `expand_dims(splat(x))` is `splat(x)`.

    Example: `%c = tile.expand_dims %v {axis = 1 : i32} : tensor<64xf32> -> tensor<64x1xf32>`
  }];
  let arguments = (ins Tile_Block:$value, I32Attr:$axis);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "int32_t":$axis)>];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeats a block along its dimensions of extent 1";
  let description = [{
    `r[i0, i1, ..] = value[j0, j1, ..]` with `jd = 0` where the source's dimension d has extent 1, else `jd = id`.

    - (broadcast_c1) The rank stays.
    - (broadcast_c2) A dimension keeps its extent unless that is 1.
    - (move_c1, layout_c1, layout_c2)

    Folds: to the same type it is its operand; of a constant splat it is one; of two broadcasts the second alone remains.
    Canonical form: `broadcast(splat(x))` is `splat(x)`.

    Example: `%b = tile.broadcast %c : tensor<64x1xf32> -> tensor<64x32xf32>`
  }];
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::llvm::ArrayRef<int64_t>":$shape)>];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_ReshapeOp : Tile_Op<"reshape", [Pure]> {
  let summary = "same elements in row-major order, other extents";
  let description = [{
    `r[i] = value[j]` where i and j have the same row-major position. With `allow_reorder` the elements may come in any order (each once).

    - (reshape_c1) The number of elements stays.
    - (move_c1, layout_c1, layout_c2)

    Folds: to the same type it is its operand; of a constant splat it is one; of two reshapes the second alone remains, with
    `allow_reorder` if either has it. Canonical form: `reshape(splat(x))` is `splat(x)`.

    Example: `%r = tile.reshape %v : tensor<64x32xf32> -> tensor<2048xf32>`
  }];
  let arguments = (ins Tile_Block:$value, UnitAttr:$allowReorder);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value (`allow_reorder` $allowReorder^)? attr-dict `:` type($value) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::llvm::ArrayRef<int64_t>":$shape, CArg<"bool", "false">:$allowReorder)>];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_TransOp : Tile_Op<"trans", [Pure]> {
  let summary = "permutes the dimensions";
  let description = [{
    Result dimension d is the source's dimension `order[d]`: `r[i0, i1, ..] = value[j0, j1, ..]` with `j(order[d]) = id`.

    - (trans_c1) `order` has one entry per dimension.
    - (trans_c2) `order` is a permutation of 0 to rank - 1.
    - (trans_c3) Extent d of the result is extent `order[d]` of the source.
    - (move_c1, layout_c1, layout_c2)

    Folds: the identity to the same type is its operand; of a constant splat it is one; two permutations become one.
    Canonical form: `trans(splat(x))` is `splat(x)`.

    Example: `%t = tile.trans %v order [1, 0] : tensor<64x32xf32> -> tensor<32x64xf32>`
  }];
  let arguments = (ins Tile_Block:$value, DenseI32ArrayAttr:$order);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value `order` $order attr-dict `:` type($value) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value, "::llvm::ArrayRef<int32_t>":$order)>];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_JoinOp : Tile_Op<"join", [Pure, AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "stacks two blocks along a new last dimension of extent 2";
  let description = [{
    `r[.., 0] = lhs[..]`, `r[.., 1] = rhs[..]`.

    - (join_c1) The result's shape is the source's with 2 appended.
    - (move_c1, layout_c1, layout_c2)

    Folds: of two equal constant splats it is one; `join(split(x))` of the type of `x` is `x`.

    Example: `%j = tile.join %re, %im : tensor<64xf32> -> tensor<64x2xf32>`
  }];
  let arguments = (ins Tile_Block:$lhs, Tile_Block:$rhs);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_SplitOp : Tile_Op<"split", [Pure, AllTypesMatch<["first", "second"]>]> {
  let summary = "the two halves of a block along its last dimension, of extent 2";
  let description = [{
    `first[..] = value[.., 0]`, `second[..] = value[.., 1]`.

    - (split_c1) The source has rank 2 or more, and its last extent is 2.
    - (split_c2) Each half has the source's shape without the last dimension.
    - (move_c1, layout_c1, layout_c2)

    Folds: of a constant splat both halves are one; `split(join(x, y))` is `x, y` where the types are equal.

    Example: `%re, %im = tile.split %j : tensor<64x2xf32> -> tensor<64xf32>`
  }];
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Block:$first, Tile_Block:$second);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($first)";
  let builders = [OpBuilder<(ins "::mlir::Value":$value)>];
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_CatOp : Tile_Op<"cat", [Pure, AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "concatenates two blocks along one dimension; the order of elements may change";
  let description = [{
    The result holds every element of both blocks once; which index it gets is not defined (Triton's `can_reorder=True`).
    A concatenation that keeps the order is join, trans and reshape.

    - (cat_c1) The result has twice the source's extent in one dimension, and the same in the others.
    - (move_c1, layout_c1)

    Fold: of two equal constant splats it is one.

    Example: `%c = tile.cat %x, %y : tensor<64xf32> -> tensor<128xf32>`
  }];
  let arguments = (ins Tile_Block:$lhs, Tile_Block:$rhs);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_HintOp : Tile_Op<"hint", [Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "the value itself, with the author's promise about its elements";
  let description = [{
    `r = value`. One number per dimension (a scalar has one). `multiple_of`: the first element of each contiguous run is a multiple of it
    (of a pointer: its address in bytes); `contiguity`: length of runs of consecutive integers; `constancy`: length of runs of equal
    values. The analysis of indices believes it; a broken promise makes the accesses that rely on it undefined.

    - (hint_c1) It promises something.
    - (hint_c2) A promise has one number per dimension.
    - (hint_c3) The numbers are positive.
    - (hint_c4) `multiple_of` and `contiguity` are of integers and pointers.

    Example: `%h = tile.hint %i multiple_of [16] contiguity [16] : tensor<128xi32>`
  }];
  let arguments = (ins Tile_ScalarLike:$value, OptionalAttr<DenseI32ArrayAttr>:$multipleOf,
    OptionalAttr<DenseI32ArrayAttr>:$contiguity, OptionalAttr<DenseI32ArrayAttr>:$constancy);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$value (`multiple_of` $multipleOf^)? (`contiguity` $contiguity^)? (`constancy` $constancy^)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

#endif
