// What the patterns of this conversion share. There are two steps:
//
//   1. blocks to registers (BlockTypeConverter, one value to many): tile and tilegpu ops become
//      scalar arith, math, scf, llvm and nvvm ops. Each file of an op family has a populate
//      function.
//   2. scalars to LLVM (ScalarsToLLVM.cpp): arith, math, scf, cf and func disappear.
#pragma once

#include "compiler/Conversion/TileGPUToNVVM/AddressPlans.h"
#include "compiler/Conversion/TileGPUToNVVM/ThreadValues.h"
#include "dialects/TileGPU/IR/TileGPUDialect.h"

#include "mlir/Transforms/DialectConversion.h"

namespace cosmati::tonvvm {

/// How f32 arithmetic may differ from IEEE; the options of the pass.
struct NumericMode {
  bool ftz = false, approxDivision = true, approxMath = true;
};

/// State of one run of the pass.
class LoweringContext {
public:
  LoweringContext(mlir::ModuleOp module, NumericMode mode, int64_t maxRegisters);

  mlir::ModuleOp module;
  tilegpu::TargetAttr target;
  int numWarps;
  NumericMode mode;
  int64_t maxRegisters;
  AddressPlans addresses; ///< of accesses to global memory; made before step 1

  /// The values of the function around `op`.
  ThreadValues &thread(mlir::Operation *op);
  /// The function of this name, declared where it is not there yet.
  mlir::LLVM::LLVMFuncOp declare(llvm::StringRef name, Type result, llvm::ArrayRef<Type> params);
  /// The address (in the generic space) of a constant zero-terminated string.
  Value stringAddress(Emitter &emit, llvm::StringRef text);
  /// The address of the CTA's shared memory.
  Value sharedBase(Emitter &emit);

private:
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<ThreadValues>> threads;
  llvm::StringMap<mlir::LLVM::GlobalOp> strings;
};

/// An encoded tensor becomes its registers; fp8 becomes i8; a pointer or memdesc an LLVM pointer.
class BlockTypeConverter : public mlir::TypeConverter {
public:
  BlockTypeConverter();
};

/// The scalar that stands for one element of `type` (a block or a scalar) after step 1.
Type loweredElementType(Type type);
/// Registers of a block; 1 for a scalar.
int64_t registerCount(Type type);

/// A pattern of step 1 for one op.
template <typename OpT> class BlockPattern : public mlir::OpConversionPattern<OpT> {
public:
  using OneToNOpAdaptor = typename mlir::OpConversionPattern<OpT>::OneToNOpAdaptor;
  BlockPattern(const mlir::TypeConverter &types, LoweringContext &context)
      : mlir::OpConversionPattern<OpT>(types, context.module.getContext()), context(context) {}

protected:
  LoweringContext &context;
};

/// One result of `make` per register; registers whose operand tuples are equal share it. Operands
/// of one value serve all registers.
llvm::SmallVector<Value> perRegister(llvm::ArrayRef<ValueRange> operands, int64_t registers,
                                     llvm::function_ref<Value(llvm::ArrayRef<Value>)> make);

void replaceWithRegisters(mlir::ConversionPatternRewriter &rewriter, mlir::Operation *op,
                          llvm::SmallVector<Value> registers);

// Step 1, one file each.
void populateElementwise(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                         LoweringContext &context);
void populateForeignCode(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                         LoweringContext &context);
void populatePointers(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                      LoweringContext &context);
void populateFpConvert(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                       LoweringContext &context);
void populateShapes(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                    LoweringContext &context);
void populateConvertLayout(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                           LoweringContext &context);
void populateGlobalMemory(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                          LoweringContext &context);
void populateAtomics(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                     LoweringContext &context);
void populateSharedMemory(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                          LoweringContext &context);
void populateAsyncCopy(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                       LoweringContext &context);
void populateReduce(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                    LoweringContext &context);
void populateScan(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                  LoweringContext &context);
void populateDotFma(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                    LoweringContext &context);
void populateMma(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                 LoweringContext &context);
void populateMmaSparse(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                       LoweringContext &context);
void populateProgram(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                     LoweringContext &context);
void populateDebug(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                   LoweringContext &context);

// Step 2. `benefit` above upstream's patterns for the same ops.
void populateDefinedBehaviour(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                              mlir::PatternBenefit benefit);
void populateFloatArithmetic(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                             LoweringContext &context, mlir::PatternBenefit benefit);
void populateMathFunctions(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                           LoweringContext &context, mlir::PatternBenefit benefit);
void populateFunctions(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns,
                       LoweringContext &context);
void populateInlinePtx(const mlir::TypeConverter &types, mlir::RewritePatternSet &patterns);

/// Removes the flags by which arith ops promise not to wrap or to be exact: nobody proved them.
void dropPromises(mlir::ModuleOp module);

/// Moves reads of shared memory down to their first users, so that fewer registers are occupied.
void sinkReads(mlir::ModuleOp module);

mlir::LogicalResult convertBlocksToRegisters(LoweringContext &context);
mlir::LogicalResult convertScalarsToLLVM(LoweringContext &context);

} // namespace cosmati::tonvvm
