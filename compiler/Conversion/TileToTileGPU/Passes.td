#ifndef COSMATI_CONVERSION_TILETOTILEGPU_PASSES
#define COSMATI_CONVERSION_TILETOTILEGPU_PASSES

include "mlir/Pass/PassBase.td"

def ConvertTileToTileGPU : Pass<"convert-tile-to-tilegpu", "::mlir::ModuleOp"> {
  let summary = "give every block a layout";
  let description = [{
    Sets `tilegpu.target` and `tilegpu.num_warps` on the module and gives each block the layout of its shape: a blocked layout, or, where a dot
    has a result of that shape, one in which each thread holds small squares of it, since the loop on the scalar units reads one row and
    one column of the operands for each. One layout per shape keeps elementwise code, loops and branches free of
    conversions; ops that change the shape get a convert_layout where their operand or result would have another layout than its shape's. Coalescing
    and the removal of conversions come after and undo what is not wanted.
  }];
  let options = [Option<"numWarps", "num-warps", "int", "4", "warps of a CTA: a power of two up to 32">,
                 Option<"target", "target", "std::string", "\"90a\"", "architecture without sm_">];
  let dependentDialects = ["::cosmati::tilegpu::TileGPUDialect"];
}

#endif
