// Making, reshaping and joining blocks.
#ifndef COSMATI_TILE_SHAPE_OPS
#define COSMATI_TILE_SHAPE_OPS

include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "dialects/Tile/IR/TileTypes.td"

def Tile_MakeRangeOp : Tile_Op<"make_range", [Pure]> {
  let summary = "consecutive integers";
  let description = [{ `r[i] = start + i`, i in [0, end - start). The extent is a power of two. }];
  let arguments = (ins I32Attr:$start, I32Attr:$end);
  let results = (outs RankedTensorOf<[I32]>:$result);
  let assemblyFormat = "$start `,` $end attr-dict `:` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_SplatOp : Tile_Op<"splat", [Pure]> {
  let summary = "a block whose elements are all one scalar";
  let arguments = (ins Tile_Scalar:$value);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_UnsplatOp : Tile_Op<"unsplat", [Pure]> {
  let summary = "the only element of a block of one element";
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Scalar:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_ExpandDimsOp : Tile_Op<"expand_dims", [Pure]> {
  let summary = "inserts a dimension of extent 1";
  let arguments = (ins Tile_Block:$value, I32Attr:$axis);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_BroadcastOp : Tile_Op<"broadcast", [Pure]> {
  let summary = "repeats a block along its dimensions of extent 1";
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_ReshapeOp : Tile_Op<"reshape", [Pure]> {
  let summary = "same elements in row-major order, other extents";
  let description = [{ With `allow_reorder` the elements may come in any order (each once). }];
  let arguments = (ins Tile_Block:$value, UnitAttr:$allowReorder);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value (`allow_reorder` $allowReorder^)? attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_TransOp : Tile_Op<"trans", [Pure]> {
  let summary = "permutes the dimensions";
  let description = [{ Result dimension d is the source's dimension `order[d]`. }];
  let arguments = (ins Tile_Block:$value, DenseI32ArrayAttr:$order);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$value `order` $order attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Tile_JoinOp : Tile_Op<"join", [Pure, AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "stacks two blocks along a new last dimension of extent 2";
  let arguments = (ins Tile_Block:$lhs, Tile_Block:$rhs);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_SplitOp : Tile_Op<"split", [Pure, AllTypesMatch<["first", "second"]>]> {
  let summary = "the two halves of a block along its last dimension, of extent 2";
  let arguments = (ins Tile_Block:$value);
  let results = (outs Tile_Block:$first, Tile_Block:$second);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($first)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_CatOp : Tile_Op<"cat", [Pure, AllTypesMatch<["lhs", "rhs"]>]> {
  let summary = "concatenates two blocks along one dimension; the order of elements may change";
  let description = [{ The result holds every element of both blocks once; which index it gets is not defined (Triton's `can_reorder=True`).
    A concatenation that keeps the order is join, trans and reshape. }];
  let arguments = (ins Tile_Block:$lhs, Tile_Block:$rhs);
  let results = (outs Tile_Block:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Tile_HintOp : Tile_Op<"hint", [Pure, AllTypesMatch<["value", "result"]>]> {
  let summary = "the value itself, with the author's promise about its elements";
  let description = [{
    One number per dimension (a scalar has one). `multiple_of`: the first element of each contiguous run is a multiple of it;
    `contiguity`: length of runs of consecutive integers; `constancy`: length of runs of equal values.
  }];
  let arguments = (ins Tile_ScalarLike:$value, OptionalAttr<DenseI32ArrayAttr>:$multipleOf,
    OptionalAttr<DenseI32ArrayAttr>:$contiguity, OptionalAttr<DenseI32ArrayAttr>:$constancy);
  let results = (outs Tile_ScalarLike:$result);
  let assemblyFormat = "$value (`multiple_of` $multipleOf^)? (`contiguity` $contiguity^)? (`constancy` $constancy^)? attr-dict `:` type($value)";
  let hasVerifier = 1;
}

#endif
