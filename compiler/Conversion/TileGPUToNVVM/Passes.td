#ifndef COSMATI_CONVERSION_TILEGPUTONVVM_PASSES
#define COSMATI_CONVERSION_TILEGPUTONVVM_PASSES

include "mlir/Pass/PassBase.td"

def ConvertTileGPUToNVVM : Pass<"convert-tilegpu-to-nvvm", "::mlir::ModuleOp"> {
  let summary = "blocks to registers, then everything to the LLVM and NVVM dialects";
  let description = [{
    First each block becomes the scalars that a thread holds (its layout's registers, in the order of the register index), while control flow
    stays structured and elementwise work stays in arith and math; then scalars and control flow become LLVM's. What LLVM would call undefined
    gets a defined result on the way (DefinedBehaviour.cpp): a zero divisor gives quotient 0 and remainder = dividend, the smallest
    integer divided by -1 wraps, a shift by the width or more gives 0 (or copies of the sign), a float beyond the range of an integer type
    saturates, NaN becomes 0.

    The module must be allocated: shared_alloc has offsets, barriers are in place, conversions of layout need no shared memory.
  }];
  let options = [
    Option<"ftz", "ftz", "bool", "false", "flush f32 subnormals to zero">,
    Option<"approxDivision", "approx-division", "bool", "true", "f32 `/` within 2 ulp (div.full); false: rounded to nearest even">,
    Option<"approxMath", "approx-math", "bool", "true", "f32 sqrt, rsqrt, exp, log by the hardware's approximations; false: within 1 or 2 ulp">,
    Option<"maxRegisters", "max-registers", "int64_t", "0", "limit of registers per thread; 0: the assembler's choice">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect", "::mlir::cf::ControlFlowDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif
